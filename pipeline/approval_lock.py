"""What everything that decides does first and last: lock, look at the clock, close.

The run is locked, then the approval, then the clock is read, then votes are counted (lock order:
run, approval, votes). The database checks the same rules again by constraint and trigger, so that
no other path decides.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from pipeline.approval_errors import (
    AlreadyDecided,
    ApprovalExpired,
    DigestMismatch,
    VoterExcluded,
)
from pipeline.approval_view import ApprovalNotFound, StoredApproval, load_approval
from pipeline.run_store import StoredRun, load_run
from pipeline.tally import VoteRefused
from pipeline.work import Work

LAPSE: Final = "hold.lapse"


def lock_approval(work: Work, approval_id: UUID) -> tuple[StoredRun, StoredApproval]:
    """Lock run, then approval; what is read afterwards stays true until the commit.

    Raises:
        ApprovalNotFound: As it says.
    """
    run_id = work.execute(
        "SELECT run_id FROM approvals WHERE approval_id = :id", id=approval_id
    ).scalar_one_or_none()
    if run_id is None:
        raise ApprovalNotFound(f"no approval {approval_id}")
    run = load_run(work, run_id, lock=True)
    work.execute("SELECT 1 FROM approvals WHERE approval_id = :id FOR UPDATE", id=approval_id)
    return run, load_approval(work, approval_id)


def check_open(work: Work, approval: StoredApproval, digest: bytes) -> datetime:
    """Say what time it is on the clock that counts.

    Raises:
        ApprovalExpired, AlreadyDecided, DigestMismatch: As they say.
    """
    if approval.status == "expired":
        raise _expired(approval)
    if approval.status != "open":
        raise AlreadyDecided(f"this approval is {approval.status}; nothing is left to decide")
    now: datetime = work.execute("SELECT clock_timestamp()").scalar_one()
    if now >= approval.expires_at:
        raise _expired(approval)
    if digest != approval.digest:
        raise DigestMismatch("the digest is not this approval's; look at it again")
    return now


def check_not_excluded(approval: StoredApproval, person_id: UUID) -> None:
    """Raises: VoterExcluded."""
    for each in approval.excluded:
        if each.person_id == person_id:
            raise VoterExcluded(f"four eyes: you are the {each.because}, so another person decides")


def close(
    work: Work, approval: StoredApproval, status: str, *, launch_within: int | None = None
) -> None:
    """End the question, and what was to happen with it by time.

    Args:
        launch_within: Seconds an approved run has to start; it lapses then.
    """
    statement = "UPDATE approvals SET status = :status, decided_at = clock_timestamp()"
    values: dict[str, Any] = {"status": status, "id": approval.approval_id}
    if launch_within is not None:
        statement += ", execution_expires_at = clock_timestamp() + make_interval(secs => :within)"
        values["within"] = launch_within
    try:
        start_by = work.execute(
            f"{statement} WHERE approval_id = :id RETURNING execution_expires_at", **values
        ).scalar_one()
    except DBAPIError as error:
        raise translated(error) from error
    work.execute("DELETE FROM due WHERE subject_id = :id", id=approval.approval_id)
    if launch_within is not None:
        work.schedule(LAPSE, start_by, subject_id=approval.approval_id)


def translated(error: DBAPIError) -> Exception:
    """Say in our words what a trigger refused."""
    state = getattr(error.orig, "sqlstate", None)
    said: dict[str | None, Exception] = {
        "AW004": AlreadyDecided("this approval was decided meanwhile"),
        "AW005": ApprovalExpired("this approval expired meanwhile"),
        "AW007": VoterExcluded("four eyes: you, or who lent you their vote, may not decide this"),
        "AW008": VoteRefused("this vote counts towards nothing that is asked now"),
    }
    return said.get(state, error)


def _expired(approval: StoredApproval) -> ApprovalExpired:
    return ApprovalExpired(f"this approval expired at {approval.expires_at:%Y-%m-%d %H:%M:%SZ}")
