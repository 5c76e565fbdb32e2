"""Who watches is told what happens, of their own tenant, from where they were, and no further."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from flask import Flask

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.execution import OutputLine
from pipeline.live import RUN, SEALED, Event, Happened, watched_key
from pipeline.live_log import write_lines
from pipeline.live_publisher import MOST_EVENTS, Publisher
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import SETTINGS, person, token, verifier
from tests.integration.live_client import ask, go_away, upgrade, watch
from tests.integration.processes import wait_until
from tests.integration.served import served
from tests.integration.world import TenantWorld, World
from web.app import create_app
from web.live import live_of


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "live") as running:
        yield running


@dataclass(slots=True)
class Stage:
    """Web processes on one Valkey, and a way to make things happen."""

    database: Database
    world: World
    valkey: Running
    stack: ExitStack
    apps: list[Flask] = field(default_factory=list)

    def web(self, **settings: int) -> str:
        """Another web process; returns its address."""
        app = create_app(
            replace(SETTINGS, redis_url=valkey_url(self.valkey.data, "web"), **settings),  # type: ignore[arg-type]  # numbers all
            engine=self.database.engine("awgp_web"),
            holding=self.database.engine("awgp_holding"),
            broker=stub_broker(),
            verifier=verifier(),
        )
        self.apps.append(app)
        return self.stack.enter_context(served(app))

    def publisher(self) -> Publisher:
        client = redis.Redis.from_url(valkey_url(self.valkey.data, "worker"))
        self.stack.callback(client.close)
        return Publisher(client)

    def happen(self, tenant: TenantWorld, kind: str = RUN, **ids: str | int) -> None:
        event = Event(kind=kind, ids=ids)
        self.publisher().publish([Happened(tenant_id=tenant.tenant_id, announced=[event])])

    def run(self, tenant: TenantWorld) -> str:
        """Something happens to a run."""
        run_id = str(uuid4())
        self.happen(tenant, run_id=run_id)
        return run_id


@contextmanager
def on_stage(database: Database, world: World, valkey: Running) -> Iterator[Stage]:
    with ExitStack() as stack:
        stage = Stage(database, world, valkey, stack)
        yield stage
        go_away()
        for app in stage.apps:
            live_of(app).stop()


@pytest.fixture
def stage(database: Database, world: World, valkey: Running) -> Iterator[Stage]:
    with redis.Redis.from_url(valkey.url) as admin:
        admin.flushall()
    with on_stage(database, world, valkey) as stage:
        yield stage


def ben(tenant: TenantWorld, *roles: str) -> str:
    return person(tenant.slug, "ben", roles=roles)


def admin_of(tenant: TenantWorld) -> str:
    return token(f"{tenant.slug}-eve", groups=[f"{tenant.slug}-admins"], roles=[])


def test_who_watches_is_told_of_their_own_tenant_alone(stage: Stage, world: World) -> None:
    base = stage.web()
    here, there = watch(base, ben(world.acme)), watch(base, ben(world.globex))
    here.until("hello")
    there.until("hello")
    mine, theirs = stage.run(world.acme), stage.run(world.globex)
    told = here.until(RUN, run_id=mine)
    assert set(told) == {"id", "kind", "at", "run_id"}
    there.until(RUN, run_id=theirs)
    assert mine not in json.dumps(there.told)
    assert theirs not in json.dumps(here.told)


def test_who_comes_back_reads_on_from_where_they_were_at_any_process(
    stage: Stage, world: World
) -> None:
    one, other = stage.web(), stage.web()
    first = watch(one, ben(world.acme))
    first.until("hello")
    last = first.until(RUN, run_id=stage.run(world.acme))["id"]
    first.close()
    missed = [stage.run(world.acme) for _ in range(3)]
    again = watch(other, ben(world.acme), f"?last={last}")
    again.until(RUN, run_id=missed[-1])
    later = stage.run(world.acme)
    again.until(RUN, run_id=later)
    runs = [each["run_id"] for each in again.told if each["kind"] == RUN]
    assert runs == [*missed, later]


def test_who_is_told_nothing_resumes_from_what_the_greeting_said(
    stage: Stage, world: World
) -> None:
    base = stage.web()
    first = watch(base, ben(world.acme))
    last = first.until("hello")["id"]
    again = watch(base, ben(world.acme), f"?last={last}")
    again.until("hello")
    run = stage.run(world.acme)
    again.until(RUN, run_id=run)
    assert {"kind": "reset"} not in again.told


def test_who_missed_what_is_gone_is_told_to_read_everything_again(
    stage: Stage, world: World
) -> None:
    base = stage.web()
    watcher = watch(base, ben(world.acme))
    watcher.until("hello")
    last = watcher.until(RUN, run_id=stage.run(world.acme))["id"]
    publisher = stage.publisher()
    many = [Event(kind=RUN, ids={"run_id": str(uuid4())}) for _ in range(MOST_EVENTS * 2)]
    publisher.send({world.acme.tenant_id: many})
    back = watch(base, ben(world.acme), f"?last={last}")
    run = stage.run(world.acme)
    back.until(RUN, run_id=run)
    assert [each["kind"] for each in back.told[:2]] == ["hello", "reset"]
    assert back.told[1] == {"kind": "reset"}


def test_the_first_to_watch_a_tenant_reads_again_when_publishers_know_it(
    stage: Stage, world: World
) -> None:
    watcher = watch(stage.web(), ben(world.acme))
    watcher.until("hello")
    with redis.Redis.from_url(stage.valkey.url) as admin:
        assert admin.ttl(watched_key(world.acme.tenant_id)) > 0
    assert watcher.until("reset")["id"] != "0-0"


def test_only_who_may_read_the_trail_is_told_that_it_grew(stage: Stage, world: World) -> None:
    base = stage.web()
    watchers = {
        "operator": watch(base, ben(world.acme)),
        "auditor": watch(base, ben(world.acme, "auditor")),
        "admin": watch(base, admin_of(world.acme)),
    }
    for each in watchers.values():
        each.until("hello")
    stage.happen(world.acme, SEALED, sequence=7)
    run = stage.run(world.acme)
    for each in watchers.values():
        each.until(RUN, run_id=run)
    told = {
        name: [e["sequence"] for e in each.told if e["kind"] == SEALED]
        for name, each in watchers.items()
    }
    assert told == {"operator": [], "auditor": [7], "admin": [7]}


def test_the_holding_watches_any_tenant_it_names(stage: Stage, world: World) -> None:
    hana = token("holding-hana", groups=["holding-admins"], roles=[])
    base = stage.web()
    watcher = watch(base, hana, f"?tenant={world.acme.slug}")
    watcher.until("hello")
    stage.happen(world.acme, SEALED, sequence=7)
    assert watcher.until(SEALED)["sequence"] == 7
    live_of(stage.apps[0]).standing.look()
    watcher.until(RUN, run_id=stage.run(world.acme))
    assert watcher.closed is None


def test_lines_are_told_to_who_follows_their_run(stage: Stage, world: World) -> None:
    base, run, execution = stage.web(), uuid4(), uuid4()
    by_address = watch(base, ben(world.acme), f"?follow={run}")
    by_message, neither = watch(base, ben(world.acme)), watch(base, ben(world.acme))
    for each in (by_address, by_message, neither):
        each.until("hello")
    by_message.say(json.dumps({"follow": [str(run)]}))
    by_message.until_heard()
    with redis.Redis.from_url(valkey_url(stage.valkey.data, "worker")) as worker:
        write_lines(
            worker,
            tenant_id=world.acme.tenant_id,
            run_id=run,
            execution_id=execution,
            lines=[OutputLine(sequence=3, stream="stdout", offset_ms=1, text="a secret")],
            announce=True,
        )
    for each in (by_address, by_message):
        told = each.until("telemetry", run_id=str(run))
        assert (told["execution_id"], told["sequence"]) == (str(execution), 3)
        assert "id" not in told
        assert "secret" not in json.dumps(each.told)
    end = stage.run(world.acme)
    neither.until(RUN, run_id=end)
    assert "telemetry" not in [each["kind"] for each in neither.told]


@pytest.mark.parametrize(
    ("bearer", "query", "headers", "status", "problem"),
    [
        (None, "", {}, 401, "bearer-invalid"),
        ("ben", "", {"Origin": "https://evil.example"}, 403, "origin-refused"),
        ("ben", "", {"Origin": "null"}, 403, "origin-refused"),
        ("nonsense", "", {}, 401, "bearer-invalid"),
        ("ben", "?tenant=globex", {}, 403, "tenant-forbidden"),
        ("ben", "?last=1%20OR%201", {}, 400, "live-request-invalid"),
        ("ben", "?follow=everything", {}, 400, "live-request-invalid"),
        ("ben", "", {"Sec_WebSocket_Version": "8"}, 400, "live-request-invalid"),
        ("ben", "", {"Sec_WebSocket_Key": "short"}, 400, "live-request-invalid"),
    ],
)
def test_what_is_refused_is_refused_before_the_upgrade(
    stage: Stage,
    world: World,
    bearer: str | None,
    query: str,
    headers: dict[str, str],
    status: int,
    problem: str,
) -> None:
    base = stage.web()
    sent = ben(world.acme) if bearer == "ben" else bearer
    query = query.replace("globex", world.globex.slug)
    _, answered, body = upgrade(base, sent, query, **headers)
    assert answered == status
    assert json.loads(body)["type"].endswith(f":{problem}")


def test_a_page_of_our_own_is_let_in(stage: Stage, world: World) -> None:
    base = stage.web()
    watch(base, ben(world.acme), Origin=SETTINGS.public_url).until("hello")


def test_a_person_has_so_many_connections_and_no_more_until_one_ends(
    stage: Stage, world: World
) -> None:
    base = stage.web(live_per_person=2)
    held = [watch(base, ben(world.acme)) for _ in range(2)]
    for each in held:
        each.until("hello")
    _, status, body = upgrade(base, ben(world.acme))
    assert (status, json.loads(body)["type"].rpartition(":")[2]) == (
        429,
        "too-many-live-connections",
    )
    watch(base, admin_of(world.acme)).until("hello")
    held[0].say("nonsense")
    assert held[0].until_closed() == 1008
    held[0].close()
    _until_let_in(base, ben(world.acme))


def test_who_is_taken_away_is_sent_away_at_once(stage: Stage, world: World) -> None:
    base = stage.web()
    watcher, other = watch(base, ben(world.acme)), watch(base, admin_of(world.acme))
    watcher.until("hello")
    other.until("hello")
    with stage.database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        work.execute(
            "UPDATE persons SET removed_at = clock_timestamp() WHERE person_id = :id",
            id=world.acme.persons["ben"],
        )
    stage.happen(world.acme, "person.changed", person_id=str(world.acme.persons["ben"]))
    assert watcher.until_closed() == 4403
    other.until(RUN, run_id=stage.run(world.acme))


def test_a_token_that_has_expired_watches_no_longer(stage: Stage, world: World) -> None:
    watcher = watch(stage.web(), ben(world.acme))
    watcher.until("hello")
    (live,) = [live_of(app) for app in stage.apps]
    (client,) = live.hub.clients()
    object.__setattr__(client.subscription, "expires_at", 1.0)
    live.standing.look()
    assert watcher.until_closed() == 4401


def test_one_who_does_not_read_is_sent_away_and_the_others_go_on(
    stage: Stage, world: World
) -> None:
    base = stage.web()
    slow, others = watch(base, ben(world.acme)), [watch(base, ben(world.acme)) for _ in range(3)]
    for each in (slow, *others):
        each.until("hello")
    publisher = stage.publisher()
    (live,) = [live_of(app) for app in stage.apps]
    sent = 0
    while len(live.hub.clients()) == 4:
        batch = [Event(kind=RUN, ids={"run_id": str(uuid4())}) for _ in range(100)]
        publisher.send({world.acme.tenant_id: batch})
        sent += len(batch)
        assert sent < 200_000, "the slow one is still there"
        for each in others:
            each.until(RUN, run_id=batch[-1].ids["run_id"])
    end = stage.run(world.acme)
    for each in others:
        each.until(RUN, run_id=end)
        assert each.closed is None
    assert slow.until_closed() in {4008, 1006}


def test_a_stopping_process_sends_everyone_elsewhere(stage: Stage, world: World) -> None:
    one, other = stage.web(), stage.web()
    watcher = watch(one, ben(world.acme))
    watcher.until("hello")
    last = watcher.until(RUN, run_id=stage.run(world.acme))["id"]
    live = live_of(stage.apps[0])
    live.stop()
    assert watcher.until_closed() == 1012
    run = stage.run(world.acme)
    watch(other, ben(world.acme), f"?last={last}").until(RUN, run_id=run)


def test_server_sent_events_tell_the_same(stage: Stage, world: World) -> None:
    base = stage.web()
    connection, status, headers, _ = ask(base, "/v1/live/events", ben(world.acme))
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    _read_until(connection, b'"kind":"hello"')
    run = stage.run(world.acme)
    got = _read_until(connection, run.encode())
    last = got.rpartition(b"id: ")[2].partition(b"\n")[0].decode()
    connection.close()
    missed = stage.run(world.acme)
    again, *_ = ask(base, "/v1/live/events", ben(world.acme), Last_Event_ID=last)
    assert run.encode() not in _read_until(again, missed.encode())


def test_a_plain_request_is_told_to_upgrade(stage: Stage, world: World) -> None:
    _, status, headers, body = ask(stage.web(), "/v1/live", ben(world.acme))
    assert (status, headers["upgrade"]) == (426, "websocket")
    assert json.loads(body)["type"].endswith(":upgrade-needed")


def test_a_server_that_was_away_makes_everyone_read_again(
    database: Database, world: World, server_folder: Path
) -> None:
    folder = server_folder / "live-restart"
    with ExitStack() as stack:
        with start_valkey(folder) as first:
            stage = stack.enter_context(on_stage(database, world, first))
            watcher = watch(stage.web(), ben(world.acme))
            watcher.until("hello")
            watcher.until(RUN, run_id=stage.run(world.acme))
            watcher.until("reset")
            watcher.told.clear()
        with start_valkey(folder):
            watcher.until("reset")
            run = stage.run(world.acme)
            watcher.until(RUN, run_id=run)


def _read_until(connection: socket.socket, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        more = connection.recv(65536)
        assert more, got
        got += more
    return got


def _until_let_in(base: str, bearer: str) -> None:
    wait_until(lambda: upgrade(base, bearer)[1] == 101, "a place to become free")
