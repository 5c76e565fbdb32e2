"""Notices on their way: what is due, whom it goes to, what is said, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.delivery_store import Delivery, bare_delivery
from pipeline.envelope import KeyRing
from pipeline.live import NOTICE
from pipeline.notice import ASKS, Channel, Event, Facts, Kind, NoticeStatus, is_address
from pipeline.registry_names import NotSetUp
from pipeline.work import Work

# Whom a question is up to now: the groups whose turn it is, those who were lent a vote of one of
# them, but nobody who is excluded, acts for who is, or has voted.
_DECIDERS: Final = """
    WITH asked AS MATERIALIZED (
        SELECT a.tenant_id, a.approval_id, ARRAY(
            SELECT unnest(turn_groups(rule, turn_of(a, rule), a.opened_at, clock_timestamp()))
            FROM jsonb_array_elements(a.requirement -> 'rules') AS rule
            WHERE turn_of(a, rule) < turns_of(rule)) AS groups
        FROM approvals a WHERE a.approval_id = :approval AND a.status = 'open')
    SELECT p.person_id, p.email FROM persons p, asked a
    WHERE p.kind = 'human' AND p.email <> '' AND p.removed_at IS NULL
        AND (p.groups ?| a.groups OR EXISTS (SELECT 1 FROM delegations d
            WHERE d.tenant_id = p.tenant_id AND d.delegate_person_id = p.person_id
                AND d.revoked_at IS NULL AND d.groups ?| a.groups
                AND clock_timestamp() >= d.starts_at AND clock_timestamp() < d.ends_at
                AND NOT EXISTS (SELECT 1 FROM approval_persons x WHERE x.tenant_id = a.tenant_id
                    AND x.approval_id = a.approval_id
                    AND x.person_id = d.delegator_person_id)))
        AND NOT EXISTS (SELECT 1 FROM approval_persons x WHERE x.tenant_id = a.tenant_id
            AND x.approval_id = a.approval_id AND x.person_id = p.person_id)
        AND NOT acts_for_an_excluded(a.tenant_id, a.approval_id, p.person_id)
    ORDER BY p.person_id"""
# Whom an outcome concerns: who asked, and who voted.
_CONCERNED: Final = """
    SELECT p.person_id, p.email FROM persons p
    WHERE p.kind = 'human' AND p.email <> '' AND p.removed_at IS NULL
        AND (p.person_id = (SELECT requester_person_id FROM runs WHERE run_id = :run)
            OR EXISTS (SELECT 1 FROM votes v WHERE v.tenant_id = p.tenant_id
                AND v.approval_id = :approval AND v.person_id = p.person_id))
    ORDER BY p.person_id"""
# Whoever could have decided it, too, hears that nobody was asked.
_REVIEWERS: Final = """
    SELECT p.person_id, p.email FROM persons p, approvals a
    WHERE a.approval_id = :approval AND p.kind = 'human' AND p.email <> ''
        AND p.removed_at IS NULL AND p.groups ?| ARRAY(
            SELECT jsonb_array_elements_text(rule -> 'groups')
            FROM jsonb_array_elements(a.requirement -> 'rules') AS rule)
    ORDER BY p.person_id"""
_FACTS: Final = """
    SELECT t.slug, t.name, c.name, s.name, b.manifest ->> 'name', b.manifest ->> 'version',
        coalesce(p.display_name, o.name, r.requester_kind), r.reason, a.requirement, a.status,
        a.expires_at, r.status
    FROM tenants t JOIN notice_channels c USING (tenant_id)
    LEFT JOIN runs r ON r.tenant_id = t.tenant_id AND r.run_id = :run
    LEFT JOIN assistants s ON s.tenant_id = r.tenant_id AND s.assistant_id = r.assistant_id
    LEFT JOIN assistant_versions v ON v.tenant_id = s.tenant_id
        AND v.assistant_id = s.assistant_id AND v.version = s.current_version
    LEFT JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id
    LEFT JOIN sources o ON o.tenant_id = r.tenant_id AND o.source_id = r.source_id
    LEFT JOIN approvals a ON a.tenant_id = t.tenant_id AND a.approval_id = :approval
    WHERE t.tenant_id = :tenant AND c.channel_id = :channel"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that is due. `attempts` counts this one."""

    notice_id: UUID
    event: Event
    run_id: UUID | None
    approval_id: UUID | None
    attempts: int
    told: tuple[str, ...]
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An address, and whose it is where that is known."""

    address: str
    person_id: UUID | None = None


def begin_attempt(work: Work, notice_id: UUID) -> Notice | None:
    """Count an attempt; None where there is nothing left to do, or its channel is gone."""
    row = work.execute(
        "UPDATE notices n SET attempts = attempts + 1 FROM notice_channels c"
        " WHERE n.notice_id = :id AND n.status = 'due' AND c.tenant_id = n.tenant_id"
        " AND c.channel_id = n.channel_id RETURNING n.event, n.run_id, n.approval_id, n.attempts,"
        " n.told, c.channel_id, c.kind, c.target_id, c.recipients, c.to_people, c.with_payload,"
        " c.active AND c.removed_at IS NULL",
        id=notice_id,
    ).one_or_none()
    if row is None:
        return None
    return Notice(
        notice_id=notice_id,
        event=Event(row[0]),
        run_id=row[1],
        approval_id=row[2],
        attempts=row[3],
        told=tuple(row[4]),
        channel=Channel(
            channel_id=row[5],
            kind=Kind(row[6]),
            target_id=row[7],
            recipients=tuple(row[8]),
            to_people=row[9],
            with_payload=row[10],
            active=row[11],
        ),
    )


def recipients(work: Work, notice: Notice) -> list[Recipient]:
    """Whom the mail still has to go to."""
    found = {address: Recipient(address=address) for address in notice.channel.recipients}
    if notice.channel.to_people:
        values = {"run": notice.run_id, "approval": notice.approval_id}
        for person_id, address in work.execute(_people_of(notice.event), **values).all():
            if is_address(address):
                found[address] = Recipient(address=address, person_id=person_id)
    return [each for address, each in found.items() if address not in notice.told]


def _people_of(event: Event) -> str:
    if event in ASKS:
        return _DECIDERS
    return _REVIEWERS if event is Event.GLASS_BROKEN else _CONCERNED


def destination(work: Work, keyring: KeyRing, notice: Notice) -> Delivery:
    """Where the channel's target is now, and with what it is sent to.

    Raises:
        NotSetUp: It was removed, or switched off.
        TargetSecretMissing: It has nothing to sign with.
    """
    version = work.execute(
        "SELECT t.current_version FROM targets t"
        " WHERE t.target_id = :target AND t.removed_at IS NULL",
        target=notice.channel.target_id,
    ).scalar_one_or_none()
    if version is None or notice.channel.target_id is None:
        raise NotSetUp("the channel's target was removed")
    message = f"ntc_{notice.notice_id.hex}"
    to = bare_delivery(work, keyring, notice.channel.target_id, version, message=message)
    if to.standing.disabled_because is not None:
        raise NotSetUp("the channel's target is switched off")
    return replace(to, number=notice.attempts)


def facts_of(work: Work, notice: Notice) -> Facts:
    """What there is to say of it now."""
    row = work.execute(
        _FACTS,
        tenant=work.tenant_id,
        channel=notice.channel.channel_id,
        run=notice.run_id,
        approval=notice.approval_id,
    ).one()
    requirement: Mapping[str, Any] = row[8] or {}
    rules = tuple(rule["name"] for rule in requirement.get("rules", ()))
    asked = notice.event in ASKS
    return Facts(
        event=notice.event,
        tenant=row[0],
        tenant_name=row[1],
        channel=row[2],
        run_id=notice.run_id,
        approval_id=notice.approval_id,
        requester=row[6] or "",
        assistant=row[3] or "",
        bundle=" ".join(each for each in (row[4], row[5]) if each),
        rules=rules,
        why=_why(work, notice, row[7]),
        until=_moment(row[10]) if asked and row[10] is not None else None,
        payload=_payload(work, notice) if notice.channel.with_payload else None,
    )


def _why(work: Work, notice: Notice, reason: str | None) -> str:
    if notice.event is Event.TARGET_DISABLED:
        found = work.execute(
            "SELECT string_agg(name, ', ' ORDER BY name) FROM targets"
            " WHERE disabled_at IS NOT NULL AND removed_at IS NULL"
        ).scalar_one()
        return f"switched off: {found or 'none any more'}"
    if notice.event is Event.RUN_FAILED or notice.run_id is None:
        return reason or ""
    detail = work.execute(
        "SELECT detail FROM policy_decisions WHERE run_id = :run ORDER BY epoch DESC LIMIT 1",
        run=notice.run_id,
    ).scalar_one_or_none()
    policies: Sequence[str] = (detail or {}).get("reasons", ())
    return f"held by {', '.join(policies)}" if policies else ""


def _payload(work: Work, notice: Notice) -> Any:
    """As JSON where it is; None where there is none."""
    if notice.run_id is None:
        return None
    content = work.execute(
        "SELECT payload FROM run_payloads WHERE run_id = :run ORDER BY epoch DESC LIMIT 1",
        run=notice.run_id,
    ).scalar_one_or_none()
    try:
        return None if content is None else json.loads(bytes(content))
    except ValueError:
        return "(not JSON)"


def take_back_attempt(work: Work, notice_id: UUID, why: str) -> None:
    """It was not made after all: its place was taken by others, or its target takes nothing."""
    work.execute(
        "UPDATE notices SET attempts = attempts - 1, last_error = :why"
        " WHERE notice_id = :id AND status = 'due'",
        id=notice_id,
        why=why,
    )


def note_told(work: Work, notice_id: UUID, address: str) -> None:
    """Remember that an address has it: a later attempt leaves it out."""
    work.execute(
        "UPDATE notices SET told = told || :one WHERE notice_id = :id",
        id=notice_id,
        one=Jsonb([address]),
    )


def end_notice(work: Work, notice: Notice, status: NoticeStatus, error: str | None = None) -> None:
    """It is over, one way or another."""
    work.execute(
        "UPDATE notices SET status = :status, last_error = :error,"
        " finished_at = clock_timestamp() WHERE notice_id = :id AND status = 'due'",
        id=notice.notice_id,
        status=status.value,
        error=error and error[:500],
    )
    work.announce(NOTICE, notice_id=str(notice.notice_id))


def note_failure(work: Work, notice: Notice, error: str) -> None:
    """It failed this time; what was said can be read."""
    work.execute(
        "UPDATE notices SET last_error = :error WHERE notice_id = :id",
        id=notice.notice_id,
        error=error[:500],
    )
    work.announce(NOTICE, notice_id=str(notice.notice_id))


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
