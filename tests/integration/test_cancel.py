"""Who asked for a run takes it back, and only the trail keeps why."""

from uuid import UUID

import pytest

from pipeline.personal import Personal
from pipeline.personal_store import open_for
from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD,
    ControlPlane,
    machine,
    open_control_plane,
    token,
)
from tests.integration.world import KEYRING, World

pytestmark = pytest.mark.services

# Of the tenant, and nothing more.
ADA = token("acme-ada", groups=["acme-operators"], roles=[])


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def test_who_asked_for_a_run_cancels_it_and_says_why(plane: ControlPlane) -> None:
    held = plane.held(HELD, requester="ada")
    path = f"/v1/runs/{held['run_id']}/cancel"
    for wrong in ({"why": "?"}, {"reason": "x" * 2001}, {"reason": "a\x00b"}):
        assert plane.post(path, ADA, wrong).status_code == 422
    assert plane.post(path, machine("acme"), {"reason": "no"}).status_code == 403
    assert plane.status_of(held["run_id"]) == "held"
    answer = plane.post(path, ADA, {"reason": "ordered twice by mistake"})
    assert (answer.status_code, answer.get_json()["status"]) == (202, "cancelled")
    with plane.database.admin.connect() as connection:
        (record,) = connection.exec_driver_sql(
            "SELECT record FROM awgp.audit_pending WHERE record ->> 'action' = 'hold:run:cancelled'"
        ).scalars()
        everywhere = connection.exec_driver_sql(
            "SELECT t::text FROM awgp.runs t UNION ALL SELECT t::text FROM awgp.audit_pending t"
        ).scalars()
        assert "mistake" not in "|".join(everywhere)
    assert record["actor"] == {"type": "person", "id": str(plane.world.acme.persons["ada"])}
    with plane.outbox("awgp_web").work(plane.world.acme.tenant_id) as work:
        said = open_for(
            work, KEYRING, Personal.from_json(record["personal"]), record_id=UUID(record["id"])
        )
    assert said == {"name": "Ada", "reason": "ordered twice by mistake"}


def test_without_a_reason_nothing_of_a_person_is_kept(plane: ControlPlane) -> None:
    held = plane.held(HELD, requester="ada")
    assert plane.post(f"/v1/runs/{held['run_id']}/cancel", ADA).status_code == 202
    with plane.database.admin.connect() as connection:
        (personal,) = connection.exec_driver_sql(
            "SELECT record -> 'personal' FROM awgp.audit_pending"
            " WHERE record ->> 'action' = 'hold:run:cancelled'"
        ).scalars()
    assert personal is None
