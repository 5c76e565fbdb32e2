"""AWGP with a real Keycloak and the realm it ships: who gets in, by what proof, as what."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from dramatiq.brokers.stub import StubBroker
from playwright.sync_api import Page, sync_playwright

from ingest.app import create_app as create_edge
from ops.browser_login import sign_in_with_browser
from ops.caller import Place, Session, access_token, save_session
from ops.cli import run
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from ops.keycloak.realm import MARK
from ops.operator_actor import operator
from ops.provision import add_tenant
from pipeline.bearer import BearerVerifier
from pipeline.outbox import Outbox
from pipeline.settings import Settings
from tests.conftest import missing
from tests.e2e.keycloak_pages import Visitor, browser, one_time_code
from tests.e2e.keycloak_server import PASSWORD, Keycloak, KeycloakMissing, running_keycloak
from tests.integration.conftest import (
    Database,
    cluster,
    database,
    furnished,
    server_folder,
    stub_broker,
    world,
)
from tests.integration.control_plane import KEK
from tests.integration.processes import free_port, wait_until
from tests.integration.served import served
from tests.integration.world import World
from web.app import create_app

__all__ = ["cluster", "database", "furnished", "server_folder", "world"]
pytestmark = [pytest.mark.keycloak, pytest.mark.services, pytest.mark.timeout(400)]
CHROMIUM = Path("/usr/bin/chromium")
INSTEAD = "the login is tried with npm's oidc-provider instead (tests/integration)"


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """The server with our realm; its people are made by the tests."""
    try:
        with running_keycloak(tmp_path_factory.mktemp("keycloak"), PUBLIC_URL) as server:
            yield server
    except KeycloakMissing as error:
        missing(f"Keycloak ({error}); {INSTEAD}; it")


# The realm is told where the web is before either of them starts.
PORT = free_port()
PUBLIC_URL = f"http://127.0.0.1:{PORT}"
CODE_QUERY = (
    "client_id=awgp-cli&response_type=code&scope=openid&code_challenge_method=S256"
    "&redirect_uri=http://127.0.0.1:5/callback"
)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """What asks Keycloak for its keys."""
    with httpx.Client() as client:
        yield client


@pytest.fixture
def visit() -> Iterator[Callable[[str], Visitor]]:
    """Sends people to a browser, which is closed after the test."""
    with ExitStack() as browsers:

        def at_a_browser(name: str) -> Visitor:
            return Visitor(name=name, web=browsers.enter_context(browser()))

        yield at_a_browser


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    """Where sessions are."""
    with start_valkey(server_folder / "valkey-keycloak") as running:
        yield running


@pytest.fixture
def web(
    keycloak: Keycloak, valkey: Running, database: Database, world: World, http: httpx.Client
) -> Iterator[str]:
    """The control plane, which believes this Keycloak and signs people in there."""
    settings = Settings(
        kek=KEK,
        oidc_issuer=keycloak.issuer,
        oidc_client_id="awgp",
        oidc_client_secret=keycloak.client_secret("awgp"),
        public_url=PUBLIC_URL,
        session_key="s" * 43,
        redis_url=valkey_url(valkey.data, "web"),
    )
    with redis.Redis.from_url(settings.redis_url) as sessions:
        app = create_app(
            settings,
            engine=database.engine("awgp_web"),
            holding=database.engine("awgp_holding"),
            broker=stub_broker(),
            session_store=sessions,
            verifier=BearerVerifier(keycloak.issuer, "awgp", http=http),
        )
        with served(app, PORT) as address:
            yield address


def place(keycloak: Keycloak, web: str, folder: Path) -> Place:
    return Place(
        web_url=web,
        ingest_url=web,
        issuer=keycloak.issuer,
        client_id="awgp-cli",
        sessions=folder / "sessions",
    )


def sign_in(where: Place, visitor: Visitor) -> Session:
    """`awgp login`, with someone at the browser."""
    at_the_browser: list[threading.Thread] = []

    def show(address: str) -> None:
        thread = threading.Thread(target=visitor.sign_in, args=(address,), daemon=True)
        thread.start()
        at_the_browser.append(thread)

    session = sign_in_with_browser(where, visitor.name, show, patience=60)
    at_the_browser[0].join()
    return session


def me(web: str, token: str) -> Mapping[str, Any]:
    answer = httpx.get(f"{web}/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tenants(shown: Mapping[str, Any]) -> dict[str, set[str]]:
    return {each["tenant"]: set(each["roles"]) for each in shown["tenants"]}


def test_a_persons_token_from_the_command_lines_login_counts(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor], tmp_path: Path
) -> None:
    keycloak.add_person("olga", groups=("acme-operators",), roles=("auditor",))
    visitor = visit("olga")
    session = sign_in(place(keycloak, web, tmp_path), visitor)
    assert visitor.asked == ["password"]
    assert tenants(me(web, session.access_token)) == {"acme": {"operator", "auditor"}}


def test_an_approver_is_asked_for_a_second_factor_at_every_sign_in(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor], tmp_path: Path
) -> None:
    keycloak.add_person("ben", groups=("acme-operators",), roles=("approver",))
    first = visit("ben")
    session = sign_in(place(keycloak, web, tmp_path), first)
    assert first.asked == ["password", "setup"]
    assert "approver" in tenants(me(web, session.access_token))["acme"]
    again = visit("ben")
    again.carry_on(first)
    sign_in(place(keycloak, web, tmp_path), again)
    assert again.asked == ["password", "code"]


# --- the web's own sign-in -------------------------------------------------------------------


def said_of(visitor: Visitor) -> dict[str, Any]:
    """What the web knows of who sits at this browser."""
    answer = visitor.web.get(f"{PUBLIC_URL}/v1/me")
    found: dict[str, Any] = answer.json()
    return found | {"answered": answer.status_code}


def test_who_signs_in_to_the_web_is_who_keycloak_says_until_keycloak_ends_it(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor]
) -> None:
    person = keycloak.add_person("hana", groups=("globex-admins",), roles=("auditor",))
    visitor = visit("hana")
    landed = visitor.sign_in(f"{web}/login?next=/v1/me")
    assert str(landed.url) == f"{web}/v1/me"
    shown = said_of(visitor)
    assert (shown["subject"], shown["name"]) == (person, "Hana Test")
    assert tenants(shown) == {"globex": {"admin", "auditor"}}
    keycloak.call("POST", f"/users/{person}/logout")
    wait_until(lambda: said_of(visitor)["answered"] == 401, "the back-channel logout")


def test_who_is_asked_for_more_proof_gives_it_and_the_session_says_so(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor]
) -> None:
    keycloak.add_person("ivo", groups=("acme-operators",), roles=("approver",))
    visitor = visit("ivo")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    assert (visitor.asked, said_of(visitor)["acr"]) == (["password", "setup"], "1")
    visitor.sign_in(f"{web}/login?next=/v1/me&acr_values=2")
    assert visitor.asked[2:] == ["code"]
    assert said_of(visitor)["acr"] == "2"
    before = said_of(visitor)["authenticated_at"]
    visitor.sign_in(f"{web}/login?next=/v1/me&max_age=0&acr_values=2")
    assert "code" in visitor.asked[3:]
    assert said_of(visitor)["authenticated_at"] >= before


def test_who_signs_out_is_signed_out_at_keycloak_too(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor]
) -> None:
    keycloak.add_person("judy", groups=("acme-operators",), roles=())
    visitor = visit("judy")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    headers = {"Origin": web, "X-CSRF-Token": said_of(visitor)["csrf_token"]}
    left = visitor.web.post(f"{web}/logout", headers=headers).json()
    page = visitor.open(left["continue_at"])
    done = visitor.answer(page, {"confirmLogout": "Logout"})
    assert str(done.url).startswith(f"{web}/")
    assert said_of(visitor)["answered"] == 401
    visitor.sign_in(f"{web}/login?next=/v1/me")
    assert visitor.asked == ["password", "password"]


@pytest.fixture
def page() -> Iterator[Page]:
    """A tab of a real Chromium."""
    if not CHROMIUM.exists():
        missing("Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield chromium.new_page()
        finally:
            chromium.close()


def test_an_approver_signs_in_with_a_real_browser(keycloak: Keycloak, web: str, page: Page) -> None:
    keycloak.add_person("kim", groups=("acme-operators",), roles=("approver",))
    page.goto(f"{web}/login?next=/v1/me")
    page.fill("input[name=username]", "kim")
    page.fill("input[name=password]", PASSWORD)
    page.click("[type=submit]")
    secret = page.locator("input[name=totpSecret]").input_value()
    page.fill("input[name=totp]", one_time_code(secret.encode()))
    page.click("[type=submit]")
    page.wait_for_url(f"{web}/v1/me")
    shown = json.loads(page.inner_text("body"))
    assert shown["name"] == "Kim Test"
    assert tenants(shown) == {"acme": {"operator", "approver"}}


# --- what else a token has to be -----------------------------------------------------------------


def test_a_wrong_code_lets_no_approver_in(
    keycloak: Keycloak, visit: Callable[[str], Visitor]
) -> None:
    keycloak.add_person("carl", groups=("acme-operators",), roles=("approver",))
    visitor = visit("carl")
    doors = httpx.get(f"{keycloak.issuer}/.well-known/openid-configuration").json()
    page = visitor.open(f"{doors['authorization_endpoint']}?{CODE_QUERY}&code_challenge={'a' * 43}")
    page = visitor.answer(page, {"username": "carl", "password": PASSWORD})
    assert 'name="totpSecret"' in page.text
    page = visitor.answer(page, {"totp": "000000", "totpSecret": "x" * 20, "userLabel": "x"})
    assert page.url.path.startswith("/realms/")
    assert 'name="totp' in page.text


@pytest.mark.parametrize("client", ["awgp", "awgp-cli"])
def test_no_code_is_given_without_a_pkce_challenge(keycloak: Keycloak, client: str) -> None:
    back = f"{PUBLIC_URL}/authorize" if client == "awgp" else "http://127.0.0.1:5/callback"
    query = {"client_id": client, "response_type": "code", "redirect_uri": back, "scope": "openid"}
    door = f"{keycloak.issuer}/protocol/openid-connect/auth"
    for further in ({}, {"code_challenge": "a" * 43, "code_challenge_method": "plain"}):
        answer = httpx.get(door, params=query | further)
        assert answer.status_code == httpx.codes.FOUND
        assert "error=invalid_request" in answer.headers["Location"]


def test_a_machines_token_counts_in_its_own_tenant_alone(
    keycloak: Keycloak, web: str, database: Database, world: World, http: httpx.Client
) -> None:
    token = keycloak.machine_token("acme-erp")
    shown = me(web, token)
    assert (shown["kind"], tenants(shown)) == ("client", {"acme": {"operator"}})
    edge = create_edge(
        Settings(kek=KEK, oidc_issuer=keycloak.issuer),
        engine=database.engine("awgp_ingest"),
        broker=stub_broker(),
        http=http,
    ).test_client()
    headers = {"Authorization": f"Bearer {token}"}
    asked = {"assistant": "booker", "payload": {"amount_cents": 1}}
    accepted = edge.post("/v1/runs", json=asked, headers=headers)
    assert accepted.status_code == 202, accepted.text
    elsewhere = edge.post("/v1/runs", json=asked, headers=headers | {"AWGP-Tenant": "globex"})
    assert elsewhere.status_code == 403


def test_a_change_of_groups_counts_from_the_next_refresh(
    keycloak: Keycloak, web: str, visit: Callable[[str], Visitor], tmp_path: Path
) -> None:
    person = keycloak.add_person("gina", groups=("acme-operators",), roles=())
    where = place(keycloak, web, tmp_path)
    session = sign_in(where, visit("gina"))
    keycloak.leave(person, "acme-operators")
    keycloak.join(person, "globex-admins")
    assert tenants(me(web, session.access_token)) == {"acme": {"operator"}}
    save_session(where, replace(session, expires_at=0))
    assert tenants(me(web, access_token(where, "gina"))) == {"globex": {"admin"}}


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
