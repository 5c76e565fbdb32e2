"""Approve alone in an emergency, and have another person look at it afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from pipeline.approval_errors import VoterExcluded
from pipeline.approval_lock import check_not_excluded, check_open, lock_approval, translated
from pipeline.approval_store import let_through
from pipeline.approval_view import StoredApproval, load_approval
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.identity import Identity
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
from pipeline.reauthentication import NO_PROOF, Proof, ask_proof_of_all
from pipeline.work import Actor, Work

_COLUMNS: Final = (
    "r.review_id, r.approval_id, a.run_id, r.person_id, p.display_name, r.reason, r.opened_at,"
    " r.closed_at, r.closed_by_person_id, c.display_name, r.verdict, r.note,"
    " CASE WHEN me.person_id = r.person_id THEN 'person who broke the glass' ELSE x.because END"
)
_FROM: Final = (
    " FROM reviews r JOIN approvals a USING (tenant_id, approval_id)"
    " JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.person_id"
    " LEFT JOIN persons c ON c.tenant_id = r.tenant_id AND c.person_id = r.closed_by_person_id"
    " LEFT JOIN persons me ON me.tenant_id = r.tenant_id AND me.issuer = :issuer"
    "  AND me.subject = :subject"
    " LEFT JOIN approval_persons x ON x.tenant_id = r.tenant_id AND x.approval_id = r.approval_id"
    "  AND x.person_id = me.person_id AND x.part = 'excluded'"
)


class ReviewVerdict(StrEnum):
    """What another person found."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class ReviewNotFound(AwgpError):
    """The tenant has no such review."""


class ReviewClosed(AwgpError):
    """Another person has closed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Somebody approved alone; open until another person has looked at it.

    Attributes:
        excluded_as: By what part in it four eyes keep whoever asks from closing it.
    """

    review_id: UUID
    approval_id: UUID
    run_id: UUID
    person_id: UUID
    person: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by_id: UUID | None
    closed_by: str | None
    verdict: ReviewVerdict | None
    note: str
    excluded_as: str | None


def break_glass(
    work: Work,
    keyring: KeyRing,
    approval_id: UUID,
    *,
    person_id: UUID,
    display_name: str,
    digest: bytes,
    reason: str,
    proof: Proof = NO_PROOF,
) -> StoredApproval:
    """Approve at once, whatever the rules ask, and open a review. Four eyes hold all the same.

    Whether this person has the role is the caller's to ask, and the database's.

    Raises:
        ApprovalNotFound, AlreadyDecided, ApprovalExpired, DigestMismatch, VoterExcluded,
        ReauthenticationNeeded: Nothing was changed.
    """
    run, approval = lock_approval(work, approval_id)
    now = check_open(work, approval, digest)
    check_not_excluded(approval, person_id)
    ask_proof_of_all(approval.requirement.rules, proof, now)
    review_id = uuid7()
    try:
        work.execute(
            "INSERT INTO reviews (tenant_id, review_id, approval_id, action_digest, person_id,"
            " reason) VALUES (:tenant, :id, :approval, :digest, :person, :reason)",
            tenant=work.tenant_id,
            id=review_id,
            approval=approval_id,
            digest=digest,
            person=person_id,
            reason=reason,
        )
    except DBAPIError as error:
        raise translated(error) from error
    _record(
        work,
        keyring,
        (person_id, display_name, reason),
        "hold:glass:broken",
        ("approval", str(approval_id)),
        {"review": str(review_id), "run": str(run.run_id), "action_digest": digest.hex()},
    )
    actor = Actor(type="person", id=str(person_id))
    let_through(work, run, approval, actor, because={"break_glass": str(review_id)})
    return load_approval(work, approval_id)


def close_review(
    work: Work,
    keyring: KeyRing,
    review_id: UUID,
    *,
    person_id: UUID,
    display_name: str,
    verdict: ReviewVerdict,
    note: str,
) -> Review:
    """Say, as another person who may decide here, whether it was an emergency.

    Raises:
        ReviewNotFound, ReviewClosed, VoterExcluded: Nothing was changed.
    """
    work.execute("SELECT 1 FROM reviews WHERE review_id = :id FOR UPDATE", id=review_id)
    review = load_review(work, review_id)
    if review.closed_at is not None:
        raise ReviewClosed("this review was closed already")
    if review.person_id == person_id:
        raise VoterExcluded("four eyes: you broke the glass, so another person looks at it")
    check_not_excluded(load_approval(work, review.approval_id), person_id)
    try:
        work.execute(
            "UPDATE reviews SET closed_at = clock_timestamp(), closed_by_person_id = :person,"
            " verdict = :verdict, note = :note WHERE review_id = :id",
            id=review_id,
            person=person_id,
            verdict=verdict.value,
            note=note,
        )
    except DBAPIError as error:
        raise translated(error) from error
    _record(
        work,
        keyring,
        (person_id, display_name, note),
        "hold:review:closed",
        ("review", str(review_id)),
        {"approval": str(review.approval_id), "verdict": verdict.value},
    )
    return load_review(work, review_id)


def load_review(work: Work, review_id: UUID) -> Review:
    """Raises: ReviewNotFound."""
    row = work.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE r.review_id = :id",  # constant parts
        id=review_id,
        issuer=None,
        subject=None,
    ).one_or_none()
    if row is None:
        raise ReviewNotFound(f"no review {review_id}")
    return _read(tuple(row))


def list_reviews(
    work: Work, asked_by: Identity, *, is_open: bool, before: UUID | None, limit: int
) -> list[Review]:
    """Newest first, open or closed ones."""
    rows = work.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE (r.closed_at IS NULL) = :open"  # constant parts
        " AND (CAST(:before AS uuid) IS NULL OR r.review_id < :before)"
        " ORDER BY r.review_id DESC LIMIT :limit",
        open=is_open,
        issuer=asked_by.issuer,
        subject=asked_by.subject,
        before=before,
        limit=limit,
    )
    return [_read(tuple(row)) for row in rows]


def _read(row: tuple[object, ...]) -> Review:
    values = dict(zip(Review.__dataclass_fields__, row, strict=True))
    said = values["verdict"]
    verdict = None if said is None else ReviewVerdict(str(said))
    return Review(**{**values, "verdict": verdict})  # type: ignore[arg-type]  # a row's values


def _record(
    work: Work,
    keyring: KeyRing,
    said: tuple[UUID, str, str],
    action: str,
    resource: tuple[str, str],
    metadata: dict[str, str],
) -> None:
    """Note it; the name and the words are encrypted under the person's key."""
    person_id, display_name, words = said
    record_id = uuid7()
    personal = seal_for(
        work,
        keyring,
        subject_ref=f"person:{person_id}",
        record_id=record_id,
        content={"name": display_name, "reason": words},
    )
    work.record(
        Actor(type="person", id=str(person_id)),
        action,
        resource,
        metadata=metadata,
        personal=personal,
        record_id=record_id,
    )
