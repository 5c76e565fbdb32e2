"""Verify one tenant's log where it lives: every entry, every column beside it, every checkpoint.

What is done, in this order; the log is streamed, a batch in memory at a time:

 1. Entries, by sequence: from 1, without gap or second; the body is of format v1, this tenant's
    and of this place; its chain hash is the stored one; every column equals what the body says;
    `sealed_at` is not before the entry's before.
 2. Checkpoints: each is this tenant's, signed by the known key, and states the root and the chain
    hash the log had at its size. After a rewind only those signed since must hold.
 3. The head: the log's length, chain hash and tree are what the head says.
 4. Segments: what was exported ends where the log has the same chain hash and tree, and names
    files that belong to it.
 5. Records that should have been sealed, and entries that should have been signed, by now.

All of it is read in one snapshot, so nothing that is sealed meanwhile is taken for a fault. What
a database cannot show about itself is that its own tail was cut and its head set back: compare
its size with a checkpoint got elsewhere, or with the export. Not checked, for nothing else here
says them: `signed_at`, `exported_at`, `locked_until` and `manifest_sha256`, which the store tells.
"""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from audit_export.checkpoint import (
    Checkpoint,
    CheckpointInvalid,
    SignerKey,
    parse_checkpoint,
    verify_checkpoint,
)
from audit_export.export import checkpoint_file
from audit_export.segment import segment_name
from pipeline.audit import AuditBodyInvalid, canonical, genesis, projection, write_time
from pipeline.database import enter_tenant
from pipeline.errors import AwgpError
from pipeline.merkle import Frontier, FrontierInvalid, leaf_hash

BATCH = 1000
PENDING_LIMIT = timedelta(minutes=10)
# ruff: noqa: S608  # put together from constants
# As text, compared as text: Python would call 1, 1.0 and true equal, and JSON's null no value, and
# cannot hold every time PostgreSQL can.
_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD')"""
TIMES = ("timestamp", "occurred_at")
STATES = ("before_state", "after_state", "metadata")
_ENTRIES = (
    "SELECT id, tenant_id, actor_type, actor_id, action, resource_type, resource_id,"
    " integrity_hash, sequence, body, "
    + ", ".join(_TIME.format(f'"{name}"') + f' AS "{name}"' for name in TIMES)
    + ", "
    + ", ".join(f"{name}::text AS {name}" for name in STATES)
    + " FROM audit_log WHERE tenant_id = :tenant"
)
_IN_ORDER = ' ORDER BY sequence, audit_log."timestamp"'
LOG = _ENTRIES + _IN_ORDER
STRETCH = f"{_ENTRIES} AND sequence BETWEEN :first AND :last{_IN_ORDER}"
SEGMENTS = (
    "SELECT first_sequence, last_sequence, chain_hash, frontier, manifest_key,"
    " checkpoint_key FROM audit_segments WHERE tenant_id = :tenant"
)
HEAD = (
    "SELECT sequence, hash, tree_size, frontier, "
    + _TIME.format("sealed_at")
    + " AS sealed_at FROM audit_heads WHERE tenant_id = :tenant"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, and where: `place` is a table's row, `sequence` the entry it concerns."""

    place: str
    what: str
    sequence: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseReport:
    """What was found of one tenant.

    Args:
        first_bad: The first thing that does not hold; None when everything does.
        uncovered: Entries after the last checkpoint: real, not signed yet.
        signer_known: Whether signatures were checked at all.
        pending: Records that wait to be sealed; `late` of them longer than the limit.
    """

    tenant_id: UUID
    entries: int
    checkpoints: int
    segments: int
    uncovered: int
    pending: int
    late: int
    signer_known: bool
    last_signed_at: datetime | None = None
    first_bad: Finding | None = None

    @property
    def verdict(self) -> str:
        """`verified`, `signer-unknown` (all holds, but no signature was checked) or `failed`."""
        if self.first_bad is not None:
            return "failed"
        return "verified" if self.signer_known else "signer-unknown"


class Bad(AwgpError):  # never leaves this room
    """Carries the first finding out of the walk."""

    def __init__(self, place: str, what: str, sequence: int | None = None) -> None:
        super().__init__(what)
        self.finding = Finding(place=place, what=what, sequence=sequence)


@dataclass(slots=True, kw_only=True)
class Walk:
    """One tenant's verification while it goes on. `at` keeps the log's state at asked sizes."""

    connection: Connection
    tenant_id: UUID
    public: SignerKey | None
    chain: bytes = b""
    frontier: Frontier = field(default_factory=Frontier)
    sealed_at: datetime | None = None
    at: dict[int, tuple[bytes, Frontier]] = field(default_factory=dict)
    checkpoints: int = 0
    segments: int = 0
    pending: int = 0
    signed: Checkpoint | None = None
    notes: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return self.frontier.size

    def rows(self, statement: str, **values: object) -> list[Row[*tuple[Any, ...]]]:
        return list(self.connection.execute(text(statement), {"tenant": self.tenant_id, **values}))


def verify_tenant(
    engine: Engine,
    tenant_id: UUID,
    public: SignerKey | None,
    *,
    pending_limit: timedelta = PENDING_LIMIT,
) -> DatabaseReport:
    """Verify a tenant's log in one snapshot (login awgp_auditor).

    Args:
        public: The signer's key, got apart from the database; None checks no signature.
        pending_limit: How long a record may wait to be sealed before it is a finding.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        enter_tenant(connection, tenant_id)
        walk = Walk(connection=connection, tenant_id=tenant_id, public=public)
        late = _count_pending(walk, pending_limit)
        bad = None
        try:
            _verify(walk)
            _check_lateness(walk, late, pending_limit)
        except Bad as error:
            bad = error.finding
    signed = walk.signed
    return DatabaseReport(
        tenant_id=tenant_id,
        entries=walk.size,
        checkpoints=walk.checkpoints,
        segments=walk.segments,
        uncovered=max(0, walk.size - (signed.size if signed else 0)),
        pending=walk.pending,
        late=late,
        signer_known=public is not None,
        last_signed_at=signed.time if signed else None,
        first_bad=bad,
    )


def _verify(walk: Walk) -> None:
    wanted = _sizes(walk)
    keep_state(walk, wanted)
    with closing(_entries(walk)) as entries:
        for row in entries:
            follow_entry(walk, row)
            keep_state(walk, wanted)
    _check_checkpoints(walk)
    check_head(walk)
    _check_segments(walk)


def _sizes(walk: Walk) -> set[int]:
    """The sizes at which the log's state will be asked for again."""
    statement = (
        "SELECT tree_size FROM audit_checkpoints WHERE tenant_id = :tenant"
        " UNION SELECT last_sequence FROM audit_segments WHERE tenant_id = :tenant"
    )
    return {0, *(int(row[0]) for row in walk.rows(statement))}


def keep_state(walk: Walk, wanted: set[int]) -> None:
    """Remember the log's state at a size that will be asked for again."""
    if walk.size == 0:
        walk.chain = genesis(walk.tenant_id)
    if walk.size in wanted:
        walk.at[walk.size] = (walk.chain, walk.frontier)


def _entries(walk: Walk) -> Generator[Row[*tuple[Any, ...]], None, None]:
    """Stream the log through a server-side cursor."""
    streaming = walk.connection.execution_options(yield_per=BATCH)
    with streaming.execute(text(LOG), {"tenant": walk.tenant_id}) as result:
        yield from result


def follow_entry(walk: Walk, row: Row[*tuple[Any, ...]]) -> None:
    """Check one entry against the one before, and every column against its body."""
    expected, sequence = walk.size + 1, row.sequence
    if sequence > expected:
        upto = f" to {sequence - 1}" if sequence - 1 > expected else ""
        raise Bad("audit_log", f"entry {expected}{upto} is missing", expected)
    place = f"audit_log entry {sequence}"
    if sequence < expected:
        raise Bad(place, "there are two of it, or it is out of range", sequence)
    sealed = bytes(row.body)
    try:
        columns = projection(sealed, previous=walk.chain)
    except AuditBodyInvalid as exc:
        raise Bad(place, str(exc), sequence) from exc
    for name, value in columns.items():
        if not _same(name, getattr(row, name), value):
            raise Bad(place, f"{name} is not what the body says", sequence)
    if walk.sealed_at is not None and columns["timestamp"] < walk.sealed_at:
        raise Bad(place, "it was sealed before the entry before it", sequence)
    walk.chain, walk.sealed_at = bytes.fromhex(columns["integrity_hash"]), columns["timestamp"]
    walk.frontier = walk.frontier.append(leaf_hash(sealed))


def _same(name: str, stored: Any, said: Any) -> bool:
    """Whether a column is what the body says, to the last bit of its type."""
    if name in TIMES:
        return bool(stored == f"{write_time(said)} AD")
    if name not in STATES or stored is None or said is None:
        return bool(stored == said)
    try:
        return canonical(json.loads(stored)) == canonical(said)
    except ValueError:  # a number of more digits than Python reads
        return False


def _check_checkpoints(walk: Walk) -> None:
    kept = walk.rows(
        "SELECT checkpoint_id, tree_size, note FROM audit_checkpoints"
        " WHERE tenant_id = :tenant ORDER BY checkpoint_id"
    )
    read = [(row, f"checkpoint {row.checkpoint_id}", read_note(walk, row)) for row in kept]
    rewinds = max((found.rewinds for _, _, found in read), default=0)
    for row, place, found in read:
        walk.checkpoints += 1
        if found.tenant_id != walk.tenant_id:
            raise Bad(place, f"it is tenant {found.tenant_id}'s")
        if found.size != row.tree_size:
            raise Bad(place, f"tree_size is {row.tree_size}, the note says {found.size}")
        if walk.signed is not None and (found.rewinds, found.time) < (
            walk.signed.rewinds,
            walk.signed.time,
        ):
            raise Bad(place, "it was signed before the checkpoint before it")
        if found.rewinds == rewinds:
            check_note(walk, place, found)
        walk.notes.add(f"{walk.tenant_id}/{checkpoint_file(found, row.note).name}")
        walk.signed = found


def read_note(walk: Walk, row: Row[*tuple[Any, ...]]) -> Checkpoint:
    """Read a checkpoint, and check its signature where the signer is known."""
    try:
        if walk.public is None:
            return parse_checkpoint(row.note)
        return verify_checkpoint(row.note, walk.public)
    except CheckpointInvalid as exc:
        raise Bad(f"checkpoint {row.checkpoint_id}", str(exc)) from exc


def check_note(walk: Walk, place: str, found: Checkpoint) -> None:
    """Check that a checkpoint states what the log was at its size."""
    before = walk.signed
    if before is not None and before.rewinds == found.rewinds and found.size < before.size:
        raise Bad(place, f"it covers {found.size} entries, the one before {before.size}")
    if found.size > walk.size:
        raise Bad(
            place,
            f"{found.size} entries were signed, the log has {walk.size}: "
            f"entries {walk.size + 1} to {found.size} are gone",
            walk.size + 1,
        )
    chain, frontier = walk.at[found.size]
    if found.chain_hash != chain or found.root != frontier.root():
        raise Bad(
            place,
            f"the first {found.size} entries are not the ones that were signed",
            found.size,
        )


def check_head(walk: Walk) -> None:
    """Check that the head is where the log ends."""
    heads = walk.rows(HEAD)
    if not heads:
        raise Bad("audit_heads", "the tenant has no head")
    head = heads[0]
    if (head.sequence, head.tree_size) != (walk.size, walk.size):
        raise Bad(
            "audit_heads",
            f"it says {head.sequence} entries, the log has {walk.size}",
            min(head.sequence, walk.size) + 1,
        )
    if bytes(head.hash) != walk.chain:
        raise Bad("audit_heads", "hash is not the chain's last hash", walk.size)
    if bytes(head.frontier) != walk.frontier.to_bytes():
        raise Bad("audit_heads", "frontier is not the tree of the log", walk.size)
    if head.sealed_at != (f"{write_time(walk.sealed_at)} AD" if walk.sealed_at else None):
        raise Bad("audit_heads", "sealed_at is not the last entry's", walk.size)


def _check_segments(walk: Walk) -> None:
    expected = 1
    for row in walk.rows(f"{SEGMENTS} ORDER BY first_sequence"):
        walk.segments += 1
        place = f"segment {row.first_sequence}-{row.last_sequence}"
        if row.first_sequence != expected:
            raise Bad(place, f"the one before it ends at {expected - 1}", expected)
        if row.last_sequence > walk.size:
            raise Bad(place, f"it was exported, the log has {walk.size} entries", walk.size + 1)
        check_segment_end(walk, row)
        _check_names(walk, place, row)
        expected = row.last_sequence + 1


def check_segment_end(walk: Walk, row: Row[*tuple[Any, ...]]) -> None:
    """Check that a segment ends as the log does there."""
    place = f"segment {row.first_sequence}-{row.last_sequence}"
    chain, frontier = walk.at[row.last_sequence]
    try:
        stored = Frontier.from_bytes(bytes(row.frontier))
    except FrontierInvalid as exc:
        raise Bad(place, f"frontier: {exc}", row.last_sequence) from exc
    if bytes(row.chain_hash) != chain or stored != frontier:
        raise Bad(place, "it does not end as the log does there", row.last_sequence)


def _check_names(walk: Walk, place: str, row: Row[*tuple[Any, ...]]) -> None:
    """Check where a segment says its files are."""
    name = segment_name(row.first_sequence, row.last_sequence, "manifest.json")
    if row.manifest_key != f"{walk.tenant_id}/{name}":
        raise Bad(place, "manifest_key is not where its manifest is")
    if row.checkpoint_key not in walk.notes:
        raise Bad(place, "checkpoint_key names no checkpoint of this log")


def _check_lateness(walk: Walk, late: int, limit: timedelta) -> None:
    """Find what should have been sealed, or signed, by now."""
    if late:
        raise Bad("audit_pending", f"{late} records wait to be sealed for too long")
    signed = walk.signed.size if walk.signed is not None else 0
    waiting = walk.rows(
        'SELECT "timestamp" < clock_timestamp() - :limit FROM audit_log'
        " WHERE tenant_id = :tenant AND sequence = :first",
        limit=limit,
        first=signed + 1,
    )
    if waiting and waiting[0][0]:
        raise Bad(
            "audit_checkpoints",
            f"entries {signed + 1} to {walk.size} wait to be signed for too long",
            signed + 1,
        )


def _count_pending(walk: Walk, limit: timedelta) -> int:
    """Count what waits; returns how many were written longer ago than the limit."""
    # Times of one form compare as text; a record without one counts as late.
    (row,) = walk.rows(
        "SELECT count(*), count(*) FILTER (WHERE coalesce(record ->> 'occurred_at', '') < :since)"
        " FROM audit_pending WHERE tenant_id = :tenant",
        since=write_time(datetime.now(UTC) - limit),
    )
    walk.pending, late = (int(value) for value in row)
    return late
