"""Signing in and out with a browser, against the real provider, Valkey and database."""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import redis
from joserfc import jwt
from joserfc.jwk import RSAKey

from ops.embedded.logins import add_login
from pipeline.issuer_tokens import LOGOUT_EVENT
from tests.integration.conftest import Database
from tests.integration.signing_in import Browser, Servers, Site, open_site, start_servers
from tests.integration.world import World
from web.access import current_doors
from web.session_store import PERSON, SessionStore, digest_of

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="awgp-sign-in-"))
    with start_servers(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(servers: Servers, database: Database, world: World) -> Iterator[Site]:
    with open_site(servers, database) as opened:
        yield opened


def store_of(site: Site) -> SessionStore:
    with site.app.app_context():
        return current_doors().sessions.store


def change(site: Site, browser: Browser, **values: Any) -> None:
    """Rewrite what is kept of a browser's session, as time would."""
    store, session_id = store_of(site), digest_of(browser.cookie)
    found = store.load(session_id)
    assert found is not None
    store.save(session_id, {PERSON: found[0][PERSON] | values}, fresh=False)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


# --- in and out -------------------------------------------------------------------------------


def test_who_signs_in_is_known_and_who_signs_out_is_not(site: Site) -> None:
    ada = site.browser()
    done = ada.sign_in("ada", "?next=/runs")
    assert (done.status_code, done.headers["location"]) == (302, "/runs")

    me = ada.get("/v1/me").json()
    assert (me["name"], me["kind"]) == ("Ada Moreau", "human")
    assert [(each["tenant"], each["roles"]) for each in me["tenants"]] == [("acme", ["operator"])]
    assert me["authenticated_at"] is not None
    assert me["trace_url"] == "https://tempo.example/{trace_id}"
    assert ada.get("/v1/runs", headers={"AWGP-Tenant": "acme"}).status_code == 200

    cookie, name = ada.cookie, f"awgp_session_{site.servers.data.ports['web']}"
    left = ada.post("/logout")
    assert left.status_code == 200
    assert left.json() == {"continue_at": "/logout"}
    assert ada.cookie == ""
    thief = site.browser().get("/v1/me", headers={"Cookie": f"{name}={cookie}"})
    assert problem(thief) == (401, "session-ended")


def test_the_tenant_remembers_who_signed_in_with_their_groups(site: Site) -> None:
    site.signed_in("cleo")
    with site.database.admin.connect() as connection:
        row = connection.exec_driver_sql(
            "SELECT p.display_name, p.email, p.groups FROM awgp.persons p"
            " JOIN awgp.tenants t USING (tenant_id) WHERE t.slug = 'acme' AND p.issuer = %s",
            (site.servers.issuer,),
        ).one()
    assert row[:2] == ("Cleo Lindqvist", "cleo@acme.example")
    assert row[2] == ["acme-admins", "admins", "approver"]


def test_the_cookie_is_guarded_and_says_nothing(site: Site) -> None:
    ada = site.browser()
    callback = ada.begin("ada")
    (attempt,) = [each for each in ada.http.cookies.jar if "sign_in" in each.name]
    done = ada.http.get(callback)
    made = [each for each in done.headers.get_list("set-cookie") if "awgp_session" in each]
    assert len(made) == 1
    flags = {each.strip().lower() for each in made[0].split(";")[1:]}
    assert flags == {"httponly", "path=/", "samesite=lax"}
    assert attempt.path == "/authorize"
    assert attempt.has_nonstandard_attr("HttpOnly")
    for each in (made[0], attempt.value or "", done.text, str(done.headers)):
        assert "eyJ" not in each  # how every JWT begins


def test_under_https_the_cookie_is_bound_to_host_and_transport(
    servers: Servers, database: Database, world: World
) -> None:
    with open_site(servers, database, public_url="https://awgp.example") as site:
        answer = site.app.test_client().get("/login", base_url="https://awgp.example")
        (attempt,) = answer.headers.getlist("set-cookie")
        assert attempt.startswith("__Secure-awgp_sign_in_")
        assert "Secure" in attempt
        assert site.app.config["SESSION_COOKIE_NAME"] == "__Host-awgp_session"
        assert site.app.config["SESSION_COOKIE_SECURE"] is True
        # Under another name one is sent on to the right one first.
        elsewhere = site.app.test_client().get("/login?next=/runs", base_url="http://10.0.0.1")
        assert elsewhere.headers["location"] == "https://awgp.example/login?next=%2Fruns"


def test_both_names_of_this_machine_serve_a_sign_in(site: Site) -> None:
    ada = site.browser("localhost")
    assert ada.sign_in("ada").headers["location"] == "/"
    assert ada.get("/v1/me").status_code == 200


def test_nothing_that_opens_anything_is_in_valkey_or_the_log(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    ada = site.browser()
    callback = ada.begin("ada")
    ada.http.get(callback)
    code = parse_qs(urlsplit(callback).query)["code"][0]
    found = store_of(site).load(digest_of(ada.cookie))
    assert found is not None
    secrets = [ada.cookie, found[0][PERSON]["refresh"], code]
    change(site, ada, rights_until=int(time.time()) - 1)
    assert ada.get("/v1/me").status_code == 200
    with site.servers.valkey() as valkey:
        kept = b"\n".join(
            name + b" " + (valkey.get(name) or b"" if valkey.type(name) == b"string" else b"")
            for name in valkey.scan_iter("*")
        )
    said = "".join(capfd.readouterr())
    for secret in secrets:
        assert secret
        assert secret.encode() not in kept
        assert secret not in said
    assert b"eyJ" not in kept
    assert "eyJ" not in said


# --- the session cannot be planted, forged or moved -------------------------------------------


def test_a_cookie_that_was_there_before_is_not_taken_over(site: Site) -> None:
    name = f"awgp_session_{site.servers.data.ports['web']}"
    planted = "p" * 43
    ada = site.browser()
    ada.http.cookies.set(name, planted, domain="127.0.0.1", path="/")
    ada.http.get(ada.begin("ada"))
    made = [each.value for each in ada.http.cookies.jar if each.name == name]
    assert any(each != planted for each in made)
    thief = site.browser().get("/v1/me", headers={"Cookie": f"{name}={planted}"})
    assert problem(thief) == (401, "session-ended")


def test_each_sign_in_has_a_new_session_and_ends_the_one_before(site: Site) -> None:
    ada = site.signed_in("ada")
    before, csrf = ada.cookie, ada.csrf
    ada.sign_in("ada", "?prompt=login")
    assert ada.cookie not in {before, ""}
    assert ada.csrf != csrf
    name = f"awgp_session_{site.servers.data.ports['web']}"
    old = site.browser().get("/v1/me", headers={"Cookie": f"{name}={before}"})
    assert problem(old) == (401, "session-ended")


def test_who_writes_valkey_makes_no_session_and_moves_none(site: Site) -> None:
    ada, ben = site.signed_in("ada"), site.signed_in("ben")
    with site.servers.valkey() as valkey:
        mine, others = (f"awgp-session:at:{digest_of(each.cookie)}" for each in (ada, ben))
        valkey.set(mine, valkey.get(others) or b"")
        assert problem(ada.get("/v1/me")) == (401, "session-ended")
        for forged in (b"", b"x" * 11, json.dumps({"person": {}}).encode(), b"\x80\x04N."):
            valkey.set(mine, forged)
            assert problem(ada.get("/v1/me")) == (401, "session-ended")
    assert ben.get("/v1/me").status_code == 200


def test_only_the_web_reads_sessions_in_valkey(servers: Servers) -> None:
    for user in ("ingest", "worker", "relay"):
        with (
            servers.valkey_as(user) as valkey,
            pytest.raises(redis.exceptions.NoPermissionError, match="permissions"),
        ):
            valkey.get("awgp-session:at:x")


# --- state, nonce, code -----------------------------------------------------------------------


def spoiled(callback: str, **values: str) -> str:
    parts = urlsplit(callback)
    query = {name: found[0] for name, found in parse_qs(parts.query).items()} | values
    return str(httpx.URL(f"{parts.scheme}://{parts.netloc}{parts.path}", params=query))


def test_an_answer_is_taken_once_by_the_browser_that_asked(site: Site) -> None:
    ada = site.browser()
    callback = ada.begin("ada")
    kept = dict(ada.http.cookies.items())
    assert site.browser().http.get(callback).status_code == 400  # another browser
    for wrong in ({"state": "x"}, {"state": ""}, {"iss": "https://elsewhere.example"}):
        assert ada.http.get(spoiled(callback, **wrong)).status_code == 400
    assert ada.http.get(callback).status_code == 302
    assert ada.http.get(callback).status_code == 400  # its cookie is gone
    again = site.browser()
    for name, value in kept.items():
        again.http.cookies.set(name, value, domain="127.0.0.1", path="/")
    assert again.http.get(callback).status_code == 403  # and with its cookie it was used
    assert again.cookie in {"", kept.get(f"awgp_session_{site.servers.data.ports['web']}", "")}


def test_a_code_of_another_sign_in_is_refused(site: Site) -> None:
    ada, ben = site.browser(), site.browser()
    mine, others = ada.begin("ada"), ben.begin("ben")
    code = parse_qs(urlsplit(others).query)["code"][0]
    # PKCE and the nonce: a code planted on someone signs nobody in.
    refused = ada.http.get(spoiled(mine, code=code))
    assert (refused.status_code, ada.cookie) == (403, "")
    assert '<a href="/login">' in refused.text


def test_a_sealed_attempt_cannot_be_changed_or_kept(site: Site) -> None:
    ada = site.browser()
    callback = ada.begin("ada")
    (cookie,) = [each for each in ada.http.cookies.jar if "sign_in" in each.name]
    value = cookie.value or ""
    for broken in (value[:-4] + "AAAA", value[4:], "", "%", "e30="):
        cookie.value = broken
        assert ada.http.get(callback).status_code == 400, broken
    cookie.value = value
    guard = site.guard
    later = replace(guard, clock=lambda: time.time() + 601)
    with site.guarded_by(later):
        assert ada.http.get(callback).status_code == 400
    assert ada.http.get(callback).status_code == 302


def test_who_refuses_at_the_provider_is_told_so(site: Site) -> None:
    ada = site.browser()
    callback = ada.begin("ada")
    refused = ada.http.get(spoiled(callback, error="access_denied"))
    assert (refused.status_code, ada.cookie) == (403, "")
    assert refused.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%09/evil.example\n",
        "/\t/evil.example",
        "evil",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(site: Site, wanted: str) -> None:
    ada = site.browser()
    target = ada.begin("ada", str(httpx.URL("", params={"next": wanted})))
    assert ada.http.get(target).headers["location"] == "/"


def test_a_fresh_proof_is_asked_for_and_seen(site: Site) -> None:
    ada = site.signed_in("ada")
    before = ada.get("/v1/me").json()
    assert before["acr"] == "1"
    # Signed in at the provider still: without asking for more, no form is shown.
    assert ada.sign_in("nobody").status_code == 302
    ada.sign_in("ada", "?max_age=0&acr_values=2")
    after = ada.get("/v1/me").json()
    assert after["acr"] == "2"
    assert after["authenticated_at"] >= before["authenticated_at"]


# --- other people's pages ---------------------------------------------------------------------


def test_what_changes_something_needs_the_sessions_own_token_and_our_page(site: Site) -> None:
    ada, ben = site.signed_in("ada"), site.signed_in("ben")
    refused: list[dict[str, Any]] = [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "x"},
        {"X-CSRF-Token": "ü"},
        {"X-CSRF-Token": ben.csrf},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": site.url.replace("http:", "https:")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": None, "Sec-Fetch-Site": None},
    ]
    for headers in refused:
        encoded = {
            name: value if value is None else value.encode() for name, value in headers.items()
        }
        assert problem(ada.post("/logout", headers=encoded)) == (403, "csrf-refused"), headers
    for missing in ("Origin", "Sec-Fetch-Site"):
        gone = ada.send("DELETE", "/v1/sessions", headers={missing: None})
        assert gone.status_code == 204
    assert ada.get("/v1/me").status_code == 200
    # Reading needs none of it.
    assert ada.get("/v1/me", headers={"Sec-Fetch-Site": "none"}).status_code == 200


def test_a_token_counts_alone_where_a_cookie_comes_along(site: Site) -> None:
    ada = site.signed_in("ada")
    both = ada.get("/v1/me", headers={"Authorization": "Bearer a.b.c"})
    assert problem(both) == (401, "bearer-invalid")
    assert ada.get("/v1/me").json()["csrf_token"] == ada.csrf


def test_no_other_site_may_read_and_none_may_frame(site: Site) -> None:
    answer = site.signed_in("ada").get("/v1/me", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


# --- rights follow the provider ---------------------------------------------------------------


def test_a_refresh_takes_away_what_the_provider_took_away(site: Site) -> None:
    data = site.servers.data
    password = add_login(data, "ivo", "Ivo", ["acme-operators", "acme-admins"], ["approver"])
    ivo = site.browser()
    ivo.sign_in("ivo", password=password)
    assert ivo.get("/v1/me").json()["tenants"][0]["roles"] == ["admin", "approver", "operator"]

    site.servers.grant("ivo", groups=["acme-operators"], roles=[])
    change(site, ivo, rights_until=int(time.time()) + 30)
    me = ivo.get("/v1/me").json()
    assert me["tenants"][0]["roles"] == ["operator"]
    with site.database.admin.connect() as connection:
        (groups,) = connection.exec_driver_sql(
            "SELECT groups FROM awgp.persons WHERE display_name = 'Ivo'"
        ).scalars()
    assert groups == ["acme-operators", "operators"]
    # What was renewed is kept: no request writes back what it had read before.
    renewed = store_of(site).load(digest_of(ivo.cookie))
    assert renewed is not None
    assert renewed[0][PERSON]["rights_until"] > time.time() + 60
    assert renewed[0].keys() == {PERSON}

    site.servers.grant("ivo", groups=[], roles=[])
    change(site, ivo, rights_until=int(time.time()) - 1)
    assert problem(ivo.get("/v1/runs")) == (403, "tenant-forbidden")


def test_a_refresh_that_is_refused_ends_the_session(site: Site) -> None:
    ada = site.signed_in("ada")
    change(site, ada, rights_until=int(time.time()) - 1, refresh="never given")
    assert problem(ada.get("/v1/me")) == (401, "session-ended")
    assert problem(ada.get("/v1/me")) == (401, "session-ended")


def test_many_requests_at_the_end_of_a_token_refresh_it_once(site: Site) -> None:
    ada = site.signed_in("ada")
    change(site, ada, rights_until=int(time.time()) - 1)
    cookies = dict(ada.http.cookies.items())

    def ask(_: int) -> int:
        with httpx.Client(cookies=cookies, timeout=60) as http:
            return http.get(f"{ada.origin}/v1/me").status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [200] * 8


def test_a_provider_out_of_reach_ends_nothing_and_lets_nobody_in(site: Site) -> None:
    ada = site.signed_in("ada")
    with site.guarded_by(replace(site.guard, provider=site.provider_out_of_reach())):
        change(site, ada, rights_until=int(time.time()) + 30)
        assert ada.get("/v1/me").status_code == 200
        change(site, ada, rights_until=int(time.time()) - 1)
        assert problem(ada.get("/v1/me")) == (503, "identity-provider-unavailable")
    assert ada.get("/v1/me").status_code == 200


def test_a_session_ends_unused_or_after_its_time(site: Site) -> None:
    ada, ben = site.signed_in("ada"), site.signed_in("ben")
    store = store_of(site)
    change(site, ada, began=int(time.time()) - store.lifetime)
    assert problem(ada.get("/v1/me")) == (401, "session-ended")
    with site.servers.valkey() as valkey:
        name = digest_of(ben.cookie)
        assert 0 < valkey.ttl(f"awgp-session:at:{name}") <= store.idle
        valkey.set(f"awgp-session:seen:{name}", str(time.time() - store.idle))
    assert problem(ben.get("/v1/me")) == (401, "session-ended")


def test_a_person_the_tenant_took_away_does_nothing_there(site: Site) -> None:
    ada = site.signed_in("ada")
    with site.database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.persons SET removed_at = clock_timestamp() WHERE issuer = %s",
            (site.servers.issuer,),
        )
    assert problem(ada.get("/v1/runs")) == (403, "person-removed")
    # Signing in again gives nothing back.
    assert ada.sign_in("ada", "?prompt=login").status_code == 302
    assert problem(ada.get("/v1/runs")) == (403, "person-removed")


# --- logout from the provider -----------------------------------------------------------------


def logout_token(site: Site, key: RSAKey | None = None, **changed: Any) -> str:
    claims = {
        "iss": site.servers.issuer,
        "aud": "awgp",
        "iat": int(time.time()),
        "exp": int(time.time()) + 120,
        "jti": changed.get("jti", str(time.monotonic_ns())),
        "events": {LOGOUT_EVENT: {}},
        "sub": "nobody",
    }
    header = {"alg": "RS256", "typ": "logout+jwt"} | changed.pop("header", {})
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    signing = key or site.servers.signing_key
    return jwt.encode(header | {"kid": site.servers.signing_key.kid}, kept, signing)


def tell(site: Site, token: str) -> httpx.Response:
    return httpx.post(f"{site.url}/backchannel-logout", data={"logout_token": token}, timeout=60)


def test_signing_out_at_the_provider_ends_the_session_here(site: Site) -> None:
    ada, elsewhere = site.signed_in("ada"), site.signed_in("ada")
    ada.sign_out_at_provider()
    assert problem(ada.get("/v1/me")) == (401, "session-ended")
    # Another browser has another session at the provider.
    assert elsewhere.get("/v1/me").status_code == 200


def test_a_logout_token_ends_one_session_or_all_of_a_person(site: Site) -> None:
    ada, second, ben = (site.signed_in(name) for name in ("ada", "ada", "ben"))
    found = store_of(site).load(digest_of(ada.cookie))
    assert found is not None
    sid, subject = found[0][PERSON]["sid"], found[0][PERSON]["subject"]
    # A sid of another person's ends nothing.
    assert tell(site, logout_token(site, sid=sid, sub="someone else")).status_code == 200
    assert ada.get("/v1/me").status_code == 200
    assert tell(site, logout_token(site, sid=sid, sub=subject)).status_code == 200
    assert problem(ada.get("/v1/me")) == (401, "session-ended")
    assert second.get("/v1/me").status_code == 200
    assert tell(site, logout_token(site, sub=subject)).status_code == 200
    assert problem(second.get("/v1/me")) == (401, "session-ended")
    assert ben.get("/v1/me").status_code == 200


def test_a_forged_logout_token_ends_nothing(site: Site) -> None:
    ada = site.signed_in("ada")
    found = store_of(site).load(digest_of(ada.cookie))
    assert found is not None
    subject, sid = found[0][PERSON]["subject"], found[0][PERSON]["sid"]
    stranger = RSAKey.generate_key(2048)
    forgeries: list[Callable[[], str]] = [
        lambda: logout_token(site, stranger, sub=subject),
        lambda: logout_token(site, sub=subject, aud="awgp-cli"),
        lambda: logout_token(site, sub=subject, iss="https://elsewhere.example"),
        lambda: logout_token(site, sub=subject, iat=int(time.time()) - 301, exp=None),
        lambda: logout_token(site, sub=subject, iat=int(time.time()) + 3600),
        lambda: logout_token(site, sub=subject, exp=int(time.time()) - 31),
        lambda: logout_token(site, sub=subject, nonce="n"),
        lambda: logout_token(site, sub=subject, events={}),
        lambda: logout_token(site, sub=subject, events={LOGOUT_EVENT: True}),
        lambda: logout_token(site, sub=subject, events=None),
        lambda: logout_token(site, sub=None),
        lambda: logout_token(site, sub=subject, sid=["x"]),
        lambda: logout_token(site, sub=subject, header={"typ": "at+jwt"}),
        lambda: logout_token(site, sub=subject) + "x",
        lambda: "",
        lambda: "a.b.c",
    ]
    for number, forge in enumerate(forgeries):
        assert problem(tell(site, forge())) == (400, "logout-token-invalid"), number
    without_id = logout_token(site, sub=subject, jti=None)
    assert tell(site, without_id).status_code == 400
    assert ada.get("/v1/me").status_code == 200

    once = logout_token(site, sid=sid, sub="someone else")
    assert tell(site, once).status_code == 200
    assert problem(tell(site, once)) == (400, "logout-token-invalid")


# --- logout at the provider -------------------------------------------------------------------


def form_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where a page's form goes, and what it carries unseen."""
    action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    fields = re.findall(r'<input type="hidden"[^>]* name="([^"]+)" value="([^"]*)"', page.text)
    return action[1] if action else str(page.url), dict(fields)


def left(site: Site, username: str) -> tuple[Browser, httpx.Response]:
    """Someone who signed out here, at the page that goes on to the provider."""
    browser = site.signed_in(username)
    assert browser.post("/logout").status_code == 200
    return browser, browser.get("/logout")


def test_signing_out_goes_through_the_provider_and_comes_back(site: Site) -> None:
    ada, page = left(site, "ada")
    action, fields = form_of(page)
    assert action == f"{site.servers.issuer}/session/end"
    assert fields["post_logout_redirect_uri"] == f"{site.url}/logout"
    asked = ada.http.post(action, data=fields)
    assert "Sign out?" not in asked.text  # it was this session's own ID token
    action, fields = form_of(asked)
    back = ada.http.post(action, data=fields)
    assert back.status_code == 303
    assert back.headers["location"].startswith(f"{site.url}/logout?state=")
    shown = ada.http.get(back.headers["location"])
    assert (shown.status_code, "at your identity provider" in shown.text) == (200, True)
    callback = ada.begin("ada")  # the provider asked for the password again
    assert ada.http.get(callback).status_code == 302
    again = ada.get("/logout")  # whoever is signed in is not told that they are not
    assert (again.status_code, again.headers["location"]) == (302, "/")


def test_the_id_token_is_in_one_page_once_and_in_no_address(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    ada, page = left(site, "ada")
    token = form_of(page)[1]["id_token_hint"]
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    provider = site.servers.issuer.partition("/realms")[0]
    assert policy.endswith(f"; form-action 'self' {provider}")
    assert "unsafe" not in policy
    (cookie,) = [each for each in ada.http.cookies.jar if "sign_out" in each.name]
    assert cookie.path == "/logout"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert token not in ada.get("/logout").text
    with site.servers.valkey() as valkey:
        assert not list(valkey.scan_iter("awgp-session:bye:*"))
    assert token not in "".join(capfd.readouterr())
    for kept in (page.headers, ada.http.cookies.jar):
        assert token not in str(kept)
    stranger = site.browser().get("/logout")
    assert (stranger.status_code, stranger.headers["location"]) == (302, "/")


def test_only_the_browser_that_began_to_sign_out_is_told_that_it_has(site: Site) -> None:
    ada, page = left(site, "ada")
    state = form_of(page)[1]["state"]
    (cookie,) = [each for each in ada.http.cookies.jar if "sign_out" in each.name]
    for browser, told in ((ada, "x"), (ada, ""), (ada, "ü"), (site.browser(), state)):
        refused = browser.get("/logout", params={"state": told})
        assert (refused.status_code, "not begun" in refused.text) == (400, True), told
    assert ada.get("/logout", params={"state": state}).status_code == 200
    later = replace(site.guard, clock=lambda: time.time() + 601)
    with site.guarded_by(later):
        assert ada.get("/logout", params={"state": state}).status_code == 400
    cookie.value = (cookie.value or "")[:-8] + "AAAAAAA="
    assert ada.get("/logout", params={"state": state}).status_code == 400


def test_the_provider_asks_whoever_comes_without_their_own_id_token(site: Site) -> None:
    _, page = left(site, "ada")
    action, fields = form_of(page)
    ben = site.signed_in("ben")
    for told in (fields, {"client_id": "awgp"}):
        assert "Sign out?" in ben.http.post(action, data=told).text
    # From another site it comes without the provider's cookie, and is sent again from its own.
    cross = {"Sec-Fetch-Site": "cross-site"}
    again = site.browser().http.post(action, data=fields, headers=cross)
    assert form_of(again) == (action, fields)
    assert ben.get("/v1/me").status_code == 200


def test_without_a_page_of_the_providers_one_is_told_so(site: Site) -> None:
    ada = site.signed_in("ada")
    with site.guarded_by(replace(site.guard, provider=site.provider_out_of_reach())):
        assert ada.post("/logout").json() == {"continue_at": "/logout"}
        shown = ada.get("/logout")
    assert (shown.status_code, "may still know you" in shown.text) == (200, True)


# --- one's sessions ---------------------------------------------------------------------------


def test_one_sees_and_ends_ones_own_sessions_alone(site: Site) -> None:
    ada, phone, ben = (site.signed_in(name) for name in ("ada", "ada", "ben"))
    listed = ada.get("/v1/sessions").json()["items"]
    assert [each["current"] for each in listed].count(True) == 1
    assert {each["id"] for each in listed} == {digest_of(ada.cookie), digest_of(phone.cookie)}
    assert all(each["browser"].startswith("python-httpx") for each in listed)

    foreign = ada.send("DELETE", f"/v1/sessions/{digest_of(ben.cookie)}")
    assert problem(foreign) == (404, "session-not-found")
    assert ben.get("/v1/me").status_code == 200
    assert ada.send("DELETE", f"/v1/sessions/{digest_of(phone.cookie)}").status_code == 204
    assert problem(phone.get("/v1/me")) == (401, "session-ended")

    third = site.signed_in("ada")
    assert ada.send("DELETE", "/v1/sessions").status_code == 204
    assert (third.get("/v1/me").status_code, ada.get("/v1/me").status_code) == (401, 200)


def test_an_admin_signs_the_tenants_people_out_and_it_is_on_record(site: Site) -> None:
    ada, cleo, emil = (site.signed_in(name) for name in ("ada", "cleo", "emil"))
    with site.database.admin.connect() as connection:
        (person_id,) = connection.exec_driver_sql(
            "SELECT person_id::text FROM awgp.persons WHERE display_name = 'Ada Moreau'"
        ).scalars()
    path = f"/v1/persons/{person_id}/sessions"
    assert len(cleo.get(path).json()["items"]) == 1
    assert problem(ada.get(path)) == (403, "role-missing")
    assert problem(emil.send("DELETE", path)) == (404, "person-not-found")
    assert ada.get("/v1/me").status_code == 200
    assert cleo.send("DELETE", path).status_code == 204
    assert problem(ada.get("/v1/me")) == (401, "session-ended")
    with site.database.admin.connect() as connection:
        actions = connection.exec_driver_sql(
            "SELECT record ->> 'action' FROM awgp.audit_pending WHERE record ->> 'action' LIKE"
            " 'web:sessions:%%'"
        ).scalars()
        assert list(actions) == ["web:sessions:ended"]


def test_without_valkey_sessions_wait_and_tokens_go_on(
    servers: Servers, database: Database, world: World
) -> None:
    with open_site(servers, database, redis_url="redis://127.0.0.1:1/0") as site:
        name = f"awgp_session_{servers.data.ports['web']}"
        browser = site.browser()
        waiting = browser.get("/v1/me", headers={"Cookie": f"{name}={'x' * 43}"})
        assert problem(waiting) == (503, "session-store-unavailable")
        assert browser.get("/v1/me").status_code == 401
        token = servers.token_for("ada")
        assert browser.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).is_success
