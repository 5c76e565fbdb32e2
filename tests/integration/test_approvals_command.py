"""`awgp approvals` and `awgp runs` against the real control plane."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ops.caller import Session, find_place, load_session, save_session
from ops.cli import run
from tests.integration.conftest import Database
from tests.integration.control_plane import HELD_BY_TWO, ControlPlane, open_control_plane, person
from tests.integration.served import served
from tests.integration.world import ISSUER, World

Awgp = Callable[..., tuple[int, str, str]]


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
    """Run the command as someone of acme who signed in before."""
    with signed_in(plane, tmp_path, monkeypatch, capsys) as call:
        yield call


@contextmanager
def signed_in(
    plane: ControlPlane,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    **tokens: str,
) -> Iterator[Awgp]:
    """The command, with the people of acme signed in; some with tokens of their own.

    What the control plane logs in this process is not what the command says.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served(plane.app) as url, capture_logs():
        environ = {"AWGP_WEB_URL": url, "AWGP_OIDC_ISSUER": ISSUER, "XDG_STATE_HOME": str(folder)}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        for name in ("ada", "ben", "cleo"):
            save_session(find_place(environ), session(name, token=tokens.get(name)))

        def call(*arguments: str) -> tuple[int, str, str]:
            status = run(list(arguments))
            said = capsys.readouterr()
            return status, said.out, said.err

        yield call


def session(name: str, *, token: str | None = None) -> Session:
    return Session(
        person=name,
        issuer=ISSUER,
        client_id="awgp-cli",
        token_endpoint=f"{ISSUER}/token",
        access_token=token or person("acme", name),
        expires_at=time.time() + 300,
    )


def test_a_list_shows_what_waits_and_json_has_it_all(plane: ControlPlane, awgp: Awgp) -> None:
    assert awgp("approvals", "list") == (0, "no approval is open\n", "")
    held = plane.held()
    status, out, _ = awgp("approvals", "list")
    assert (status, held["id"] in out, held["digest"][:16] in out) == (0, True, True)
    assert json.loads(awgp("approvals", "list", "--json")[1]) == [held]
    assert json.loads(awgp("runs", "list", "--json")[1])[0]["id"] == held["run_id"]
    assert held["run_id"] in awgp("runs", "list", "--status", "held")[1]


def test_show_says_in_plain_words_what_will_run(plane: ControlPlane, awgp: Awgp) -> None:
    sly = {"amount_cents": 20_000, "note": "\x1b[2Jall fine \u202egnihton"}
    held = plane.held(sly)
    status, out, _ = awgp("approvals", "show", held["id"])
    assert status == 0
    for wanted in ("http://127.0.0.1:9/hook", "Ada: requester", "0 of 1 from approver"):
        assert wanted in out
    assert held["digest"] in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert json.loads(awgp("approvals", "show", held["id"], "--json")[1])["payload"]["json"] == sly


def test_approving_names_the_digest_or_a_person_looks(plane: ControlPlane, awgp: Awgp) -> None:
    held = plane.held()
    approve = ("approvals", "approve", held["id"], "--as", "ben")
    for wrong in (("--digest", "00000000"), ("--digest", held["digest"][:4]), ()):
        status, _, err = awgp(*approve, *wrong)
        assert (status, err.count("\n")) == (2, 1)
    assert plane.status_of(held["run_id"]) == "held"
    assert awgp(*approve, "--digest", held["digest"][:8]) == (
        0,
        f"approved: run {held['run_id']}\n",
        "",
    )
    assert plane.status_of(held["run_id"]) == "approved"


def test_a_refusal_says_why_on_one_line(plane: ControlPlane, awgp: Awgp) -> None:
    held = plane.held()
    status, out, err = awgp(
        "approvals", "approve", held["id"], "--digest", held["digest"], "--as", "ada"
    )
    assert (status, out) == (2, "")
    assert err == "awgp: four eyes: you are the requester, so another person decides (four-eyes)\n"


def test_one_reject_is_enough(plane: ControlPlane, awgp: Awgp) -> None:
    held = plane.held(HELD_BY_TWO)
    first = awgp("approvals", "approve", held["id"], "--digest", held["digest"], "--as", "ben")
    assert first[1] == "your vote counts; still open: two-approvers\n"
    status, out, _ = awgp(
        "approvals", "reject", held["id"], "--reason", "not ours", "--as", "cleo", "--json"
    )
    after: dict[str, Any] = json.loads(out)
    assert (status, after["status"], len(after["votes"])) == (0, "rejected", 2)


def test_a_run_that_did_not_fail_is_not_replayed(plane: ControlPlane, awgp: Awgp) -> None:
    held = plane.held()
    status, _, err = awgp("runs", "replay", held["run_id"])
    assert (status, "run-not-replayable" in err) == (2, True)


def test_a_run_is_cancelled_once_somebody_agrees(plane: ControlPlane, awgp: Awgp) -> None:
    cancel = ("runs", "cancel", plane.held()["run_id"])
    status, _, err = awgp(*cancel)
    assert (status, "say --yes" in err) == (2, True)
    said = (0, f"cancelled: run {cancel[2]}, epoch 1\n", "")
    assert awgp(*cancel, "--reason", "twice", "--yes") == said
    assert awgp(*cancel, "--yes") == said


def test_tokens_are_kept_for_this_user_alone_and_for_their_issuer(
    awgp: Awgp, tmp_path: Path
) -> None:
    folder = tmp_path / "awgp" / "sessions"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes == dict.fromkeys(("ada.json", "ben.json", "cleo.json", "current"), 0o600)
    elsewhere = find_place(
        {
            "AWGP_WEB_URL": "https://awgp.example",
            "AWGP_OIDC_ISSUER": "https://login.example",
            "XDG_STATE_HOME": str(tmp_path),
        }
    )
    assert load_session(elsewhere, "ben") is None


def test_who_is_not_signed_in_is_told_so(awgp: Awgp) -> None:
    status, _, err = awgp("approvals", "list", "--as", "nobody")
    assert (status, err) == (2, "awgp: the sign-in of nobody has ended; run `awgp login` again\n")
    assert awgp("approvals", "list", "--as", "../../etc/x")[0] == 2
