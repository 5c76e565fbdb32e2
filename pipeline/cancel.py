"""End a run because a person wants it: while people are asked, before its launch, or while it runs.

held, approved ............ nothing runs: it is cancelled here and now
executing, worked on ...... asked for; its worker has the sandbox killed, and ends the run
executing, nobody at it ... it is cancelled here: its worker died, or it waits for another try
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pipeline.approval_time import forget_lapse
from pipeline.envelope import KeyRing
from pipeline.execution_store import last_execution, settle_as_lost
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
from pipeline.run import IllegalMove, Stage, Status
from pipeline.run_store import RunChanged, StoredRun, load_run, move
from pipeline.work import Actor, Work

REASON: Final = "cancelled"
KILLED: Final = "killed by a person"
CANCELLABLE: Final = frozenset({Status.HELD, Status.APPROVED, Status.EXECUTING})

# In the order stages lock: the handoff, then the run. Whoever works on it holds a lease.
_LOCK: Final = """
    SELECT handoff_id, coalesce(lease_until >= clock_timestamp(), false) AS worked_on,
        kill_by_person_id
    FROM handoffs WHERE tenant_id = :tenant AND run_id = :run AND stage = 'execute' FOR UPDATE"""
_TAKE_FROM_QUEUE: Final = "DELETE FROM handoffs WHERE tenant_id = :tenant AND handoff_id = :id"
_ASK: Final = """
    UPDATE handoffs SET kill_by_person_id = :by, kill_asked_at = clock_timestamp()
    WHERE tenant_id = :tenant AND handoff_id = :id"""
_CLOSE: Final = """
    UPDATE approvals SET status = 'cancelled', decided_at = clock_timestamp()
    WHERE tenant_id = :tenant AND run_id = :run AND epoch = :epoch AND status = 'open'
    RETURNING approval_id"""


class NotCancellable(IllegalMove):
    """Its sandbox has ended, or nothing of it has been decided yet; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Who cancels, and why.

    Args:
        reason: Theirs; the trail keeps it encrypted, and nothing else keeps it.
    """

    person_id: UUID
    display_name: str = ""
    reason: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(type="person", id=str(self.person_id))


def cancel_run(work: Work, keyring: KeyRing, run_id: UUID, by: Canceller) -> StoredRun:
    """Have a run end without a result; what it did until then stays done.

    Returns:
        The run as it is now. One that is still `executing` ends in a moment: its worker has to be
        told (`pipeline.kill_signal`). One that was cancelled before stays as it is.

    Raises:
        RunNotFound: As it says.
        NotCancellable: It is past that, or nothing of it was decided yet.
        RunChanged: Its launch is being prepared; look again in a moment.
    """
    due = work.execute(_LOCK, tenant=work.tenant_id, run=run_id).one_or_none()
    if due is not None and due.worked_on:
        return _ask_worker(work, keyring, load_run(work, run_id), due, by)
    run = load_run(work, run_id, lock=True)
    if run.status is Status.CANCELLED:
        return run
    if run.status is Status.HELD:
        return _cancel_held(work, run, by.actor, _told(work, keyring, by))
    if run.status not in CANCELLABLE:
        raise NotCancellable(_why_not(run))
    if due is None:
        raise RunChanged(f"run {run_id} is about to be launched; look again in a moment")
    work.execute(_TAKE_FROM_QUEUE, tenant=work.tenant_id, id=due.handoff_id)
    reason = _leave_queue(work, run)
    return move(
        work,
        run,
        Status.CANCELLED,
        stage=Stage.EXECUTE,
        actor=by.actor,
        reason=reason,
        **_told(work, keyring, by),
    )


def _leave_queue(work: Work, run: StoredRun) -> str:
    if run.status is Status.APPROVED:
        forget_lapse(work, run)
        return REASON
    settle_if_open(work, run)
    return KILLED


def settle_if_open(work: Work, run: StoredRun) -> None:
    """Note that nobody knows what became of an attempt whose worker died."""
    last = last_execution(work, run)
    if last is not None and not last.settled:
        settle_as_lost(work, last.execution_id, "its worker died")


def _ask_worker(work: Work, keyring: KeyRing, run: StoredRun, due: Any, by: Canceller) -> StoredRun:
    """Whoever holds the lease ends it; without the lock of the run, which that one may hold."""
    if run.status is not Status.EXECUTING:
        # Whoever prepares it moves it on or gives it back.
        raise RunChanged(f"run {run.run_id} is about to be launched; look again in a moment")
    if due.kill_by_person_id is not None:
        return run
    work.execute(_ASK, tenant=work.tenant_id, id=due.handoff_id, by=by.person_id)
    work.record(
        by.actor,
        "execute:kill:asked",
        ("run", str(run.run_id)),
        metadata={"epoch": run.epoch},
        **_told(work, keyring, by),
    )
    return run


def _why_not(run: StoredRun) -> str:
    if run.status in {Status.RECEIVED, Status.PERMITTED}:
        return f"run {run.run_id} is {run.status}: nothing was decided yet; look again in a moment"
    if run.status in {Status.EXECUTED, Status.DELIVERING, Status.DELIVERED}:
        return f"run {run.run_id} is {run.status}: its sandbox has ended, and its result is out"
    return f"run {run.run_id} is {run.status}: it is over"


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
