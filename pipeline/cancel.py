"""Cancel a run before anything of it has run: while people are asked, or once they have agreed."""

from typing import Final
from uuid import UUID

from pipeline.run import Stage, Status
from pipeline.run_store import RunChanged, StoredRun, load_run, move
from pipeline.work import Actor, Work

REASON: Final = "cancelled"

# In the order stages lock: the handoff, then the run. One that is worked on stays its worker's.
_TAKE_FROM_QUEUE: Final = """
    DELETE FROM handoffs WHERE tenant_id = :tenant AND run_id = :run AND stage = 'execute'
        AND (lease_until IS NULL OR lease_until < clock_timestamp())"""
_CLOSE: Final = """
    UPDATE approvals SET status = 'cancelled', decided_at = clock_timestamp()
    WHERE tenant_id = :tenant AND run_id = :run AND epoch = :epoch AND status = 'open'
    RETURNING approval_id"""


def cancel_run(work: Work, run_id: UUID, actor: Actor) -> StoredRun:
    """Close its question, or take it from the queue, and end it.

    An execution that has begun is past it: its run is `executing`, and cannot be cancelled here.

    Raises:
        RunNotFound: As it says.
        IllegalMove: It is neither held nor approved.
        RunChanged: Its launch is being prepared; look again in a moment.
    """
    taken = work.execute(_TAKE_FROM_QUEUE, tenant=work.tenant_id, run=run_id).rowcount
    run = load_run(work, run_id, lock=True)
    if run.status is Status.HELD:
        return _cancel_held(work, run, actor)
    if run.status is Status.APPROVED and not taken:
        # Whoever prepares it moves it on or gives it back.
        raise RunChanged(f"run {run_id} is about to be launched; look again in a moment")
    return move(work, run, Status.CANCELLED, stage=Stage.EXECUTE, actor=actor, reason=REASON)


def _cancel_held(work: Work, run: StoredRun, actor: Actor) -> StoredRun:
    approval_id = work.execute(
        _CLOSE, tenant=work.tenant_id, run=run.run_id, epoch=run.epoch
    ).scalar_one()
    work.execute("DELETE FROM due WHERE subject_id = :id", id=approval_id)
    return move(
        work,
        run,
        Status.CANCELLED,
        stage=Stage.HOLD,
        actor=actor,
        reason=REASON,
        metadata={"approval": str(approval_id)},
    )
