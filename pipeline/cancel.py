"""Cancel a run before anything of it has run: while people are asked, or once they have agreed."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pipeline.approval_time import forget_lapse
from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Who cancels, and why.

    Args:
        reason: Theirs; the trail keeps it encrypted, and nothing else keeps it.
    """

    person_id: UUID
    display_name: str = ""
    reason: str = ""


def cancel_run(work: Work, keyring: KeyRing, run_id: UUID, by: Canceller) -> StoredRun:
    """Close its question, or take it from the queue, and end it.

    An execution that has begun is past it: its run is `executing`, and cannot be cancelled here.

    Raises:
        RunNotFound: As it says.
        IllegalMove: It is neither held nor approved.
        RunChanged: Its launch is being prepared; look again in a moment.
    """
    taken = work.execute(_TAKE_FROM_QUEUE, tenant=work.tenant_id, run=run_id).rowcount
    run = load_run(work, run_id, lock=True)
    actor, told = Actor(type="person", id=str(by.person_id)), _told(work, keyring, by)
    if run.status is Status.HELD:
        return _cancel_held(work, run, actor, told)
    if run.status is Status.APPROVED and not taken:
        # Whoever prepares it moves it on or gives it back.
        raise RunChanged(f"run {run_id} is about to be launched; look again in a moment")
    if run.status is Status.APPROVED:
        forget_lapse(work, run)
    return move(
        work, run, Status.CANCELLED, stage=Stage.EXECUTE, actor=actor, reason=REASON, **told
    )


def _cancel_held(work: Work, run: StoredRun, actor: Actor, told: dict[str, Any]) -> StoredRun:
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
        **told,
    )


def _told(work: Work, keyring: KeyRing, by: Canceller) -> dict[str, Any]:
    """What the record of the move says of a person."""
    if not by.reason:
        return {}
    record_id = uuid7()
    personal = seal_for(
        work,
        keyring,
        subject_ref=f"person:{by.person_id}",
        record_id=record_id,
        content={"name": by.display_name, "reason": by.reason},
    )
    return {"personal": personal, "record_id": record_id}
