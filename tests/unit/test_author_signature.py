"""Authors' signatures: what holds, what does not, and their one form."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ops.author_key_file import KeyFileRefused, note_for, read_key, sign_file, write_key
from pipeline.author_signature import (
    AuthorKey,
    AuthorKeyInvalid,
    SignatureInvalid,
    SigningKey,
    holds,
    read_note,
)

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
ADA = SigningKey(
    name="ada@acme", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
)
# Frozen: others hold notes and keys like these.
ADAS_KEY = "ada@acme+25444d71+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

NOTE_LINE = (
    "JURNcfliVKqn9yKEWiLYDXoLygm7klhZ0hioxK2s5Y69UZnTRHxA2vXZukWQEZCPz9I9pce1yJex6XNOcCw1pEZRCAQ="
)


def test_keys_and_notes_have_the_form_they_always_had() -> None:
    assert str(ADA.public) == ADAS_KEY
    assert ADA.sign(DIGEST) == (f"awgp.bundle.v1\n{DIGEST}\n\n— ada@acme {NOTE_LINE}\n")
    assert AuthorKey.parse(ADAS_KEY) == ADA.public
    assert SigningKey.parse(ADA.secret_text()).public == ADA.public
    with pytest.raises(AuthorKeyInvalid, match="this is the private key"):
        AuthorKey.parse(ADA.secret_text())
    assert "AAECAwQF" not in repr(ADA), "a private key is not told"


def test_a_signature_holds_over_its_own_digest_alone() -> None:
    (line,) = read_note(ADA.sign(DIGEST), DIGEST)
    assert line.names(ADA.public)
    assert holds(DIGEST, line.signature, ADA.public.public_key)
    assert not holds(OTHER, line.signature, ADA.public.public_key)
    assert not holds(DIGEST, line.signature, SigningKey.generate("b").public.public_key)
    with pytest.raises(SignatureInvalid, match="another bundle"):
        read_note(ADA.sign(DIGEST), OTHER)


@given(st.integers(0, 511), st.integers(0, 7))
def test_no_bit_of_a_signature_or_key_can_be_turned(byte: int, bit: int) -> None:
    (line,) = read_note(ADA.sign(DIGEST), DIGEST)
    signature, key = bytearray(line.signature), bytearray(ADA.public.public_key)
    turned = signature if byte % 3 else key
    turned[byte % len(turned)] ^= 1 << bit
    assert not holds(DIGEST, bytes(signature), bytes(key))


@given(
    st.text(max_size=200)
    | st.binary(max_size=100).map(lambda each: base64.b64encode(each).decode())
)
def test_no_text_is_read_otherwise_than_by_refusing(noise: str) -> None:
    for text in (noise, f"awgp.bundle.v1\n{DIGEST}\n\n{noise}\n", ADA.sign(DIGEST) + noise + "\n"):
        with pytest.raises(SignatureInvalid):
            read_note(text, DIGEST)
    for text in (noise, f"ada+{noise}", ADAS_KEY + noise + "x", f"PRIVATE+KEY+{noise}"):
        for parse in (AuthorKey.parse, SigningKey.parse):
            with pytest.raises(AuthorKeyInvalid):
                parse(text)


def test_several_may_sign_one_bundle_and_one_signs_it_once() -> None:
    bob = SigningKey.generate("bob")
    both = bob.sign(DIGEST, beside=ADA.sign(DIGEST))
    assert [each.name for each in read_note(both, DIGEST)] == ["ada@acme", "bob"]
    assert ADA.sign(DIGEST, beside=both).count("— ") == 2


def test_a_key_lies_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path, bundle = tmp_path / "ada.key", tmp_path / "b.tar.gz"
    public = write_key(path, ADA)
    assert public.read_text() == f"{ADAS_KEY}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileRefused, match="there already"):
        write_key(path, ADA)
    for there, other in ((".pub", ""), ("", ".pub")):
        (tmp_path / f"bob{there}").touch()
        with pytest.raises(KeyFileRefused, match="there already"):
            write_key(tmp_path / "bob", ADA)
        assert not (tmp_path / f"bob{other}").exists(), "half a pair is left"
        (tmp_path / f"bob{there}").unlink()
    assert sign_file(bundle, DIGEST, read_key(path)) == tmp_path / "b.tar.gz.sig"
    assert note_for(bundle, DIGEST, key=None, signature=None) == ADA.sign(DIGEST)
    sign_file(bundle, OTHER, ADA)  # it was packed anew since
    assert note_for(bundle, OTHER, key=None, signature=None) == ADA.sign(OTHER)
    path.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="by others"):
        read_key(path)
