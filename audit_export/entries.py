"""Sealed entries as people ask for them: found, read whole, and proven one by one.

Everything is read within one tenant's transaction, and every statement names the tenant besides.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from audit_export.checkpoint import Checkpoint, parse_checkpoint
from audit_export.log_tree import InclusionProof, LogTree
from pipeline.audit import genesis
from pipeline.errors import AwgpError
from pipeline.work import Work

# One page looks through so much of the log at most: a rare thing is found page by page.
LOOKED_THROUGH: Final = 20_000
COLUMNS: Final = (
    'sequence, id, "timestamp", occurred_at, actor_type, actor_id, action, resource_type,'
    " resource_id, before_state, after_state, metadata, integrity_hash"
)
# What else of a run is in the trail under ids of its own.
PARTS_OF_RUN: Final = (
    "SELECT approval_id::text FROM approvals WHERE run_id = :run"
    " UNION SELECT execution_id::text FROM executions WHERE run_id = :run"
    " UNION SELECT dead_letter_id::text FROM dead_letters WHERE run_id = :run"
)


class EntryNotFound(AwgpError):
    """The log has no entry of this sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed entry as its columns say it; `sealed_at` never runs backwards."""

    sequence: int
    id: UUID
    sealed_at: datetime
    occurred_at: datetime
    actor_type: str
    actor_id: str
    action: str
    resource_type: str
    resource_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    metadata: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBody:
    """The bytes that count, and the chain around them (hex)."""

    body: bytes
    previous_hash: str

    @property
    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint as it is kept."""

    checkpoint_id: int
    note: str
    signed_at: datetime
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are meant; every member narrows it.

    Attributes:
        action: What the action begins with.
        resource_ids: Any of these.
        since, until: When it was sealed.
        first, last: Sequences, both ends included.
    """

    action: str | None = None
    actor: str | None = None
    resource_type: str | None = None
    resource_ids: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    last: int | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """A condition on audit_log, and its values."""
        said: dict[str, tuple[str, object]] = {
            "action": ("starts_with(action, :action)", self.action),
            "actor": ("actor_id = :actor", self.actor),
            "type": ("resource_type = :type", self.resource_type),
            "ids": ("resource_id = ANY (:ids)", self.resource_ids),
        }
        given = {name: each for name, each in said.items() if each[1] is not None}
        condition = " AND ".join(each for each, _ in given.values()) or "true"
        return condition, {name: value for name, (_, value) in given.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page, newest first; `next` is where the next one begins, None where nothing is left."""

    entries: Sequence[Entry] = field(default_factory=tuple)
    next: int | None = None


def find_entries(work: Work, wanted: Wanted, *, before: int | None, limit: int) -> Found:
    """Find a page of entries below `before`, newest first.

    Where nothing narrows it by a resource, a page looks through at most LOOKED_THROUGH entries, so
    it may be short, or empty, and still have a next one.
    """
    lowest, highest = _bounds(work, wanted)
    top = highest + 1 if before is None else min(before, highest + 1)
    bottom = lowest
    if wanted.resource_ids is None:
        bottom = max(bottom, top - LOOKED_THROUGH)
    condition, values = wanted.where()
    rows = work.execute(
        f"SELECT {COLUMNS} FROM audit_log WHERE tenant_id = :tenant"  # noqa: S608  # constant parts
        f" AND sequence >= :bottom AND sequence < :top AND {condition}"
        " ORDER BY sequence DESC LIMIT :limit",
        tenant=work.tenant_id,
        bottom=bottom,
        top=top,
        limit=limit,
        **values,
    )
    entries = [Entry(**dict(zip(Entry.__slots__, row, strict=True))) for row in rows]
    if len(entries) == limit:
        bottom = entries[-1].sequence
    more = bottom > lowest
    return Found(entries=entries, next=bottom if more else None)


def ids_of_run(work: Work, run_id: UUID) -> list[str]:
    """Under which ids a run's own entries and those of what belongs to it are in the log."""
    return [str(run_id), *(row[0] for row in work.execute(PARTS_OF_RUN, run=run_id))]


def entries_of_run(
    work: Work, run_id: UUID, *, before: int | None = None, limit: int = 100
) -> Found:
    """A page of a run's entries and of what belongs to it, newest first."""
    wanted = Wanted(resource_ids=ids_of_run(work, run_id))
    return find_entries(work, wanted, before=before, limit=limit)


def load_entry(work: Work, sequence: int) -> tuple[Entry, SealedBody]:
    """Raises: EntryNotFound."""
    row = work.execute(
        f"SELECT {COLUMNS}, body FROM audit_log"  # noqa: S608  # constant parts
        " WHERE tenant_id = :tenant AND sequence = :sequence",
        tenant=work.tenant_id,
        sequence=sequence,
    ).one_or_none()
    if row is None:
        raise EntryNotFound(f"the log has no entry {sequence}")
    entry = Entry(**dict(zip(Entry.__slots__, row[:-1], strict=True)))
    return entry, SealedBody(body=bytes(row[-1]), previous_hash=_hash_before(work, sequence))


def bodies_of(work: Work, sequences: Sequence[int]) -> dict[int, bytes]:
    """The sealed bytes of entries: what their leaf hashes are of."""
    rows = work.execute(
        "SELECT sequence, body FROM audit_log"
        " WHERE tenant_id = :tenant AND sequence = ANY (:sequences)",
        tenant=work.tenant_id,
        sequences=list(sequences),
    )
    return {row.sequence: bytes(row.body) for row in rows}


def newest_signed(work: Work) -> Signed | None:
    """The newest checkpoint, None before the first. Its signature is not checked here."""
    found = list_signed(work, before=None, limit=1)
    return found[0] if found else None


def list_signed(work: Work, *, before: int | None, limit: int) -> list[Signed]:
    """Checkpoints, newest first."""
    rows = work.execute(
        "SELECT checkpoint_id, note, signed_at FROM audit_checkpoints WHERE tenant_id = :tenant"
        " AND (CAST(:before AS bigint) IS NULL OR checkpoint_id < :before)"
        " ORDER BY checkpoint_id DESC LIMIT :limit",
        tenant=work.tenant_id,
        before=before,
        limit=limit,
    )
    return [
        Signed(
            checkpoint_id=row[0], note=row[1], signed_at=row[2], checkpoint=parse_checkpoint(row[1])
        )
        for row in rows
    ]


def inclusion_proofs(
    work: Work, sequences: Sequence[int], signed: Signed
) -> dict[int, InclusionProof]:
    """Prove entries in one checkpoint; those it does not cover yet are left out.

    Raises:
        LogTorn: One does not lead to the signed root.
        TreeNotReady: Call `grow_tiles` first, as awgp_web.
    """
    checkpoint = signed.checkpoint
    tree = LogTree(connection=work.connection, tenant_id=work.tenant_id, size=checkpoint.size)
    covered = [each for each in sequences if each <= checkpoint.size]
    return {each: tree.proof(each, checkpoint) for each in covered}


def _bounds(work: Work, wanted: Wanted) -> tuple[int, int]:
    """The lowest and the highest sequence that can be meant."""
    lowest, highest = max(1, wanted.first or 1), _head(work)
    if wanted.last is not None:
        highest = min(highest, wanted.last)
    if wanted.until is not None:
        highest = min(highest, _sealed_by(work, wanted.until, highest))
    if wanted.since is not None:
        before = wanted.since - timedelta(microseconds=1)
        lowest = max(lowest, _sealed_by(work, before, highest) + 1)
    return lowest, highest


def _sealed_by(work: Work, moment: datetime, highest: int) -> int:
    """The last entry sealed at a moment or before: sealing times never run backwards."""
    low, high = 0, highest
    while low < high:
        middle = (low + high + 1) // 2
        sealed: datetime | None = work.execute(
            'SELECT "timestamp" FROM audit_log WHERE tenant_id = :tenant AND sequence = :at',
            tenant=work.tenant_id,
            at=middle,
        ).scalar_one_or_none()
        low, high = (middle, high) if sealed is None or sealed <= moment else (low, middle - 1)
    return low


def _head(work: Work) -> int:
    found: int | None = work.execute(
        "SELECT sequence FROM audit_heads WHERE tenant_id = :tenant", tenant=work.tenant_id
    ).scalar_one_or_none()
    return found or 0


def _hash_before(work: Work, sequence: int) -> str:
    if sequence == 1:
        return genesis(work.tenant_id).hex()
    found: str | None = work.execute(
        "SELECT integrity_hash FROM audit_log WHERE tenant_id = :tenant AND sequence = :before",
        tenant=work.tenant_id,
        before=sequence - 1,
    ).scalar_one_or_none()
    return found or ""
