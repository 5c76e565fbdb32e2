"""`awgp approvals withdraw|delegate|break-glass|review`, and what `awgp rule add` can ask."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_line import CommandLine, at_the_machine
from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD,
    HELD_BY_TWO,
    ControlPlane,
    open_control_plane,
    person,
)
from tests.integration.test_approvals_command import Awgp, signed_in
from tests.integration.world import World

pytestmark = pytest.mark.services

GLASS = person("acme", "ben", roles=("approver", "break-glass"))


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture
def awgp(
    plane: ControlPlane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Awgp]:
    with signed_in(plane, tmp_path, monkeypatch, capsys, ben=GLASS) as call:
        yield call


@pytest.fixture
def machine(
    database: Database,
    world: World,  # which template the database is
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    with at_the_machine(database, tmp_path, monkeypatch, capsys) as line:
        yield line


def test_a_vote_is_taken_back(plane: ControlPlane, awgp: Awgp) -> None:
    held = plane.held(HELD_BY_TWO)
    withdraw = ("approvals", "withdraw", held["id"], "--as", "ben")
    assert awgp(*withdraw) == (2, "", "awgp: no vote of yours stands here (nothing-to-withdraw)\n")
    awgp("approvals", "approve", held["id"], "--digest", held["digest"], "--as", "ben")
    assert awgp(*withdraw) == (0, "your vote counts no more; you may vote anew\n", "")
    awgp("approvals", "approve", held["id"], "--digest", held["digest"], "--as", "cleo")
    assert plane.status_of(held["run_id"]) == "held"
    status, out, _ = awgp("approvals", "withdraw", held["id"], "--as", "cleo", "--json")
    assert (status, json.loads(out)["votes"]) == (0, [])


def test_a_vote_is_lent_to_a_person(plane: ControlPlane, awgp: Awgp) -> None:
    cleo = str(plane.world.acme.persons["cleo"])
    lend = ("approvals", "delegate", cleo, "--group", "approver", "--as", "ben")
    status, out, err = awgp(*lend, "--for", "14d", "--reason", "on leave")
    assert (status, err) == (0, "")
    assert out.startswith("Cleo may vote for you until ")
    status, out, _ = awgp(*lend, "--for", "1h", "--json")
    assert (status, json.loads(out)["groups"]) == (0, ["approver"])
    refused = {
        ("--for", "91d"): "delegation-invalid",
        ("--for", "1h", "--group", "board"): "delegation-invalid",
        ("--for", "soon"): "--for",
        (): "--for",
    }
    for wrong, said in refused.items():
        status, out, err = awgp(*lend, *wrong)
        assert (status, out, err.count("\n")) == (2, "", 1), wrong
        assert said in err


def test_an_emergency_names_the_whole_digest_and_is_reviewed_by_another(
    plane: ControlPlane, awgp: Awgp
) -> None:
    held = plane.held(HELD)
    alone = ("approvals", "break-glass", held["id"], "--reason", "line 2 stands still")
    assert awgp("approvals", "review")[1] == "no review is open\n"
    for wrong, said in (
        ((*alone, "--as", "ben", "--digest", held["digest"][:16]), "name the whole digest"),
        ((*alone, "--as", "cleo", "--digest", held["digest"]), "role-missing"),
        ((*alone[:3], "--as", "ben", "--digest", held["digest"]), "--reason"),
    ):
        status, out, err = awgp(*wrong)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err
    assert plane.status_of(held["run_id"]) == "held"
    done = awgp(*alone, "--as", "ben", "--digest", f"sha256:{held['digest']}")
    assert done == (0, f"approved: run {held['run_id']}; a review is open\n", "")
    listed = awgp("approvals", "review", "--as", "cleo")[1]
    assert listed.endswith("  Ben: line 2 stands still\n")
    (review,) = json.loads(awgp("approvals", "review", "--as", "cleo", "--json")[1])
    close = ("approvals", "review", review["id"], "--verdict", "justified")
    assert awgp(*close, "--as", "cleo")[0] == 2  # no note
    status, _, err = awgp(*close, "--note", "yes", "--as", "ben")
    assert (status, "four-eyes" in err) == (2, True)
    assert awgp(*close, "--note", "the log agrees", "--as", "cleo") == (
        0,
        "closed as justified\n",
        "",
    )
    status, _, err = awgp(*close, "--note", "again", "--as", "cleo")
    assert (status, "review-closed" in err) == (2, True)


RULE = ("rule", "add", "payments", "--group", "finance", "--tenant", "acme", "--author", "Axel")


def test_a_rule_says_all_a_rule_can(machine: CommandLine) -> None:
    machine.told(
        *RULE,
        *("--then", "2:board,finance", "--then", "1:board"),
        *("--escalate", "4h:night-shift,holding-admins"),
        *("--remind", "2h", "--remind", "30m", "--remind", "2h"),
        *("--reauthenticate", "5m", "--acr", "gold"),
        *("--reject-reason", "not our supplier", "--reject-reason", "too much"),
    )
    shown = machine.told("rule", "show", "payments", "--tenant", "acme")
    (version,) = shown["versions"]
    assert version["stages"] == [
        {"quorum": 2, "groups": ["board", "finance"]},
        {"quorum": 1, "groups": ["board"]},
    ]
    assert version["escalate"] == [
        {"after_seconds": 14400, "to": ["night-shift", "holding-admins"]}
    ]
    assert version["remind"] == [1800, 7200]
    assert version["reauthenticate"] == {"max_age_seconds": 300, "acr": "gold"}
    assert version["reject_reasons"] == ["not our supplier", "too much"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--acr", "gold"), "--reauthenticate"),
        (("--then", "board"), "no turn"),
        (("--then", "0:board"), "no turn"),
        (("--escalate", "4h"), "no escalation"),
        (("--escalate", "soon:board"), "--escalate"),
        (("--reauthenticate", "5m", "--acr", "two words"), "acr"),
        (("--reject-reason", " "), "reject_reasons"),
        (("--reject-reason", "a", "--reject-reason", "a"), "reject_reasons"),
        (("--then", "1:no group"), "stages.0.groups"),
    ],
)
def test_a_rule_nobody_could_meet_is_refused(
    machine: CommandLine, wrong: tuple[str, ...], said: str
) -> None:
    assert said in machine.refused(*RULE, *wrong)
