"""An approval as a line of a list: who asks for what, why it is held, how far it is, how risky."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pipeline.approval import Requirement
from pipeline.approval_list import (
    PLACES,
    VOTES,
    read_places,
    read_requirement,
    read_votes,
)
from pipeline.approval_position import Position, Standing, Viewer, position
from pipeline.approval_risk import Facts, Risk, assess
from pipeline.payload_summary import MOST_READ, summarise
from pipeline.policy_set import Policy
from pipeline.policy_store import load_policy
from pipeline.tally import RuleCount, tally
from pipeline.work import Work

_LINES: Final = f"""
    SELECT a.approval_id, a.run_id, a.epoch, a.status, a.opened_at, a.expires_at, a.decided_at,
        a.action_digest, a.requirement::text AS requirement, x.action, n.name AS assistant,
        t.slug AS tenant, r.requester_kind, r.source_id, s.name AS source,
        r.requester_person_id, p.display_name AS person,
        d.policy_version, d.detail AS decision,
        y.content_type, y.epoch AS payload_epoch, y.size AS payload_size, y.beginning,
        b.bundle_digest AS last_approved_bundle,
        {PLACES}, {VOTES},
        (SELECT v.verdict FROM votes v WHERE v.tenant_id = a.tenant_id
            AND v.approval_id = a.approval_id AND v.withdrawn_at IS NULL
            AND :person IN (v.person_id, v.on_behalf_of_person_id)) AS voted
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted (approval_id, position)
    JOIN approvals a ON a.tenant_id = :tenant AND a.approval_id = wanted.approval_id
    JOIN runs r ON r.tenant_id = a.tenant_id AND r.run_id = a.run_id
    JOIN tenants t ON t.tenant_id = a.tenant_id
    JOIN actions x ON x.tenant_id = a.tenant_id AND x.run_id = a.run_id AND x.epoch = a.epoch
    JOIN assistants n ON n.tenant_id = r.tenant_id AND n.assistant_id = r.assistant_id
    JOIN LATERAL (SELECT y.content_type, y.epoch, octet_length(y.payload) AS size,
            substring(y.payload FOR :beginning) AS beginning
        FROM run_payloads y WHERE y.tenant_id = a.tenant_id AND y.run_id = a.run_id
            AND y.epoch <= a.epoch ORDER BY y.epoch DESC LIMIT 1) y ON true
    LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id
    LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id
    LEFT JOIN policy_decisions d ON d.tenant_id = a.tenant_id AND d.run_id = a.run_id
        AND d.epoch = a.epoch
    LEFT JOIN LATERAL (SELECT b.bundle_digest FROM approvals b WHERE b.tenant_id = a.tenant_id
            AND b.assistant_id = a.assistant_id AND b.status = 'approved'
            AND b.approval_id < a.approval_id ORDER BY b.approval_id DESC LIMIT 1) b ON true
    ORDER BY wanted.position"""  # noqa: S608  # constant parts
_NOBODY: Final = UUID(int=0)

Policies = Mapping[int, Mapping[str, Policy]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asked: a source, a person or a client, by the name people know."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBy:
    """A policy that let it no further: its `@id`, what it says of itself, the rule it names."""

    policy: str
    description: str | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLine:
    """What a person needs to know before opening it."""

    approval_id: UUID
    run_id: UUID
    epoch: int
    status: str
    opened_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    digest: bytes
    tenant: str
    assistant: str
    requester: Requester
    source: str | None
    action: Mapping[str, Any]
    requirement: Requirement
    progress: tuple[RuleCount, ...]
    policy_version: int | None
    held_by: tuple[HeldBy, ...]
    risk: Risk
    summary: str
    position: Position
    my_vote: str | None

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that must be met."""
        return tuple(rule.name for rule in self.requirement.rules)


def load_lines(work: Work, viewer: Viewer, approval_ids: Sequence[UUID]) -> list[ApprovalLine]:
    """In the order asked for; an id the tenant does not have is left out."""
    if not approval_ids:
        return []
    rows = work.execute(
        _LINES,
        ids=list(approval_ids),
        tenant=work.tenant_id,
        person=viewer.person_id or _NOBODY,
        people=viewer.people,
        beginning=MOST_READ,
    )
    found = [dict(row) for row in rows.mappings()]
    now = datetime.now(UTC)
    policies = policies_of(work, {row["policy_version"] for row in found})
    return [_line(viewer, row, policies, now) for row in found]


def policies_of(work: Work, versions: Iterable[int | None]) -> Policies:
    """The policies of these versions by their ids; a version that is not there has none."""
    found: dict[int, dict[str, Policy]] = {}
    for version in versions:
        if version is not None:
            policy_set = load_policy(work, version).policy_set
            found[version] = {each.policy_id: each for each in policy_set.policies}
    return found


def _line(
    viewer: Viewer, row: Mapping[str, Any], policies: Policies, now: datetime
) -> ApprovalLine:
    action, requirement = json.loads(row["action"]), read_requirement(row["requirement"])
    standing = _standing(row, requirement)
    return ApprovalLine(
        **{name: row[name] for name in _AS_THEY_ARE},
        digest=bytes(row["action_digest"]),
        requester=_requester(row),
        action=action,
        requirement=requirement,
        progress=tally(requirement, standing.votes, digest=standing.digest).rules,
        held_by=held_by(policies, row["policy_version"], row["decision"]),
        risk=assess(_facts(row, action, requirement)),
        summary=summarise(bytes(row["beginning"]), row["content_type"], size=row["payload_size"]),
        position=position(viewer, standing, now),
        my_vote=row["voted"],
    )


_AS_THEY_ARE: Final = (
    "approval_id",
    "run_id",
    "epoch",
    "status",
    "opened_at",
    "expires_at",
    "decided_at",
    "tenant",
    "assistant",
    "source",
    "policy_version",
)


def _requester(row: Mapping[str, Any]) -> Requester:
    named = row["source"] if row["requester_kind"] == "source" else row["person"]
    asked = row["source_id"] or row["requester_person_id"]
    return Requester(kind=row["requester_kind"], id=asked, name=named or str(asked))


def _standing(row: Mapping[str, Any], requirement: Requirement) -> Standing:
    digest = bytes(row["action_digest"])
    return Standing(
        status=row["status"],
        opened_at=row["opened_at"],
        expires_at=row["expires_at"],
        requirement=requirement,
        digest=digest,
        places=read_places(row["places"]),
        votes=read_votes(row["votes"], digest),
    )


def _facts(row: Mapping[str, Any], action: Mapping[str, Any], requirement: Requirement) -> Facts:
    return Facts(
        action=action,
        requirement=requirement,
        last_approved_bundle=row["last_approved_bundle"],
        payload_bytes=row["payload_size"],
        payload_epoch=row["payload_epoch"],
    )


def held_by(
    policies: Policies, version: int | None, decision: Mapping[str, Any] | None
) -> tuple[HeldBy, ...]:
    """The policies behind a decision, with what their set says of them."""
    if version is None or decision is None:
        return ()
    known = policies.get(version, {})
    found = []
    for name in decision.get("reasons", ()):
        policy = known.get(name)
        found.append(
            HeldBy(
                policy=name,
                description=policy.description if policy else None,
                rule=policy.hold if policy else None,
            )
        )
    return tuple(found)
