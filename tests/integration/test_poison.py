"""A poisoned run, tenant or target never blocks the others of its queue: the stages' own code."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from psycopg.types.json import Jsonb
from sqlalchemy import text

from actors import audit, execute, post_action
from actors.relay import Relay
from pipeline.courier import Answer
from pipeline.execution import ExecutionSpec
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.queue_change import set_queue
from pipeline.queue_state import QueueState
from pipeline.registry import add_assistant, add_target
from pipeline.run import Stage
from pipeline.run_store import MAX_FAILURES
from pipeline.waiting_line import PLACES
from pipeline.work import Actor
from tests.integration.conftest import Database, stub_broker
from tests.integration.driving import DoneAtOnce, TakesEverything, deny, make_signer
from tests.integration.driving import FakeHost as DoesEverything
from tests.integration.fake_host import FakeHost, approved_run, handoff_of, let_time_pass, result
from tests.integration.fake_host import execute as executed
from tests.integration.processes import wait_until
from tests.integration.stages import declared, deliver, rows, status, work_off
from tests.integration.world import KEYRING, RUNTIME, SECRET, TenantWorld, World, submit

pytestmark = pytest.mark.services
LEASE = timedelta(seconds=30)
SOMEBODY = Actor(type="operator", id="uid:0")


class Poison(RuntimeError):
    """What no stage foresees."""


class RaisesFor(DoesEverything):
    """A runtime host whose client breaks on one run."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id

    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> DoneAtOnce:
        if spec.run_id == self.run_id:
            raise Poison
        return super().launch(spec, lease_seconds)


class ChokesOn(TakesEverything):
    """A courier that breaks on one run."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__()
        self.run_id = run_id

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        allow_private: bool = False,
        timeout_seconds: float | None = None,
    ) -> Answer:
        if str(self.run_id).encode() in body:
            raise Poison
        return super().post(
            url, body, headers, allow_private=allow_private, timeout_seconds=timeout_seconds
        )


@contextmanager
def lawless(database: Database) -> Iterator[Callable[[str], object]]:
    """As the superuser, without triggers and foreign keys: what no login of ours can do."""
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection.exec_driver_sql


def at_policy(database: Database, tenant: TenantWorld) -> UUID:
    return submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 20_000})


def at_hold(database: Database, tenant: TenantWorld) -> UUID:
    run_id = at_policy(database, tenant)
    work_off(database, declared(database), tenant, Stage.POLICY)
    return run_id


def at_post_action(database: Database, tenant: TenantWorld) -> UUID:
    run_id = approved_run(database, tenant)
    executed(database, tenant, run_id, FakeHost(result()))
    return run_id


COMES_TO = {
    Stage.POLICY: (at_policy, "permitted"),
    Stage.HOLD: (at_hold, "held"),
    Stage.EXECUTE: (approved_run, "executed"),
    Stage.POST_ACTION: (at_post_action, "delivered"),
}


def poisoned_stage(database: Database, stage: Stage, run_id: UUID) -> StubBroker:
    """The stage's own actor, and a run it always raises on."""
    broker = declared(database)
    outbox = database.outbox("awgp_worker")
    if stage is Stage.EXECUTE:
        execute.declare(broker, outbox, RaisesFor(run_id), lease=LEASE)
    elif stage is Stage.POST_ACTION:
        courier = ChokesOn(run_id)
        post_action.declare(broker, outbox, KEYRING, courier, lease=LEASE, max_attempts=3)
    else:
        table = "run_payloads" if stage is Stage.POLICY else "policy_decisions"
        with lawless(database) as run:
            run(f"DELETE FROM awgp.{table} WHERE run_id = '{run_id}'")
    return broker


@pytest.mark.parametrize("stage", list(COMES_TO))
def test_a_run_that_always_raises_is_given_up_and_the_others_go_on(
    database: Database, world: World, stage: Stage
) -> None:
    bring, fine = COMES_TO[stage]
    poisoned = bring(database, world.acme)
    others = [(tenant, bring(database, tenant)) for tenant in (world.acme, world.globex)]
    broker = poisoned_stage(database, stage, poisoned)
    handoff = handoff_of(database, world.acme, poisoned)
    deliver(broker, stage, world.acme.tenant_id, handoff)
    for tenant, run_id in others:
        deliver(broker, stage, tenant.tenant_id, handoff_of(database, tenant, run_id))
        assert status(database, tenant, run_id)["status"] == fine

    for _ in range(MAX_FAILURES - 1):
        let_time_pass(database, world.acme)
        deliver(broker, stage, world.acme.tenant_id, handoff)
    assert status(database, world.acme, poisoned)["status"] == "failed"
    letters = rows(database, world.acme, "SELECT run_id, stage FROM dead_letters")
    assert [tuple(row) for row in letters] == [(poisoned, stage.value)]


@pytest.mark.parametrize("broken", ["head", "record"])
def test_a_tenant_that_cannot_be_sealed_keeps_no_other_from_it(
    database: Database, world: World, tmp_path: Path, broken: str
) -> None:
    runs = {tenant.slug: deny(database, tenant) for tenant in (world.acme, world.globex)}
    with lawless(database) as run:
        if broken == "head":
            run(f"DELETE FROM awgp.audit_heads WHERE tenant_id = '{world.acme.tenant_id}'")
        else:
            run(
                "INSERT INTO awgp.audit_pending (tenant_id, record) SELECT tenant_id,"
                " jsonb_build_object('tenant', tenant_id) FROM awgp.tenants WHERE slug = 'acme'"
            )
    broker, sealer = stub_broker(), database.outbox("awgp_sealer")
    audit.declare(broker, sealer, make_signer(tmp_path), interval=timedelta(seconds=30))
    for tenant in (world.acme, world.globex):
        handoff = handoff_of(database, tenant, runs[tenant.slug])
        deliver(broker, Stage.AUDIT, tenant.tenant_id, handoff)
    assert status(database, world.globex, runs["globex"])["sealed_at"] is not None
    assert status(database, world.acme, runs["acme"])["sealed_at"] is None
    (waits,) = rows(
        database, world.acme, "SELECT failures, not_before > clock_timestamp() FROM handoffs"
    )
    assert tuple(waits) == (1, True)


def test_a_tenant_without_a_policy_is_denied_and_no_other(database: Database, world: World) -> None:
    runs = {tenant.slug: at_policy(database, tenant) for tenant in (world.acme, world.globex)}
    with lawless(database) as run:
        for table in ("policy_activations", "policy_sets", "approval_rules"):
            run(f"DELETE FROM awgp.{table} WHERE tenant_id = '{world.acme.tenant_id}'")
    broker = declared(database)
    for tenant in (world.acme, world.globex):
        work_off(database, broker, tenant, Stage.POLICY)
        work_off(database, broker, tenant, Stage.HOLD)
    assert status(database, world.acme, runs["acme"])["status"] == "denied"
    assert status(database, world.globex, runs["globex"])["status"] == "held"


class Hangs(TakesEverything):
    """A courier one of whose targets answers no more; counts who waits for it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.let_go = threading.Event()
        self.waiting = threading.Semaphore(0)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        allow_private: bool = False,
        timeout_seconds: float | None = None,
    ) -> Answer:
        if url != self.url:
            return super().post(
                url, body, headers, allow_private=allow_private, timeout_seconds=timeout_seconds
            )
        self.waiting.release()
        self.let_go.wait(60)
        return Answer(status=None, error="no answer within 60 s")


def deliver_elsewhere(database: Database, tenant: TenantWorld, url: str) -> None:
    author = tenant.persons["axel"]
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        settings = {"allow_private": True}
        target = add_target(
            work, KEYRING, name="own", url=url, secret=SECRET, by=author, settings=settings
        )
        add_assistant(
            work,
            name="booker",
            bundle_digest=tenant.bundle_digest,
            runtime=RUNTIME,
            by=author,
            targets=[target],
        )


def test_a_target_that_hangs_leaves_threads_for_the_others(
    database: Database, world: World
) -> None:
    hanging, answering = "http://127.0.0.1:1/hangs", "http://127.0.0.1:2/answers"
    deliver_elsewhere(database, world.acme, hanging)
    deliver_elsewhere(database, world.globex, answering)
    stuck = [at_post_action(database, world.acme) for _ in range(5)]
    fine = [at_post_action(database, world.globex) for _ in range(3)]
    courier, broker = Hangs(hanging), stub_broker()
    post_action.declare(
        broker, database.outbox("awgp_worker"), KEYRING, courier, lease=LEASE, max_attempts=3
    )
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=4)
    worker.start()
    try:
        for tenant, runs in ((world.acme, stuck), (world.globex, fine)):
            for run_id in runs:
                handoff = handoff_of(database, tenant, run_id)
                broker.enqueue(post_action_message(tenant, handoff))
        wait_until(
            lambda: all(
                status(database, world.globex, run_id)["status"] == "delivered" for run_id in fine
            ),
            "the others' deliveries",
        )
        assert courier.waiting.acquire(timeout=60)
        (back,) = rows(
            database,
            world.acme,
            "SELECT count(*), coalesce(sum(failures), 0) FROM handoffs"
            " WHERE last_error LIKE 'waiting for a turn%' AND lease_until IS NULL",
        )
        assert back[0] >= 3
        assert back[1] == 0
    finally:
        courier.let_go.set()
        worker.stop()


def post_action_message(tenant: TenantWorld, handoff: UUID) -> "dramatiq.Message[None]":
    return dramatiq.Message(
        queue_name="post_action",
        actor_name="post_action",
        args=(str(tenant.tenant_id), str(handoff)),
        kwargs={},
        options={},
    )


# Floods.


def flood(outbox: Outbox, tenant: TenantWorld, count: int) -> None:
    """Runs that come to execute all at once."""
    with outbox.work(tenant.tenant_id) as work:
        for _ in range(count):
            run_id = uuid7()
            work.execute(
                "INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind,"
                " origin) VALUES (:tenant, :run, :assistant, :source, 'source', :origin)",
                tenant=tenant.tenant_id,
                run=run_id,
                assistant=tenant.assistant_id,
                source=tenant.source_id,
                origin=Jsonb({}),
            )
            work.execute(
                "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload,"
                " digest_key) VALUES (:tenant, :run, 1, 'application/json', '{}', :key)",
                tenant=tenant.tenant_id,
                run=run_id,
                key=bytes(32),
            )
            work.hand_off(run_id, 1, Stage.EXECUTE)


class Marked:
    """A broker's server that was never wiped."""

    def get(self, name: str) -> bytes:
        del name
        return b"here"

    def client_id(self) -> int:
        return 1


def sent_to(broker: StubBroker, tenant: TenantWorld) -> int:
    """How many of the messages at execute are a tenant's; they are taken out."""
    queue = broker.queues["execute"]
    messages = [dramatiq.Message.decode(queue.get_nowait()) for _ in range(queue.qsize())]
    for each in messages:
        queue.task_done()
        if each.args[0] != str(tenant.tenant_id):
            broker.enqueue(each)
    return sum(each.args[0] == str(tenant.tenant_id) for each in messages)


def test_a_flood_waits_in_its_tenants_line_and_is_let_in_as_it_is_worked_off(
    database: Database, world: World
) -> None:
    broker = stub_broker()
    outbox = Outbox(database.owner, broker)
    flood(outbox, world.acme, PLACES + 20)
    flood(outbox, world.globex, 1)
    assert sent_to(broker, world.acme) == PLACES
    assert sent_to(broker, world.globex) == 1

    relay = Relay(database.engine("awgp_relay"), broker, Marked())  # type: ignore[arg-type]  # all it is asked
    first = "(SELECT handoff_id FROM handoffs ORDER BY created_at LIMIT 5)"
    # What was sent is not sent anew within seconds, however long this takes.
    later = (
        "UPDATE handoffs SET next_send_at = clock_timestamp() + interval '1 hour'"
        " WHERE next_send_at < 'infinity' RETURNING 1"
    )
    rows(database, world.acme, later)
    relay.turn()
    assert sent_to(broker, world.acme) == 0
    rows(database, world.acme, f"DELETE FROM handoffs WHERE handoff_id IN {first} RETURNING 1")
    relay.turn()
    assert sent_to(broker, world.acme) == 5
    rows(database, world.acme, later)
    # Being worked on, they hold no place any more.
    lease = "lease_until = clock_timestamp() + interval '1 hour'"
    rows(
        database, world.acme, f"UPDATE handoffs SET {lease} WHERE handoff_id IN {first} RETURNING 1"
    )
    relay.turn()
    assert sent_to(broker, world.acme) == 5
    rows(database, world.acme, later)

    operator = database.engine("awgp_operator")
    set_queue(operator, Stage.EXECUTE, QueueState.PAUSED, by=SOMEBODY, reason="")
    rows(database, world.acme, "DELETE FROM handoffs WHERE lease_until IS NOT NULL RETURNING 1")
    rows(database, world.acme, f"DELETE FROM handoffs WHERE handoff_id IN {first} RETURNING 1")
    relay.turn()
    assert sent_to(broker, world.acme) == 0
    set_queue(
        operator,
        Stage.EXECUTE,
        QueueState.RUNNING,
        by=SOMEBODY,
        reason="",
    )
    relay.turn()
    assert sent_to(broker, world.acme) == PLACES
    with database.admin.connect() as connection:
        waiting = connection.execute(
            text("SELECT count(*) FROM awgp.handoffs WHERE next_send_at = 'infinity'")
        ).scalar_one()
    assert waiting == PLACES + 20 - 15 - PLACES


def test_what_is_begun_in_vain_again_and_again_keeps_no_place(
    database: Database, world: World
) -> None:
    broker = stub_broker()
    outbox = Outbox(database.owner, broker)
    flood(outbox, world.acme, PLACES + 3)
    assert sent_to(broker, world.acme) == PLACES
    relay = Relay(database.engine("awgp_relay"), broker, Marked())  # type: ignore[arg-type]  # all it is asked
    let_in = "WHERE next_send_at < 'infinity' RETURNING 1"
    # Sent however often, what nobody began is still waiting in the broker.
    rows(database, world.acme, f"UPDATE handoffs SET sends = 9 {let_in}")
    relay.turn()
    assert sent_to(broker, world.acme) == 0
    rows(database, world.acme, f"UPDATE handoffs SET fence = 2 {let_in}")
    relay.turn()
    assert sent_to(broker, world.acme) == 3
