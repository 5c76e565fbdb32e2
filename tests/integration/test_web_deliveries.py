"""Deliveries over the API: looked at, tried, counted and sent again, each under the id it had."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.fairness import FairTurns
from actors.resend import Resender
from actors.sender import Sender
from pipeline.courier import Courier
from pipeline.ids import uuid7
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.receiver import Receiver, Reply, start_receiver
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
from tests.integration.stages import rows
from tests.integration.test_post_action import deliver, executed_run, set_targets, where
from tests.integration.world import KEYRING, TenantWorld, World

pytestmark = pytest.mark.services

ONE = "/v1/targets/target-0"
PREVIEW = "/v1/deliveries/replay/preview"
REPLAY = "/v1/deliveries/replay"
WHY = "they lost it"


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as started:
        yield started


def work_off(database: Database, tenant: TenantWorld) -> int:
    """What is due now, as the relay and a worker would; what that makes due is left."""
    outbox = database.outbox("awgp_worker")
    sender = Sender(outbox, Courier(timeout_seconds=10), FairTurns())
    resender = Resender(outbox, KEYRING, sender, max_attempts=3)
    due = rows(
        database,
        tenant,
        "UPDATE due SET sends = sends + 1 WHERE kind = 'post_action.resend'"
        " AND next_send_at <= clock_timestamp() RETURNING due_id",
    )
    for row in due:
        resender.resend(tenant.tenant_id, row[0])
    return len(due)


def plan(plane: ControlPlane, which: Mapping[str, Any], bearer: str = OPERATOR) -> Any:
    return send(plane, "POST", PREVIEW, bearer, which).get_json()


def test_a_run_that_failed_on_its_way_out_is_delivered_after_all_in_its_order(
    plane: ControlPlane, database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    set_targets(database, tenant, [f"{receiver.url}/first", f"{receiver.url}/second"])
    run_id = executed_run(database, tenant)
    receiver.answer(Reply(status=400, body=b"no \xff<b>"))
    deliver(database, tenant, run_id)
    assert where(database, tenant, run_id) == "failed"

    listed = plane.get(f"/v1/deliveries?run={run_id}", AUDITOR).get_json()["items"]
    assert [(each["target"], each["outcome"]) for each in listed] == [("target-0", "refused")]
    shown = plane.get(f"/v1/deliveries/{listed[0]['id']}", AUDITOR).get_json()
    assert (shown["response"], shown["url"]) == ("no \ufffd<b>", f"{receiver.url}/first")
    assert problem(plane.get(f"/v1/deliveries/{uuid7()}", AUDITOR))[:2] == (
        404,
        "delivery-not-found",
    )

    which = {"delivery": listed[0]["id"]}
    seen = plan(plane, which)
    assert (seen["count"], seen["skipped"]) == (1, 0)
    receiver.answer(Reply(status=503), Reply())
    again = which | {"count": 1, "reason": WHY}
    assert send(plane, "POST", REPLAY, OPERATOR, again).get_json() == {"replayed": 1}
    # It is under way, so that a second one is not.
    assert plan(plane, which) | {"first": []} == {
        "count": 0,
        "skipped": 1,
        "most": 1000,
        "first": [],
    }
    assert problem(send(plane, "POST", REPLAY, OPERATOR, again))[:2] == (409, "replay-refused")
    assert work_off(database, tenant) == 1  # not yet, says the receiver
    assert work_off(database, tenant) == 0
    rows(database, tenant, "UPDATE due SET next_send_at = clock_timestamp() RETURNING 1")
    assert work_off(database, tenant) == 1
    assert work_off(database, tenant) == 1  # the second target, which had its turn to come

    assert [each.path for each in receiver.received] == ["/first", "/first", "/first", "/second"]
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert ids == [f"msg_{run_id.hex}_0"] * 3 + [f"msg_{run_id.hex}_1"]
    attempts = plane.get(f"/v1/deliveries?run={run_id}", AUDITOR).get_json()["items"]
    found = [(each["attempt"], each["outcome"], each["replayed"]) for each in reversed(attempts)]
    assert found == [
        (1, "refused", False),
        (2, "retry", True),
        (3, "delivered", True),
        (1, "delivered", True),
    ]
    assert where(database, tenant, run_id) == "failed"
    with database.admin.connect() as connection:
        said = connection.exec_driver_sql(
            "SELECT record -> 'metadata' FROM awgp.audit_pending"
            " WHERE record ->> 'action' = 'post_action:delivery:replayed'"
        ).scalar_one()
    assert (said["count"], said["reason"]) == (1, WHY)


def test_a_filter_a_time_range_and_a_count_say_what_is_sent_again(
    plane: ControlPlane, database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    set_targets(database, tenant, [receiver.url])
    runs = [executed_run(database, tenant) for _ in range(2)]
    assert plan(plane, {"run": str(runs[0])})["count"] == 0
    for run_id in runs:
        deliver(database, tenant, run_id)
    rows(
        database,
        tenant,
        "UPDATE deliveries SET attempted_at = attempted_at - interval '1 hour' WHERE run_id = :run"
        " RETURNING 1",
        run=runs[0],
    )
    half = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    assert plan(plane, {"target": "target-0"})["count"] == 2
    assert plan(plane, {"target": "target-0", "outcome": "refused"})["count"] == 0
    assert plan(plane, {"target": "other"})["count"] == 0
    assert plan(plane, {"since": half})["first"][0]["run_id"] == str(runs[1])
    assert plan(plane, {"until": half})["first"][0]["run_id"] == str(runs[0])
    assert plan(plane, {"target": "target-0"}, FOREIGN)["count"] == 0
    assert problem(send(plane, "POST", PREVIEW, OPERATOR, {}))[:2] == (409, "replay-refused")

    body = {"target": "target-0", "count": 1, "reason": WHY}
    assert problem(send(plane, "POST", REPLAY, OPERATOR, body))[:2] == (409, "replay-refused")
    assert send(plane, "POST", REPLAY, OPERATOR, body | {"count": 2}).status_code == 202
    assert work_off(database, tenant) == 2
    first, second = receiver.received[:2], receiver.received[2:]
    key = "webhook-id"
    assert [e.headers[key] for e in first] == [e.headers[key] for e in second]
    assert [e.body for e in first] == [e.body for e in second]


def test_a_test_is_shown_byte_for_byte_and_sent_as_it_was_shown(
    plane: ControlPlane, database: Database, world: World, receiver: Receiver
) -> None:
    tenant = world.acme
    private = {"allow_private": True}
    draft = {"url": receiver.url, "settings": private, "template": "{{ result.x }}"}
    seen = send(plane, "POST", "/v1/targets/preview", ADMIN, draft).get_json()
    assert seen["problem"] == "the template failed: 'dict object' has no attribute 'x'"
    new = draft | {
        "name": "chat",
        "template": '{"said": {{ result.booked }}, "type": {{ type | tojson }} }',
        "settings": private | {"header": "X-Key"},
        "header_value": "a-value-of-mine",
    }
    made = send(plane, "POST", "/v1/targets", ADMIN, new).get_json()
    assert (made["header_value"], made["secret"][:6]) == (None, "whsec_")
    assert "a-value-of-mine" not in str(plane.get("/v1/targets/chat", ADMIN).get_json())

    of = {"result": {"booked": 7}}
    assert problem(send(plane, "POST", "/v1/targets/chat/test", ADMIN))[2] == "template"
    seen = send(plane, "POST", "/v1/targets/chat/preview", ADMIN, of).get_json()
    assert seen["body"] == '{"said": 7, "type": "target.test" }'
    assert seen["headers"]["X-Key"].startswith("(the value")
    asked = send(plane, "POST", "/v1/targets/chat/test", ADMIN, of)
    assert asked.status_code == 202
    assert work_off(database, tenant) == 1
    (got,) = receiver.received
    test_id = UUID(asked.get_json()["id"])
    assert got.body.decode() == seen["body"] == asked.get_json()["preview"]["body"]
    assert got.headers["X-Key"] == "a-value-of-mine"
    assert got.headers["webhook-id"] == f"test_{test_id.hex}"
    (shown,) = plane.get("/v1/targets/chat", AUDITOR).get_json()["tests"]
    assert (shown["status"], shown["status_code"], shown["response"]) == ("delivered", 200, "ok")
    assert problem(send(plane, "POST", "/v1/targets/chat/test", OPERATOR, of))[1] == "role-missing"


def test_a_target_is_switched_off_and_on_and_its_header_replaced(
    plane: ControlPlane, database: Database, world: World
) -> None:
    settings = {"header": "X-Key", "retry_seconds": [], "circuit": {"failures": 3}}
    new = {"name": "target-0", "url": "https://chat.example/", "settings": settings}
    made = send(plane, "POST", "/v1/targets", ADMIN, new).get_json()
    assert len(made["header_value"]) > 40
    body = {"header_value": "another-value"}
    replaced = edit(plane, "POST", f"{ONE}/header", ADMIN, body, of=ONE)
    assert replaced.get_json()["header_value"] is None
    assert len(edit(plane, "POST", f"{ONE}/header", ADMIN, of=ONE).get_json()["header_value"]) > 40
    assert len(recorded(database, world.acme, "setup:target_header:replaced")) == 2

    off = edit(plane, "POST", f"{ONE}/disable", ADMIN, {"reason": "moves house"}, of=ONE)
    assert off.get_json()["disabled_because"] == "moves house"
    on = edit(plane, "POST", f"{ONE}/enable", ADMIN, of=ONE).get_json()
    assert (on["disabled_at"], on["circuit"]["standing"]) == (None, "closed")
    assert (
        problem(edit(plane, "POST", f"{ONE}/disable", OPERATOR, {"reason": "x"}, of=ONE))[1]
        == "role-missing"
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"settings": {"header": "Host"}}, "settings.header"),
        ({"settings": {"content_type": "text/plain"}}, "settings.content_type"),
        ({"settings": {"timeout_seconds": 61}}, "settings.timeout_seconds"),
        ({"settings": {"retry_seconds": [0]}}, "settings.retry_seconds.0"),
        ({"settings": {"circuit": {"failures": 0}}}, "settings.circuit.failures"),
        ({"template": "{{ oops"}, "template"),
        ({"template": "{{ range(9) }}"}, "template"),
        ({"header_value": "long-enough"}, "header_value"),
        ({"settings": {"header": "X-K"}, "header_value": "not\nthis-one"}, "header_value"),
    ],
)
def test_what_cannot_be_kept_is_named(
    plane: ControlPlane, change: dict[str, object], field: str
) -> None:
    new = {"name": "chat", "url": "https://chat.example/hook"}
    for path in ("/v1/targets", "/v1/targets/preview"):
        body = new | change if path == "/v1/targets" else {"url": new["url"]} | change
        assert problem(send(plane, "POST", path, ADMIN, body)) == (422, "request-invalid", field)
