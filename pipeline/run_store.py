"""Runs in the database: load one, move it, fail it, replay it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pipeline import metrics
from pipeline.answer import Answer
from pipeline.errors import AwgpError
from pipeline.handoff import COLUMNS as HANDOFF_COLUMNS
from pipeline.handoff import (
    FREE,
    Handoff,
    backoff,
    read_handoff,
    retry_later,
)
from pipeline.identity import ask_open
from pipeline.ids import uuid7
from pipeline.personal import Personal
from pipeline.run import RAISES_EPOCH, STAGE_OF, IllegalMove, Stage, Status, check_move
from pipeline.work import SYSTEM, Actor, Work

# A stage that fails this often on one run is not going to succeed by itself.
MAX_FAILURES = 6
COLUMNS = (
    "r.tenant_id, r.run_id, r.epoch, r.status, r.reason, r.assistant_id, r.source_id,"
    " r.requester_kind, r.requester_person_id, r.payload_epoch, r.origin, r.traceparent,"
    " r.sealed_at IS NOT NULL"
)
LOAD = f"SELECT {COLUMNS} FROM runs r WHERE r.run_id = :run"  # noqa: S608  # constant columns
LOAD_AND_LOCK = f"{LOAD} FOR UPDATE"
_OF_HANDOFF = ", ".join(f"handoffs.{name}" for name in HANDOFF_COLUMNS)
CLAIM = (
    f"SELECT {_OF_HANDOFF}, {COLUMNS} FROM handoffs JOIN runs r USING (tenant_id, run_id)"  # noqa: S608  # constant parts
    f" WHERE handoff_id = :id AND stage = :stage AND {FREE}"
    " FOR UPDATE OF handoffs SKIP LOCKED FOR UPDATE OF r"
)
# With what policies call who asks for it: one statement, wherever a run is looked at.
PAYLOAD = """
    SELECT y.content_type, y.payload, y.digest_key, t.slug, r.received_at, s.name, p.kind, p.subject
    FROM runs r JOIN tenants t USING (tenant_id)
    JOIN run_payloads y ON y.tenant_id = r.tenant_id AND y.run_id = r.run_id
    LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id
    LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id
    WHERE r.run_id = :run AND y.epoch = :epoch"""


class RunNotFound(AwgpError):
    """The tenant has no such run."""


class RunChanged(AwgpError):
    """The run moved since it was read; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A row of runs."""

    tenant_id: UUID
    run_id: UUID
    epoch: int
    status: Status
    reason: str | None
    assistant_id: UUID
    source_id: UUID | None
    requester_kind: str
    requester_person_id: UUID | None
    payload_epoch: int
    origin: Mapping[str, Any]
    traceparent: str | None
    sealed: bool

    @property
    def requester(self) -> str:
        return f"{self.requester_kind}:{self.source_id or self.requester_person_id}"

    @property
    def came_by(self) -> str:
        """What policies are told of its origin: `webhook`, `schedule` or `api`."""
        if self.source_id is None:
            return "api"
        return "schedule" if self.origin.get("kind") == "schedule" else "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The request's bytes as received, and the key of the audit trail's commitment to them."""

    content_type: str
    content: bytes
    digest_key: bytes


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under which names, and when, a run was asked for: a source by its name, a person or client
    by its subject.
    """

    tenant: str
    received_at: datetime
    source: str | None
    kind: str | None
    subject: str | None


def load_run(work: Work, run_id: UUID, *, lock: bool = False) -> StoredRun:
    """Raises: RunNotFound."""
    row = work.ask(LOAD_AND_LOCK if lock else LOAD, run=run_id).one_or_none()
    if row is None:
        raise RunNotFound(f"no run {run_id}")
    return _stored(row)


def claim_run(work: Work, handoff_id: UUID, stage: Stage) -> tuple[Handoff, StoredRun] | None:
    """Claim a handoff by a row lock, and lock its run; None as in `pipeline.handoff.claim`."""
    row = work.ask(CLAIM, id=handoff_id, stage=stage.value).one_or_none()
    if row is None:
        return None
    return read_handoff(row), _stored(row[len(HANDOFF_COLUMNS) :])


def _stored(row: tuple[Any, ...]) -> StoredRun:
    return StoredRun(
        tenant_id=row[0],
        run_id=row[1],
        epoch=row[2],
        status=Status(row[3]),
        reason=row[4],
        assistant_id=row[5],
        source_id=row[6],
        requester_kind=row[7],
        requester_person_id=row[8],
        payload_epoch=row[9],
        origin=row[10],
        traceparent=row[11],
        sealed=row[12],
    )


def ask_payload(work: Work, run: StoredRun) -> Answer:
    """Bring along what `load_payload` and `load_circumstances` will read."""
    return work.recall(PAYLOAD, run=run.run_id, epoch=run.payload_epoch)


def load_payload(work: Work, run: StoredRun) -> Payload:
    row = ask_payload(work, run).one()
    return Payload(content_type=row[0], content=bytes(row[1]), digest_key=bytes(row[2]))


def load_circumstances(work: Work, run: StoredRun) -> Circumstances:
    return Circumstances(*ask_payload(work, run).one()[3:])


def move(
    work: Work,
    run: StoredRun,
    to: Status,
    *,
    stage: Stage,
    actor: Actor | None = None,
    reason: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    personal: Personal | None = None,
    record_id: UUID | None = None,
    keep_handoff: bool = False,
) -> StoredRun:
    """Move a run, record the move and hand off to the stage that is due next.

    Args:
        stage: Who moves it; the audit action is "<stage>:run:<status>".
        reason: A short code or sentence kept with the run, shown to its sender.
        personal: What the record says of a person; sealed for `record_id`.
        keep_handoff: The stage goes on under the handoff it holds (executing, delivering).

    Raises:
        IllegalMove: The table has no such move.
        RunChanged: Someone else moved it since it was read; at the latest at the end.
    """
    try:
        check_move(run.status, to)
    except IllegalMove:
        # Whoever lost its lease meanwhile learns that, and not what came of it.
        work.say_all()
        raise
    epoch = run.epoch + ((run.status, to) in RAISES_EPOCH)
    work.record(
        actor or Actor(type="system", id=SYSTEM),
        f"{stage}:run:{to}",
        ("run", str(run.run_id)),
        before={"status": run.status.value, "epoch": run.epoch},
        after={"status": to.value, "epoch": epoch},
        metadata={**({"reason": reason} if reason else {}), **(metadata or {})},
        personal=personal,
        record_id=record_id,
    )
    work.advance(
        run.run_id,
        before=(run.status.value, run.epoch),
        after=(to.value, epoch),
        reason=reason,
        due=None if keep_handoff else STAGE_OF.get(to),
        traceparent=run.traceparent,
        changed=RunChanged(f"run {run.run_id} is no longer {run.status} in epoch {run.epoch}"),
    )
    return replace(run, status=to, epoch=epoch, reason=reason)


def call_back(work: Work, run_id: UUID, stage: Stage) -> None:
    """Let a run be due at a stage no more, where nobody works on it there."""
    work.execute(
        "DELETE FROM handoffs WHERE run_id = :run AND stage = :stage"
        " AND (lease_until IS NULL OR lease_until < clock_timestamp())",
        run=run_id,
        stage=stage.value,
    )


def stage_failed(work: Work, handoff: Handoff, error: str) -> bool:
    """Give a handoff back for another try, or, past MAX_FAILURES, end the run with a dead letter.

    Returns:
        Whether the run ended.

    Raises:
        LeaseLost: Someone else holds the handoff now.
    """
    if handoff.stage == Stage.AUDIT or handoff.failures + 1 < MAX_FAILURES:
        # Sealing is never given up: a run that is not sealed is not over.
        metrics.RETRIES.labels(handoff.stage.value).inc()
        retry_later(work, handoff, delay=backoff(handoff.failures), error=error)
        return False
    run = load_run(work, handoff.run_id, lock=True)
    work.finish(handoff)
    dead_letter(work, run, handoff, error)
    reason = f"{handoff.stage} failed: {error}"[:500]
    if run.status is Status.EXECUTED:
        # Nothing was delivered, but what was executed can only fail on its way out.
        run = move(work, run, Status.DELIVERING, stage=handoff.stage, keep_handoff=True)
    move(work, run, Status.FAILED, stage=handoff.stage, reason=reason)
    return True


def dead_letter(work: Work, run: StoredRun, handoff: Handoff, error: str) -> None:
    """Keep what failed, with its error, for a person to look at and replay."""
    metrics.DEAD_LETTERS.labels(handoff.stage.value).inc()
    work.ask(
        "INSERT INTO dead_letters (tenant_id, dead_letter_id, run_id, epoch, stage, error,"
        " failures) VALUES (:tenant, :id, :run, :epoch, :stage, :error, :failures)",
        tenant=work.tenant_id,
        id=uuid7(),
        run=run.run_id,
        epoch=run.epoch,
        stage=handoff.stage.value,
        error=error[:2000],
        failures=handoff.failures + 1,
    )


def replay(work: Work, run_id: UUID, actor: Actor, *, why: str = "") -> StoredRun:
    """Send a failed run through policy and hold again: same id, next epoch.

    Args:
        why: What a person said of it; kept in the audit trail.

    Raises:
        RunNotFound: As it says.
        IllegalMove: Only a failed run can be replayed.
        RunChanged: Its end is still being sealed; try again in a moment.
        TenantClosed: Nothing begins anew in this tenant.
    """
    run = load_run(work, run_id, lock=True)
    ask_open(work)
    check_move(run.status, Status.RECEIVED)
    if not run.sealed:
        raise RunChanged(f"run {run_id} is still being sealed; try again in a moment")
    work.execute(
        "UPDATE runs SET sealed_at = NULL, replayed_by_person_id = :by WHERE run_id = :run",
        by=UUID(actor.id) if actor.type == "person" else None,
        run=run_id,
    )
    work.execute(
        "UPDATE dead_letters SET replayed_at = clock_timestamp()"
        " WHERE run_id = :run AND replayed_at IS NULL",
        run=run_id,
    )
    return move(
        work,
        run,
        Status.RECEIVED,
        stage=Stage.POLICY,
        actor=actor,
        reason="replayed",
        metadata={"why": why} if why else None,
    )
