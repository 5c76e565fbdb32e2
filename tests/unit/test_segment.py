"""Segments and their export: the same bytes each time, gaps named, killed runs taken up."""

import dataclasses
import gzip
import hashlib
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit_export.awgp_verify import verify_folder
from audit_export.checkpoint import CheckpointInvalid
from audit_export.export import ExportRefused, ReadBackFailed, beginning
from audit_export.object_store import ObjectDiffers
from audit_export.segment import (
    SegmentGap,
    SegmentInvalid,
    SegmentManifest,
    parse_segment_name,
    segment_name,
    write_segment,
)
from audit_export.signer import Signer
from pipeline.merkle import leaf_hash
from tests.audit_trail import (
    OTHER_TENANT,
    TENANT,
    FolderStore,
    MemoryLog,
    export,
    make_signer,
    sealed_body,
)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "signer")


@pytest.fixture
def log(signer: Signer) -> MemoryLog:
    """Seven entries, signed."""
    grown = MemoryLog()
    grown.grow(7)
    grown.sign(signer)
    return grown


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "export")


def contents(store: FolderStore) -> dict[str, bytes]:
    return {key: b"".join(store.read_back(key)) for key in store.keys("")}


# --- The files -------------------------------------------------------------------------------


def test_a_segment_is_the_bodies_line_by_line(log: MemoryLog, tmp_path: Path) -> None:
    written = write_segment(TENANT, beginning(TENANT), 7, log.bodies(TENANT, 1, 7), tmp_path)
    packed = written.data_path.read_bytes()
    assert gzip.decompress(packed) == b"".join(body + b"\n" for body in log.sealed)
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    assert written.leaves_path.read_bytes() == b"".join(leaf_hash(body) for body in log.sealed)
    assert written.data.sha256 == hashlib.sha256(packed).hexdigest()
    assert written.after.chain_hash == log.head().chain_hash
    assert written.after.frontier.root() == log.head().root


def test_a_manifest_is_read_back_in_its_one_form_only(log: MemoryLog, tmp_path: Path) -> None:
    written = write_segment(TENANT, beginning(TENANT), 7, log.bodies(TENANT, 1, 7), tmp_path)
    manifest = written.manifest(checkpoint=written.data, checkpoint_size=7)
    assert SegmentManifest.from_bytes(manifest.to_bytes()) == manifest
    for data in (b"", b"{}", b"[]", manifest.to_bytes() + b"\n", b"x" * 20_000):
        with pytest.raises(SegmentInvalid):
            SegmentManifest.from_bytes(data)


def test_segment_names_sort_as_their_sequences_do() -> None:
    assert parse_segment_name(segment_name(1, 2**63 - 1, "leaves")) == (1, 2**63 - 1, "leaves")
    assert parse_segment_name("segments/1-2.leaves") is None
    assert segment_name(9, 10, "leaves") < segment_name(10, 11, "leaves")


@pytest.mark.parametrize(
    ("missing", "first", "last"), [([1], 1, 1), ([3], 3, 3), ([3, 4], 3, 4), ([6, 7], 6, 7)]
)
def test_a_gap_is_named_exactly(
    log: MemoryLog, tmp_path: Path, missing: list[int], first: int, last: int
) -> None:
    for sequence in missing:
        log.sealed[sequence - 1] = b""
    with pytest.raises(SegmentGap) as named:
        write_segment(TENANT, beginning(TENANT), 7, log.bodies(TENANT, 1, 7), tmp_path)
    assert (named.value.first, named.value.last) == (first, last)


@pytest.mark.parametrize("stray", [sealed_body(3, OTHER_TENANT), sealed_body(4), b"{}"])
def test_a_body_out_of_place_is_refused(log: MemoryLog, tmp_path: Path, stray: bytes) -> None:
    log.sealed[2] = stray
    with pytest.raises(SegmentInvalid, match="entry 3 of"):
        write_segment(TENANT, beginning(TENANT), 7, log.bodies(TENANT, 1, 7), tmp_path)


# --- The export ------------------------------------------------------------------------------


def test_an_export_holds_everything_the_verifier_needs(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    report = export(log, signer, store, max_entries=3)
    assert (report.entries, report.objects, report.locked) == (7, 11, True)
    assert [(s.first_sequence, s.last_sequence) for s in report.segments] == [
        (1, 3),
        (4, 6),
        (7, 7),
    ]
    (found,) = verify_folder(store.folder, [signer.public.fingerprint])
    assert (found.verdict, found.entries) == ("proven", 7)


def test_a_log_never_signed_exports_nothing(signer: Signer, store: FolderStore) -> None:
    assert export(MemoryLog(), signer, store).objects == 0


def test_exporting_again_changes_nothing(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    export(log, signer, store)
    before = contents(store)
    assert export(log, signer, store).entries == 0
    log.exported.clear()
    export(log, signer, store)
    assert contents(store) == before


@pytest.mark.parametrize("puts", range(11))
def test_an_export_killed_anywhere_is_taken_up_and_gives_the_same_bytes(
    log: MemoryLog, signer: Signer, store: FolderStore, tmp_path: Path, puts: int
) -> None:
    # Given what an undisturbed export writes
    whole = FolderStore(tmp_path / "whole")
    export(dataclasses.replace(log, exported=[]), signer, whole, max_entries=3)

    # When a run dies after so many puts, and another follows
    store.puts_left = puts
    with pytest.raises(InterruptedError):
        export(log, signer, store, max_entries=3)
    store.puts_left = None
    export(log, signer, store, max_entries=3)

    # Then nothing tells the two apart
    assert contents(store) == contents(whole)


@pytest.mark.parametrize("puts", range(3, 11))
def test_a_run_after_the_log_has_grown_keeps_the_cuts_of_the_killed_one(
    log: MemoryLog, signer: Signer, store: FolderStore, puts: int
) -> None:
    store.puts_left = puts
    with pytest.raises(InterruptedError):
        export(log, signer, store, max_entries=3)
    store.puts_left = None
    log.grow(5)
    log.sign(signer)
    export(log, signer, store, max_entries=100)
    (found,) = verify_folder(store.folder, [signer.public.fingerprint])
    assert found.failure is None
    assert (found.verdict, found.entries) == ("proven", 12)


def test_the_same_records_packed_by_another_zlib_are_kept(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    content = b"".join(body + b"\n" for body in log.sealed)
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + packer.compress(content) + packer.flush()
    packed += zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    _place(store, segment_name(1, 7, "jsonl.gz"), packed)
    export(log, signer, store)
    (found,) = verify_folder(store.folder, [signer.public.fingerprint])
    assert found.verdict == "proven"


def _place(store: FolderStore, name: str, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    store.put_locked(f"{TENANT}/{name}", data, datetime.now(UTC), digest)


@pytest.mark.parametrize("data", [b"", b"garbage", gzip.compress(b"other records\n", mtime=0)])
def test_other_bytes_under_our_name_are_never_taken_for_ours(
    log: MemoryLog, signer: Signer, store: FolderStore, data: bytes
) -> None:
    _place(store, segment_name(1, 7, "jsonl.gz"), data)
    with pytest.raises(ObjectDiffers):
        export(log, signer, store)
    assert log.exported == []


def test_an_altered_log_is_not_exported_at_all(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    log.sealed[4] = log.sealed[4].replace(b"received", b"permitted")
    with pytest.raises(ExportRefused, match="altered after it was sealed"):
        export(log, signer, store)
    assert contents(store) == {}


def test_a_gap_in_the_log_stops_the_export_before_it_writes(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    log.sealed[4] = b""
    with pytest.raises(SegmentGap, match="entry 5 is missing"):
        export(log, signer, store)
    assert contents(store) == {}


def test_a_checkpoint_by_another_signer_is_not_exported(
    log: MemoryLog, signer: Signer, store: FolderStore, tmp_path: Path
) -> None:
    log.sign(make_signer(tmp_path / "stranger", seed=2))
    with pytest.raises(CheckpointInvalid):
        export(log, signer, store)


def test_another_tenants_checkpoint_is_not_exported(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    other = MemoryLog(tenant_id=OTHER_TENANT)
    other.grow(7)
    log.checkpoints.append(other.sign(signer))
    with pytest.raises(ExportRefused, match="is tenant"):
        export(log, signer, store)


def test_a_log_rewound_below_its_export_is_refused(
    log: MemoryLog, signer: Signer, store: FolderStore
) -> None:
    export(log, signer, store)
    del log.sealed[5:]
    log.checkpoints.append(signer.rewind(TENANT, log.head(), "restored a backup", log.since))
    with pytest.raises(ExportRefused, match="restore the log from its export"):
        export(log, signer, store)


def test_a_segment_counts_only_when_it_reads_back_whole(
    log: MemoryLog, signer: Signer, tmp_path: Path
) -> None:
    class Forgetful(FolderStore):
        def read_back(self, key: str):  # type: ignore[no-untyped-def]
            for chunk in super().read_back(key):
                yield chunk[:-1] if key.endswith(".leaves") else chunk

    with pytest.raises(ReadBackFailed, match=r"\.leaves"):
        export(log, signer, Forgetful(tmp_path / "export"))
    assert log.exported == []
