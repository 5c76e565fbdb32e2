"""Events on their way to a real Valkey, after a real commit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from sqlalchemy.exc import DBAPIError

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.execution import OutputLine
from pipeline.fast_path import quick_client
from pipeline.live import Event, Happened, stream_key, telemetry_key, watched_key
from pipeline.live_log import MOST_CHARACTERS, MOST_LINES, log_key, read_log, write_lines
from pipeline.live_publisher import LOOK_SECONDS, PAUSE_SECONDS, Publisher, make_publisher
from pipeline.outbox import Outbox
from pipeline.settings import Settings
from pipeline.work import Actor, Work
from tests.integration.conftest import Database, stub_broker
from tests.integration.world import World

SOMEBODY = Actor(type="system", id="awgp")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "live-publishing") as running:
        yield running


@pytest.fixture
def client(valkey: Running) -> Iterator["redis.Redis"]:
    """As the least of our logins has it."""
    client = redis.Redis.from_url(valkey_url(valkey.data, "worker"))
    yield client
    client.close()


def told(client: "redis.Redis", tenant_id: UUID, key: str = "") -> list[dict[str, object]]:
    found: Any = client.xrange(key or stream_key(tenant_id))
    return [json.loads(fields[b"e"]) for _, fields in found]


def line(sequence: int, text: str = "a line") -> OutputLine:
    return OutputLine(sequence=sequence, stream="stdout", offset_ms=sequence, text=text)


def test_a_record_is_told_once_it_is_committed(
    client: "redis.Redis", database: Database, world: World
) -> None:
    tenant_id, run = world.acme.tenant_id, str(uuid4())
    client.set(watched_key(tenant_id), 1)
    client.set(watched_key(world.globex.tenant_id), 1)
    outbox = Outbox(database.engine("awgp_worker"), stub_broker(), Publisher(client))
    with outbox.work(tenant_id) as work:
        work.record(SOMEBODY, "execute:execution:ended", ("run", run))
        assert told(client, tenant_id) == []

    def together(work: Work) -> None:
        work.record(SOMEBODY, "hold:vote:cast", ("approval", run))
        work.announce("queue.changed")

    outbox.together(tenant_id, together)
    kinds = [(each["kind"], each.get("run_id")) for each in told(client, tenant_id)]
    assert kinds == [("run.changed", run), ("approval.changed", None), ("queue.changed", None)]
    assert told(client, world.globex.tenant_id) == []


def test_what_is_rolled_back_is_not_told(
    client: "redis.Redis", database: Database, world: World
) -> None:
    tenant_id = world.globex.tenant_id
    client.set(watched_key(tenant_id), 1)
    outbox = Outbox(database.engine("awgp_worker"), stub_broker(), Publisher(client))

    def fail(work: Work) -> None:
        work.announce("queue.changed")
        work.execute("SELECT 1 / 0")

    with pytest.raises(DBAPIError):
        outbox.together(tenant_id, fail)
    assert told(client, tenant_id) == []


def test_a_tenant_nobody_watches_is_asked_about_once_a_second_and_told_nothing(
    client: "redis.Redis",
) -> None:
    clock, tenant_id = Clock(), uuid4()
    publisher = Publisher(client, monotonic=clock)
    happened = [Happened(tenant_id=tenant_id, announced=[Event(kind="queue.changed")])]
    publisher.publish(happened)
    client.set(watched_key(tenant_id), 1)
    publisher.publish(happened)
    assert told(client, tenant_id) == []
    clock.now += LOOK_SECONDS
    publisher.publish(happened)
    assert len(told(client, tenant_id)) == 1
    assert client.ttl(stream_key(tenant_id)) > 0


def test_a_server_out_of_reach_is_left_alone_and_nobody_minds(valkey: Running) -> None:
    del valkey
    clock = Clock()
    unheard: list[Exception] = []
    nowhere = Publisher(
        quick_client(Settings(redis_url="redis://127.0.0.1:1/0")),
        monotonic=clock,
        unheard=unheard.append,
    )
    happened = [Happened(tenant_id=uuid4(), announced=[Event(kind="queue.changed")])]
    for _ in range(3):
        nowhere.publish(happened)
    assert len(unheard) == 1
    clock.now += PAUSE_SECONDS
    nowhere.publish(happened)
    assert len(unheard) == 2
    assert make_publisher(Settings()) is None


def test_lines_are_read_from_where_one_was(client: "redis.Redis") -> None:
    tenant_id, run_id, execution_id = uuid4(), uuid4(), uuid4()
    hostile = "\x1b[2J<script>alert(1)</script>"
    write_lines(
        client,
        tenant_id=tenant_id,
        run_id=run_id,
        execution_id=execution_id,
        lines=[line(0), line(1, hostile), line(5, "x" * 5000)],
        announce=True,
    )
    first = read_log(client, tenant_id, execution_id, limit=2)
    assert [each.sequence for each in first.lines] == [0, 1]
    assert first.lines[1] == line(1, hostile)
    rest = read_log(client, tenant_id, execution_id, first.next_after)
    assert [(each.sequence, each.text) for each in rest.lines] == [
        (5, "x" * MOST_CHARACTERS + " […]")
    ]
    assert read_log(client, tenant_id, execution_id, rest.next_after).next_after == 5
    assert read_log(client, uuid4(), execution_id).lines == ()
    (event,) = told(client, tenant_id, telemetry_key(tenant_id))
    assert (event["kind"], event["run_id"], event["sequence"]) == ("telemetry", str(run_id), 5)


def test_a_flood_of_lines_keeps_the_last_and_goes_by_itself(client: "redis.Redis") -> None:
    tenant_id, execution_id = uuid4(), uuid4()
    write_lines(
        client,
        tenant_id=tenant_id,
        run_id=uuid4(),
        execution_id=execution_id,
        lines=[line(number) for number in range(MOST_LINES * 2)],
        announce=False,
    )
    key = log_key(tenant_id, execution_id)
    assert client.xlen(key) <= MOST_LINES * 1.2
    assert client.ttl(key) > 0
    assert not client.exists(telemetry_key(tenant_id))
