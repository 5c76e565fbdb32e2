"""Following a run: whoever waits holds no thread, and is told what stands in the database."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import redis

from ingest.run_events import RunEvents
from ops.bench.live_world import Issuer
from ops.bench.served_app import PRODUCT, served_app
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.live import RUN, Event, Happened
from pipeline.live_publisher import Publisher
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.door import KEK, Door, bearer, problem, signed
from tests.integration.processes import wait_until
from tests.integration.served import served
from tests.integration.stages import declared, work_off
from tests.integration.world import World

EVENT = b'{"amount_cents": 1234, "country": "DE"}'
DENIED = b"{}"
# More than all threads of both workers (ops/gunicorn_conf.py).
MANY = 40


@pytest.fixture
def door(database: Database, world: World) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


@pytest.fixture
def edge(door: Door) -> Iterator[str]:
    """Without Valkey: it looks by itself."""
    app = door.client.application
    with served(app) as address:
        yield address
        app.extensions["awgp_live"].stop()


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "following") as running:
        yield running


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MANY) as pool:
        yield pool


def ask(address: str, run: str, **headers: str) -> httpx.Response:
    said = bearer() | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"{address}/v1/runs/{run}", headers=said, timeout=60)


def read_events(response: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and "data" in event:
            yield event
            event = {}
        name, _, value = line.partition(": ")
        if name:
            event[name] = value


def test_a_poll_waits_for_the_end_or_for_another_state_and_no_longer_than_asked(
    edge: str, door: Door, database: Database, world: World, pool: ThreadPoolExecutor
) -> None:
    run = door.hook(world.acme, DENIED).get_json()["run"]
    now = ask(edge, run)
    held = now.headers["ETag"]

    same = ask(edge, run, If_None_Match=held, Prefer="respond-async, wait=1")
    assert (same.status_code, same.content, same.headers["Preference-Applied"]) == (
        304,
        b"",
        "wait=1",
    )
    as_it_is = ask(edge, run, Prefer="wait=1")
    assert (as_it_is.status_code, as_it_is.json()) == (200, now.json())
    other = ask(edge, run, If_None_Match='"another"', Prefer="wait=20")
    assert (other.status_code, other.headers["ETag"]) == (200, held)

    waiting: list[Future[httpx.Response]] = [
        pool.submit(ask, edge, run, Prefer="wait=99"),
        pool.submit(ask, edge, run, If_None_Match=held, Prefer="wait=20"),
    ]
    watch = door.client.application.extensions["awgp_live"].watch
    wait_until(lambda: watch._taken.total() == 2, "both to wait")
    assert work_off(database, declared(database), world.acme, Stage.POLICY) == 1
    for each, applied in zip(waiting, ("wait=30", "wait=20"), strict=True):
        answer = each.result(timeout=60)
        assert (answer.status_code, answer.json()["status"]) == (200, "denied")
        assert answer.headers["Preference-Applied"] == applied
        assert answer.json() == ask(edge, run).json()
        assert answer.headers["ETag"] == ask(edge, run).headers["ETag"]
    wait_until(lambda: watch._taken.total() == 0, "their places to be free")


def test_a_stream_tells_each_state_from_the_present_one_and_ends_with_the_run(
    edge: str, door: Door, database: Database, world: World
) -> None:
    run = door.hook(world.acme, DENIED).get_json()["run"]
    url, accept = f"{edge}/v1/runs/{run}", {"Accept": "text/event-stream"}
    with httpx.stream("GET", url, headers=bearer() | accept, timeout=60) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        events = read_events(response)
        first = next(events)
        assert (first["event"], json.loads(first["data"])["status"]) == ("run", "received")
        assert first["id"] == ask(edge, run).headers["ETag"].strip('"')
        work_off(database, declared(database), world.acme, Stage.POLICY)
        (last,) = list(events)
    assert json.loads(last["data"]) == ask(edge, run).json()

    def again(last_id: str) -> httpx.Response:
        said = bearer() | {"Last-Event-ID": last_id}
        return httpx.get(f"{url}/events", headers=said, timeout=60)

    assert again(last["id"]).status_code == 204
    (resumed,) = list(read_events(again(first["id"])))
    assert resumed["id"] == last["id"]


def test_a_stream_is_for_who_may_read_the_run(edge: str, door: Door, world: World) -> None:
    run = door.hook(world.globex, EVENT).get_json()["run"]
    assert problem(door.client.get(f"/v1/runs/{run}/events", headers=bearer())) == (
        404,
        "run-not-found",
    )
    assert problem(door.client.get(f"/v1/runs/{run}/events")) == (401, "bearer-invalid")


def test_who_was_taken_away_is_told_nothing_more(
    edge: str, door: Door, database: Database, world: World, pool: ThreadPoolExecutor
) -> None:
    run = door.ask({"assistant": "booker", "payload": {}}).get_json()["run"]
    with httpx.stream(
        "GET", f"{edge}/v1/runs/{run}/events", headers=bearer(), timeout=60
    ) as response:
        events = read_events(response)
        next(events)
        with door.admin.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE awgp.persons SET removed_at = now() WHERE subject = 'acme-ada'"
            )
        work_off(database, declared(database), world.acme, Stage.POLICY)
        assert list(events) == []


def test_where_no_place_is_left_the_answer_comes_at_once(
    database: Database, world: World, pool: ThreadPoolExecutor
) -> None:
    door = Door(database.engine("awgp_ingest"), database.admin, changed={"followers": 2})
    run = door.hook(world.acme, EVENT).get_json()["run"]
    app = door.client.application
    watch = app.extensions["awgp_live"].watch
    with served(app) as address:
        # Half of the places are one tenant's.
        waits = pool.submit(ask, address, run, Prefer="wait=30")
        wait_until(lambda: watch._taken.total() == 1, "one to wait")
        refused = ask(address, run, Prefer="wait=30")
        assert refused.status_code == 200
        assert "Preference-Applied" not in refused.headers
        once = ask(address, run, Accept="text/event-stream")
        (event,) = list(read_events(once))
        assert (once.status_code, event["id"]) == (200, refused.headers["ETag"].strip('"'))
        # Whoever still waits at the end is told how it is.
        watch.stop()
        assert waits.result(timeout=60).json()["status"] == "received"


def test_live_events_name_the_runs_that_changed(valkey: Running) -> None:
    tenant_id, other, run = uuid4(), uuid4(), uuid4()
    heard: list[tuple[UUID, UUID | None]] = []
    client = redis.Redis.from_url(valkey_url(valkey.data, "ingest"))
    events = RunEvents(client, lambda tenant, run_id: heard.append((tenant, run_id)))
    events.want([tenant_id])
    # The stages learn that somebody watches, and a reset says so to everyone.
    wait_until(lambda: heard.count((tenant_id, None)) == 2, "the reset")
    publisher = Publisher(client)
    told = Event(kind=RUN, ids={"run_id": str(run)})
    publisher.publish(
        [
            Happened(tenant_id=tenant_id, announced=[told]),
            Happened(tenant_id=other, announced=[told]),
        ]
    )
    wait_until(lambda: (tenant_id, run) in heard, "the event")
    assert events.heard
    events.stop()
    assert not [each for each in heard if each[0] == other]


@pytest.mark.services
def test_more_wait_than_there_are_threads_and_webhooks_are_accepted(
    valkey: Running,
    database: Database,
    world: World,
    cluster: Running,
    pool: ThreadPoolExecutor,
) -> None:
    issuer = Issuer()
    with issuer.served():
        told: dict[str, Any] = {
            "AWGP_DATABASE_URL": database.url("awgp_ingest", password=False),
            "AWGP_DATABASE_PASSWORD": cluster.data.secret("awgp_ingest"),
            "AWGP_REDIS_URL": valkey_url(valkey.data, "ingest"),
            "AWGP_OIDC_ISSUER": issuer.url,
            "AWGP_KEK": KEK,
        }
        headers = {"Authorization": f"Bearer {issuer.token('acme', 'watcher')}"}
        begun, barrier = threading.Event(), threading.Barrier(MANY + 1)
        with served_app(
            valkey.data, "following", "ingest.app:from_environ()", told, configuration=PRODUCT
        ) as app:
            base = f"http://127.0.0.1:{app.port}"

            def send(body: bytes, event: str) -> str:
                said = signed(body, event=event)
                url = f"{base}/v1/hooks/{world.acme.source_id}"
                run: str = httpx.post(url, content=body, headers=said, timeout=60).json()["run"]
                return run

            def stream(run: str, first_told: Callable[[], object]) -> list[str]:
                with httpx.stream(
                    "GET", f"{base}/v1/runs/{run}/events", headers=headers, timeout=60
                ) as response:
                    statuses = []
                    for event in read_events(response):
                        statuses.append(json.loads(event["data"])["status"])
                        if len(statuses) == 1:
                            first_told()
                    return statuses

            run = send(DENIED, "evt_1")
            streams = [pool.submit(stream, run, lambda: barrier.wait(60)) for _ in range(MANY)]
            barrier.wait(60)
            other = send(EVENT, "evt_2")
            assert work_off(database, declared(database), world.acme, Stage.POLICY) == 2
            for each in streams:
                assert each.result(timeout=60) == ["received", "denied"]
            staying = pool.submit(stream, other, begun.set)
            assert begun.wait(60)
            os.kill(app.master, signal.SIGTERM)
            assert staying.result(timeout=60) == ["permitted"]
