"""What only Keycloak does, with the realm we ship: a second factor, and groups kept in step.

What it has in common with any other provider is in test_login.py.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from dramatiq.brokers.stub import StubBroker

from ops.cli import run
from ops.keycloak.realm import MARK
from ops.operator_actor import operator
from ops.provision import add_tenant
from pipeline.outbox import Outbox
from tests.e2e.conftest import CommandLine, LoginSite
from tests.e2e.keycloak_server import PASSWORD, Keycloak
from tests.e2e.login_answers import me, said_of, tenants
from tests.e2e.provider_pages import Visitor
from tests.integration.conftest import Database
from tests.integration.world import World

pytestmark = [pytest.mark.keycloak, pytest.mark.services, pytest.mark.timeout(400)]
CODE_QUERY = (
    "client_id=awgp-cli&response_type=code&scope=openid&code_challenge_method=S256"
    "&redirect_uri=http://127.0.0.1:5/callback"
)
Visit = Callable[[str], Visitor]


# --- the second factor ------------------------------------------------------------------------


def test_an_approver_is_asked_for_a_second_factor_at_every_sign_in(
    keycloak: Keycloak, login_site: LoginSite, visit: Visit, command_line: CommandLine
) -> None:
    keycloak.add_person("bert", groups=("acme-operators",), roles=("approver",))
    first = visit("bert")
    session = command_line.sign_in(first)
    assert first.asked == ["password", "setup"]
    assert "approver" in tenants(me(login_site.url, session.access_token))["acme"]
    again = visit("bert")
    again.carry_on(first)
    command_line.sign_in(again)
    assert again.asked == ["password", "code"]


def test_more_proof_is_a_code_of_whoever_it_is_asked_of(
    keycloak: Keycloak, login_site: LoginSite, visit: Visit
) -> None:
    web = login_site.url
    keycloak.add_person("mona", groups=("acme-operators",), roles=())
    visitor = visit("mona")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    assert visitor.asked == ["password"]  # no approver
    visitor.sign_in(f"{web}/login?next=/v1/me&acr_values=2")
    assert (visitor.asked[1:], said_of(web, visitor)["acr"]) == (["setup"], "2")
    visitor.sign_in(f"{web}/login?next=/v1/me&max_age=0&acr_values=2")
    assert visitor.asked[2:] == ["password", "code"]


def test_a_wrong_code_lets_no_approver_in(keycloak: Keycloak, visit: Visit) -> None:
    keycloak.add_person("carl", groups=("acme-operators",), roles=("approver",))
    visitor = visit("carl")
    doors = httpx.get(f"{keycloak.issuer}/.well-known/openid-configuration").json()
    page = visitor.open(f"{doors['authorization_endpoint']}?{CODE_QUERY}&code_challenge={'a' * 43}")
    page = visitor.answer(page, {"username": "carl", "password": PASSWORD})
    assert 'name="totpSecret"' in page.text
    page = visitor.answer(page, {"totp": "000000", "totpSecret": "x" * 20, "userLabel": "x"})
    assert page.url.path.startswith("/realms/")
    assert 'name="totp' in page.text


# --- groups and tenants -----------------------------------------------------------------------


@pytest.fixture
def sync(
    keycloak: Keycloak, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The environment `awgp keycloak sync` is run in; the secret is in a file."""
    secret = tmp_path / "keycloak-sync"
    secret.write_text(keycloak.client_secret("awgp-sync") + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWGP_DATABASE_URL", database.url("awgp_holding"))
    monkeypatch.setenv("AWGP_OIDC_ISSUER", keycloak.issuer)
    monkeypatch.setenv("AWGP_KEYCLOAK_CLIENT_SECRET_FILE", str(secret))
    return secret


def synced(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert run(["keycloak", "sync", "--json", *options]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_sync_makes_a_new_tenants_groups_once(
    keycloak: Keycloak,
    database: Database,
    world: World,
    sync: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    synced(capsys)
    add_tenant(
        Outbox(database.owner, StubBroker(middleware=[])),
        slug="initech",
        name="Initech",
        actor=operator(),
    )
    wanted = ["initech-admins", "initech-operators"]
    assert synced(capsys, "--dry-run")["missing"] == wanted
    assert not set(wanted) & keycloak.groups()
    assert synced(capsys)["made"] == wanted
    assert set(wanted) <= keycloak.groups()
    assert synced(capsys)["made"] == []


def test_sync_removes_only_what_it_made_and_only_when_asked(
    keycloak: Keycloak, world: World, sync: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keycloak.call("POST", "/groups", json={"name": "ghost-admins", "attributes": dict(MARK)})
    keycloak.call("POST", "/groups", json={"name": "ghost-operators"})
    shown = synced(capsys)
    assert "ghost-admins" in shown["surplus"]
    assert shown["removed"] == []
    assert "ghost-operators" in shown["foreign"]
    assert "ghost-admins" in synced(capsys, "--prune")["removed"]
    assert "ghost-operators" in keycloak.groups()


def test_sync_says_in_one_line_what_is_wrong(
    keycloak: Keycloak, world: World, sync: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = sync.read_text()
    sync.write_text("not the secret")
    assert run(["keycloak", "sync"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "awgp-sync" in said.err
    assert secret not in said.err
    sync.write_text(keycloak.client_secret("acme-erp"))
    assert run(["keycloak", "sync"]) == 2
