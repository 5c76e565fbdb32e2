"""Policies and bundles over the API: four eyes, and nothing kept that is not sound."""

import pytest
from werkzeug.test import TestResponse

from runtime_host.bundle import pack
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane, token
from tests.integration.stages import rows
from tests.integration.world import MAIN, MANIFEST, World

OLGA = token("acme-olga", groups=["acme-admins"], roles=[])
CLEO = token("acme-cleo", groups=["acme-admins"], roles=[])
FOREIGN = token("globex-olga", groups=["globex-admins"], roles=[])
NEW = {"source": '@id("none") forbid (principal, action, resource);'}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def push(plane: ControlPlane, packed: bytes, bearer: str) -> TestResponse:
    return plane.app.test_client().post(
        "/v1/bundles",
        data=packed,
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/gzip"},
    )


def problem(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["type"].removeprefix("urn:awgp:problem:")


def test_whoever_wrote_a_version_cannot_activate_it(plane: ControlPlane) -> None:
    added = plane.post("/v1/policies", CLEO, NEW)
    assert (added.status_code, added.get_json()["in_force"]) == (201, False)
    version = added.get_json()["version"]
    refused = plane.post(f"/v1/policies/{version}/activate", CLEO)
    assert problem(refused) == (403, "four-eyes")
    assert plane.get("/v1/policies/active", CLEO).get_json()["version"] == 1
    assert plane.post(f"/v1/policies/{version}/activate", OLGA).status_code == 200
    active = plane.get("/v1/policies/active", CLEO).get_json()
    assert (active["version"], active["source"]) == (version, NEW["source"])


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"source": "permit (principal, action, resource);"}, "policy-invalid"),
        ({"source": '@id("a") permit (principal, action, resource'}, "policy-invalid"),
        (
            {"source": '@id("a") @hold("nobody") permit (principal, action, resource);'},
            "approval-rule-not-found",
        ),
        (
            {**NEW, "context_fields": {"a": {"pointer": "a", "type": "float"}}},
            "context-fields-invalid",
        ),
        ({**NEW, "tests": [{"name": "x"}]}, "policy-test-invalid"),
    ],
)
def test_a_policy_that_is_not_sound_is_named_and_not_kept(
    plane: ControlPlane, database: Database, world: World, body: dict[str, object], slug: str
) -> None:
    assert problem(plane.post("/v1/policies", CLEO, body)) == (422, slug)
    assert rows(database, world.acme, "SELECT version FROM policy_sets") == [(1,)]


def test_another_tenants_version_is_not_found(plane: ControlPlane) -> None:
    version = plane.post("/v1/policies", CLEO, NEW).get_json()["version"]
    answer = plane.post(f"/v1/policies/{version}/activate", FOREIGN)
    assert problem(answer) == (404, "policy-version-not-found")


def test_a_bundle_is_kept_once_under_its_first_author(
    plane: ControlPlane, database: Database, world: World
) -> None:
    packed = pack({"awgp.toml": MANIFEST.encode(), "main.py": MAIN.encode()})
    first = push(plane, packed, CLEO)
    assert first.status_code == 201
    digest = first.get_json()["digest"]
    assert push(plane, packed, OLGA).get_json()["digest"] == digest
    authors = rows(
        database,
        world.acme,
        "SELECT author_person_id FROM bundles WHERE digest = :digest",
        digest=digest,
    )
    assert authors == [(world.acme.persons["cleo"],)]


@pytest.mark.parametrize("packed", [b"", b"no archive", pack({"main.py": b""})])
def test_a_bundle_that_is_not_sound_is_named_and_not_kept(
    plane: ControlPlane, database: Database, world: World, packed: bytes
) -> None:
    answer = push(plane, packed, CLEO)
    assert problem(answer) == (422, "bundle-refused")
    assert rows(database, world.acme, "SELECT count(*) FROM bundles") == [(1,)]
