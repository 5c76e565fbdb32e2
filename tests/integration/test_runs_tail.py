"""`awgp runs tail` against the real edge."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.caller import find_place, save_session
from ops.cli import run
from tests.integration.conftest import Database
from tests.integration.door import Door, token
from tests.integration.driving import deny
from tests.integration.served import served
from tests.integration.test_approvals_command import session
from tests.integration.world import ISSUER, World


@pytest.fixture(autouse=True)
def edge(
    database: Database, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    door = Door(database.engine("awgp_ingest"), database.admin)
    app = door.client.application
    with served(app) as url:
        environ = {
            "AWGP_WEB_URL": url,
            "AWGP_OIDC_ISSUER": ISSUER,
            "XDG_STATE_HOME": str(tmp_path),
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        save_session(find_place(environ), session("ada", token=token()))
        yield
        app.extensions["awgp_live"].stop()


def test_a_run_is_followed_to_its_end_and_the_exit_status_says_which(
    database: Database, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = deny(database, world.acme)
    assert run(["runs", "tail", str(denied), "--as", "ada"]) == 3
    assert "denied: " in capsys.readouterr().out
    assert run(["runs", "tail", str(denied), "--as", "ada", "--json"]) == 3
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith('{"run"')]
    assert json.loads(line)["status"] == "denied"


def test_a_run_that_is_not_there_is_a_refusal(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runs", "tail", str(world.acme.source_id), "--as", "ada"]) == 2
    assert "run-not-found" in capsys.readouterr().err
