"""Signed tree heads: C2SP tlog-checkpoint bodies in C2SP signed notes, with Ed25519.

    awgp/<tenant uuid>                      origin
    <size>                                  entries covered
    <base64 root>                           RFC 6962 root over leaf_hash(body)
    chain <base64 hash>                     hash_n of the entry at `size`
    time <RFC 3339, UTC>                    when it was signed
    rewinds <n>                             only where n > 0: restores this history went through
    rewind-from <size> <base64 root>        only in the note of a restore: what was signed before
    rewind-reason <text>                    only there: why
                                            (empty line)
    — <key name> <base64(key id || signature)>

key id = SHA-256(key name || 0x0A || 0x01 || public key)[:4]. https://c2sp.org/signed-note,
https://c2sp.org/tlog-checkpoint. Signing, and what is remembered to sign safely, is signer.py.
"""

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.audit import HASH_BYTES, AuditRecordInvalid, Head, read_time, write_time
from pipeline.errors import AwgpError
from pipeline.merkle import MAX_SIZE

ED25519_TYPE = b"\x01"
KEY_ID_BYTES = 4
MAX_NOTE_BYTES = 65_536
MAX_SIGNATURES = 64  # the specification asks for at least 16
MAX_REASON_CHARACTERS = 200
SIGNER_FORMAT = "awgp.signer.v1"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,128}")


class CheckpointInvalid(AwgpError):
    """A note that is no checkpoint of ours, or whose signature does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewind:
    """What a restore's note says: the head signed before it, and why it was given up."""

    from_size: int
    from_root: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One signed statement: at `time`, this tenant's log had `size` entries under `root`."""

    tenant_id: UUID
    size: int
    root: bytes
    chain_hash: bytes
    time: datetime
    rewinds: int = 0
    rewind: Rewind | None = None

    @property
    def head(self) -> Head:
        """The log's head as this checkpoint states it."""
        return Head(size=self.size, root=self.root, chain_hash=self.chain_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """A signer's public side: what travels with an export, trusted by fingerprint only."""

    key_name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse names a signature line cannot carry and keys of another length.

        Raises:
            CheckpointInvalid: Names the member.
        """
        if not _KEY_NAME.fullmatch(self.key_name):
            raise CheckpointInvalid("a key name has no spaces and no plus, and is not empty")
        if len(self.public_key) != 32:
            raise CheckpointInvalid("an Ed25519 public key has 32 bytes")

    @property
    def fingerprint(self) -> str:
        """What an auditor gets out of band."""
        return fingerprint(self.public_key)

    def to_bytes(self) -> bytes:
        """Write the file that travels as `signers/<fingerprint>.pub`."""
        key = base64.b64encode(self.public_key).decode()
        members = {"format": SIGNER_FORMAT, "key_name": self.key_name, "public_key": key}
        return rfc8785.dumps(members) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> "SignerKey":
        """Read what `to_bytes` wrote.

        Raises:
            CheckpointInvalid: Any other bytes.
        """
        try:
            members = json.loads(data)
            found = cls(
                key_name=members["key_name"], public_key=base64.b64decode(members["public_key"])
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise CheckpointInvalid("this is no signer's public key file") from exc
        if found.to_bytes() != data:
            raise CheckpointInvalid("this is no signer's public key file in canonical form")
        return found


def fingerprint(public_key: bytes | Ed25519PublicKey) -> str:
    """Return `sha256:<hex>` of the 32 raw bytes: what `--trust-root` takes."""
    return "sha256:" + hashlib.sha256(_raw(public_key)).hexdigest()


def key_id(key_name: str, public_key: bytes | Ed25519PublicKey) -> bytes:
    """Return the four bytes that name a key on a signature line."""
    named = key_name.encode() + b"\n" + ED25519_TYPE + _raw(public_key)
    return hashlib.sha256(named).digest()[:KEY_ID_BYTES]


def origin(tenant_id: UUID) -> str:
    """Return the first line of a tenant's checkpoints."""
    return f"awgp/{tenant_id}"


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Write the note's text, the bytes a signature covers."""
    lines = [
        origin(checkpoint.tenant_id),
        str(checkpoint.size),
        _encode(checkpoint.root),
        f"chain {_encode(checkpoint.chain_hash)}",
        f"time {write_time(checkpoint.time)}",
    ]
    if checkpoint.rewinds:
        lines.append(f"rewinds {checkpoint.rewinds}")
    if checkpoint.rewind is not None:
        rewind = checkpoint.rewind
        lines.append(f"rewind-from {rewind.from_size} {_encode(rewind.from_root)}")
        lines.append(f"rewind-reason {rewind.reason}")
    return "\n".join(lines) + "\n"


def sign_checkpoint(checkpoint: Checkpoint, private_key: Ed25519PrivateKey, key_name: str) -> str:
    """Return the signed note; says nothing about whether it ought to be signed (`Signer` does)."""
    text = checkpoint_text(checkpoint)
    public = private_key.public_key()
    signature = key_id(key_name, public) + private_key.sign(text.encode())
    return f"{text}\n— {key_name} {_encode(signature)}\n"


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a note's text. Nothing of it is proven: use `verify_checkpoint`.

    Raises:
        CheckpointInvalid: Not a checkpoint in the one form `checkpoint_text` writes.
    """
    text, _ = _split_note(note)
    lines = text.removesuffix("\n").split("\n")
    try:
        found = _read_lines(lines)
    except (ValueError, IndexError, AuditRecordInvalid) as exc:
        raise CheckpointInvalid(f"a checkpoint's lines are malformed: {exc}") from exc
    if checkpoint_text(found) != text:
        raise CheckpointInvalid("a checkpoint is not in its canonical form")
    return found


def verify_checkpoint(note: str, key: SignerKey | Ed25519PublicKey) -> Checkpoint:
    """Check that a key signed this checkpoint, and return it.

    Signatures by other keys (witnesses) are ignored, as the specification asks. A bare public
    key is found under whatever name a line carries; a `SignerKey` only under its own.

    Raises:
        CheckpointInvalid: Malformed, not signed by this key, or the signature does not hold.
    """
    text, signatures = _split_note(note)
    raw = key.public_key if isinstance(key, SignerKey) else _raw(key)
    names = {key.key_name} if isinstance(key, SignerKey) else {name for name, _ in signatures}
    known = [sig for name, sig in signatures if name in names and sig[:4] == key_id(name, raw)]
    if not known:
        raise CheckpointInvalid(f"the checkpoint is not signed by {fingerprint(raw)}")
    for signature in known:
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], text.encode())
        except InvalidSignature as exc:
            raise CheckpointInvalid("the checkpoint's signature does not hold") from exc
    return parse_checkpoint(note)


def check_reason(reason: str) -> str:
    """Return a reason that fits one line of a note.

    Raises:
        CheckpointInvalid: Empty, too long, or with characters a note cannot carry.
    """
    printable = all(unicodedata.category(character)[0] != "C" for character in reason)
    if not printable or reason != reason.strip() or not 1 <= len(reason) <= MAX_REASON_CHARACTERS:
        raise CheckpointInvalid(f"a reason is one line of 1 to {MAX_REASON_CHARACTERS} characters")
    return reason


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Split a note into its text and its (key name, key id || signature) lines."""
    try:
        size = len(note.encode())
    except UnicodeEncodeError as exc:
        raise CheckpointInvalid("a note is not UTF-8") from exc
    if size > MAX_NOTE_BYTES:
        raise CheckpointInvalid(f"a note has at most {MAX_NOTE_BYTES} bytes")
    if _CONTROL.search(note):
        raise CheckpointInvalid("a note has no control characters but newlines")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise CheckpointInvalid("a note is a text, an empty line and signature lines")
    signatures = lines.removesuffix("\n").split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise CheckpointInvalid(f"a note has at most {MAX_SIGNATURES} signatures")
    return text + "\n", [_signature_line(line) for line in signatures]


def _signature_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—" or not _KEY_NAME.fullmatch(name):
        raise CheckpointInvalid("a signature line does not read `— <key name> <base64>`")
    return name, _decode(encoded)


def _read_lines(lines: list[str]) -> Checkpoint:
    fields = dict(line.split(" ", 1) for line in lines[3:])
    prefix, _, tenant = lines[0].partition("/")
    if prefix != "awgp" or not _SIZE.fullmatch(lines[1]):
        raise CheckpointInvalid("a checkpoint's origin or size is malformed")
    rewind = None
    if "rewind-from" in fields:
        from_size, _, from_root = fields["rewind-from"].partition(" ")
        rewind = Rewind(
            from_size=_size(from_size),
            from_root=_hash(from_root),
            reason=check_reason(fields.get("rewind-reason", "")),
        )
    return Checkpoint(
        tenant_id=UUID(tenant),
        size=_size(lines[1]),
        root=_hash(lines[2]),
        chain_hash=_hash(fields.get("chain", "")),
        time=read_time(fields.get("time", "")),
        rewinds=_size(fields.get("rewinds", "0")),
        rewind=rewind,
    )


def _size(text: str) -> int:
    if not _SIZE.fullmatch(text) or int(text) > MAX_SIZE:
        raise CheckpointInvalid("a size is a decimal number below 2^63 without leading zeroes")
    return int(text)


def _hash(encoded: str) -> bytes:
    value = _decode(encoded)
    if len(value) != HASH_BYTES:
        raise CheckpointInvalid(f"a hash has {HASH_BYTES} bytes")
    return value


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decode(encoded: str) -> bytes:
    try:
        value = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise CheckpointInvalid("a note holds malformed base64") from exc
    if _encode(value) != encoded:
        raise CheckpointInvalid("a note holds base64 that is not canonical")
    return value


def _raw(public_key: bytes | Ed25519PublicKey) -> bytes:
    return public_key if isinstance(public_key, bytes) else public_key.public_bytes_raw()
