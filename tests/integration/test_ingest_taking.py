"""What sources take and what becomes of it: bodies, ids, mappings, batches, limits."""

import json
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import text
from werkzeug.test import TestResponse

from pipeline.approval_errors import VoterExcluded
from pipeline.outbox import Outbox
from pipeline.rate import Rate
from pipeline.registry import add_assistant
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane, token
from tests.integration.door import Door, bearer, nothing_left_behind, problem, signed
from tests.integration.setting_up import ADMIN, AUDITOR, OPERATOR, OTHER_ADMIN, edit, recorded, send
from tests.integration.setting_up import problem as refused
from tests.integration.stages import status
from tests.integration.test_hold import held_run, vote
from tests.integration.world import RUNTIME, World

pytestmark = pytest.mark.services

EVENT = b'{"type": "invoice.paid", "data": {"id": "in_7", "amount": 1200}}'
FORM = "application/x-www-form-urlencoded"
CE = {"specversion": "1.0", "source": "/shop", "type": "order.made"}
RULES = {
    "rules": [
        {
            "name": "paid",
            "when": "event.type == 'invoice.paid'",
            "assistant": "booker",
            "payload": {"invoice": {"$pointer": "/data/id"}},
            "context": {"amount_cents": {"$pointer": "/data/amount"}},
        },
        {"name": "broken", "when": "event.type == 'x' && event.no == 1"},
    ]
}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


def setup(
    plane: ControlPlane, world: World, what: str, value: Any, by: str = ADMIN
) -> TestResponse:
    path = f"/v1/sources/{world.acme.source_id}"
    return edit(plane, "PUT", f"{path}/{what}", by, {what: value}, of=path)


def post(
    door: Door, world: World, body: bytes, label: str = "application/json", **more: Any
) -> TestResponse:
    headers = signed(body, event=more.pop("event", "evt_1")) | {"Content-Type": label} | more
    client = door.client.application.test_client()
    return client.post(f"/v1/hooks/{world.acme.source_id}", data=body, headers=headers)


def origin_of(door: Door, run: str) -> dict[str, Any]:
    with door.admin.connect() as connection:
        return dict(
            connection.execute(
                text("SELECT origin FROM awgp.runs WHERE run_id = :run"), {"run": run}
            ).scalar_one()
        )


def test_a_mapping_makes_runs_or_ignores_or_refuses(
    plane: ControlPlane, door: Door, database: Database, world: World
) -> None:
    assert post(door, world, EVENT, event="before").status_code == 202
    shown = setup(plane, world, "mapping", RULES)
    assert (shown.status_code, shown.get_json()["mapping"]) == (200, RULES)
    # What the edge remembers of the source counts no more.
    made = post(door, world, EVENT, event="paid").get_json()
    assert json.loads(door.stored_payload(made["run"])) == {"invoice": "in_7"}
    origin = origin_of(door, made["run"])
    assert (origin["rule"], origin["context"]) == ("paid", {"amount_cents": 1200})
    again = post(door, world, EVENT, event="paid")
    assert again.get_json() == made
    with nothing_left_behind(door):
        ignored = post(door, world, b'{"type": "invoice.void"}', event="void")
        assert (ignored.status_code, ignored.get_json()) == (202, {"status": "ignored"})
        failed = post(door, world, b'{"type": "x"}', event="x")
        assert problem(failed) == (422, "mapping-failed")
        assert "rules" not in failed.text
        lacking = post(door, world, b'{"type": "invoice.paid"}', event="lacking")
        assert problem(lacking) == (422, "mapping-failed")
    door.notebook.flush()
    page = plane.get(f"/v1/sources/{world.acme.source_id}", AUDITOR).get_json()
    assert page["ignored"] == 1
    assert page["ignored_lately"] == [page["last_ignored_at"]]
    assert page["taking_changed"]["by"]["id"] == str(world.acme.persons["olga"])
    (kind,) = page["refusals"]
    assert (kind["kind"], kind["refused"]) == ("mapping-failed", 2)
    hints = {each["hint"] for each in kind["recent"]}
    assert "rules[0].payload.invoice: the event has nothing at /data/id" in hints
    assert any(hint.startswith("rules[1].when: ") for hint in hints)
    (line,) = plane.get("/v1/sources", AUDITOR).get_json()["items"]
    assert line["refused"] == 2
    assert recorded(database, world.acme, "setup:source:mapped") == [
        ({"mapping": None}, {"mapping": RULES})
    ]


def test_a_mapping_chooses_among_its_own_tenants_active_assistants(
    plane: ControlPlane, door: Door, database: Database, world: World
) -> None:
    with database.admin.begin() as connection:
        # One that only the other tenant has, and one that this tenant has besides its own.
        connection.execute(
            text("UPDATE awgp.assistants SET name = 'globex-only' WHERE tenant_id = :tenant"),
            {"tenant": world.globex.tenant_id},
        )
    other = {"rules": [{"name": "all", "assistant": "globex-only"}]}
    assert refused(setup(plane, world, "mapping", other)) == (
        422,
        "request-invalid",
        "rules[0].assistant",
    )
    second = second_assistant(database, world)
    chosen = {"rules": [{"name": "all", "assistant": "second"}]}
    assert setup(plane, world, "mapping", chosen).status_code == 200
    runs = [post(door, world, EVENT, event=f"evt_{n}").get_json()["run"] for n in range(3)]
    with database.admin.connect() as connection:
        found = connection.execute(
            text("SELECT DISTINCT assistant_id FROM awgp.runs WHERE run_id = ANY (:runs)"),
            {"runs": runs},
        ).scalars()
        assert [str(each) for each in found] == [second]
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.assistants SET active = false WHERE name = 'second'"))
    # Also where the edge remembers it as active.
    with nothing_left_behind(door):
        assert problem(post(door, world, EVENT, event="off")) == (422, "mapping-failed")


def second_assistant(database: Database, world: World) -> str:
    outbox = Outbox(database.owner, StubBroker(middleware=[]))
    with outbox.work(world.acme.tenant_id) as work:
        made = add_assistant(
            work,
            name="second",
            bundle_digest=world.acme.bundle_digest,
            runtime=RUNTIME,
            by=world.acme.persons["axel"],
            targets=[],
        )
    return str(made)


def test_whoever_changed_what_events_become_is_excluded_from_deciding_on_them(
    plane: ControlPlane, database: Database, world: World
) -> None:
    mapping = {"rules": [{"name": "all"}]}
    assert setup(plane, world, "mapping", mapping, OTHER_ADMIN).status_code == 200
    run, approval = held_run(database, world.acme)
    web, cleo = database.outbox("awgp_web"), world.acme.persons["cleo"]
    with pytest.raises(VoterExcluded, match="last to change what the source's events become"):
        vote(web, world.acme, approval, cleo)
    assert status(database, world.acme, run)["status"] == "held"
    # So is who changed what it takes.
    assert setup(plane, world, "intake", {"max_json_depth": 4}).status_code == 200
    _, later = held_run(database, world.acme)
    vote(web, world.acme, later, cleo)


@pytest.mark.parametrize(
    ("sealed", "same"), [(timedelta(hours=75), True), (timedelta(days=8), False)]
)
def test_an_event_sent_again_after_75_hours_is_the_same_run(
    door: Door, world: World, sealed: timedelta, same: bool
) -> None:
    first = post(door, world, EVENT).get_json()["run"]
    with door.admin.begin() as connection:
        # The clock is moved: only the laws of a run's life would mind.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                "UPDATE awgp.runs SET status = 'completed', received_at = now() - :ago,"
                " sealed_at = now() - :ago WHERE run_id = :run"
            ),
            {"ago": sealed, "run": first},
        )
        connection.execute(text("SELECT awgp.forget_idempotency_keys()"))
    again = post(door, world, EVENT)
    assert again.status_code == 202
    assert (again.get_json()["run"] == first) is same


def test_setting_up_is_for_admins_and_says_what_is_wrong(plane: ControlPlane, world: World) -> None:
    assert refused(setup(plane, world, "mapping", RULES, OPERATOR))[1] == "role-missing"
    wrong = {"rules": [{"name": "a", "when": "event.type =="}]}
    assert refused(setup(plane, world, "mapping", wrong))[2] == "rules[0].when"
    assert refused(setup(plane, world, "intake", {"bodies": ["xml"]}))[2] == "intake.bodies"
    path = f"/v1/sources/{world.acme.source_id}"
    assert setup(plane, world, "mapping", RULES).status_code == 200
    ended = edit(plane, "DELETE", f"{path}/mapping", ADMIN, of=path)
    assert ended.get_json()["mapping"] is None


def test_a_mapping_is_tried_before_it_is_kept(plane: ControlPlane, world: World) -> None:
    path = f"/v1/sources/{world.acme.source_id}/mapping-tests"

    def tried(event: object, **more: Any) -> dict[str, Any]:
        body = {"body": json.dumps(event), "mapping": RULES} | more
        answer = send(plane, "POST", path, AUDITOR, body)
        assert answer.status_code == 200, answer.text
        (found,) = answer.get_json()["events"]
        return dict(found)

    assert tried(json.loads(EVENT)) == {
        "outcome": "run",
        "rule": "paid",
        "assistant": "booker",
        "payload": {"invoice": "in_7"},
        "context": {"amount_cents": 1200},
        "problem": None,
    }
    assert tried({"type": "y"})["outcome"] == "ignored"
    assert tried({"type": "x"})["problem"].startswith("rules[1].when: ")
    assert tried({"a": 1}, mapping=None)["payload"] == {"a": 1}
    unread = send(plane, "POST", path, AUDITOR, {"body": "{", "mapping": RULES})
    assert refused(unread) == (422, "request-invalid", "event")


def test_forms_raw_bodies_and_sizes_are_as_the_source_says(
    plane: ControlPlane, door: Door, world: World
) -> None:
    form = b"From=%2B49&Body=Hi"
    assert problem(post(door, world, form, FORM)) == (415, "media-type-unsupported")
    intake = {"bodies": ["form", "raw"], "max_body_bytes": 64, "json_member": "payload"}
    assert setup(plane, world, "intake", intake).status_code == 200
    run = post(door, world, form, FORM, event="form").get_json()["run"]
    assert json.loads(door.stored_payload(run)) == {"From": "+49", "Body": "Hi"}
    member = b"payload=" + urllib.parse.quote('{"a": [1]}').encode()
    run = post(door, world, member, FORM, event="member").get_json()["run"]
    assert json.loads(door.stored_payload(run)) == {"a": [1]}
    run = post(door, world, b"\xff", "image/png", event="raw").get_json()["run"]
    assert json.loads(door.stored_payload(run)) == {"content_type": "image/png", "base64": "/w=="}
    assert problem(post(door, world, b"x" * 65, "text/plain")) == (413, "body-too-large")
    assert problem(post(door, world, b"a=1&a=2", FORM)) == (400, "form-invalid")
    # The edge's own limit (4096 here) stands, whatever a source says.
    assert setup(plane, world, "intake", {"max_body_bytes": 10**6}).status_code == 200
    assert problem(post(door, world, b" " * 5000)) == (413, "body-too-large")
    assert setup(plane, world, "intake", {"max_json_depth": 1}).status_code == 200
    assert problem(post(door, world, b'{"a": {}}')) == (422, "json-too-deep")


def test_a_stranger_learns_nothing_of_what_a_source_takes(door: Door, world: World) -> None:
    for label in ("text/plain", FORM, "application/cloudevents+json"):
        headers = signed(b"x", secret=b"y" * 32) | {"Content-Type": label}
        answer = door.client.post(f"/v1/hooks/{world.acme.source_id}", data=b"x", headers=headers)
        assert problem(answer) == (401, "signature-invalid")


@pytest.mark.parametrize("place", [{"pointer": "/data/id"}, {"header": "X-Event"}])
def test_the_senders_own_id_names_the_event(
    plane: ControlPlane, door: Door, world: World, place: dict[str, str]
) -> None:
    assert setup(plane, world, "intake", {"event_id": place}).status_code == 200
    first = post(door, world, EVENT, event="a", **{"X-Event": "in_7"})
    assert origin_of(door, first.get_json()["run"])["event"] == "in_7"
    # Signed anew, and the same event all the same.
    assert post(door, world, EVENT, event="b", **{"X-Event": "in_7"}).get_json() == first.get_json()
    other = EVENT.replace(b"1200", b"1201")
    reused = post(door, world, other, event="c", **{"X-Event": "in_7"})
    assert problem(reused) == (422, "idempotency-key-reused")
    missing = post(door, world, b"{}", event="d")
    assert problem(missing) == (422, "event-id-missing")


def test_fifty_sends_of_one_named_event_at_once_make_one_run(
    plane: ControlPlane, door: Door, world: World
) -> None:
    place = {"event_id": {"pointer": "/data/id"}}
    assert setup(plane, world, "intake", place).status_code == 200
    with ThreadPoolExecutor(50) as pool:
        sends = [
            pool.submit(post, door, world, EVENT, event=f"evt_{number}") for number in range(50)
        ]
        answers = [each.result() for each in sends]
    runs = {each.get_json()["run"] for each in answers if each.status_code == 202}
    assert len(runs) == 1
    assert {each.status_code for each in answers} <= {202, 503}
    assert [each.status_code for each in answers].count(202) > 25
    assert door.counts()["runs"] == 1


def test_a_cloudevent_is_one_event_in_every_mode(
    plane: ControlPlane, door: Door, world: World
) -> None:
    assert setup(plane, world, "intake", {"bodies": ["cloudevents"]}).status_code == 200
    event = CE | {"id": "1", "datacontenttype": "application/json", "data": {"n": 1}}
    structured = json.dumps(event).encode()
    first = post(door, world, structured, "application/cloudevents+json", event="a").get_json()
    assert json.loads(door.stored_payload(first["run"])) == event
    attributes = {f"ce-{name}": value for name, value in (CE | {"id": "1"}).items()}
    binary = post(door, world, b'{"n": 1}', event="b", **attributes)
    assert binary.get_json() == first
    batch = json.dumps([event, event | {"id": "2"}, event]).encode()
    answer = post(door, world, batch, "application/cloudevents-batch+json", event="c").get_json()
    assert answer["status"] == "received"
    assert [each["run"] for each in answer["events"]][::2] == [first["run"]] * 2
    assert door.counts()["runs"] == 2


def test_a_batch_is_taken_whole_or_not_at_all(
    plane: ControlPlane, door: Door, world: World
) -> None:
    assert setup(plane, world, "intake", {"bodies": ["cloudevents"]}).status_code == 200
    rules = {
        "rules": [
            {"name": "made", "when": "event.type == 'order.made'"},
            {"name": "needs", "when": "event.type == 'order.sent'", "payload": "/data"},
        ]
    }
    assert setup(plane, world, "mapping", rules).status_code == 200
    kind = "application/cloudevents-batch+json"

    def batch(*events: dict[str, Any]) -> bytes:
        return json.dumps([CE | each for each in events]).encode()

    first = post(door, world, batch({"id": "1"}, {"id": "x", "type": "else"}), kind).get_json()
    assert [each["status"] for each in first["events"]] == ["received", "ignored"]
    with nothing_left_behind(door):
        changed = post(door, world, batch({"id": "2"}, {"id": "1", "data": 1}), kind, event="b")
        assert problem(changed) == (422, "idempotency-key-reused")
        unmapped = post(door, world, batch({"id": "3"}, {"id": "4", "type": "order.sent"}), kind)
        assert problem(unmapped) == (422, "mapping-failed")
        unread = post(door, world, batch({"id": "3"}, {"id": ""}), kind, event="c")
        assert problem(unread) == (422, "cloudevent-invalid")
        assert unread.get_json()["field"] == "/1/id"
    door.notebook.flush()
    assert plane.get(f"/v1/sources/{world.acme.source_id}", ADMIN).get_json()["ignored"] == 1


def test_a_source_over_its_rate_is_told_when_to_come_back_and_leaves_nothing(
    plane: ControlPlane, door: Door, world: World
) -> None:
    rate = {"rate": {"per_minute": 6, "burst": 2}}
    assert setup(plane, world, "intake", rate).status_code == 200
    first = post(door, world, EVENT, event="1")
    assert first.headers["RateLimit-Policy"].startswith('"source";q=2;w=20, "tenant";q=600000;w=60')
    assert first.headers["RateLimit"].startswith('"source";r=1;t=10, ')
    assert post(door, world, EVENT, event="2").status_code == 202
    with nothing_left_behind(door):
        over = post(door, world, EVENT, event="3")
        assert problem(over) == (429, "rate-exceeded")
        assert 8 <= int(over.headers["Retry-After"]) <= 10
        assert over.headers["RateLimit"].startswith('"source";r=0;t=')
    # Nobody uses up another's: what is not proven is not counted, and other sources go on.
    assert problem(door.client.post(f"/v1/hooks/{world.acme.source_id}", data=b"{}"))[0] == 401
    assert door.hook(world.globex, EVENT).status_code == 202
    door.notebook.flush()
    page = plane.get(f"/v1/sources/{world.acme.source_id}", AUDITOR).get_json()
    assert [(each["kind"], each["refused"]) for each in page["refusals"]] == [
        ("signature-missing", 1),
        ("rate-exceeded", 1),
    ]


def test_all_senders_of_a_tenant_share_what_the_holding_lets_it_have(
    plane: ControlPlane, door: Door, world: World
) -> None:
    acme, hana = "/v1/tenants/acme", token("holding-hana", groups=["holding-admins"], roles=[])
    limit = {"rate": {"per_minute": 1, "burst": 2}}
    assert edit(plane, "PUT", f"{acme}/rate", hana, limit, of=acme).status_code == 200
    first = post(door, world, EVENT, event="1")
    assert first.headers["RateLimit-Policy"].endswith('"tenant";q=2;w=120')
    assert door.ask({"assistant": "booker", "payload": {}}).status_code == 202
    for over in (
        post(door, world, EVENT, event="2"),
        door.ask({"assistant": "booker", "payload": {}}),
    ):
        assert problem(over) == (429, "rate-exceeded")
        assert 1 <= int(over.headers["Retry-After"]) <= 60
    assert door.hook(world.globex, EVENT).status_code == 202


def test_people_and_clients_are_limited_too(database: Database, world: World) -> None:
    limits = {"max_body_bytes": 4096, "source_rate_per_minute": 2}
    door = Door(database.engine("awgp_ingest"), database.admin, changed=limits)
    body = {"assistant": "booker", "payload": {}}
    assert [door.ask(body).status_code for _ in range(3)] == [202, 202, 429]
    other = door.client.post("/v1/runs", json=body, headers=bearer("acme-ben"))
    assert other.status_code == 202
    assert Rate(per_minute=2, burst=2).window_seconds == 60
