"""Segments: closed stretches of one tenant's log as files that never change again.

    segments/<first>-<last>.jsonl.gz        each entry's body and a newline, gzip
    segments/<first>-<last>.leaves          32 bytes an entry: its RFC 6962 leaf hash
    segments/<first>-<last>.manifest.json   RFC 8785 JSON, written last: it closes the segment

Sequences are 20 digits. The leaf hashes lead to the signed root on their own, which is what lets
a verifier say *which* record was altered and not only that one was. The gzip stream has a fixed
header (no time, no name) and level; its bytes follow from the entries and the zlib in use.
"""

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import rfc8785

from pipeline.audit import AuditBodyInvalid, chain_hash, place
from pipeline.errors import AwgpError
from pipeline.merkle import Frontier, leaf_hash

MANIFEST_FORMAT = "awgp.export.v1"
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, no system
GZIP_LEVEL = 6
MAX_MANIFEST_BYTES = 16_384
_NAME = re.compile(r"segments/([0-9]{20})-([0-9]{20})\.(jsonl\.gz|leaves|manifest\.json)")


class SegmentInvalid(AwgpError):
    """A segment or manifest is not what the format says, or does not match another."""


class SegmentGap(AwgpError):
    """Entries that should follow one another do not; names them exactly."""

    def __init__(self, message: str, *, first: int, last: int) -> None:
        """Keep the missing entries, both ends included."""
        super().__init__(message)
        self.first = first
        self.last = last


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPoint:
    """A place in a log from which it can be continued and proven: after `sequence` entries."""

    sequence: int
    chain_hash: bytes
    frontier: Frontier


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file of the export: its name relative to the tenant's folder, bytes and SHA-256 (hex)."""

    name: str
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the members as a manifest writes them."""
        return {"name": self.name, "bytes": self.size, "sha256": self.sha256}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FileDigest":
        """Read what `to_json` wrote (KeyError and TypeError where it is not)."""
        return cls(name=data["name"], size=data["bytes"], sha256=data["sha256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentManifest:
    """What a closed segment holds, and the checkpoint that covers it."""

    tenant_id: UUID
    first_sequence: int
    last_sequence: int
    data: FileDigest
    leaves: FileDigest
    content_bytes: int
    content_sha256: str
    previous_hash: bytes
    last_hash: bytes
    checkpoint: FileDigest
    checkpoint_size: int

    def to_bytes(self) -> bytes:
        """Write the manifest file: RFC 8785 JSON without a newline."""
        return rfc8785.dumps(
            {
                "format": MANIFEST_FORMAT,
                "tenant": str(self.tenant_id),
                "first_sequence": str(self.first_sequence),
                "last_sequence": str(self.last_sequence),
                "entries": self.last_sequence - self.first_sequence + 1,
                "tree_size_before": str(self.first_sequence - 1),
                "tree_size_after": str(self.last_sequence),
                "data": self.data.to_json(),
                "leaves": self.leaves.to_json(),
                "content": {"bytes": self.content_bytes, "sha256": self.content_sha256},
                "previous_hash": self.previous_hash.hex(),
                "last_hash": self.last_hash.hex(),
                "checkpoint": {**self.checkpoint.to_json(), "size": str(self.checkpoint_size)},
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "SegmentManifest":
        """Read what `to_bytes` wrote.

        Raises:
            SegmentInvalid: Any other bytes.
        """
        try:
            members = json.loads(data[: MAX_MANIFEST_BYTES + 1])
            found = cls(
                tenant_id=UUID(members["tenant"]),
                first_sequence=int(members["first_sequence"]),
                last_sequence=int(members["last_sequence"]),
                data=FileDigest.from_json(members["data"]),
                leaves=FileDigest.from_json(members["leaves"]),
                content_bytes=members["content"]["bytes"],
                content_sha256=members["content"]["sha256"],
                previous_hash=bytes.fromhex(members["previous_hash"]),
                last_hash=bytes.fromhex(members["last_hash"]),
                checkpoint=FileDigest.from_json(members["checkpoint"]),
                checkpoint_size=int(members["checkpoint"]["size"]),
            )
            canonical = found.to_bytes()
        except (ValueError, KeyError, TypeError) as exc:
            raise SegmentInvalid("this is no segment manifest") from exc
        if canonical != data:
            raise SegmentInvalid("a segment manifest is not in its canonical form")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSegment:
    """A segment's two local files and what its manifest will say of them."""

    tenant_id: UUID
    before: LogPoint
    after: LogPoint
    data: FileDigest
    leaves: FileDigest
    content_bytes: int
    content_sha256: str
    data_path: Path
    leaves_path: Path

    def manifest(
        self, *, checkpoint: FileDigest, checkpoint_size: int, data: FileDigest | None = None
    ) -> SegmentManifest:
        """Return the manifest; `data` replaces the gzip file where an equal one is kept already."""
        return SegmentManifest(
            tenant_id=self.tenant_id,
            first_sequence=self.before.sequence + 1,
            last_sequence=self.after.sequence,
            data=data or self.data,
            leaves=self.leaves,
            content_bytes=self.content_bytes,
            content_sha256=self.content_sha256,
            previous_hash=self.before.chain_hash,
            last_hash=self.after.chain_hash,
            checkpoint=checkpoint,
            checkpoint_size=checkpoint_size,
        )


def segment_name(first: int, last: int, kind: str) -> str:
    """Return a segment file's name; kind is `jsonl.gz`, `leaves` or `manifest.json`."""
    return f"segments/{first:020d}-{last:020d}.{kind}"


def parse_segment_name(name: str) -> tuple[int, int, str] | None:
    """Return (first, last, kind) of a segment file's name, None for any other name."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2]), found[3]) if found else None


def write_segment(
    tenant_id: UUID,
    before: LogPoint,
    last: int,
    bodies: Iterable[tuple[int, bytes]],
    folder: Path,
) -> WrittenSegment:
    """Write entries `before.sequence + 1` to `last` into a folder, one entry in memory at a time.

    Raises:
        SegmentGap: Entries are missing; names the first missing stretch.
        SegmentInvalid: A body is another tenant's or has another place than it is stored under.
    """
    first = before.sequence + 1
    names = {kind: segment_name(first, last, kind) for kind in ("jsonl.gz", "leaves")}
    paths = {kind: folder / Path(name).name for kind, name in names.items()}
    chain, frontier = before.chain_hash, before.frontier
    with paths["jsonl.gz"].open("wb") as data, paths["leaves"].open("wb") as leaves:
        packed, listed = GzipWriter(data), DigestWriter(leaves)
        for sealed in follow(tenant_id, first, last, bodies):
            chain = chain_hash(chain, sealed)
            leaf = leaf_hash(sealed)
            frontier = frontier.append(leaf)
            listed.write(leaf)
            packed.write(sealed + b"\n")
        packed.close()
    return WrittenSegment(
        tenant_id=tenant_id,
        before=before,
        after=LogPoint(sequence=last, chain_hash=chain, frontier=frontier),
        data=packed.packed.digest(names["jsonl.gz"]),
        leaves=listed.digest(names["leaves"]),
        content_bytes=packed.size,
        content_sha256=packed.hash.hexdigest(),
        data_path=paths["jsonl.gz"],
        leaves_path=paths["leaves"],
    )


def follow(
    tenant_id: UUID, first: int, last: int, bodies: Iterable[tuple[int, bytes]]
) -> Iterable[bytes]:
    """Yield the bodies `first` to `last`, and refuse a gap or a stray among them.

    Raises:
        SegmentGap: Names the missing entries, both ends included.
        SegmentInvalid: A body is another tenant's, misplaced or repeated.
    """
    expected = first
    for sequence, sealed in bodies:
        if sequence > expected:
            missing = min(sequence - 1, last)
            raise _gap(tenant_id, expected, missing)
        try:
            found = place(sealed)
        except AuditBodyInvalid as exc:
            raise SegmentInvalid(f"entry {sequence} of {tenant_id} is no audit body") from exc
        if sequence < expected or expected > last or found != (tenant_id, sequence):
            raise SegmentInvalid(
                f"entry {sequence} of {tenant_id} is out of place: "
                f"its body says entry {found[1]} of {found[0]}"
            )
        yield sealed
        expected += 1
    if expected <= last:
        raise _gap(tenant_id, expected, last)


def _gap(tenant_id: UUID, first: int, last: int) -> SegmentGap:
    stretch = f"entry {first} is" if first == last else f"entries {first} to {last} are"
    return SegmentGap(f"{stretch} missing from the log of {tenant_id}", first=first, last=last)


class DigestWriter:
    """Writes to a file and hashes what goes by."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin at the file's present place."""
        self._file = file
        self.size = 0
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Write and count."""
        self._file.write(data)
        self.size += len(data)
        self.hash.update(data)

    def digest(self, name: str) -> FileDigest:
        """Return what a manifest says of the file."""
        return FileDigest(name=name, size=self.size, sha256=self.hash.hexdigest())


class GzipWriter:
    """One gzip member with a fixed header: `gzip.GzipFile` writes one that varies by version."""

    def __init__(self, file: BinaryIO) -> None:
        """Write the header."""
        self.packed = DigestWriter(file)
        self.size = 0
        self.hash = hashlib.sha256()
        self._crc = 0
        self._deflate = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 8)
        self.packed.write(GZIP_HEADER)

    def write(self, data: bytes) -> None:
        """Compress; `size` and `hash` are of the uncompressed bytes."""
        self.size += len(data)
        self.hash.update(data)
        self._crc = zlib.crc32(data, self._crc)
        self.packed.write(self._deflate.compress(data))

    def close(self) -> None:
        """Finish the member."""
        self.packed.write(self._deflate.flush())
        self.packed.write(struct.pack("<II", self._crc, self.size & 0xFFFFFFFF))
