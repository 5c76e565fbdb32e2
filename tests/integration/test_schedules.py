"""Schedules: a tick becomes one run, whoever and however many ask, and all of it is on record."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from actors.relay import PICK_DUE
from actors.ticks import work_off_ticks
from pipeline.policy_store import activate_policy_set, add_policy_set
from pipeline.registry_names import FieldInvalid, NameTaken
from pipeline.run import Stage
from pipeline.schedule import Missed, Timing, name_of
from pipeline.schedule_store import (
    Schedule,
    Wanted,
    add_schedule,
    change_schedule,
    load_schedule,
    send_tick,
)
from pipeline.source_change import switch_source, take_source_away
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.stages import declared, rows, work_off
from tests.integration.world import TenantWorld, World, submit

BEGAN = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
FIRST = datetime(2026, 5, 1, 7, tzinfo=UTC)
HOURLY = Timing(expression="0 * * * *", zone="UTC")
BY_CLOCK = """
@id("reports")
@auto("planned reports")
permit (principal, action == Action::"run", resource)
when { context.origin == "schedule" };
"""
REPORT = {"amount_cents": 1, "day": "{{ date }}", "at": "{{ tick }}", "by": "{{ source }}"}


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ada(tenant: TenantWorld) -> Actor:
    return Actor(type="person", id=str(tenant.persons["ada"]))


def add(database: Database, tenant: TenantWorld, timing: Timing = HOURLY, **payload: Any) -> UUID:
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        return add_schedule(
            work,
            name="report",
            assistant="booker",
            wanted=Wanted(timing=timing, payload=payload or REPORT),
            owner=tenant.persons["ada"],
            by=tenant.persons["ada"],
            actor=ada(tenant),
            now=BEGAN,
        )


def relay(database: Database, at: datetime) -> list[tuple[UUID, UUID]]:
    """Pick what is due at a moment, as a relay does it."""
    engine = database.engine("awgp_relay")
    with engine.begin() as connection:
        picked = connection.execute(
            text(PICK_DUE.text.replace("(SELECT clock_timestamp())", ":now")),
            {
                "kinds": ["policy.tick"],
                "batch": 10,
                "now": at,
                "first": timedelta(seconds=1),
                "ceiling": timedelta(seconds=60),
            },
        )
        return [(row[1], row[2]) for row in picked]


def tick(database: Database, clock: Clock, at: datetime) -> int:
    """Let the clock be so late, and the relay and a worker do what is due; returns how much."""
    clock.now = at
    picked = relay(database, at)
    for tenant_id, due_id in picked:
        work_off_ticks(database.outbox("awgp_worker"), tenant_id, due_id, clock)
    return len(picked)


def runs(database: Database, tenant: TenantWorld, source_id: UUID) -> list[str]:
    found = rows(
        database,
        tenant,
        "SELECT origin ->> 'event' FROM runs WHERE source_id = :source ORDER BY run_id",
        source=source_id,
    )
    return [row[0] for row in found]


def recorded(database: Database, tenant: TenantWorld, action: str) -> list[dict[str, Any]]:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT record FROM awgp.audit_pending WHERE tenant_id = :tenant"
                " AND record ->> 'action' = :action ORDER BY pending_id"
            ),
            {"tenant": tenant.tenant_id, "action": action},
        ).scalars()
        return list(found)


def test_a_tick_is_a_run_on_its_way_with_its_payload_and_record(
    database: Database, world: World, clock: Clock
) -> None:
    acme = world.acme
    source_id = add(database, acme)
    assert tick(database, clock, FIRST - timedelta(seconds=1)) == 0
    assert tick(database, clock, FIRST) == 1
    assert tick(database, clock, FIRST) == 0
    assert runs(database, acme, source_id) == [name_of(FIRST)]
    ((run_id, payload),) = rows(
        database,
        acme,
        "SELECT run_id, payload FROM runs JOIN run_payloads USING (tenant_id, run_id)"
        " WHERE source_id = :source",
        source=source_id,
    )
    assert bytes(payload) == (
        b'{"amount_cents":1,"at":"2026-05-01T07:00:00Z","by":"report","day":"2026-05-01"}'
    )
    (record,) = recorded(database, acme, "ingest:run:received")
    assert record["resource"]["id"] == str(run_id)
    assert record["actor"] == {"type": "source", "id": str(source_id)}
    assert record["metadata"]["origin"] == "schedule"
    # It goes through policy like any other, and is told by its origin.
    assert work_off(database, declared(database), acme, Stage.POLICY) == 1
    assert tick(database, clock, FIRST + timedelta(hours=1)) == 1
    assert len(runs(database, acme, source_id)) == 2


def test_a_policy_is_told_that_a_schedule_asks(
    database: Database, world: World, clock: Clock
) -> None:
    acme = world.acme
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        version = add_policy_set(work, source=BY_CLOCK, author=acme.persons["axel"])
        activate_policy_set(work, version, by=acme.persons["olga"])
    source_id = add(database, acme)
    tick(database, clock, FIRST)
    submit(database.outbox("awgp_ingest"), acme, {"amount_cents": 1})
    assert work_off(database, declared(database), acme, Stage.POLICY) == 2
    found = rows(database, acme, "SELECT source_id, status FROM runs")
    assert dict(row[:2] for row in found) == {source_id: "permitted", acme.source_id: "denied"}


def test_two_relays_and_two_workers_make_one_run(
    database: Database, world: World, clock: Clock
) -> None:
    acme = world.acme
    source_id = add(database, acme)
    clock.now = FIRST
    ((tenant_id, due_id),) = relay(database, FIRST)
    outbox = database.outbox("awgp_worker")
    with ThreadPoolExecutor(8) as workers:
        for each in [
            workers.submit(work_off_ticks, outbox, tenant_id, due_id, clock) for _ in range(8)
        ]:
            each.result()
    assert runs(database, acme, source_id) == [name_of(FIRST)]
    # Even one that remembers the tick from before makes nothing of it: it is the run's key.
    with outbox.work(tenant_id) as work:
        schedule = load_schedule(work, source_id)
        assert schedule is not None
        assert send_tick(work, schedule, FIRST) is None
    assert runs(database, acme, source_id) == [name_of(FIRST)]


@pytest.mark.parametrize(
    ("missed", "made"),
    [(Missed.SKIP, []), (Missed.ONCE, [12]), (Missed.ALL, [7, 8, 9, 10, 11, 12])],
)
def test_what_nobody_sent_is_skipped_or_made_up_for_and_on_record(
    database: Database, world: World, clock: Clock, missed: Missed, made: list[int]
) -> None:
    acme = world.acme
    source_id = add(database, acme, Timing(expression="0 * * * *", zone="UTC", missed=missed))
    assert tick(database, clock, FIRST + timedelta(hours=5, minutes=20)) == 1
    assert runs(database, acme, source_id) == [f"2026-05-01T{hour:02}:00:00Z" for hour in made]
    counted = [each["metadata"]["count"] for each in recorded(database, acme, "policy:tick:missed")]
    assert counted == ([6 - len(made)] if len(made) < 6 else [])
    tick(database, clock, FIRST + timedelta(hours=6))
    assert runs(database, acme, source_id)[len(made) :] == ["2026-05-01T13:00:00Z"]


def test_one_that_is_paused_sends_nothing_and_makes_up_for_nothing(
    database: Database, world: World, clock: Clock
) -> None:
    acme = world.acme
    source_id = add(database, acme, Timing(expression="0 * * * *", zone="UTC", missed=Missed.ALL))
    switch(database, acme, source_id, active=False)
    for hours in range(3):
        assert tick(database, clock, FIRST + timedelta(hours=hours)) == 1
    switch(database, acme, source_id, active=True)
    assert tick(database, clock, FIRST + timedelta(hours=3)) == 1
    assert runs(database, acme, source_id) == ["2026-05-01T10:00:00Z"]
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        take_source_away(work, source_id, actor=ada(acme))
    assert tick(database, clock, FIRST + timedelta(hours=4)) == 1
    assert tick(database, clock, FIRST + timedelta(hours=9)) == 0
    assert len(runs(database, acme, source_id)) == 1


def test_a_change_counts_from_now_on_and_who_made_it_may_not_approve(
    database: Database, world: World, clock: Clock
) -> None:
    acme = world.acme
    source_id = add(database, acme)
    ben = acme.persons["ben"]
    changed = Wanted(
        timing=Timing(expression="15 7 * * *", zone="UTC"), payload={"amount_cents": 20_000}
    )
    for _ in range(2):
        with database.outbox("awgp_web").work(acme.tenant_id) as work:
            change_schedule(
                work,
                source_id,
                changed,
                by=ben,
                actor=Actor(type="person", id=str(ben)),
                now=BEGAN,
            )
    assert len(recorded(database, acme, "setup:source:changed")) == 1
    # The row of before is due yet and comes to nothing.
    assert tick(database, clock, FIRST) == 1
    assert runs(database, acme, source_id) == []
    assert tick(database, clock, FIRST + timedelta(minutes=15)) == 1
    assert runs(database, acme, source_id) == ["2026-05-01T07:15:00Z"]
    broker = declared(database)
    work_off(database, broker, acme, Stage.POLICY)
    work_off(database, broker, acme, Stage.HOLD)
    excluded = rows(
        database, acme, "SELECT person_id FROM approval_persons WHERE part = 'excluded'"
    )
    assert {ben, acme.persons["ada"]} <= {row[0] for row in excluded}


def test_a_worker_makes_runs_of_ticks_alone(database: Database, world: World) -> None:
    outbox = database.outbox("awgp_worker")
    forged = Schedule(
        source_id=world.acme.source_id,  # a webhook's
        source="erp",
        timing=HOURLY,
        payload={},
        next_tick=FIRST,
        due_id=world.acme.source_id,
        active=True,
        over=False,
    )
    with outbox.work(world.acme.tenant_id) as work:
        assert send_tick(work, forged, FIRST) is None
    theirs = add(database, world.globex)
    with outbox.work(world.acme.tenant_id) as work:
        assert load_schedule(work, theirs) is None
        assert send_tick(work, replace(forged, source_id=theirs), FIRST) is None
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        outbox.work(world.acme.tenant_id) as work,
    ):
        work.execute("INSERT INTO runs (tenant_id, run_id) VALUES (:t, :t)", t=work.tenant_id)


def test_what_cannot_be_kept_leaves_nothing(database: Database, world: World) -> None:
    add(database, world.acme)
    with pytest.raises(NameTaken):
        add(database, world.acme)
    with pytest.raises(FieldInvalid):
        add(database, world.globex, Timing(expression="0 0 31 2 *", zone="UTC"))
    assert rows(database, world.globex, "SELECT 1 FROM sources WHERE kind = 'cron'") == []


def switch(database: Database, tenant: TenantWorld, source_id: UUID, *, active: bool) -> None:
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        switch_source(work, source_id, active=active, actor=ada(tenant))
