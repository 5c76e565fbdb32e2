"""Subsidiaries opened, limited and closed over the API, by the holding's people alone."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.ids import uuid7
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, machine, open_control_plane, token
from tests.integration.setting_up import ADMIN, edit, problem, recorded, send
from tests.integration.world import World

pytestmark = pytest.mark.services

HANA = token("holding-hana", groups=["holding-admins"], roles=[])
ACME, RATE = "/v1/tenants/acme", "/v1/tenants/acme/rate"
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


def test_only_people_of_the_holding_open_limit_and_close(plane: ControlPlane) -> None:
    close = {"confirm": "globex"}
    for bearer, slug in ((ADMIN, "role-missing"), (machine("acme"), "person-needed")):
        raised = edit(plane, "PUT", RATE, bearer, {"rate": {"per_minute": 9_000_000}}, of=ACME)
        assert problem(raised)[:2] == (403, slug)
        assert problem(send(plane, "POST", "/v1/tenants", bearer, NEW))[:2] == (403, slug)
        refused = send(plane, "POST", "/v1/tenants/globex/close", bearer, close)
        assert problem(refused)[:2] == (403, slug)


def test_the_holding_limits_a_subsidiary_that_it_saw_as_it_is(
    plane: ControlPlane, world: World, database: Database
) -> None:
    unlimited = plane.get(ACME, HANA)
    assert unlimited.get_json()["rate"] is None
    seen = unlimited.headers["ETag"]

    def put(rate: dict[str, int] | None, if_match: str | None, slug: str = "acme") -> Any:
        path = f"/v1/tenants/{slug}/rate"
        return send(plane, "PUT", path, HANA, {"rate": rate}, if_match=if_match)

    assert problem(put({"per_minute": 60}, None))[0] == 428
    limited = put({"per_minute": 60}, seen)
    assert limited.get_json()["rate"] == {"per_minute": 60, "burst": 60}
    assert plane.get(ACME, ADMIN).headers["ETag"] == limited.headers["ETag"] != seen
    assert problem(put({"per_minute": 6_000}, seen))[:2] == (412, "precondition-failed")
    assert plane.get(ACME, ADMIN).get_json()["rate"] == {"per_minute": 60, "burst": 60}
    assert put(None, limited.headers["ETag"]).get_json()["rate"] is None
    at_most = {"per_minute": 60, "burst": 60}
    told = [({"rate": None}, {"rate": at_most}), ({"rate": at_most}, {"rate": None})]
    assert recorded(database, world.acme, "setup:tenant:limited") == told
    assert recorded(database, world.globex, "setup:tenant:limited") == []
    for wrong in ({"burst": 5}, {"per_minute": 0}, {"per_minute": "60"}, {"per_minute": 10**8}):
        refused = problem(put(wrong, seen))  # type: ignore[arg-type]  # what is refused
        assert refused == (422, "request-invalid", "rate.per_minute")
    assert problem(put({"per_minute": 60}, seen, "umbrella"))[:2] == (404, "not-set-up")
    send(plane, "POST", "/v1/tenants/globex/close", HANA, {"confirm": "globex"})
    assert problem(put({"per_minute": 60}, seen, "globex"))[:2] == (403, "tenant-closed")


def test_the_holding_does_not_limit_itself_here(plane: ControlPlane, database: Database) -> None:
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.tenants SET kind = 'holding' WHERE slug = 'acme'"))
    refused = edit(plane, "PUT", RATE, HANA, {"rate": {"per_minute": 60}}, of=ACME)
    assert problem(refused)[:2] == (409, "still-in-use")


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
        "UPDATE tenants SET rate = NULL",
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
