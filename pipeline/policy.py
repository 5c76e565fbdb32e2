"""Ask a policy set about a request: deny, let through, or hold for people.

Fail closed. Cedar skips a policy whose condition errors, so an erroring `forbid` would allow and
an erroring `@hold` permit would let an `@auto` one decide alone: any error at all, and any answer
but Allow, denies. A satisfied permit holds unless it says `@auto`, and one that holds is enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import cedarpy

from pipeline.approval import DEFAULT_RULE_NAME
from pipeline.policy_context import ContextInvalid, build_context
from pipeline.policy_set import Effect, PolicySet

ACTION: Final = {"type": "Action", "id": "run"}

_EVALUATION_ERROR = re.compile(r"error while evaluating policy `(policy\d+)`: (.*)", re.DOTALL)


class PrincipalType(StrEnum):
    """Who may ask for a run; the value is the Cedar entity type."""

    SOURCE = "Source"
    PERSON = "Person"
    CLIENT = "Client"


class Verdict(StrEnum):
    """What a policy set says of a request."""

    DENY = "deny"
    AUTO = "auto"
    HOLD = "hold"


class DecisionCode(StrEnum):
    """Why the verdict is what it is: two codes permit, three deny."""

    AUTO = "auto"
    HOLD = "hold"
    POLICY_ERROR = "policy-error"  # a condition erred, or the question could not be put
    FORBIDDEN = "forbidden"  # a forbid was satisfied
    NO_PERMIT = "no-permit"  # nothing permits it


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, as policies name them: `Source::"<id>"`."""

    type: PrincipalType
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantRef:
    """What is asked to run: `Assistant::"<name>"` in `Tenant::"<tenant>"`, with attributes.

    `tenant` and `name` are the names people write in policies, not database ids.
    """

    tenant: str
    name: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """One request as a policy set is asked about it. `payload_json` is the payload as received,
    `mapped` what its source's mapping gave for policies.
    """

    principal: Principal
    assistant: AssistantRef
    payload_json: bytes
    received_at: datetime
    origin: str
    mapped: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the set decided and by which policies.

    `reasons` are the ids of the determining policies in the order of the source: satisfied
    permits, or satisfied forbids. `hold_rules` is sorted and empty unless the verdict is hold;
    `auto_reason` is None unless it is auto. `errors` name policies and fields, never values of
    the payload.
    """

    verdict: Verdict
    code: DecisionCode
    reasons: tuple[str, ...] = ()
    hold_rules: tuple[str, ...] = ()
    auto_reason: str | None = None
    errors: tuple[str, ...] = ()
    policy_digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the form that is stored and audited."""
        return {
            "verdict": str(self.verdict),
            "code": str(self.code),
            "reasons": list(self.reasons),
            "hold_rules": list(self.hold_rules),
            "auto_reason": self.auto_reason,
            "errors": list(self.errors),
            "policy_digest": self.policy_digest,
        }


def decide(policy_set: PolicySet, request: PolicyRequest) -> Decision:
    """Decide one request. Never raises for what the request holds: that is a denial."""
    try:
        context = build_context(
            policy_set.fields,
            request.payload_json,
            request.received_at,
            request.origin,
            request.mapped,
        )
    except ContextInvalid as error:
        return _policy_error(policy_set, (), (str(error),))
    try:
        answer = _ask(policy_set, request, context)
    except ValueError:  # a name that is no text; its message may quote it
        return _policy_error(policy_set, (), ("the request names something that is no text",))
    return _read(policy_set, answer)


def _ask(
    policy_set: PolicySet, request: PolicyRequest, context: dict[str, Any]
) -> cedarpy.AuthzResult:
    question = {
        "principal": {"type": str(request.principal.type), "id": request.principal.id},
        "action": ACTION,
        "resource": {"type": "Assistant", "id": request.assistant.name},
        "context": context,
    }
    entities = _entities(request.assistant)
    return cedarpy.is_authorized(question, policy_set.engine, entities, policy_set.schema)


def _entities(assistant: AssistantRef) -> list[dict[str, Any]]:
    tenant = {"type": "Tenant", "id": assistant.tenant}
    attributes = {
        "tenant": assistant.tenant,
        "name": assistant.name,
        "version": assistant.version,
    }
    return [
        {
            "uid": {"type": "Assistant", "id": assistant.name},
            "attrs": attributes,
            "parents": [tenant],
        },
        {"uid": tenant, "attrs": {}, "parents": []},
    ]


def _read(policy_set: PolicySet, answer: cedarpy.AuthzResult) -> Decision:
    diagnostics = answer.diagnostics
    policies = sorted(
        (policy_set.by_engine_id(reason) for reason in diagnostics.reasons),
        key=policy_set.policies.index,
    )
    reasons = tuple(policy.policy_id for policy in policies)
    errors = tuple(_without_values(policy_set, error) for error in diagnostics.errors)
    digest = policy_set.digest
    if errors or answer.decision not in {cedarpy.Decision.Allow, cedarpy.Decision.Deny}:
        return _policy_error(policy_set, reasons, errors)
    if answer.decision is not cedarpy.Decision.Allow or not policies:
        code = DecisionCode.FORBIDDEN if reasons else DecisionCode.NO_PERMIT
        return Decision(verdict=Verdict.DENY, code=code, reasons=reasons, policy_digest=digest)
    if any(policy.effect is not Effect.PERMIT for policy in policies):
        return _policy_error(policy_set, reasons, ("the engine allowed by a forbid",))
    if holding := {policy.hold or DEFAULT_RULE_NAME for policy in policies if not policy.auto}:
        return Decision(
            verdict=Verdict.HOLD,
            code=DecisionCode.HOLD,
            reasons=reasons,
            hold_rules=tuple(sorted(holding)),
            policy_digest=digest,
        )
    return Decision(
        verdict=Verdict.AUTO,
        code=DecisionCode.AUTO,
        reasons=reasons,
        auto_reason="; ".join(policy.auto for policy in policies if policy.auto),
        policy_digest=digest,
    )


def _policy_error(
    policy_set: PolicySet, reasons: tuple[str, ...], errors: tuple[str, ...]
) -> Decision:
    return Decision(
        verdict=Verdict.DENY,
        code=DecisionCode.POLICY_ERROR,
        reasons=reasons,
        errors=errors or ("the engine gave no decision and no reason",),
        policy_digest=policy_set.digest,
    )


def _without_values(policy_set: PolicySet, error: str) -> str:
    """Name the policy by its `@id` and cut at the first backtick: Cedar quotes values in them."""
    if match := _EVALUATION_ERROR.fullmatch(error):
        policy = policy_set.by_engine_id(match[1])
        return f"policy {policy.policy_id}: {_head(match[2])}"
    return f"the request does not fit the schema: {_head(error)}"


def _head(message: str) -> str:
    return message.partition("`")[0].strip().rstrip(":")
