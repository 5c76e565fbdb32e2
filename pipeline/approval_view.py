"""Approvals as they stand: the question, what its digest covers, the votes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipeline.approval import Requirement, Verdict
from pipeline.errors import AwgpError
from pipeline.tally import Tally, Vote, tally
from pipeline.work import Work


class ApprovalNotFound(AwgpError):
    """The tenant has no such approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVote:
    """One person's answer as kept. `on_behalf_of` lent them their vote, whose groups these are."""

    vote_id: UUID
    person_id: UUID
    display_name: str
    verdict: Verdict
    reason: str
    groups: tuple[str, ...]
    voted_at: datetime
    on_behalf_of: UUID | None = None
    on_behalf_of_name: str | None = None
    reject_reason: str | None = None
    authenticated_at: datetime | None = None
    acr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Who may not vote, and why."""

    person_id: UUID
    display_name: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredApproval:
    """The question with everything its digest covers."""

    approval_id: UUID
    run_id: UUID
    epoch: int
    action: bytes
    digest: bytes
    requirement: Requirement
    status: str
    opened_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    votes: tuple[StoredVote, ...]
    excluded: tuple[Excluded, ...]
    payload: bytes
    content_type: str


def load_approval(work: Work, approval_id: UUID) -> StoredApproval:
    """Raises: ApprovalNotFound."""
    row = work.execute(
        "SELECT a.run_id, a.epoch, x.action, a.action_digest, a.requirement, a.status, a.opened_at,"
        " a.expires_at, a.decided_at, p.payload, p.content_type"
        " FROM approvals a JOIN actions x USING (tenant_id, run_id, epoch)"
        " JOIN LATERAL (SELECT payload, content_type FROM run_payloads p"
        "  WHERE p.tenant_id = a.tenant_id AND p.run_id = a.run_id AND p.epoch <= a.epoch"
        "  ORDER BY p.epoch DESC LIMIT 1) p ON true"
        " WHERE a.approval_id = :id",
        id=approval_id,
    ).one_or_none()
    if row is None:
        raise ApprovalNotFound(f"no approval {approval_id}")
    return StoredApproval(
        approval_id=approval_id,
        run_id=row[0],
        epoch=row[1],
        action=bytes(row[2]),
        digest=bytes(row[3]),
        requirement=Requirement.from_mapping(row[4]),
        status=row[5],
        opened_at=row[6],
        expires_at=row[7],
        decided_at=row[8],
        votes=_votes(work, approval_id),
        excluded=_excluded(work, approval_id),
        payload=bytes(row[9]),
        content_type=row[10],
    )


def _votes(work: Work, approval_id: UUID) -> tuple[StoredVote, ...]:
    rows = work.execute(
        "SELECT v.person_id, p.display_name, v.verdict, v.reason, v.groups, v.voted_at,"
        " v.vote_id, v.on_behalf_of_person_id, l.display_name, v.reject_reason,"
        " v.authenticated_at, v.acr"
        " FROM votes v JOIN persons p USING (tenant_id, person_id)"
        " LEFT JOIN persons l ON l.tenant_id = v.tenant_id"
        "  AND l.person_id = v.on_behalf_of_person_id"
        " WHERE v.approval_id = :id AND v.withdrawn_at IS NULL ORDER BY v.voted_at, v.person_id",
        id=approval_id,
    )
    return tuple(
        StoredVote(
            person_id=row[0],
            display_name=row[1],
            verdict=Verdict(row[2]),
            reason=row[3],
            groups=tuple(row[4]),
            voted_at=row[5],
            vote_id=row[6],
            on_behalf_of=row[7],
            on_behalf_of_name=row[8],
            reject_reason=row[9],
            authenticated_at=row[10],
            acr=row[11],
        )
        for row in rows
    )


def _excluded(work: Work, approval_id: UUID) -> tuple[Excluded, ...]:
    rows = work.execute(
        "SELECT x.person_id, p.display_name, x.because FROM approval_persons x"
        " JOIN persons p USING (tenant_id, person_id)"
        " WHERE x.approval_id = :id AND x.part = 'excluded' ORDER BY x.person_id",
        id=approval_id,
    )
    return tuple(Excluded(person_id=row[0], display_name=row[1], because=row[2]) for row in rows)


def votes_of(approval: StoredApproval) -> tuple[Vote, ...]:
    """The votes that stand, as they are counted."""
    return tuple(
        Vote(
            person_id=str(vote.person_id),
            verdict=vote.verdict,
            groups=frozenset(vote.groups),
            reason=vote.reason,
            digest=approval.digest,
            cast_after=vote.voted_at - approval.opened_at,
            proven_before=vote.voted_at - vote.authenticated_at if vote.authenticated_at else None,
            acr=vote.acr,
            on_behalf_of=None if vote.on_behalf_of is None else str(vote.on_behalf_of),
            preset=vote.reject_reason,
        )
        for vote in approval.votes
    )


def tally_of(approval: StoredApproval) -> Tally:
    """Count the votes as they stand."""
    return tally(approval.requirement, votes_of(approval), digest=approval.digest)
