"""No path approves one's own run: every endpoint, link, loan and emergency, and the database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from pipeline.approval_errors import VoterExcluded
from pipeline.decision_link import make_decision_link
from tests.integration.conftest import Database
from tests.integration.control_plane import ControlPlane, open_control_plane, token
from tests.integration.stages import rows
from tests.integration.world import World

EVERY_ROLE = ["approver", "auditor", "break-glass"]


def everything(name: str) -> str:
    """Someone of acme who is all one can be."""
    groups = ["acme-operators", "acme-admins"]
    return token(f"acme-{name}", groups=groups, roles=EVERY_ROLE)


ADA, BEN, CLEO = everything("ada"), everything("ben"), everything("cleo")


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def slug(answer: TestResponse) -> str:
    assert answer.status_code >= 400, answer.text
    kind: str = answer.get_json()["type"]
    return kind.removeprefix("urn:awgp:problem:")


def make_known(plane: ControlPlane) -> None:
    """Everybody was last seen with the groups it takes."""
    with plane.outbox("awgp_web").work(plane.world.acme.tenant_id) as work:
        work.execute(
            "UPDATE persons SET groups = :groups", groups=Jsonb(["approver", "break-glass"])
        )


def lend(plane: ControlPlane, bearer: str, to: str) -> str:
    body = {
        "to": str(plane.world.acme.persons[to]),
        "groups": ["approver"],
        "ends_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    made = plane.post("/v1/delegations", bearer, body)
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def test_ones_own_vote_batch_and_emergency_are_refused(plane: ControlPlane) -> None:
    held = plane.held()
    make_known(plane)
    seen = {"id": held["id"], "digest": held["digest"]}
    assert slug(plane.vote(held, ADA)) == "four-eyes"
    assert slug(plane.vote(held, ADA, "reject")) == "four-eyes"
    batch = plane.post(
        "/v1/approvals/decisions", ADA, {"verdict": "approve", "approvals": [seen]}
    ).get_json()["items"]
    assert (batch[0]["outcome"], batch[0]["problem"]["type"]) == (
        "refused",
        "urn:awgp:problem:four-eyes",
    )
    alone = {"digest": held["digest"], "reason": "now"}
    path = f"/v1/approvals/{held['id']}/break-glass"
    assert slug(plane.post(path, ADA, alone)) == "four-eyes"
    assert plane.status_of(held["run_id"]) == "held"


def test_a_loan_helps_neither_way(plane: ControlPlane) -> None:
    held = plane.held()
    make_known(plane)
    acme = plane.world.acme
    lend(plane, BEN, "ada")
    assert slug(plane.vote(held, ADA, on_behalf_of=str(acme.persons["ben"]))) == "four-eyes"
    lend(plane, ADA, "cleo")
    assert slug(plane.vote(held, CLEO, on_behalf_of=str(acme.persons["ada"]))) == "four-eyes"
    # Who was lent the requester's vote acts for them, also with their own.
    assert slug(plane.vote(held, CLEO)) == "four-eyes"
    alone = {"digest": held["digest"], "reason": "now"}
    path = f"/v1/approvals/{held['id']}/break-glass"
    assert slug(plane.post(path, CLEO, alone)) == "four-eyes"
    assert plane.status_of(held["run_id"]) == "held"
    assert plane.vote(held, BEN).get_json()["status"] == "approved"


def test_neither_ones_own_link_nor_anothers_does(plane: ControlPlane) -> None:
    held = plane.held()
    acme = plane.world.acme
    with plane.outbox("awgp_worker").work(acme.tenant_id) as work:
        for_ben = make_decision_link(work, UUID(held["id"]), person_id=acme.persons["ben"])
        with pytest.raises(VoterExcluded):
            make_decision_link(work, UUID(held["id"]), person_id=acme.persons["ada"])
    body = {"token": for_ben, "verdict": "approve", "digest": held["digest"]}
    assert slug(plane.post("/v1/decision-links", ADA, body)) == "decision-link-not-yours"
    opened = plane.get(f"/d/{for_ben}")
    assert opened.status_code == 302
    assert opened.headers["Location"] == f"/approvals/{held['id']}?tenant=acme#link={for_ben}"
    assert plane.get(f"/d/acme.{'A' * 64}").status_code == 302  # an invented one looks the same
    assert plane.status_of(held["run_id"]) == "held"
    assert plane.post("/v1/decision-links", BEN, body).get_json()["status"] == "approved"
    assert slug(plane.post("/v1/decision-links", BEN, body)) == "decision-link-over"
    recorded = str(records(plane))
    assert for_ben not in recorded
    assert for_ben.partition(".")[2] not in recorded


def records(plane: ControlPlane) -> list[Any]:
    with plane.database.admin.connect() as connection:
        return list(connection.exec_driver_sql("SELECT record FROM awgp.audit_pending").scalars())


def test_an_edit_makes_nobody_free(plane: ControlPlane) -> None:
    held = plane.held()
    edited = plane.post(
        f"/v1/approvals/{held['id']}/edit",
        BEN,
        {"digest": held["digest"], "payload": {"amount_cents": 30_000}},
    ).get_json()
    assert edited["replaces"] == {"id": held["id"], "digest": held["digest"]}
    for bearer in (ADA, BEN):
        assert slug(plane.vote(edited, bearer)) == "four-eyes"
    again = plane.post(
        f"/v1/approvals/{edited['id']}/edit",
        CLEO,
        {"digest": edited["digest"], "payload": {"amount_cents": 20_000}},
    ).get_json()
    for bearer in (ADA, BEN, CLEO):
        assert slug(plane.vote(again, bearer)) == "four-eyes"
    assert plane.status_of(held["run_id"]) == "held"


def test_no_address_that_takes_an_approval_approves_ones_own(plane: ControlPlane) -> None:
    """Whatever is added later: all there is to say, said to every address, as the requester."""
    make_known(plane)
    bodies: tuple[dict[str, Any], ...] = (
        {"verdict": "approve"},
        {"reason": "now"},
        {},
        {"payload": {"amount_cents": 20_001}},
    )
    paths = {
        rule.rule
        for rule in plane.app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and "<uuid:approval_id>" in rule.rule
    }
    assert len(paths) >= 4
    for path in sorted(paths):
        for body in bodies:
            held = plane.held()
            plane.post(
                path.replace("<uuid:approval_id>", held["id"]),
                ADA,
                body | {"digest": held["digest"]},
            )
            assert plane.status_of(held["run_id"]) in {"held", "cancelled"}, (path, body)
    # The same words from another person do approve.
    assert plane.vote(plane.held(), BEN).get_json()["status"] == "approved"


def test_the_database_refuses_each_asked_directly(
    database: Database, world: World, plane: ControlPlane
) -> None:
    held, acme = plane.held(), world.acme
    make_known(plane)
    loan = lend(plane, BEN, "ada")
    place = (
        "INSERT INTO approval_persons (tenant_id, approval_id, person_id, part, vote_id)"
        " VALUES (:tenant, :approval, :ada, 'voter', :vote)"
    )
    vote = (
        "INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
        " groups) VALUES (:tenant, :vote, :approval, :ada, 'approve', :digest, :groups)"
    )
    lent = (
        "WITH place AS (INSERT INTO approval_persons (tenant_id, approval_id, person_id, part,"
        " vote_id) VALUES (:tenant, :approval, :ben, 'voter', :vote) RETURNING 1)"
        " INSERT INTO votes (tenant_id, vote_id, approval_id, person_id, verdict, action_digest,"
        " groups, on_behalf_of_person_id, delegation_id) SELECT :tenant, :vote, :approval, :ada,"
        " 'approve', :digest, :groups, :ben, :loan FROM place"
    )
    review = (
        "INSERT INTO reviews (tenant_id, review_id, approval_id, action_digest, person_id, reason)"
        " VALUES (:tenant, :vote, :approval, :digest, :ada, 'now')"
    )
    free = "DELETE FROM approval_persons WHERE approval_id = :approval AND person_id = :ada"
    unexclude = "UPDATE approval_persons SET part = 'voter' WHERE person_id = :ada"
    approve = (
        "UPDATE approvals SET status = 'approved', decided_at = now(), execution_expires_at ="
        " now() + interval '1 minute' WHERE approval_id = :approval"
    )
    run = "UPDATE runs SET status = 'approved' WHERE run_id = :run"
    values = {
        "tenant": acme.tenant_id,
        "approval": held["id"],
        "run": held["run_id"],
        "ada": acme.persons["ada"],
        "ben": acme.persons["ben"],
        "vote": uuid4(),
        "digest": bytes.fromhex(held["digest"]),
        "groups": Jsonb(["approver"]),
        "loan": loan,
    }
    for login in ("awgp_web", "awgp_worker"):
        outbox = database.outbox(login)
        for statement in (place, vote, lent, review, unexclude, approve, run):
            with pytest.raises(DBAPIError), outbox.work(acme.tenant_id) as work:
                work.execute(statement, **values)
    with database.outbox("awgp_web").work(acme.tenant_id) as work:
        assert work.execute(free, **values).rowcount == 0
    with pytest.raises(DBAPIError), database.outbox("awgp_worker").work(acme.tenant_id) as work:
        work.execute(free, **values)
    assert plane.status_of(held["run_id"]) == "held"
    excluded = rows(
        database,
        acme,
        "SELECT part FROM approval_persons WHERE approval_id = :id AND person_id = :ada",
        id=held["id"],
        ada=acme.persons["ada"],
    )
    assert excluded == [("excluded",)]
