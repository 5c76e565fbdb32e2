"""Notice channels in the database: added, changed, taken away, shown."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.ids import uuid7
from pipeline.live import NOTICE
from pipeline.notice import ChannelWanted, Event, Kind, check_channel
from pipeline.registry_find import find_target
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp
from pipeline.work import Actor, Work

CHANNEL: Final = "notice_channel"
_SHOWN: Final = """
    SELECT c.channel_id AS id, c.name, c.kind, t.name AS target, c.recipients, c.to_people,
        c.events, c.rules, c.assistants, c.with_payload, c.active, c.created_at, c.changed_at,
        (SELECT n.status FROM notices n WHERE n.tenant_id = c.tenant_id
            AND n.channel_id = c.channel_id ORDER BY n.notice_id DESC LIMIT 1) AS last_status
    FROM notice_channels c LEFT JOIN targets t USING (tenant_id, target_id)
    WHERE c.removed_at IS NULL"""


def add_channel(work: Work, wanted: ChannelWanted, *, actor: Actor) -> UUID:
    """Raises: FieldInvalid, NameTaken."""
    values = _values(work, wanted)
    channel_id = uuid7()
    made = work.execute(
        "INSERT INTO notice_channels (tenant_id, channel_id, name, kind, target_id, recipients,"
        " to_people, events, rules, assistants, with_payload, active) VALUES (:tenant, :id, :name,"
        " :kind, :target, :recipients, :to_people, :events, :rules, :assistants, :with_payload,"
        " :active) ON CONFLICT DO NOTHING RETURNING channel_id",
        tenant=work.tenant_id,
        id=channel_id,
        **values,
    ).one_or_none()
    if made is None:
        raise _taken(wanted.name)
    _record(work, actor, "added", channel_id, wanted)
    return channel_id


def change_channel(work: Work, channel_id: UUID, wanted: ChannelWanted, *, actor: Actor) -> None:
    """Make a channel what is wanted; call it with the row locked (`show_channel`).

    Raises: FieldInvalid, NameTaken.
    """
    taken = work.execute(
        "SELECT 1 FROM notice_channels WHERE name = :name AND channel_id <> :id"
        " AND removed_at IS NULL",
        name=wanted.name,
        id=channel_id,
    ).one_or_none()
    if taken is not None:
        raise _taken(wanted.name)
    work.execute(
        "UPDATE notice_channels SET name = :name, kind = :kind, target_id = :target,"
        " recipients = :recipients, to_people = :to_people, events = :events, rules = :rules,"
        " assistants = :assistants, with_payload = :with_payload, active = :active,"
        " changed_at = clock_timestamp() WHERE channel_id = :id",
        id=channel_id,
        **_values(work, wanted),
    )
    _record(work, actor, "changed", channel_id, wanted)


def remove_channel(work: Work, channel_id: UUID, *, actor: Actor) -> None:
    """Tell it nothing any more; what was told stays on record."""
    work.execute(
        "UPDATE notice_channels SET removed_at = clock_timestamp() WHERE channel_id = :id",
        id=channel_id,
    )
    work.record(actor, "setup:notice_channel:removed", (CHANNEL, str(channel_id)))


def show_channel(work: Work, channel_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """A channel as people see it.

    Raises:
        NotSetUp: There is none of this id.
    """
    if lock:
        work.execute(
            "SELECT 1 FROM notice_channels WHERE channel_id = :id FOR UPDATE", id=channel_id
        )
    rows = work.execute(f"{_SHOWN} AND c.channel_id = :id", id=channel_id).mappings()
    found = [dict(row) for row in rows]
    if not found:
        raise NotSetUp(f"there is no notice channel {channel_id}")
    return found[0]


def find_channel(work: Work, name: str) -> UUID:
    """Raises: NotSetUp."""
    found: UUID | None = work.execute(
        "SELECT channel_id FROM notice_channels WHERE name = :name AND removed_at IS NULL",
        name=name,
    ).scalar_one_or_none()
    if found is None:
        there = ", ".join(each["name"] for each in list_channels(work, after=None, limit=12))
        raise NotSetUp(f"there is no notice channel {name!r}; there are {there or 'none yet'}")
    return found


def list_channels(
    work: Work, *, after: str | None, limit: int, part: str | None = None
) -> list[dict[str, Any]]:
    """By name.

    Args:
        after: The last name of the page before.
        part: Of the names that are listed.
    """
    rows = work.execute(
        f"{_SHOWN} AND (CAST(:after AS text) IS NULL OR c.name > :after)"
        " AND (CAST(:part AS text) IS NULL OR position(:part IN c.name) > 0)"
        " ORDER BY c.name LIMIT :limit",
        after=after,
        part=part,
        limit=limit,
    )
    return [dict(row) for row in rows.mappings()]


def channel_state(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What an edit is based on: what can be edited."""
    left_out = {"id", "created_at", "changed_at", "last_status"}
    return {name: value for name, value in shown.items() if name not in left_out}


def tell_a_test(work: Work, channel_id: UUID) -> UUID:
    """Make a test due to be told, also where the channel is off; returns its notice."""
    notice_id = uuid7()
    work.execute(
        "INSERT INTO notices (tenant_id, notice_id, channel_id, record_id, event)"
        " VALUES (:tenant, :id, :channel, :record, :event)",
        tenant=work.tenant_id,
        id=notice_id,
        channel=channel_id,
        record=uuid7(),
        event=Event.TEST.value,
    )
    now = work.execute("SELECT clock_timestamp()").scalar_one()
    work.schedule("post_action.notice", now, subject_id=notice_id)
    work.announce(NOTICE, notice_id=str(notice_id))
    return notice_id


def list_notices(
    work: Work, *, channel: UUID | None, status: str | None, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """What was told lately and what became of it, newest first."""
    rows = work.execute(
        "SELECT n.notice_id AS id, n.channel_id, c.name AS channel, n.event, n.run_id,"
        " n.approval_id, n.status, n.attempts, jsonb_array_length(n.told) AS told, n.last_error,"
        " n.created_at, n.finished_at FROM notices n JOIN notice_channels c"
        " USING (tenant_id, channel_id)"
        " WHERE (CAST(:before AS uuid) IS NULL OR n.notice_id < :before)"
        " AND (CAST(:channel AS uuid) IS NULL OR n.channel_id = :channel)"
        " AND (CAST(:status AS text) IS NULL OR n.status = :status)"
        " ORDER BY n.notice_id DESC LIMIT :limit",
        before=before,
        channel=channel,
        status=status,
        limit=limit,
    )
    return [dict(row) for row in rows.mappings()]


def _values(work: Work, wanted: ChannelWanted) -> dict[str, Any]:
    check_channel(wanted)
    target = None
    if wanted.kind is Kind.WEBHOOK and wanted.target is not None:
        try:
            target = find_target(work, wanted.target)
        except NotSetUp as error:
            raise FieldInvalid("target", str(error)) from error
    return {
        "name": wanted.name,
        "kind": wanted.kind.value,
        "target": target,
        "recipients": Jsonb(list(wanted.recipients)),
        "to_people": wanted.to_people,
        "events": Jsonb([event.value for event in wanted.events]),
        "rules": Jsonb(list(wanted.rules)),
        "assistants": Jsonb(list(wanted.assistants)),
        "with_payload": wanted.with_payload,
        "active": wanted.active,
    }


def _record(work: Work, actor: Actor, verb: str, channel_id: UUID, wanted: ChannelWanted) -> None:
    """Addresses are people's: how many there are goes on record, not which."""
    action = "setup:notice_channel:added" if verb == "added" else "setup:notice_channel:changed"
    work.record(
        actor,
        action,
        (CHANNEL, str(channel_id)),
        after={
            "name": wanted.name,
            "kind": wanted.kind.value,
            "events": [event.value for event in wanted.events],
            "recipients": len(wanted.recipients),
            "to_people": wanted.to_people,
            "with_payload": wanted.with_payload,
            "active": wanted.active,
        },
    )


def _taken(name: str) -> NameTaken:
    return NameTaken(f"there is a notice channel {name!r} already")
