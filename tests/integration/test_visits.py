"""The holding looks into every tenant, and acts in one it visits: for a reason, for a while."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.integration.conftest import Database
from tests.integration.control_plane import (
    ControlPlane,
    machine,
    open_control_plane,
    person,
    token,
)
from tests.integration.world import World

pytestmark = pytest.mark.services

HANA = token("holding-hana", groups=["holding-admins"], roles=["approver", "break-glass"])
OLGA = token("acme-olga", groups=["acme-admins"], roles=[])
BEN = person("acme", "ben")
VISITS = "/v1/tenants/acme/visits"


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def ask(
    plane: ControlPlane, method: str, path: str, bearer: str, tenant: str = "acme", **further: Any
) -> TestResponse:
    headers = {"Authorization": f"Bearer {bearer}", "AWGP-Tenant": tenant}
    return plane.app.test_client().open(path, method=method, headers=headers, **further)


def visit(plane: ControlPlane, minutes: int = 30) -> TestResponse:
    body = {"reason": "the invoice of March is stuck", "minutes": minutes}
    return ask(plane, "POST", VISITS, HANA, json=body)


def problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


def trail(plane: ControlPlane, tenant: str = "acme") -> list[tuple[str, str]]:
    with plane.database.admin.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.record ->> 'action', p.record -> 'actor' ->> 'id' FROM awgp.audit_pending p"
            " JOIN awgp.tenants t USING (tenant_id) WHERE t.slug = %s"
            " AND p.record ->> 'action' LIKE 'web:visit:%%' ORDER BY p.pending_id",
            (tenant,),
        )
        return [tuple(row) for row in rows]


def test_the_holding_looks_into_every_tenant_and_changes_nothing(plane: ControlPlane) -> None:
    held = plane.held()
    for tenant in ("acme", "globex"):
        assert ask(plane, "GET", "/v1/runs", HANA, tenant).status_code == 200
    shown = ask(plane, "GET", f"/v1/approvals/{held['id']}", HANA).get_json()
    assert shown["id"] == held["id"]
    assert ask(plane, "GET", f"/v1/approvals/{held['id']}", HANA, "globex").status_code == 404
    vote = {"verdict": "approve", "digest": held["digest"]}
    refused = ask(plane, "POST", f"/v1/approvals/{held['id']}/votes", HANA, json=vote)
    assert problem(refused) == (403, "role-missing")
    assert problem(ask(plane, "GET", "/v1/runs", HANA, "initech")) == (403, "tenant-forbidden")


def test_every_list_of_a_tenant_opens_for_the_holding(plane: ControlPlane) -> None:
    plane.held()
    without_ids = sorted(
        rule.rule
        for rule in plane.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith("/v1/") and "<" not in rule.rule
    )
    assert len(without_ids) > 5
    answers = {path: ask(plane, "GET", path, HANA).status_code for path in without_ids}
    # What is not configured here may say so (503), and what asks for more may ask (422).
    assert {path: got for path, got in answers.items() if got in {403, 404, 500}} == {}


def test_a_visit_makes_an_operator_and_an_admin_and_never_an_approver(plane: ControlPlane) -> None:
    held = plane.held()
    begun = visit(plane)
    assert begun.status_code == 201
    assert begun.get_json()["lasts"] is True

    me = ask(plane, "GET", "/v1/me", HANA).get_json()
    assert (me["holding"], [each["tenant"] for each in me["visits"]]) == (True, ["acme"])
    edited = ask(
        plane,
        "POST",
        f"/v1/approvals/{held['id']}/edit",
        HANA,
        json={"digest": held["digest"], "payload": {"amount_cents": 30_000}},
    )
    assert edited.status_code == 201
    anew = edited.get_json()
    other = plane.held()
    vote = {"verdict": "approve", "digest": other["digest"]}
    refused = ask(plane, "POST", f"/v1/approvals/{other['id']}/votes", HANA, json=vote)
    # Her roles at home, approver among them, do not count here.
    assert problem(refused) == (403, "vote-refused")
    assert anew["epoch"] == 2
    # One tenant's visit opens no other's door.
    assert problem(
        ask(plane, "POST", "/v1/runs/" + held["run_id"] + "/replay", HANA, "globex")
    ) == (403, "role-missing")


def test_a_visit_is_on_record_where_it_is_made(plane: ControlPlane) -> None:
    begun = visit(plane).get_json()
    ended = ask(plane, "DELETE", f"{VISITS}/{begun['id']}", HANA)
    assert ended.status_code == 204
    assert trail(plane) == [
        ("web:visit:begun", begun["person_id"]),
        ("web:visit:ended", begun["person_id"]),
    ]
    assert trail(plane, "globex") == []
    listed = ask(plane, "GET", VISITS, BEN).get_json()["items"]
    assert [(each["reason"], each["lasts"]) for each in listed] == [
        ("the invoice of March is stuck", False)
    ]
    assert ask(plane, "GET", "/v1/me", HANA).get_json()["visits"] == []


def test_a_visit_lapses_by_itself_and_the_next_writes_that_down(plane: ControlPlane) -> None:
    visit(plane)
    assert problem(visit(plane)) == (409, "visit-lasts")
    with plane.database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.visits SET begun_at = begun_at - interval '1 hour',"
            " until = clock_timestamp() - interval '1 second'"
        )
    path = "/v1/runs/01234567-89ab-7def-8123-456789abcdef/replay"
    assert problem(ask(plane, "POST", path, HANA)) == (403, "role-missing")
    assert visit(plane).status_code == 201
    assert [action for action, _ in trail(plane)] == [
        "web:visit:begun",
        "web:visit:ended",
        "web:visit:begun",
    ]


def test_the_tenants_admin_shows_a_visitor_the_door(plane: ControlPlane) -> None:
    begun = visit(plane).get_json()
    other = token("holding-ivan", groups=["holding-admins"], roles=[])
    path = f"{VISITS}/{begun['id']}"
    assert problem(ask(plane, "DELETE", path, other)) == (404, "visit-not-found")
    assert problem(ask(plane, "DELETE", path, BEN)) == (403, "role-missing")
    assert ask(plane, "DELETE", path, OLGA).status_code == 204
    assert ask(plane, "DELETE", path, OLGA).status_code == 204
    assert len(trail(plane)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "  "},
        {"reason": "x" * 2001},
        {"reason": "why", "minutes": 61},
        {"reason": "why", "minutes": 0},
        {"reason": "why", "role": "approver"},
    ],
)
def test_a_visit_says_why_and_lasts_an_hour_at_most(
    plane: ControlPlane, body: dict[str, Any]
) -> None:
    assert problem(ask(plane, "POST", VISITS, HANA, json=body)) == (422, "request-invalid")


def test_nobody_but_the_holdings_people_visits(plane: ControlPlane) -> None:
    body = {"reason": "why not"}
    for bearer in (BEN, OLGA):
        assert problem(ask(plane, "POST", VISITS, bearer, json=body)) == (403, "role-missing")
    robot = token("bot", groups=["holding-admins"], roles=[], azp="bot", tenant="acme")
    assert problem(ask(plane, "POST", VISITS, robot, json=body)) == (403, "person-needed")
    assert problem(ask(plane, "GET", "/v1/runs", machine("acme"), "globex"))[0] == 403


def test_the_database_takes_no_longer_visit_and_no_other_beginning(plane: ControlPlane) -> None:
    visit(plane)
    with plane.outbox("awgp_web").work(plane.world.acme.tenant_id) as work:
        (lasting,) = work.execute("SELECT until - begun_at FROM visits").scalars()
    assert timedelta(minutes=29) < lasting <= timedelta(minutes=31)


def test_the_holding_lists_all_tenants_and_others_their_own(plane: ControlPlane) -> None:
    plane.held()
    everything = ask(plane, "GET", "/v1/tenants", HANA).get_json()
    assert [each["tenant"] for each in everything["items"]] == ["acme", "globex"]
    assert [each["open_approvals"] for each in everything["items"]] == [1, 0]
    first = ask(plane, "GET", "/v1/tenants?limit=1", HANA).get_json()
    assert (len(first["items"]), first["next"]) == (1, "acme")
    second = ask(plane, "GET", "/v1/tenants?limit=1&cursor=acme", HANA).get_json()
    assert ([each["tenant"] for each in second["items"]], second["next"]) == (["globex"], None)
    own = ask(plane, "GET", "/v1/tenants", BEN).get_json()
    assert [each["tenant"] for each in own["items"]] == ["acme"]
    assert ask(plane, "GET", "/v1/tenants/acme", BEN).get_json() == own["items"][0]
    assert problem(ask(plane, "GET", "/v1/tenants/globex", BEN)) == (403, "tenant-forbidden")
    assert ask(plane, "GET", "/v1/tenants/globex", HANA).get_json()["moving_runs"] == 0


def test_who_was_removed_from_a_tenant_does_not_look_in(plane: ControlPlane) -> None:
    visit(plane)
    with plane.database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.persons SET removed_at = clock_timestamp() WHERE subject = 'holding-hana'"
        )
    assert problem(ask(plane, "GET", "/v1/runs", HANA)) == (403, "person-removed")
