"""Targets over the API: addresses judged, secrets told once, versions kept."""

import json
from uuid import UUID

import pytest

from pipeline.envelope import KeyRing
from pipeline.ids import uuid7
from pipeline.registry import TARGET_SECRET
from tests.integration.conftest import Database
from tests.integration.control_plane import KEK, ControlPlane, open_control_plane
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    OPERATOR,
    edit,
    problem,
    recorded,
    send,
)
from tests.integration.world import World

pytestmark = pytest.mark.services

ONE = "/v1/targets/ledger"
NEW = {"name": "chat", "url": "https://chat.example/hook"}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def secret_of(database: Database, world: World, target_id: str) -> str:
    with database.admin.connect() as connection:
        secret_id, envelope = connection.exec_driver_sql(
            "SELECT secret_id, envelope FROM awgp.target_secrets WHERE target_id = %s",
            (UUID(target_id),),
        ).one()
    ring = KeyRing.from_text(KEK)
    opened = ring.open(
        bytes(envelope),
        tenant_id=world.acme.tenant_id,
        row_id=secret_id,
        purpose=TARGET_SECRET,
    )
    return opened.hex()


def test_a_secret_is_told_once_and_it_is_the_one_that_signs(
    plane: ControlPlane, database: Database, world: World
) -> None:
    made = send(plane, "POST", "/v1/targets", ADMIN, NEW)
    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    before = secret_of(database, world, made.get_json()["id"])
    assert "secret" not in plane.get("/v1/targets/chat", ADMIN).get_json()
    rotated = edit(plane, "POST", "/v1/targets/chat/secret", ADMIN, of="/v1/targets/chat")
    assert rotated.status_code == 200
    assert rotated.get_json()["secret"] != made.get_json()["secret"]
    assert secret_of(database, world, made.get_json()["id"]) != before
    ((was, now),) = recorded(database, world.acme, "setup:target_secret:replaced")
    assert was["secret"] != now["secret"]
    assert "whsec" not in json.dumps([was, now])


def test_a_new_version_keeps_the_secret_and_the_old_version(
    plane: ControlPlane, database: Database, world: World
) -> None:
    before = secret_of(database, world, str(world.acme.target_id))
    body = {"url": "https://ledger.example/v2", "settings": {"retry_status": [404]}}
    saved = edit(plane, "POST", f"{ONE}/versions", ADMIN, body, of=ONE).get_json()
    assert (saved["version"], saved["url"]) == (2, body["url"])
    assert [each["version"] for each in saved["versions"]] == [2, 1]
    assert secret_of(database, world, str(world.acme.target_id)) == before
    assert edit(plane, "POST", f"{ONE}/versions", ADMIN, body, of=ONE).get_json()["version"] == 2


def test_health_is_told_by_the_last_deliveries(plane: ControlPlane, world: World) -> None:
    approval = plane.held()
    for attempt, outcome in enumerate(("retry", "retry", "delivered"), start=1):
        with plane.outbox("awgp_worker").work(world.acme.tenant_id) as work:
            work.execute(
                "INSERT INTO deliveries (tenant_id, delivery_id, run_id, epoch, position, attempt,"
                " target_id, target_version, idempotency_key, outcome, duration_ms, attempted_at)"
                " VALUES (:tenant, :id, :run, 1, 0, :attempt, :target, 1, 'k', :outcome, :attempt,"
                " clock_timestamp())",
                tenant=world.acme.tenant_id,
                id=uuid7(),
                run=approval["run_id"],
                attempt=attempt,
                target=world.acme.target_id,
                outcome=outcome,
            )
    health = plane.get("/v1/targets", AUDITOR).get_json()["items"][0]["health"]
    assert (health["counted"], health["delivered"], health["retried"]) == (3, 1, 2)
    assert health["typical_ms"] == 2
    shown = plane.get(ONE, AUDITOR).get_json()
    assert [each["outcome"] for each in shown["deliveries"]] == ["delivered", "retry", "retry"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://chat.example/hook"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "http://169.254.169.254/", "settings": {"allow_private": True}}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://me:secret@chat.example/"}, "url"),
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": {"retry_status": [9]}}, "settings.retry_status.0"),
        ({"settings": {"expect": {"status": ["x"]}}}, "settings.expect.status.0"),
        ({"name": "Chat"}, "name"),
    ],
)
def test_what_cannot_be_kept_is_named_and_not_kept(
    plane: ControlPlane, change: dict[str, object], field: str
) -> None:
    answer = send(plane, "POST", "/v1/targets", ADMIN, NEW | change)
    assert problem(answer) == (422, "request-invalid", field)
    assert plane.get("/v1/targets/chat", ADMIN).status_code == 404


def test_a_target_in_use_stays_and_one_that_is_not_goes(plane: ControlPlane) -> None:
    assert problem(edit(plane, "DELETE", ONE, ADMIN, of=ONE))[:2] == (409, "still-in-use")
    assert send(plane, "POST", "/v1/targets", ADMIN, NEW).status_code == 201
    assert problem(send(plane, "POST", "/v1/targets", ADMIN, NEW))[:2] == (409, "name-taken")
    gone = edit(plane, "DELETE", "/v1/targets/chat", ADMIN, of="/v1/targets/chat")
    assert gone.get_json()["removed"] is True
    assert plane.get("/v1/targets/chat", ADMIN).status_code == 404
    again = send(plane, "POST", "/v1/targets", ADMIN, NEW).get_json()
    assert (again["version"], again["id"]) == (2, gone.get_json()["id"])


def test_where_data_leaves_is_an_admins_to_say_in_their_own_tenant(plane: ControlPlane) -> None:
    assert problem(send(plane, "POST", "/v1/targets", OPERATOR, NEW))[1] == "role-missing"
    assert send(plane, "POST", "/v1/targets", ADMIN, NEW).status_code == 201
    assert plane.get("/v1/targets/chat", FOREIGN).status_code == 404
