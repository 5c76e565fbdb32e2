"""A question asked anew: the payload was edited, or what was approved drifted."""

from collections.abc import Iterable
from uuid import UUID

from pipeline.approval import DEFAULT_RULE_NAME, Requirement
from pipeline.approval_errors import EditDenied
from pipeline.approval_lock import check_open, close, lock_approval
from pipeline.approval_opening import open_approval
from pipeline.approval_view import StoredApproval, load_approval
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
    run, approval = lock_approval(work, approval_id)
    check_open(work, approval, digest)
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
    close(work, approval, "superseded")
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
    close(work, approval, "superseded")
    return approval
