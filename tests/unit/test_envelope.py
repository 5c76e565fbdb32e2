"""Secret envelopes: they open where they belong, and nowhere else."""

import base64
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.envelope import EnvelopeInvalid, KeyRing, KeyRingInvalid, key_id_of

TENANT = UUID("11111111-1111-4111-8111-111111111111")
ROW = UUID("22222222-2222-4222-8222-222222222222")
OLD = "2025-01:" + base64.b64encode(b"o" * 32).decode()
NEW = "2026-01:" + base64.b64encode(b"n" * 32).decode()


def seal(ring: KeyRing, plaintext: bytes = b"whsec_secret") -> bytes:
    return ring.seal(plaintext, tenant_id=TENANT, row_id=ROW, purpose="source-secret")


def unseal(ring: KeyRing, envelope: bytes) -> bytes:
    return ring.open(envelope, tenant_id=TENANT, row_id=ROW, purpose="source-secret")


def test_an_envelope_has_the_written_layout() -> None:
    ring = KeyRing(keys={"k1": b"k" * 32}, random_bytes=lambda size: b"\x07" * size)
    envelope = seal(ring, b"secret")
    assert envelope[:16] == b"\x01\x02k1" + b"\x07" * 12
    assert len(envelope) == 16 + len(b"secret") + 16


@settings(deadline=None)
@given(plaintext=st.binary(max_size=200))
def test_what_is_sealed_opens_to_the_same_bytes(plaintext: bytes) -> None:
    ring = KeyRing.from_text(NEW)
    assert unseal(ring, seal(ring, plaintext)) == plaintext


def test_the_first_key_seals_and_every_key_opens() -> None:
    old, both = KeyRing.from_text(OLD), KeyRing.from_text(f"# newest first\n{NEW}\n\n{OLD}\n")
    envelope = seal(old)
    assert unseal(both, envelope) == b"whsec_secret"
    assert key_id_of(seal(both)) == "2026-01"


def test_rewrapping_moves_to_the_newest_key_and_then_changes_nothing() -> None:
    both = KeyRing.from_text(NEW, OLD)
    place = {"tenant_id": TENANT, "row_id": ROW}
    moved = both.rewrap(seal(KeyRing.from_text(OLD)), **place, purpose="source-secret")
    assert key_id_of(moved) == "2026-01"
    assert unseal(KeyRing.from_text(NEW), moved) == b"whsec_secret"
    assert both.rewrap(moved, **place, purpose="source-secret") == moved


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"tenant_id": ROW, "row_id": ROW, "purpose": "source-secret"},
        {"tenant_id": TENANT, "row_id": TENANT, "purpose": "source-secret"},
        {"tenant_id": TENANT, "row_id": ROW, "purpose": "target-credential"},
    ],
)
def test_an_envelope_copied_elsewhere_does_not_open(elsewhere: dict[str, object]) -> None:
    ring = KeyRing.from_text(NEW)
    with pytest.raises(EnvelopeInvalid):
        ring.open(seal(ring), **elsewhere)  # type: ignore[arg-type]


def test_no_flipped_bit_of_an_envelope_goes_unnoticed() -> None:
    ring = KeyRing.from_text(NEW, OLD)
    envelope = seal(ring)
    for at in range(len(envelope) * 8):
        flipped = bytearray(envelope)
        flipped[at // 8] ^= 1 << (at % 8)
        with pytest.raises(EnvelopeInvalid):
            unseal(ring, bytes(flipped))


@settings(deadline=None)
@given(data=st.binary(max_size=64))
def test_arbitrary_bytes_are_refused_as_an_envelope(data: bytes) -> None:
    with pytest.raises(EnvelopeInvalid):
        unseal(KeyRing.from_text(NEW), data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "k1",
        "k1:!!!",
        "k1:" + base64.b64encode(b"short").decode(),
        NEW + "\n" + NEW,
        "bad id:" + base64.b64encode(b"k" * 32).decode(),
    ],
)
def test_a_key_file_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(KeyRingInvalid):
        KeyRing.from_text(text)


def test_a_key_ring_never_shows_its_keys() -> None:
    assert "nnnn" not in repr(KeyRing.from_text(NEW))
