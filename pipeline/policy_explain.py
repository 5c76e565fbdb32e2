"""Why a policy set decides as it does: what matched, what it says of itself, what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.policy import Decision, DecisionCode, PolicyRequest, Verdict, decide
from pipeline.policy_set import Effect, Policy, PolicySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with the policies behind it.

    `matched` are the determining policies and `erred` those whose condition could not be
    evaluated, both in the order of the source.
    """

    decision: Decision
    matched: tuple[Policy, ...]
    erred: tuple[Policy, ...]
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return the decision and its explanation as JSON."""
        return self.decision.as_json() | {
            "why": self.why,
            "matched": [_policy_json(policy) for policy in self.matched],
            "erred": [_policy_json(policy) for policy in self.erred],
        }

    def render(self) -> str:
        """Return plain text: the verdict and why, then a line a policy."""
        lines = [f"{self.decision.verdict}: {self.why}"]
        lines += [f"  matched {_policy_line(policy)}" for policy in self.matched]
        lines += [f"  erred   {_policy_line(policy)}" for policy in self.erred]
        lines += [f"  error   {error}" for error in self.decision.errors]
        return "\n".join([*lines, f"  set     {self.decision.policy_digest}"])


def explain(policy_set: PolicySet, request: PolicyRequest) -> Explanation:
    """Decide one request and say why."""
    decision = decide(policy_set, request)
    return Explanation(
        decision=decision,
        matched=tuple(p for p in policy_set.policies if p.policy_id in decision.reasons),
        erred=tuple(p for p in policy_set.policies if _erred(p, decision)),
        why=_why(policy_set, decision),
    )


def _erred(policy: Policy, decision: Decision) -> bool:
    return any(error.startswith(f"policy {policy.policy_id}: ") for error in decision.errors)


def _why(policy_set: PolicySet, decision: Decision) -> str:
    if decision.verdict is Verdict.HOLD:
        rules = ", ".join(decision.hold_rules)
        return f"permitted, and people must approve under: {rules}"
    if decision.verdict is Verdict.AUTO:
        return f"every permit that matched says @auto: {decision.auto_reason}"
    if decision.code is DecisionCode.FORBIDDEN:
        return "a forbid matched, and a forbid wins over any permit"
    if decision.code is DecisionCode.NO_PERMIT:
        return "no permit matched" if policy_set.policies else "the set has no policies"
    return "something could not be evaluated, and what is not known to be allowed is denied"


def _annotation(policy: Policy) -> str:
    if policy.effect is Effect.FORBID:
        return ""
    if policy.auto:
        return f' @auto("{policy.auto}")'
    return f' @hold("{policy.hold}")' if policy.hold else " (holds by the default rule)"


def _policy_line(policy: Policy) -> str:
    told = f": {policy.description}" if policy.description else ""
    where = f"{policy.effect} {policy.policy_id} (line {policy.line})"
    return where + _annotation(policy) + told


def _policy_json(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.policy_id,
        "line": policy.line,
        "effect": str(policy.effect),
        "hold": policy.hold,
        "auto": policy.auto,
        "description": policy.description,
    }
