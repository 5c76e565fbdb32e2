"""Targets that are broken, gone, slow to take, or particular: deliveries wait and lose nothing."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from actors.post_action import Deliverer
from actors.resend import wakes
from actors.sender import NO_PLACE
from pipeline.courier import Courier
from pipeline.handoff import due_message
from pipeline.registry import add_target
from pipeline.target_gate import leave_place, take_place, take_probe, wake
from pipeline.target_switch import switch_off, switch_on
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.fake_host import handoff_of
from tests.integration.receiver import Receiver, Reply, start_receiver
from tests.integration.stages import rows
from tests.integration.test_post_action import (
    deliver,
    deliveries,
    executed_run,
    set_targets,
    where,
)
from tests.integration.world import KEYRING, SECRET, TenantWorld, World

NO = Reply(status=503, body=b"not yet")
LASTS = timedelta(seconds=30)
OLGA = Actor(type="person", id="0189aaaa-0000-7000-8000-000000000001")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as started:
        yield started


def settings(**further: object) -> dict[str, object]:
    return {"allow_private": True, **further}


def target_id(database: Database, tenant: TenantWorld, name: str = "target-0") -> UUID:
    found: UUID = rows(
        database, tenant, "SELECT target_id FROM targets WHERE name = :name", name=name
    )[0][0]
    return found


def handoff(database: Database, tenant: TenantWorld, run_id: UUID) -> Mapping[str, object]:
    found: Mapping[str, object] = rows(
        database,
        tenant,
        "SELECT waits_for, last_error, not_before > clock_timestamp() AS later, sends,"
        " next_send_at = 'infinity' AS in_line, lease_until FROM handoffs WHERE run_id = :run",
        run=run_id,
    )[0]._mapping
    return found


def actions(database: Database, tenant: TenantWorld, like: str) -> list[str]:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT record ->> 'action' FROM awgp.audit_pending WHERE tenant_id = :tenant"
                " AND record ->> 'action' LIKE :like ORDER BY pending_id"
            ),
            {"tenant": tenant.tenant_id, "like": like},
        )
        return [row[0] for row in found]


def let_the_circuit_half_open(database: Database, tenant: TenantWorld) -> None:
    rows(
        database,
        tenant,
        "UPDATE target_circuits SET open_until = clock_timestamp(), probe_until = NULL"
        " WHERE open_until IS NOT NULL RETURNING 1",
    )


def test_a_broken_target_is_left_alone_and_what_waits_is_woken_when_it_takes_again(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant, worker = world.acme, database.outbox("awgp_worker")
    set_targets(database, tenant, [receiver.url], settings(circuit={"failures": 2}))
    first, second = executed_run(database, tenant), executed_run(database, tenant)
    receiver.answer(NO)
    deliver(database, tenant, first, max_attempts=9)
    deliver(database, tenant, first, max_attempts=9)
    target = target_id(database, tenant)
    assert actions(database, tenant, "post_action:circuit:%") == ["post_action:circuit:opened"]

    for run_id in (second, first):
        deliver(database, tenant, run_id, max_attempts=9)
        waits = handoff(database, tenant, run_id)
        assert (waits["waits_for"], waits["later"], waits["lease_until"]) == (target, True, None)
        assert waits["last_error"] == "waiting for its target, which takes nothing at the moment"
    # Nothing was sent, and nothing was counted.
    assert len(receiver.received) == 2
    assert [row[:3] for row in deliveries(database, tenant)] == [(0, 1, "retry"), (0, 2, "retry")]

    # One is sent to see, and no second one meanwhile.
    let_the_circuit_half_open(database, tenant)
    with worker.work(tenant.tenant_id) as work:
        assert take_probe(work, target, lasts=LASTS)
    with worker.work(tenant.tenant_id) as work:
        assert not take_probe(work, target, lasts=LASTS)
    let_the_circuit_half_open(database, tenant)
    receiver.answer(Reply())
    rows(database, tenant, "UPDATE handoffs SET not_before = clock_timestamp() + '1 h' RETURNING 1")
    rows(
        database,
        tenant,
        "UPDATE handoffs SET not_before = NULL WHERE run_id = :run RETURNING 1",
        run=second,
    )
    deliver_now(database, tenant, second)
    assert where(database, tenant, second) == "delivered"
    assert actions(database, tenant, "post_action:circuit:%")[-1] == "post_action:circuit:closed"
    # The other one stands in its tenant's line again, where it stood.
    woken = handoff(database, tenant, first)
    assert (woken["waits_for"], woken["later"], woken["in_line"]) == (None, None, True)
    deliver(database, tenant, first, max_attempts=9)
    assert where(database, tenant, first) == "delivered"


def deliver_now(database: Database, tenant: TenantWorld, run_id: UUID) -> None:
    """As `deliver`, and only this one's time has come."""
    Deliverer(
        database.outbox("awgp_worker"),
        KEYRING,
        Courier(timeout_seconds=10),
        lease=timedelta(seconds=15),
        max_attempts=9,
    ).deliver(tenant.tenant_id, handoff_of(database, tenant, run_id))


def test_a_broken_target_holds_up_no_other(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    set_targets(database, tenant, [f"{receiver.url}/bad"], settings(circuit={"failures": 1}))
    bad = executed_run(database, tenant)
    receiver.answer(NO)
    deliver(database, tenant, bad)
    deliver(database, tenant, bad)
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_target(
            work,
            KEYRING,
            name="target-0",
            url=f"{receiver.url}/good",
            secret=SECRET,
            by=tenant.persons["axel"],
            settings=settings(),
        )
    # Another target of the same tenant, in a run that came later.
    set_targets(database, world.globex, [f"{receiver.url}/good"], settings())
    good = executed_run(database, world.globex)
    receiver.answer(Reply())
    deliver(database, world.globex, good)
    assert where(database, world.globex, good) == "delivered"
    assert where(database, tenant, bad) == "delivering"


def test_gone_switches_a_target_off_and_deliveries_wait_until_it_is_on(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant, web = world.acme, database.outbox("awgp_web")
    set_targets(database, tenant, [receiver.url], settings())
    first, second = executed_run(database, tenant), executed_run(database, tenant)
    receiver.answer(Reply(status=410))
    deliver(database, tenant, first)
    assert where(database, tenant, first) == "failed"
    assert actions(database, tenant, "%:target:disabled") == ["post_action:target:disabled"]

    deliver(database, tenant, second)
    assert len(receiver.received) == 1
    assert handoff(database, tenant, second)["waits_for"] == target_id(database, tenant)
    # What waited for a week is given up, and a person hears of it.
    with web.work(tenant.tenant_id) as work:
        assert not switch_off(work, "target-0", because="again", actor=OLGA)
        assert switch_on(work, "target-0", actor=OLGA)
        assert not switch_on(work, "target-0", actor=OLGA)
    due = rows(
        database,
        tenant,
        "UPDATE due SET sends = 1 WHERE kind = 'post_action.wake' RETURNING due_id",
    )
    for handle in wakes(database.outbox("awgp_worker")).values():
        handle(tenant.tenant_id, due[0][0])
    assert handoff(database, tenant, second)["in_line"]
    assert rows(database, tenant, "SELECT 1 FROM due WHERE kind = 'post_action.wake'") == []
    assert due_message("post_action.wake", tenant.tenant_id, due[0][0]).actor_name == (
        "post_action_due"
    )
    receiver.answer(Reply())
    deliver(database, tenant, second)
    assert where(database, tenant, second) == "delivered"


def test_what_waited_too_long_ends_in_a_dead_letter(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    set_targets(database, tenant, [receiver.url], settings())
    run_id = executed_run(database, tenant)
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        switch_off(work, "target-0", because="moves house", actor=OLGA)
    rows(
        database,
        tenant,
        "UPDATE handoffs SET created_at = clock_timestamp() - interval '8 days' RETURNING 1",
    )
    deliver(database, tenant, run_id)
    assert where(database, tenant, run_id) == "failed"
    error = rows(database, tenant, "SELECT error FROM dead_letters")[0][0]
    assert error.endswith("waiting for its target, which is switched off for too long")
    assert receiver.received == []


def test_a_target_takes_so_many_at_once_and_whoever_leaves_lets_the_next_in(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant, worker = world.acme, database.outbox("awgp_worker")
    set_targets(database, tenant, [receiver.url], settings(concurrency=2))
    run_id, target = executed_run(database, tenant), target_id(database, tenant)
    holders = []
    for _ in range(3):
        with worker.work(tenant.tenant_id) as work:
            holders.append(take_place(work, target, most=2, lasts=LASTS))
    assert holders[:2] != [None, None]
    assert holders[2] is None

    deliver(database, tenant, run_id)
    assert receiver.received == []
    assert handoff(database, tenant, run_id)["last_error"] == NO_PLACE
    with worker.work(tenant.tenant_id) as work:
        leave_place(work, target, holders[0] or target)
    assert handoff(database, tenant, run_id)["in_line"]
    deliver(database, tenant, run_id)
    assert where(database, tenant, run_id) == "delivered"
    # It left its place; and a place whose holder died is free after a while.
    rows(
        database,
        tenant,
        "UPDATE target_places SET taken_until = clock_timestamp()"
        " WHERE holder IS NOT NULL RETURNING 1",
    )
    for _ in range(2):
        with worker.work(tenant.tenant_id) as work:
            assert take_place(work, target, most=2, lasts=LASTS)
            assert wake(work, target) == 0


def test_a_header_a_template_and_a_schedule_are_kept_to(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    wanted = settings(header="X-AWGP-Key", retry_seconds=[700], timeout_seconds=3)
    set_targets(database, tenant, [receiver.url], wanted)
    template = '{"booked": {{ result.booked }}, "of": {{ tenant | tojson }}, "in": "{{ run }}"}'
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_target(
            work,
            KEYRING,
            name="target-0",
            url=receiver.url,
            secret=None,
            by=tenant.persons["axel"],
            settings=wanted,
            template=template,
            header="Bearer of-the-key",
        )
    run_id = executed_run(database, tenant)
    receiver.answer(NO, Reply())
    deliver(database, tenant, run_id)
    wait = rows(database, tenant, "SELECT not_before - clock_timestamp() FROM handoffs")[0][0]
    assert timedelta(seconds=650) < wait < timedelta(seconds=770)
    deliver(database, tenant, run_id)

    assert where(database, tenant, run_id) == "delivered"
    first, second = receiver.received
    assert first.body == second.body
    assert json.loads(second.body) == {"booked": 1, "of": "acme", "in": str(run_id)}
    assert second.headers["X-AWGP-Key"] == "Bearer of-the-key"
    webhook = Webhook(base64.b64encode(SECRET).decode())
    assert webhook.verify(second.body, dict(second.headers))


def test_a_template_that_makes_nothing_of_a_result_ends_the_run_and_says_why(
    database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    set_targets(database, tenant, [receiver.url], settings())
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        add_target(
            work,
            KEYRING,
            name="target-0",
            url=receiver.url,
            secret=None,
            by=tenant.persons["axel"],
            settings=settings(),
            template='{"x": {{ result.nothing.at_all }}}',
        )
    run_id = executed_run(database, tenant)
    deliver(database, tenant, run_id)
    assert receiver.received == []
    assert where(database, tenant, run_id) == "failed"
    error = rows(database, tenant, "SELECT error FROM deliveries")[0][0]
    assert "'nothing'" in error
