"""The offline verifier against whole exports, honest ones and every attack we could think of."""

import ast
import base64
import dataclasses
import hashlib
import io
import json
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_export import awgp_verify
from audit_export.awgp_verify import (
    TenantReport,
    ed25519_verify,
    main,
    parse_canonical,
    verify_folder,
)
from audit_export.checkpoint import parse_checkpoint, sign_checkpoint, verify_checkpoint
from audit_export.segment import FileDigest, GzipWriter, SegmentManifest
from pipeline.audit import chain_hash, genesis
from pipeline.merkle import leaf_hash
from tests.audit_trail import (
    KEY_NAME,
    OTHER_TENANT,
    TENANT,
    FolderStore,
    MemoryLog,
    build_export,
    export,
    make_signer,
    private_key,
    sealed_body,
)

ROOT = make_signer(Path("unused")).public.fingerprint


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments (1-5, 6-9), two checkpoints, one signer."""
    folder = tmp_path_factory.mktemp("honest")
    build_export(folder / "export", make_signer(folder / "signer"))
    return folder / "export"


@pytest.fixture
def attacked(honest: Path, tmp_path: Path) -> Path:
    """A copy to attack."""
    return Path(shutil.copytree(honest, tmp_path / "export"))


def verify(folder: Path, *, root: str | None = ROOT, held: tuple[bytes, ...] = ()) -> TenantReport:
    external = [(f"held-{at}.note", data) for at, data in enumerate(held)]
    (report,) = verify_folder(folder, [root] if root else [], external)
    return report


def failure(folder: Path, **how: Any) -> str:
    report = verify(folder, **how)
    assert report.verdict == "failed", "the attack went unnoticed"
    return str(report.failure)


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted((folder / str(TENANT)).rglob(pattern))


def unpack(path: Path) -> list[bytes]:
    return zlib.decompress(path.read_bytes(), wbits=31).splitlines()


def forge(
    folder: Path, bodies: list[bytes], *, segment: int = 0, leaves: bool = True, last: int = 0
) -> None:
    """Rebuild a segment's gzip, leaf list and manifest as an attacker without the key would."""
    path = files(folder, "*.manifest.json")[segment]
    manifest = SegmentManifest.from_bytes(path.read_bytes())
    packed = io.BytesIO()
    writer = GzipWriter(packed)
    for item in bodies:
        writer.write(item + b"\n")
    writer.close()
    (folder / str(TENANT) / manifest.data.name).write_bytes(packed.getvalue())
    chain = manifest.previous_hash
    for item in bodies:
        chain = chain_hash(chain, item)
    listed = b"".join(leaf_hash(item) for item in bodies)
    leaves_path = folder / str(TENANT) / manifest.leaves.name
    if leaves:
        leaves_path.write_bytes(listed)
    forged = dataclasses.replace(
        manifest,
        data=dataclasses.replace(
            manifest.data,
            size=len(packed.getvalue()),
            sha256=hashlib.sha256(packed.getvalue()).hexdigest(),
        ),
        leaves=_digest(manifest.leaves, leaves_path),
        content_bytes=writer.size,
        content_sha256=writer.hash.hexdigest(),
        last_hash=chain,
        last_sequence=last or manifest.last_sequence,
    )
    path.write_bytes(forged.to_bytes())


def _digest(named: FileDigest, path: Path) -> FileDigest:
    data = path.read_bytes()
    return dataclasses.replace(named, size=len(data), sha256=hashlib.sha256(data).hexdigest())


# --- Honest exports --------------------------------------------------------------------------


def test_an_honest_export_is_proven(honest: Path) -> None:
    report = verify(honest)
    assert report.failure is None
    assert (report.verdict, report.entries, report.proven_entries) == ("proven", 9, 9)
    assert (report.segments, report.checkpoints, report.signers) == (2, 2, [ROOT])


def test_a_tenants_own_folder_is_verified_by_itself(honest: Path) -> None:
    assert verify(honest / str(TENANT)).verdict == "proven"


def test_several_tenants_are_verified_at_once(honest: Path, attacked: Path) -> None:
    signer = make_signer(attacked.parent / "signer")
    build_export(attacked, signer, tenant_id=OTHER_TENANT)
    reports = verify_folder(attacked, [ROOT])
    assert [(r.tenant, r.verdict) for r in reports] == [
        (str(TENANT), "proven"),
        (str(OTHER_TENANT), "proven"),
    ]


def test_without_a_trust_root_the_signer_is_unknown(
    honest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(honest, root=None).verdict == "signer-unknown"
    assert main([str(honest)]) == 1
    assert "INTERNALLY CONSISTENT, SIGNER UNKNOWN" in capsys.readouterr().out


def test_the_command_says_proven_and_exits_with_zero(
    honest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = files(honest, "*.note")[0]
    assert main([str(honest), "--trust-root", ROOT, "--checkpoint", str(held), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["proven"] is True
    assert said["tenants"][0]["entries"] == 9
    assert main([str(honest), "--trust-root", ROOT]) == 0
    assert "PROVEN" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["/nowhere"], [".", "--trust-root", "sha256:12"], [".", "--checkpoint", "/nowhere"]],
)
def test_a_wrong_command_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 2
    capsys.readouterr()


def test_a_failure_names_its_place_in_json(
    attacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [sealed_body(number) for number in range(1, 6)]
    bodies[2] = bodies[2].replace(b'"amount":300', b'"amount":301')
    forge(attacked, bodies, leaves=False)
    assert main([str(attacked), "--trust-root", ROOT, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["tenants"][0]["failure"]
    assert found["line"] == found["sequence"] == 3
    assert found["file"].endswith(".jsonl.gz")
    assert "altered" in found["what"]


def test_a_log_without_entries_is_proven_by_its_checkpoint(tmp_path: Path) -> None:
    build_export(tmp_path / "export", make_signer(tmp_path / "signer"), batches=(0,))
    report = verify(tmp_path / "export")
    assert (report.verdict, report.entries, report.checkpoints) == ("proven", 0, 1)


# --- Bits ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(data=st.data())
def test_no_flipped_bit_of_any_file_goes_unnoticed(
    honest: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(files(honest, "*.*")))
    original = path.read_bytes()
    bit = data.draw(st.integers(0, len(original) * 8 - 1))
    flipped = bytearray(original)
    flipped[bit // 8] ^= 1 << (bit % 8)
    copy = tmp_path_factory.mktemp("flip") / "export"
    shutil.copytree(honest, copy)
    try:
        (copy / path.relative_to(honest)).write_bytes(bytes(flipped))
        assert failure(copy).startswith(str(TENANT))
    finally:
        shutil.rmtree(copy)


def test_no_member_of_a_manifest_is_left_unchecked(attacked: Path) -> None:
    """A manifest is not signed: whatever it says must follow from what is."""
    for path in files(attacked, "*.manifest.json"):
        original = path.read_bytes()
        for changed in _each_value_changed(json.loads(original)):
            path.write_bytes(rfc8785.dumps(changed))
            failure(attacked)
        path.write_bytes(original)


def _each_value_changed(value: Any) -> Iterator[Any]:
    """Yield copies of JSON in which one number or one character of one string is another."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from ({**value, name: changed} for changed in _each_value_changed(member))
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    else:
        last = "1" if value[-1] == "0" else "0"
        yield value[:-1] + last
        yield ("1" if value[0] == "0" else "0") + value[1:]


@pytest.mark.parametrize("pattern", ["*.note", "*.pub", "*.leaves", "*.manifest.json", "*.gz"])
def test_a_byte_added_to_any_file_is_noticed(attacked: Path, pattern: str) -> None:
    for path in files(attacked, pattern):
        original = path.read_bytes()
        for change in (original + b"\x00", original + b"\n", original[:-1], b""):
            path.write_bytes(change)
            assert path.stem[:20] in failure(attacked) or pattern == "*.pub"
        path.write_bytes(original)


@pytest.mark.parametrize("number", range(1, 10))
def test_a_flipped_bit_inside_any_record_names_that_record(attacked: Path, number: int) -> None:
    segment, first = (0, 1) if number < 6 else (1, 6)
    bodies = unpack(files(attacked, "*.gz")[segment])
    altered = bytearray(bodies[number - first])
    altered[len(altered) // 2] ^= 1
    bodies[number - first] = bytes(altered)
    forge(attacked, bodies, segment=segment, leaves=False)
    assert f"line {number - first + 1} (sequence {number})" in failure(attacked)


# --- Lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize("number", range(1, 10))
def test_a_dropped_line_is_named(attacked: Path, number: int, leaves: bool) -> None:
    segment, first = (0, 1) if number < 6 else (1, 6)
    bodies = unpack(files(attacked, "*.gz")[segment])
    del bodies[number - first]
    forge(attacked, bodies, segment=segment, leaves=leaves)
    said = failure(attacked)
    if leaves:  # then the manifest's own numbers give it away
        assert "contradicts itself" in said
    else:
        assert f"(sequence {number})" in said


def test_a_line_dropped_with_every_number_made_to_fit_is_named(attacked: Path) -> None:
    """The attacker drops entry 7 and shortens the second segment to 6-8, names included."""
    bodies = unpack(files(attacked, "*.gz")[1])
    del bodies[1]
    _rename_second_segment(attacked, bodies, last=8)
    assert "line 2 (sequence 7): the record is bad: its own sequence is 8" in failure(attacked)


def _rename_second_segment(folder: Path, bodies: list[bytes], *, last: int) -> None:
    forge(folder, bodies, segment=1, last=last)
    manifest_path = files(folder, "*.manifest.json")[1]
    text = manifest_path.read_text().replace(f"{9:020d}.", f"{last:020d}.")
    manifest_path.write_text(text)
    for path in files(folder, f"*-{9:020d}.*"):
        if "segments" in path.parts:
            path.rename(path.with_name(path.name.replace(f"{9:020d}.", f"{last:020d}.")))


def test_records_renumbered_after_a_drop_do_not_lead_to_the_signed_head(attacked: Path) -> None:
    bodies = unpack(files(attacked, "*.gz")[1])
    del bodies[1]
    bodies = [
        body.replace(f'"sequence":"{number + 1}"'.encode(), f'"sequence":"{number}"'.encode())
        if number > 6
        else body
        for number, body in enumerate(bodies, start=6)
    ]
    _rename_second_segment(attacked, bodies, last=8)
    assert "entries 9 to 9 are missing" in failure(attacked)


@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize("pair", [(0, 1), (1, 4), (3, 4)])
def test_two_swapped_lines_are_named(attacked: Path, pair: tuple[int, int], leaves: bool) -> None:
    bodies = unpack(files(attacked, "*.gz")[0])
    one, two = pair
    bodies[one], bodies[two] = bodies[two], bodies[one]
    forge(attacked, bodies, leaves=leaves)
    said = failure(attacked)
    assert f"line {one + 1} (sequence {one + 1})" in said
    assert f"sequence is {two + 1}" in said or f"it is sequence {two + 1}" in said


def test_a_repeated_line_is_named(attacked: Path) -> None:
    bodies = unpack(files(attacked, "*.gz")[0])
    forge(attacked, [*bodies, bodies[-1]], leaves=False)
    said = failure(attacked)
    assert "line 6" in said
    assert "another line" in said


@pytest.mark.parametrize("leaves", [True, False])
def test_a_record_spliced_in_from_another_tenant_is_named(attacked: Path, leaves: bool) -> None:
    bodies = unpack(files(attacked, "*.gz")[0])
    bodies[2] = sealed_body(3, OTHER_TENANT)
    forge(attacked, bodies, leaves=leaves)
    said = failure(attacked)
    assert "line 3 (sequence 3)" in said
    assert f"tenant {OTHER_TENANT}'s" in said


def test_another_tenants_whole_export_under_this_name_is_named(
    attacked: Path, tmp_path: Path
) -> None:
    signer = make_signer(tmp_path / "signer")
    build_export(tmp_path / "other", signer, tenant_id=OTHER_TENANT)
    shutil.rmtree(attacked / str(TENANT))
    shutil.copytree(tmp_path / "other" / str(OTHER_TENANT), attacked / str(TENANT))
    assert f"the checkpoint is tenant {OTHER_TENANT}'s" in failure(attacked)


def test_a_record_altered_with_everything_unsigned_made_to_fit_is_noticed(attacked: Path) -> None:
    bodies = unpack(files(attacked, "*.gz")[0])
    bodies[2] = bodies[2].replace(b'"amount":300', b'"amount":301')
    forge(attacked, bodies)
    manifest_path = files(attacked, "*.manifest.json")[1]
    manifest = SegmentManifest.from_bytes(manifest_path.read_bytes())
    chain = genesis(TENANT)
    for item in bodies:
        chain = chain_hash(chain, item)
    manifest_path.write_bytes(dataclasses.replace(manifest, previous_hash=chain).to_bytes())
    assert "entries 1 to 5 do not lead to the head signed in" in failure(attacked)


def test_an_altered_leaf_list_is_told_from_an_altered_record(attacked: Path) -> None:
    path = files(attacked, "*.leaves")[0]
    data = bytearray(path.read_bytes())
    data[2 * 32] ^= 1
    path.write_bytes(bytes(data))
    forge_manifest_leaves(attacked)
    said = failure(attacked)
    assert ".leaves (sequence 3)" in said
    assert "the record itself leads to the head" in said


def forge_manifest_leaves(folder: Path) -> None:
    path = files(folder, "*.manifest.json")[0]
    manifest = SegmentManifest.from_bytes(path.read_bytes())
    leaves = _digest(manifest.leaves, files(folder, "*.leaves")[0])
    path.write_bytes(dataclasses.replace(manifest, leaves=leaves).to_bytes())


# --- Head and tail ---------------------------------------------------------------------------


def test_a_truncated_head_is_named(attacked: Path) -> None:
    for path in files(attacked, f"{1:020d}-*"):
        path.unlink()
    assert "(sequence 1): entries 1 to 5 are missing before this segment" in failure(attacked)


def test_a_truncated_tail_is_named(attacked: Path) -> None:
    for path in files(attacked, f"{6:020d}-*"):
        path.unlink()
    assert "entries 6 to 9 are missing" in failure(attacked)


def test_a_tail_truncated_with_its_checkpoint_is_named_by_a_checkpoint_held(
    honest: Path, attacked: Path
) -> None:
    newest = files(honest, "*.note")[-1]
    for path in (*files(attacked, f"{6:020d}-*"), files(attacked, "*.note")[-1]):
        path.unlink()
    assert verify(attacked).latest_checkpoint != verify(honest).latest_checkpoint
    said = failure(attacked, held=(newest.read_bytes(),))
    assert said.startswith("held-0.note (sequence 6): it covers 9 entries")
    assert "entries 6 to 9 are missing" in said


def test_a_tail_no_checkpoint_covers_is_unproven(
    attacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest checkpoint is gone; the last manifest names the first, which is signed."""
    replace_checkpoint(attacked, files(attacked, "*.note")[0].read_text())
    report = verify(attacked)
    assert (report.verdict, report.entries, report.proven_entries) == ("unproven-tail", 9, 5)
    assert main([str(attacked), "--trust-root", ROOT]) == 1
    said = capsys.readouterr().out
    assert "UNPROVEN TAIL" in said
    assert "entries 6 to 9 are unproven" in said


@pytest.mark.parametrize("pattern", ["*.gz", "*.leaves", "*.manifest.json", "*.note", "*.pub"])
def test_any_missing_file_is_noticed(attacked: Path, pattern: str) -> None:
    for path in files(attacked, pattern):
        data = path.read_bytes()
        path.unlink()
        failure(attacked)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "segments/.hidden",
        "segments/x/y",
        f"checkpoints/{0:020d}.note",
        "signers/a.pub",
    ],
)
def test_a_file_the_format_does_not_know_is_named(attacked: Path, name: str) -> None:
    path = attacked / str(TENANT) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    assert "the export has no such file" in failure(attacked)


def test_a_link_is_not_followed(attacked: Path) -> None:
    path = files(attacked, "*.gz")[0]
    moved = path.rename(attacked.parent / "elsewhere")
    path.symlink_to(moved)
    assert "the export has no such file" in failure(attacked)


# --- Checkpoints -----------------------------------------------------------------------------


def replace_checkpoint(folder: Path, note: str, *, at: int = -1) -> None:
    """Put a note in place of another and make the manifest name it."""
    old = files(folder, "*.note")[at]
    data = note.encode()
    sha256 = hashlib.sha256(data).hexdigest()
    size = parse_checkpoint(note).size
    name = f"checkpoints/{size:020d}-{sha256[:16]}.note"
    old.unlink()
    (folder / str(TENANT) / name).write_bytes(data)
    path = files(folder, "*.manifest.json")[at]
    manifest = SegmentManifest.from_bytes(path.read_bytes())
    named = FileDigest(name=name, size=len(data), sha256=sha256)
    path.write_bytes(
        dataclasses.replace(manifest, checkpoint=named, checkpoint_size=size).to_bytes()
    )


def test_a_checkpoint_signed_by_another_key_is_named(attacked: Path) -> None:
    honest_note = files(attacked, "*.note")[-1].read_text()
    forged = sign_checkpoint(parse_checkpoint(honest_note), private_key(2), KEY_NAME)
    replace_checkpoint(attacked, forged)
    said = failure(attacked)
    assert ".note: the checkpoint does not hold: it is not signed by a trusted key" in said


def test_a_whole_export_signed_by_another_key_is_named(tmp_path: Path) -> None:
    build_export(tmp_path / "export", make_signer(tmp_path / "signer", seed=2))
    assert verify(tmp_path / "export", root=None).verdict == "signer-unknown"
    assert "the key is not a trust root you gave" in failure(tmp_path / "export")


def test_an_old_checkpoint_in_place_of_the_newest_is_named(honest: Path, attacked: Path) -> None:
    newest = files(honest, "*.note")[-1].read_bytes()
    replace_checkpoint(attacked, files(attacked, "*.note")[0].read_text())
    assert verify(attacked).verdict == "unproven-tail"
    # Who holds the newest sees that its place in the manifest was taken.
    assert "its checkpoint covers 5 entries only" in failure(attacked, held=(newest,))


def test_two_signed_heads_of_one_size_are_named(attacked: Path, tmp_path: Path) -> None:
    """The signer's memory was lost and it signed a second history."""
    other = MemoryLog()
    other.grow(8)
    other.sealed.append(sealed_body(9).replace(b'"amount":900', b'"amount":901'))
    note = other.sign(make_signer(tmp_path / "forgetful"))
    assert "is signed in" in failure(attacked, held=(note.encode(),))


def test_witness_signatures_by_unknown_keys_are_ignored(attacked: Path) -> None:
    path = files(attacked, "*.note")[-1]
    witness = base64.b64encode(b"\x00" * 68).decode()
    replace_checkpoint(attacked, path.read_text() + f"— witness.example/w1 {witness}\n")
    assert verify(attacked).verdict == "proven"


def test_a_false_signature_beside_a_true_one_spoils_the_note(attacked: Path) -> None:
    note = files(attacked, "*.note")[-1].read_text()
    line = note.splitlines()[-1]
    raw = bytearray(base64.b64decode(line.split(" ")[2]))
    raw[-1] ^= 1
    false = f"— {KEY_NAME} {base64.b64encode(bytes(raw)).decode()}\n"
    replace_checkpoint(attacked, note + false)
    assert "its signature is false" in failure(attacked)


def test_a_heartbeat_is_one_more_checkpoint(tmp_path: Path) -> None:
    signer = make_signer(tmp_path / "signer")
    log = build_export(tmp_path / "export", signer)
    log.sign(signer)
    export(log, signer, FolderStore(tmp_path / "export"))
    report = verify(tmp_path / "export")
    assert (report.verdict, report.checkpoints, report.segments) == ("proven", 3, 2)


def test_a_held_checkpoint_of_a_tenant_not_in_the_export_is_named(
    honest: Path, tmp_path: Path
) -> None:
    other = MemoryLog(tenant_id=OTHER_TENANT)
    other.grow(1)
    held = tmp_path / "held.note"
    held.write_text(other.sign(make_signer(tmp_path / "signer")))
    assert main([str(honest), "--trust-root", ROOT, "--checkpoint", str(held)]) == 1


# --- Rewinds ---------------------------------------------------------------------------------


def rewound(folder: Path) -> tuple[Path, str]:
    """Export 5, sign 9, restore to 7, go on to 10 and export; return also the note of 9."""
    signer = make_signer(folder / "signer")
    log, store = MemoryLog(), FolderStore(folder / "export")
    log.grow(5)
    log.sign(signer)
    export(log, signer, store)
    log.grow(4)
    given_up = log.sign(signer)
    del log.sealed[7:]
    log.checkpoints.append(signer.rewind(TENANT, log.head(), "restored a backup", log.since))
    log.sealed.append(sealed_body(8).replace(b'"amount":800', b'"amount":801'))
    log.grow(2)
    log.sign(signer)
    export(log, signer, store)
    return folder / "export", given_up


def test_a_signed_rewind_is_accepted_and_told(tmp_path: Path) -> None:
    folder, _ = rewound(tmp_path)
    report = verify(folder)
    assert report.failure is None
    assert (report.verdict, report.entries, len(report.rewinds)) == ("proven", 10, 1)
    assert "from 9 entries to 7: restored a backup" in report.rewinds[0]


def test_a_held_checkpoint_that_a_rewind_gave_up_is_named(tmp_path: Path) -> None:
    folder, given_up = rewound(tmp_path)
    said = failure(folder, held=(given_up.encode(),))
    assert "entries 8 to 9 that it covers were given up by a rewind" in said
    assert "restored a backup" in said


def test_a_rewind_whose_note_was_taken_away_is_named(tmp_path: Path) -> None:
    folder, _ = rewound(tmp_path)
    for path in files(folder, f"{7:020d}-*.note"):
        path.unlink()
    assert "the signed note of rewind 1 is missing" in failure(folder)


# --- Bombs and oddities ----------------------------------------------------------------------


def test_a_decompression_bomb_stops_at_the_first_line(attacked: Path) -> None:
    forge(attacked, [b"0" * 50_000_000], leaves=False)
    assert "line 1 (sequence 1): the line is longer than 1048576 bytes" in failure(attacked)


def test_more_content_than_the_manifest_says_is_not_unpacked(attacked: Path) -> None:
    path = files(attacked, "*.manifest.json")[0]
    manifest = SegmentManifest.from_bytes(path.read_bytes())
    path.write_bytes(dataclasses.replace(manifest, content_bytes=100).to_bytes())
    assert "it unpacks to more than the manifest says" in failure(attacked)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"amount":300', b'"amount": 300', "canonical form"),
        (b'"amount":300', b'"amount":300.0', "not an integer"),
        (b'"amount":300', b'"amount":9007199254740992', "beyond 2^53"),
        (b'"amount":300', b'"amount":1,"amount":300', "appears twice"),
        (b'"amount":300', b'"amount":NaN', "not finite"),
        (b'"amount":300', b'"amount":' + b"[" * 100_000, "nested too deeply"),
        ("ü".encode(), b"\\u00fc", "canonical form"),
        ("ü".encode(), b"\xff", "not UTF-8"),
        (b'"format":"awgp.audit.v1",', b"", "member format is missing"),
        (b'"format"', b'"extra":1,"format"', "member extra is not of format v1"),
        (b"policy:run:permitted", b"permitted", "member action is malformed"),
        (b'"occurred_at":"2026-01-31', b'"occurred_at":"2026-02-31', "member occurred_at"),
        (b'"before":{"status":"received"}', b'"before":[]', "member before is malformed"),
        (b'"sealed_at":"2026', b'"sealed_at":"2025', "sealed before the record in front"),
    ],
)
def test_a_record_that_is_not_of_the_format_is_named(
    attacked: Path, old: bytes, new: bytes, what: str
) -> None:
    bodies = unpack(files(attacked, "*.gz")[0])
    assert old in bodies[2]
    bodies[2] = bodies[2].replace(old, new)
    forge(attacked, bodies)
    said = failure(attacked)
    assert "line 3 (sequence 3)" in said
    assert what in said


def test_a_file_name_does_not_speak_to_the_terminal(
    attacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (attacked / str(TENANT) / "segments" / "\x1b]0;proven\x07").write_bytes(b"")
    assert main([str(attacked), "--trust-root", ROOT]) == 1
    said = capsys.readouterr().out
    assert "\\x1b]0;proven\\x07: the export has no such file" in said
    assert "\x1b" not in said


def test_the_verifier_is_one_file_that_python_3_9_can_run() -> None:
    tree = ast.parse(Path(awgp_verify.__file__).read_text("utf-8"), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


# --- Its own cryptography --------------------------------------------------------------------

# RFC 8032, 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
            "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
            "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_the_published_ed25519_vectors_hold(
    secret: str, public: str, message: str, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert ed25519_verify(*(bytes.fromhex(part) for part in (public, message, signature)))


@settings(deadline=None)
@given(message=st.binary(max_size=100), bit=st.integers(0, 511), seed=st.integers(1, 255))
def test_ed25519_accepts_what_is_signed_and_nothing_else(
    message: bytes, bit: int, seed: int
) -> None:
    key = private_key(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519_verify(public, message, signature)
    assert not ed25519_verify(public, message + b"\x00", signature)
    assert not ed25519_verify(private_key(seed % 255 + 1).public_key().public_bytes_raw(),
                              message, signature) or seed % 255 + 1 == seed  # fmt: skip
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << (bit % 8)
    assert not ed25519_verify(public, message, bytes(flipped))


def test_ed25519_refuses_forms_that_are_not_canonical() -> None:
    public, message = private_key().public_key().public_bytes_raw(), b"m"
    signature = private_key().sign(message)
    order = 2**252 + 27742317777372353535851937790883648493
    grown = int.from_bytes(signature[32:], "little") + order
    assert not ed25519_verify(public, message, signature[:32] + grown.to_bytes(32, "little"))
    assert not ed25519_verify(b"\xff" * 32, message, signature)
    assert not ed25519_verify(public[:31], message, signature)
    assert not ed25519_verify(public, message, signature[:63])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(value=values)
def test_the_verifier_and_rfc8785_agree_on_what_is_canonical(value: Any) -> None:
    assert parse_canonical(rfc8785.dumps(value)) == value
    loose = json.dumps(value).encode()
    if loose != rfc8785.dumps(value):
        with pytest.raises(ValueError, match="canonical form"):
            parse_canonical(loose)


def test_members_are_ordered_by_utf_16_code_units() -> None:
    """RFC 8785, 3.2.3: U+1F600 (a surrogate pair) sorts before U+FB33."""
    assert parse_canonical('{"\U0001f600":1,"\ufb33":2}'.encode())
    with pytest.raises(ValueError, match="canonical form"):
        parse_canonical('{"\ufb33":2,"\U0001f600":1}'.encode())


def test_both_readers_of_checkpoints_agree(honest: Path) -> None:
    key = make_signer(Path("unused")).public
    for path in files(honest, "*.note"):
        assert verify_checkpoint(path.read_text(), key).tenant_id == TENANT
