"""Queues and dead letters over the API: each sees what is theirs, and the holding alone changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text
from werkzeug.test import TestResponse

from actors.queue_history import QueueKeeper
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.heartbeat import WorkerBeat, beat_key, beat_value
from pipeline.queue_history import KEY
from pipeline.queue_state import QueueState
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, machine, open_control_plane, token
from tests.integration.driving import fail, make_signer, seal_all
from tests.integration.operating import add_holding
from tests.integration.setting_up import ADMIN, AUDITOR, FOREIGN, OPERATOR, problem, send
from tests.integration.world import TenantWorld, World, submit
from web.operations import Operations

pytestmark = pytest.mark.services

HANA = token("hana", groups=["holding-admins"], roles=[])
WHY = {"reason": "kernel upgrade"}
STARTED = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def client(valkey: Running) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(valkey_url(valkey.data, "admin")) as found:
        found.flushall()
        yield found


@pytest.fixture
def plane(database: Database, world: World, client: "redis.Redis") -> ControlPlane:
    operations = Operations(operator=database.engine("awgp_operator"), transport=client)
    return open_control_plane(database, world, operations=operations)


def by_holding(
    plane: ControlPlane, method: str, path: str, body: Any = None, *, if_match: str | None = None
) -> TestResponse:
    headers = {"Authorization": f"Bearer {HANA}", "AWGP-Tenant": "acme"}
    headers |= {} if if_match is None else {"If-Match": if_match}
    return plane.app.test_client().open(path, method=method, headers=headers, json=body)


def queue_of(answer: Any, name: str = "policy") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in answer["items"] if each["queue"] == name)
    return found


def wait_in_policy(database: Database, tenant: TenantWorld, count: int) -> None:
    for _ in range(count):
        submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 1})


def records(database: Database, tenant_id: UUID) -> list[dict[str, Any]]:
    with database.admin.connect() as connection:
        return [
            row[0]
            for row in connection.execute(
                text(
                    "SELECT record FROM awgp.audit_pending WHERE tenant_id = :tenant"
                    " AND record ->> 'action' LIKE 'ops:queue:%' ORDER BY pending_id"
                ),
                {"tenant": tenant_id},
            )
        ]


def test_a_tenant_sees_its_share_and_the_holding_all_and_each(
    plane: ControlPlane, database: Database, world: World
) -> None:
    wait_in_policy(database, world.acme, 2)
    wait_in_policy(database, world.globex, 3)

    own = plane.get("/v1/queues", OPERATOR).get_json()
    assert own["scope"] == "tenant"
    assert (queue_of(own)["depth"], queue_of(own)["tenants"]) == (2, [])
    other = plane.get("/v1/queues", FOREIGN).get_json()
    assert queue_of(other)["depth"] == 3

    whole = by_holding(plane, "GET", "/v1/queues").get_json()
    assert whole["scope"] == "machine"
    found = queue_of(whole)
    assert found["depth"] == 5
    assert [(each["tenant"], each["depth"]) for each in found["tenants"]] == [
        ("globex", 3),
        ("acme", 2),
    ]


@pytest.mark.parametrize("bearer", [ADMIN, OPERATOR, AUDITOR, machine("acme")])
@pytest.mark.parametrize("verb", ["pause", "resume", "drain"])
def test_nobody_of_a_tenant_changes_a_queue(
    plane: ControlPlane, database: Database, bearer: str, verb: str
) -> None:
    refused = send(plane, "POST", f"/v1/queues/policy/{verb}", bearer, WHY)
    assert refused.status_code == 403
    scaled = send(plane, "PUT", "/v1/queues/policy/scale", bearer, {"processes": 9, **WHY})
    assert scaled.status_code == 403
    assert state_of(database) is QueueState.RUNNING


def test_the_holding_pauses_and_resumes_on_record_in_its_own_trail(
    plane: ControlPlane, database: Database
) -> None:
    holding = add_holding(database)
    paused = by_holding(plane, "POST", "/v1/queues/policy/pause", WHY)
    assert (paused.status_code, paused.get_json()["state"]) == (200, "paused")
    assert paused.get_json()["reason"] == "kernel upgrade"
    resumed = by_holding(plane, "POST", "/v1/queues/policy/resume", {"reason": "done"})
    assert resumed.get_json()["state"] == "running"

    found = records(database, holding)
    assert [each["action"] for each in found] == ["ops:queue:paused", "ops:queue:resumed"]
    assert {each["actor"]["type"] for each in found} == {"person"}
    assert found[0]["metadata"] == {"reason": "kernel upgrade"}
    assert found[0]["actor"]["id"] == paused.get_json()["changed_by"]
    assert paused.get_json()["changed_by_name"] is not None
    seen_by_others = plane.get("/v1/queues/policy", OPERATOR).get_json()
    assert seen_by_others["changed_by_name"] is None


def test_a_drain_does_not_wait_and_the_relay_ends_it(
    plane: ControlPlane, database: Database, world: World, client: "redis.Redis"
) -> None:
    holding = add_holding(database)
    wait_in_policy(database, world.acme, 1)
    begun = by_holding(plane, "POST", "/v1/queues/policy/drain", WHY).get_json()
    assert (begun["state"], begun["drain_left"]) == ("draining", 1)

    keeper = QueueKeeper(database.engine("awgp_relay"), client, clock=Clock())
    keeper.keep()
    assert state_of(database) is QueueState.DRAINING
    with database.admin.begin() as connection:
        connection.execute(text("DELETE FROM awgp.handoffs"))
    keeper.keep()

    assert state_of(database) is QueueState.PAUSED
    shown = by_holding(plane, "GET", "/v1/queues/policy").get_json()
    assert (shown["state"], shown["drain_left"]) == ("paused", None)
    ended = records(database, holding)[-1]
    assert (ended["action"], ended["actor"]["type"]) == ("ops:queue:paused", "system")


def test_a_number_of_processes_is_edited_as_it_was_seen(
    plane: ControlPlane, database: Database
) -> None:
    holding = add_holding(database)
    path = "/v1/queues/execute/scale"
    wish = {"processes": 3, "reason": "quarter's end"}
    seen = by_holding(plane, "GET", "/v1/queues/execute")
    assert problem(by_holding(plane, "PUT", path, wish))[:2] == (428, "precondition-missing")

    etag = seen.headers["ETag"]
    scaled = by_holding(plane, "PUT", path, wish, if_match=etag)
    assert scaled.get_json()["wanted"]["processes"] == 3
    again = by_holding(plane, "PUT", path, wish | {"processes": 5}, if_match=etag)
    assert problem(again)[:2] == (412, "precondition-failed")
    assert records(database, holding)[-1]["after"] == {"processes": 3}
    too_many = by_holding(plane, "PUT", path, wish | {"processes": 65}, if_match=etag)
    assert too_many.status_code == 422


def test_workers_are_counted_and_without_the_broker_nobody_can_say(
    plane: ControlPlane, client: "redis.Redis"
) -> None:
    beat = WorkerBeat(
        host="one", pid=1, queues=("policy",), in_flight={}, done=0, started_at=STARTED
    )
    client.set(beat_key("one", 1), beat_value(beat))
    assert queue_of(plane.get("/v1/queues", OPERATOR).get_json())["workers"] == 1
    client.connection_pool.disconnect()
    services_without = Operations(operator=None, transport=None)
    alone = open_control_plane(plane.database, plane.world, operations=services_without)
    answer = alone.get("/v1/queues", OPERATOR).get_json()
    assert queue_of(answer)["workers"] is None
    assert answer["broker"] is not None
    refused = by_holding(alone, "GET", "/v1/queues")
    assert problem(refused)[:2] == (503, "machine-unmanaged")
    assert alone.get("/v1/queues/history", OPERATOR).get_json()["items"] == []


def test_depth_over_time_is_sampled_by_one_relay_and_each_sees_their_own(
    plane: ControlPlane, database: Database, world: World, client: "redis.Redis"
) -> None:
    wait_in_policy(database, world.acme, 2)
    wait_in_policy(database, world.globex, 1)
    for _ in range(2):  # two relays: the second finds that it was done
        QueueKeeper(database.engine("awgp_relay"), client, clock=Clock()).keep()
    assert client.xlen(KEY) == 1

    def depth(answer: Any) -> list[int]:
        assert answer["step_seconds"] == 10
        return [queue["depth"] for each in answer["items"] for queue in each["queues"][:1]]

    path = "/v1/queues/history?minutes=10"
    assert depth(plane.get(path, OPERATOR).get_json()) == [2]
    assert depth(plane.get(path, FOREIGN).get_json()) == [1]
    assert depth(by_holding(plane, "GET", path).get_json()) == [3]
    assert plane.get("/v1/queues/history?minutes=99999", OPERATOR).status_code == 422
    client.flushall()
    assert plane.get(path, OPERATOR).get_json()["items"] == []


@pytest.fixture
def dead(database: Database, world: World, tmp_path: Path) -> list[UUID]:
    """Five runs of acme's that were given up and sealed, one of globex's."""
    found = []
    for tenant in (*[world.acme] * 5, world.globex):
        run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 1})
        fail(database, tenant, run_id)
        found.append(run_id)
    seal_all(database, make_signer(tmp_path), world.acme, world.globex)
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.runs SET sealed_at = now() WHERE status = 'failed'"))
        connection.execute(text("DELETE FROM awgp.handoffs"))
    return found


def test_dead_letters_are_listed_page_by_page_within_the_tenant(
    plane: ControlPlane, dead: list[UUID]
) -> None:
    first = plane.get("/v1/dead-letters?limit=3", OPERATOR).get_json()
    second = plane.get(f"/v1/dead-letters?limit=3&cursor={first['next']}", OPERATOR).get_json()
    runs = [each["run_id"] for each in (*first["items"], *second["items"])]
    assert runs == [str(each) for each in reversed(dead[:5])]
    assert second["next"] is None
    assert first["items"][0]["run_status"] == "failed"
    assert len(plane.get("/v1/dead-letters", FOREIGN).get_json()["items"]) == 1
    assert plane.get("/v1/dead-letters?stage=hold", OPERATOR).get_json()["items"] == []
    assert plane.get("/v1/dead-letters?assistant=nobody", OPERATOR).get_json()["items"] == []
    foreign = plane.get(f"/v1/dead-letters/{first['items'][0]['id']}", FOREIGN)
    assert problem(foreign)[:2] == (404, "dead-letter-not-found")
    assert len(by_holding(plane, "GET", "/v1/dead-letters").get_json()["items"]) == 5


def test_one_is_replayed_once_and_one_is_discarded_with_their_reasons(
    plane: ControlPlane, database: Database, dead: list[UUID]
) -> None:
    newest, second, *_ = plane.get("/v1/dead-letters", OPERATOR).get_json()["items"]
    replayed = send(plane, "POST", f"/v1/dead-letters/{newest['id']}/replay", OPERATOR, WHY)
    assert (replayed.status_code, replayed.get_json()["state"]) == (202, "replayed")
    assert replayed.get_json()["run_status"] == "received"
    again = send(plane, "POST", f"/v1/dead-letters/{newest['id']}/replay", OPERATOR, WHY)
    assert problem(again)[:2] == (409, "dead-letter-not-open")
    put_aside = send(plane, "POST", f"/v1/dead-letters/{second['id']}/discard", OPERATOR, WHY)
    assert put_aside.get_json()["state"] == "discarded"
    with database.admin.connect() as connection:
        why = connection.execute(
            text(
                "SELECT record -> 'metadata' ->> 'why' FROM awgp.audit_pending"
                " WHERE record ->> 'action' = 'policy:run:received'"
            )
        ).scalar_one()
    assert why == WHY["reason"]
    assert len(plane.get("/v1/dead-letters", OPERATOR).get_json()["items"]) == 3
    refused = send(plane, "POST", f"/v1/dead-letters/{second['id']}/replay", machine("acme"), WHY)
    assert problem(refused)[:2] == (403, "person-needed")


def test_many_are_done_a_call_at_a_time_until_none_is_left(
    plane: ControlPlane, dead: list[UUID]
) -> None:
    body: dict[str, Any] = {"stage": "policy", "limit": 2, **WHY}
    done, left = [], []
    cursor: str | None = None
    while True:
        answer = send(
            plane, "POST", "/v1/dead-letters/replay", OPERATOR, body | {"cursor": cursor}
        ).get_json()
        done.append(answer["done"])
        left.append(answer["left"])
        cursor = answer["next"]
        if cursor is None:
            break
    assert (done, left) == ([2, 2, 1], [3, 1, 0])
    assert plane.get("/v1/dead-letters?state=replayed", OPERATOR).get_json()["items"][0]
    assert len(plane.get("/v1/dead-letters", FOREIGN).get_json()["items"]) == 1


class Clock:
    """A clock that is a minute later at every look."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 60.0
        return self._now


def state_of(database: Database, queue: Stage = Stage.POLICY) -> QueueState:
    with database.admin.connect() as connection:
        return QueueState(
            connection.execute(
                text("SELECT state FROM awgp.queue_states WHERE queue = :queue"),
                {"queue": queue.value},
            ).scalar_one()
        )
