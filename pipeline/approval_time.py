"""What happens to a question by time: reminders, escalation, its end, and the end of its approval.

Each is a row of `due` on the hold's queue, so that it happens whether or not anybody executes.
"""

from typing import Final
from uuid import UUID

from pipeline.approval_lock import LAPSE, close, lock_approval
from pipeline.approval_view import StoredApproval
from pipeline.execution_store import TOO_LATE, is_approved_by_people
from pipeline.run import Stage, Status
from pipeline.run_store import RunChanged, StoredRun, call_back, move
from pipeline.work import SYSTEM, Actor, Work

_US: Final = Actor(type="system", id=SYSTEM)
_USED: Final = """
    DELETE FROM due WHERE kind = :kind AND subject_id = (
        SELECT approval_id FROM approvals WHERE run_id = :run AND epoch = :epoch)"""


def expire(work: Work, approval_id: UUID) -> bool:
    """End a question whose time has passed; False when it is not open or not yet due."""
    run, approval = lock_approval(work, approval_id)
    if approval.status != "open" or not _is_late(work, approval):
        return False
    close(work, approval, "expired")
    move(
        work,
        run,
        Status.EXPIRED,
        stage=Stage.HOLD,
        reason="nobody decided in time",
        metadata={"approval": str(approval_id)},
    )
    return True


def remind(work: Work, approval_id: UUID, due_id: UUID) -> bool:
    """Note that those asked are to be reminded; False when it was done, or nothing is asked."""
    found = _still_asked(work, approval_id, due_id)
    if found is None:
        return False
    approval, after = found
    _announce(work, approval, "hold:approval:reminded", {"after_seconds": after})
    return True


def escalate(work: Work, approval_id: UUID, due_id: UUID) -> bool:
    """Note who is asked as well from now on; False when it was done, or nothing is asked."""
    found = _still_asked(work, approval_id, due_id)
    if found is None:
        return False
    approval, after = found
    to = sorted(
        {
            group
            for rule in approval.requirement.rules
            for step in rule.escalate
            if step.after_seconds == after
            for group in step.to
        }
    )
    _announce(work, approval, "hold:approval:escalated", {"after_seconds": after, "to": to})
    return True


def end_approval(work: Work, approval_id: UUID, due_id: UUID) -> None:
    """Let an approval lapse, or forget that it could once it was used; its row of `due` goes."""
    waits = work.execute(
        "SELECT 1 FROM approvals a JOIN runs r USING (tenant_id, run_id)"
        " WHERE a.approval_id = :id AND a.status = 'approved' AND r.status = 'approved'"
        " AND r.epoch = a.epoch AND clock_timestamp() < a.execution_expires_at",
        id=approval_id,
    ).one_or_none()
    if waits is None:
        lapse(work, approval_id)
        work.execute("DELETE FROM due WHERE due_id = :id", id=due_id)


def forget_lapse(work: Work, run: StoredRun) -> None:
    """Let the approval of an approved run lapse no more; the run is locked and about to move on."""
    if is_approved_by_people(work, run):
        work.ask(_USED, kind=LAPSE, run=run.run_id, epoch=run.epoch)


def lapse(work: Work, approval_id: UUID) -> bool:
    """End an approved run that did not start in its time; False when there is nothing to end.

    The handoff is taken before the run is locked, as a worker about to start it does.

    Raises:
        RunChanged: A worker was faster; nothing was changed.
    """
    row = work.execute(
        "SELECT a.run_id, a.epoch FROM approvals a JOIN runs r USING (tenant_id, run_id)"
        " WHERE a.approval_id = :id AND a.status = 'approved' AND r.status = 'approved'"
        " AND r.epoch = a.epoch AND clock_timestamp() >= a.execution_expires_at",
        id=approval_id,
    ).one_or_none()
    if row is None:
        return False
    call_back(work, row.run_id, Stage.EXECUTE)
    run, approval = lock_approval(work, approval_id)
    if (run.status, run.epoch, approval.status) != (Status.APPROVED, row.epoch, "approved"):
        raise RunChanged(f"run {run.run_id} has moved on")
    move(
        work,
        run,
        Status.EXPIRED,
        stage=Stage.HOLD,
        reason=TOO_LATE,
        metadata={"approval": str(approval_id)},
    )
    return True


def _is_late(work: Work, approval: StoredApproval) -> bool:
    late: bool = work.execute(
        "SELECT clock_timestamp() >= :at", at=approval.expires_at
    ).scalar_one()
    return late


def _still_asked(work: Work, approval_id: UUID, due_id: UUID) -> tuple[StoredApproval, int] | None:
    """Take the row of `due`, behind the lock of whoever decides."""
    _, approval = lock_approval(work, approval_id)
    after = work.execute(
        "DELETE FROM due WHERE due_id = :id RETURNING after_seconds", id=due_id
    ).scalar_one_or_none()
    if after is None or approval.status != "open" or _is_late(work, approval):
        return None
    return approval, after


def _announce(
    work: Work, approval: StoredApproval, action: str, metadata: dict[str, object]
) -> None:
    work.record(
        _US,
        action,
        ("approval", str(approval.approval_id)),
        metadata={"run": str(approval.run_id), "epoch": approval.epoch, **metadata},
    )
