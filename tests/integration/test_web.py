"""The control plane's API: who may do what, and what a vote comes to."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from pipeline.action import ACTION_TAG
from pipeline.run import Stage, Status
from pipeline.run_store import load_run, move
from tests.integration import setup_routes
from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD_BY_TWO,
    ControlPlane,
    machine,
    open_control_plane,
    person,
    token,
)
from tests.integration.setting_up import send
from tests.integration.world import World
from web.access import AccessUndeclared, declarations

NOBODY = uuid4()
BEN, CLEO = person("acme", "ben"), person("acme", "cleo")
ADA, DORA = person("acme", "ada"), person("globex", "ben")
PLAIN_ADA = person("acme", "ada", roles=())


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json", response.text
    return response.status_code, response.get_json()["type"].removeprefix("urn:awgp:problem:")


# --- every endpoint and every kind of caller --------------------------------------------------


def _calls(route: setup_routes.Route) -> "Call":
    return lambda web, _, who: send(web, route.method, route.path, who, route.body)


Call = Callable[[ControlPlane, Mapping[str, Any], str | None], TestResponse]
CALLS: dict[tuple[str, str], Call] = {
    ("GET", "/v1/openapi.json"): lambda web, _, who: web.get("/v1/openapi.json", who),
    ("GET", "/healthz"): lambda web, _, who: web.get("/healthz", who),
    ("GET", "/readyz"): lambda web, _, who: web.get("/readyz", who),
    ("GET", "/v1/me"): lambda web, _, who: web.get("/v1/me", who),
    ("GET", "/v1/approvals"): lambda web, _, who: web.get("/v1/approvals", who),
    ("GET", "/v1/approvals/count"): lambda web, _, who: web.get("/v1/approvals/count", who),
    ("GET", "/v1/approvals/<uuid:approval_id>/files"): lambda web, held, who: web.get(
        f"/v1/approvals/{held['id']}/files?path=main.py", who
    ),
    ("GET", "/v1/runs"): lambda web, _, who: web.get("/v1/runs", who),
    ("GET", "/v1/runs/<uuid:run_id>"): lambda web, held, who: web.get(
        f"/v1/runs/{held['run_id']}", who
    ),
    ("GET", "/v1/runs/<uuid:run_id>/log"): lambda web, held, who: web.get(
        f"/v1/runs/{held['run_id']}/log", who
    ),
    ("GET", "/v1/runs/<uuid:run_id>/calls"): lambda web, held, who: web.get(
        f"/v1/runs/{held['run_id']}/calls", who
    ),
    ("GET", "/v1/runs/<uuid:run_id>/audit"): lambda web, held, who: web.get(
        f"/v1/runs/{held['run_id']}/audit", who
    ),
    ("POST", "/v1/runs/<uuid:run_id>/cancel"): lambda web, held, who: web.post(
        f"/v1/runs/{held['run_id']}/cancel", who
    ),
    ("GET", "/v1/approvals/<uuid:approval_id>"): lambda web, held, who: web.get(
        f"/v1/approvals/{held['id']}", who
    ),
    ("POST", "/v1/approvals/<uuid:approval_id>/votes"): lambda web, held, who: web.post(
        f"/v1/approvals/{held['id']}/votes",
        who,
        {"verdict": "approve", "digest": held["digest"]},
    ),
    ("POST", "/v1/approvals/<uuid:approval_id>/edit"): lambda web, held, who: web.post(
        f"/v1/approvals/{held['id']}/edit",
        who,
        {"digest": held["digest"], "payload": {"amount_cents": 30_000}},
    ),
    ("POST", "/v1/runs/<uuid:run_id>/replay"): lambda web, held, who: web.post(
        f"/v1/runs/{held['run_id']}/replay", who
    ),
    ("GET", "/login"): lambda web, _, who: web.get("/login", who),
    ("GET", "/authorize"): lambda web, _, who: web.get("/authorize", who),
    ("GET", "/logout"): lambda web, _, who: web.get("/logout", who),
    ("POST", "/logout"): lambda web, _, who: web.post("/logout", who),
    ("POST", "/backchannel-logout"): lambda web, _, who: web.post("/backchannel-logout", who),
    # Nothing that would be kept: who may try is told what is wrong with it.
    ("POST", "/v1/bundles"): lambda web, _, who: web.post("/v1/bundles", who, {}),
    ("POST", "/v1/policies"): lambda web, _, who: web.post("/v1/policies", who, {"source": "?"}),
    ("GET", "/v1/policies/active"): lambda web, _, who: web.get("/v1/policies/active", who),
    ("POST", "/v1/policies/<int(min=1,max=2147483647):version>/activate"): (
        lambda web, _, who: web.post("/v1/policies/999/activate", who)
    ),
}
for each in setup_routes.ROUTES:
    CALLS[each.method, each.rule] = _calls(each)
WHO = {
    "no token": None,
    "other tenant": DORA,
    "requester": ADA,
    "approver": BEN,
    "machine": machine("acme"),
    "auditor": token("acme-otto", groups=[], roles=["auditor"]),
    "admin": token("acme-olga", groups=["acme-admins"], roles=[]),
}
EVERYONE = dict.fromkeys(WHO, 200)
SIGNED_IN = EVERYONE | {"no token": 401}
OWN_LIST = SIGNED_IN | {"auditor": 403}
PEOPLE_WHO_OPERATE = dict.fromkeys(WHO, 415) | {"no token": 401, "machine": 403, "auditor": 403}
ADMINS_ALONE = dict.fromkeys(WHO, 403) | {"no token": 401}
# By endpoint, in the order of WHO. A held run cannot be replayed: whoever may try gets 409.
EXPECTED: dict[tuple[str, str], Mapping[str, int]] = {
    ("GET", "/v1/openapi.json"): EVERYONE,
    ("GET", "/healthz"): EVERYONE,
    ("GET", "/readyz"): EVERYONE,
    ("GET", "/v1/me"): SIGNED_IN,
    # No provider listens here, and nobody comes from one.
    ("GET", "/login"): dict.fromkeys(WHO, 503),
    ("GET", "/authorize"): dict.fromkeys(WHO, 400),
    ("GET", "/logout"): dict.fromkeys(WHO, 302),
    ("POST", "/logout"): SIGNED_IN,
    ("POST", "/backchannel-logout"): dict.fromkeys(WHO, 400),
    ("GET", "/v1/approvals"): OWN_LIST,
    ("GET", "/v1/approvals/count"): OWN_LIST,
    ("GET", "/v1/approvals/<uuid:approval_id>/files"): OWN_LIST | {"other tenant": 404},
    ("GET", "/v1/runs"): OWN_LIST,
    ("GET", "/v1/runs/<uuid:run_id>"): OWN_LIST | {"other tenant": 404},
    ("GET", "/v1/runs/<uuid:run_id>/log"): OWN_LIST | {"other tenant": 404},
    ("GET", "/v1/runs/<uuid:run_id>/calls"): OWN_LIST | {"other tenant": 404},
    ("GET", "/v1/runs/<uuid:run_id>/audit"): OWN_LIST | {"other tenant": 404},
    ("POST", "/v1/runs/<uuid:run_id>/cancel"): {
        "no token": 401,
        "other tenant": 404,
        "requester": 202,
        "approver": 202,
        "machine": 403,
        "auditor": 403,
        "admin": 202,
    },
    ("GET", "/v1/approvals/<uuid:approval_id>"): OWN_LIST | {"other tenant": 404},
    ("POST", "/v1/approvals/<uuid:approval_id>/votes"): OWN_LIST
    | {"other tenant": 404, "requester": 403, "machine": 403, "admin": 403},
    ("POST", "/v1/approvals/<uuid:approval_id>/edit"): {
        "no token": 401,
        "other tenant": 404,
        "requester": 201,
        "approver": 201,
        "machine": 403,
        "auditor": 403,
        "admin": 201,
    },
    ("POST", "/v1/runs/<uuid:run_id>/replay"): {
        "no token": 401,
        "other tenant": 404,
        "requester": 409,
        "approver": 409,
        "machine": 403,
        "auditor": 403,
        "admin": 409,
    },
    ("POST", "/v1/bundles"): PEOPLE_WHO_OPERATE | {"other tenant": 415},
    # Who operates may propose a version; an admin activates it.
    ("POST", "/v1/policies"): dict.fromkeys(WHO, 422)
    | {"no token": 401, "machine": 403, "auditor": 403},
    ("GET", "/v1/policies/active"): OWN_LIST,
    ("POST", "/v1/policies/<int(min=1,max=2147483647):version>/activate"): ADMINS_ALONE
    | {"admin": 404},
}
for each in setup_routes.ROUTES:
    EXPECTED[each.method, each.rule] = {name: each.expected(name) for name in WHO}


def routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def held_for(plane: ControlPlane, rule: str) -> dict[str, Any]:
    """A held run for what is about one; it is asked about once."""
    return plane.held() if "_id>" in rule else {}


def test_every_endpoint_answers_every_kind_of_caller_as_the_table_says(
    plane: ControlPlane,
) -> None:
    # The guard's answer for every route is in docs/reference/access.md; here, those of the views.
    assert set(EXPECTED) == set(CALLS) <= routes(plane.app)
    got = {
        (*route, name): CALLS[route](plane, held_for(plane, route[1]), bearer).status_code
        for route in sorted(EXPECTED)
        for name, bearer in WHO.items()
    }
    wanted = {(*route, name): EXPECTED[route][name] for route in EXPECTED for name in WHO}
    assert got == wanted


def test_the_other_tenant_sees_nothing_of_a_list(plane: ControlPlane) -> None:
    plane.held()
    for path in ("/v1/approvals", "/v1/runs"):
        assert plane.get(path, DORA).get_json() == {"items": [], "next": None}
        assert len(plane.get(path, BEN).get_json()["items"]) == 1


def test_a_tenant_one_does_not_belong_to_cannot_be_chosen(plane: ControlPlane) -> None:
    held = plane.held()
    answer = plane.app.test_client().get(
        f"/v1/approvals/{held['id']}",
        headers={"Authorization": f"Bearer {DORA}", "AWGP-Tenant": "acme"},
    )
    assert problem(answer) == (403, "tenant-forbidden")


def test_an_endpoint_that_does_not_say_who_may_use_it_stops_the_start(
    plane: ControlPlane,
) -> None:
    further = Flask("further", static_folder=None)
    further.add_url_rule("/open", "open", lambda: "to all")
    with pytest.raises(AccessUndeclared, match="open"):
        declarations(further, {})


def test_reading_never_decides(plane: ControlPlane) -> None:
    held = plane.held()
    for path in (f"/v1/approvals/{held['id']}/votes", f"/v1/approvals/{held['id']}/edit"):
        assert problem(plane.get(path, BEN)) == (405, "method-not-allowed")
    assert plane.get(f"/v1/approvals/{held['id']}", BEN).get_json()["status"] == "open"
    assert plane.status_of(held["run_id"]) == "held"


# --- what is shown ----------------------------------------------------------------------------


def test_an_approval_shows_everything_its_digest_covers(plane: ControlPlane) -> None:
    held = plane.held()
    answer = plane.get(f"/v1/approvals/{held['id']}", BEN)
    shown = answer.get_json()

    action = base64.b64decode(shown["action_base64"])
    assert hashlib.sha256(ACTION_TAG + action).hexdigest() == shown["digest"] == held["digest"]
    assert json.loads(action) == shown["action"]
    assert answer.headers["ETag"] == f'"{shown["digest"]}"'
    assert shown["requirement"] == shown["action"]["requirement"]
    assert shown["payload"]["json"] == {"amount_cents": 20_000}
    assert json.loads(base64.b64decode(shown["payload"]["base64"])) == shown["payload"]["json"]
    assert shown["tally"] == {
        "outcome": "open",
        "rules": [
            {
                "rule": "default",
                "needed": 1,
                "have": 0,
                "met": False,
                "turn": 0,
                "turns": [{"groups": ["approver"], "needed": 1, "have": 0, "met": False}],
            }
        ],
    }
    because = {each["name"]: each["because"] for each in shown["excluded"]}
    assert because == {"Ada": "requester", "Axel": "author of the bundle"}


def test_lists_go_page_by_page_newest_first(plane: ControlPlane) -> None:
    made = [plane.held()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = plane.get(f"/v1/approvals?limit=2{cursor}", BEN).get_json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == made[::-1]
    runs = plane.get("/v1/runs?limit=4&status=held", BEN).get_json()
    assert (len(runs["items"]), runs["next"]) == (4, runs["items"][-1]["id"])
    assert {each["assistant"] for each in runs["items"]} == {"booker"}
    assert plane.get("/v1/runs?status=completed", BEN).get_json()["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=1", "status=maybe", "status=open%00"]
)
def test_a_query_that_makes_no_sense_is_named(plane: ControlPlane, query: str) -> None:
    answer = plane.get(f"/v1/approvals?{query}", BEN)
    assert problem(answer) == (422, "request-invalid")
    assert answer.get_json()["field"].partition(".")[0] == query.partition("=")[0]


def test_me_says_what_one_is_in_each_tenant(plane: ControlPlane) -> None:
    both = token(
        "x-ines", groups=["acme-admins", "acme-finance", "globex-operators"], roles=["approver"]
    )
    me = plane.get("/v1/me", both).get_json()
    assert me["tenants"] == [
        {
            "tenant": "acme",
            "roles": ["admin", "approver"],
            "voting_groups": ["acme-admins", "acme-finance", "admins", "approver", "finance"],
        },
        {
            "tenant": "globex",
            "roles": ["approver", "operator"],
            "voting_groups": ["approver", "globex-operators", "operators"],
        },
    ]
    assert problem(plane.get("/v1/approvals", both)) == (400, "tenant-not-chosen")


# --- voting -----------------------------------------------------------------------------------


def test_an_approver_approves_and_the_run_goes_on(plane: ControlPlane) -> None:
    held = plane.held()
    answer = plane.vote(held, BEN, reason="looks right")

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "approved"
    assert answer.get_json()["votes"][0]["name"] == "Ben"
    assert plane.status_of(held["run_id"]) == "approved"
    again = plane.vote(held, BEN)
    assert (again.status_code, len(again.get_json()["votes"])) == (200, 1)


def test_one_reject_rejects(plane: ControlPlane) -> None:
    held = plane.held(HELD_BY_TWO)
    assert plane.vote(held, BEN).get_json()["status"] == "open"
    assert plane.vote(held, CLEO, "reject", reason="not ours").get_json()["status"] == "rejected"
    assert plane.status_of(held["run_id"]) == "rejected"


@pytest.mark.parametrize(
    ("name", "because"), [("ada", "requester"), ("axel", "author of the bundle")]
)
def test_who_had_a_hand_in_it_is_refused_and_told_why(
    plane: ControlPlane, name: str, because: str
) -> None:
    held = plane.held()
    answer = plane.vote(held, person("acme", name))
    assert problem(answer) == (403, "four-eyes")
    assert because in answer.get_json()["detail"]
    assert plane.status_of(held["run_id"]) == "held"


def test_a_vote_names_what_its_voter_saw(plane: ControlPlane) -> None:
    held = plane.held()
    assert problem(plane.vote(held, BEN, digest="0" * 64)) == (409, "digest-mismatch")
    for broken in ("", held["digest"].upper(), held["digest"][:8], "sha256:" + held["digest"]):
        assert problem(plane.vote(held, BEN, digest=broken)) == (422, "request-invalid")


def test_who_is_in_no_group_the_rule_asks_for_is_refused(plane: ControlPlane) -> None:
    held = plane.held()
    answer = plane.vote(held, token("acme-fred", groups=["acme-operators"], roles=[]))
    assert problem(answer) == (403, "vote-refused")
    assert "approver" in answer.get_json()["detail"]


def test_what_is_decided_stays_decided(plane: ControlPlane) -> None:
    held = plane.held()
    plane.vote(held, BEN)
    assert problem(plane.vote(held, CLEO)) == (409, "approval-already-decided")
    assert problem(plane.vote(held, BEN, "reject")) == (409, "approval-already-decided")


def test_after_its_time_nothing_is_decided(plane: ControlPlane) -> None:
    held = plane.held()
    with plane.database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.approvals SET expires_at = clock_timestamp() - interval '1 second'"
        )
    assert problem(plane.vote(held, BEN)) == (410, "approval-expired")
    assert plane.status_of(held["run_id"]) == "held"


def test_a_rule_that_asks_for_a_reason_gets_one(plane: ControlPlane) -> None:
    with plane.database.owner.begin() as connection:
        connection.exec_driver_sql(
            "SELECT set_config('app.current_tenant', %s, true)", (str(plane.world.acme.tenant_id),)
        )
        connection.exec_driver_sql(
            "INSERT INTO approval_rules (tenant_id, name, version, rule, author_person_id)"
            ' SELECT tenant_id, name, 2, rule || \'{"reason": "required", "version": 2}\','
            " author_person_id FROM approval_rules WHERE name = 'two-approvers'"
        )
    held = plane.held(HELD_BY_TWO)
    silent = plane.vote(held, BEN, reason=" ")
    assert problem(silent) == (422, "reason-missing")
    assert silent.get_json()["field"] == "reason"
    stranger = token("acme-fred", groups=["acme-operators"], roles=[])
    assert problem(plane.vote(held, stranger, reason=" ")) == (403, "vote-refused")
    assert plane.vote(held, BEN, reason="checked the order").status_code == 200


@pytest.mark.parametrize("reason", ["\x00", "\ud800", "x" * 2001, 7, None])
def test_a_reason_is_text_that_can_be_kept(plane: ControlPlane, reason: Any) -> None:
    answer = plane.vote(plane.held(), BEN, reason=reason)
    assert answer.status_code in {400, 422}
    assert problem(answer)[1] in {"request-invalid", "json-invalid"}


def test_twenty_votes_at_one_instant_give_one_decision(database: Database, world: World) -> None:
    plane = open_control_plane(database, world, pool_size=20)
    held = plane.held(HELD_BY_TWO)
    voters = [
        token(f"acme-voter{n}", groups=["acme-operators"], roles=["approver"]) for n in range(20)
    ]
    together = Barrier(len(voters))

    def vote(number: int) -> int:
        together.wait()
        return plane.vote(held, voters[number]).status_code

    with ThreadPoolExecutor(len(voters)) as pool:
        answers = Counter(pool.map(vote, range(len(voters))))

    assert answers == {200: 2, 409: 18}
    shown = plane.get(f"/v1/approvals/{held['id']}", BEN).get_json()
    assert (shown["status"], len(shown["votes"])) == ("approved", 2)
    assert shown["tally"]["outcome"] == "approved"
    with plane.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        handoffs = work.execute("SELECT stage FROM handoffs").scalars().all()
    assert handoffs == ["execute"]


def test_approving_and_rejecting_at_one_instant_have_one_outcome(
    database: Database, world: World
) -> None:
    plane = open_control_plane(database, world, pool_size=20)
    for _ in range(10):
        held = plane.held()
        together = Barrier(2)

        def vote(bearer: str, verdict: str, *, held: Any = held, together: Any = together) -> int:
            together.wait()
            return plane.vote(held, bearer, verdict).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(vote, (BEN, CLEO), ("approve", "reject")))
        assert sorted(answers) == [200, 409]
        assert plane.status_of(held["run_id"]) == ("approved" if answers[0] == 200 else "rejected")


# --- editing ----------------------------------------------------------------------------------


def test_an_edit_asks_anew_and_its_editor_cannot_vote(plane: ControlPlane) -> None:
    held = plane.held(HELD_BY_TWO)
    plane.vote(held, BEN)
    edited = plane.post(
        f"/v1/approvals/{held['id']}/edit",
        CLEO,
        {"digest": held["digest"], "payload": {"amount_cents": 30_000, "note": "für März"}},
    )
    assert edited.status_code == 201
    anew = edited.get_json()
    assert edited.headers["Location"] == f"/v1/approvals/{anew['id']}"
    shown = plane.get(edited.headers["Location"], BEN).get_json()
    assert anew.pop("replaces") == {"id": held["id"], "digest": held["digest"]}
    assert shown == shown | anew
    assert (anew["epoch"], anew["status"], anew["votes"]) == (2, "open", [])
    assert anew["digest"] != held["digest"]
    assert base64.b64decode(anew["payload"]["base64"]) == (
        '{"amount_cents":30000,"note":"für März"}'.encode()
    )
    assert problem(plane.vote(held, CLEO)) == (409, "approval-already-decided")
    assert problem(plane.vote(anew, CLEO)) == (403, "four-eyes")
    assert plane.vote(anew, BEN).status_code == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, "payload-invalid")),
        ({"payload": {}, "payload_base64": "e30="}, (422, "payload-invalid")),
        ({"payload_base64": "e30"}, (422, "payload-invalid")),
        ({"payload_base64": "bm90IGpzb24="}, (400, "json-invalid")),
        ({"payload": {"amount_cents": 20_000, "country": "XX"}}, (422, "edit-denied")),
        ({"payload": {"amount_cents": 20_000}, "more": 1}, (422, "request-invalid")),
        ({"payload": {}, "digest": "0" * 64}, (409, "digest-mismatch")),
        ({"payload": [1]}, (422, "request-invalid")),
        ({"payload_base64": "WzFd"}, (422, "json-not-an-object")),
        ({"payload": {"x": "x" * 270_000}}, (413, "payload-too-large")),
        ({"payload": {"x": "x" * 400_000}}, (413, "body-too-large")),
        ({"payload": {"x": json.loads("[" * 32 + "]" * 32)}}, (422, "json-too-deep")),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_changes_nothing(
    plane: ControlPlane, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    held = plane.held()
    sent = {"digest": held["digest"]} | body
    assert problem(plane.post(f"/v1/approvals/{held['id']}/edit", CLEO, sent)) == expected
    shown = plane.get(f"/v1/approvals/{held['id']}", BEN).get_json()
    assert (shown["status"], shown["epoch"]) == ("open", 1)


# --- replay -----------------------------------------------------------------------------------


def test_a_failed_run_is_replayed_in_its_next_epoch(plane: ControlPlane) -> None:
    tenant = plane.world.acme
    run_id = plane.submit({"amount_cents": 1}, tenant, "ada")
    path = f"/v1/runs/{run_id}/replay"
    with plane.outbox("awgp_worker").work(tenant.tenant_id) as work:
        work.execute("DELETE FROM handoffs")
        move(work, load_run(work, run_id), Status.FAILED, stage=Stage.POLICY, reason="it broke")
    assert problem(plane.post(path, BEN)) == (409, "run-changed")
    with plane.outbox("awgp_sealer").work(tenant.tenant_id) as work:
        work.execute("DELETE FROM handoffs")
        work.execute("UPDATE runs SET sealed_at = clock_timestamp()")

    answer = plane.post(path, PLAIN_ADA)
    assert (answer.status_code, answer.get_json()) == (
        202,
        {"id": str(run_id), "epoch": 2, "status": "received"},
    )
    assert problem(plane.post(path, BEN)) == (409, "run-not-replayable")
    assert problem(plane.post(f"/v1/runs/{NOBODY}/replay", BEN)) == (404, "run-not-found")


# --- the edges --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b'{"verdict":"approve","verdict":"reject"}', "application/json", (400, "json-invalid")),
        (b"[" * 100_000, "application/json", (422, "json-too-deep")),
        (b"\xff", "application/json", (400, "json-invalid")),
        (b"", "application/json", (400, "json-invalid")),
        (b"verdict=approve", "application/x-www-form-urlencoded", (415, "media-type-unsupported")),
        (b"{}", "text/plain", (415, "media-type-unsupported")),
    ],
)
def test_bodies_that_are_not_plain_json_are_refused(
    plane: ControlPlane, content: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    answer = plane.app.test_client().post(
        f"/v1/approvals/{NOBODY}/votes",
        data=content,
        headers={"Authorization": f"Bearer {BEN}", "Content-Type": content_type},
    )
    assert problem(answer) == expected


@pytest.mark.parametrize("path", ["/v1/approvals", "/healthz", "/nowhere", "/v1/openapi.json"])
def test_no_other_site_can_use_an_answer(plane: ControlPlane, path: str) -> None:
    answer = plane.app.test_client().get(
        path, headers={"Authorization": f"Bearer {BEN}", "Origin": "https://evil.example"}
    )
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
