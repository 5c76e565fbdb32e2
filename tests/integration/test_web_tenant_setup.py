"""Subsidiaries opened and closed over the API, by the holding's people alone."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.ids import uuid7
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, machine, open_control_plane, token
from tests.integration.setting_up import ADMIN, problem, send
from tests.integration.world import World

pytestmark = pytest.mark.services

HANA = token("holding-hana", groups=["holding-admins"], roles=[])
NEW = {"slug": "initech", "name": "Initech AG"}
OWN_ADMIN = token("initech-ida", groups=["initech-admins"], roles=[])


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_an_opened_subsidiary_has_a_trail_and_its_own_people(
    plane: ControlPlane, database: Database
) -> None:
    opened = send(plane, "POST", "/v1/tenants", HANA, NEW)
    assert opened.status_code == 201
    assert plane.get("/v1/assistants", OWN_ADMIN).get_json()["items"] == []
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT h.sequence, (SELECT array_agg(d.kind ORDER BY d.kind) FROM awgp.due d"
                " WHERE d.tenant_id = t.tenant_id), (SELECT array_agg(p.record ->> 'action')"
                " FROM awgp.audit_pending p WHERE p.tenant_id = t.tenant_id)"
                " FROM awgp.tenants t JOIN awgp.audit_heads h USING (tenant_id)"
                " WHERE t.tenant_id = :id AND t.kind = 'subsidiary'"
            ),
            {"id": opened.get_json()["id"]},
        ).one()
    assert tuple(found) == (0, ["audit.checkpoint", "export.run"], ["setup:tenant:added"])
    assert problem(send(plane, "POST", "/v1/tenants", HANA, NEW))[:2] == (409, "name-taken")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "I"}, "slug"),
        ({"slug": "holding"}, "slug"),
        ({"name": " "}, "name"),
        ({"kind": "holding"}, "kind"),
    ],
)
def test_what_cannot_be_kept_is_named(
    plane: ControlPlane, change: dict[str, object], field: str
) -> None:
    assert problem(send(plane, "POST", "/v1/tenants", HANA, NEW | change))[1:] == (
        "request-invalid",
        field,
    )


def test_only_people_of_the_holding_open_and_close(plane: ControlPlane) -> None:
    close = {"confirm": "globex"}
    for bearer, slug in ((ADMIN, "role-missing"), (machine("acme"), "person-needed")):
        assert problem(send(plane, "POST", "/v1/tenants", bearer, NEW))[:2] == (403, slug)
        refused = send(plane, "POST", "/v1/tenants/globex/close", bearer, close)
        assert problem(refused)[:2] == (403, slug)


def test_a_subsidiary_closes_when_its_runs_are_over_and_not_before(
    plane: ControlPlane, world: World
) -> None:
    close = {"confirm": "acme"}
    unsure = send(plane, "POST", "/v1/tenants/acme/close", HANA, {"confirm": "globex"})
    assert problem(unsure) == (422, "request-invalid", "confirm")
    plane.held()
    busy = send(plane, "POST", "/v1/tenants/acme/close", HANA, close)
    assert problem(busy)[:2] == (409, "still-in-use")
    closed = send(plane, "POST", "/v1/tenants/globex/close", HANA, {"confirm": "globex"})
    assert closed.get_json() == {"slug": "globex", "closed": True, "sources_stopped": 1}
    again = send(plane, "POST", "/v1/tenants/globex/close", HANA, {"confirm": "globex"})
    assert problem(again)[:2] == (403, "tenant-closed")
    nobody = send(plane, "POST", "/v1/tenants/umbrella/close", HANA, {"confirm": "umbrella"})
    assert problem(nobody)[:2] == (404, "not-set-up")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO tenants (tenant_id, slug, name, kind)"
        " VALUES (current_setting('app.current_tenant')::uuid, 'x1', 'X', 'holding')",
        "UPDATE tenants SET closed_at = NULL",
        "UPDATE tenants SET slug = 'other'",
        "INSERT INTO audit_heads (tenant_id, hash)"
        " VALUES (current_setting('app.current_tenant')::uuid, '\\x00')",
    ],
)
def test_the_login_itself_writes_no_tenant(database: Database, statement: str) -> None:
    engine = database.engine("awgp_web")
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('app.current_tenant', :id, true)"), {"id": str(uuid7())}
        )
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(statement))
