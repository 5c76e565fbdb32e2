"""Checkpoints: the notes as C2SP writes them, and a signer that signs no second history."""

import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit_export.checkpoint import (
    Checkpoint,
    CheckpointInvalid,
    Rewind,
    SignerKey,
    fingerprint,
    key_id,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from audit_export.signer import (
    InconsistentHistory,
    RewindRefused,
    Signer,
    SignerStateInvalid,
)
from pipeline.audit import Head
from tests.audit_trail import (
    KEY_NAME,
    OTHER_TENANT,
    START,
    TENANT,
    MemoryLog,
    make_signer,
    private_key,
    sealed_body,
)

PUBLIC = private_key().public_key()
CHECKPOINT = Checkpoint(
    tenant_id=TENANT, size=7, root=b"\x01" * 32, chain_hash=b"\x02" * 32, time=START
)
NOTE = sign_checkpoint(CHECKPOINT, private_key(), KEY_NAME)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "signer")


@pytest.fixture
def log() -> MemoryLog:
    grown = MemoryLog()
    grown.grow(7)
    return grown


# --- The note --------------------------------------------------------------------------------


def test_a_note_reads_as_the_specification_says() -> None:
    lines = NOTE.split("\n")
    assert lines[:6] == [
        f"awgp/{TENANT}",
        "7",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "chain AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
        "time 2026-01-31T12:00:00.000000Z",
        "",
    ]
    assert lines[6].startswith(f"— {KEY_NAME} ")
    assert lines[7:] == [""]


def test_the_published_signed_note_example_verifies() -> None:
    """The key and note of golang.org/x/mod/sumdb/note's documentation (PeterNeumann)."""
    raw = bytes.fromhex("01") + _unbase64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    assert key_id("PeterNeumann", raw[1:]).hex() == "c74f20a3"
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = _unbase64(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert signature[:4].hex() == "c74f20a3"
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], text.encode())


def _unbase64(text: str) -> bytes:
    import base64  # noqa: PLC0415 (one test's own need)

    return base64.b64decode(text)


def test_a_signed_checkpoint_is_verified_and_read_back() -> None:
    key = SignerKey(key_name=KEY_NAME, public_key=PUBLIC.public_bytes_raw())
    assert verify_checkpoint(NOTE, key) == CHECKPOINT
    assert verify_checkpoint(NOTE, PUBLIC) == CHECKPOINT
    assert parse_checkpoint(NOTE) == CHECKPOINT


def test_a_rewind_is_written_and_read_back() -> None:
    left = Rewind(from_size=9, from_root=b"\x03" * 32, reason="restored a backup")
    checkpoint = dataclasses.replace(CHECKPOINT, rewinds=2, rewind=left)
    note = sign_checkpoint(checkpoint, private_key(), KEY_NAME)
    assert verify_checkpoint(note, PUBLIC) == checkpoint
    assert "rewinds 2\nrewind-from 9 AwMD" in note


def test_the_fingerprint_is_of_the_raw_key() -> None:
    raw = PUBLIC.public_bytes_raw()
    assert fingerprint(PUBLIC) == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert key_id("n", PUBLIC) == hashlib.sha256(b"n\n\x01" + raw).digest()[:4]


def test_no_flipped_bit_of_a_note_goes_unnoticed() -> None:
    key = SignerKey(key_name=KEY_NAME, public_key=PUBLIC.public_bytes_raw())
    data = NOTE.encode()
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << (at % 8)
        with pytest.raises(CheckpointInvalid):
            verify_checkpoint(bytes(flipped).decode("utf-8", "surrogateescape"), key)


def test_another_key_or_another_name_is_refused() -> None:
    with pytest.raises(CheckpointInvalid, match="not signed by"):
        verify_checkpoint(NOTE, private_key(2).public_key())
    key = SignerKey(key_name="awgp.example/other", public_key=PUBLIC.public_bytes_raw())
    with pytest.raises(CheckpointInvalid, match="not signed by"):
        verify_checkpoint(NOTE, key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("awgp/", "other/"),
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n9223372036854775808\n"),
        ("AQEBAQEBAQE=", "AQEBAQEBAQF="),
        ("chain ", "chains "),
        ("\ntime ", "\ntime  "),
        ("000000Z\n\n", "000000Z\nrewinds 0\n\n"),
        ("000000Z\n\n", "000000Z\nextra line\n\n"),
        ("000000Z\n\n", "000000Z\n"),
        ("—", "-"),
    ],
)
def test_a_note_in_any_other_form_is_refused(old: str, new: str) -> None:
    assert old in NOTE
    with pytest.raises(CheckpointInvalid):
        parse_checkpoint(NOTE.replace(old, new))


def test_a_note_has_a_largest_size() -> None:
    with pytest.raises(CheckpointInvalid, match="at most"):
        parse_checkpoint("x" * 70_000)
    line = NOTE.splitlines()[-1] + "\n"
    with pytest.raises(CheckpointInvalid, match="at most 64 signatures"):
        parse_checkpoint(NOTE + line * 64)


def test_a_public_key_file_is_read_back_in_its_one_form_only() -> None:
    key = SignerKey(key_name=KEY_NAME, public_key=PUBLIC.public_bytes_raw())
    assert SignerKey.from_bytes(key.to_bytes()) == key
    for data in (b"", b"{}", key.to_bytes()[:-1], key.to_bytes().replace(b":", b": ")):
        with pytest.raises(CheckpointInvalid):
            SignerKey.from_bytes(data)


# --- The signer ------------------------------------------------------------------------------


def test_the_first_signing_of_a_log_recomputes_it_from_its_beginning(
    signer: Signer, log: MemoryLog
) -> None:
    found = verify_checkpoint(log.sign(signer), PUBLIC)
    assert found.head == log.head()
    assert signer.last_signed(TENANT) == log.head()


def test_a_grown_log_is_signed_from_the_new_entries_alone(signer: Signer, log: MemoryLog) -> None:
    log.sign(signer)
    log.grow(3)
    asked: list[tuple[int, int]] = []

    def since(first: int, last: int) -> Iterator[bytes]:
        asked.append((first, last))
        return log.since(first, last)

    found = verify_checkpoint(signer.sign(TENANT, log.head(), since), PUBLIC)
    assert found.head == log.head()
    assert asked == [(8, 10)]


def test_a_heartbeat_signs_the_same_head_with_a_new_time(signer: Signer, log: MemoryLog) -> None:
    first = verify_checkpoint(log.sign(signer), PUBLIC)
    second = verify_checkpoint(log.sign(signer), PUBLIC)
    assert second.head == first.head
    assert second.time == first.time + timedelta(minutes=1)


def test_time_never_runs_backwards_in_checkpoints(signer: Signer, log: MemoryLog) -> None:
    first = verify_checkpoint(log.sign(signer), PUBLIC)
    late = dataclasses.replace(signer, clock=lambda: START)
    assert verify_checkpoint(log.sign(late), PUBLIC).time == first.time


@pytest.mark.parametrize(
    ("change", "sequence"),
    [
        ("alter", 8),
        ("drop", 9),
        ("swap", 9),
        ("repeat", 9),
        ("stranger", 9),
        ("garbage", 9),
        ("short", 10),
        ("long", 10),
    ],
)
def test_entries_that_do_not_lead_to_the_head_are_named(
    signer: Signer, log: MemoryLog, change: str, sequence: int
) -> None:
    log.sign(signer)
    log.grow(3)
    head, new = log.head(), log.sealed[7:]
    match change:
        case "alter":
            new[1] = new[1].replace(b"received", b"permitted")
        case "drop":
            del new[1]
        case "swap":
            new[1], new[2] = new[2], new[1]
        case "repeat":
            new.insert(1, new[0])
        case "stranger":
            new[1] = sealed_body(9, OTHER_TENANT)
        case "garbage":
            new[1] = b"{}"
        case "short":
            del new[2]
        case "long":
            head = dataclasses.replace(head, size=9)
    with pytest.raises(InconsistentHistory) as refused:
        signer.sign(TENANT, head, lambda _first, _last: iter(new))
    assert refused.value.sequence == sequence
    assert signer.last_signed(TENANT) == log.head(7)


@pytest.mark.parametrize("member", ["root", "chain"])
def test_a_head_that_is_not_the_entries_is_refused(
    signer: Signer, log: MemoryLog, member: str
) -> None:
    wrong = log.head()
    if member == "root":
        wrong = dataclasses.replace(wrong, root=b"\x00" * 32)
    else:
        wrong = dataclasses.replace(wrong, chain_hash=b"\x00" * 32)
    with pytest.raises(InconsistentHistory):
        signer.sign(TENANT, wrong, log.since)
    log.sign(signer)
    with pytest.raises(InconsistentHistory):
        signer.sign(TENANT, wrong, log.since)


def test_a_shorter_log_is_refused_and_then_signed_as_a_rewind(
    signer: Signer, log: MemoryLog
) -> None:
    before = verify_checkpoint(log.sign(signer), PUBLIC)
    del log.sealed[5:]
    with pytest.raises(RewindRefused, match="entries 6 to 7 are gone"):
        signer.sign(TENANT, log.head(), log.since)

    note = signer.rewind(TENANT, log.head(), "restored a backup", log.since)
    found = verify_checkpoint(note, PUBLIC)
    assert found.head == log.head()
    assert found.rewinds == 1
    assert found.rewind == Rewind(from_size=7, from_root=before.root, reason="restored a backup")
    assert signer.rewind_notes(TENANT) == [note]

    log.grow(4)
    after = verify_checkpoint(log.sign(signer), PUBLIC)
    assert (after.rewinds, after.rewind) == (1, None)


def test_a_rewind_to_a_log_that_is_not_whole_is_refused(signer: Signer, log: MemoryLog) -> None:
    log.sign(signer)
    head = log.head(5)
    log.sealed[2] = sealed_body(3).replace(b"received", b"permitted")
    with pytest.raises(InconsistentHistory):
        signer.rewind(TENANT, head, "restored a backup", log.since)
    assert signer.rewind_notes(TENANT) == []


@pytest.mark.parametrize("reason", ["", " x", "two\nlines", "x" * 201, "bell\x07"])
def test_a_reason_that_is_not_one_plain_line_is_refused(
    signer: Signer, log: MemoryLog, reason: str
) -> None:
    with pytest.raises(CheckpointInvalid):
        signer.rewind(TENANT, log.head(), reason, log.since)
    assert signer.last_signed(TENANT) is None


def test_a_head_may_be_read_while_the_tenant_is_locked(signer: Signer, log: MemoryLog) -> None:
    def grown() -> Head:
        log.grow(1)
        return log.head()

    assert parse_checkpoint(signer.sign(TENANT, grown, log.since)).size == 8


def test_two_tenants_are_remembered_apart(signer: Signer, log: MemoryLog) -> None:
    other = MemoryLog(tenant_id=OTHER_TENANT)
    other.grow(2)
    log.sign(signer)
    other.sign(signer)
    assert signer.last_signed(TENANT) == log.head()
    assert signer.last_signed(OTHER_TENANT) == other.head()


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json", b'{"format":"awgp.signer-state.v1"}'])
def test_a_damaged_memory_is_never_guessed_anew(
    signer: Signer, log: MemoryLog, damage: bytes
) -> None:
    log.sign(signer)
    (signer.folder / f"{TENANT}.head").write_bytes(damage)
    with pytest.raises(SignerStateInvalid):
        log.sign(signer)


def test_a_memory_copied_from_another_tenant_is_refused(signer: Signer, log: MemoryLog) -> None:
    log.sign(signer)
    copied = (signer.folder / f"{TENANT}.head").read_bytes()
    (signer.folder / f"{OTHER_TENANT}.head").write_bytes(copied)
    with pytest.raises(SignerStateInvalid):
        signer.sign(OTHER_TENANT, Head(size=0, root=b"", chain_hash=b""), log.since)
