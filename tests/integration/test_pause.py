"""Pausing, resuming and draining queues, with claims and processes racing them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import redis
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from actors import hold
from actors.audit import checkpoint_due, seal_for
from actors.broker import make_broker
from actors.relay import Relay
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.approval_errors import ApprovalExpired
from pipeline.handoff import claim
from pipeline.queue_change import set_queue
from pipeline.queue_state import QueueState, queue_standings
from pipeline.run import Stage
from pipeline.seal import seal
from pipeline.settings import Settings
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.driving import decide, deny, make_signer
from tests.integration.driving import hold as held_run
from tests.integration.operating import add_holding, an_operator
from tests.integration.processes import relay_process, wait_until, worker_process
from tests.integration.stages import declared, rows, status, work_off
from tests.integration.world import TenantWorld, World, submit

pytestmark = pytest.mark.services
PATIENCE_SECONDS = 60.0
SOMEBODY = Actor(type="operator", id="uid:0")


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-pause") as running:
        yield running


@pytest.fixture
def relay(database: Database, valkey: Running) -> Iterator[Relay]:
    """One that has seen the broker before; the broker starts empty."""
    client = redis.Redis.from_url(valkey.url)
    client.flushall()
    broker = make_broker(Settings(redis_url=valkey_url(valkey.data, "relay")))
    relay = Relay(database.engine("awgp_relay"), broker, broker.client)
    relay.notice_a_wiped_broker()
    relay.turn()  # the tenants' schedules
    client.delete(*client.keys("dramatiq:*"))
    yield relay
    client.close()
    broker.client.close()


def queued(valkey: Running, queue: Stage) -> int:
    client = redis.Redis.from_url(valkey.url)
    try:
        return int(client.llen(f"dramatiq:{queue}"))
    finally:
        client.close()


def make_overdue(database: Database, tenant: TenantWorld, table: str = "handoffs") -> None:
    rows(
        database,
        tenant,
        f"UPDATE {table} SET next_send_at = clock_timestamp() - interval '1 second' RETURNING 1",
    )


def never(condition: Callable[[], object], seconds: float = 1.5) -> None:
    """Look for a while at what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert not condition()
        time.sleep(0.05)


def put(database: Database, queue: Stage, to: QueueState) -> None:
    set_queue(
        database.engine("awgp_operator"),
        queue,
        to,
        by=SOMEBODY,
        reason="test",
    )


def state(database: Database, queue: Stage) -> QueueState:
    with database.engine("awgp_operator").connect() as connection:
        return queue_standings(connection)[queue].state


def statuses(database: Database, tenant: TenantWorld, runs: list[UUID]) -> set[object]:
    return {status(database, tenant, run_id)["status"] for run_id in runs}


def submitted(database: Database, tenant: TenantWorld, count: int) -> list[UUID]:
    ingest = database.outbox("awgp_ingest")
    return [submit(ingest, tenant, {"amount_cents": 20_000}) for _ in range(count)]


# Claims.


def test_no_claim_succeeds_once_a_pause_is_committed(database: Database, world: World) -> None:
    submitted(database, world.acme, 1)
    (row,) = rows(database, world.acme, "SELECT handoff_id FROM handoffs")
    outbox = database.outbox("awgp_worker")
    paused, stop = threading.Event(), threading.Event()
    claimed: list[bool] = []

    def keep_claiming() -> None:
        while not stop.is_set():
            after_the_pause = paused.is_set()
            with outbox.work(world.acme.tenant_id) as work:
                if claim(work, row[0], Stage.POLICY) is not None:
                    claimed.append(after_the_pause)

    threads = [threading.Thread(target=keep_claiming) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(claimed) > 20, "claims before the pause")
        put(database, Stage.POLICY, QueueState.PAUSED)
        paused.set()
        before = len(claimed)
        threading.Event().wait(0.3)
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    assert not any(claimed)
    assert len(claimed) - before <= len(threads)


def test_a_paused_queue_gives_no_lease_and_others_go_on(database: Database, world: World) -> None:
    (run_id,) = submitted(database, world.acme, 1)
    put(database, Stage.HOLD, QueueState.PAUSED)
    broker = declared(database)
    work_off(database, broker, world.acme, Stage.POLICY)
    work_off(database, broker, world.acme, Stage.HOLD)
    assert status(database, world.acme, run_id)["status"] == "permitted"
    (row,) = rows(database, world.acme, "SELECT handoff_id FROM handoffs")
    with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        assert claim(work, row[0], Stage.HOLD) is None

    put(database, Stage.HOLD, QueueState.RUNNING)
    work_off(database, broker, world.acme, Stage.HOLD)
    assert status(database, world.acme, run_id)["status"] == "held"


def test_a_draining_queue_gives_away_what_was_due_before_and_no_more(
    database: Database, world: World
) -> None:
    before = submitted(database, world.acme, 2)
    put(database, Stage.POLICY, QueueState.DRAINING)
    after = submitted(database, world.acme, 2)
    work_off(database, declared(database), world.acme, Stage.POLICY)
    assert statuses(database, world.acme, before) == {"permitted"}
    assert statuses(database, world.acme, after) == {"received"}


# What happens by time.


def test_a_paused_hold_expires_nothing_and_a_late_vote_is_refused(
    database: Database, world: World
) -> None:
    run_id, approval_id = held_run(database, world.acme)
    rows(
        database,
        world.acme,
        "UPDATE approvals SET opened_at = opened_at - interval '2 days',"
        " expires_at = clock_timestamp() - interval '1 second' RETURNING 1",
    )
    (due,) = rows(
        database,
        world.acme,
        "UPDATE due SET sends = 1 WHERE subject_id = :id RETURNING due_id",
        id=approval_id,
    )
    put(database, Stage.HOLD, QueueState.PAUSED)
    worker = database.outbox("awgp_worker")
    hold.on_due(worker, world.acme.tenant_id, due[0])
    assert status(database, world.acme, run_id)["status"] == "held"
    with pytest.raises(ApprovalExpired):
        decide(database, world.acme, approval_id)

    put(database, Stage.HOLD, QueueState.RUNNING)
    hold.on_due(worker, world.acme.tenant_id, due[0])
    assert status(database, world.acme, run_id)["status"] == "expired"


def test_a_paused_audit_seals_and_signs_nothing_and_resumes_whole(
    database: Database, world: World, tmp_path: Path
) -> None:
    run_id = deny(database, world.acme)
    put(database, Stage.AUDIT, QueueState.PAUSED)
    sealer, signer = database.outbox("awgp_sealer"), make_signer(tmp_path)
    tenant = world.acme.tenant_id
    (handoff,) = rows(database, world.acme, "SELECT handoff_id FROM handoffs")
    (due,) = rows(
        database,
        world.acme,
        "UPDATE due SET sends = 1 WHERE kind = 'audit.checkpoint' RETURNING due_id",
    )

    def work() -> tuple[int, int]:
        seal_for(sealer, signer, tenant, handoff[0])
        checkpoint_due(sealer, signer, tenant, due[0], timedelta(seconds=30))
        (head,) = rows(database, world.acme, "SELECT sequence FROM audit_heads")
        (notes,) = rows(database, world.acme, "SELECT count(*) FROM audit_checkpoints")
        return head[0], notes[0]

    assert work() == (0, 0)
    with sealer.work(tenant) as unit:
        assert seal(unit).entries == 0
    put(database, Stage.AUDIT, QueueState.RUNNING)
    sequence, notes = work()
    assert sequence > 2
    assert notes >= 1
    assert status(database, world.acme, run_id)["sealed_at"] is not None


# The relay.


def test_the_relay_sends_a_paused_queue_nothing_and_all_of_it_after(
    database: Database, world: World, relay: Relay, valkey: Running
) -> None:
    submitted(database, world.acme, 3)
    put(database, Stage.POLICY, QueueState.PAUSED)
    make_overdue(database, world.acme)
    relay.turn()
    assert queued(valkey, Stage.POLICY) == 0
    rows(
        database,
        world.acme,
        "UPDATE handoffs SET next_send_at = clock_timestamp() + interval '5 minutes' RETURNING 1",
    )
    (later,) = rows(
        database,
        world.acme,
        "UPDATE handoffs SET not_before = clock_timestamp() + interval '1 hour'"
        " WHERE handoff_id = (SELECT handoff_id FROM handoffs LIMIT 1) RETURNING handoff_id",
    )

    put(database, Stage.POLICY, QueueState.RUNNING)
    relay.turn()

    assert queued(valkey, Stage.POLICY) == 2
    waits = rows(database, world.acme, "SELECT handoff_id FROM handoffs WHERE sends = 0")
    assert waits == [later]


def test_the_relay_sends_a_draining_queue_what_was_due_before(
    database: Database, world: World, relay: Relay, valkey: Running
) -> None:
    submitted(database, world.acme, 3)
    schedule = "UPDATE due SET next_send_at = clock_timestamp() WHERE kind = 'audit.checkpoint'"
    rows(database, world.acme, f"{schedule} RETURNING 1")
    put(database, Stage.POLICY, QueueState.DRAINING)
    put(database, Stage.AUDIT, QueueState.DRAINING)
    submitted(database, world.globex, 4)
    rows(database, world.globex, "UPDATE due SET sends = 0 WHERE sends > 0 RETURNING 1")
    rows(database, world.globex, f"{schedule} RETURNING 1")
    make_overdue(database, world.acme)
    make_overdue(database, world.globex)
    relay.turn()
    assert queued(valkey, Stage.POLICY) == 3
    assert queued(valkey, Stage.AUDIT) == 1


# The commands.


def test_a_pause_says_before_and_after_and_is_on_record(database: Database, world: World) -> None:
    holding = add_holding(database)
    operator = an_operator(database)
    said = operator("pause", "execute", "hold", "--reason", "kernel upgrade")
    assert (said.status, said.out.splitlines()) == (
        0,
        ["execute: running -> paused", "hold: running -> paused"],
    )
    again = operator("pause", "execute", "--reason", "again")
    assert "execute: paused since" in again.out
    assert "(kernel upgrade) already" in again.out
    assert operator("resume", "execute", "--json").json()["queues"][0]["before"] == "paused"
    records = pending(database, holding)
    assert [(each["action"], each["resource"]["id"]) for each in records] == [
        ("ops:queue:paused", "execute"),
        ("ops:queue:paused", "hold"),
        ("ops:queue:resumed", "execute"),
    ]
    assert records[0]["metadata"] == {"reason": "kernel upgrade"}
    assert records[0]["actor"]["type"] == "operator"


def pending(database: Database, tenant_id: UUID) -> list[dict]:  # type: ignore[type-arg]  # JSON
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT record FROM awgp.audit_pending WHERE tenant_id = :tenant"
                " AND record ->> 'action' LIKE 'ops:%' ORDER BY pending_id"
            ),
            {"tenant": tenant_id},
        )
        return [row[0] for row in found]


def test_an_operators_login_writes_no_other_record(database: Database, world: World) -> None:
    holding = str(add_holding(database))
    record = {"tenant": holding, "action": "hold:vote:cast"}
    with database.engine("awgp_operator").connect() as connection:
        connection.execute(
            text("SELECT set_config('app.current_tenant', :tenant, true)"), {"tenant": holding}
        )
        statement = text("INSERT INTO audit_pending (tenant_id, record) VALUES (:tenant, :record)")
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(statement, {"tenant": UUID(holding), "record": Jsonb(record)})


def test_many_at_once_change_a_queue_once(database: Database, world: World) -> None:
    holding = add_holding(database)
    threads = [
        threading.Thread(target=put, args=(database, Stage.EXECUTE, QueueState.PAUSED))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert state(database, Stage.EXECUTE) is QueueState.PAUSED
    assert len(pending(database, holding)) == 1


def test_an_unknown_queue_names_the_known(database: Database) -> None:
    said = an_operator(database)("pause", "exekute")
    assert said.status == 2
    assert "policy" in said.out
    assert "post_action" in said.out


def test_a_drain_out_of_time_goes_on_draining(database: Database, world: World) -> None:
    submitted(database, world.acme, 2)
    said = an_operator(database)("drain", "policy", "--timeout", "0", "--json")
    assert said.status == 1
    assert said.json()["queues"] == [
        {"queue": "policy", "before": "running", "after": "draining", "done": 0, "left": 2}
    ]
    assert state(database, Stage.POLICY) is QueueState.DRAINING


def test_an_empty_queue_is_drained_at_once(database: Database, world: World) -> None:
    said = an_operator(database)("drain", "policy", "execute")
    assert said.status == 0
    assert state(database, Stage.POLICY) is QueueState.PAUSED
    assert state(database, Stage.EXECUTE) is QueueState.PAUSED


def test_a_drain_that_somebody_resumes_pauses_nothing(database: Database, world: World) -> None:
    submitted(database, world.acme, 1)
    operator = an_operator(database)
    with operator.process("drain", "policy") as draining:
        wait_until(lambda: state(database, Stage.POLICY) is QueueState.DRAINING, "the drain")
        put(database, Stage.POLICY, QueueState.RUNNING)
        out, _ = draining.communicate(timeout=PATIENCE_SECONDS)
    assert draining.returncode == 1
    assert "somebody resumed it" in out
    assert state(database, Stage.POLICY) is QueueState.RUNNING


def test_an_interrupted_drain_says_what_it_leaves(database: Database, world: World) -> None:
    submitted(database, world.acme, 1)
    with an_operator(database).process("drain", "policy") as draining:
        wait_until(lambda: state(database, Stage.POLICY) is QueueState.DRAINING, "the drain")
        draining.send_signal(2)
        _, err = draining.communicate(timeout=PATIENCE_SECONDS)
    assert draining.returncode == 130
    assert "`awgp resume policy`" in err
    assert state(database, Stage.POLICY) is QueueState.DRAINING


# Real processes.


def test_nothing_moves_in_a_paused_queue_and_all_is_done_after_a_resume(
    database: Database, world: World, relay: Relay, valkey: Running
) -> None:
    operator = an_operator(database, valkey)
    with ExitStack() as stack:
        stack.enter_context(relay_process(database, valkey))
        stack.enter_context(worker_process(database, valkey, "policy", "hold"))
        assert operator("pause", "hold").status == 0
        runs = submitted(database, world.acme, 10)
        make_overdue(database, world.acme)
        wait_until(
            lambda: statuses(database, world.acme, runs) == {"permitted"}, "policy to decide"
        )
        wait_until(lambda: queued(valkey, Stage.HOLD) == 0, "the messages to be taken")
        make_overdue(database, world.acme)
        never(
            lambda: (
                queued(valkey, Stage.HOLD) or statuses(database, world.acme, runs) != {"permitted"}
            )
        )
        assert operator("resume", "hold").status == 0
        wait_until(lambda: statuses(database, world.acme, runs) == {"held"}, "all to be held")


def test_a_drain_does_exactly_what_was_due_before(
    database: Database, world: World, relay: Relay, valkey: Running
) -> None:
    before = submitted(database, world.acme, 10)
    make_overdue(database, world.acme)
    operator = an_operator(database, valkey)
    with ExitStack() as stack:
        draining = stack.enter_context(operator.process("drain", "policy", "--json"))
        wait_until(lambda: state(database, Stage.POLICY) is QueueState.DRAINING, "the drain")
        after = submitted(database, world.acme, 10)
        make_overdue(database, world.acme)
        stack.enter_context(relay_process(database, valkey))
        stack.enter_context(worker_process(database, valkey, "policy"))
        draining.wait(PATIENCE_SECONDS)
        assert draining.returncode == 0
        assert statuses(database, world.acme, before) == {"permitted"}
        assert statuses(database, world.acme, after) == {"received"}
        assert state(database, Stage.POLICY) is QueueState.PAUSED
