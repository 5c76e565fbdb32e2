"""Runs asked for by people and machines: who may, of which tenant, and what they see of them."""

import time
from typing import Any

import pytest
from joserfc import jwt
from sqlalchemy import text

from tests.integration.conftest import Database
from tests.integration.door import KEY, Door, bearer, held_key, nothing_left_behind, problem
from tests.integration.world import ISSUER, World

EVENT = b'{"amount_cents": 1234, "country": "DE"}'
# What the later stages write, as far as a reader sees it.
LIVED = """
    WITH asked AS (
        SELECT convert_to(
            '{"requirement": {"rules": [{"quorum": 1, "groups": ["approver"]}]}}', 'UTF8') AS it),
    action AS (
        INSERT INTO awgp.actions (tenant_id, run_id, epoch, action_digest, action)
        SELECT :tenant, :run, 1, sha256('\\x617767702e616374696f6e2e763100'::bytea || it), it
        FROM asked RETURNING *),
    approval AS (
        INSERT INTO awgp.approvals (tenant_id, approval_id, run_id, epoch, action_digest,
            requirement, expires_at)
        SELECT tenant_id, gen_random_uuid(), run_id, 1, action_digest,
            convert_from(action, 'UTF8')::jsonb -> 'requirement', now() + interval '1 day'
        FROM action),
    execution AS (
        INSERT INTO awgp.executions (tenant_id, execution_id, run_id, epoch, attempt, fence,
            action_digest, exit_reason, exit_code, result, duration_ms, finished_at)
        SELECT tenant_id, gen_random_uuid(), run_id, 1, 1, 1, action_digest, 'exited', 0,
            CAST(:result AS bytea), 12, now() FROM action)
    INSERT INTO awgp.deliveries (tenant_id, delivery_id, run_id, epoch, position, attempt,
        target_id, target_version, idempotency_key, outcome, status_code, duration_ms,
        attempted_at)
    SELECT a.tenant_id, gen_random_uuid(), a.run_id, 1, 0, 1, t.target_id, 1, 'k', 'retry', 500,
        3, now() FROM action a JOIN awgp.targets t USING (tenant_id)"""


@pytest.fixture
def door(database: Database, world: World) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


def test_an_idempotency_key_in_flight_is_a_conflict(door: Door, world: World) -> None:
    scope = f"person:{world.acme.persons['ada']}"
    with held_key(door, world, scope, "k1") as other:
        response = door.ask({"assistant": "booker", "payload": {}}, {"Idempotency-Key": "k1"})
        assert problem(response) == (409, "request-in-flight")
        other.rollback()


def test_a_person_asks_for_a_run_and_sees_how_it_fares(door: Door, world: World) -> None:
    payload = {"b": 1, "a": {"é": 12345678901234567890}}
    response = door.ask({"assistant": "booker", "payload": payload})
    assert response.status_code == 202
    run = response.get_json()["run"]
    assert door.stored_payload(run) == '{"a":{"é":12345678901234567890},"b":1}'.encode()
    (record,) = door.audit_of(run)
    assert record["actor"] == {"type": "person", "id": str(world.acme.persons["ada"])}

    shown = door.client.get(response.headers["Location"], headers=bearer())
    assert shown.status_code == 200
    found = shown.get_json()
    assert found["run"] == run
    assert (found["tenant"], found["assistant"], found["status"], found["epoch"]) == (
        "acme",
        "booker",
        "received",
        1,
    )
    assert (found["approval"], found["execution"], found["deliveries"]) == (None, None, [])
    same = door.client.get(
        response.headers["Location"], headers=bearer() | {"If-None-Match": shown.headers["ETag"]}
    )
    assert (same.status_code, same.data) == (304, b"")


def test_a_key_makes_asking_twice_safe_and_none_makes_two_runs(door: Door, world: World) -> None:
    body = {"assistant": "booker", "payload": {"amount_cents": 1}}
    key = {"Idempotency-Key": "k1"}
    first = door.ask(body, key)
    assert door.ask(body, key).data == first.data
    assert problem(door.ask(body | {"payload": {}}, key)) == (422, "idempotency-key-reused")
    assert door.ask(body).get_json()["run"] != door.ask(body).get_json()["run"]


def test_a_newcomers_first_request_makes_one_person_and_a_machine_is_none(
    door: Door, world: World
) -> None:
    before = door.counts()["persons"]
    body = {"assistant": "booker", "payload": {}}
    for _ in range(2):
        assert door.ask(body, subject="newcomer").status_code == 202
    machine = {"sub": "robot", "azp": "robot", "groups": [], "tenant": "acme"}
    response = door.client.post("/v1/runs", json=body, headers=_machine(machine))
    assert response.status_code == 202
    assert door.counts()["persons"] == before + 2
    (record,) = door.audit_of(response.get_json()["run"])
    assert record["actor"]["type"] == "client"


def _machine(claims: dict[str, Any]) -> dict[str, str]:
    claims = {"iss": ISSUER, "aud": "awgp", "exp": int(time.time()) + 60} | claims
    encoded = jwt.encode({"alg": "RS256", "kid": "test", "typ": "at+jwt"}, claims, KEY)
    return {"Authorization": f"Bearer {encoded}"}


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"assistant": "nobody", "payload": {}}, "assistant", "assistant-unknown"),
        ({"assistant": "a\x00b", "payload": {}}, "assistant", "request-invalid"),
        ({"assistant": 7, "payload": {}}, "assistant", "request-invalid"),
        ({"payload": {}}, "assistant", "request-invalid"),
        ({"assistant": "booker"}, "payload", "request-invalid"),
        ({"assistant": "booker", "payload": []}, "payload", "request-invalid"),
        ({"assistant": "booker", "payload": {}, "more": 1}, "more", "request-invalid"),
        ([], "body", "json-not-an-object"),
    ],
)
def test_a_wrong_member_is_named(
    door: Door, world: World, body: Any, field: str, expected: str
) -> None:
    with nothing_left_behind(door):
        response = door.ask(body, subject="stranger")
        assert problem(response) == (422, expected)
        assert response.get_json()["field"] == field


def test_the_other_tenants_assistants_and_runs_are_not_there(door: Door, world: World) -> None:
    with door.admin.begin() as connection:
        connection.execute(
            text("UPDATE awgp.assistants SET name = 'theirs' WHERE tenant_id = :tenant"),
            {"tenant": world.globex.tenant_id},
        )
    run = door.hook(world.globex, EVENT).get_json()["run"]
    with nothing_left_behind(door):
        assert problem(door.ask({"assistant": "theirs", "payload": {}})) == (
            422,
            "assistant-unknown",
        )
        theirs = door.client.get(f"/v1/runs/{run}", headers=bearer())
        nobodys = door.client.get(f"/v1/runs/{'0' * 8}{run[8:]}", headers=bearer())
    assert problem(theirs) == problem(nobodys) == (404, "run-not-found")


@pytest.mark.parametrize(
    ("groups", "header", "expected"),
    [
        ([], None, (403, "tenant-forbidden")),
        (["acme-operators"], "globex", (403, "tenant-forbidden")),
        (["nowhere-admins"], None, (403, "tenant-forbidden")),
        (["acme-operators", "globex-admins"], None, (400, "tenant-not-chosen")),
        (["acme-operators"], "a\tb", (403, "tenant-forbidden")),
    ],
)
def test_a_tenant_is_asked_for_only_by_who_belongs_to_it(
    door: Door, world: World, groups: list[str], header: str | None, expected: tuple[int, str]
) -> None:
    chosen = {} if header is None else {"AWGP-Tenant": header}
    with nothing_left_behind(door):
        asked = door.ask({"assistant": "booker", "payload": {}}, chosen, groups=groups)
        assert problem(asked) == expected


def test_who_belongs_to_several_tenants_names_one(door: Door, world: World) -> None:
    groups = ["acme-operators", "globex-admins"]
    chosen = {"AWGP-Tenant": "globex"}
    response = door.ask({"assistant": "booker", "payload": {}}, chosen, groups=groups)
    location = response.headers["Location"]
    shown = door.client.get(location, headers=bearer(groups=groups) | chosen)
    assert shown.get_json()["tenant"] == "globex"
    other = door.client.get(location, headers=bearer(groups=groups) | {"AWGP-Tenant": "acme"})
    assert problem(other) == (404, "run-not-found")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, bearer(exp=1)])
def test_without_a_token_that_counts_nothing_is_asked_or_shown(
    door: Door, world: World, headers: dict[str, str]
) -> None:
    with nothing_left_behind(door):
        for response in (
            door.client.post("/v1/runs", json={}, headers=headers),
            door.client.get(f"/v1/runs/{world.acme.source_id}", headers=headers),
        ):
            assert problem(response) == (401, "bearer-invalid")
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


RESULTS = [
    (b'{"booked": 1}', {"booked": 1}),
    (b"not json", None),
    (b"[" * 100, None),
    (b'"' + b"x" * 20_000 + b'"', None),
    (None, None),
]


@pytest.mark.parametrize(("result", "shown"), RESULTS)
def test_a_run_shows_its_approval_execution_and_deliveries(
    door: Door, world: World, result: bytes | None, shown: Any
) -> None:
    run = door.hook(world.acme, EVENT).get_json()["run"]
    with door.admin.begin() as connection:
        connection.execute(
            text(LIVED), {"tenant": world.acme.tenant_id, "run": run, "result": result}
        )
    found = door.client.get(f"/v1/runs/{run}", headers=bearer()).get_json()

    assert found["approval"]["status"] == "open"
    assert found["execution"]["exit_reason"] == "exited"
    assert found["execution"]["result"] == shown
    assert found["execution"]["result_bytes"] == (None if result is None else len(result))
    assert [each["outcome"] for each in found["deliveries"]] == ["retry"]
    assert found["deliveries"][0]["target"] == str(world.acme.target_id)
