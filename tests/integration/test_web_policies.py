"""Policies over the API: checked, explained, tried on real runs, compared, and put in force."""

import pytest

from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, HELD_BY_TWO, ControlPlane, open_control_plane
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    OPERATOR,
    OTHER_ADMIN,
    edit,
    problem,
    recorded,
    send,
)
from tests.integration.stages import rows
from tests.integration.world import FIELDS, POLICY, World

pytestmark = pytest.mark.services

FORBID = {"source": '@id("none") forbid (principal, action, resource);'}
STRICTER = {
    "source": POLICY + '@id("all") @hold("two-approvers") permit (principal, action, resource);',
    "context_fields": dict(FIELDS),
}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_versions_are_listed_and_shown_with_who_put_them_in_force(
    plane: ControlPlane, database: Database, world: World
) -> None:
    added = send(plane, "POST", "/v1/policies", OPERATOR, FORBID).get_json()
    assert added["author"]["id"] == str(world.acme.persons["ada"])
    assert added["activation"] == {
        "allowed": False,
        "because": "you wrote it: another person must activate it",
    }
    first = plane.get("/v1/policies?limit=1", AUDITOR).get_json()
    second = plane.get(f"/v1/policies?limit=1&cursor={first['next']}", AUDITOR).get_json()
    assert [each["version"] for each in first["items"] + second["items"]] == [2, 1]
    assert second["next"] is None
    assert plane.get("/v1/policies/2", ADMIN).get_json()["activation"]["allowed"] is True
    because = plane.get("/v1/policies/2", AUDITOR).get_json()["activation"]["because"]
    assert because == "an administrator of the tenant must activate it"
    assert send(plane, "POST", "/v1/policies/2/activate", OTHER_ADMIN).status_code == 200
    shown = plane.get("/v1/policies/2", ADMIN).get_json()
    assert [each["by"]["name"] for each in shown["activations"]] == ["Cleo"]
    assert shown["activation"]["because"] == "it is in force"
    assert recorded(database, world.acme, "policy:set:activated")[-1] == (
        {"version": 1},
        {"version": 2},
    )


def test_a_version_whose_rule_is_gone_says_so(plane: ControlPlane) -> None:
    rule = {"name": "night", "rule": {"groups": ["approver"]}}
    path = "/v1/approval-rules/night"
    assert send(plane, "POST", "/v1/approval-rules", ADMIN, rule).status_code == 201
    source = '@id("a") @hold("night") permit (principal, action, resource);'
    send(plane, "POST", "/v1/policies", OPERATOR, {"source": source})
    assert edit(plane, "DELETE", path, ADMIN, of=path).status_code == 200
    shown = plane.get("/v1/policies/2", ADMIN).get_json()
    assert shown["missing_rules"] == ["night"]
    assert "night" in shown["activation"]["because"]
    refused = send(plane, "POST", "/v1/policies/2/activate", ADMIN)
    assert problem(refused)[:2] == (422, "approval-rule-not-found")


def test_two_versions_are_compared(plane: ControlPlane) -> None:
    send(plane, "POST", "/v1/policies", OPERATOR, FORBID)
    told = plane.get("/v1/policies/2/diff?against=1", AUDITOR).get_json()
    assert told["policies_added"] == ["none"]
    assert "invoices" in told["policies_removed"]
    assert told["fields_removed"] == ["amount", "country"]
    assert told["rules_removed"] == ["default", "two-approvers"]
    assert '+@id("none") forbid (principal, action, resource);' in told["source"].splitlines()
    assert plane.get("/v1/policies/9/diff?against=1", AUDITOR).status_code == 404


def test_a_check_says_where_what_is_wrong_stands_and_keeps_nothing(
    plane: ControlPlane, database: Database, world: World
) -> None:
    wrong = (
        '@id("a")\npermit (principal, action, resource)\n'
        "when { context.payload has amount && context.payload.amont < 1 };\n"
        '@id("b") permit (principal, action resource);'
    )
    body = {"source": wrong, "context_fields": dict(FIELDS)}
    (syntax,) = send(plane, "POST", "/v1/policies/check", OPERATOR, body).get_json()["problems"]
    assert (syntax["where"], syntax["line"]) == ("source", 4)
    fixed = body | {"source": wrong.replace("action resource", "action, resource")}
    (named,) = send(plane, "POST", "/v1/policies/check", OPERATOR, fixed).get_json()["problems"]
    assert (named["policy"], named["line"], named["column"]) == ("a", 3, 46)
    assert named["fix"]
    nobody = {"source": '@id("a") @hold("nobody") permit (principal, action, resource);'}
    (rule,) = send(plane, "POST", "/v1/policies/check", OPERATOR, nobody).get_json()["problems"]
    assert "nobody" in rule["message"]
    assert rows(database, world.acme, "SELECT count(*) FROM policy_sets") == [(1,)]


def test_a_check_runs_the_tests(plane: ControlPlane) -> None:
    request = {
        "principal": {"type": "Source", "id": "erp"},
        "assistant": {"tenant": "acme", "name": "booker", "version": 1},
        "payload": {"amount_cents": 5},
        "received_at": "2026-11-23T09:00:00Z",
        "origin": "webhook",
    }
    tests = [
        {"name": "small", "request": request, "expect": {"verdict": "hold", "rules": ["default"]}},
        {"name": "denied", "request": request, "expect": {"verdict": "deny"}},
    ]
    body = {"source": POLICY, "context_fields": dict(FIELDS), "tests": tests}
    told = send(plane, "POST", "/v1/policies/check", OPERATOR, body).get_json()
    assert [each["passed"] for each in told["tests"]] == [True, False]
    assert told["accepted"] is False
    (faulty,) = send(
        plane, "POST", "/v1/policies/check", OPERATOR, body | {"tests": [{"name": "x"}]}
    ).get_json()["problems"]
    assert (faulty["where"], "tests[0]" in faulty["message"]) == ("tests", True)


def test_a_decision_is_explained_by_a_version_and_by_a_draft(plane: ControlPlane) -> None:
    asked = {"assistant": "booker", "payload": {"amount_cents": 600_000}}
    told = send(plane, "POST", "/v1/policies/explain", OPERATOR, asked).get_json()
    assert (told["version"], told["verdict"]) == (1, "hold")
    assert told["hold_rules"] == ["default", "two-approvers"]
    assert [each["id"] for each in told["matched"]] == ["invoices", "large-invoices"]
    drafted = send(plane, "POST", "/v1/policies/explain", OPERATOR, asked | {"draft": FORBID})
    assert (drafted.get_json()["version"], drafted.get_json()["code"]) == (None, "forbidden")
    both = send(
        plane, "POST", "/v1/policies/explain", OPERATOR, asked | {"draft": FORBID, "version": 1}
    )
    assert problem(both) == (422, "request-invalid", "draft")
    unknown = send(plane, "POST", "/v1/policies/explain", OPERATOR, asked | {"assistant": "x"})
    assert problem(unknown) == (422, "request-invalid", "assistant")


def test_a_dry_run_says_which_runs_would_be_decided_otherwise(
    plane: ControlPlane, database: Database, world: World
) -> None:
    small, large = plane.held(HELD), plane.held(HELD_BY_TWO)
    plane.held(HELD, tenant=world.globex)
    send(plane, "POST", "/v1/policies", OPERATOR, STRICTER)
    before = rows(database, world.acme, "SELECT count(*) FROM policy_decisions")
    told = send(plane, "POST", "/v1/policies/2/dry-run", OPERATOR, {"last": 10}).get_json()
    assert (told["replayed"], told["changed"], told["cut"]) == (2, 1, False)
    assert told["counts"] == [{"before": "hold", "after": "hold", "runs": 2}]
    (changed,) = told["runs"]
    assert changed["run_id"] == small["run_id"] != large["run_id"]
    assert changed["before"]["hold_rules"] == ["default"]
    assert changed["after"]["hold_rules"] == ["default", "two-approvers"]
    send(plane, "POST", "/v1/policies", OPERATOR, FORBID)
    denied = send(plane, "POST", "/v1/policies/3/dry-run", OPERATOR, {"last": 1}).get_json()
    assert denied["counts"] == [{"before": "hold", "after": "deny", "runs": 1}]
    assert denied["runs"][0]["after"]["code"] == "forbidden"
    assert rows(database, world.acme, "SELECT count(*) FROM policy_decisions") == before


@pytest.mark.parametrize("last", [0, 1001, "ten"])
def test_a_dry_run_has_bounds(plane: ControlPlane, last: object) -> None:
    answer = send(plane, "POST", "/v1/policies/1/dry-run", OPERATOR, {"last": last})
    assert problem(answer) == (422, "request-invalid", "last")


def test_another_tenants_versions_are_its_own(plane: ControlPlane) -> None:
    send(plane, "POST", "/v1/policies", OPERATOR, FORBID)
    assert plane.get("/v1/policies/2", FOREIGN).status_code == 404
    assert send(plane, "POST", "/v1/policies/2/dry-run", FOREIGN, {}).status_code == 404
