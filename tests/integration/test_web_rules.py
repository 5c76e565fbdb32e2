"""Approval rules over the API: versions, what they may say, and which policy names them."""

import pytest

from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    edit,
    problem,
    recorded,
    send,
)
from tests.integration.world import World

pytestmark = pytest.mark.services

ONE = "/v1/approval-rules/two-approvers"
NIGHT = {"name": "night", "rule": {"groups": ["approver"], "quorum": 2, "reason": "required"}}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_a_rule_is_shown_with_the_policies_that_name_it(plane: ControlPlane) -> None:
    shown = plane.get(ONE, AUDITOR).get_json()
    assert (shown["version"], shown["rule"]["quorum"], shown["in_force"]) == (1, 2, True)
    assert shown["used_by"] == [{"version": 1, "in_force": True}]
    default = plane.get("/v1/approval-rules/default", AUDITOR).get_json()
    assert (default["version"], default["rule"]["groups"]) == (0, ["approver"])
    assert default["in_force"] is True
    assert plane.get("/v1/approval-rules/nobody", AUDITOR).status_code == 404


def test_a_rule_has_versions_and_the_newest_counts(
    plane: ControlPlane, database: Database, world: World
) -> None:
    assert send(plane, "POST", "/v1/approval-rules", ADMIN, NIGHT).status_code == 201
    body = {"rule": NIGHT["rule"] | {"quorum": 3}}  # type: ignore[operator]  # a dict
    path = "/v1/approval-rules/night"
    saved = edit(plane, "POST", f"{path}/versions", ADMIN, body, of=path).get_json()
    assert (saved["version"], saved["rule"]["quorum"]) == (2, 3)
    assert [each["version"] for each in saved["versions"]] == [2, 1]
    again = edit(plane, "POST", f"{path}/versions", ADMIN, body, of=path).get_json()
    assert again["version"] == 2
    assert recorded(database, world.acme, "setup:approval_rule:saved")[1:] == [
        (None, {"version": 1}),
        ({"version": 1}, {"version": 2}),
    ]
    listed = plane.get("/v1/approval-rules?limit=1", AUDITOR).get_json()
    assert ([each["name"] for each in listed["items"]], listed["next"]) == (["night"], "night")


def test_a_rule_in_force_stays_and_another_goes_and_comes_back(plane: ControlPlane) -> None:
    assert problem(edit(plane, "DELETE", ONE, ADMIN, of=ONE))[:2] == (409, "still-in-use")
    path = "/v1/approval-rules/night"
    send(plane, "POST", "/v1/approval-rules", ADMIN, NIGHT)
    taken = send(plane, "POST", "/v1/approval-rules", ADMIN, NIGHT)
    assert problem(taken)[:2] == (409, "name-taken")
    assert edit(plane, "DELETE", path, ADMIN, of=path).get_json() == {
        "name": "night",
        "removed": True,
    }
    assert plane.get(path, ADMIN).get_json()["removed"] is True
    back = send(plane, "POST", "/v1/approval-rules", ADMIN, NIGHT).get_json()
    assert (back["version"], back["removed"]) == (2, False)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "rule.groups"),
        ({"groups": []}, "rule.groups"),
        ({"groups": ["a b"]}, "rule.groups"),
        ({"groups": ["approver"], "quorum": 0}, "rule.quorum"),
        ({"groups": ["approver"], "quorum": "two"}, "rule.quorum"),
        (
            {"groups": ["approver"], "stages": [{"quorum": 0, "groups": ["cfo"]}]},
            "rule.stages.0.quorum",
        ),
        ({"groups": ["approver"], "reason": "never"}, "rule.reason"),
        ({"groups": ["approver"], "colour": "red"}, "rule.colour"),
        ({"groups": ["approver"], "version": 7}, "rule.version"),
    ],
)
def test_what_a_rule_cannot_say_is_named_and_not_kept(
    plane: ControlPlane, rule: dict[str, object], field: str
) -> None:
    answer = send(plane, "POST", "/v1/approval-rules", ADMIN, {"name": "night", "rule": rule})
    assert problem(answer) == (422, "request-invalid", field)
    assert plane.get("/v1/approval-rules/night", ADMIN).status_code == 404


def test_another_tenants_rule_is_not_found(plane: ControlPlane) -> None:
    send(plane, "POST", "/v1/approval-rules", ADMIN, NIGHT)
    assert plane.get("/v1/approval-rules/night", FOREIGN).status_code == 404
    assert plane.get(ONE, FOREIGN).get_json()["used_by"] == [{"version": 1, "in_force": True}]
