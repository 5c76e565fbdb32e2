#!/usr/bin/env python3
"""Verify an exported AWGP audit trail, offline. One file, standard library, Python >= 3.9.

    python awgp_verify.py FOLDER --trust-root sha256:<64 hex> [--checkpoint FILE] [--json]

FOLDER is one tenant's folder or a folder of such folders. The trust root is the fingerprint of
the signer's public key, got from a person and not from the export: the key that travels in the
folder is believed only if it has that fingerprint. `--checkpoint` is a signed head you got at
another time or by another way: it shows that nothing it covers has been taken back since.

What is done for each tenant, in this order:

 1. Layout: every file must have a name the format knows; nothing is followed, nothing skipped.
 2. Signers: each key file hashes to its name and to a trust root.
 3. Checkpoints: each hashes to its name, is this tenant's, and is signed by a known key. Their
    sizes, roots and times agree with one another; a rewind is believed only as a signed note.
 4. Manifests: in canonical form, in sequence from 1, without gap or overlap, each covered by a
    checkpoint in the folder.
 5. Leaf hashes: their tree has the root of each checkpoint up to some size. Up to there they are
    proven without reading a record, so that an altered record can be told from an altered list.
 6. Records, one at a time: gzip, one canonical line of format v1 each, this tenant's, the next
    sequence, `sealed_at` not before the one before, its own leaf hash, the chain.
 7. Heads: wherever a checkpoint stands, the records' own tree and chain must be what it signed.
 8. Files: each file's bytes are the ones its manifest names.
 9. The tail: entries beyond the last checkpoint are real but unproven.

Exit status: 0 proven; 1 not proven (something failed, the signer is unknown, or a tail is
uncovered); 2 the command itself was wrong. What this cannot see: entries nobody exported after
the last checkpoint, whose time is printed for that reason.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

BODY_FORMAT = "awgp.audit.v1"
MANIFEST_FORMAT = "awgp.export.v1"
SIGNER_FORMAT = "awgp.signer.v1"
GENESIS_PREFIX = b"awgp.audit.genesis.v1\x00"
CHAIN_PREFIX = b"awgp.audit.v1\x00"

MAX_LINE_BYTES = 1_048_576  # the format's own limit on a body
MAX_NOTE_BYTES = 65_536
MAX_MANIFEST_BYTES = 16_384
MAX_SIGNER_BYTES = 1_024
MAX_SIGNATURES = 64  # signed-note asks for at least 16
MAX_INTEGER = 2**53 - 1  # RFC 8785: a JSON number beyond it is not exact
MAX_FILES = 10_000_000
CHUNK_BYTES = 65_536
HASH_BYTES = 32

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
SEGMENT_NAME = re.compile(r"segments/([0-9]{20})-([0-9]{20})\.(jsonl\.gz|leaves|manifest\.json)")
CHECKPOINT_NAME = re.compile(r"checkpoints/([0-9]{20})-([0-9a-f]{16})\.note")
SIGNER_NAME = re.compile(r"signers/([0-9a-f]{64})\.pub")
FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
HEX_HASH = re.compile(r"[0-9a-f]{64}")
KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,128}")
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class VerificationError(Exception):
    """The one error of this file: what is wrong, and where as exactly as can be known."""

    def __init__(
        self, what: str, *, file: str = "", line: int | None = None, sequence: int | None = None
    ) -> None:
        """Keep the place; `line` counts from 1, `sequence` is the entry's place in the log."""
        self.what, self.file, self.line, self.sequence = what, file, line, sequence
        super().__init__(self.__str__())

    def __str__(self) -> str:
        """Say it in one line."""
        place = self.file
        if self.line is not None:
            place += f" line {self.line}"
        if self.sequence is not None:
            place = f"{place} (sequence {self.sequence})".strip()
        return f"{place}: {self.what}" if place else self.what


# --- Ed25519 (RFC 8032, 5.1), verification only ----------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended homogeneous: x = X/Z, y = Y/Z, xy = T/Z
IDENTITY: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    """Add two points (RFC 8032, 5.1.4: complete, so it also doubles)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    left, low, high, right = f - e, h - g, h + g, f + e
    return left * low % P, high * right % P, low * high % P, left * right % P


def _recover(encoded: bytes) -> Point | None:
    """Decode a point (RFC 8032, 5.1.3); None for any encoding that is not canonical."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature holds: [S]B = R + [k]A, with S reduced and R canonical."""
    point = _recover(public_key) if len(public_key) == 32 else None
    base = _recover((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if point is None or base is None or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus = (P - point[0], point[1], 1, P - point[3])
    table = (IDENTITY, base, minus, _add(base, minus))
    total = IDENTITY
    for bit in range(max(scalar.bit_length(), challenge.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        total = _add(total, table[(scalar >> bit & 1) | (challenge >> bit & 1) << 1])
    inverse = pow(total[2], P - 2, P)
    x, y = total[0] * inverse % P, total[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# --- Hashes: the chain and the tree (RFC 6962, 2.1) --------------------------------------------


class Tree:
    """The roots of the perfect subtrees so far, largest first: enough to append and to sum up."""

    def __init__(self) -> None:
        """Begin empty."""
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        bits = self.size
        while bits & 1:
            leaf = hashlib.sha256(b"\x01" + self._hashes.pop() + leaf).digest()
            bits >>= 1
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root hash of all leaves so far."""
        if not self._hashes:
            return hashlib.sha256(b"").digest()
        root = self._hashes[-1]
        for subtree in reversed(self._hashes[:-1]):
            root = hashlib.sha256(b"\x01" + subtree + root).digest()
        return root


def _chain(previous: bytes, body: bytes) -> bytes:
    return hashlib.sha256(CHAIN_PREFIX + previous + body).digest()


# --- Canonical JSON (RFC 8785, without floats) -------------------------------------------------


def _refuse(what: str) -> NoReturn:
    raise ValueError(what)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object in canonical order: by UTF-16 code units (RFC 8785, 3.2.3)."""
    found = dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass")))
    if len(found) != len(pairs):
        _refuse("a member appears twice")
    return found


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        _refuse("a number is beyond 2^53 - 1")
    return int(text)


def parse_canonical(data: bytes) -> Any:
    """Parse JSON that is exactly its own RFC 8785 form (ValueError otherwise)."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=lambda _: _refuse("a number is not an integer"),
            parse_constant=lambda _: _refuse("a number is not finite"),
        )
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except RecursionError:
        _refuse("it is nested too deeply")
    except UnicodeError:
        _refuse("it is not UTF-8")
    except json.JSONDecodeError as exc:
        _refuse(f"it is not JSON ({exc.msg} at byte {exc.pos})")
    if again != data:
        _refuse("it is not in canonical form (RFC 8785)")
    return value


def _text(pattern: str) -> Any:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _members(**checks: Any) -> Any:
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(checks)
        and all(check(value[name]) for name, check in checks.items())
    )


def _is_time(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(TIME, value):
        return False
    try:
        datetime.fromisoformat(value[:-1])
    except ValueError:
        return False
    return True


_name = _text(r"[a-z][a-z0-9_]{0,63}")
_identifier = _text(r"[^\x00-\x1f\x7f]{1,256}")
_reference = _text(r"[A-Za-z0-9._:-]{1,128}")
BODY_MEMBERS = {
    "format": lambda value: value == BODY_FORMAT,
    "tenant": _text(UUID),
    "sequence": _text(r"[1-9][0-9]{0,18}"),
    "id": _text(UUID),
    "occurred_at": _is_time,
    "sealed_at": _is_time,
    "actor": _members(type=_name, id=_identifier),
    "action": _text(r"[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}"),
    "resource": _members(type=_name, id=_identifier),
    "before": lambda value: value is None or isinstance(value, dict),
    "after": lambda value: value is None or isinstance(value, dict),
    "metadata": lambda value: isinstance(value, dict),
    "personal": _members(
        subject_ref=_reference, key_id=_reference, ciphertext=_text(r"[A-Za-z0-9+/]{38,}={0,2}")
    ),
}


def parse_body(line: bytes) -> dict[str, Any]:
    """Parse a record of format v1 strictly (ValueError otherwise)."""
    body = parse_canonical(line)
    if not isinstance(body, dict):
        _refuse("it is not an object")
    for name in BODY_MEMBERS:
        if name not in body and name != "personal":
            _refuse(f"member {name} is missing")
    for name, value in body.items():
        if name not in BODY_MEMBERS:
            _refuse(f"member {name} is not of format v1")
        if not BODY_MEMBERS[name](value):
            _refuse(f"member {name} is malformed")
    return body


# --- What is read from a folder ----------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A signer's public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that name it on a signature line (signed-note)."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]


@dataclass(frozen=True)
class Checkpoint:
    """A signed head. `file` is where it was read, `external` whether it came from elsewhere."""

    file: str
    tenant: str
    size: int
    root: bytes
    chain: bytes
    time: str
    rewinds: int
    rewind_from: tuple[int, bytes] | None
    reason: str
    sha256: str
    length: int
    external: bool = False


@dataclass(frozen=True)
class Segment:
    """A manifest, checked for form."""

    file: str
    first: int
    last: int
    manifest: dict[str, Any]


@dataclass
class TenantReport:
    """What was found about one tenant; `failure` is None where everything held."""

    tenant: str
    entries: int = 0
    segments: int = 0
    checkpoints: int = 0
    proven_entries: int = 0
    latest_checkpoint: str | None = None
    signer_known: bool = False
    signers: list[str] = field(default_factory=list)
    rewinds: list[str] = field(default_factory=list)
    failure: VerificationError | None = None

    @property
    def verdict(self) -> str:
        """One of: proven, unproven-tail, signer-unknown, failed."""
        if self.failure is not None:
            return "failed"
        if not self.signer_known:
            return "signer-unknown"
        return "proven" if self.proven_entries == self.entries else "unproven-tail"


def _read(path: Path, limit: int, file: str) -> bytes:
    with path.open("rb") as opened:
        data = opened.read(limit + 1)
    if len(data) > limit:
        raise VerificationError(f"the file is larger than {limit} bytes", file=file)
    return data


def _unbase64(encoded: str) -> bytes:
    try:
        value = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        _refuse("base64 is malformed")
    if base64.b64encode(value).decode() != encoded:
        _refuse("base64 is not canonical")
    return value


# Step 1 -----------------------------------------------------------------------------------------


def _layout(folder: Path, label: str) -> dict[str, list[str]]:
    """Return the file names by kind; refuse what the format does not know."""
    found: dict[str, list[str]] = {"segments": [], "checkpoints": [], "signers": []}
    patterns = {"segments": SEGMENT_NAME, "checkpoints": CHECKPOINT_NAME, "signers": SIGNER_NAME}
    count = 0
    for path in sorted(folder.iterdir()):
        kind = path.name
        if kind not in found or not stat.S_ISDIR(path.lstat().st_mode):
            raise VerificationError("the export has no such file", file=f"{label}/{kind}")
        with os.scandir(path) as entries:
            for entry in entries:
                name = f"{kind}/{entry.name}"
                count += 1
                if not patterns[kind].fullmatch(name) or not entry.is_file(follow_symlinks=False):
                    raise VerificationError("the export has no such file", file=f"{label}/{name}")
                if count > MAX_FILES:
                    raise VerificationError(f"more than {MAX_FILES} files", file=label)
                found[kind].append(name)
    return {kind: sorted(names) for kind, names in found.items()}


# Step 2 -----------------------------------------------------------------------------------------


def _signers(
    folder: Path, label: str, names: Sequence[str], trust_roots: Sequence[str]
) -> list[Key]:
    """Read the public keys; with trust roots, every one must be trusted."""
    keys = []
    for name in names:
        file = f"{label}/{name}"
        data = _read(folder / name, MAX_SIGNER_BYTES, file)
        try:
            value = parse_canonical(data[:-1]) if data.endswith(b"\n") else _refuse("cut short")
            if not _members(format=lambda v: v == SIGNER_FORMAT, key_name=_text(KEY_NAME.pattern),
                            public_key=_text(".*"))(value):  # fmt: skip
                _refuse("its members are not a signer's")
            key = Key(value["key_name"], _unbase64(value["public_key"]))
        except ValueError as exc:
            raise VerificationError(f"not a signer's key: {exc}", file=file) from exc
        fingerprint = hashlib.sha256(key.public).hexdigest()
        if len(key.public) != 32 or name != f"signers/{fingerprint}.pub":
            raise VerificationError("the key is not the one its name says", file=file)
        if trust_roots and f"sha256:{fingerprint}" not in trust_roots:
            raise VerificationError("the key is not a trust root you gave", file=file)
        keys.append(key)
    if not keys:
        raise VerificationError("no signer's key travels with the export", file=label)
    return keys


# Step 3 -----------------------------------------------------------------------------------------


def read_checkpoint(
    data: bytes, file: str, keys: Sequence[Key], *, external: bool = False
) -> Checkpoint:
    """Parse a signed note strictly and check its signature by one of the keys."""
    try:
        text, signatures = _split_note(data)
        if not _signed(text, signatures, keys):
            _refuse("it is not signed by a trusted key")
        return _parse_note(text, file, data, external)
    except (ValueError, IndexError) as exc:
        raise VerificationError(f"the checkpoint does not hold: {exc}", file=file) from exc


def _split_note(data: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Split a note at its last empty line into text and signature lines."""
    note = data.decode("utf-8")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        _refuse("it is not a signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014" or not KEY_NAME.fullmatch(name):
            _refuse("a signature line is malformed")
        signatures.append((name, _unbase64(encoded)))
    if len(signatures) > MAX_SIGNATURES:
        _refuse(f"it has more than {MAX_SIGNATURES} signatures")
    return text + "\n", signatures


def _signed(text: str, signatures: Sequence[tuple[str, bytes]], keys: Sequence[Key]) -> bool:
    """Tell whether a known key signed; a known key's false signature spoils the whole note."""
    signed = False
    for key in keys:
        for name, signature in signatures:
            if name == key.name and signature[:4] == key.key_id:
                if not ed25519_verify(key.public, text.encode(), signature[4:]):
                    _refuse("its signature is false")
                signed = True
    return signed


def _size(text: str) -> int:
    return int(text) if SIZE.fullmatch(text) else _refuse("a size is malformed")


def _hash(encoded: str) -> bytes:
    value = _unbase64(encoded)
    return value if len(value) == HASH_BYTES else _refuse("a hash has not 32 bytes")


def _parse_note(text: str, file: str, data: bytes, external: bool) -> Checkpoint:
    """Read the lines in their one order; anything left over is refused."""
    lines = text[:-1].split("\n")
    origin = re.fullmatch(f"awgp/({UUID})", lines[0])
    if origin is None:
        _refuse("its origin is malformed")

    def take(at: int, word: str) -> str:
        found, _, rest = lines[at].partition(" ")
        return rest if found == word else _refuse(f"line {at + 1} is not `{word}`")

    time, at, rewinds, rewind_from, reason = take(4, "time"), 5, 0, None, ""
    if not _is_time(time):
        _refuse("its time is malformed")
    if len(lines) > at:
        rewinds, at = _size(take(at, "rewinds")), at + 1
    if len(lines) > at:
        before, _, root = take(at, "rewind-from").partition(" ")
        rewind_from, reason, at = (
            (_size(before), _hash(root)),
            take(at + 1, "rewind-reason"),
            at + 2,
        )
    if len(lines) != at or (len(lines) > 5 and rewinds == 0):
        _refuse("it has lines that do not belong")
    return Checkpoint(
        file=file, tenant=origin[1], size=_size(lines[1]), root=_hash(lines[2]),
        chain=_hash(take(3, "chain")), time=time, rewinds=rewinds, rewind_from=rewind_from,
        reason=reason, sha256=hashlib.sha256(data).hexdigest(), length=len(data), external=external,
    )  # fmt: skip


def _checkpoints(
    folder: Path, label: str, names: Sequence[str], keys: Sequence[Key]
) -> list[Checkpoint]:
    found = []
    for name in names:
        file = f"{label}/{name}"
        checkpoint = read_checkpoint(_read(folder / name, MAX_NOTE_BYTES, file), file, keys)
        if name != f"checkpoints/{checkpoint.size:020d}-{checkpoint.sha256[:16]}.note":
            raise VerificationError("the checkpoint is not the one its name says", file=file)
        found.append(checkpoint)
    return found


def _live(checkpoints: Sequence[Checkpoint], report: TenantReport) -> list[Checkpoint]:
    """Return the checkpoints the log must still match, in order; refuse what contradicts.

    A rewind note of count n supersedes checkpoints of count < n beyond its own size. They stay
    listed in the report, and one that came from elsewhere makes the log unproven: what its
    holder was shown is no longer there.
    """
    ordered = sorted(checkpoints, key=lambda c: (c.rewinds, c.size, c.time))
    notes = _rewind_notes(ordered, report)
    for before, after in zip(ordered, ordered[1:]):
        same = before.rewinds == after.rewinds and before.size == after.size
        if same and (before.root, before.chain) != (after.root, after.chain):
            raise VerificationError(
                f"another head of size {after.size} is signed in {before.file}", file=after.file
            )
        if before.time > after.time:
            raise VerificationError(
                f"the checkpoint is older than {before.file}, which it follows", file=after.file
            )
    live = []
    for checkpoint in ordered:
        later = [note for note in notes if note.rewinds > checkpoint.rewinds]
        cut = min(later, key=lambda note: note.size, default=None)
        if cut is None or checkpoint.size <= cut.size:
            live.append(checkpoint)
        elif checkpoint.external:
            raise VerificationError(
                f"entries {cut.size + 1} to {checkpoint.size} that it covers were given up by a "
                f"rewind at {cut.time}: {cut.reason}",
                file=checkpoint.file,
            )
    return sorted(live, key=lambda c: c.size)


def _rewind_notes(ordered: Sequence[Checkpoint], report: TenantReport) -> list[Checkpoint]:
    """Return the rewind notes 1..n; none may be missing, doubled or contradicted."""
    notes = []
    for count in range(1, (ordered[-1].rewinds if ordered else 0) + 1):
        own = [c for c in ordered if c.rewinds == count]
        marked = [c for c in own if c.rewind_from is not None]
        if len({c.sha256 for c in marked}) != 1 or marked[0].size != own[0].size:
            place = own[0].file if own else ordered[-1].file
            raise VerificationError(f"the signed note of rewind {count} is missing", file=place)
        note = marked[0]
        size, root = note.rewind_from or (0, b"")
        for earlier in ordered:
            same = earlier.rewinds == count - 1 and earlier.size == size
            beyond = earlier.rewinds == count - 1 and earlier.size > size
            if beyond or (same and earlier.root != root):
                raise VerificationError(
                    f"rewind {count} does not say that it gives up {earlier.file}", file=note.file
                )
        report.rewinds.append(
            f"rewind {count} at {note.time}: from {size} entries to {note.size}: {note.reason}"
        )
        notes.append(note)
    return notes


# Step 4 -----------------------------------------------------------------------------------------

_number = _text(SIZE.pattern)
_digest = _text(HEX_HASH.pattern)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


MANIFEST_MEMBERS = _members(
    format=lambda value: value == MANIFEST_FORMAT,
    tenant=_text(UUID),
    first_sequence=_number,
    last_sequence=_number,
    entries=_count,
    tree_size_before=_number,
    tree_size_after=_number,
    data=_members(name=_text(SEGMENT_NAME.pattern), bytes=_count, sha256=_digest),
    leaves=_members(name=_text(SEGMENT_NAME.pattern), bytes=_count, sha256=_digest),
    content=_members(bytes=_count, sha256=_digest),
    previous_hash=_digest,
    last_hash=_digest,
    checkpoint=_members(
        name=_text(CHECKPOINT_NAME.pattern), bytes=_count, sha256=_digest, size=_number
    ),
)


def _segments(
    folder: Path, label: str, names: Sequence[str], tenant: str, live: Sequence[Checkpoint]
) -> list[Segment]:
    """Read the manifests in order: each continues the one before, each has its two files."""
    left, segments, expected = set(names), [], 1
    by_name = {checkpoint.file: checkpoint for checkpoint in live}
    for name in names:
        if not name.endswith(".manifest.json"):
            continue
        segment = _manifest(folder, label, name, tenant)
        if segment.first != expected:
            what = (
                f"entries {expected} to {segment.first - 1} are missing before this segment"
                if segment.first > expected
                else f"entries from {segment.first} on are already in the segment before"
            )
            raise VerificationError(what, file=segment.file, sequence=expected)
        _covered(segment, label, by_name)
        for part in (name, segment.manifest["data"]["name"], segment.manifest["leaves"]["name"]):
            if part not in left:
                raise VerificationError("the file is missing", file=f"{label}/{part}")
            left.discard(part)
        segments.append(segment)
        expected = segment.last + 1
    for name in sorted(left):
        raise VerificationError("no manifest names this file", file=f"{label}/{name}")
    return segments


def _manifest(folder: Path, label: str, name: str, tenant: str) -> Segment:
    """Read one manifest; what it says of itself must agree with its name."""
    file = f"{label}/{name}"
    try:
        manifest = parse_canonical(_read(folder / name, MAX_MANIFEST_BYTES, file))
        if not MANIFEST_MEMBERS(manifest):
            _refuse("its members are not a manifest's")
    except ValueError as exc:
        raise VerificationError(f"not a segment manifest: {exc}", file=file) from exc
    first, last = int(manifest["first_sequence"]), int(manifest["last_sequence"])
    stem = f"segments/{first:020d}-{last:020d}"
    agree = (
        name == f"{stem}.manifest.json"
        and manifest["data"]["name"] == f"{stem}.jsonl.gz"
        and manifest["leaves"]["name"] == f"{stem}.leaves"
        and 1 <= first <= last
        and manifest["entries"] == last - first + 1
        and manifest["leaves"]["bytes"] == manifest["entries"] * HASH_BYTES
        and int(manifest["tree_size_before"]) == first - 1
        and int(manifest["tree_size_after"]) == last
    )
    if not agree:
        raise VerificationError("the manifest contradicts itself or its name", file=file)
    if manifest["tenant"] != tenant:
        raise VerificationError(f"the segment is tenant {manifest['tenant']}'s", file=file)
    return Segment(file=file, first=first, last=last, manifest=manifest)


def _covered(segment: Segment, label: str, live: dict[str, Checkpoint]) -> None:
    """Require the checkpoint a manifest names, and that it covers the segment.

    A segment that no checkpoint of the folder covers is a tail: its entries come out unproven.
    """
    named = segment.manifest["checkpoint"]
    checkpoint = live.get(f"{label}/{named['name']}")
    if checkpoint is None:
        raise VerificationError(f"its checkpoint {named['name']} is missing", file=segment.file)
    found = (checkpoint.sha256, checkpoint.length, str(checkpoint.size))
    if found != (named["sha256"], named["bytes"], named["size"]):
        raise VerificationError(f"its checkpoint {named['name']} is another", file=segment.file)
    if checkpoint.size < segment.last <= max(other.size for other in live.values()):
        raise VerificationError(
            f"its checkpoint covers {checkpoint.size} entries only", file=segment.file
        )


# Steps 5 to 8 -----------------------------------------------------------------------------------


class Log:
    """Walks one tenant's segments: what the leaf lists prove, then the records themselves."""

    def __init__(
        self, folder: Path, label: str, tenant: str, segments: Sequence[Segment],
        live: Sequence[Checkpoint],
    ) -> None:  # fmt: skip
        """Keep what the earlier steps found."""
        self.folder, self.label, self.tenant = folder, label, tenant
        self.segments, self.live = segments, live
        self.tree, self.chain = Tree(), hashlib.sha256(GENESIS_PREFIX + tenant.encode()).digest()
        self.sealed_at = ""
        self.proven = 0  # entries covered by the last checkpoint the records were found to match
        self.leaves_proven = 0
        self.disagreement: VerificationError | None = None
        self.heads: dict[int, list[Checkpoint]] = {}
        for checkpoint in live:
            self.heads.setdefault(checkpoint.size, []).append(checkpoint)

    def verify(self) -> None:
        """Do steps 5 to 8."""
        self._prove_leaves()
        self._meet_heads(self.live[0].file if self.live else self.label)
        for segment in self.segments:
            self._segment(segment)
        for checkpoint in self.live:
            if checkpoint.size > self.tree.size:
                raise VerificationError(
                    f"it covers {checkpoint.size} entries, the export has {self.tree.size}: "
                    f"entries {self.tree.size + 1} to {checkpoint.size} are missing",
                    file=checkpoint.file,
                    sequence=self.tree.size + 1,
                )
        if self.disagreement is not None:
            raise self.disagreement

    def _prove_leaves(self) -> None:
        """Find how far the leaf lists lead to signed roots on their own (step 5)."""
        tree, heads = Tree(), {checkpoint.size: checkpoint.root for checkpoint in self.live}
        for segment in self.segments:
            for leaf in self._leaves(segment):
                tree.append(leaf)
                if tree.size in heads:
                    if tree.root() != heads[tree.size]:
                        return
                    self.leaves_proven = tree.size

    def _leaves(self, segment: Segment) -> Iterator[bytes]:
        """Yield a segment's leaf hashes; its length must be what the manifest says."""
        name = segment.manifest["leaves"]["name"]
        path = self.folder / name
        if path.stat().st_size != segment.manifest["leaves"]["bytes"]:
            raise VerificationError(
                "the leaf hashes are not one an entry", file=f"{self.label}/{name}"
            )
        with path.open("rb") as opened:
            while chunk := opened.read(CHUNK_BYTES):
                yield from (chunk[at : at + HASH_BYTES] for at in range(0, len(chunk), HASH_BYTES))

    def _segment(self, segment: Segment) -> None:
        """Check a segment's records (step 6), heads (7) and bytes (8)."""
        file = f"{self.label}/{segment.manifest['data']['name']}"
        if self.chain.hex() != segment.manifest["previous_hash"]:
            raise VerificationError(
                "previous_hash is not the chain's hash before it", file=segment.file
            )
        lines = Lines(self.folder / segment.manifest["data"]["name"], file, segment)
        listed = self._leaves(segment)
        for number, line in enumerate(lines, start=1):
            sequence = segment.first + number - 1
            if sequence > segment.last:
                raise VerificationError(
                    f"the segment ends with sequence {segment.last}, but there is another line",
                    file=file, line=number, sequence=sequence,
                )  # fmt: skip
            try:
                self._record(line, sequence, next(listed), file, number)
            except ValueError as exc:
                raise VerificationError(
                    f"the record is bad: {exc}", file=file, line=number, sequence=sequence
                ) from exc
            self._meet_heads(file, number)
        if self.tree.size != segment.last:
            raise VerificationError(
                f"entries {self.tree.size + 1} to {segment.last} are missing at its end",
                file=file, sequence=self.tree.size + 1,
            )  # fmt: skip
        if self.chain.hex() != segment.manifest["last_hash"]:
            raise VerificationError(
                "last_hash is not the chain's hash after its last record", file=segment.file
            )
        self._bytes(segment, lines, file)

    def _record(self, line: bytes, sequence: int, listed: bytes, file: str, number: int) -> None:
        """Check one line and append it to tree and chain (ValueError for what is bad in it)."""
        leaf = hashlib.sha256(b"\x00" + line).digest()
        if leaf != listed and sequence <= self.leaves_proven:
            _refuse(f"it was altered: its leaf hash is not the signed one{_why(line, self.tenant)}")
        body = parse_body(line)
        if body["tenant"] != self.tenant:
            _refuse(f"it is tenant {body['tenant']}'s")
        if int(body["sequence"]) != sequence:
            _refuse(f"its own sequence is {body['sequence']}: a record is missing or out of place")
        if body["sealed_at"] < self.sealed_at:
            _refuse("it was sealed before the record in front of it")
        if leaf != listed and self.disagreement is None:
            self.disagreement = VerificationError(
                "the record and its listed leaf hash differ", file=file, line=number,
                sequence=sequence,
            )  # fmt: skip
        self.sealed_at = body["sealed_at"]
        self.tree.append(leaf)
        self.chain = _chain(self.chain, line)

    def _meet_heads(self, file: str, number: int | None = None) -> None:
        """Where a checkpoint stands here, tree and chain must be what it signed (step 7)."""
        for checkpoint in self.heads.get(self.tree.size, ()):
            if self.tree.root() == checkpoint.root and self.chain == checkpoint.chain:
                self.proven = checkpoint.size
                self._acquit_records(checkpoint)
                continue
            if self.disagreement is not None:
                raise self.disagreement
            first = self.proven + 1
            raise VerificationError(
                f"entries {first} to {checkpoint.size} do not lead to the head signed in "
                f"{checkpoint.file}: one of them was altered, removed or put in",
                file=file, line=number, sequence=first,
            )  # fmt: skip

    def _acquit_records(self, checkpoint: Checkpoint) -> None:
        """Where records and leaf list differed, the records lead to the signed head: name it."""
        if self.disagreement is not None:
            raise VerificationError(
                "its listed leaf hash was altered: the record itself leads to the head signed in "
                f"{checkpoint.file}",
                file=self.disagreement.file.replace(".jsonl.gz", ".leaves"),
                sequence=self.disagreement.sequence,
            )

    def _bytes(self, segment: Segment, lines: Lines, file: str) -> None:
        """Compare every file of the segment with its manifest (step 8)."""
        manifest = segment.manifest
        for key, found in (("data", lines.packed), ("content", lines.content)):
            if found.hexdigest() != manifest[key]["sha256"]:
                raise VerificationError(f"its bytes are not the manifest's ({key})", file=file)
        if lines.packed_bytes != manifest["data"]["bytes"]:
            raise VerificationError("its length is not the manifest's", file=file)
        name = manifest["leaves"]["name"]
        digest = hashlib.sha256()
        for leaf in self._leaves(segment):
            digest.update(leaf)
        if digest.hexdigest() != manifest["leaves"]["sha256"]:
            raise VerificationError("its bytes are not the manifest's", file=f"{self.label}/{name}")


def _why(line: bytes, tenant: str) -> str:
    """Say what else is wrong with an altered line, for whoever has to find out what happened."""
    try:
        body = parse_body(line)
    except ValueError as exc:
        return f"; {exc}"
    if body["tenant"] != tenant:
        return f"; it is tenant {body['tenant']}'s"
    return f"; it says it is sequence {body['sequence']}"


class Lines:
    """The lines of one gzip file in bounded memory, hashing what goes by."""

    def __init__(self, path: Path, file: str, segment: Segment) -> None:
        """Open nothing yet; `segment` bounds what may come out."""
        self.path, self.file, self.segment = path, file, segment
        self.packed, self.content = hashlib.sha256(), hashlib.sha256()
        self.packed_bytes = self.content_bytes = 0
        self._line = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line without its newline; a last line without one is refused."""
        rest = b""
        for chunk in self._unpacked():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._line += 1
                if len(line) > MAX_LINE_BYTES:
                    self._fail(f"the line is longer than {MAX_LINE_BYTES} bytes")
                yield line
            if len(rest) > MAX_LINE_BYTES:
                self._line += 1
                self._fail(f"the line is longer than {MAX_LINE_BYTES} bytes")
        if rest:
            self._line += 1
            self._fail("the last line has no end")

    def _unpacked(self) -> Iterable[bytes]:
        """Decompress at most CHUNK_BYTES at a time, and never more than the manifest allows."""
        unpacker = zlib.decompressobj(wbits=31)
        with self.path.open("rb") as opened:
            while packed := opened.read(CHUNK_BYTES):
                if self.packed_bytes == 0 and not packed.startswith(GZIP_HEADER):
                    self._fail("the gzip header is not the format's")
                self.packed.update(packed)
                self.packed_bytes += len(packed)
                while packed and not unpacker.eof:
                    chunk = self._step(unpacker, packed)
                    packed = unpacker.unconsumed_tail
                    yield chunk
                if unpacker.unused_data or (unpacker.eof and packed):
                    self._fail("there are bytes after the gzip stream")
        if not unpacker.eof:
            self._fail("the gzip stream is cut short", after=True)
        if self.content_bytes != self.segment.manifest["content"]["bytes"]:
            self._fail("it unpacks to another length than the manifest says", after=True)

    def _step(self, unpacker: Any, packed: bytes) -> bytes:
        try:
            chunk: bytes = unpacker.decompress(packed, CHUNK_BYTES)
        except zlib.error as exc:
            self._fail(f"the gzip stream is damaged here or before ({exc})", after=True)
        self.content.update(chunk)
        self.content_bytes += len(chunk)
        if self.content_bytes > self.segment.manifest["content"]["bytes"]:
            self._fail("it unpacks to more than the manifest says", after=True)
        return chunk

    def _fail(self, what: str, *, after: bool = False) -> NoReturn:
        line = self._line + 1 if after else self._line
        sequence = self.segment.first + max(line, 1) - 1
        raise VerificationError(what, file=self.file, line=max(line, 1), sequence=sequence)


# Putting it together ----------------------------------------------------------------------------


def verify_tenant(
    folder: Path, tenant: str, trust_roots: Sequence[str], external: Sequence[tuple[str, bytes]]
) -> TenantReport:
    """Verify one tenant's folder; what fails first is in the report.

    Args:
        external: Checkpoints got elsewhere: (name, bytes). Other tenants' are left alone.
    """
    report = TenantReport(tenant=tenant)
    try:
        _verify_tenant(folder, report, trust_roots, external)
    except VerificationError as exc:
        report.failure = exc
    except OSError as exc:
        report.failure = VerificationError(
            f"cannot be read: {exc.strerror}", file=str(exc.filename)
        )
    return report


def _verify_tenant(
    folder: Path,
    report: TenantReport,
    trust_roots: Sequence[str],
    external: Sequence[tuple[str, bytes]],
) -> None:
    label = report.tenant
    names = _layout(folder, label)
    keys = _signers(folder, label, names["signers"], trust_roots)
    report.signers = ["sha256:" + hashlib.sha256(key.public).hexdigest() for key in keys]
    checkpoints = _checkpoints(folder, label, names["checkpoints"], keys)
    checkpoints += [
        read_checkpoint(data, file, keys, external=True)
        for file, data in external
        if data.startswith(f"awgp/{report.tenant}\n".encode())
    ]
    for checkpoint in checkpoints:
        if checkpoint.tenant != report.tenant:
            raise VerificationError(
                f"the checkpoint is tenant {checkpoint.tenant}'s", file=checkpoint.file
            )
    live = _live(checkpoints, report)
    segments = _segments(folder, label, names["segments"], report.tenant, live)
    if not segments and not checkpoints:
        raise VerificationError("there is nothing to verify", file=label)
    log = Log(folder, label, report.tenant, segments, live)
    log.verify()
    report.entries, report.segments = log.tree.size, len(segments)
    report.checkpoints, report.proven_entries = len(checkpoints), log.proven
    report.latest_checkpoint = max((c.time for c in checkpoints), default=None)
    report.signer_known = bool(trust_roots)


def verify_folder(
    folder: Path, trust_roots: Sequence[str] = (), external: Sequence[tuple[str, bytes]] = ()
) -> list[TenantReport]:
    """Verify one tenant's folder (named by its id) or a folder of them.

    Raises:
        VerificationError: The folder is neither, or a given checkpoint's tenant is not in it.
    """
    if re.fullmatch(UUID, folder.resolve().name):
        tenants = {folder.resolve().name: folder}
    else:
        tenants = {path.name: path for path in sorted(folder.iterdir())}
    for name, path in tenants.items():
        if not re.fullmatch(UUID, name) or not stat.S_ISDIR(path.lstat().st_mode):
            raise VerificationError("not a tenant's folder (its name must be the id)", file=name)
    if not tenants:
        raise VerificationError("the folder is empty", file=str(folder))
    for file, data in external:
        origin = data.partition(b"\n")[0].decode("utf-8", "replace")
        if origin.partition("/")[2] not in tenants:
            raise VerificationError(f"{origin!r} is not in the export", file=file)
    return [verify_tenant(path, name, trust_roots, external) for name, path in tenants.items()]


VERDICTS = {
    "proven": "PROVEN",
    "unproven-tail": "UNPROVEN TAIL",
    "signer-unknown": "INTERNALLY CONSISTENT, SIGNER UNKNOWN",
    "failed": "FAILED",
}


def _as_json(report: TenantReport) -> dict[str, Any]:
    failure = report.failure
    return {
        "tenant": report.tenant,
        "verdict": report.verdict,
        "entries": report.entries,
        "proven_entries": report.proven_entries,
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "latest_checkpoint": report.latest_checkpoint,
        "signers": report.signers,
        "rewinds": report.rewinds,
        "failure": None
        if failure is None
        else {
            "what": failure.what,
            "file": failure.file,
            "line": failure.line,
            "sequence": failure.sequence,
            "message": str(failure),
        },
    }


def _as_text(report: TenantReport) -> str:
    lines = [f"{report.tenant}  {VERDICTS[report.verdict]}"]
    if report.failure is not None:
        lines.append(f"  {report.failure}")
        return "\n".join(lines)
    lines.append(
        f"  {report.entries} entries in {report.segments} segments, "
        f"{report.checkpoints} checkpoints, the latest of {report.latest_checkpoint}"
    )
    if report.proven_entries < report.entries:
        lines.append(f"  entries {report.proven_entries + 1} to {report.entries} are unproven")
    if not report.signer_known:
        lines += [f"  signed by {signer}: is it yours?" for signer in report.signers]
    lines += [f"  {rewind}" for rewind in report.rewinds]
    return "\n".join(lines)


def _say(text: str) -> None:
    """Print; names and reasons come from the export and must not speak to the terminal."""
    plain = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    encoding = sys.stdout.encoding or "ascii"
    print(plain.encode(encoding, "backslashreplace").decode(encoding))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line; the usage is in --help."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="awgp_verify.py",
        description="Verify an exported AWGP audit trail, offline.",
        epilog="example: awgp_verify.py trail --trust-root sha256:<64 hex digits>",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, help="a tenant's folder, or a folder of them")
    parser.add_argument(
        "--trust-root", action="append", default=[], metavar="sha256:HEX",
        help="fingerprint of the signer's key, got out of band; again for each key it ever had",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint", action="append", default=[], type=Path, metavar="FILE",
        help="a signed checkpoint got at another time or by another way",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    for root in arguments.trust_root:
        if not FINGERPRINT.fullmatch(root):
            parser.error(f"--trust-root {root}: write sha256: and 64 lower-case hex digits")
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is not a folder")
    for path in arguments.checkpoint:
        if not path.is_file():
            parser.error(f"--checkpoint {path} is not a file")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see the module's own words for the exit status."""
    arguments = _arguments(argv)
    try:
        external = [(str(p), _read(p, MAX_NOTE_BYTES, str(p))) for p in arguments.checkpoint]
        reports = verify_folder(arguments.folder, arguments.trust_root, external)
    except VerificationError as exc:
        reports = [TenantReport(tenant=str(arguments.folder), failure=exc)]
    except OSError as exc:
        unread = VerificationError(f"cannot be read: {exc.strerror}", file=str(exc.filename))
        reports = [TenantReport(tenant=str(arguments.folder), failure=unread)]
    proven = all(report.verdict == "proven" for report in reports)
    if arguments.json:
        print(json.dumps({"proven": proven, "tenants": [_as_json(r) for r in reports]}, indent=2))
    else:
        for report in reports:
            _say(_as_text(report))
    return 0 if proven else 1


if __name__ == "__main__":
    sys.exit(main())
