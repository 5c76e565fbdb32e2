"""The forms secrets have: who makes them, how they are written, how they are kept."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.registry_names import FieldInvalid

FIELD: Final = "secret"
PUBLIC_KEY: Final = b"whpk_"
_PREFIX: Final = "whsec_"
_TEXT = re.compile(r"[!-~](?:[ -~]{0,510}[!-~])?")


class SecretForm(Protocol):
    """How the secrets of a scheme look.

    Attributes:
        made_here: Whether we make one where none is given; else the sender's side makes it.
        hint: What one looks like, for a form.
    """

    @property
    def made_here(self) -> bool: ...

    @property
    def hint(self) -> str: ...

    def make(self) -> bytes:
        """A fresh one, as it is kept."""
        ...

    def read(self, told: str) -> bytes:
        """What is kept of a secret that a person typed.

        Raises:
            FieldInvalid: It is none; the message quotes nothing of it.
        """
        ...

    def tell(self, secret: bytes) -> str:
        """What a person is told of what is kept."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes, kept as those bytes.

    Args:
        public_keys: Whether `whpk_` and base64 of an Ed25519 public key counts as well; kept as
            that text, which no HMAC secret may be.
    """

    public_keys: bool = True
    made_here: bool = True

    @property
    def hint(self) -> str:
        return "whsec_… (base64)" + (", or a public key whpk_…" if self.public_keys else "")

    def make(self) -> bytes:
        return secrets.token_bytes(32)

    def read(self, told: str) -> bytes:
        text = told.strip()
        if self.public_keys and text.startswith(PUBLIC_KEY.decode()):
            return _public_key(text)
        raw = _base64(text.removeprefix(_PREFIX))
        if raw is None or not 24 <= len(raw) <= 64 or raw.startswith(PUBLIC_KEY):
            raise FieldInvalid(FIELD, f"must be {_PREFIX} and base64 of 24 to 64 bytes")
        return raw

    def tell(self, secret: bytes) -> str:
        if secret.startswith(PUBLIC_KEY):
            return secret.decode()
        return _PREFIX + base64.b64encode(secret).decode()


@dataclass(frozen=True, slots=True)
class TextSecret:
    """A text, kept as it is.

    Args:
        shortest: Characters.
    """

    made_here: bool = True
    shortest: int = 16
    hint: str = "a text"

    def make(self) -> bytes:
        return secrets.token_urlsafe(32).encode()

    def read(self, told: str) -> bytes:
        text = told.strip("\r\n")
        if len(text) < self.shortest or not _TEXT.fullmatch(text):
            raise FieldInvalid(
                FIELD,
                f"must be {self.shortest} to 512 printable ASCII characters, none of them a space"
                " at either end",
            )
        return text.encode()

    def tell(self, secret: bytes) -> str:
        return secret.decode()


@dataclass(frozen=True, slots=True)
class EncodedSecret:
    """Bytes that are told in base64 or hexadecimal, kept as those bytes."""

    encoding: str
    made_here: bool = True
    shortest: int = 16

    @property
    def hint(self) -> str:
        return self.encoding

    def make(self) -> bytes:
        return secrets.token_bytes(32)

    def read(self, told: str) -> bytes:
        text = told.strip()
        raw = _base64(text) if self.encoding == "base64" else _hexadecimal(text)
        if raw is None or not self.shortest <= len(raw) <= 512:
            raise FieldInvalid(FIELD, f"must be {self.encoding} of {self.shortest} to 512 bytes")
        return raw

    def tell(self, secret: bytes) -> str:
        return base64.b64encode(secret).decode() if self.encoding == "base64" else secret.hex()


def _hexadecimal(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _public_key(text: str) -> bytes:
    raw = _base64(text.removeprefix(PUBLIC_KEY.decode()))
    try:
        Ed25519PublicKey.from_public_bytes(raw or b"")
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise FieldInvalid(FIELD, "must be whpk_ and base64 of an Ed25519 public key") from error
    return PUBLIC_KEY + base64.b64encode(raw or b"")


def _base64(text: str) -> bytes | None:
    """Decoded; None for anything that has more than one spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
