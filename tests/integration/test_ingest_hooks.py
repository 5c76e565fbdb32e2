"""The edge over a real database: what is accepted, what is refused, what each leaves behind."""

import hashlib
import hmac
import time

import httpx
import pytest
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import text
from werkzeug.test import TestResponse

from ingest.app import create_app
from pipeline.fast_path import make_fast_path
from pipeline.outbox import Outbox
from pipeline.registry import add_source_secret
from tests.integration.conftest import Database
from tests.integration.door import (
    Door,
    bearer,
    held_key,
    identity_provider,
    nothing_left_behind,
    problem,
    settings,
    signed,
)
from tests.integration.world import KEYRING, World

EVENT = b'{"amount_cents": 1234, "country": "DE"}'
NOBODY = "http://127.0.0.1:1"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def door(database: Database, world: World) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


def test_a_signed_event_becomes_one_run_with_all_that_belongs_to_it(
    door: Door, world: World
) -> None:
    before = door.counts()
    response = door.client.post(
        f"/v1/hooks/{world.acme.source_id}",
        data=EVENT,
        headers=signed(EVENT) | {"traceparent": TRACE},
    )

    assert response.status_code == 202
    run = response.get_json()["run"]
    assert response.get_json() == {
        "run": run,
        "status": "received",
        "links": {"run": f"/v1/runs/{run}"},
    }
    assert response.headers["Location"] == f"/v1/runs/{run}"
    assert door.counts() == {
        **{table: count + 1 for table, count in before.items()},
        "persons": before["persons"],
    }
    assert door.stored_payload(run) == EVENT
    with door.admin.connect() as connection:
        stored = connection.execute(
            text(
                "SELECT r.status, r.traceparent, r.origin, h.stage, h.traceparent, p.digest_key"
                " FROM awgp.runs r JOIN awgp.handoffs h USING (tenant_id, run_id)"
                " JOIN awgp.run_payloads p USING (tenant_id, run_id)"
            )
        ).one()
    assert stored[:2] == ("received", TRACE)
    assert stored[2] == {"kind": "webhook", "scheme": "standard-webhooks", "event": "evt_1"}
    assert stored[3:5] == ("policy", TRACE)
    (record,) = door.audit_of(run)
    assert record["action"] == "ingest:run:received"
    assert record["actor"] == {"type": "source", "id": str(world.acme.source_id)}
    assert record["metadata"] == {
        "assistant": str(world.acme.assistant_id),
        "commitment": hmac.new(bytes(stored[5]), EVENT, hashlib.sha256).hexdigest(),
        "content_type": "application/json",
        "origin": "webhook",
        "size": len(EVENT),
    }
    assert isinstance(door.broker, StubBroker)
    assert door.broker.queues["policy"].qsize() == 1


def test_the_same_event_again_is_the_same_answer_and_the_same_run(door: Door, world: World) -> None:
    first = door.hook(world.acme, EVENT, at=int(time.time()) - 60)
    with nothing_left_behind(door):
        again = door.hook(world.acme, EVENT)
    assert (again.status_code, again.data) == (202, first.data)


def test_the_same_event_id_with_another_body_is_refused(door: Door, world: World) -> None:
    door.hook(world.acme, EVENT)
    with nothing_left_behind(door):
        assert problem(door.hook(world.acme, b'{"amount_cents": 1}')) == (
            422,
            "idempotency-key-reused",
        )


def test_event_ids_of_two_sources_do_not_meet(door: Door, world: World) -> None:
    runs = {door.hook(tenant, EVENT).get_json()["run"] for tenant in (world.acme, world.globex)}
    assert len(runs) == 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"webhook-signature": "v1,AAAA"}, (401, "signature-invalid")),
        ({"webhook-signature": ""}, (401, "signature-invalid")),
        ({"webhook-id": "evt_2"}, (401, "signature-invalid")),
        ({"webhook-timestamp": "1"}, (401, "signature-invalid")),
        ({"Content-Type": "text/plain"}, (415, "media-type-unsupported")),
        ({"Content-Type": "application/json; charset=utf-16"}, (415, "media-type-unsupported")),
        ({"Content-Encoding": "gzip"}, (415, "media-type-unsupported")),
    ],
)
def test_a_changed_header_is_refused_and_leaves_nothing(
    door: Door, world: World, changed: dict[str, str], expected: tuple[int, str]
) -> None:
    with nothing_left_behind(door):
        response = door.client.post(
            f"/v1/hooks/{world.acme.source_id}", data=EVENT, headers=signed(EVENT) | changed
        )
        assert problem(response) == expected


def test_missing_and_wrong_signatures_are_told_apart_by_nobody(door: Door, world: World) -> None:
    path = f"/v1/hooks/{world.acme.source_id}"
    headers = signed(EVENT)
    wrong = [
        {name: value for name, value in headers.items() if name != missing}
        for missing in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    wrong.append(signed(EVENT, secret=b"another"))
    answers = {door.client.post(path, data=EVENT, headers=each).data for each in wrong}
    assert len(answers) == 1


@pytest.mark.parametrize("seconds", [-301, 330, -10_000_000])
def test_a_stale_or_early_timestamp_is_refused(door: Door, world: World, seconds: int) -> None:
    with nothing_left_behind(door):
        response = door.hook(world.acme, EVENT, at=int(time.time()) + seconds)
        assert problem(response) == (401, "signature-invalid")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": "' + b"x" * 4096 + b'"}', (413, "body-too-large")),
        (b'{"a":' * 9 + b"1" + b"}" * 9, (422, "json-too-deep")),
        (b"[" * 4000, (422, "json-too-deep")),
        (b'{"a": 1', (400, "json-invalid")),
        (b"", (400, "json-invalid")),
        (b'{"a": 1, "a": 2}', (400, "json-invalid")),
        (b'{"a": NaN}', (400, "json-invalid")),
        (b'{"a": "\xff"}', (400, "json-invalid")),
        (rb'{"a": "\ud800"}', (400, "json-invalid")),
        (b"[1]", (422, "json-not-an-object")),
        (b"null", (422, "json-not-an-object")),
    ],
)
def test_a_bad_body_is_named_and_leaves_nothing(
    door: Door, world: World, body: bytes, expected: tuple[int, str]
) -> None:
    with nothing_left_behind(door):
        assert problem(door.hook(world.acme, body)) == expected


def test_a_nul_character_is_data_like_any_other(door: Door, world: World) -> None:
    body = rb'{"a": "\u0000"}'
    response = door.hook(world.acme, body)
    assert response.status_code == 202
    assert door.stored_payload(response.get_json()["run"]) == body


def test_an_unknown_source_is_answered_like_a_wrong_signature(door: Door, world: World) -> None:
    with nothing_left_behind(door):
        unknown = door.client.post(
            "/v1/hooks/00000000-0000-0000-0000-000000000000", data=EVENT, headers=signed(EVENT)
        )
        wrong = door.hook(world.acme, EVENT, secret=b"x")
        stale = door.hook(world.acme, EVENT, at=int(time.time()) - 301)
    for each in (unknown, stale):
        assert (each.status_code, each.data) == (wrong.status_code, wrong.data)
        assert {*each.headers.keys()} == {*wrong.headers.keys()}
    door.notebook.flush()


def test_a_source_that_is_switched_off_tells_so_only_to_its_sender(
    door: Door, world: World
) -> None:
    with door.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.sources SET active = false"))
    with nothing_left_behind(door):
        assert problem(door.hook(world.acme, EVENT)) == (403, "source-inactive")
        assert problem(door.hook(world.acme, EVENT, secret=b"x")) == (401, "signature-invalid")


def test_two_secrets_live_while_one_is_rotated_and_an_expired_one_does_not(
    door: Door, world: World, database: Database
) -> None:
    fresh = b"f" * 32
    acme = world.acme
    with Outbox(database.owner, StubBroker(middleware=[])).work(acme.tenant_id) as work:
        add_source_secret(
            work, KEYRING, source_id=acme.source_id, secret=fresh, by=acme.persons["olga"]
        )
    assert door.hook(acme, EVENT, event="old").status_code == 202
    assert door.hook(acme, EVENT, event="new", secret=fresh).status_code == 202

    with door.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.source_secrets SET expires_at = clock_timestamp()"))
    with nothing_left_behind(door):
        assert problem(door.hook(acme, EVENT, event="3", secret=fresh)) == (
            401,
            "signature-invalid",
        )


def test_a_source_removed_since_is_not_there_any_more(door: Door, world: World) -> None:
    assert problem(door.hook(world.acme, b"{", event="warm")) == (400, "json-invalid")
    with door.admin.begin() as connection:
        connection.execute(text("DELETE FROM awgp.sources"))
    assert problem(door.hook(world.acme, EVENT)) == (401, "signature-invalid")


def test_an_event_in_flight_is_asked_to_come_back_and_then_accepted(
    door: Door, world: World
) -> None:
    with held_key(door, world, f"source:{world.acme.source_id}", "evt_1") as other:
        response = door.hook(world.acme, EVENT)
        assert problem(response) == (503, "event-in-flight")
        assert response.headers["Retry-After"] == "1"
        other.rollback()
    assert door.hook(world.acme, EVENT).status_code == 202


def test_accepting_goes_on_without_the_broker(database: Database, world: World) -> None:
    broker = make_fast_path(settings(redis_url="redis://127.0.0.1:1/0"))
    door = Door(database.engine("awgp_ingest"), database.admin, broker=broker)
    for number in range(5):
        assert door.hook(world.acme, EVENT, event=f"evt_{number}").status_code == 202
    assert door.counts()["handoffs"] == 5


def test_without_the_database_callers_are_asked_to_come_back(
    database: Database, world: World
) -> None:
    gone = settings(database_url=f"postgresql://awgp_ingest@{NOBODY.removeprefix('http://')}/x")
    client = create_app(
        gone,
        broker=StubBroker(middleware=[]),
        http=httpx.Client(transport=httpx.MockTransport(identity_provider)),
    ).test_client()
    responses: list[TestResponse] = [
        client.post(f"/v1/hooks/{world.acme.source_id}", data=EVENT, headers=signed(EVENT)),
        client.post("/v1/runs", json={}, headers=bearer()),
        client.get(f"/v1/runs/{world.acme.source_id}", headers=bearer()),
        client.get("/readyz"),
    ]
    for response in responses:
        assert problem(response) == (503, "database-unavailable")
        assert int(response.headers["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200


def test_a_connection_that_died_in_the_pool_costs_nobody_a_request(
    door: Door, world: World
) -> None:
    assert door.hook(world.acme, EVENT, event="1").status_code == 202
    with door.admin.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
                " WHERE usename = 'awgp_ingest' AND datname = current_database()"
            )
        )
    assert door.hook(world.acme, EVENT, event="2").status_code == 202
    assert door.client.get("/readyz").status_code == 200


def test_unknown_paths_and_methods_are_problems_too(door: Door) -> None:
    assert problem(door.client.get("/nowhere")) == (404, "not-found")
    refused = door.client.delete("/v1/runs")
    assert problem(refused) == (405, "method-not-allowed")
    assert "POST" in refused.headers["Allow"]
