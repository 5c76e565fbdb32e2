"""An author's word for a bundle: its digest in a C2SP signed note, with Ed25519.

    awgp.bundle.v1
    sha256:<64 hex digits>              of the packed bundle
                                        (empty line)
    — <key name> <base64(key id || signature)>

A key is written as that specification has it, so other tools can make and read one:

    <key name>+<key id, hex>+<base64(0x01 || public key)>
    PRIVATE+KEY+<key name>+<key id, hex>+<base64(0x01 || seed)>

key id = SHA-256(key name || 0x0A || 0x01 || public key)[:4]. https://c2sp.org/signed-note
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.errors import AwgpError

TAG: Final = "awgp.bundle.v1"
ED25519: Final = b"\x01"
KEY_ID_BYTES: Final = 4
SIGNATURE_BYTES: Final = 64
MAX_NOTE_BYTES: Final = 8192
MAX_SIGNATURES: Final = 16
PRIVATE: Final = "PRIVATE+KEY+"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")


class AuthorKeyInvalid(AwgpError):
    """A key that is not written as one is."""


class SignatureInvalid(AwgpError):
    """A note that is none, is about another bundle, or does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorKey:
    """An author's public key, under the name it signs with."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a note.

        Raises:
            AuthorKeyInvalid: As it says.
        """
        if not _NAME.fullmatch(self.name):
            raise AuthorKeyInvalid("a key's name has letters, digits and . _ @ -, at most 63")
        if len(self.public_key) != 32:
            raise AuthorKeyInvalid("an Ed25519 public key has 32 bytes")

    @property
    def fingerprint(self) -> str:
        """`sha256:` and 64 hex digits over the 32 bytes: what people compare."""
        return "sha256:" + hashlib.sha256(self.public_key).hexdigest()

    @property
    def short_id(self) -> bytes:
        """The four bytes that name it on a signature line."""
        named = self.name.encode() + b"\n" + ED25519 + self.public_key
        return hashlib.sha256(named).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public_key).decode()
        return f"{self.name}+{self.short_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> "AuthorKey":
        """Read what `str()` writes.

        Raises:
            AuthorKeyInvalid: Any other text.
        """
        if text.startswith(PRIVATE):
            raise AuthorKeyInvalid(
                "this is the private key, which stays with its author; the public one is in .pub"
            )
        name, _, rest = text.partition("+")
        try:
            raw = base64.b64decode(rest.partition("+")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise AuthorKeyInvalid("a key reads NAME+ID+BASE64") from error
        found = cls(name=name, public_key=raw[1:])
        if str(found) != text:
            raise AuthorKeyInvalid("a key reads NAME+ID+BASE64, and its id and name belong to it")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An author's key pair."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> "SigningKey":
        """Make a new one.

        Raises:
            AuthorKeyInvalid: The name cannot stand in a note.
        """
        made = cls(name=name, private_key=Ed25519PrivateKey.generate())
        _ = made.public
        return made

    @property
    def public(self) -> AuthorKey:
        """Its public side."""
        raw = self.private_key.public_key().public_bytes_raw()
        return AuthorKey(name=self.name, public_key=raw)

    def secret_text(self) -> str:
        """The private side, as it is kept in a file."""
        seed = base64.b64encode(ED25519 + self.private_key.private_bytes_raw()).decode()
        return f"{PRIVATE}{self.name}+{self.public.short_id.hex()}+{seed}"

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read what `secret_text` writes.

        Raises:
            AuthorKeyInvalid: Any other text; the message holds nothing of it.
        """
        name, _, rest = text.removeprefix(PRIVATE).partition("+")
        try:
            raw = base64.b64decode(rest.partition("+")[2], validate=True)
            found = cls(name=name, private_key=Ed25519PrivateKey.from_private_bytes(raw[1:]))
            same = found.secret_text() == text
        except (binascii.Error, ValueError, AuthorKeyInvalid) as error:
            raise AuthorKeyInvalid("this is no private key of an author") from error
        if not same:
            raise AuthorKeyInvalid("this is no private key of an author")
        return found

    def sign(self, digest: str, beside: str | None = None) -> str:
        """The note over a bundle's digest.

        Args:
            beside: A note over the same digest, whose other signatures are kept.

        Raises:
            SignatureInvalid: `beside` is about another bundle.
        """
        text = _text(digest)
        kept = [] if beside is None else read_note(beside, digest)
        signature = self.public.short_id + self.private_key.sign(text.encode())
        lines = [(each.name, each.encoded) for each in kept if each.name != self.name]
        lines.append((self.name, base64.b64encode(signature).decode()))
        return f"{text}\n" + "".join(f"— {name} {encoded}\n" for name, encoded in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One line of a note; nothing of it is proven."""

    name: str
    short_id: bytes
    signature: bytes

    @property
    def encoded(self) -> str:
        """As the line has it."""
        return base64.b64encode(self.short_id + self.signature).decode()

    def names(self, key: AuthorKey) -> bool:
        """Whether it says that this key made it."""
        return self.name == key.name and self.short_id == key.short_id


def read_note(unverified: str, digest: str) -> list[Signature]:
    """The signatures of a note over a bundle's digest.

    Raises:
        SignatureInvalid: It is no such note, or about another bundle.
    """
    if len(unverified.encode("utf-8", "surrogateescape")) > MAX_NOTE_BYTES:
        raise SignatureInvalid(f"a signature has at most {MAX_NOTE_BYTES} bytes")
    text, separator, rest = unverified.partition("\n\n")
    if not separator or not text.startswith(f"{TAG}\n") or not rest.endswith("\n"):
        raise SignatureInvalid("this is no signature of a bundle; `awgp bundle sign` makes one")
    if f"{text}\n" != _text(digest):
        raise SignatureInvalid(f"it signs another bundle than {digest}")
    lines = rest.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise SignatureInvalid(f"a bundle has at most {MAX_SIGNATURES} signatures")
    return [_line(each) for each in lines]


def holds(digest: str, signature: bytes, public_key: bytes) -> bool:
    """Whether these 64 bytes are this key's signature over this digest."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _text(digest).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(digest: str) -> str:
    return f"{TAG}\n{digest}\n"


def _line(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if dash != "—" or not _NAME.fullmatch(name) or len(raw) != KEY_ID_BYTES + SIGNATURE_BYTES:
        raise SignatureInvalid("a signature line reads `— NAME BASE64`")
    return Signature(name=name, short_id=raw[:KEY_ID_BYTES], signature=raw[KEY_ID_BYTES:])
