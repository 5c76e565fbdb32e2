"""Assistants over the API: versions that never change, edits that name what they change."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
from tests.integration.setting_up import (
    ADMIN,
    AUDITOR,
    FOREIGN,
    OPERATOR,
    OTHER_ADMIN,
    edit,
    problem,
    push,
    recorded,
    send,
)
from tests.integration.world import RUNTIME, World

pytestmark = pytest.mark.services

ONE = "/v1/assistants/booker"


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_an_assistant_is_shown_with_what_it_runs_and_how_it_fared(
    plane: ControlPlane, world: World
) -> None:
    plane.held()
    listed = plane.get("/v1/assistants?active=true&q=OOK", AUDITOR).get_json()
    assert ([each["name"] for each in listed["items"]], listed["next"]) == (["booker"], None)
    shown = plane.get(ONE, AUDITOR).get_json()
    assert shown["current"]["bundle"] == world.acme.bundle_digest
    assert shown["current"]["runtime_digest"] == RUNTIME[1]
    assert shown["current"]["limits"]["memory_bytes"] > 0
    assert shown["targets"] == ["ledger"]
    assert [each["name"] for each in shown["sources"]] == ["erp"]
    assert shown["runs"]["by_status"] == {"held": 1}
    assert plane.get("/v1/assistants?active=false", AUDITOR).get_json()["items"] == []


def test_a_new_version_keeps_the_old_one_and_an_older_one_can_be_taken_up_again(
    plane: ControlPlane, world: World, database: Database
) -> None:
    digest = push(plane, OPERATOR, notes__txt="two")
    body = {"bundle": digest, "limits": {"memory_bytes": 64 * 2**20}, "configuration": {"a": 1}}
    rule = {"url": "https://api.example.com/v1/", "methods": ["GET"]}
    wrong = {**body, "allow": {"network": [{"url": "https://*.example.com/"}]}}
    refused = edit(plane, "POST", f"{ONE}/versions", ADMIN, wrong, of=ONE)
    assert (refused.status_code, b"allow.network" in refused.data) == (422, True)
    allows = {**body, "allow": {"network": [rule]}}
    edit(plane, "POST", f"{ONE}/versions", ADMIN, allows, of=ONE)
    saved = edit(plane, "POST", f"{ONE}/versions", ADMIN, body, of=ONE)
    assert (saved.status_code, saved.get_json()["version"]) == (200, 2)
    in_words = plane.get(f"{ONE}/sandbox", AUDITOR).get_json()
    assert (in_words["version"], in_words["may"]) == (2, ["It reaches no other machine."])
    assert in_words["allowed_but_not_asked"] == ["GET https://api.example.com/v1/"]
    listed = plane.get("/v1/sandboxes?q=OOK", AUDITOR).get_json()
    assert listed == {"items": [in_words | {"name": "booker", "active": True}], "next": None}
    assert plane.get(f"{ONE}/sandbox?version=1", AUDITOR).get_json()["allowed"] == {}
    assert problem(plane.get(f"{ONE}/sandbox?version=9", AUDITOR))[:2] == (404, "not-set-up")
    preview = f"{ONE}/sandbox/preview"
    for rules, place in (
        ([rule, {"url": "http://a.b/"}], "allow.network.1"),
        ([{**rule, "credential": "none"}], "allow.network.0"),
        ([{**rule, "methods": []}], "allow.network.0"),
    ):
        refused = send(plane, "POST", preview, AUDITOR, {"allow": {"network": rules}})
        assert problem(refused) == (422, "request-invalid", place)
    llm = {"url": "http://a.b/", "models": ["small"]}
    refused = send(plane, "POST", preview, AUDITOR, {"allow": {"llm": llm}})
    assert problem(refused)[2] == "allow.llm"
    tried = send(plane, "POST", preview, AUDITOR, {"allow": {}}).get_json()
    assert (tried["version"], tried["allowed_but_not_asked"]) == (2, [])
    unsaid = {"bundle": world.acme.bundle_digest}
    refused = edit(plane, "POST", f"{ONE}/versions", ADMIN, unsaid, of=ONE)
    assert problem(refused) == (422, "request-invalid", "allow"), "another bundle may ask for it"
    current = saved.get_json()["current"]
    assert (current["targets"], current["configuration"]) == ([], {"a": 1})
    assert current["limits"]["memory_bytes"] == 64 * 2**20
    assert current["ceilings"] == body["limits"]  # what a next version may be given as it is
    assert current["author"]["id"] == str(world.acme.persons["olga"])
    again = edit(plane, "POST", f"{ONE}/versions", ADMIN, body, of=ONE)
    assert again.get_json()["version"] == 2
    back = edit(plane, "POST", f"{ONE}/versions/1/restore", ADMIN, of=ONE)
    assert back.get_json()["version"] == 3
    assert back.get_json()["current"]["bundle"] == world.acme.bundle_digest
    assert back.get_json()["targets"] == ["ledger"]
    assert plane.get(f"{ONE}/versions/2", ADMIN).get_json()["bundle"] == digest
    records = recorded(database, world.acme, "setup:assistant:saved")
    assert records[1:] == [
        ({"version": 1}, {"version": 2, "bundle": digest}),
        ({"version": 2}, {"version": 3, "bundle": world.acme.bundle_digest, "restored": 1}),
    ]


def test_an_edit_names_what_it_changes(plane: ControlPlane, world: World) -> None:
    body = {"bundle": world.acme.bundle_digest}
    assert problem(send(plane, "POST", f"{ONE}/versions", ADMIN, body))[:2] == (
        428,
        "precondition-missing",
    )
    etag = plane.get(ONE, ADMIN).headers["ETag"]
    assert send(plane, "POST", f"{ONE}/versions", ADMIN, body, if_match=etag).status_code == 200
    refused = send(plane, "POST", f"{ONE}/versions", ADMIN, body, if_match=etag)
    assert problem(refused)[:2] == (412, "precondition-failed")


def test_of_two_edits_at_once_of_the_same_state_one_counts(plane: ControlPlane) -> None:
    digests = [push(plane, OPERATOR, notes__txt=str(n)) for n in range(4)]
    etag = plane.get(ONE, ADMIN).headers["ETag"]

    def save(digest: str) -> int:
        body = {"bundle": digest}
        return send(plane, "POST", f"{ONE}/versions", ADMIN, body, if_match=etag).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(save, digests))
    assert sorted(answers) == [200, 412, 412, 412]
    assert plane.get(ONE, ADMIN).get_json()["version"] == 2


def test_two_made_at_once_under_one_name_are_one(plane: ControlPlane, world: World) -> None:
    body = {"name": "payer", "bundle": world.acme.bundle_digest}

    def create(bearer: str) -> int:
        return send(plane, "POST", "/v1/assistants", bearer, body).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(create, (ADMIN, OTHER_ADMIN)))
    assert sorted(answers) == [201, 409]
    assert plane.get("/v1/assistants/payer", ADMIN).get_json()["version"] == 1


def test_an_assistant_is_switched_off_by_an_operator_and_on_by_an_admin(
    plane: ControlPlane,
) -> None:
    off = edit(plane, "POST", f"{ONE}/deactivate", OPERATOR, of=ONE)
    assert (off.status_code, off.get_json()["active"]) == (200, False)
    refused = edit(plane, "POST", f"{ONE}/activate", OPERATOR, of=ONE)
    assert problem(refused)[:2] == (403, "role-missing")
    saved = edit(
        plane,
        "POST",
        f"{ONE}/versions",
        ADMIN,
        {"bundle": push(plane, OPERATOR, notes__txt="x"), "targets": ["ledger"]},
        of=ONE,
    ).get_json()
    assert (saved["version"], saved["active"]) == (2, False)
    on = edit(plane, "POST", f"{ONE}/activate", ADMIN, of=ONE)
    assert on.get_json()["active"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bundle": "sha256:" + "0" * 64}, "bundle"),
        ({"bundle": "main.py"}, "bundle"),
        ({"targets": ["nowhere"]}, "targets"),
        ({"limits": {"memory_bytes": 1}}, "limits.memory_bytes"),
        ({"limits": {"memory_bytes": "much"}}, "limits.memory_bytes"),
        ({"limits": {"fuel": 1}}, "limits.fuel.key"),
        ({"configuration": {"a": "x" * 70_000}}, "configuration"),
        ({"name": "Booker!"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_kept_is_named_and_not_kept(
    plane: ControlPlane, world: World, change: dict[str, object], field: str
) -> None:
    body = {"name": "payer", "bundle": world.acme.bundle_digest} | change
    answer = send(plane, "POST", "/v1/assistants", ADMIN, body)
    assert problem(answer) == (422, "request-invalid", field)
    assert plane.get("/v1/assistants/payer", ADMIN).status_code == 404


def test_another_tenant_sees_its_own_alone(plane: ControlPlane, world: World) -> None:
    shown = plane.get(ONE, FOREIGN).get_json()
    assert shown["id"] == str(world.globex.assistant_id)
    digest = push(plane, OPERATOR, notes__txt="acme's own")
    refused = edit(plane, "POST", f"{ONE}/versions", FOREIGN, {"bundle": digest}, of=ONE)
    assert problem(refused) == (422, "request-invalid", "bundle")


def test_what_runs_is_an_admins_to_say(plane: ControlPlane, world: World) -> None:
    body = {"name": "payer", "bundle": world.acme.bundle_digest}
    assert problem(send(plane, "POST", "/v1/assistants", OPERATOR, body))[1] == "role-missing"
