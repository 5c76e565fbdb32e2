"""The holding looks into a tenant's hold: questions, loans, reviews, notices; no link, no act."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import ProgrammingError
from werkzeug.test import TestResponse

from pipeline.decision_link import make_decision_link
from pipeline.notice import Event
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD, ControlPlane, open_control_plane, person, token
from tests.integration.world import World

pytestmark = pytest.mark.services

HANA = token("holding-hana", groups=["holding-admins"], roles=[])
BEN = person("acme", "ben", roles=("approver", "break-glass"))


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def as_hana(
    plane: ControlPlane, path: str, *, tenant: str = "acme", body: dict[str, Any] | None = None
) -> TestResponse:
    headers = {"Authorization": f"Bearer {HANA}", "AWGP-Tenant": tenant}
    method = "GET" if body is None else "POST"
    return plane.app.test_client().open(path, method=method, headers=headers, json=body)


def listed(plane: ControlPlane, path: str, tenant: str = "acme") -> list[dict[str, Any]]:
    answer = as_hana(plane, path, tenant=tenant)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def set_up(plane: ControlPlane) -> tuple[dict[str, Any], str, UUID]:
    """An open question with a link to it; a loan; an emergency under review."""
    acme = plane.world.acme
    waiting, urgent = plane.held(HELD), plane.held(HELD)
    alone = {"digest": urgent["digest"], "reason": "line 2 stands still"}
    assert plane.post(f"/v1/approvals/{urgent['id']}/break-glass", BEN, alone).status_code == 200
    ends_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    loan = {"to": str(acme.persons["cleo"]), "groups": ["approver"], "ends_at": ends_at}
    made = plane.post("/v1/delegations", BEN, loan)
    assert made.status_code == 201, made.text
    with plane.outbox("awgp_web").work(acme.tenant_id) as work:
        make_decision_link(work, UUID(waiting["id"]), person_id=acme.persons["ben"])
    return waiting, made.get_json()["id"], UUID(urgent["id"])


def test_what_the_hold_keeps_is_shown_one_tenant_at_a_time(plane: ControlPlane) -> None:
    waiting, loan_id, urgent_id = set_up(plane)
    (loan,) = listed(plane, "/v1/delegations?whose=all")
    (review,) = listed(plane, "/v1/reviews")
    assert (loan["id"], review["approval_id"]) == (loan_id, str(urgent_id))
    assert review["reason"] == "line 2 stands still"
    (own,) = plane.get("/v1/reviews", BEN).get_json()["items"]
    told = (review["excluded_as"], own["excluded_as"])
    assert told == (None, "person who broke the glass")
    assert waiting["id"] in {each["id"] for each in listed(plane, "/v1/approvals?limit=100")}
    assert as_hana(plane, f"/v1/approvals/{waiting['id']}").status_code == 200
    for path in ("/v1/delegations?whose=all", "/v1/reviews", "/v1/approvals"):
        assert listed(plane, path, "globex") == []
    assert as_hana(plane, f"/v1/approvals/{waiting['id']}", tenant="globex").status_code == 404


def test_who_looks_in_decides_nothing(plane: ControlPlane) -> None:
    waiting, loan_id, _ = set_up(plane)
    (review,) = listed(plane, "/v1/reviews")
    seen = {"digest": waiting["digest"]}
    asked: dict[str, dict[str, Any]] = {
        f"/v1/approvals/{waiting['id']}/votes": seen | {"verdict": "approve"},
        f"/v1/approvals/{waiting['id']}/withdraw": {},
        f"/v1/approvals/{waiting['id']}/break-glass": seen | {"reason": "now"},
        f"/v1/approvals/{waiting['id']}/edit": seen | {"payload": {"amount_cents": 1}},
        f"/v1/delegations/{loan_id}/revoke": {},
        f"/v1/reviews/{review['id']}/close": {"verdict": "justified", "note": "fine"},
        f"/v1/runs/{waiting['run_id']}/cancel": {"reason": "no"},
    }
    got = {path: as_hana(plane, path, body=body).status_code for path, body in asked.items()}
    assert got == dict.fromkeys(asked, 403)
    assert plane.status_of(waiting["run_id"]) == "held"


def test_no_link_is_shown_to_the_holding(plane: ControlPlane) -> None:
    set_up(plane)
    holding = plane.outbox("awgp_holding")
    for what in ("token_hash", "link_id", "count(*)"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            holding.work(plane.world.acme.tenant_id) as work,
        ):
            work.execute(f"SELECT {what} FROM decision_links")


def test_notices_are_shown(plane: ControlPlane) -> None:
    admin = token("acme-olga", groups=["acme-admins"], roles=[])
    channel = {
        "name": "duty",
        "kind": "email",
        "recipients": ["duty@acme.example"],
        "events": [Event.OPENED.value],
    }
    made = plane.post("/v1/notice-channels", admin, channel)
    assert made.status_code == 201, made.text
    waiting = plane.held(HELD)
    (shown,) = listed(plane, "/v1/notice-channels")
    (notice,) = listed(plane, "/v1/notices")
    assert shown["name"] == "duty"
    assert notice["approval_id"] == waiting["id"]
    assert as_hana(plane, "/v1/notice-channels", body=channel).status_code == 403
    assert listed(plane, "/v1/notice-channels", "globex") == []


def test_a_visitor_acts_and_never_approves(plane: ControlPlane) -> None:
    waiting, _, _ = set_up(plane)
    begun = as_hana(
        plane, "/v1/tenants/acme/visits", body={"reason": "they asked for help", "minutes": 5}
    )
    assert begun.status_code == 201, begun.text
    with plane.outbox("awgp_web").work(plane.world.acme.tenant_id) as work:
        work.execute(
            "UPDATE persons SET groups = :groups WHERE subject = 'holding-hana'",
            groups=Jsonb(["approver", "break-glass"]),
        )
    vote = {"digest": waiting["digest"], "verdict": "approve"}
    refused = as_hana(plane, f"/v1/approvals/{waiting['id']}/votes", body=vote)
    assert (refused.status_code, refused.get_json()["type"]) == (
        403,
        "urn:awgp:problem:vote-refused",
    )
    cancelled = as_hana(plane, f"/v1/runs/{waiting['run_id']}/cancel", body={"reason": "as asked"})
    assert cancelled.status_code == 202
