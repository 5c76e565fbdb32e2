"""The last look before a launch: is what would run now what was decided on?

the policy set now in force denies ....... the run is denied
it asks for more, or a rule changed ...... the run is held again, in a new epoch
bundle, target, limits, payload changed .. likewise: the digest is not the one decided on
no author whose word counts signed it .... the run is denied
anything else ............................ go
"""

from typing import Any, Final
from uuid import UUID

from pipeline.action import DecidingPolicy, action_digest
from pipeline.action_store import (
    Assembled,
    ask_action,
    assemble,
    effective_limits,
    effective_policy,
    load_action,
    named_digest,
)
from pipeline.approval import Requirement
from pipeline.approval_edit import combine_again, held, supersede
from pipeline.approval_opening import open_approval
from pipeline.author_keys import ask_signing, unsigned_because
from pipeline.errors import AwgpError
from pipeline.launch_verdict import Deny, Go, LaunchVerdict, Rehold
from pipeline.policy import Decision, Verdict
from pipeline.policy_store import (
    ActivePolicy,
    RuleNotFound,
    active_policy,
    ask_evaluation,
    evaluate,
    requirement_of,
    save_decision,
)
from pipeline.recent_bytes import RecentBytes
from pipeline.registry import AssistantNotFound, current_assistant
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, load_payload, move
from pipeline.work import Work

BUNDLES_KEPT_BYTES: Final = 64 * 1024 * 1024
_BUNDLES: Final = RecentBytes[tuple[UUID, str]](BUNDLES_KEPT_BYTES)


class PolicyMissing(AwgpError):
    """No policy set is in force, so there is nothing to hold a run by."""


class BundleMissing(AwgpError):
    """The bundle's bytes are not there."""


def check_launch(work: Work, run: StoredRun) -> LaunchVerdict:
    """Look once more; the run is locked and `approved`."""
    ask_launch(work, run)
    action = load_action(work, run.run_id, run.epoch)
    decided = action.as_json()
    refusal = _policy_refuses(work, run, decided) or _rules_refuse(work, decided)
    if refusal is not None:
        return refusal
    try:
        assembled = assemble(
            work,
            run,
            epoch=run.epoch,
            policy=DecidingPolicy(**decided["policy"]),
            rules=_rules(decided),
        )
    except AssistantNotFound:
        return Deny(reason="assistant-not-active")
    if action_digest(assembled.action) != action.digest:
        changed = _what_changed(decided, assembled.action.as_json())
        return Rehold(reason=f"changed since the decision: {changed}")
    unsigned = unsigned_because(work, assembled.assistant.bundle_digest)
    if unsigned is not None:
        return Deny(reason=unsigned)
    return _go(work, assembled, action.digest)


def ask_launch(work: Work, run: StoredRun) -> None:
    """Bring along what `check_launch` will read."""
    ask_action(work, run.run_id, run.epoch)
    ask_evaluation(work, run)
    ask_signing(work)


def _go(work: Work, assembled: Assembled, digest: bytes) -> Go:
    assistant, payload = assembled.assistant, assembled.payload
    policy = effective_policy(assistant)
    return Go(
        action_digest=digest,
        bundle=_bundle(work, assistant.bundle_digest),
        bundle_digest=assistant.bundle_digest,
        payload=payload.content,
        payload_digest=named_digest(payload.content),
        digest_key=payload.digest_key,
        runtime=assistant.runtime_name,
        runtime_digest=assistant.runtime_digest,
        entrypoint=tuple(assistant.manifest["entrypoint"]),
        limits=effective_limits(assistant),
        rerun_is_safe=assistant.manifest["retry"] == "safe",
        environment=policy.variables,
        scope=policy.scope,
        syscalls=policy.syscalls,
    )


def _bundle(work: Work, digest: str) -> bytes:
    """Its bytes, which never change and are read once by a process, as long as there is room.

    Raises: BundleMissing.
    """
    key = (work.tenant_id, digest)
    content = _BUNDLES.get(key)
    if content is None:
        found = work.ask(
            "SELECT content FROM bundles WHERE digest = :digest", digest=digest
        ).scalar_one_or_none()
        if found is None:
            raise BundleMissing(f"bundle {digest} is not there")
        content = _BUNDLES.keep(key, bytes(found))
    return content


def _policy_refuses(work: Work, run: StoredRun, decided: dict[str, Any]) -> Deny | Rehold | None:
    """Ask the set in force, also if it is the one that decided: its subject may have changed."""
    try:
        decision = _decision_now(work, run, active_policy(work))
    except AssistantNotFound:
        return Deny(reason="assistant-not-active")
    if decision.verdict is Verdict.DENY:
        return Deny(reason=f"the policy now denies it: {decision.code}")
    met = {rule["name"] for rule in (decided["requirement"] or {"rules": []})["rules"]}
    more = sorted(set(decision.hold_rules) - met)
    if more:
        return Rehold(reason=f"the policy now asks for {', '.join(more)}")
    return None


def _rules_refuse(work: Work, decided: dict[str, Any]) -> Rehold | None:
    rules = _rules(decided)
    if rules is not None and _rules_changed(work, rules):
        return Rehold(reason="an approval rule changed since the decision")
    return None


def _decision_now(work: Work, run: StoredRun, active: ActivePolicy | None) -> Decision:
    assistant = current_assistant(work, run.assistant_id)
    return evaluate(work, run, load_payload(work, run), assistant, active)


def _rules(decided: dict[str, Any]) -> Requirement | None:
    requirement = decided["requirement"]
    return None if requirement is None else Requirement.from_mapping(requirement)


def _rules_changed(work: Work, rules: Requirement) -> bool:
    try:
        return requirement_of(work, (rule.name for rule in rules.rules)) != rules
    except RuleNotFound:
        return True


def _what_changed(before: dict[str, Any], now: dict[str, Any]) -> str:
    return ", ".join(sorted(name for name in now if now[name] != before.get(name)))


def hold_again(work: Work, run: StoredRun, reason: str) -> None:
    """Put an approved run before people again, in a new epoch; its old approval is void.

    Raises:
        PolicyMissing: No set is in force; the caller denies the run.
    """
    active = active_policy(work)
    if active is None:
        raise PolicyMissing("no policy set is in force")
    before = supersede(work, run)
    decision = _decision_now(work, run, active)
    rules = combine_again(work, before.requirement if before else None, decision.hold_rules)
    moved = move(work, run, Status.HELD, stage=Stage.EXECUTE, reason=reason)
    save_decision(work, moved, held(decision, rules), active.version)
    open_approval(work, moved, epoch=moved.epoch, active=active, rules=rules)
