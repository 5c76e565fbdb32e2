"""What every stage's actor does around its work.

    message (tenant, handoff) -> handler -> the stage's work, or one of:
      claimed or done elsewhere ..... return quietly
      database or broker is gone .... return; the relay sends it again, no failure is counted
      anything else raised .......... roll back, then count a failure in a transaction of its own

Retry lives in the handoff row and nowhere else: no actor has Dramatiq retries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import dramatiq
import redis
import structlog
from sqlalchemy import exc

from actors.outcome import end_if_killed
from pipeline.errors import AwgpError
from pipeline.fault_points import reached
from pipeline.handoff import Handoff, LeaseLost, claim
from pipeline.outbox import Outbox
from pipeline.queue_state import DUE_NOT_PAUSED
from pipeline.run import STAGE_OF, Stage
from pipeline.run_store import RunChanged, StoredRun, claim_run, stage_failed
from pipeline.work import Work

log = structlog.get_logger()

# What one message asks for: (tenant_id, handoff_id) or (tenant_id, due_id).
Handler = Callable[[UUID, UUID], None]
# What a stage does to a run within one transaction; the handoff is already finished in it.
Step = Callable[[Work, Handoff, StoredRun], None]

# Someone else got there first: the other one's work counts, ours never happened.
OVERTAKEN = (LeaseLost, RunChanged)
# Nothing is wrong with the run. Deadlocks and serialization failures are OperationalErrors too.
INFRASTRUCTURE = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    redis.RedisError,
)


class StageFailed(AwgpError):
    """Work under a lease failed; carries the claim, so that the failure counts under its fence."""

    def __init__(self, handoff: Handoff, cause: Exception) -> None:
        super().__init__(plain_error(cause))
        self.handoff = handoff


def declare_stage(
    broker: dramatiq.Broker, stage: Stage, handler: Handler, *, outbox: Outbox
) -> dramatiq.Actor[[str, str], None]:
    """Declare the actor of a stage: its name and queue are the stage's.

    Args:
        handler: Claims the handoff and does the work; `in_one_transaction` makes one of a `Step`.
            What it raises is a failure of the run, but for OVERTAKEN and INFRASTRUCTURE.
    """

    def work_on(tenant: str, handoff: str) -> None:
        tenant_id, handoff_id = UUID(tenant), UUID(handoff)
        try:
            handler(tenant_id, handoff_id)
        except OVERTAKEN as error:
            log.info("stage_overtaken", error=str(error))
        except INFRASTRUCTURE as error:
            log.warning("stage_interrupted", error=plain_error(error))
        except Exception as error:  # noqa: BLE001  # whatever it was, it is counted and kept
            _count_failure(outbox, stage, tenant_id, handoff_id, error)

    return dramatiq.actor(broker=broker, actor_name=stage.value, queue_name=stage.value)(work_on)


def declare_due(
    broker: dramatiq.Broker, stage: Stage, handler: Handler
) -> dramatiq.Actor[[str, str], None]:
    """Declare the actor `<stage>_due`, for what happens by time on the stage's queue.

    Args:
        handler: Takes (tenant_id, due_id). A row it leaves untouched is sent again with backoff.
    """

    def work_on(tenant: str, due: str) -> None:
        try:
            handler(UUID(tenant), UUID(due))
        except OVERTAKEN as error:
            log.info("due_overtaken", error=str(error))
        except INFRASTRUCTURE as error:
            log.warning("due_interrupted", error=plain_error(error))
        except Exception as error:  # noqa: BLE001  # the row stays, so the relay repeats it
            log.error("due_failed", error=plain_error(error), frames=_frames(error))

    actor_name = f"{stage.value}_due"
    return dramatiq.actor(broker=broker, actor_name=actor_name, queue_name=stage.value)(work_on)


def in_one_transaction(outbox: Outbox, stage: Stage, step: Step) -> Handler:
    """Make a handler of a step: claim, lock the run, finish the handoff, step, commit.

    The handoff is finished before the step, because moving the run inserts the next one and a run
    has one at most. A handoff of another epoch or status changes nothing of its run. The
    transaction may be shared with other runs that come at this moment.
    """

    def handle(tenant_id: UUID, handoff_id: UUID) -> None:
        def take(work: Work) -> bool:
            claimed = claim_run(work, handoff_id, stage)
            if claimed is None:
                return False
            handoff, run = claimed
            structlog.contextvars.bind_contextvars(run_id=str(handoff.run_id))
            reached(f"{stage}.claimed")
            work.finish(handoff)
            if STAGE_OF.get(run.status) == stage and run.epoch == handoff.epoch:
                step(work, handoff, run)
            else:
                pass_on(work, run)
            reached(f"{stage}.before_commit")
            return True

        if outbox.together(tenant_id, take):
            reached(f"{stage}.committed")

    return handle


def pass_on(work: Work, run: StoredRun) -> None:
    """Send a run that came to a stage it is not due at to where it is.

    Never seen to happen; a run must not be lost if it does. Its handoff is finished already.
    """
    log.error("handoff_stale", status=run.status, epoch=run.epoch)
    due_at = STAGE_OF.get(run.status)
    if due_at is not None and not run.sealed:
        work.hand_off(run.run_id, run.epoch, due_at, traceparent=run.traceparent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A row of `due` whose time has come, locked until the transaction ends."""

    due_id: UUID
    kind: str
    subject_id: UUID | None
    created_at: datetime


def take_due(work: Work, due_id: UUID) -> Due | None:
    """Lock a row the relay has sent. None: it is taken, handled already, or its queue is paused."""
    row = work.execute(
        "SELECT due_id, kind, subject_id, created_at FROM due"  # noqa: S608  # constant parts
        f" WHERE due_id = :id AND sends > 0 AND {DUE_NOT_PAUSED} FOR UPDATE SKIP LOCKED",
        id=due_id,
    ).one_or_none()
    if row is None:
        return None
    return Due(due_id=row[0], kind=row[1], subject_id=row[2], created_at=row[3])


def repeat_due(work: Work, due: Due, *, after: timedelta) -> None:
    """Make it due again; a duplicate message of this time finds nothing to do."""
    work.execute(
        "UPDATE due SET next_send_at = clock_timestamp() + :after, sends = 0 WHERE due_id = :id",
        id=due.due_id,
        after=after,
    )


def forget_due(work: Work, due: Due) -> None:
    """It is never due again."""
    work.execute("DELETE FROM due WHERE due_id = :id", id=due.due_id)


def plain_error(error: BaseException) -> str:
    """Say what went wrong without a word of what was being worked on.

    Only our own errors' messages are known to hold no payload; a driver's may quote a row.
    """
    name = type(error).__name__
    if isinstance(error, AwgpError):
        return str(error)
    if isinstance(error, exc.DBAPIError):
        state: Any = getattr(error.orig, "sqlstate", None)
        return f"{name} {state}" if state else name
    return name


def _count_failure(
    outbox: Outbox, stage: Stage, tenant_id: UUID, handoff_id: UUID, error: Exception
) -> None:
    said = plain_error(error)
    log.error("stage_failed", error=said, frames=_frames(error))
    try:
        with outbox.work(tenant_id) as work:
            if isinstance(error, StageFailed):
                handoff: Handoff | None = error.handoff
            else:
                handoff = claim(work, handoff_id, stage)
            if handoff is None or end_if_killed(work, handoff):
                return
            if stage_failed(work, handoff, said):
                log.error("run_dead_lettered", error=said)
    except (*OVERTAKEN, *INFRASTRUCTURE, AwgpError) as again:
        # The handoff is as it was, so the relay brings the run back.
        log.warning("failure_not_counted", error=plain_error(again))


def _frames(error: BaseException) -> list[str]:
    """Where it happened, innermost last, of the error that started it."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append(f"{at.tb_frame.f_globals.get('__name__', '?')}:{at.tb_lineno}")
        at = at.tb_next
    return frames[-8:]
