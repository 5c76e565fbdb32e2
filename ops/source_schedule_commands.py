"""`awgp source schedule|next|pause|resume`: sources that send by the clock."""

from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from ops.setup_desk import Change, Desk
from ops.setup_options import changes_a_tenant, looks_in_a_tenant, show_changed, show_list
from pipeline.registry_find import find_source
from pipeline.registry_names import FieldInvalid, NotSetUp
from pipeline.schedule import SHOWN, Missed, Timing, name_of, next_ticks, read_zone, send_at
from pipeline.schedule_payload import MOST_BYTES, MOST_DEPTH
from pipeline.schedule_store import (
    Schedule,
    Wanted,
    add_schedule,
    change_schedule,
    find_schedule,
    load_schedule,
)
from pipeline.source_change import switch_source
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep, parse_object
from pipeline.work import Work


@click.command("schedule")
@click.argument("name")
@click.option("--assistant", metavar="NAME", help="Who works on it; needed for a new one.")
@click.option(
    "--owner",
    metavar="PERSON",
    help="Of a new one: who answers for it, and cannot approve what it sends; who acts by default.",
)
@click.option(
    "--cron",
    metavar="FIELDS",
    help="When: minute, hour, day of the month, month, day of the week; needed for a new one.",
)
@click.option("--zone", metavar="ZONE", help="In which time zone; UTC by default.")
@click.option("--jitter", metavar="SECONDS", type=click.IntRange(0), help="How late at most.")
@click.option(
    "--missed",
    type=click.Choice([each.value for each in Missed]),
    help="Ticks nobody was there to send: pass over, send the latest, or each.",
)
@click.option(
    "--payload",
    "payload_file",
    type=click.File("rb"),
    metavar="FILE",
    help="A JSON object; - is what comes in. {} by default.",
)
@changes_a_tenant
def schedule(
    desk: Desk,
    *,
    name: str,
    assistant: str | None,
    owner: str | None,
    payload_file: BinaryIO | None,
    as_json: bool,
    **timing: Any,
) -> None:
    """Add the source NAME that sends by the clock, or change when and what it sends.

    What is not named stays. In the payload's texts {{ tick }}, {{ local }}, {{ date }}, {{ time }}
    and {{ source }} are replaced. Who changes it cannot approve what it sends.

    \b
    Examples:
      awgp source schedule weekly --assistant reporter --cron "0 7 * * 1" --zone Europe/Berlin
      awgp source schedule weekly --payload report.json --missed once
      awgp source schedule weekly --cron "0 6 * * 1-5" --jitter 300
    """
    payload = None if payload_file is None else _payload(payload_file.read(MOST_BYTES + 1))
    with desk.changing() as change:
        if assistant is not None:
            _add(change, name, assistant, owner, timing, payload)
        else:
            _change(change, name, timing, payload)
        found = _found(change.work, name)
        rows = _coming(found, SHOWN)
    said = f"source {name} sends by the clock, next at {rows[0]['send_at']}"
    shown = {"id": str(found.source_id), "name": name, "next": rows}
    show_changed(said, shown, as_json=as_json)


@click.command("next")
@click.argument("name")
@click.option(
    "--count", type=click.IntRange(1, 100), default=SHOWN, show_default=True, help="How many."
)
@looks_in_a_tenant
def next_(desk: Desk, name: str, *, count: int, as_json: bool) -> None:
    """Show when the source NAME sends next: the tick, and with its jitter.

    \b
    Example:
      awgp source next weekly --count 10
    """
    with desk.looking() as work:
        found = _found(work, name)
    rows = _coming(found, count) if found.active else []
    columns = {"tick": "tick", "there": "local", "sent": "send_at"}
    show_list(rows, columns, empty=f"{name} is paused", as_json=as_json)


@click.command("pause")
@click.argument("name")
@changes_a_tenant
def pause(desk: Desk, name: str, *, as_json: bool) -> None:
    """Let the source NAME send nothing until it is resumed. Of webhooks, all are refused.

    A schedule does not make up for what it would have sent meanwhile.

    \b
    Example:
      awgp source pause weekly
    """
    _switch(desk, name, active=False, as_json=as_json)


@click.command("resume")
@click.argument("name")
@changes_a_tenant
def resume(desk: Desk, name: str, *, as_json: bool) -> None:
    """Let the source NAME send again.

    \b
    Example:
      awgp source resume weekly
    """
    _switch(desk, name, active=True, as_json=as_json)


def _switch(desk: Desk, name: str, *, active: bool, as_json: bool) -> None:
    with desk.changing() as change:
        source_id = find_source(change.work, name)
        switch_source(change.work, source_id, active=active, actor=change.actor)
    said = f"source {name} {'sends again' if active else 'is paused'}"
    show_changed(said, {"id": str(source_id), "name": name, "active": active}, as_json=as_json)


def _add(
    change: Change,
    name: str,
    assistant: str,
    owner: str | None,
    timing: dict[str, Any],
    payload: dict[str, Any] | None,
) -> None:
    if timing["cron"] is None:
        raise FieldInvalid("--cron", "say when it sends")
    by = change.behind(owner, "--owner").person_id
    wanted = Wanted(timing=_timing(timing, None), payload=payload or {})
    add_schedule(
        change.work,
        name=name,
        assistant=assistant,
        wanted=wanted,
        owner=by,
        by=by,
        actor=change.actor,
    )


def _change(
    change: Change, name: str, timing: dict[str, Any], payload: dict[str, Any] | None
) -> None:
    source_id = find_source(change.work, name)
    was = find_schedule(change.work, source_id)
    if was is None:
        raise NotSetUp(f"{name} is no schedule; --assistant and --cron make one of another name")
    wanted = Wanted(
        timing=_timing(timing, was), payload=was["payload"] if payload is None else payload
    )
    by = change.behind(None, "--as").person_id
    change_schedule(change.work, source_id, wanted, by=by, actor=change.actor)


def _timing(said: dict[str, Any], was: dict[str, Any] | None) -> Timing:
    was = was or {"cron": "", "zone": "UTC", "jitter_seconds": 0, "missed": Missed.SKIP}
    jitter = was["jitter_seconds"] if said["jitter"] is None else said["jitter"]
    return Timing(
        expression=said["cron"] or was["cron"],
        zone=said["zone"] or was["zone"],
        jitter_seconds=jitter,
        missed=Missed(said["missed"] or was["missed"]),
    )


def _payload(content: bytes) -> dict[str, Any]:
    try:
        return parse_object(content, max_depth=MOST_DEPTH)
    except (JsonInvalid, JsonNotAnObject, JsonTooDeep) as error:
        raise FieldInvalid("--payload", str(error)) from error


def _found(work: Work, name: str) -> Schedule:
    found = load_schedule(work, find_source(work, name))
    if found is None:
        raise NotSetUp(f"{name} is no schedule")
    return found


def _coming(found: Schedule, count: int) -> list[dict[str, Any]]:
    zone = read_zone(found.timing.zone)
    return [
        {
            "tick": name_of(tick),
            "local": tick.astimezone(zone).isoformat(timespec="minutes"),
            "send_at": name_of(send_at(found.timing, found.source_id, tick)),
        }
        for tick in next_ticks(found.timing, datetime.now(UTC), count)
    ]
