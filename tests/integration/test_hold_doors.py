"""What guards the hold in one place alone: take it away, and a test here notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from pipeline.approval_edit import edit_payload
from pipeline.approval_view import load_approval
from pipeline.decision_link import make_decision_link
from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD,
    HELD_BY_TWO,
    ControlPlane,
    open_control_plane,
    person,
    token,
)
from tests.integration.test_hold import make_late
from tests.integration.test_whole_hold import BASE, Hold
from tests.integration.world import World

pytestmark = pytest.mark.services

ADA, BEN, CLEO = (person("acme", name) for name in ("ada", "ben", "cleo"))
OLGA = token("acme-olga", groups=["acme-admins"], roles=[])
# With its place, as the product casts one.
CAST = (
    "WITH place AS (INSERT INTO approval_persons (tenant_id, approval_id, person_id, part,"
    " vote_id) VALUES (:tenant, :approval, :person, 'voter', :vote) RETURNING 1)"
    " INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
    " groups) SELECT :tenant, :vote, :approval, :person, 'reject', :digest, :groups FROM place"
)


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def slug(answer: TestResponse) -> str:
    assert answer.status_code >= 400, answer.text
    kind: str = answer.get_json()["type"]
    return kind.removeprefix("urn:awgp:problem:")


def decide(plane: ControlPlane, bearer: str, *held: dict[str, Any], **further: Any) -> TestResponse:
    asked = [{"id": each["id"], "digest": each["digest"]} for each in held]
    body = {"verdict": "approve", "approvals": asked} | further
    return plane.post("/v1/approvals/decisions", bearer, body)


def test_what_held_a_run_before_an_edit_holds_it_after(database: Database, world: World) -> None:
    held = Hold(database, world.acme, BASE)
    with held.web.work(world.acme.tenant_id) as work:
        small = edit_payload(
            work,
            held.approval_id,
            person_id=held.person("ada"),
            digest=held.look().digest,
            content=b'{"amount_cents": 20000}',
        )
        rules = {rule.name for rule in load_approval(work, small).requirement.rules}
    assert rules == {"default", "two-approvers"}


def test_the_database_takes_no_late_vote(database: Database, world: World) -> None:
    held = Hold(database, world.acme, BASE)
    make_late(database, held.approval_id)
    values = {"person": held.person("ben"), "vote": uuid4(), "groups": Jsonb(["finance"])}
    held.refuses(CAST, "expired", **values)


def test_the_database_withdraws_no_vote_from_what_is_decided_or_late(
    database: Database, world: World
) -> None:
    withdraw = "UPDATE votes SET withdrawn_at = now() WHERE approval_id = :approval"
    held = Hold(database, world.acme, replace(BASE, quorum=2))
    held.vote("ben", "finance")
    make_late(database, held.approval_id)
    held.refuses(withdraw, "expired")
    done = Hold(database, world.acme, BASE)
    done.vote("ben", "finance")
    done.refuses(withdraw, "already decided")


def test_who_acts_for_an_excluded_person_casts_nothing_past_the_product(
    database: Database, world: World
) -> None:
    held = Hold(database, world.acme, BASE)
    held.give_groups("olga", "finance")  # owns the source
    held.lend("olga", "cleo", "finance")
    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM awgp.approval_persons WHERE person_id = %(cleo)s",
            {"cleo": held.person("cleo")},
        )
    values = {"person": held.person("cleo"), "vote": uuid4(), "groups": Jsonb(["finance"])}
    held.refuses(CAST, "acts for one who is", **values)


def test_the_database_revokes_a_loan_once(database: Database, world: World) -> None:
    held = Hold(database, world.acme, BASE)
    held.give_groups("ben", "finance")
    held.lend("ben", "cleo", "finance")
    end = (
        "UPDATE delegations SET revoked_at = {}, revoked_by_person_id = {}"
        " WHERE tenant_id = :tenant"
    )
    with held.web.work(world.acme.tenant_id) as work:
        work.execute(end.format("now()", ":by"), tenant=world.acme.tenant_id, by=held.person("ben"))
    held.refuses(end.format("NULL", "NULL"), "revoked once")


def test_only_questions_under_identical_rules_are_decided_together(plane: ControlPlane) -> None:
    one, two, other = plane.held(HELD), plane.held(HELD), plane.held(HELD_BY_TWO)
    assert slug(decide(plane, BEN, one, other)) == "batch-mixed"
    assert slug(decide(plane, BEN, one, one)) == "batch-mixed"
    nowhere = one | {"id": str(uuid4())}
    assert slug(decide(plane, BEN, one, nowhere)) == "approval-not-found"
    assert {plane.status_of(each["run_id"]) for each in (one, two, other)} == {"held"}
    wrong = two | {"digest": "0" * 64}
    answer = decide(plane, BEN, one, wrong).get_json()["items"]
    assert [each["outcome"] for each in answer] == ["decided", "refused"]
    assert answer[1]["problem"]["type"] == "urn:awgp:problem:digest-mismatch"
    assert (plane.status_of(one["run_id"]), plane.status_of(two["run_id"])) == ("approved", "held")


def test_a_loan_is_ended_by_either_side_or_an_admin(plane: ControlPlane) -> None:
    body = {
        "to": str(plane.world.acme.persons["cleo"]),
        "groups": ["approver"],
        "ends_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }

    def lent() -> str:
        made = plane.post("/v1/delegations", BEN, body)
        assert made.status_code == 201, made.text
        return f"/v1/delegations/{made.get_json()['id']}/revoke"

    loan = lent()
    assert slug(plane.post(loan, ADA)) == "delegation-not-found"
    assert slug(plane.post(loan, person("globex", "ben"))) == "delegation-not-found"
    assert plane.post(loan, CLEO).status_code == 200
    assert slug(plane.post(loan, BEN)) == "delegation-over"
    assert plane.post(lent(), BEN).status_code == 200
    assert plane.post(lent(), OLGA).status_code == 200


def test_opening_a_link_uses_nothing_up_and_a_refused_vote_neither(plane: ControlPlane) -> None:
    held, acme = plane.held(HELD), plane.world.acme
    with plane.outbox("awgp_worker").work(acme.tenant_id) as work:
        text = make_decision_link(work, UUID(held["id"]), person_id=acme.persons["ben"])
    for _ in range(3):
        assert plane.get(f"/d/{text}", BEN).status_code == 302
    body = {"token": text, "verdict": "approve", "digest": held["digest"]}
    nobody = token("acme-ben", groups=["acme-operators"], roles=[])
    assert slug(plane.post("/v1/decision-links", nobody, body)) == "vote-refused"
    wrong = body | {"digest": "0" * 64}
    assert slug(plane.post("/v1/decision-links", BEN, wrong)) == "decision-link-over"
    assert plane.status_of(held["run_id"]) == "held"
    assert plane.post("/v1/decision-links", BEN, body).get_json()["status"] == "approved"
