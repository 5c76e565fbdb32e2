"""What waits for whom: the inbox, its order and its badge, as each person and tenant sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD,
    HELD_BY_TWO,
    ControlPlane,
    machine,
    open_control_plane,
    person,
    token,
)
from tests.integration.world import World

pytestmark = pytest.mark.services

BEN, CLEO, ADA = person("acme", "ben"), person("acme", "cleo"), person("acme", "ada")


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


def inbox(plane: ControlPlane, bearer: str, query: str = "") -> list[dict[str, Any]]:
    answer = plane.get(f"/v1/approvals?for=me{query}", bearer)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def count(plane: ControlPlane, bearer: str) -> int:
    counted: int = plane.get("/v1/approvals/count", bearer).get_json()["count"]
    return counted


def test_what_waits_for_me_is_what_i_may_vote_on(plane: ControlPlane) -> None:
    held = plane.held(HELD_BY_TWO)
    assert [each["id"] for each in inbox(plane, BEN)] == [held["id"]]
    assert inbox(plane, ADA) == []  # she asked for it
    assert inbox(plane, person("acme", "axel")) == []  # he wrote the bundle
    assert inbox(plane, person("acme", "dan", roles=())) == []  # in no group that is asked
    assert inbox(plane, machine("acme")) == []
    assert (count(plane, BEN), count(plane, ADA), count(plane, machine("acme"))) == (1, 0, 0)


def test_a_vote_takes_it_out_of_ones_own_inbox_alone(plane: ControlPlane) -> None:
    held = plane.held(HELD_BY_TWO)
    assert plane.vote(held, BEN).status_code == 200
    assert inbox(plane, BEN) == []
    (line,) = inbox(plane, CLEO)
    assert {each["rule"]: (each["have"], each["needed"]) for each in line["progress"]} == {
        "default": (1, 1),
        "two-approvers": (1, 2),
    }
    assert plane.vote(held, CLEO).status_code == 200
    assert inbox(plane, CLEO) == []


def test_what_expires_next_comes_first_page_by_page(plane: ControlPlane) -> None:
    # Two approvers are asked for an hour, the default rule for a day.
    held = [plane.held(payload)["id"] for payload in (HELD, HELD_BY_TWO, HELD, HELD_BY_TWO, HELD)]
    wanted = [held[at] for at in (1, 3, 0, 2, 4)]
    got, cursor = [], ""
    while True:
        page = plane.get(f"/v1/approvals?for=me&limit=2{cursor}", BEN).get_json()
        got += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert got == wanted
    assert count(plane, BEN) == 5


def test_a_line_says_who_asks_for_what_and_why_it_is_held(plane: ControlPlane) -> None:
    plane.held(HELD_BY_TWO)
    (line,) = inbox(plane, BEN)
    assert (line["assistant"], line["tenant"], line["source"]) == ("booker", "acme", None)
    assert line["requester"] == {
        "kind": "person",
        "id": str(plane.world.acme.persons["ada"]),
        "name": "Ada",
    }
    assert line["summary"] == "amount_cents: 600000"
    assert {each["policy"]: each["rule"] for each in line["held_by"]} == {
        "invoices": None,
        "large-invoices": "two-approvers",
    }
    assert line["rules"] == ["default", "two-approvers"]
    assert line["can_vote"] is True
    assert line["risk"]["level"] == "high"
    assert {each["code"] for each in line["risk"]["reasons"]} == {
        "first-time",
        "post-actions",
        "several-people",
    }


def test_a_line_says_why_one_cannot_vote(plane: ControlPlane) -> None:
    plane.held(HELD)

    def why(bearer: str) -> str:
        (line,) = plane.get("/v1/approvals", bearer).get_json()["items"]
        assert line["can_vote"] is False
        assert line["why_not_detail"]
        reason: str = line["why_not"]
        return reason

    assert why(ADA) == "excluded"
    assert why(machine("acme")) == "not-a-person"
    assert why(person("acme", "dan", roles=())) == "not-qualified"


def test_another_tenant_sees_nothing(plane: ControlPlane) -> None:
    held = plane.held(HELD)
    stranger = person("globex", "ben")
    assert inbox(plane, stranger) == []
    assert plane.get("/v1/approvals", stranger).get_json()["items"] == []
    for path in ("", "/files?path=main.py"):
        assert plane.get(f"/v1/approvals/{held['id']}{path}", stranger).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=open", True),
        ("status=approved", False),
        ("status=approved&status=open", True),
        ("assistant=booker", True),
        ("assistant=nobody", False),
        ("rule=two-approvers", True),
        ("rule=another", False),
        ("requester={ada}", True),
        ("requester={ben}", False),
        ("source={source}", False),
        ("sort=expires", True),
    ],
)
def test_every_filter_narrows(plane: ControlPlane, query: str, found: bool) -> None:
    held = plane.held(HELD_BY_TWO)
    acme = plane.world.acme
    asked = query.format(ada=acme.persons["ada"], ben=acme.persons["ben"], source=acme.source_id)
    items = plane.get(f"/v1/approvals?{asked}", BEN).get_json()["items"]
    assert [each["id"] for each in items] == ([held["id"]] if found else [])


def test_what_is_not_known_is_refused(plane: ControlPlane) -> None:
    for query in ("statuss=open", "status=shut", "cursor=1", "for=ben", "sort=up", "limit=0"):
        assert plane.get(f"/v1/approvals?{query}", BEN).status_code == 422, query


def test_a_hostile_payload_is_one_plain_line(plane: ControlPlane) -> None:
    plane.held(
        HELD
        | {
            "note": "<script>alert(1)</script>\r\n\x1b[31mred\u202eevil\u0000",
            "deep": {"a": [1]},
            "long": "x" * 5000,
        }
    )
    (line,) = inbox(plane, BEN)
    assert len(line["summary"]) <= 160
    assert not {"\n", "\r", "\x1b", "\u202e", "\x00"} & set(line["summary"])


def test_the_risk_of_a_bundle_that_was_approved_before_is_lower(plane: ControlPlane) -> None:
    first = plane.held(HELD)
    assert plane.vote(first, BEN).status_code == 200
    plane.held(HELD)
    (line,) = inbox(plane, BEN)
    assert line["risk"] == {
        "level": "low",
        "score": 1,
        "reasons": [
            {"code": "post-actions", "points": 1, "text": "what it leaves is sent to a target"}
        ],
    }


def test_who_may_only_read_is_not_counted(plane: ControlPlane) -> None:
    plane.held(HELD)
    reader = token("acme-otto", groups=["acme-operators"], roles=["auditor"])
    assert count(plane, reader) == 0
    assert len(plane.get("/v1/approvals", reader).get_json()["items"]) == 1


def test_a_lent_vote_waits_for_who_was_lent_it(plane: ControlPlane) -> None:
    persons = plane.world.acme.persons
    first = plane.held(HELD)
    # Seen once, so that it is known which groups they are in.
    assert plane.vote(first, CLEO, "reject", reason="no").status_code == 200
    held = plane.held(HELD)
    plain_ben = person("acme", "ben", roles=())
    assert inbox(plane, plain_ben) == []
    until = datetime.now(UTC) + timedelta(hours=1)
    lent = plane.post(
        "/v1/delegations",
        CLEO,
        {"to": str(persons["ben"]), "groups": ["approver"], "ends_at": until.isoformat()},
    )
    assert lent.status_code == 201, lent.text
    (line,) = inbox(plane, plain_ben)
    assert (line["id"], line["can_vote"]) == (held["id"], True)
    assert line["via"] == [{"lender_id": str(persons["cleo"]), "lender": "Cleo"}]
    cast = plane.vote(held, plain_ben, on_behalf_of=str(persons["cleo"]))
    assert cast.status_code == 200, cast.text
    assert inbox(plane, plain_ben) == []
