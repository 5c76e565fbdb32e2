"""Persons over the API: seen, removed with an heir, brought back; never by themselves."""

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
    recorded,
)
from tests.integration.world import World

pytestmark = pytest.mark.services


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_persons_are_listed_page_by_page(plane: ControlPlane, world: World) -> None:
    first = plane.get("/v1/persons?limit=3", AUDITOR).get_json()
    second = plane.get(f"/v1/persons?limit=3&cursor={first['next']}", AUDITOR).get_json()
    names = [each["name"] for each in first["items"] + second["items"]]
    assert names == ["Ada", "Ben", "Cleo", "Axel", "Olga"]
    found = plane.get("/v1/persons?q=LE", AUDITOR).get_json()["items"]
    assert [each["id"] for each in found] == [str(world.acme.persons["cleo"])]
    shown = plane.get(f"/v1/persons/{world.acme.persons['olga']}", AUDITOR).get_json()
    assert [each["name"] for each in shown["owns_sources"]] == ["erp"]


def test_who_owns_a_source_goes_with_an_heir_alone(
    plane: ControlPlane, database: Database, world: World
) -> None:
    olga, cleo = world.acme.persons["olga"], world.acme.persons["cleo"]
    path = f"/v1/persons/{olga}"
    refused = edit(plane, "POST", f"{path}/remove", OTHER_ADMIN, {}, of=path)
    assert problem(refused)[:2] == (409, "still-in-use")
    heir = {"heir": str(world.globex.persons["ben"])}
    stranger = edit(plane, "POST", f"{path}/remove", OTHER_ADMIN, heir, of=path)
    assert problem(stranger) == (422, "request-invalid", "heir")
    gone = edit(plane, "POST", f"{path}/remove", OTHER_ADMIN, {"heir": str(cleo)}, of=path)
    assert gone.get_json()["removed_at"] is not None
    assert problem(plane.get("/v1/persons", ADMIN))[:2] == (403, "person-removed")
    assert recorded(database, world.acme, "setup:source:given") == [
        ({"owner": str(olga)}, {"owner": str(cleo)})
    ]
    listed = plane.get("/v1/persons?removed=true&q=olga", OTHER_ADMIN).get_json()["items"]
    assert [each["name"] for each in listed] == ["Olga"]
    assert plane.get("/v1/persons?q=olga", OTHER_ADMIN).get_json()["items"] == []
    back = edit(plane, "POST", f"{path}/restore", OTHER_ADMIN, of=path)
    assert back.get_json()["removed_at"] is None
    assert plane.get("/v1/persons", ADMIN).status_code == 200


def test_nobody_removes_themselves_or_without_being_admin(
    plane: ControlPlane, world: World
) -> None:
    path = f"/v1/persons/{world.acme.persons['olga']}"
    assert problem(edit(plane, "POST", f"{path}/remove", ADMIN, {}, of=path)) == (
        422,
        "request-invalid",
        "person_id",
    )
    other = f"/v1/persons/{world.acme.persons['axel']}"
    refused = edit(plane, "POST", f"{other}/remove", OPERATOR, {}, of=other)
    assert problem(refused)[:2] == (403, "role-missing")


def test_another_tenants_person_is_not_found(plane: ControlPlane, world: World) -> None:
    path = f"/v1/persons/{world.acme.persons['olga']}"
    assert problem(plane.get(path, FOREIGN))[:2] == (404, "not-set-up")
