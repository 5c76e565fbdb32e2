"""Credentials over the API: an admin writes them, nobody reads them."""

import pytest

from pipeline.credentials import open_credentials
from pipeline.gateway_scope import Scope
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane
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
from tests.integration.world import KEYRING, World

pytestmark = pytest.mark.services

ALL = "/v1/credentials"
ERP = f"{ALL}/erp"
RULE = {"url": "https://erp.example.com/v1/", "methods": ["GET"], "credential": "erp"}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def put_in(database: Database, world: World) -> str:
    """What a gateway would put into requests."""
    scope = Scope.from_json(
        {"fetch": [RULE], "budget": {"calls": 1, "bytes": 1, "answer_bytes": 1, "call_seconds": 1}}
    )
    with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        return open_credentials(work, KEYRING, scope)["erp"].value


def test_a_credential_is_written_and_replaced_and_never_read(
    plane: ControlPlane, database: Database, world: World
) -> None:
    body = {"name": "erp", "value": "Bearer of-the-erp"}
    assert problem(send(plane, "POST", ALL, OPERATOR, body))[:2] == (403, "role-missing")
    short = send(plane, "POST", ALL, ADMIN, body | {"value": "s3cret"})
    assert problem(short) == (422, "request-invalid", "value")
    for wrong in ({"header": "Host"}, {"value": " s3cret-s3cret"}):
        refused = send(plane, "POST", ALL, ADMIN, body | wrong)
        assert problem(refused)[2] == next(iter(wrong))
        assert "s3cret" not in refused.text
    added = send(plane, "POST", ALL, ADMIN, body)
    assert (added.status_code, added.get_json()["saved_by"]["name"]) == (201, "Olga")
    assert problem(send(plane, "POST", ALL, ADMIN, body))[:2] == (409, "name-taken")
    assert put_in(database, world) == "Bearer of-the-erp"

    seen = added.get_json()["etag"]
    other = {"header": "X-Key", "value": "another-value"}
    assert problem(send(plane, "PUT", ERP, ADMIN, other))[0] == 428
    replaced = send(plane, "PUT", ERP, ADMIN, other, if_match=seen)
    assert replaced.get_json()["header"] == "X-Key"
    assert put_in(database, world) == "another-value"
    assert problem(send(plane, "PUT", ERP, ADMIN, other, if_match=seen))[0] == 412
    rotated = edit(plane, "PUT", ERP, ADMIN, {"value": "another-value-still"}, of=ERP)
    assert rotated.get_json()["header"] == "X-Key", "no secret moves to another header unsaid"

    said = [plane.get(path, AUDITOR).text for path in (ALL, ERP)] + [added.text, replaced.text]
    told = str(recorded(database, world.acme, "setup:credential:saved"))
    assert not [each for each in (*said, told) if "of-the-erp" in each or "another" in each]
    assert "X-Key" in told
    assert plane.get(ALL, FOREIGN).get_json()["items"] == []
    assert problem(plane.get(ERP, FOREIGN))[0] == 404


def test_one_that_is_used_stays_and_says_by_whom(plane: ControlPlane, world: World) -> None:
    send(plane, "POST", ALL, ADMIN, {"name": "erp", "value": "Bearer of-the-erp"})
    version = {
        "bundle": world.acme.bundle_digest,
        "targets": ["ledger"],
        "allow": {"network": [RULE]},
    }
    booker = "/v1/assistants/booker"
    edit(plane, "POST", f"{booker}/versions", ADMIN, version, of=booker)

    (shown,) = plane.get(ALL, AUDITOR).get_json()["items"]
    assert (shown["assistants"], shown["launched_at"]) == (["booker"], None)
    used = edit(plane, "DELETE", ERP, ADMIN, of=ERP)
    assert problem(used)[:2] == (409, "still-in-use")
    edit(plane, "POST", f"{booker}/versions", ADMIN, version | {"allow": {}}, of=booker)
    assert edit(plane, "DELETE", ERP, ADMIN, of=ERP).status_code == 200
    assert plane.get(ALL, AUDITOR).get_json()["items"] == []
