"""The login at a real identity provider, whichever there is: in, again, renewed, and out."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from ingest.app import create_app as create_edge
from ops.caller import access_token, save_session
from ops.install_chromium import CHROMIUM
from pipeline.settings import Settings
from tests.conftest import missing
from tests.e2e.conftest import CommandLine, LoginSite
from tests.e2e.identity_provider import IdentityProvider
from tests.e2e.login_answers import me, said_of, tenants
from tests.e2e.provider_pages import Visitor, one_time_code
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import KEK
from tests.integration.processes import wait_until
from tests.integration.world import World
from web.access import current_doors
from web.session_store import PERSON, digest_of

pytestmark = [pytest.mark.keycloak, pytest.mark.services, pytest.mark.timeout(400)]
Visit = Callable[[str], Visitor]
A_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ|id_token")


# --- in ---------------------------------------------------------------------------------------


def test_a_persons_token_from_the_command_lines_login_counts(
    login_site: LoginSite, visit: Visit, command_line: CommandLine
) -> None:
    login_site.provider.add_person("olga", groups=("acme-operators",), roles=("auditor",))
    visitor = visit("olga")
    session = command_line.sign_in(visitor)
    assert visitor.asked == ["password"]
    shown = me(login_site.url, session.access_token)
    assert tenants(shown) == {"acme": {"operator", "auditor"}}


def test_who_signs_in_is_who_the_provider_says_until_the_provider_ends_it(
    login_site: LoginSite, visit: Visit
) -> None:
    web, provider = login_site.url, login_site.provider
    person = provider.add_person("nora", groups=("globex-admins",), roles=("auditor",))
    visitor = visit("nora")
    landed = visitor.sign_in(f"{web}/login?next=/v1/me")
    assert str(landed.url) == f"{web}/v1/me"
    shown = said_of(web, visitor)
    assert (shown["subject"], shown["name"]) == (person, "Nora Test")
    assert tenants(shown) == {"globex": {"admin", "auditor"}}
    provider.end_sessions(visitor)
    wait_until(lambda: said_of(web, visitor)["answered"] == 401, "the back-channel logout")


def test_who_is_asked_for_more_proof_gives_it_and_the_session_says_so(
    login_site: LoginSite, visit: Visit
) -> None:
    web = login_site.url
    login_site.provider.add_person("ivo", groups=("acme-operators",), roles=("approver",))
    visitor = visit("ivo")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    assert said_of(web, visitor)["acr"] == "1"
    asked = len(visitor.asked)
    visitor.sign_in(f"{web}/login?next=/v1/me&acr_values=2")
    assert len(visitor.asked) == asked + 1
    assert said_of(web, visitor)["acr"] == "2"
    before, asked = said_of(web, visitor)["authenticated_at"], len(visitor.asked)
    visitor.sign_in(f"{web}/login?next=/v1/me&max_age=0&acr_values=2")
    assert len(visitor.asked) > asked
    assert said_of(web, visitor)["authenticated_at"] >= before


@pytest.mark.parametrize("client", ["awgp", "awgp-cli"])
def test_no_code_is_given_without_a_pkce_challenge(
    identity_provider: IdentityProvider, client: str
) -> None:
    issuer = identity_provider.issuer
    doors = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    back = {
        "awgp": f"{identity_provider.public_url}/authorize",
        "awgp-cli": "http://127.0.0.1:5/callback",
    }
    query = {"client_id": client, "response_type": "code", "scope": "openid"}
    for further in ({}, {"code_challenge": "a" * 43, "code_challenge_method": "plain"}):
        asked = query | {"redirect_uri": back[client]} | further
        answer = httpx.get(doors["authorization_endpoint"], params=asked)
        assert answer.is_redirect
        assert "error=invalid_request" in answer.headers["Location"]


# --- renewed ----------------------------------------------------------------------------------


def test_a_change_of_groups_counts_from_the_next_refresh_of_the_command_line(
    login_site: LoginSite, visit: Visit, command_line: CommandLine
) -> None:
    web, provider, where = login_site.url, login_site.provider, command_line.place
    provider.add_person("gina", groups=("acme-operators",), roles=())
    session = command_line.sign_in(visit("gina"))
    provider.move("gina", out_of="acme-operators", into="globex-admins")
    assert tenants(me(web, session.access_token)) == {"acme": {"operator"}}
    save_session(where, replace(session, expires_at=0))
    assert tenants(me(web, access_token(where, "gina"))) == {"globex": {"admin"}}


def test_a_change_of_groups_counts_from_the_next_refresh_of_a_session(
    login_site: LoginSite, visit: Visit
) -> None:
    web, provider = login_site.url, login_site.provider
    provider.add_person("lena", groups=("acme-operators",), roles=())
    visitor = visit("lena")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    for out_of, into, roles in (
        ("acme-operators", "globex-admins", {"globex": {"admin"}}),
        ("globex-admins", "acme-operators", {"acme": {"operator"}}),
    ):
        before = tenants(said_of(web, visitor))
        provider.move("lena", out_of=out_of, into=into)
        assert tenants(said_of(web, visitor)) == before
        _let_the_token_end(login_site, visitor)
        assert tenants(said_of(web, visitor)) == roles  # twice: refresh tokens are renewed, too


def _let_the_token_end(site: LoginSite, visitor: Visitor) -> None:
    with site.app.app_context():
        store = current_doors().sessions.store
    (cookie,) = [each for each in visitor.web.cookies.jar if "awgp_session" in each.name]
    found = store.load(digest_of(cookie.value or ""))
    assert found is not None
    ended = found[0][PERSON] | {"rights_until": int(time.time()) - 1}
    store.save(digest_of(cookie.value or ""), {PERSON: ended}, fresh=False)


# --- out --------------------------------------------------------------------------------------


def test_who_signs_out_is_signed_out_at_the_provider_too_and_comes_back(
    login_site: LoginSite, visit: Visit
) -> None:
    web = login_site.url
    login_site.provider.add_person("judy", groups=("acme-operators",), roles=())
    visitor = visit("judy")
    visitor.sign_in(f"{web}/login?next=/v1/me")
    headers = {"Origin": web, "X-CSRF-Token": said_of(web, visitor)["csrf_token"]}
    left = visitor.web.post(f"{web}/logout", headers=headers)
    assert left.json() == {"continue_at": "/logout"}
    assert said_of(web, visitor)["answered"] == 401
    back = visitor.open(f"{web}/logout")
    assert str(back.url).startswith(f"{web}/logout?state=")
    assert "here and at your identity provider" in back.text
    # Only what this browser began is believed.
    forged = visitor.web.get(f"{web}/logout", params={"state": "x" * 43})
    assert (forged.status_code, "not begun" in forged.text) == (400, True)
    visitor.sign_in(f"{web}/login?next=/v1/me")
    assert visitor.asked == ["password", "password"]


@pytest.fixture
def chromium() -> Iterator[BrowserContext]:
    """A real Chromium."""
    if not CHROMIUM.exists():
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser.new_context()
        finally:
            browser.close()


def test_an_approver_signs_in_and_out_with_a_real_browser(
    login_site: LoginSite, chromium: BrowserContext
) -> None:
    web, provider = login_site.url, login_site.provider
    provider.add_person("kim", groups=("acme-operators",), roles=("approver",))
    page = chromium.new_page()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"{web}/login?next=/v1/me")
    _fill_in(page, provider, "kim")
    page.wait_for_url(f"{web}/v1/me")
    shown = json.loads(page.inner_text("body"))
    assert shown["name"] == "Kim Test"
    assert tenants(shown) == {"acme": {"operator", "approver"}}

    headers = {"Origin": web, "X-CSRF-Token": shown["csrf_token"]}
    assert chromium.request.post(f"{web}/logout", headers=headers).ok
    page.goto(f"{web}/logout")  # by itself to the provider and back, past our policy and theirs
    page.wait_for_url(f"{web}/logout?state=*")
    assert "at your identity provider" in page.inner_text("body")
    assert not [each for each in addresses if A_TOKEN.search(each)]
    page.goto(f"{web}/login?next=/v1/me")
    assert page.locator("input[name=password]").is_visible()


def _fill_in(page: Page, provider: IdentityProvider, name: str) -> None:
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", provider.password(name))
    page.click("[type=submit]")
    if provider.has_second_factor:
        secret = page.locator("input[name=totpSecret]").input_value()
        page.fill("input[name=totp]", one_time_code(secret.encode()))
        page.click("[type=submit]")


# --- machines ---------------------------------------------------------------------------------


def test_a_machines_token_counts_in_its_own_tenant_alone(
    login_site: LoginSite, database: Database, world: World
) -> None:
    provider = login_site.provider
    token = provider.machine_token("acme-erp")
    shown = me(login_site.url, token)
    assert (shown["kind"], tenants(shown)) == ("client", {"acme": {"operator"}})
    with httpx.Client() as http:
        edge = create_edge(
            Settings(kek=KEK, oidc_issuer=provider.issuer),
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
