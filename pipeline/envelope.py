"""Secrets at rest: AES-256-GCM envelopes under key-encryption keys that live outside the database.

    envelope = 0x01 || length of key id (1 byte) || key id (ASCII) || nonce (12) || ciphertext+tag
    associated data = tenant id (16 bytes) || row id (16 bytes) || purpose (UTF-8)

The associated data ties an envelope to its row and use: copied to another tenant, another row
or another column it does not open.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.errors import AwgpError

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class EnvelopeInvalid(AwgpError):
    """An envelope does not open: altered, misplaced, or sealed under a key not on the ring."""


class KeyRingInvalid(AwgpError):
    """The key file cannot be read as `key_id:base64` lines; the message never shows a key."""


def key_id_of(envelope: bytes) -> str:
    """Return the id of the key an envelope is sealed under.

    Raises:
        EnvelopeInvalid: The header is not one of ours.
    """
    return _parse(envelope)[0]


def _parse(envelope: bytes) -> tuple[str, bytes, bytes]:
    """Split an envelope into key id, nonce and ciphertext."""
    if len(envelope) < 2 or envelope[0] != VERSION:
        raise EnvelopeInvalid("this is not a version 1 envelope")
    end = 2 + envelope[1]
    if len(envelope) < end + NONCE_BYTES + TAG_BYTES:
        raise EnvelopeInvalid("the envelope is cut short")
    key_id = envelope[2:end].decode("ascii", "replace")
    if not _KEY_ID.fullmatch(key_id):
        raise EnvelopeInvalid("the envelope's key id is not one of ours")
    return key_id, envelope[end : end + NONCE_BYTES], envelope[end + NONCE_BYTES :]


def _associated_data(tenant_id: UUID, row_id: UUID, purpose: str) -> bytes:
    return tenant_id.bytes + row_id.bytes + purpose.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """Key-encryption keys by id, newest first: the first seals, any opens."""

    keys: Mapping[str, bytes] = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def __post_init__(self) -> None:
        """Refuse an empty ring and keys of a wrong shape.

        Raises:
            KeyRingInvalid: With the id of the key at fault, never the key.
        """
        if not self.keys:
            raise KeyRingInvalid("the key ring is empty: write one `key_id:base64` line")
        for key_id, key in self.keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeyRingInvalid("a key id has 1 to 64 letters, digits, dots, _ or -")
            if len(key) != KEY_BYTES:
                raise KeyRingInvalid(f"key {key_id} has {len(key)} bytes, not {KEY_BYTES}")

    @classmethod
    def from_text(cls, *texts: str) -> "KeyRing":
        """Read `key_id:base64` lines, newest first; blank lines and `#` lines are skipped.

        Raises:
            KeyRingInvalid: A line is malformed or a key id is used twice.
        """
        keys: dict[str, bytes] = {}
        for key_id, key in _lines(texts):
            if key_id in keys:
                raise KeyRingInvalid(f"key id {key_id} appears twice")
            keys[key_id] = key
        return cls(keys=keys)

    @classmethod
    def from_files(cls, *paths: Path) -> "KeyRing":
        """Read key files, the newest first.

        Raises:
            KeyRingInvalid: A file cannot be read or parsed.
        """
        try:
            return cls.from_text(*(path.read_text("ascii") for path in paths))
        except (OSError, UnicodeDecodeError) as exc:
            names = ", ".join(str(path) for path in paths)
            raise KeyRingInvalid(f"cannot read the key file ({names})") from exc

    @property
    def sealing_key_id(self) -> str:
        """The id of the key that new envelopes are sealed under."""
        return next(iter(self.keys))

    def seal(self, plaintext: bytes, *, tenant_id: UUID, row_id: UUID, purpose: str) -> bytes:
        """Encrypt a secret for one row and one purpose under the newest key."""
        key_id = self.sealing_key_id
        nonce = self.random_bytes(NONCE_BYTES)
        sealed = AESGCM(self.keys[key_id]).encrypt(
            nonce, plaintext, _associated_data(tenant_id, row_id, purpose)
        )
        return bytes([VERSION, len(key_id)]) + key_id.encode("ascii") + nonce + sealed

    def open(self, envelope: bytes, *, tenant_id: UUID, row_id: UUID, purpose: str) -> bytes:
        """Decrypt an envelope where it belongs.

        Raises:
            EnvelopeInvalid: Altered, moved from its row or purpose, or its key is not on the ring.
        """
        key_id, nonce, sealed = _parse(envelope)
        if key_id not in self.keys:
            raise EnvelopeInvalid(f"key {key_id} is not on the ring")
        try:
            return AESGCM(self.keys[key_id]).decrypt(
                nonce, sealed, _associated_data(tenant_id, row_id, purpose)
            )
        except InvalidTag as exc:
            raise EnvelopeInvalid(
                f"the envelope does not open here under key {key_id}: altered or misplaced"
            ) from exc

    def rewrap(self, envelope: bytes, *, tenant_id: UUID, row_id: UUID, purpose: str) -> bytes:
        """Seal again under the newest key; an envelope already under it comes back unchanged.

        Raises:
            EnvelopeInvalid: The envelope does not open.
        """
        plaintext = self.open(envelope, tenant_id=tenant_id, row_id=row_id, purpose=purpose)
        if key_id_of(envelope) == self.sealing_key_id:
            return envelope
        return self.seal(plaintext, tenant_id=tenant_id, row_id=row_id, purpose=purpose)


def _lines(texts: Iterable[str]) -> Iterable[tuple[str, bytes]]:
    for text in texts:
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key_id, colon, encoded = line.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError) as exc:
                raise KeyRingInvalid(f"line {number} of a key file is not base64") from exc
            if not colon:
                raise KeyRingInvalid(f"line {number} of a key file is not `key_id:base64`")
            yield key_id, key
