"""Policy sets in the database: add a version, activate it with four eyes, ask the active one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.action import DecidingPolicy
from pipeline.answer import Answer
from pipeline.approval import DEFAULT_RULE, DEFAULT_RULE_NAME, Requirement, Rule, combine
from pipeline.errors import AwgpError
from pipeline.policy import (
    AssistantRef,
    Decision,
    DecisionCode,
    PolicyRequest,
    Principal,
    PrincipalType,
    Verdict,
    decide,
)
from pipeline.policy_context import ContextFields
from pipeline.policy_set import PolicySet
from pipeline.policy_trial import read_tests, run_tests
from pipeline.registry import AssistantVersion, ask_assistant
from pipeline.run_store import Payload, StoredRun, ask_payload, load_circumstances
from pipeline.work import Actor, Work

NO_POLICY = "sha256:" + "0" * 64
# Parsed sets kept by tenant, version and digest: a set of 60 rules is some tens of kilobytes.
READ_AT_MOST = 256
_READ: dict[tuple[UUID, int, str], PolicySet] = {}


class PolicyTestsFailed(AwgpError):
    """A set's own tests do not pass, so it is not kept."""


class PolicyVersionNotFound(AwgpError):
    """The tenant has no such version."""


class PolicyFourEyes(AwgpError):
    """Whoever wrote a version cannot be the one who activates it."""


class RuleNotFound(AwgpError):
    """A policy names an approval rule that the tenant does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePolicy:
    """The version in force and who wrote it."""

    version: int
    author: UUID
    policy_set: PolicySet

    @property
    def deciding(self) -> DecidingPolicy:
        return DecidingPolicy(version=self.version, digest=self.policy_set.digest)


def add_policy_set(
    work: Work,
    *,
    source: str,
    author: UUID,
    context_fields: Mapping[str, Any] | None = None,
    tests: Sequence[Mapping[str, Any]] = (),
) -> int:
    """Keep a new version, accepted and with its tests passing. It is not in force yet.

    Raises:
        PolicyInvalid: The set is refused, with every problem found.
        PolicyTestsFailed: Names each test that fails.
    """
    policy_set = PolicySet.parse(source, ContextFields.from_mapping(context_fields or {}))
    failed = [
        outcome for outcome in run_tests(policy_set, read_tests(list(tests))) if not outcome.passed
    ]
    if failed:
        raise PolicyTestsFailed("; ".join(str(outcome.as_json()) for outcome in failed))
    for name in policy_set.hold_rules:
        load_rule(work, name)
    version = work.execute(
        "INSERT INTO policy_sets (tenant_id, version, source, digest, context_fields, tests,"
        " author_person_id) SELECT :tenant, coalesce(max(version), 0) + 1, :source, :digest,"
        " :fields, :tests, :author FROM policy_sets RETURNING version",
        tenant=work.tenant_id,
        source=source,
        digest=policy_set.digest,
        fields=Jsonb(policy_set.fields.as_json()),
        tests=Jsonb(list(tests)),
        author=author,
    ).scalar_one()
    work.record(
        Actor(type="person", id=str(author)),
        "policy:set:added",
        ("policy", str(version)),
        after={"digest": policy_set.digest},
    )
    return int(version)


def activate_policy_set(work: Work, version: int, *, by: UUID) -> None:
    """Put a version in force.

    Raises:
        PolicyVersionNotFound: As it says.
        PolicyFourEyes: `by` is its author.
        RuleNotFound: It names a rule that was removed since it was added.
    """
    author = work.execute(
        "SELECT author_person_id FROM policy_sets WHERE version = :version", version=version
    ).scalar_one_or_none()
    if author is None:
        raise PolicyVersionNotFound(f"no policy version {version}")
    if author == by:
        raise PolicyFourEyes(f"version {version} is yours; another person must activate it")
    for name in load_policy(work, version).policy_set.hold_rules:
        load_rule(work, name)
    before = active_policy(work)
    work.execute(
        "INSERT INTO policy_activations (tenant_id, version, author_person_id,"
        " activated_by_person_id) VALUES (:tenant, :version, :author, :by)",
        tenant=work.tenant_id,
        version=version,
        author=author,
        by=by,
    )
    work.record(
        Actor(type="person", id=str(by)),
        "policy:set:activated",
        ("policy", str(version)),
        before=None if before is None else {"version": before.version},
        after={"version": version},
    )


def active_policy(work: Work) -> ActivePolicy | None:
    """The version in force, None before the first activation (and then everything is denied)."""
    row = ask_active_policy(work).one_or_none()
    return None if row is None else _policy(work, *row)


def ask_active_policy(work: Work) -> Answer:
    """Bring along what `active_policy` will read."""
    return work.recall(
        "SELECT s.version, s.author_person_id, s.digest"
        " FROM policy_activations a JOIN policy_sets s USING (tenant_id, version)"
        " ORDER BY a.activation DESC LIMIT 1"
    )


def _policy(work: Work, version: int, author: UUID, digest: str) -> ActivePolicy:
    """Versions never change, so one that was read before is not read again."""
    key = (work.tenant_id, version, digest)
    policy_set = _READ.get(key)
    if policy_set is None:
        source, fields = work.ask(
            "SELECT source, context_fields FROM policy_sets WHERE version = :version",
            version=version,
        ).one()
        policy_set = PolicySet.parse(source, ContextFields.from_mapping(fields))
        while len(_READ) >= READ_AT_MOST:
            _READ.pop(next(iter(_READ)), None)
        _READ[key] = policy_set
    return ActivePolicy(version=version, author=author, policy_set=policy_set)


def load_policy(work: Work, version: int) -> ActivePolicy:
    """A version by its number, in force or not.

    Raises:
        PolicyVersionNotFound: As it says.
    """
    row = work.ask(
        "SELECT version, author_person_id, digest FROM policy_sets WHERE version = :version",
        version=version,
    ).one_or_none()
    if row is None:
        raise PolicyVersionNotFound(f"no policy version {version}")
    return _policy(work, *row)


def add_rule(work: Work, rule: Rule, *, by: UUID, actor: Actor | None = None) -> int:
    """Keep a rule under its next version, which it returns; policies name it by name alone."""
    version = work.execute(
        "INSERT INTO approval_rules (tenant_id, name, version, rule, author_person_id)"
        " SELECT :tenant, :name, coalesce(max(version), 0) + 1, :rule, :by FROM approval_rules"
        " WHERE name = :name RETURNING version",
        tenant=work.tenant_id,
        name=rule.name,
        rule=Jsonb(rule.as_json()),
        by=by,
    ).scalar_one()
    work.record(
        actor or Actor(type="person", id=str(by)),
        "setup:approval_rule:saved",
        ("approval_rule", rule.name),
        before={"version": version - 1} if version > 1 else None,
        after={"version": version},
    )
    return int(version)


def load_rule(work: Work, name: str, *, removed_too: bool = False) -> Rule:
    """Raises: RuleNotFound."""
    row = work.execute(
        "SELECT rule, version, removed_at IS NOT NULL FROM approval_rules WHERE name = :name"
        " ORDER BY version DESC LIMIT 1",
        name=name,
    ).one_or_none()
    if row is not None and (not row[2] or (removed_too and name != DEFAULT_RULE_NAME)):
        return Rule.from_mapping({**row[0], "version": row[1]})
    if name == DEFAULT_RULE_NAME:
        return DEFAULT_RULE
    raise RuleNotFound(f"no approval rule {name!r}; add it before a policy names it")


def requirement_of(work: Work, names: Iterable[str]) -> Requirement:
    """What rules a decision named ask for, also one that was removed since: nothing gets stuck.

    Raises:
        RuleNotFound: There never was such a rule.
    """
    return combine(load_rule(work, name, removed_too=True) for name in names)


def evaluate(
    work: Work,
    run: StoredRun,
    payload: Payload,
    assistant: AssistantVersion,
    active: ActivePolicy | None,
) -> Decision:
    """Ask the active set about a run. No set, or a hold by a rule that is not there, denies."""
    if active is None:
        return Decision(
            verdict=Verdict.DENY,
            code=DecisionCode.NO_PERMIT,
            errors=("no policy set is active",),
            policy_digest=NO_POLICY,
        )
    decision = decide(active.policy_set, _request(work, run, payload, assistant))
    try:
        for name in decision.hold_rules:
            load_rule(work, name)
    except RuleNotFound as error:
        return Decision(
            verdict=Verdict.DENY,
            code=DecisionCode.POLICY_ERROR,
            reasons=decision.reasons,
            errors=(str(error),),
            policy_digest=decision.policy_digest,
        )
    return decision


def save_decision(work: Work, run: StoredRun, decision: Decision, version: int | None) -> None:
    work.ask(
        "INSERT INTO policy_decisions (tenant_id, run_id, epoch, verdict, code, detail,"
        " policy_version) VALUES (:tenant, :run, :epoch, :verdict, :code, :detail, :version)",
        tenant=work.tenant_id,
        run=run.run_id,
        epoch=run.epoch,
        verdict=decision.verdict.value,
        code=decision.code.value,
        detail=Jsonb(decision.as_json()),
        version=version,
    )


def ask_evaluation(work: Work, run: StoredRun) -> None:
    """Bring along what deciding about a run reads: settings, policy, payload and names."""
    ask_assistant(work, run.assistant_id)
    ask_active_policy(work)
    ask_payload(work, run)


def _request(
    work: Work, run: StoredRun, payload: Payload, assistant: AssistantVersion
) -> PolicyRequest:
    found = load_circumstances(work, run)
    return PolicyRequest(
        principal=_principal(found.source, found.kind, found.subject),
        assistant=AssistantRef(tenant=found.tenant, name=assistant.name, version=assistant.version),
        payload_json=payload.content,
        received_at=found.received_at,
        origin=run.came_by,
        mapped=run.origin.get("context", {}),
    )


def _principal(source: str | None, kind: str | None, subject: str | None) -> Principal:
    if source is not None:
        return Principal(type=PrincipalType.SOURCE, id=source)
    return Principal(
        type=PrincipalType.CLIENT if kind == "client" else PrincipalType.PERSON, id=subject or ""
    )
