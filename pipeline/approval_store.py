"""Votes in the database: take one, take it back."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from pipeline.approval import Outcome, Verdict
from pipeline.approval_errors import NothingToWithdraw
from pipeline.approval_lock import check_not_excluded, check_open, close, lock_approval, translated
from pipeline.approval_view import StoredApproval, load_approval, tally_of, votes_of
from pipeline.delegation import lent_to
from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
from pipeline.reauthentication import NO_PROOF, Proof, ask_proof
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, move
from pipeline.tally import Vote, VoteRefused, check_vote, turns_taken
from pipeline.work import Actor, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Casting:
    """A vote about to be kept, and what stands behind it."""

    vote: Vote
    person_id: UUID
    display_name: str
    proof: Proof
    lent_by: UUID | None
    delegation_id: UUID | None


def cast_vote(
    work: Work,
    keyring: KeyRing,
    approval_id: UUID,
    *,
    person_id: UUID,
    display_name: str,
    groups: frozenset[str],
    verdict: Verdict,
    digest: bytes,
    reason: str = "",
    preset: str | None = None,
    proof: Proof = NO_PROOF,
    lent_by: UUID | None = None,
) -> StoredApproval:
    """Take one person's answer; the one that meets the requirement, or a reject, decides.

    The same answer again changes nothing.

    Args:
        preset: One of the rules' reject reasons; the requester is told it.
        lent_by: On whose behalf; then their vote is used, with the groups they lent.

    Raises:
        ApprovalNotFound, AlreadyDecided, ApprovalExpired, DigestMismatch, VoterExcluded,
        VoteRefused, VoteNotLent, ReauthenticationNeeded: Nothing was changed.
    """
    run, approval = lock_approval(work, approval_id)
    if _said_before(approval, person_id, lent_by, verdict, digest):
        return approval
    now = check_open(work, approval, digest)
    delegation_id = None
    if lent_by is not None:
        check_not_excluded(approval, lent_by)
        delegation_id, groups = lent_to(work, person_id, lent_by, approval.requirement)
    vote = Vote(
        person_id=str(person_id),
        verdict=verdict,
        groups=groups,
        reason=reason,
        digest=digest,
        cast_after=now - approval.opened_at,
        proven_before=proof.age(now),
        acr=proof.acr,
        on_behalf_of=None if lent_by is None else str(lent_by),
        preset=preset,
    )
    _check(approval, vote, person_id)
    casting = _Casting(
        vote=vote,
        person_id=person_id,
        display_name=display_name,
        proof=proof,
        lent_by=lent_by,
        delegation_id=delegation_id,
    )
    _insert_vote(work, approval, casting)
    _record_vote(work, keyring, approval, casting)
    voted = load_approval(work, approval_id)
    _decide(work, run, voted, Actor(type="person", id=str(person_id)))
    return load_approval(work, approval_id)


def withdraw_vote(work: Work, approval_id: UUID, *, person_id: UUID) -> StoredApproval:
    """Take back the vote that stands for a person; they, or who lent it, may vote anew.

    Raises:
        ApprovalNotFound, AlreadyDecided, ApprovalExpired, NothingToWithdraw: Nothing was changed.
    """
    _, approval = lock_approval(work, approval_id)
    check_open(work, approval, approval.digest)
    standing = next(
        (vote for vote in approval.votes if person_id in {vote.person_id, vote.on_behalf_of}), None
    )
    if standing is None:
        raise NothingToWithdraw("no vote of yours stands here")
    try:
        work.execute(
            "UPDATE votes SET withdrawn_at = clock_timestamp() WHERE vote_id = :vote",
            vote=standing.vote_id,
        )
    except DBAPIError as error:
        raise translated(error) from error
    work.execute(
        "DELETE FROM approval_persons WHERE approval_id = :approval AND vote_id = :vote"
        " AND part = 'voter'",
        approval=approval_id,
        vote=standing.vote_id,
    )
    work.record(
        Actor(type="person", id=str(person_id)),
        "hold:vote:withdrawn",
        ("approval", str(approval_id)),
        metadata={
            "run": str(approval.run_id),
            "epoch": approval.epoch,
            "verdict": standing.verdict.value,
            "voter": str(standing.person_id),
            "action_digest": approval.digest.hex(),
        },
    )
    return load_approval(work, approval_id)


def _said_before(
    approval: StoredApproval,
    person_id: UUID,
    lent_by: UUID | None,
    verdict: Verdict,
    digest: bytes,
) -> bool:
    if approval.status == "superseded" or approval.digest != digest:
        return False
    said = (person_id, lent_by, verdict)
    return any(said == (each.person_id, each.on_behalf_of, each.verdict) for each in approval.votes)


def _check(approval: StoredApproval, vote: Vote, person_id: UUID) -> None:
    """Raises: VoterExcluded, VoteRefused, ReauthenticationNeeded."""
    check_not_excluded(approval, person_id)
    before = votes_of(approval)
    for each in before:
        if str(person_id) in each.persons:
            raise VoteRefused("your vote stands on this already; withdraw it first")
        if each.persons & vote.persons:
            raise VoteRefused("the vote you were lent stands on this already")
    check_vote(approval.requirement, vote, digest=approval.digest, before=before)
    if vote.verdict is Verdict.APPROVE:
        ask_proof(turns_taken(approval.requirement, vote, before, approval.digest), vote)


def _insert_vote(work: Work, approval: StoredApproval, casting: _Casting) -> None:
    vote, vote_id = casting.vote, uuid7()
    persons = [casting.person_id, *([casting.lent_by] if casting.lent_by else [])]
    try:
        for person_id in persons:
            work.execute(
                "INSERT INTO approval_persons (tenant_id, approval_id, person_id, part, vote_id)"
                " VALUES (:tenant, :approval, :person, 'voter', :vote)",
                tenant=work.tenant_id,
                approval=approval.approval_id,
                person=person_id,
                vote=vote_id,
            )
        work.execute(
            "INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict,"
            " action_digest, reason, groups, authenticated_at, acr, reject_reason,"
            " on_behalf_of_person_id, delegation_id) VALUES (:tenant, :vote, :approval, :person,"
            " :verdict, :digest, :reason, :groups, :proven, :acr, :preset, :lent_by, :delegation)",
            tenant=work.tenant_id,
            vote=vote_id,
            approval=approval.approval_id,
            person=casting.person_id,
            verdict=vote.verdict.value,
            digest=vote.digest,
            reason=vote.reason,
            groups=Jsonb(sorted(vote.groups)),
            proven=casting.proof.authenticated_at,
            acr=None if vote.acr is None else vote.acr[:256],
            preset=vote.preset,
            lent_by=casting.lent_by,
            delegation=casting.delegation_id,
        )
    except DBAPIError as error:
        raise translated(error) from error


def _record_vote(work: Work, keyring: KeyRing, approval: StoredApproval, casting: _Casting) -> None:
    record_id, vote = uuid7(), casting.vote
    personal = seal_for(
        work,
        keyring,
        subject_ref=f"person:{vote.person_id}",
        record_id=record_id,
        content={"name": casting.display_name, "reason": vote.reason},
    )
    lent = {} if vote.on_behalf_of is None else {"on_behalf_of": vote.on_behalf_of}
    work.record(
        Actor(type="person", id=vote.person_id),
        "hold:vote:cast",
        ("approval", str(approval.approval_id)),
        metadata={
            "run": str(approval.run_id),
            "epoch": approval.epoch,
            "verdict": vote.verdict.value,
            "action_digest": vote.digest.hex(),
            **lent,
        },
        personal=personal,
        record_id=record_id,
    )


def _decide(work: Work, run: StoredRun, approval: StoredApproval, actor: Actor) -> None:
    outcome = tally_of(approval).outcome
    if outcome is Outcome.OPEN:
        return
    if outcome is Outcome.APPROVED:
        let_through(work, run, approval, actor)
        return
    close(work, approval, outcome.value)
    metadata = {"approval": str(approval.approval_id), "action_digest": approval.digest.hex()}
    move(
        work,
        run,
        Status.REJECTED,
        stage=Stage.HOLD,
        actor=actor,
        reason="rejected",
        metadata=metadata,
    )
    # The sender is told why, in the rule's words or the voter's; the trail keeps those encrypted.
    said = next(vote for vote in approval.votes if vote.verdict is Verdict.REJECT)
    work.execute(
        "UPDATE runs SET reason = :reason WHERE run_id = :run",
        reason=said.reject_reason or said.reason or "rejected",
        run=run.run_id,
    )


def let_through(
    work: Work,
    run: StoredRun,
    approval: StoredApproval,
    actor: Actor,
    *,
    because: dict[str, str] | None = None,
) -> None:
    """Approve, for as long as the rules let an approved run wait to start.

    Raises:
        AlreadyDecided, ApprovalExpired: The database saw it first.
    """
    within = approval.requirement.execution_expires_in_seconds
    close(work, approval, Outcome.APPROVED.value, launch_within=within)
    metadata = {"approval": str(approval.approval_id), "action_digest": approval.digest.hex()}
    move(
        work,
        run,
        Status.APPROVED,
        stage=Stage.HOLD,
        actor=actor,
        metadata={**metadata, **(because or {})},
    )
