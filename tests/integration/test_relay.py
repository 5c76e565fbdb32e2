"""The relay and real workers, on a real database and a real broker that comes and goes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from dramatiq.brokers.redis import RedisBroker

from actors.broker import make_broker, make_redis
from actors.relay import BATCH, INCARNATION_KEY, Relay
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.heartbeat import living_workers
from pipeline.settings import Settings
from tests.integration.conftest import Database
from tests.integration.processes import relay_process, wait_until, worker_process
from tests.integration.stages import rows, status
from tests.integration.world import TenantWorld, World, submit

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey") as running:
        yield running


@pytest.fixture
def settings(valkey: Running) -> Settings:
    """Of a process with the relay's user; the broker starts empty."""
    with admin(valkey) as client:
        client.flushall()
    return Settings(redis_url=valkey_url(valkey.data, "relay"))


@contextmanager
def admin(valkey: Running) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(valkey.url)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def broker(settings: Settings) -> Iterator[RedisBroker]:
    broker = make_broker(settings)
    yield broker
    broker.client.close()


@pytest.fixture
def relay(database: Database, broker: RedisBroker) -> Relay:
    """One that has seen the broker before, and has no schedules of the world's to send."""
    relay = Relay(database.engine("awgp_relay"), broker, broker.client)
    relay.notice_a_wiped_broker()
    return relay


def queued(broker: RedisBroker, queue: str) -> int:
    return len(broker.client.lrange(f"dramatiq:{queue}", 0, -1))


def make_overdue(database: Database, tenant: TenantWorld) -> None:
    rows(
        database,
        tenant,
        "UPDATE handoffs SET next_send_at = clock_timestamp() - interval '1 second' RETURNING 1",
    )


def schedule(database: Database, tenant: TenantWorld) -> tuple[int, timedelta]:
    """How often the run's handoff was sent, and in how long it is sent again."""
    found = rows(database, tenant, "SELECT sends, next_send_at - clock_timestamp() FROM handoffs")
    return found[0][0], found[0][1]


def test_what_is_overdue_is_sent_and_pushed_away(
    database: Database, world: World, relay: Relay, broker: RedisBroker
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    relay.turn()
    assert queued(broker, "policy") == 0

    make_overdue(database, world.acme)
    relay.turn()
    relay.turn()

    assert queued(broker, "policy") == 1
    sends, wait = schedule(database, world.acme)
    assert sends == 1
    assert timedelta(seconds=0) < wait <= timedelta(seconds=5)


def test_each_sending_waits_longer_up_to_a_ceiling(
    database: Database, world: World, relay: Relay
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    for _ in range(12):
        make_overdue(database, world.acme)
        relay.turn()
    sends, wait = schedule(database, world.acme)
    assert sends == 12
    assert timedelta(seconds=100) < wait <= timedelta(minutes=5)


def test_what_happens_by_time_is_sent_when_it_is_due_and_again_until_it_is_handled(
    database: Database, world: World, relay: Relay, broker: RedisBroker
) -> None:
    relay.turn()
    before = queued(broker, "hold")
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        due_id = work.schedule("hold.expire", _now(database, world.acme), uuid4())
    relay.turn()
    rows(
        database,
        world.acme,
        "UPDATE due SET next_send_at = clock_timestamp() WHERE due_id = :id RETURNING 1",
        id=due_id,
    )
    relay.turn()
    assert queued(broker, "hold") == before + 2


def _now(database: Database, tenant: TenantWorld):  # type: ignore[no-untyped-def]  # a datetime
    return rows(database, tenant, "SELECT clock_timestamp()")[0][0]


@contextmanager
def relays(database: Database, settings: Settings, number: int) -> Iterator[list[Relay]]:
    """As many as there are, each with connections of its own, as processes have them."""
    brokers = [make_broker(settings) for _ in range(number)]
    clients = [make_redis(settings) for _ in brokers]
    yield [
        Relay(database.engine("awgp_relay"), broker, client)
        for broker, client in zip(brokers, clients, strict=True)
    ]
    for each in (*(broker.client for broker in brokers), *clients):
        each.close()


def test_three_relays_send_each_thing_once(
    database: Database, world: World, settings: Settings, relay: Relay, broker: RedisBroker
) -> None:
    for _ in range(30):
        submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    make_overdue(database, world.acme)
    with relays(database, settings, 3) as several:
        threads = [threading.Thread(target=each.turn) for each in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    relay.turn()
    assert queued(broker, "policy") == 30


def test_a_stubborn_row_does_not_keep_others_waiting(
    database: Database, world: World, relay: Relay, broker: RedisBroker
) -> None:
    outbox = database.outbox("awgp_ingest")
    submit(outbox, world.acme, {"amount_cents": 1})
    for _ in range(5):
        make_overdue(database, world.acme)
        relay.turn()
    young = submit(outbox, world.globex, {"amount_cents": 1})
    make_overdue(database, world.globex)
    assert relay.turn() < BATCH
    assert queued(broker, "policy") == 6
    assert status(database, world.globex, young)["status"] == "received"


def test_a_wiped_broker_is_noticed_and_everything_is_sent_again(
    database: Database, world: World, relay: Relay, broker: RedisBroker, valkey: Running
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    for _ in range(6):
        make_overdue(database, world.acme)
        relay.turn()
    with admin(valkey) as client:
        client.flushall()

    relay.turn()

    assert queued(broker, "policy") == 1
    assert broker.client.get(INCARNATION_KEY) is not None
    assert schedule(database, world.acme)[0] == 1


class AwayOnce:
    """A client whose server is away the first time it is asked."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._asked = False

    def get(self, key: str) -> object:
        if not self._asked:
            self._asked = True
            raise redis.ConnectionError("away")
        return self._client.get(key)

    def client_id(self) -> object:
        return self._client.client_id()


@pytest.mark.usefixtures("relay")
def test_a_broker_that_came_back_is_sent_again_what_it_got_lately(
    database: Database, world: World, broker: RedisBroker
) -> None:
    # It has its mark, and may have lost its last second all the same.
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    client: Any = AwayOnce(broker.client)
    relay = Relay(database.engine("awgp_relay"), broker, client)
    with pytest.raises(redis.ConnectionError):
        relay.turn()

    relay.turn()
    assert queued(broker, "policy") == 1
    relay.turn()
    assert queued(broker, "policy") == 1


def test_a_broker_that_was_back_before_anyone_looked_is_noticed_by_its_connection(
    database: Database, world: World, relay: Relay, broker: RedisBroker
) -> None:
    relay.turn()
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    relay.turn()
    assert queued(broker, "policy") == 0  # whoever committed it may have sent it
    broker.client.connection_pool.disconnect()
    relay.turn()
    assert queued(broker, "policy") == 1
    relay.turn()
    assert queued(broker, "policy") == 1


def test_a_wiped_broker_hurries_neither_a_lease_nor_a_retry(
    database: Database, world: World, relay: Relay, broker: RedisBroker, valkey: Running
) -> None:
    ingest = database.outbox("awgp_ingest")
    submit(ingest, world.acme, {"amount_cents": 1})
    submit(ingest, world.globex, {"amount_cents": 1})
    later = "next_send_at = clock_timestamp() + interval '1 hour'"
    rows(
        database,
        world.acme,
        f"UPDATE handoffs SET {later}, lease_until = clock_timestamp() + interval '1 hour'"
        " RETURNING 1",
    )
    rows(
        database,
        world.globex,
        f"UPDATE handoffs SET {later}, not_before = clock_timestamp() + interval '1 hour'"
        " RETURNING 1",
    )
    with admin(valkey) as client:
        client.flushall()
    relay.turn()
    assert queued(broker, "policy") == 0


def test_nothing_is_picked_while_the_broker_is_gone(
    database: Database, world: World, relay: Relay
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    make_overdue(database, world.acme)
    nowhere = make_redis(Settings(redis_url="redis://127.0.0.1:1/0"))
    broker = make_broker(Settings(redis_url="redis://127.0.0.1:1/0"))
    with pytest.raises(redis.ConnectionError):
        Relay(database.engine("awgp_relay"), broker, nowhere).turn()
    assert schedule(database, world.acme)[0] == 0


def test_what_could_not_be_sent_is_due_at_once(
    database: Database, world: World, broker: RedisBroker
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    make_overdue(database, world.acme)
    nowhere = make_broker(Settings(redis_url="redis://127.0.0.1:1/0"))
    with pytest.raises(redis.ConnectionError):
        Relay(database.engine("awgp_relay"), nowhere, broker.client).turn()
    sends, wait = schedule(database, world.acme)
    assert (sends, wait <= timedelta(0)) == (0, True)


def test_a_relay_survives_its_database_and_stops_when_told(
    database: Database, broker: RedisBroker
) -> None:
    engine = database.engine("awgp_relay")
    turns = threading.Semaphore(0)

    class Counted(Relay):
        def turn(self) -> int:
            try:
                return super().turn()
            finally:
                turns.release()

    relay = Counted(engine, broker, broker.client)
    stop = threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    rows_gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='awgp_relay'"
    thread.start()
    try:
        for _ in range(3):
            assert turns.acquire(timeout=PATIENCE_SECONDS)
            with database.admin.begin() as connection:
                connection.exec_driver_sql(rows_gone)
        assert turns.acquire(timeout=PATIENCE_SECONDS)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def test_real_workers_take_runs_to_the_hold_and_losing_the_broker_loses_none(
    database: Database, world: World, settings: Settings, valkey: Running
) -> None:
    ingest = database.outbox("awgp_ingest")

    def held(run_id: UUID) -> Callable[[], bool]:
        return lambda: status(database, world.acme, run_id)["status"] == "held"

    with (
        relay_process(database, valkey) as relay,
        worker_process(database, valkey, "policy", "hold") as worker,
    ):
        first = submit(ingest, world.acme, {"amount_cents": 1})
        make_overdue(database, world.acme)
        wait_until(held(first), "the first run to be held")

        valkey.kill()
        second = submit(ingest, world.acme, {"amount_cents": 1})
        valkey.restart()
        # It comes back without anything it held.
        with admin(valkey) as client:
            client.flushall()
        wait_until(held(second), "the second run to be held")
        with admin(valkey) as client:
            wait_until(lambda: ("policy", "hold") in served(client), "the worker's heartbeat")
        assert relay.poll() is None
        assert worker.poll() is None
    assert relay.returncode == 0
    assert worker.returncode == 0


def served(client: "redis.Redis") -> list[tuple[str, ...]]:
    return [each.queues for each in living_workers(client)]


def test_a_killed_master_takes_its_worker_processes_along(
    database: Database, world: World, settings: Settings, valkey: Running
) -> None:
    with worker_process(database, valkey, "policy") as master:
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children")
        wait_until(lambda: children.read_text().split(), "the worker process")
        forked = [int(pid) for pid in children.read_text().split()]
        with admin(valkey) as client:
            wait_until(lambda: served(client), "the worker's heartbeat")
        master.kill()
        master.wait()
        wait_until(
            lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in forked),
            "the worker processes to stop",
        )
