"""Everything a person looks at before deciding, beyond the line and the action's own bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pipeline.approval_line import ApprovalLine
from pipeline.approval_position import qualifying
from pipeline.work import Work

MOST_VOTERS: Final = 100
MOST_LOOKED_THROUGH: Final = 200
"""Approvals of the assistant that are looked through for the last of the same source."""

_RUN: Final = """
    SELECT r.origin, r.received_at, r.traceparent, r.assistant_id, r.source_id,
        s.kind AS source_kind, s.scheme AS source_scheme, a.bundle_digest
    FROM approvals a JOIN runs r USING (tenant_id, run_id)
    LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id
    WHERE a.approval_id = :id"""
_PREVIOUS: Final = """
    SELECT b.approval_id, b.run_id, b.decided_at, b.bundle_digest, b.source_id
    FROM approvals b WHERE b.tenant_id = :tenant AND b.assistant_id = :assistant
        AND b.status = 'approved' AND b.approval_id < :id
    ORDER BY b.approval_id DESC LIMIT :most"""
_PAYLOAD: Final = """
    SELECT content_type, payload, epoch, editor_person_id, created_at FROM run_payloads
    WHERE tenant_id = :tenant AND run_id = :run AND epoch < :before ORDER BY epoch DESC LIMIT 1"""
_PAYLOAD_EPOCH: Final = """
    SELECT y.epoch FROM approvals a JOIN run_payloads y ON y.tenant_id = a.tenant_id
        AND y.run_id = a.run_id AND y.epoch <= a.epoch
    WHERE a.approval_id = :id ORDER BY y.epoch DESC LIMIT 1"""
_APPROVED_PAYLOAD: Final = """
    SELECT y.content_type, y.payload, y.epoch, y.editor_person_id, y.created_at
    FROM approvals a JOIN run_payloads y ON y.tenant_id = a.tenant_id AND y.run_id = a.run_id
        AND y.epoch <= a.epoch
    WHERE a.approval_id = :id ORDER BY y.epoch DESC LIMIT 1"""
_TARGETS: Final = """
    SELECT t.target_id, t.name, v.version, v.template FROM targets t
    JOIN target_versions v USING (tenant_id, target_id)
    WHERE t.target_id = ANY (:ids)"""
_PEOPLE: Final = """
    SELECT p.person_id, p.display_name, p.groups FROM persons p
    WHERE p.kind = 'human' AND p.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM approval_persons x WHERE x.tenant_id = p.tenant_id
            AND x.approval_id = :id AND x.person_id = p.person_id AND x.part = 'excluded')
        AND NOT EXISTS (SELECT FROM votes v WHERE v.tenant_id = p.tenant_id
            AND v.approval_id = :id AND v.person_id = p.person_id AND v.withdrawn_at IS NULL)
    ORDER BY p.display_name, p.person_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPayload:
    """A payload beside the one asked about: what it was before an edit, or what ran last."""

    content_type: str
    content: bytes
    epoch: int
    run_id: UUID
    approval_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The assistant's last approval before this one."""

    approval_id: UUID
    run_id: UUID
    decided_at: datetime
    bundle_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAction:
    """Where the result goes: exactly the version that is approved."""

    position: int
    target_id: UUID
    name: str | None
    version: int
    url: str
    template: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleVoter:
    """Who could vote now, by the groups they were last seen in."""

    person_id: UUID
    name: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDetail:
    """What surrounds an approval."""

    origin: Mapping[str, Any]
    received_at: datetime
    traceparent: str | None
    source_id: UUID | None
    source_kind: str | None
    source_scheme: str | None
    bundle_digest: str
    last_approved: Approved | None
    payload_before_edit: OtherPayload | None
    previous_payload: OtherPayload | None
    post_actions: tuple[PostAction, ...]
    can_still_vote: tuple[PossibleVoter, ...]


def load_detail(work: Work, line: ApprovalLine) -> ApprovalDetail:
    """Of an approval of the tenant's."""
    run = work.execute(_RUN, id=line.approval_id).mappings().one()
    before = work.execute(
        _PREVIOUS,
        tenant=work.tenant_id,
        assistant=run["assistant_id"],
        id=line.approval_id,
        most=MOST_LOOKED_THROUGH,
    ).all()
    return ApprovalDetail(
        **{name: run[name] for name in _OF_THE_RUN},
        last_approved=_approved(before[0]) if before else None,
        payload_before_edit=_before_edit(work, line),
        previous_payload=_previous_payload(work, before, run["source_id"]),
        post_actions=_post_actions(work, line.action),
        can_still_vote=_possible_voters(work, line),
    )


_OF_THE_RUN: Final = (
    "origin",
    "received_at",
    "traceparent",
    "source_id",
    "source_kind",
    "source_scheme",
    "bundle_digest",
)


def load_bundle(work: Work, digest: str) -> bytes | None:
    """A bundle's packed bytes."""
    found = work.execute(
        "SELECT content FROM bundles WHERE tenant_id = :tenant AND digest = :digest",
        tenant=work.tenant_id,
        digest=digest,
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def _approved(row: Any) -> Approved:
    return Approved(approval_id=row[0], run_id=row[1], decided_at=row[2], bundle_digest=row[3])


def _before_edit(work: Work, line: ApprovalLine) -> OtherPayload | None:
    epoch = work.execute(_PAYLOAD_EPOCH, id=line.approval_id).scalar_one()
    row = work.execute(_PAYLOAD, tenant=work.tenant_id, run=line.run_id, before=epoch).one_or_none()
    return None if row is None else _payload(row, run_id=line.run_id, approval_id=None)


def _previous_payload(
    work: Work, before: Sequence[Any], source_id: UUID | None
) -> OtherPayload | None:
    """What was approved last of the same assistant and source."""
    same = next((row for row in before if row.source_id == source_id), None)
    if same is None:
        return None
    row = work.execute(_APPROVED_PAYLOAD, id=same.approval_id).one()
    return _payload(row, run_id=same.run_id, approval_id=same.approval_id)


def _payload(row: Any, *, run_id: UUID, approval_id: UUID | None) -> OtherPayload:
    return OtherPayload(
        content_type=row[0],
        content=bytes(row[1]),
        epoch=row[2],
        run_id=run_id,
        approval_id=approval_id,
        at=row[4],
    )


def _post_actions(work: Work, action: Mapping[str, Any]) -> tuple[PostAction, ...]:
    agreed = action["targets"]
    rows = work.execute(_TARGETS, ids=[UUID(each["id"]) for each in agreed])
    known = {(str(row[0]), row[2]): (row[1], row[3]) for row in rows}
    found = []
    for number, each in enumerate(agreed):
        name, template = known.get((each["id"], each["version"]), (None, None))
        found.append(
            PostAction(
                position=number,
                target_id=UUID(each["id"]),
                name=name,
                version=each["version"],
                url=each["url"],
                template=template,
            )
        )
    return tuple(found)


def _possible_voters(work: Work, line: ApprovalLine) -> tuple[PossibleVoter, ...]:
    """The first MOST_VOTERS by name; nobody once it is decided or too late."""
    now = datetime.now(UTC)
    if line.status != "open" or now >= line.expires_at:
        return ()
    found = []
    for person_id, name, groups in work.execute(_PEOPLE, id=line.approval_id):
        rules = qualifying(line.requirement.rules, groups or (), line.opened_at, now)
        if rules:
            found.append(PossibleVoter(person_id=person_id, name=name, rules=rules))
        if len(found) == MOST_VOTERS:
            break
    return tuple(found)
