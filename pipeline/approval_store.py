"""Approvals in the database: take votes, edit, expire.

Everything that decides locks the run, then the approval, then reads the clock, then counts
(lock order: run, approval, votes). The database checks the same rules again by constraint and
trigger, so that no other path decides.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from pipeline.approval import (
    DEFAULT_RULE_NAME,
    Outcome,
    Requirement,
    Verdict,
    Vote,
    VoteRefused,
    check_vote,
)
from pipeline.approval_opening import open_approval
from pipeline.approval_view import ApprovalNotFound, StoredApproval, load_approval, tally_of
from pipeline.envelope import KeyRing
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
from pipeline.policy import Decision, DecisionCode
from pipeline.policy import Verdict as PolicyVerdict
from pipeline.policy_store import (
    ActivePolicy,
    active_policy,
    evaluate,
    requirement_of,
    save_decision,
)
from pipeline.registry import AssistantNotFound, current_assistant
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, load_payload, load_run, move
from pipeline.work import Actor, Work


class AlreadyDecided(AwgpError):
    """The question is closed."""


class ApprovalExpired(AwgpError):
    """Its time has passed; nothing will run."""


class DigestMismatch(AwgpError):
    """What was seen is not what is asked now."""


class VoterExcluded(AwgpError):
    """Four eyes: this person may not vote here."""


class EditDenied(AwgpError):
    """The policy denies the edited payload."""


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
) -> StoredApproval:
    """Take one person's answer; the one that meets the quorum, or a reject, decides.

    The same answer again changes nothing.

    Raises:
        ApprovalNotFound, AlreadyDecided, ApprovalExpired, DigestMismatch, VoterExcluded,
        VoteRefused: Nothing was changed.
    """
    run, approval = _lock(work, approval_id)
    same = [vote for vote in approval.votes if vote.person_id == person_id]
    if same and same[0].verdict is verdict and approval.digest == digest:
        if approval.status == "superseded":
            raise AlreadyDecided("this approval was superseded; there is a newer question")
        return approval
    _check_open(work, approval, digest)
    _check_not_excluded(approval, person_id)
    if same:
        raise VoteRefused("you have voted on this; withdraw that vote first")
    vote = Vote(
        person_id=str(person_id), verdict=verdict, groups=groups, reason=reason, digest=digest
    )
    check_vote(approval.requirement, vote, digest=approval.digest)
    _insert_vote(work, approval, vote, person_id)
    _record_vote(work, keyring, approval, vote, display_name)
    voted = load_approval(work, approval_id)
    _decide(work, run, voted, Actor(type="person", id=str(person_id)))
    return load_approval(work, approval_id)


def _lock(work: Work, approval_id: UUID) -> tuple[StoredRun, StoredApproval]:
    """Lock run, then approval; what is read afterwards stays true until the commit."""
    run_id = work.execute(
        "SELECT run_id FROM approvals WHERE approval_id = :id", id=approval_id
    ).scalar_one_or_none()
    if run_id is None:
        raise ApprovalNotFound(f"no approval {approval_id}")
    run = load_run(work, run_id, lock=True)
    work.execute("SELECT 1 FROM approvals WHERE approval_id = :id FOR UPDATE", id=approval_id)
    return run, load_approval(work, approval_id)


def _check_open(work: Work, approval: StoredApproval, digest: bytes) -> None:
    if approval.status == "expired":
        raise ApprovalExpired(f"this approval expired at {approval.expires_at:%Y-%m-%d %H:%M:%SZ}")
    if approval.status != "open":
        raise AlreadyDecided(f"this approval is {approval.status}; nothing is left to decide")
    if work.execute("SELECT clock_timestamp() >= :at", at=approval.expires_at).scalar_one():
        raise ApprovalExpired(f"this approval expired at {approval.expires_at:%Y-%m-%d %H:%M:%SZ}")
    if digest != approval.digest:
        raise DigestMismatch("the digest is not this approval's; look at it again")


def _check_not_excluded(approval: StoredApproval, person_id: UUID) -> None:
    for each in approval.excluded:
        if each.person_id == person_id:
            raise VoterExcluded(f"four eyes: you are the {each.because}, so another person decides")


def _insert_vote(work: Work, approval: StoredApproval, vote: Vote, person_id: UUID) -> None:
    try:
        work.execute(
            "INSERT INTO approval_persons (tenant_id, approval_id, person_id, part)"
            " VALUES (:tenant, :approval, :person, 'voter')",
            tenant=work.tenant_id,
            approval=approval.approval_id,
            person=person_id,
        )
        work.execute(
            "INSERT INTO votes (tenant_id, approval_id, person_id, verdict, action_digest, reason,"
            " groups) VALUES (:tenant, :approval, :person, :verdict, :digest, :reason, :groups)",
            tenant=work.tenant_id,
            approval=approval.approval_id,
            person=person_id,
            verdict=vote.verdict.value,
            digest=vote.digest,
            reason=vote.reason,
            groups=Jsonb(sorted(vote.groups)),
        )
    except DBAPIError as error:
        raise _translated(error) from error


def _record_vote(
    work: Work, keyring: KeyRing, approval: StoredApproval, vote: Vote, display_name: str
) -> None:
    record_id = uuid7()
    personal = seal_for(
        work,
        keyring,
        subject_ref=f"person:{vote.person_id}",
        record_id=record_id,
        content={"name": display_name, "reason": vote.reason},
    )
    work.record(
        Actor(type="person", id=vote.person_id),
        "hold:vote:cast",
        ("approval", str(approval.approval_id)),
        metadata={
            "run": str(approval.run_id),
            "epoch": approval.epoch,
            "verdict": vote.verdict.value,
            "action_digest": vote.digest.hex(),
        },
        personal=personal,
        record_id=record_id,
    )


def _decide(work: Work, run: StoredRun, approval: StoredApproval, actor: Actor) -> None:
    outcome = tally_of(approval).outcome
    if outcome is Outcome.OPEN:
        return
    approved = outcome is Outcome.APPROVED
    _close(
        work,
        approval,
        outcome.value,
        launch_within=approval.requirement.execution_expires_in_seconds if approved else None,
    )
    move(
        work,
        run,
        Status.APPROVED if approved else Status.REJECTED,
        stage=Stage.HOLD,
        actor=actor,
        reason=None if approved else "rejected",
        metadata={"approval": str(approval.approval_id), "action_digest": approval.digest.hex()},
    )
    if not approved:
        # The sender is told why in the voter's words; the trail keeps those encrypted.
        said = next(vote.reason for vote in approval.votes if vote.verdict is Verdict.REJECT)
        work.execute(
            "UPDATE runs SET reason = :reason WHERE run_id = :run",
            reason=said or "rejected",
            run=run.run_id,
        )


def _close(
    work: Work, approval: StoredApproval, status: str, *, launch_within: int | None = None
) -> None:
    statement = "UPDATE approvals SET status = :status, decided_at = clock_timestamp()"
    values: dict[str, Any] = {"status": status, "id": approval.approval_id}
    if launch_within is not None:
        statement += ", execution_expires_at = clock_timestamp() + make_interval(secs => :within)"
        values["within"] = launch_within
    try:
        work.execute(f"{statement} WHERE approval_id = :id", **values)
    except DBAPIError as error:
        raise _translated(error) from error
    work.execute("DELETE FROM due WHERE subject_id = :id", id=approval.approval_id)


def edit_payload(
    work: Work,
    approval_id: UUID,
    *,
    person_id: UUID,
    digest: bytes,
    content: bytes,
) -> UUID:
    """Replace the payload: the votes are void, the epoch grows, the question is asked anew.

    The editor cannot vote on it. The policy in force is asked again about the new payload, and
    whatever rules held it before hold it still.

    Raises:
        ApprovalNotFound, AlreadyDecided, ApprovalExpired, DigestMismatch, EditDenied: Nothing
            was changed.
    """
    run, approval = _lock(work, approval_id)
    _check_open(work, approval, digest)
    epoch = run.epoch + 1
    work.execute(
        "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key,"
        " editor_person_id) SELECT :tenant, :run, :epoch, content_type, :payload, digest_key,"
        " :editor FROM run_payloads WHERE run_id = :run AND epoch = :old",
        tenant=work.tenant_id,
        run=run.run_id,
        epoch=epoch,
        payload=content,
        editor=person_id,
        old=run.payload_epoch,
    )
    work.execute(
        "UPDATE runs SET payload_epoch = :epoch WHERE run_id = :run", epoch=epoch, run=run.run_id
    )
    _close(work, approval, "superseded")
    actor = Actor(type="person", id=str(person_id))
    moved = move(
        work,
        load_run(work, run.run_id),
        Status.HELD,
        stage=Stage.HOLD,
        actor=actor,
        reason="edited",
    )
    active, rules = _decide_again(work, moved, approval.requirement)
    return open_approval(work, moved, epoch=epoch, active=active, rules=rules)


def _decide_again(
    work: Work, run: StoredRun, before: Requirement
) -> tuple[ActivePolicy, Requirement]:
    """Raises: EditDenied."""
    active = active_policy(work)
    try:
        assistant = current_assistant(work, run.assistant_id)
    except AssistantNotFound as error:
        raise EditDenied(str(error)) from error
    decision = evaluate(work, run, load_payload(work, run), assistant, active)
    if active is None or decision.verdict is PolicyVerdict.DENY:
        raise EditDenied(f"the policy denies this payload: {decision.code}")
    rules = combine_again(work, before, decision.hold_rules)
    save_decision(work, run, held(decision, rules), active.version)
    return active, rules


def combine_again(work: Work, before: Requirement | None, names: Iterable[str]) -> Requirement:
    """What held it before, in today's versions, and what the policy asks now."""
    earlier = {rule.name for rule in before.rules} if before else set()
    return requirement_of(work, (earlier | set(names)) or {DEFAULT_RULE_NAME})


def held(decision: Decision, rules: Requirement) -> Decision:
    """The same decision as one that holds, by these rules."""
    return Decision(
        verdict=PolicyVerdict.HOLD,
        code=DecisionCode.HOLD,
        reasons=decision.reasons,
        hold_rules=tuple(rule.name for rule in rules.rules),
        errors=decision.errors,
        policy_digest=decision.policy_digest,
    )


def supersede(work: Work, run: StoredRun) -> StoredApproval | None:
    """Void the approval of a run's epoch, if it has one, and return it."""
    approval_id = work.execute(
        "SELECT approval_id FROM approvals WHERE run_id = :run AND epoch = :epoch FOR UPDATE",
        run=run.run_id,
        epoch=run.epoch,
    ).scalar_one_or_none()
    if approval_id is None:
        return None
    approval = load_approval(work, approval_id)
    _close(work, approval, "superseded")
    return approval


def expire(work: Work, approval_id: UUID) -> bool:
    """End a question whose time has passed; False when it is not open or not yet due."""
    run, approval = _lock(work, approval_id)
    late = work.execute("SELECT clock_timestamp() >= :at", at=approval.expires_at).scalar_one()
    if approval.status != "open" or not late:
        return False
    _close(work, approval, "expired")
    move(
        work,
        run,
        Status.EXPIRED,
        stage=Stage.HOLD,
        reason="nobody decided in time",
        metadata={"approval": str(approval_id)},
    )
    return True


def _translated(error: DBAPIError) -> Exception:
    """Say in our words what a trigger refused."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "AW004":
        return AlreadyDecided("this approval was decided meanwhile")
    if state == "AW005":
        return ApprovalExpired("this approval expired meanwhile")
    return error
