"""The holding looks at what a tenant has set up, through its own login, and changes nothing."""

import pytest
from werkzeug.test import TestResponse

from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane, token
from tests.integration.world import World

pytestmark = pytest.mark.services

HANA = token("holding-hana", groups=["holding-admins"], roles=[])
LOOKS = (
    "/v1/assistants",
    "/v1/assistants/booker",
    "/v1/assistants/booker/versions/1",
    "/v1/bundles",
    "/v1/bundles/{bundle}",
    "/v1/bundles/{bundle}/content",
    "/v1/policies",
    "/v1/policies/1",
    "/v1/policies/active",
    "/v1/approval-rules",
    "/v1/approval-rules/two-approvers",
    "/v1/sources",
    "/v1/sources/{source}",
    "/v1/targets",
    "/v1/targets/ledger",
    "/v1/persons",
    "/v1/persons/{person}",
)


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def ask(plane: ControlPlane, method: str, path: str, tenant: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {HANA}", "AWGP-Tenant": tenant}
    return plane.app.test_client().open(path, method=method, headers=headers)


def test_everything_that_is_set_up_is_shown(plane: ControlPlane, world: World) -> None:
    ids = {
        "bundle": world.acme.bundle_digest,
        "source": world.acme.source_id,
        "person": world.acme.persons["ada"],
    }
    got = {path: ask(plane, "GET", path.format(**ids), "acme").status_code for path in LOOKS}
    assert got == dict.fromkeys(LOOKS, 200)


def test_one_tenant_at_a_time_is_shown_and_none_is_changed(
    plane: ControlPlane, world: World
) -> None:
    listed = ask(plane, "GET", "/v1/assistants", "globex").get_json()["items"]
    assert [each["id"] for each in listed] == [str(world.globex.assistant_id)]
    elsewhere = f"/v1/sources/{world.acme.source_id}"
    assert ask(plane, "GET", elsewhere, "globex").status_code == 404
    for path in ("/v1/assistants/booker/deactivate", "/v1/assistants"):
        assert ask(plane, "POST", path, "acme").status_code == 403
