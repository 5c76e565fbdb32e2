"""Seal pending records into a tenant's chain, and complete the runs that wait for it.

One transaction, serial per tenant by the lock on its head, parallel across tenants:

1. Lock the head.
2. Take the runs waiting at audit, then the pending records: in this order, every record of such a
   run is among them. Records go by pending id and all that are there, never by a cursor: commit
   order is not id order.
3. Give each record its sequence, chain it, add it to the tree, insert it.
4. Write the last entry of each waiting run and move it.
5. Delete what was pending, move the head.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg.types.json import Json

from pipeline.answer import Answer
from pipeline.audit import AuditRecord, Head, body, chain_hash
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.merkle import Frontier, leaf_hash
from pipeline.queue_state import OPEN
from pipeline.run import Stage, Status
from pipeline.work import SYSTEM, Work

RECORDS_AT_ONCE = 2000
RUNS_AT_ONCE = 500


class HeadMissing(AwgpError):
    """The tenant has no audit head; it was not made by `awgp tenant add`."""


class HeadMoved(AwgpError):
    """The head is not where it was locked; nothing was sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one transaction sealed. `more` when a full batch was taken: call again.

    Args:
        handoffs: Those that had brought `runs` here.
    """

    head: Head
    entries: int
    runs: tuple[UUID, ...]
    handoffs: tuple[UUID, ...]
    more: bool


@dataclass(slots=True, kw_only=True)
class _Chain:
    """The head while a batch grows."""

    tenant_id: UUID
    sequence: int
    hash: bytes
    frontier: Frontier
    sealed_at: datetime
    bodies: list[bytes]
    hashes: list[str]

    @property
    def head(self) -> Head:
        return Head(size=self.sequence, root=self.frontier.root(), chain_hash=self.hash)

    def append(self, record: AuditRecord) -> None:
        sealed = body(record, sequence=self.sequence + 1, sealed_at=self.sealed_at)
        self.hash = chain_hash(self.hash, sealed)
        self.sequence += 1
        self.frontier = self.frontier.append(leaf_hash(sealed))
        self.bodies.append(sealed)
        self.hashes.append(self.hash.hex())


def seal(work: Work, handoff_id: UUID | None = None) -> Sealed:
    """Seal one batch of a tenant; nothing while the queue `audit` is paused.

    Args:
        handoff_id: Seal only if this one still waits.

    Raises:
        HeadMissing, HeadMoved: Nothing was sealed.
    """
    locked = work.ask(
        "SELECT sequence, hash, frontier, greatest(sealed_at, clock_timestamp())"
        " FROM audit_heads FOR UPDATE"
    )
    # Asked once: records and the runs they belong to are sealed together or not at all.
    paused = work.ask(
        "SELECT EXISTS (SELECT 1 FROM queue_states WHERE queue = :stage AND state = 'paused')",
        stage=Stage.AUDIT.value,
    )
    claimed = work.ask(WAITING, stage=Stage.AUDIT.value, limit=RUNS_AT_ONCE)
    records = work.ask(
        "SELECT pending_id, record FROM audit_pending ORDER BY pending_id LIMIT :limit",
        limit=RECORDS_AT_ONCE,
    )
    asked_for = work.ask(STILL_WAITS, stage=Stage.AUDIT.value, handoff=handoff_id)
    chain = _chain(work, locked)
    if paused.scalar_one() or not asked_for.scalar_one():
        return Sealed(head=chain.head, entries=0, runs=(), handoffs=(), more=False)
    before, waiting, pending = chain.sequence, claimed.all(), records.all()
    more = len(pending) == RECORDS_AT_ONCE
    for _, record in pending:
        chain.append(AuditRecord.from_json(record))
    finished = [] if more else waiting
    for run_id, epoch, status, _ in finished:
        chain.append(_last_entry(work.tenant_id, run_id, epoch, Status(status)))
    if chain.bodies:
        _write(work, chain, before, [row[0] for row in pending])
    _complete(work, [row[0] for row in finished])
    return Sealed(
        head=chain.head,
        entries=len(chain.bodies),
        runs=tuple(row[0] for row in finished),
        handoffs=tuple(row[3] for row in finished),
        more=more or len(waiting) == RUNS_AT_ONCE,
    )


def current_head(work: Work) -> Head:
    """Raises: HeadMissing."""
    row = work.ask("SELECT sequence, hash, frontier FROM audit_heads").one_or_none()
    if row is None:
        raise HeadMissing(f"tenant {work.tenant_id} has no audit head")
    frontier = Frontier.from_bytes(bytes(row[2]))
    return Head(size=row[0], root=frontier.root(), chain_hash=bytes(row[1]))


def _chain(work: Work, locked: Answer) -> _Chain:
    row = locked.one_or_none()
    if row is None:
        raise HeadMissing(f"tenant {work.tenant_id} has no audit head")
    return _Chain(
        tenant_id=work.tenant_id,
        sequence=row[0],
        hash=bytes(row[1]),
        frontier=Frontier.from_bytes(bytes(row[2])),
        sealed_at=row[3].astimezone(UTC),
        bodies=[],
        hashes=[],
    )


STILL_WAITS = (
    "SELECT CAST(:handoff AS uuid) IS NULL OR EXISTS (SELECT 1 FROM handoffs"  # noqa: S608  # constant parts
    f" WHERE handoff_id = :handoff AND stage = :stage AND {OPEN})"
)
# Claimed by row locks; a run that moved on meanwhile is not taken.
WAITING = (
    "SELECT r.run_id, r.epoch, r.status, handoff_id FROM handoffs"  # noqa: S608  # constant parts
    " JOIN runs r USING (tenant_id, run_id)"
    f" WHERE stage = :stage AND r.epoch = handoffs.epoch AND {OPEN}"
    " ORDER BY handoffs.created_at LIMIT :limit FOR UPDATE OF handoffs, r SKIP LOCKED"
)


def _last_entry(tenant_id: UUID, run_id: UUID, epoch: int, status: Status) -> AuditRecord:
    """`completed` for a delivered run; `sealed`, under the status it ended in, for any other."""
    ended = Status.COMPLETED if status is Status.DELIVERED else status
    return AuditRecord(
        id=uuid7(),
        occurred_at=datetime.now(UTC),
        tenant_id=tenant_id,
        actor_type="system",
        actor_id=SYSTEM,
        action=f"audit:run:{'completed' if ended is Status.COMPLETED else 'sealed'}",
        resource_type="run",
        resource_id=str(run_id),
        before={"status": status.value, "epoch": epoch},
        after={"status": ended.value, "epoch": epoch},
    )


# One statement for a batch. The columns are read from the body by the database itself.
INSERT = """
    INSERT INTO audit_log (id, "timestamp", occurred_at, tenant_id, actor_type, actor_id, action,
        resource_type, resource_id, before_state, after_state, metadata, integrity_hash, sequence,
        body)
    SELECT (b ->> 'id')::uuid, (b ->> 'sealed_at')::timestamptz,
        (b ->> 'occurred_at')::timestamptz, (b ->> 'tenant')::uuid, b -> 'actor' ->> 'type',
        b -> 'actor' ->> 'id', b ->> 'action', b -> 'resource' ->> 'type',
        b -> 'resource' ->> 'id', nullif(b -> 'before', 'null'), nullif(b -> 'after', 'null'),
        b -> 'metadata', hash, (b ->> 'sequence')::bigint, convert_to(body, 'UTF8')
    FROM (
        SELECT body, CAST(body AS jsonb) AS b, hash FROM ROWS FROM (
            json_array_elements_text(:bodies), json_array_elements_text(:hashes)
        ) AS batch (body, hash)) AS sealed"""


def _write(work: Work, chain: _Chain, before: int, pending: list[int]) -> None:
    work.ask(
        INSERT,
        bodies=Json([sealed.decode() for sealed in chain.bodies]),
        hashes=Json(chain.hashes),
    )
    work.ask("DELETE FROM audit_pending WHERE pending_id = ANY(:ids)", ids=pending)
    work.ask(
        "UPDATE audit_heads SET sequence = :sequence, hash = :hash, tree_size = :sequence,"
        " frontier = :frontier, sealed_at = :sealed_at WHERE sequence = :before",
        unless=HeadMoved(f"the audit head of tenant {work.tenant_id} moved while it was locked"),
        sequence=chain.sequence,
        hash=chain.hash,
        frontier=chain.frontier.to_bytes(),
        sealed_at=chain.sealed_at,
        before=before,
    )


def _complete(work: Work, runs: list[UUID]) -> None:
    if not runs:
        return
    work.ask(
        "UPDATE runs SET sealed_at = clock_timestamp(), changed_at = clock_timestamp(),"
        " status = CASE status WHEN 'delivered' THEN 'completed' ELSE status END"
        " WHERE run_id = ANY(:runs)",
        runs=runs,
    )
    work.ask(
        "DELETE FROM handoffs WHERE stage = :stage AND run_id = ANY(:runs)",
        stage=Stage.AUDIT.value,
        runs=runs,
    )
