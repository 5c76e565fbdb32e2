"""Notice channels over the API: who may, what is refused, and edits that name what they change."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, ControlPlane, open_control_plane
from tests.integration.mailbox import start_mailbox
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
from tests.integration.test_notices import sender, work_off
from tests.integration.world import World

pytestmark = pytest.mark.services

ALL = "/v1/notice-channels"
MAIL = {
    "name": "duty",
    "kind": "email",
    "recipients": ["duty@acme.example"],
    "events": ["approval.opened", "run.failed"],
}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def added(plane: ControlPlane, **changed: Any) -> dict[str, Any]:
    answer = send(plane, "POST", ALL, ADMIN, MAIL | changed)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_channel_is_added_shown_changed_and_removed(
    plane: ControlPlane, database: Database, world: World
) -> None:
    made = added(plane)
    one = f"{ALL}/{made['id']}"
    assert plane.get(one, AUDITOR).get_json() == made
    assert (made["active"], made["with_payload"], made["last_status"]) == (True, False, None)
    changed = edit(plane, "PUT", one, ADMIN, MAIL | {"active": False}, of=one)
    assert (changed.status_code, changed.get_json()["active"]) == (200, False)
    assert edit(plane, "DELETE", one, ADMIN, of=one).status_code == 200
    assert problem(plane.get(one, ADMIN))[:2] == (404, "not-set-up")
    added(plane)  # its name is free
    for verb in ("added", "changed"):
        ((_, after), *_) = recorded(database, world.acme, f"setup:notice_channel:{verb}")
        # How many are told goes on record, never who.
        assert after["recipients"] == 1


def test_an_edit_of_what_was_changed_since_is_refused(plane: ControlPlane) -> None:
    one = f"{ALL}/{added(plane)['id']}"
    seen = plane.get(one, ADMIN).headers["ETag"]
    # The page edits from the list.
    (listed,) = plane.get(ALL, ADMIN).get_json()["items"]
    assert f'"{listed["etag"]}"' == seen
    assert send(plane, "PUT", one, ADMIN, MAIL).status_code == 428
    assert send(plane, "PUT", one, ADMIN, MAIL | {"rules": ["x"]}, if_match=seen).status_code == 200
    late = send(plane, "DELETE", one, ADMIN, if_match=seen)
    assert problem(late)[:2] == (412, "precondition-failed")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recipients": ["no address"]}, "recipients"),
        ({"recipients": []}, "recipients"),
        ({"target": "ledger"}, "target"),
        ({"kind": "webhook", "recipients": [], "target": "nowhere"}, "target"),
        ({"kind": "webhook", "recipients": []}, "target"),
        ({"events": ["channel.test"]}, "events"),
        ({"name": "Duty"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_kept_names_its_field(
    plane: ControlPlane, changed: dict[str, Any], field: str
) -> None:
    status, name, said = problem(send(plane, "POST", ALL, ADMIN, MAIL | changed))
    assert (status, name) == (422, "request-invalid")
    assert said is None or said.partition(".")[0] == field


def test_a_name_is_taken_once(plane: ControlPlane) -> None:
    added(plane)
    assert problem(send(plane, "POST", ALL, ADMIN, MAIL))[:2] == (409, "name-taken")
    other = f"{ALL}/{added(plane, name='other')['id']}"
    answer = edit(plane, "PUT", other, ADMIN, MAIL, of=other)
    assert problem(answer)[:2] == (409, "name-taken")


def test_only_an_admin_of_the_tenant_changes_a_channel(plane: ControlPlane) -> None:
    one = f"{ALL}/{added(plane)['id']}"
    etag = plane.get(one, ADMIN).headers["ETag"]
    for who in (OPERATOR, AUDITOR):
        assert send(plane, "PUT", one, who, MAIL, if_match=etag).status_code == 403
        assert send(plane, "POST", f"{one}/test", who).status_code == 403
    for method in ("GET", "DELETE"):
        assert send(plane, method, one, FOREIGN, if_match=etag).status_code == 404
    assert send(plane, "POST", f"{one}/test", FOREIGN).status_code == 404
    assert plane.get(ALL, FOREIGN).get_json()["items"] == []


def test_what_was_told_is_listed_newest_first_a_page_at_a_time(
    plane: ControlPlane, database: Database
) -> None:
    made = added(plane)
    one = f"{ALL}/{made['id']}"
    held = plane.held(HELD)
    test = send(plane, "POST", f"{one}/test", ADMIN)
    assert test.status_code == 202
    with start_mailbox() as mailbox:
        work_off(database, sender(database, mailbox))
    first = plane.get("/v1/notices?limit=1", OPERATOR).get_json()
    assert [each["id"] for each in first["items"]] == [test.get_json()["notice_id"]]
    second = plane.get(f"/v1/notices?limit=1&cursor={first['next']}", OPERATOR).get_json()
    (told,) = second["items"]
    assert (told["event"], told["status"], told["told"]) == ("approval.opened", "delivered", 1)
    assert UUID(told["approval_id"]) == UUID(held["id"])
    assert second["next"] is None
    assert plane.get("/v1/notices?status=given_up", OPERATOR).get_json()["items"] == []
    assert plane.get(one, ADMIN).get_json()["last_status"] == "delivered"
    assert plane.get("/v1/notices", FOREIGN).get_json()["items"] == []
