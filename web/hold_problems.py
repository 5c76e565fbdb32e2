"""What can be wrong with a decision, by the names its answers have."""

from typing import Final

from pipeline.approval_errors import (
    AlreadyDecided,
    ApprovalExpired,
    DigestMismatch,
    EditDenied,
    NothingToWithdraw,
    ReauthenticationNeeded,
    VoteNotLent,
    VoterExcluded,
)
from pipeline.approval_view import ApprovalNotFound
from pipeline.break_glass import ReviewClosed, ReviewNotFound
from pipeline.decision_link import LinkNotYours, LinkOver, LinkUnknown
from pipeline.delegation import DelegationInvalid, DelegationNotFound, DelegationOver
from pipeline.refusal import ProblemTable
from pipeline.tally import NotYourTurn, ReasonMissing, VoteRefused

HOLD_PROBLEMS: Final[ProblemTable] = {
    ApprovalNotFound: (404, "approval-not-found"),
    VoterExcluded: (403, "four-eyes"),
    VoteRefused: (403, "vote-refused"),
    NotYourTurn: (403, "not-your-turn"),
    VoteNotLent: (403, "vote-not-lent"),
    ReauthenticationNeeded: (403, "reauthentication-needed"),
    ReasonMissing: (422, "reason-missing"),
    DigestMismatch: (409, "digest-mismatch"),
    AlreadyDecided: (409, "approval-already-decided"),
    NothingToWithdraw: (409, "nothing-to-withdraw"),
    ApprovalExpired: (410, "approval-expired"),
    EditDenied: (422, "edit-denied"),
    DelegationInvalid: (422, "delegation-invalid"),
    DelegationNotFound: (404, "delegation-not-found"),
    DelegationOver: (409, "delegation-over"),
    ReviewNotFound: (404, "review-not-found"),
    ReviewClosed: (409, "review-closed"),
    LinkUnknown: (404, "decision-link-unknown"),
    LinkNotYours: (403, "decision-link-not-yours"),
    LinkOver: (410, "decision-link-over"),
}
