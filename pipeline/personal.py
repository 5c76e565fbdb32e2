"""Personal data in the audit trail, so that it can be forgotten without breaking the chain.

What is personal is encrypted under its subject's own key before it is hashed into the chain;
what must be comparable is a commitment (an HMAC) under the same key. Erasing the key erases the
meaning; the bytes, and so every hash over them, stay.

    encryption key = HKDF-SHA-256(subject key, info "awgp.personal.encrypt.v1")
    commitment key = HKDF-SHA-256(subject key, info "awgp.personal.commit.v1")
    ciphertext     = nonce (12) || AES-256-GCM ciphertext+tag
    associated     = "awgp.personal.v1" 0x00 || tenant (36 ASCII) || record id (36 ASCII)
                     || length of key id (1 byte) || key id || subject_ref
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.errors import AwgpError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class PersonalInvalid(AwgpError):
    """A personal envelope is malformed, altered, misplaced, or its key is another's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Encrypted personal content as it stands in an audit record.

    `subject_ref` is opaque: it names a row of the key store, never a person.
    """

    subject_ref: str
    key_id: str
    ciphertext: bytes

    def __post_init__(self) -> None:
        """Refuse references that could carry personal data in the clear.

        Raises:
            PersonalInvalid: A member is malformed.
        """
        for name, value in (("subject_ref", self.subject_ref), ("key_id", self.key_id)):
            if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
                raise PersonalInvalid(f"personal.{name} must be 1 to 128 of A-Z a-z 0-9 . _ : -")
        if len(self.ciphertext) < NONCE_BYTES + TAG_BYTES:
            raise PersonalInvalid("personal.ciphertext is cut short")

    def to_json(self) -> dict[str, str]:
        """Return the three members as the format writes them (ciphertext in base64)."""
        return {
            "subject_ref": self.subject_ref,
            "key_id": self.key_id,
            "ciphertext": base64.b64encode(self.ciphertext).decode(),
        }

    @classmethod
    def from_json(cls, data: object) -> "Personal":
        """Read what `to_json` wrote.

        Raises:
            PersonalInvalid: Members are missing, unknown or malformed.
        """
        if not isinstance(data, Mapping) or set(data) != {"subject_ref", "key_id", "ciphertext"}:
            raise PersonalInvalid("personal must have subject_ref, key_id and ciphertext only")
        try:
            ciphertext = base64.b64decode(data["ciphertext"], validate=True)
        except (binascii.Error, TypeError, ValueError) as exc:
            raise PersonalInvalid("personal.ciphertext is not base64") from exc
        found = cls(subject_ref=data["subject_ref"], key_id=data["key_id"], ciphertext=ciphertext)
        if found.to_json() != dict(data):
            raise PersonalInvalid("personal.ciphertext is not canonical base64")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """One subject's key: 32 random bytes kept outside the audit tables and their backups."""

    subject_ref: str
    key_id: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length.

        Raises:
            PersonalInvalid: The key has not 32 bytes.
        """
        if len(self.key) != KEY_BYTES:
            raise PersonalInvalid(f"a subject's key has {KEY_BYTES} bytes, not {len(self.key)}")


def new_subject_key(*, subject_ref: str, key_id: str) -> SubjectKey:
    """Make a fresh random key for a subject."""
    return SubjectKey(subject_ref=subject_ref, key_id=key_id, key=os.urandom(KEY_BYTES))


def seal_personal(
    key: SubjectKey,
    content: Mapping[str, Any],
    *,
    tenant_id: UUID,
    record_id: UUID,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Personal:
    """Encrypt personal content for one audit record.

    Args:
        content: JSON without floats; written as RFC 8785 before encryption.
        random_bytes: Source of the nonce; only golden vectors give another.
    """
    nonce = random_bytes(NONCE_BYTES)
    sealed = AESGCM(_derive(key.key, b"awgp.personal.encrypt.v1")).encrypt(
        nonce,
        rfc8785.dumps(dict(content)),
        _associated_data(tenant_id, record_id, key.key_id, key.subject_ref),
    )
    return Personal(subject_ref=key.subject_ref, key_id=key.key_id, ciphertext=nonce + sealed)


def open_personal(
    key: SubjectKey, personal: Personal, *, tenant_id: UUID, record_id: UUID
) -> dict[str, Any]:
    """Decrypt personal content where it belongs.

    Raises:
        PersonalInvalid: Altered, moved to another record, tenant or subject, or another key.
    """
    nonce, sealed = personal.ciphertext[:NONCE_BYTES], personal.ciphertext[NONCE_BYTES:]
    associated = _associated_data(tenant_id, record_id, personal.key_id, personal.subject_ref)
    try:
        plaintext = AESGCM(_derive(key.key, b"awgp.personal.encrypt.v1")).decrypt(
            nonce, sealed, associated
        )
    except InvalidTag as exc:
        raise PersonalInvalid(
            f"the personal content of record {record_id} does not open under key {key.key_id}"
        ) from exc
    content: dict[str, Any] = json.loads(plaintext)
    return content


def commitment(key: SubjectKey, content: bytes) -> str:
    """Return the HMAC-SHA-256 (hex) that stands for a digest of personal content.

    A plain digest of a name or an address can be guessed; this one only by who holds the key,
    and by nobody once the key is erased.
    """
    return hmac.new(
        _derive(key.key, b"awgp.personal.commit.v1"), content, hashlib.sha256
    ).hexdigest()


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def _associated_data(tenant_id: UUID, record_id: UUID, key_id: str, subject_ref: str) -> bytes:
    name = key_id.encode()
    ids = str(tenant_id).encode() + str(record_id).encode()
    return b"awgp.personal.v1\x00" + ids + bytes([len(name)]) + name + subject_ref.encode()
