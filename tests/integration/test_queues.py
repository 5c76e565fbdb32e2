"""`awgp queues`: what it counts, what it says is wrong, and what it does without a broker."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.handoff import claim, keep_claimed, retry_later
from pipeline.heartbeat import WorkerBeat, beat_key, beat_value
from pipeline.queue_look import QueueWatch
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.driving import LEASE, deny, fail
from tests.integration.operating import NOWHERE, Operator, an_operator
from tests.integration.processes import wait_until, worker_process
from tests.integration.stages import rows
from tests.integration.world import World, submit

pytestmark = pytest.mark.services
STARTED = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-queues") as running:
        yield running


@pytest.fixture
def client(valkey: Running) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(valkey.url)
    client.flushall()
    yield client
    client.close()


def beat(
    client: "redis.Redis", queues: tuple[str, ...], *, pid: int = 7, in_flight: int = 0, done: int
) -> None:
    said = WorkerBeat(
        host="here",
        pid=pid,
        queues=queues,
        in_flight={queues[0]: in_flight},
        done=done,
        started_at=STARTED,
    )
    client.set(beat_key("here", pid), beat_value(said))


def by_queue(look: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["queue"]: each for each in look["queues"]}


def test_everything_is_counted_and_each_tenants_share(
    database: Database, world: World, valkey: Running, client: "redis.Redis"
) -> None:
    ingest, worker = database.outbox("awgp_ingest"), database.outbox("awgp_worker")
    for _ in range(3):
        submit(ingest, world.acme, {"amount_cents": 1})
    fail(database, world.globex, submit(ingest, world.globex, {"amount_cents": 1}))
    ids = [row[0] for row in rows(database, world.acme, "SELECT handoff_id FROM handoffs")]
    with worker.work(world.acme.tenant_id) as work:
        leased = claim(work, ids[0], Stage.POLICY)
        assert leased is not None
        keep_claimed(work, leased, owner="me", lease=LEASE)
        handoff = claim(work, ids[1], Stage.POLICY)
        assert handoff is not None
        work.execute("UPDATE handoffs SET sends = 9 WHERE handoff_id = :id", id=ids[1])
        retry_later(work, handoff, delay=LEASE, error="test")
        # A lost message of the next attempt is not waited for as a tenth one would be.
        sends = "SELECT sends FROM handoffs WHERE handoff_id = :id"
        assert work.execute(sends, id=ids[1]).scalar_one() == 0
    beat(client, ("policy",), in_flight=1, done=5)
    beat(client, ("policy", "hold"), pid=8, done=5)

    look = an_operator(database, valkey)("queues", "--json", "--quick", "--by-tenant").json()
    policy = by_queue(look)["policy"]
    assert look["broker"] == "ok"
    assert [each["queue"] for each in look["queues"]] == [stage.value for stage in Stage]
    assert (policy["depth"], policy["retrying"], policy["dead"]) == (2, 1, 1)
    # The lease and the message its worker is at are one piece of work.
    assert (policy["in_flight"], policy["workers"]) == (1, 2)
    assert policy["oldest_seconds"] >= 0
    assert policy["rate"] is None
    shares = {each["tenant"]: each for each in policy["tenants"]}
    assert shares["acme"]["depth"] == 2
    assert (shares["globex"]["depth"], shares["globex"]["dead"]) == (0, 1)
    assert by_queue(look)["audit"]["depth"] >= 1

    one = an_operator(database, valkey)("queues", "--json", "--quick", "--tenant", "globex").json()
    assert by_queue(one)["policy"]["depth"] == 0
    assert by_queue(one)["policy"]["dead"] == 1


def test_a_queue_with_work_and_no_worker_is_marked_and_told_how_to_mend(
    database: Database, world: World, valkey: Running, client: "redis.Redis"
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    operator = an_operator(database, valkey)
    said = operator("queues", "--quick")
    assert said.status == 0
    assert "! policy has work and no worker: `awgp scale policy=1`" in said.out
    assert "! execute" not in said.out
    operator("pause", "policy", "--reason", "upgrade")
    said = operator("queues", "--quick")
    assert "! policy" not in said.out
    assert "(upgrade); `awgp resume policy` takes work again" in said.out


@pytest.mark.parametrize("redis_url", [NOWHERE, None])
def test_without_the_broker_the_database_is_still_told(
    database: Database, world: World, redis_url: str | None
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    operator = Operator(database=database, redis_url=redis_url)
    said = operator("queues")
    assert said.status == 0
    assert "the broker cannot be asked" in said.out
    assert "no worker" not in said.out
    policy = by_queue(operator("queues", "--json").json())["policy"]
    assert (policy["depth"], policy["workers"], policy["rate"]) == (1, None, None)


def test_the_rate_is_what_workers_did_between_two_looks(
    database: Database, world: World, client: "redis.Redis"
) -> None:
    now = [100.0]
    engine = database.engine("awgp_operator")
    watch = QueueWatch(engine=engine, client=client, clock=lambda: now[0])

    def rates() -> dict[Stage, float | None]:
        return {each.queue: each.rate for each in watch.look().queues}

    beat(client, ("policy",), done=100)
    beat(client, ("hold", "execute"), pid=8, done=9)
    assert rates()[Stage.POLICY] is None
    now[0] += 2
    beat(client, ("policy",), done=120)
    beat(client, ("policy",), pid=9, done=4)
    assert rates()[Stage.POLICY] == 12
    # A worker of several queues counts them together.
    assert rates()[Stage.HOLD] is None
    now[0] += 9
    client.delete(beat_key("here", 7))
    assert rates()[Stage.POLICY] == 0


def test_an_unknown_tenant_names_the_known(database: Database, world: World) -> None:
    said = an_operator(database)("queues", "--tenant", "acne")
    assert (said.status, said.out) == (2, "there is no tenant 'acne'; there are acme, globex")


def test_nothing_set_up_says_what_to_do(database: Database) -> None:
    said = an_operator(database)("queues")
    assert said.status == 0
    assert "`awgp init` makes the first" in said.out


def test_a_watch_prints_a_line_a_look_until_it_is_interrupted(
    database: Database, world: World, valkey: Running, client: "redis.Redis"
) -> None:
    deny(database, world.acme)
    with an_operator(database, valkey).process("queues", "--json", "--watch", "0.2") as watching:
        assert watching.stdout is not None
        looks = [json.loads(watching.stdout.readline()) for _ in range(3)]
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=60)
    assert (watching.returncode, err.strip()) == (130, "")
    assert by_queue(looks[0])["audit"]["depth"] >= 1
    assert looks[2]["at"] > looks[0]["at"]


def test_a_watch_redraws_until_it_is_interrupted(database: Database, world: World) -> None:
    with an_operator(database).process("queues", "--watch") as watching:
        wait_until(lambda: database_is_asked(database), "the first look")
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=60)
    assert (watching.returncode, err.strip()) == (130, "")


def database_is_asked(database: Database) -> bool:
    with database.admin.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'awgp_operator'"
            f" AND datname = '{database.name}'"
        ).scalar_one()
    return bool(found)


def test_a_real_worker_is_seen(
    database: Database, world: World, valkey: Running, client: "redis.Redis"
) -> None:
    operator = an_operator(database, valkey)

    def workers() -> object:
        return by_queue(operator("queues", "--json", "--quick").json())["policy"]["workers"]

    with worker_process(database, valkey, "policy"):
        wait_until(lambda: workers() == 1, "the worker's heartbeat")


def test_the_relays_user_may_ask_for_heartbeats(valkey: Running, client: "redis.Redis") -> None:
    beat(client, ("policy",), done=1)
    as_relay = redis.Redis.from_url(valkey_url(valkey.data, "relay"))
    assert len(list(as_relay.scan_iter(match="awgp:worker:*"))) == 1
    as_relay.close()
