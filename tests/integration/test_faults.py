"""The product through faulty connections: what was acknowledged is there, and nothing is twice.

Each fault stands between one part and one server (ops/faults); what is healed must come right by
itself. How long an answer may take is bounded by settings given here, and only that it comes is
asserted.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from actors.execute import Executor
from actors.relay import Relay
from actors.stage import INFRASTRUCTURE, OVERTAKEN
from audit_export.awgp_verify import verify_folder
from audit_export.export import export_tenant
from audit_export.object_store import StoreUnavailable
from audit_export.s3_store import S3Store
from ingest.gate import SILENCE_SECONDS
from ops.embedded.running import Running
from ops.embedded.s3 import AUDIT_BUCKET, REGION, start_s3
from ops.embedded.valkey import start_valkey, valkey_url
from ops.faults import namespaces
from ops.faults.plan import Direction, Ending
from ops.faults.proxy import FaultProxy, fault_proxy
from pipeline.database import database_url, make_engine
from pipeline.execution import ExecutionResult
from pipeline.handoff import LeaseLost
from pipeline.outbox import Outbox
from tests.audit_trail import MemoryLog, make_signer
from tests.conftest import missing
from tests.integration.conftest import Database, stub_broker
from tests.integration.door import Door, problem
from tests.integration.fake_host import (
    PATIENCE_SECONDS,
    FakeHost,
    FakeRunning,
    approved_run,
    handoff_of,
    result,
)
from tests.integration.processes import insist, relay_process, wait_until, worker_process
from tests.integration.stages import rows, status
from tests.integration.test_stage_killed import counted, hurry, is_held_once
from tests.integration.world import TenantWorld, World, submit

pytestmark = pytest.mark.services

SHORT_ANSWER_SECONDS = 1.0
LEASE = timedelta(seconds=4)
EVENT = b'{"amount_cents": 1234}'
Break = Callable[[FaultProxy], None]


@pytest.fixture
def postgres(database: Database) -> Iterator[FaultProxy]:
    """Between one part and PostgreSQL."""
    with fault_proxy(("127.0.0.1", database.cluster.data.ports["postgres"])) as proxy:
        yield proxy


def through(proxy: FaultProxy, url: str) -> str:
    return make_url(url).set(host=proxy.host, port=proxy.port).render_as_string(False)


@contextmanager
def engine_through(proxy: FaultProxy, database: Database, login: str) -> Iterator[Engine]:
    """As a running process of the login has it, but impatient."""
    url = database_url(through(proxy, database.url(login)))
    engine = make_engine(url, pool_size=4, answer_seconds=SHORT_ANSWER_SECONDS)
    yield engine
    engine.dispose()


def silent_after_commit(proxy: FaultProxy) -> None:
    proxy.cut_once_seen(b"COMMIT", Direction.UP, ending=Ending.SILENCE)


def truncated_answers(proxy: FaultProxy) -> None:
    proxy.cut_after(30, Direction.DOWN)


def refused(proxy: FaultProxy) -> None:
    proxy.refuse()
    proxy.reset()


# Ingest and PostgreSQL.


@pytest.fixture
def door(postgres: FaultProxy, database: Database, world: World) -> Iterator[Door]:
    with engine_through(postgres, database, "awgp_ingest") as engine:
        yield Door(engine, database.admin, silence_seconds=SILENCE_SECONDS)


@pytest.mark.parametrize(
    "breaks",
    [FaultProxy.half_open, truncated_answers, refused],
)
def test_a_request_is_answered_and_its_retry_becomes_the_same_run(
    door: Door, world: World, postgres: FaultProxy, breaks: Break
) -> None:
    assert door.hook(world.acme, b'{"amount_cents": 1}', event="evt_before").status_code == 202
    before = door.counts()["runs"]

    breaks(postgres)
    assert problem(door.hook(world.acme, EVENT)) == (503, "database-unavailable")

    postgres.heal()
    again = once_healed(door, world)
    assert again.status_code == 202
    assert door.hook(world.acme, EVENT).json == again.json
    assert door.counts()["runs"] == before + 1


def once_healed(door: Door, world: World, event: str = "evt_1") -> TestResponse:
    """What an event is answered once the edge sees its database healed, which may take a moment."""
    return insist(lambda: door.hook(world.acme, EVENT, event=event))


def test_what_was_committed_and_nobody_was_told_is_found(
    door: Door, world: World, postgres: FaultProxy
) -> None:
    assert door.hook(world.acme, b'{"amount_cents": 1}', event="evt_before").status_code == 202
    before, connections = door.counts()["runs"], postgres.accepted

    # The statement commits by itself; its answer is lost with the connection.
    postgres.cut_once_seen(b"accept_together", Direction.UP)
    told = door.hook(world.acme, EVENT)
    assert told.status_code == 202
    assert postgres.accepted > connections
    postgres.heal()
    assert once_healed(door, world).json == told.json
    assert door.counts()["runs"] == before + 1


def test_under_resets_whatever_was_acknowledged_is_there_once(
    door: Door, world: World, postgres: FaultProxy
) -> None:
    before = door.counts()["runs"]
    done = threading.Event()

    def keep_resetting() -> None:
        while not done.wait(0.005):
            postgres.reset()

    resetting = threading.Thread(target=keep_resetting)
    resetting.start()
    acknowledged: dict[int, str] = {}
    refusals = 0
    try:
        for number in range(25):
            answer = door.hook(world.acme, EVENT, event=f"evt_{number}")
            if answer.status_code == 202:
                acknowledged[number] = answer.json["run"]  # type: ignore[index]  # it is an object
            else:
                refusals += problem(answer) == (503, "database-unavailable")
    finally:
        done.set()
        resetting.join()
    assert len(acknowledged) + refusals == 25
    for number in range(25):
        answer = once_healed(door, world, f"evt_{number}")
        assert answer.status_code == 202
        assert answer.json is not None
        assert acknowledged.get(number, answer.json["run"]) == answer.json["run"]
    assert door.counts()["runs"] == before + 25


# What bounds a connection, on both sides.


def test_the_server_lets_go_of_what_a_lost_client_held(
    postgres: FaultProxy, database: Database
) -> None:
    with engine_through(postgres, database, "awgp_worker") as engine, engine.connect() as opened:
        held_to = opened.execute(
            text(
                "SELECT name, setting::int FROM pg_settings WHERE name = ANY (:names)"
                " AND setting::int > 0"
            ),
            {
                "names": [
                    "statement_timeout",
                    "idle_in_transaction_session_timeout",
                    "tcp_keepalives_idle",
                    "tcp_user_timeout",
                    "client_connection_check_interval",
                ]
            },
        ).all()
    assert len(held_to) == 5


def test_a_dead_connection_is_waited_for_once_and_the_whole_pool_is_made_anew(
    postgres: FaultProxy, database: Database
) -> None:
    with engine_through(postgres, database, "awgp_worker") as engine:
        with engine.connect(), engine.connect(), engine.connect():
            pass
        pooled = postgres.accepted
        silent_after_commit(postgres)
        with pytest.raises(OperationalError), engine.begin() as dying:
            dying.execute(text("SELECT 1"))
        postgres.heal()
        for _ in range(2 * pooled):
            with engine.connect() as healthy:
                healthy.execute(text("SELECT 1"))
        assert postgres.accepted == 2 * pooled


# Workers, the relay, and the servers they lose.


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-faults") as running:
        yield running


@pytest.fixture
def broker(valkey: Running) -> Iterator[FaultProxy]:
    """Between one part and Valkey."""
    with fault_proxy(("127.0.0.1", valkey.data.ports["valkey"])) as proxy:
        yield proxy


def redis_through(proxy: FaultProxy, valkey: Running, user: str) -> str:
    port = valkey.data.ports["valkey"]
    return valkey_url(valkey.data, user).replace(
        f"127.0.0.1:{port}/", f"{proxy.host}:{proxy.port}/"
    )


def slow(proxy: FaultProxy) -> None:
    proxy.slow(0.02, jitter=0.02)


def one_by_one(proxy: FaultProxy, *faults: Break) -> Iterator[str]:
    """One fault after another, and its name; the one before is healed by then."""
    for fault in faults:
        fault(proxy)
        yield getattr(fault, "__name__", "a fault")


def bring_to_the_hold(
    database: Database, tenant: TenantWorld, proxy: FaultProxy, name: str
) -> None:
    """Submit while the fault is there, heal, and wait; nothing may be there twice.

    The relay would come by itself some seconds later; it is hurried, for the test's sake.
    """
    before = counted(database, tenant)[0]
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 20_000})
    hurry(database, tenant)
    proxy.heal()
    hurry(database, tenant)
    wait_until(is_held_once(database, tenant, run_id), f"the run to be held after {name}")
    after = counted(database, tenant)[0]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1, 0]


def test_a_worker_that_loses_broker_or_database_finishes_each_run_once_when_it_is_back(
    database: Database, world: World, valkey: Running, postgres: FaultProxy, broker: FaultProxy
) -> None:
    with (
        relay_process(database, valkey),
        worker_process(
            database,
            valkey,
            "policy",
            "hold",
            AWGP_DATABASE_URL=through(postgres, database.url("awgp_worker")),
            AWGP_REDIS_URL=redis_through(broker, valkey, "worker"),
        ) as worker,
    ):
        for name in one_by_one(postgres, FaultProxy.half_open, refused, truncated_answers):
            bring_to_the_hold(database, world.acme, postgres, name)
        for name in one_by_one(broker, FaultProxy.half_open, slow, FaultProxy.reset):
            bring_to_the_hold(database, world.acme, broker, name)
        assert worker.poll() is None


def test_a_relay_cut_off_from_database_or_broker_goes_on_when_it_is_back(
    database: Database, world: World, valkey: Running, postgres: FaultProxy, broker: FaultProxy
) -> None:
    away = {
        "AWGP_DATABASE_URL": through(postgres, database.url("awgp_relay")),
        "AWGP_REDIS_URL": redis_through(broker, valkey, "relay"),
    }
    with (
        relay_process(database, valkey, **away) as relay,
        worker_process(database, valkey, "policy", "hold"),
    ):
        for proxy in (postgres, broker):
            for name in one_by_one(proxy, FaultProxy.half_open, refused):
                bring_to_the_hold(database, world.acme, proxy, name)
        assert relay.poll() is None


def test_a_relay_never_waits_for_ever_for_its_database(
    database: Database, postgres: FaultProxy
) -> None:
    class Present:
        def get(self, _key: str) -> bytes:
            return b"here"

        def client_id(self) -> int:
            return 1

    with engine_through(postgres, database, "awgp_relay") as engine:
        relay = Relay(engine, stub_broker(), Present())  # type: ignore[arg-type]  # all it asks
        relay.turn()
        postgres.half_open()
        with pytest.raises(OperationalError):
            relay.turn()
        postgres.heal()
        relay.turn()


def test_a_worker_cut_off_while_it_holds_a_lease_is_overtaken_and_its_late_result_refused(
    database: Database, world: World, postgres: FaultProxy
) -> None:
    tenant = world.acme
    run_id = approved_run(database, tenant)
    handoff_id = handoff_of(database, tenant, run_id)
    launched, let_go = threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def until_told(_running: FakeRunning) -> ExecutionResult:
        launched.set()
        assert let_go.wait(PATIENCE_SECONDS)
        return result(output=b'{"booked": "late"}')

    def cut_off_worker(engine: Engine) -> None:
        outbox = Outbox(engine, stub_broker())
        try:
            Executor(outbox, FakeHost(until_told), lease=LEASE).execute(
                tenant.tenant_id, handoff_id
            )
        except (*OVERTAKEN, *INFRASTRUCTURE) as error:
            raised.append(error)

    with engine_through(postgres, database, "awgp_worker") as engine:
        # Given a worker with a sandbox at work, cut off from the database
        thread = threading.Thread(target=cut_off_worker, args=(engine,))
        thread.start()
        assert launched.wait(PATIENCE_SECONDS)
        postgres.half_open()
        postgres.reset()
        # When its lease has ended and another worker takes over
        wait_until(lambda: lease_is_over(database, tenant), "the lease to end")
        other = Executor(
            database.outbox("awgp_worker"),
            FakeHost(result(output=b'{"booked": "once"}')),
            lease=LEASE,
        )
        other.execute(tenant.tenant_id, handoff_id)
        assert status(database, tenant, run_id)["status"] == "executed"
        # And the first comes back with its result
        postgres.heal()
        let_go.set()
        thread.join(PATIENCE_SECONDS)
    # Then it does not count
    assert [type(error) for error in raised] == [LeaseLost]
    kept = rows(
        database, tenant, "SELECT attempt, exit_reason, result FROM executions ORDER BY attempt"
    )
    assert [(row[0], row[1]) for row in kept] == [(1, "host_lost"), (2, "ok")]
    assert b"once" in bytes(kept[1][2])
    assert b"late" not in bytes(kept[0][2] or b"")


def test_a_dead_connection_costs_a_renewal_and_not_the_lease(
    database: Database, world: World, postgres: FaultProxy
) -> None:
    """An execution whose rerun is not safe would end with its outcome unknown."""
    tenant = world.acme
    run_id = approved_run(database, tenant)
    handoff_id = handoff_of(database, tenant, run_id)
    url = database_url(through(postgres, database.url("awgp_worker")))
    engine = make_engine(url, pool_size=4)

    def lose_a_connection(running: FakeRunning) -> ExecutionResult:
        # Whoever speaks next is the lease's renewal; its connection is dead from then on.
        postgres.cut_after(0, Direction.UP, ending=Ending.SILENCE)
        wait_until(lambda: postgres.silenced_connections, "a renewal to meet the dead connection")
        postgres.heal()
        assert running.renewed.wait(PATIENCE_SECONDS)
        return result()

    host = FakeHost(lose_a_connection)
    Executor(Outbox(engine, stub_broker()), host, lease=timedelta(seconds=9)).execute(
        tenant.tenant_id, handoff_id
    )
    engine.dispose()
    assert status(database, tenant, run_id)["status"] == "executed"
    assert not rows(database, tenant, "SELECT 1 FROM executions WHERE attempt > 1")


def lease_is_over(database: Database, tenant: TenantWorld) -> bool:
    over = "SELECT lease_until < clock_timestamp() FROM handoffs"
    return bool(rows(database, tenant, over)[0][0])


def test_a_worker_behind_a_dead_switch_is_overtaken_and_works_again_when_it_is_mended(
    database: Database, world: World, valkey: Running
) -> None:
    """Packets are lost in silence, both ways, to database and broker: nobody tells anybody."""
    why = namespaces.why_none()
    if why is not None:
        missing(why)
    ports = database.cluster.data.ports["postgres"], valkey.data.ports["valkey"]
    with (
        namespaces.partition() as split,
        fault_proxy(("127.0.0.1", ports[0]), host=split.ours) as postgres,
        fault_proxy(("127.0.0.1", ports[1]), host=split.ours) as broker,
        relay_process(database, valkey),
        worker_process(
            database,
            valkey,
            "policy",
            "hold",
            inside=split.namespace,
            AWGP_DATABASE_URL=through(postgres, database.url("awgp_worker")),
            AWGP_REDIS_URL=redis_through(broker, valkey, "worker"),
        ) as lonely,
    ):
        first = submitted(database, world.acme)
        wait_until(is_held_once(database, world.acme, first), "the first run to be held")
        split.cut()
        second = submitted(database, world.acme)
        with worker_process(database, valkey, "policy", "hold"):
            wait_until(is_held_once(database, world.acme, second), "the other worker")
        split.mend()
        third = submitted(database, world.acme)
        wait_until(is_held_once(database, world.acme, third), "the lonely worker, mended")
        assert lonely.poll() is None
    assert counted(database, world.acme) == [(3, 3, 3, 0)]


def submitted(database: Database, tenant: TenantWorld) -> UUID:
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 20_000})
    hurry(database, tenant)
    return run_id


# Exports and S3.


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_s3(tmp_path_factory.mktemp("s3-faults")) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Exporting:
    """A tenant's log, and what its export goes through."""

    log: MemoryLog
    proxy: FaultProxy
    store: S3Store
    hasty: S3Store
    folder: Path

    def export(self, *, hastily: bool = False) -> int:
        """Returns how many entries were exported; hastily, it gives up after seconds."""
        return export_tenant(
            self.log.tenant_id,
            log=self.log,
            signer=make_signer(self.folder / "signer").public,
            store=self.hasty if hastily else self.store,
            retention=timedelta(hours=1),
            max_entries=40,
        ).entries


@pytest.fixture
def exporting(s3: Running, tmp_path: Path) -> Iterator[Exporting]:
    log = MemoryLog(tenant_id=uuid4())
    log.grow(100)
    log.sign(make_signer(tmp_path / "signer"))
    with fault_proxy(("127.0.0.1", s3.data.ports["s3"])) as proxy:
        patient, hasty = (
            S3Store(
                endpoint=f"http://{proxy.address}",
                bucket=AUDIT_BUCKET,
                region=REGION,
                access_key=s3.data.secret("s3-access-key"),
                secret_key=s3.data.secret("s3-secret-key"),
                answer_seconds=seconds,
                attempts=1,
            )
            for seconds in (PATIENCE_SECONDS, 2.5)
        )
        yield Exporting(log, proxy, patient, hasty, tmp_path)


def truncated_uploads(proxy: FaultProxy) -> None:
    proxy.cut_after(1500, Direction.UP)


def reset_uploads(proxy: FaultProxy) -> None:
    proxy.cut_after(1500, Direction.UP, ending=Ending.RESET)


def truncated_downloads(proxy: FaultProxy) -> None:
    proxy.cut_after(1500, Direction.DOWN)


@pytest.mark.parametrize(
    "breaks",
    [truncated_uploads, reset_uploads, truncated_downloads, FaultProxy.half_open, refused],
)
def test_an_export_cut_short_counts_for_nothing_and_the_next_resumes_it(
    exporting: Exporting, breaks: Break
) -> None:
    # Given a store that knows its bucket, and loses it in the middle of an upload
    assert exporting.store.has_object_lock
    assert exporting.hasty.has_object_lock
    breaks(exporting.proxy)
    with pytest.raises(StoreUnavailable):
        exporting.export(hastily=True)
    assert exporting.log.exported == []

    # When it is back, the same export goes on
    exporting.proxy.heal()
    assert exporting.export() == 100
    assert_proven(exporting)
    assert exporting.export() == 0


def test_a_slow_store_is_only_slow(exporting: Exporting) -> None:
    exporting.proxy.slow(0.002, jitter=0.004)
    assert exporting.export() == 100
    exporting.proxy.heal()
    assert_proven(exporting)


def test_an_object_cut_short_while_it_is_read_back_is_not_taken_for_whole(
    exporting: Exporting,
) -> None:
    body = b"x" * 50_000
    digest = hashlib.sha256(body).hexdigest()
    key = f"{exporting.log.tenant_id}/checkpoints/cut"
    exporting.store.put_locked(key, body, datetime.now(UTC) + timedelta(hours=1), digest)
    exporting.proxy.cut_after(20_000, Direction.DOWN)
    with pytest.raises(StoreUnavailable):
        b"".join(exporting.store.read_back(key))


def assert_proven(exporting: Exporting) -> None:
    """What an auditor downloads is whole, and proven by the verifier alone."""
    folder = exporting.folder / "downloaded"
    exporting.store.download_folder(f"{exporting.log.tenant_id}/", folder)
    fingerprint = make_signer(exporting.folder / "signer").public.fingerprint
    (report,) = verify_folder(folder, [fingerprint])
    assert (report.verdict, report.entries) == ("proven", 100)
