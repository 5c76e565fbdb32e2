"""Schedules in the database: add one, change it, look at it, and make runs of its ticks."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg.errors
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from pipeline.ids import random_bytes, uuid7
from pipeline.ids import source_id as new_source_id
from pipeline.registry_find import find_assistant
from pipeline.registry_names import FieldInvalid, NameTaken, NotSetUp, check_name
from pipeline.run import Stage, Status
from pipeline.schedule import Missed, Timing, check_timing, name_of, next_ticks, send_at, words_of
from pipeline.schedule_payload import check_payload, fill_payload
from pipeline.setup_rows import PERSON, Row, one_row
from pipeline.source_view import source_state
from pipeline.work import Actor, Work

KIND: Final = "cron"
SCHEME: Final = "schedule"
TICK: Final = "policy.tick"
DIGEST_KEY_BYTES: Final = 32
_ADD_SOURCE: Final = """
    INSERT INTO sources (tenant_id, source_id, name, kind, scheme, assistant_id, owner_person_id,
        proof)
    VALUES (:tenant, :id, :name, 'cron', 'schedule', :assistant, :owner, 'identity')"""
_ADD: Final = """
    INSERT INTO schedules (tenant_id, source_id, expression, zone, jitter_seconds, missed, payload,
        next_tick, due_id, changed_by_person_id)
    VALUES (:tenant, :source, :expression, :zone, :jitter, :missed, :payload, :next, :due, :by)"""
_CHANGE: Final = """
    UPDATE schedules SET expression = :expression, zone = :zone, jitter_seconds = :jitter,
        missed = :missed, payload = :payload, next_tick = :next, due_id = :due,
        changed_by_person_id = :by, changed_at = clock_timestamp()
    WHERE source_id = :source"""
_FIND: Final = """
    SELECT expression AS cron, zone, jitter_seconds, missed, payload
    FROM schedules WHERE source_id = :source"""
_CHANGED: Final = f"""
    SELECT c.changed_at AS at, {PERSON.format("p")} AS by FROM schedules c JOIN persons p
        ON p.tenant_id = c.tenant_id AND p.person_id = c.changed_by_person_id
    WHERE c.source_id = :source"""  # noqa: S608  # our own columns
_LOAD: Final = """
    SELECT c.expression, c.zone, c.jitter_seconds, c.missed, c.payload, c.next_tick, c.due_id,
        s.name, s.active, s.removed_at IS NOT NULL OR t.closed_at IS NOT NULL AS over
    FROM schedules c JOIN sources s USING (tenant_id, source_id) JOIN tenants t USING (tenant_id)
    WHERE c.source_id = :source"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What people ask of a schedule, not checked yet."""

    timing: Timing
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One as it is worked on.

    Attributes:
        due_id: The row of `due` that counts.
        over: Its source was removed, or its tenant closed: it ticks no more.
    """

    source_id: UUID
    source: str
    timing: Timing
    payload: Mapping[str, Any]
    next_tick: datetime
    due_id: UUID
    active: bool
    over: bool


def add_schedule(
    work: Work,
    *,
    name: str,
    assistant: str,
    wanted: Wanted,
    owner: UUID,
    by: UUID,
    actor: Actor,
    now: datetime | None = None,
) -> UUID:
    """Add a source that sends by the clock, from now on.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is a source of this name.
    """
    check_name("name", name)
    checked = _check(wanted)
    try:
        assistant_id = find_assistant(work, assistant)
    except NotSetUp as error:
        raise FieldInvalid("assistant", str(error)) from error
    source_id = new_source_id()
    try:
        work.execute(
            _ADD_SOURCE,
            tenant=work.tenant_id,
            id=source_id,
            name=name,
            assistant=assistant_id,
            owner=owner,
        )
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        raise NameTaken(f"there is a source {name!r} already") from error
    columns = _columns(work, source_id, checked, by, now)
    work.execute(_ADD, tenant=work.tenant_id, **columns)
    work.record(
        actor,
        "setup:source:added",
        ("source", str(source_id)),
        after={"schedule": _said(checked.timing)},
    )
    return source_id


def change_schedule(
    work: Work,
    source_id: UUID,
    wanted: Wanted,
    *,
    by: UUID,
    actor: Actor,
    now: datetime | None = None,
) -> None:
    """Send at other times, or something else, from now on; the same again changes nothing.

    Raises:
        NotSetUp: There is no such schedule.
        FieldInvalid: Names what cannot be kept.
    """
    source_state(work, source_id, lock=True)
    was, checked = find_schedule(work, source_id), _check(wanted)
    if was is None:
        raise NotSetUp("this source is no schedule")
    before = _timing(was["cron"], was["zone"], was["jitter_seconds"], was["missed"])
    if (before, was["payload"]) == (checked.timing, checked.payload):
        return
    work.execute(_CHANGE, **_columns(work, source_id, checked, by, now))
    work.execute(
        "UPDATE sources SET scheme_version = scheme_version + 1, scheme_changed_by_person_id = :by"
        " WHERE source_id = :source",
        by=by,
        source=source_id,
    )
    work.record(
        actor,
        "setup:source:changed",
        ("source", str(source_id)),
        before={"schedule": _said(before)},
        after={"schedule": _said(checked.timing)},
    )


def find_schedule(work: Work, source_id: UUID) -> Row | None:
    """What stands of a schedule; None of a source that is none."""
    return one_row(work, _FIND, source=source_id)


def show_schedule(work: Work, source_id: UUID, *, active: bool) -> Row | None:
    """A schedule in words, with the next moments it sends at; one that is paused has none."""
    found = find_schedule(work, source_id)
    if found is None:
        return None
    timing = _timing(found["cron"], found["zone"], found["jitter_seconds"], found["missed"])
    ticks = next_ticks(timing, datetime.now(UTC)) if active else []
    coming = [{"tick": tick, "send_at": send_at(timing, source_id, tick)} for tick in ticks]
    return found | {
        "words": words_of(timing),
        "changed": one_row(work, _CHANGED, source=source_id),
        "next": coming,
    }


def load_schedule(work: Work, source_id: UUID) -> Schedule | None:
    """One to be worked on, with what its source says."""
    found = work.execute(_LOAD, source=source_id).one_or_none()
    if found is None:
        return None
    return Schedule(
        source_id=source_id,
        timing=_timing(*found[:4]),
        payload=found[4],
        next_tick=found[5],
        due_id=found[6],
        source=found[7],
        active=found[8],
        over=found[9],
    )


def send_tick(work: Work, schedule: Schedule, tick: datetime) -> UUID | None:
    """Make the run of a tick and hand it on; None where it has one already, or may not have one."""
    run_id, digest_key = uuid7(), random_bytes(DIGEST_KEY_BYTES)
    payload = fill_payload(
        schedule.payload, source=schedule.source, zone=schedule.timing.zone, tick=tick
    )
    assistant_id: UUID | None = work.execute(
        "SELECT accept_tick(:source, :tick, :run, :payload, :digest_key)",
        source=schedule.source_id,
        tick=tick,
        run=run_id,
        payload=payload,
        digest_key=digest_key,
    ).scalar_one()
    if assistant_id is None:
        return None
    work.record(
        Actor(type="source", id=str(schedule.source_id)),
        "ingest:run:received",
        ("run", str(run_id)),
        after={"status": Status.RECEIVED.value, "epoch": 1},
        metadata={
            "assistant": str(assistant_id),
            # Unguessable without the payload's key (ingest/accept.py).
            "commitment": hmac.new(digest_key, payload, hashlib.sha256).hexdigest(),
            "content_type": "application/json",
            "size": len(payload),
            "origin": "schedule",
            "tick": name_of(tick),
        },
    )
    work.hand_off(run_id, 1, Stage.POLICY)
    return run_id


def await_tick(work: Work, schedule: Schedule, tick: datetime) -> None:
    """Note which tick comes next, unless the schedule was changed meanwhile."""
    work.execute(
        "UPDATE schedules SET next_tick = :tick WHERE source_id = :source AND due_id = :due",
        tick=tick,
        source=schedule.source_id,
        due=schedule.due_id,
    )


def _check(wanted: Wanted) -> Wanted:
    check_payload(wanted.payload)
    return replace(wanted, timing=check_timing(wanted.timing))


def _timing(expression: str, zone: str, jitter_seconds: int, missed: str) -> Timing:
    return Timing(
        expression=expression, zone=zone, jitter_seconds=jitter_seconds, missed=Missed(missed)
    )


def _columns(
    work: Work, source_id: UUID, wanted: Wanted, by: UUID, now: datetime | None
) -> dict[str, Any]:
    """Its row, with the first tick from now on made due."""
    (tick,) = next_ticks(wanted.timing, now or datetime.now(UTC), 1)
    return {
        "source": source_id,
        "expression": wanted.timing.expression,
        "zone": wanted.timing.zone,
        "jitter": wanted.timing.jitter_seconds,
        "missed": wanted.timing.missed.value,
        "payload": Jsonb(dict(wanted.payload)),
        "next": tick,
        "due": work.schedule(TICK, send_at(wanted.timing, source_id, tick), source_id),
        "by": by,
    }


def _said(timing: Timing) -> dict[str, Any]:
    return {
        "cron": timing.expression,
        "zone": timing.zone,
        "jitter_seconds": timing.jitter_seconds,
        "missed": timing.missed.value,
    }
