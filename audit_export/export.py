"""Export one tenant's log: closed segments, locked in a store, read back before they count.

From the last exported entry to the latest signed checkpoint, in this order for each run:

 1. the checkpoint's signature and tenant are checked, and that it covers what was exported;
 2. the log is walked once, without writing, until its chain and tree are the checkpoint's: no
    byte is locked for years that the signer has not signed;
 3. signer's key, rewind notes and checkpoint are put;
 4. each segment's records and leaf hashes are put, then its manifest, which closes it;
 5. all three are read back and compared, and only then recorded.

A run that dies leaves whole objects or none. The next run takes up segments the store holds
already, with the same cut, and goes on; what is there is compared, never trusted.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from audit_export.checkpoint import Checkpoint, SignerKey, verify_checkpoint
from audit_export.object_store import ObjectDiffers, ObjectMissing, ObjectStore, StoredObject
from audit_export.segment import (
    DigestWriter,
    FileDigest,
    LogPoint,
    SegmentInvalid,
    SegmentManifest,
    WrittenSegment,
    follow,
    parse_segment_name,
    segment_name,
    write_segment,
)
from pipeline.audit import chain_hash, genesis
from pipeline.errors import AwgpError
from pipeline.merkle import Frontier, leaf_hash

LEAF_BATCH = 1024


class ExportRefused(AwgpError):
    """The log, its checkpoint and what was exported before do not fit together."""


class ReadBackFailed(AwgpError):
    """The store does not return what was put; the segment does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSegment:
    """A segment that counts: in the store, closed, read back. `after` is where the next begins.

    `size` is the bytes of its files together.
    """

    tenant_id: UUID
    first_sequence: int
    last_sequence: int
    manifest_key: str
    manifest_sha256: str
    checkpoint_key: str
    locked_until: datetime | None
    after: LogPoint
    size: int


class LogReader(Protocol):
    """What an export reads of a tenant's log, and the one thing it writes back."""

    def last_exported(self, tenant_id: UUID) -> LogPoint:
        """Return `after` of the last recorded segment; `beginning(tenant_id)` before the first."""
        ...

    def bodies(self, tenant_id: UUID, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield (sequence, body) from `first` to `last` in order, a batch in memory at a time.

        A missing entry is simply not yielded: the export names the gap.
        """
        ...

    def latest_checkpoint(self, tenant_id: UUID) -> str | None:
        """Return the last signed note, None before the first."""
        ...

    def record_segment(self, segment: ExportedSegment) -> None:
        """Record, durably, that a segment counts; recording the same one again changes nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What a run did. `locked` is False where the bucket has no Object Lock: say so aloud."""

    tenant_id: UUID
    segments: tuple[ExportedSegment, ...] = ()
    entries: int = 0
    objects: int = 0
    checkpoint_key: str | None = None
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run's fixed circumstances."""

    tenant_id: UUID
    log: LogReader
    store: ObjectStore
    retain_until: datetime
    checkpoint: Checkpoint
    checkpoint_file: FileDigest
    folder: Path
    put: list[StoredObject] = field(default_factory=list)

    def key(self, name: str) -> str:
        return f"{self.tenant_id}/{name}"

    def store_bytes(self, name: str, data: bytes) -> StoredObject:
        return self.store_file(name, data, hashlib.sha256(data).hexdigest())

    def store_file(self, name: str, body: bytes | Path, sha256: str) -> StoredObject:
        stored = self.store.put_locked(self.key(name), body, self.retain_until, sha256)
        self.put.append(stored)
        return stored


def beginning(tenant_id: UUID) -> LogPoint:
    """Return the point before a tenant's first entry."""
    return LogPoint(sequence=0, chain_hash=genesis(tenant_id), frontier=Frontier())


def export_tenant(
    tenant_id: UUID,
    *,
    log: LogReader,
    signer: SignerKey,
    store: ObjectStore,
    retention: timedelta,
    max_entries: int,
    rewind_notes: Sequence[str] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ExportReport:
    """Export what a tenant's latest checkpoint covers and no run has exported yet.

    Args:
        retention: How long the objects are locked, from now.
        max_entries: Entries in one segment, at most; bounds a segment, not a run.
        rewind_notes: `Signer.rewind_notes`: they must travel, or the log cannot be proven.

    Raises:
        SegmentGap: Entries are missing from the log; names them.
        ExportRefused: The log does not lead to its checkpoint, or was rewound below the export.
        CheckpointInvalid: The latest checkpoint is not this signer's.
        ObjectDiffers: The store holds other bytes under one of our keys.
        ReadBackFailed: The store returns other bytes than were put.
    """
    note = log.latest_checkpoint(tenant_id)
    if note is None:
        return ExportReport(tenant_id=tenant_id)
    checkpoint = verify_checkpoint(note, signer)
    start = log.last_exported(tenant_id)
    _require_forward(tenant_id, start, checkpoint)
    with tempfile.TemporaryDirectory(prefix="awgp-export-") as folder:
        run = _Run(
            tenant_id=tenant_id,
            log=log,
            store=store,
            retain_until=clock() + retention,
            checkpoint=checkpoint,
            checkpoint_file=checkpoint_file(checkpoint, note),
            folder=Path(folder),
        )
        lasts = list(_cuts(run, start, max_entries))
        expected = _prove(run, start, lasts)
        _put_heads(run, signer, [*rewind_notes, note])
        segments = []
        for last in lasts:
            segments.append(_export_segment(run, start, last, expected[last]))
            start = segments[-1].after
    return ExportReport(
        tenant_id=tenant_id,
        segments=tuple(segments),
        entries=sum(s.last_sequence - s.first_sequence + 1 for s in segments),
        objects=len(run.put),
        checkpoint_key=run.key(run.checkpoint_file.name),
        locked=all(stored.locked_until is not None for stored in run.put),
    )


def checkpoint_file(checkpoint: Checkpoint, note: str) -> FileDigest:
    """Return the name and digest of a note's file: the name holds its size and its hash."""
    data = note.encode()
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"checkpoints/{checkpoint.size:020d}-{sha256[:16]}.note"
    return FileDigest(name=name, size=len(data), sha256=sha256)


def _require_forward(tenant_id: UUID, start: LogPoint, checkpoint: Checkpoint) -> None:
    if checkpoint.tenant_id != tenant_id:
        raise ExportRefused(
            f"the latest checkpoint of {tenant_id} is tenant {checkpoint.tenant_id}'s"
        )
    if start.sequence > checkpoint.size:
        raise ExportRefused(
            f"{start.sequence} entries of {tenant_id} are exported, but its latest checkpoint "
            f"covers {checkpoint.size}: restore the log from its export before going on"
        )


def _cuts(run: _Run, start: LogPoint, max_entries: int) -> Iterator[int]:
    """Yield each segment's last sequence: where the store has begun one, that one's."""
    begun = dict(_stored_segments(run))
    done = start.sequence
    while done < run.checkpoint.size:
        last = begun.get(done + 1) or min(done + max_entries, run.checkpoint.size)
        if last > run.checkpoint.size:
            raise ExportRefused(
                f"the store holds entries {done + 1} to {last} of {run.tenant_id}, but its latest "
                f"checkpoint covers {run.checkpoint.size}"
            )
        yield last
        done = last


def _stored_segments(run: _Run) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of the segments the store holds, whole or begun."""
    for key in run.store.keys(run.key("segments/")):
        found = parse_segment_name(key.removeprefix(f"{run.tenant_id}/"))
        if found is not None:
            yield found[0], found[1]


def _prove(run: _Run, start: LogPoint, lasts: Sequence[int]) -> dict[int, bytes]:
    """Walk the log to the checkpoint's head; return the chain's hash at each cut."""
    chain, frontier, hashes = start.chain_hash, start.frontier, {}
    leaves: list[bytes] = []
    cuts, sequence, size = frozenset(lasts), start.sequence, run.checkpoint.size
    if sequence < size:
        stored = run.log.bodies(run.tenant_id, sequence + 1, size)
        for sealed in follow(run.tenant_id, sequence + 1, size, stored):
            sequence += 1
            chain = chain_hash(chain, sealed)
            leaves.append(leaf_hash(sealed))
            if sequence in cuts:
                hashes[sequence] = chain
            if len(leaves) == LEAF_BATCH:
                frontier, leaves = frontier.extend(leaves), []
    frontier = frontier.extend(leaves)
    if chain != run.checkpoint.chain_hash or frontier.root() != run.checkpoint.root:
        raise ExportRefused(
            f"entries {start.sequence + 1} to {size} of {run.tenant_id} do not lead to the head "
            "that was signed: the log was altered after it was sealed"
        )
    return hashes


def _put_heads(run: _Run, signer: SignerKey, notes: Iterable[str]) -> None:
    run.store_bytes(f"signers/{signer.fingerprint.removeprefix('sha256:')}.pub", signer.to_bytes())
    for note in notes:
        file = checkpoint_file(verify_checkpoint(note, signer), note)
        run.store_bytes(file.name, note.encode())


def _export_segment(run: _Run, before: LogPoint, last: int, expected: bytes) -> ExportedSegment:
    """Write, put, read back and record one segment."""
    bodies = run.log.bodies(run.tenant_id, before.sequence + 1, last)
    written = write_segment(run.tenant_id, before, last, bodies, run.folder)
    if written.after.chain_hash != expected:
        raise ExportRefused(
            f"entries {before.sequence + 1} to {last} of {run.tenant_id} changed while exporting"
        )
    manifest = _put_segment(run, written)
    data = manifest.to_bytes()
    name = segment_name(before.sequence + 1, last, "manifest.json")
    stored = run.store_bytes(name, data)
    digest = FileDigest(name=name, size=len(data), sha256=stored.sha256)
    for file in (manifest.data, manifest.leaves, manifest.checkpoint, digest):
        _require_stored(run, file)
    written.data_path.unlink()
    written.leaves_path.unlink()
    segment = ExportedSegment(
        tenant_id=run.tenant_id,
        first_sequence=before.sequence + 1,
        last_sequence=last,
        manifest_key=run.key(name),
        manifest_sha256=stored.sha256,
        checkpoint_key=run.key(manifest.checkpoint.name),
        locked_until=stored.locked_until,
        after=written.after,
        size=manifest.data.size + manifest.leaves.size + digest.size,
    )
    run.log.record_segment(segment)
    return segment


def _put_segment(run: _Run, written: WrittenSegment) -> SegmentManifest:
    """Put records and leaf hashes; return the manifest that closes them."""
    run.store_file(written.leaves.name, written.leaves_path, written.leaves.sha256)
    data = written.data
    try:
        run.store_file(data.name, written.data_path, data.sha256)
    except ObjectDiffers:
        # Another zlib packs the same records into other bytes: what they unpack to decides.
        data = _kept_data(run, written)
    fresh = written.manifest(
        checkpoint=run.checkpoint_file, checkpoint_size=run.checkpoint.size, data=data
    )
    return _kept_manifest(run, written, data) or fresh


def _kept_data(run: _Run, written: WrittenSegment) -> FileDigest:
    """Return the digest of the packed file already in the store, if it unpacks to ours.

    Raises:
        ObjectDiffers: It does not.
    """
    key, kept = run.key(written.data.name), written.data_path.with_suffix(".kept")
    content, size, unpacker = hashlib.sha256(), 0, zlib.decompressobj(wbits=31)
    with kept.open("wb") as file:
        packed = DigestWriter(file)
        for chunk in run.store.read_back(key):
            packed.write(chunk)
            rest = chunk
            while rest and 0 <= size <= written.content_bytes:
                try:
                    piece = unpacker.decompress(rest, 65_536)
                except zlib.error:
                    size = -1
                    break
                content.update(piece)
                size += len(piece)
                rest = unpacker.unconsumed_tail
    whole = size == written.content_bytes and unpacker.eof and not unpacker.unused_data
    if not whole or content.hexdigest() != written.content_sha256:
        raise ObjectDiffers(f"{key} holds other records than the log: nothing was replaced")
    found = packed.digest(written.data.name)
    run.store_file(found.name, kept, found.sha256)
    kept.unlink()
    return found


def _kept_manifest(run: _Run, written: WrittenSegment, data: FileDigest) -> SegmentManifest | None:
    """Return the manifest an earlier run closed this segment with, None where none did.

    Raises:
        SegmentInvalid: It says something else of the same entries.
    """
    first, last = written.before.sequence + 1, written.after.sequence
    name = segment_name(first, last, "manifest.json")
    try:
        kept = SegmentManifest.from_bytes(b"".join(run.store.read_back(run.key(name))))
    except ObjectMissing:
        return None
    again = written.manifest(
        checkpoint=kept.checkpoint, checkpoint_size=kept.checkpoint_size, data=data
    )
    if again != kept:
        raise SegmentInvalid(f"{run.key(name)} does not describe the log's entries")
    return kept


def _require_stored(run: _Run, file: FileDigest) -> None:
    """Read an object back and compare it with what its manifest says."""
    digest, size = hashlib.sha256(), 0
    for chunk in run.store.read_back(run.key(file.name)):
        digest.update(chunk)
        size += len(chunk)
    if (digest.hexdigest(), size) != (file.sha256, file.size):
        raise ReadBackFailed(f"{run.key(file.name)} reads back as other bytes than were put")
