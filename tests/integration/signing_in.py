"""The control plane with its real sign-in, and browsers to sign in with.

PostgreSQL, Valkey and the development identity provider are real; the app is served at the port
its provider sends people back to. A browser is an HTTP client that keeps cookies and follows
redirects, one step at a time where a test wants to see them.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import redis
from flask import Flask
from joserfc.jwk import RSAKey

from ops.embedded.data_folder import DataFolder, write_atomically
from ops.embedded.logins import FILE
from ops.embedded.oidc import WEB_CLIENT, issuer_url, start_oidc
from ops.embedded.oidc_login import token_for
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.bearer import BearerVerifier
from pipeline.settings import Settings
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import KEK
from tests.integration.served import served
from web.access import current_doors, hang
from web.app import create_app
from web.provider import Provider
from web.session_cookie import SessionCookies
from web.session_guard import SessionGuard
from web.sign_in import SignIn, install_sign_in

MOST_REDIRECTS = 12


@dataclass(slots=True)
class Servers:
    """The servers a sign-in takes, beside the database."""

    data: DataFolder

    @property
    def issuer(self) -> str:
        return issuer_url(self.data)

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.data.ports['web']}"

    @contextmanager
    def valkey(self) -> Iterator["redis.Redis"]:
        """As its administrator."""
        with self.valkey_as("admin") as client:
            yield client

    @contextmanager
    def valkey_as(self, user: str) -> Iterator["redis.Redis"]:
        with redis.Redis.from_url(valkey_url(self.data, user)) as client:
            yield client

    @property
    def signing_key(self) -> RSAKey:
        """The provider's own: what a test signs with it, the provider might have said."""
        path = self.data.folder("oidc") / "signing-key.json"
        return RSAKey.import_key(json.loads(path.read_text(encoding="utf-8")))

    def token_for(self, username: str) -> str:
        return token_for(self.data, username).access_token

    def grant(self, username: str, *, groups: Sequence[str], roles: Sequence[str]) -> None:
        """Change what a login made here is in, as an administrator of the provider would."""
        path = self.data.folder("oidc") / FILE
        kept = json.loads(path.read_text(encoding="utf-8"))
        for each in kept["logins"]:
            if each["username"] == username:
                each |= {"groups": list(groups), "roles": list(roles)}
        write_atomically(path, json.dumps(kept))

    def settings(self, **changed: Any) -> Settings:
        values: dict[str, Any] = {
            "kek": KEK,
            "oidc_issuer": self.issuer,
            "oidc_client_id": WEB_CLIENT,
            "oidc_client_secret": self.data.secret("oidc-client-awgp"),
            "public_url": self.public_url,
            "trace_url": "https://tempo.example/{trace_id}",
            "session_key": "s" * 43,
            # As its own user: a key it may not touch is found here.
            "redis_url": valkey_url(self.data, "web"),
        }
        return Settings(**(values | changed))


@contextmanager
def start_servers(folder: Path) -> Iterator[Servers]:
    with start_oidc(folder) as oidc, start_valkey(folder):
        yield Servers(data=oidc.data)


@dataclass(slots=True, kw_only=True)
class Site:
    """The served control plane."""

    servers: Servers
    app: Flask
    url: str
    database: Database
    browsers: list["Browser"] = field(default_factory=list)

    def browser(self, host: str = "127.0.0.1") -> "Browser":
        made = Browser(site=self, origin=self.url.replace("127.0.0.1", host))
        self.browsers.append(made)
        return made

    @property
    def guard(self) -> SessionGuard:
        with self.app.app_context():
            return current_doors().sessions

    @contextmanager
    def guarded_by(self, guard: SessionGuard) -> Iterator[None]:
        """With another guard for a while: its clock, or its provider, is a fake."""
        with self.app.app_context():
            before = current_doors()
        cookies = SessionCookies(self.app, guard.store)
        install_sign_in(self.app, SignIn(guard=guard, cookies=cookies))
        hang(self.app, replace(before, sessions=guard))
        yield
        install_sign_in(self.app, SignIn(guard=before.sessions, cookies=cookies))
        hang(self.app, before)

    def provider_out_of_reach(self) -> Provider:
        """The same client, at an address where nobody listens."""
        settings = self.servers.settings(oidc_issuer="http://127.0.0.1:1/realms/none")
        return Provider(Flask("none", static_folder=None), settings)

    def signed_in(self, username: str) -> "Browser":
        browser = self.browser()
        browser.sign_in(username)
        return browser


@contextmanager
def open_site(servers: Servers, database: Database, **changed: Any) -> Iterator[Site]:
    settings = servers.settings(**changed)
    with servers.valkey() as valkey:
        valkey.flushdb()
    with redis.Redis.from_url(settings.redis_url) as sessions, httpx.Client(timeout=60) as http:
        app = create_app(
            settings,
            engine=database.engine("awgp_web"),
            holding=database.engine("awgp_holding"),
            broker=stub_broker(),
            session_store=sessions,
            verifier=BearerVerifier(settings.oidc_issuer, settings.oidc_audience, http=http),
        )
        with _opened(servers, database, app) as site:
            yield site


@contextmanager
def _opened(servers: Servers, database: Database, app: Flask) -> Iterator[Site]:
    with served(app, servers.data.ports["web"]) as url:
        site = Site(servers=servers, database=database, app=app, url=url)
        yield site
        for browser in site.browsers:
            browser.http.close()


@dataclass(slots=True, kw_only=True)
class Browser:
    """One browser: its cookies, and what its pages send along."""

    site: Site
    origin: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    csrf: str = ""

    def get(self, path: str, **further: Any) -> httpx.Response:
        return self.http.get(urljoin(self.origin, path), **further)

    def send(self, method: str, path: str, **further: Any) -> httpx.Response:
        """What a page of ours sends."""
        headers = {
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF-Token": self.csrf,
        }
        headers |= further.pop("headers", {})
        kept = {name: value for name, value in headers.items() if value is not None}
        return self.http.request(method, urljoin(self.origin, path), headers=kept, **further)

    def post(self, path: str, **further: Any) -> httpx.Response:
        return self.send("POST", path, **further)

    def sign_in(
        self, username: str, query: str = "", password: str | None = None
    ) -> httpx.Response:
        """Go through it all, form included; return what the callback answered."""
        answer = self.begin(username, query, password)
        done = self.http.get(answer)
        if done.is_redirect:
            self.csrf = self.get("/v1/me").json()["csrf_token"]
        return done

    def begin(self, username: str, query: str = "", password: str | None = None) -> str:
        """Go up to the provider's answer, and return the callback's address with it."""
        answer = self.get(f"/login{query}")
        for _ in range(MOST_REDIRECTS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(f"{self.origin}/authorize"):
                    return target
                answer = self.http.get(target)
            elif answer.status_code == 200 and 'name="password"' in answer.text:
                given = password or self.site.servers.data.secret(f"person-{username}")
                form = {"username": username, "password": given}
                answer = self.http.post(str(answer.url), data=form)
            else:
                raise AssertionError(
                    f"sign-in stopped at {answer.status_code}: {answer.text[:500]}"
                )
        raise AssertionError("sign-in did not come to an end")

    def sign_out_at_provider(self) -> None:
        """Where another application would send one to sign out."""
        issuer = self.site.servers.issuer
        asked = self.http.get(f"{issuer}/session/end", params={"client_id": WEB_CLIENT})
        (secret,) = re.findall(r'name="xsrf" value="([^"]+)"', asked.text)
        form = {"xsrf": secret, "logout": "yes"}
        done = self.http.post(f"{issuer}/session/end/confirm", data=form)
        assert done.status_code < 400, done.text

    @property
    def cookie(self) -> str:
        port = self.site.servers.data.ports["web"]
        host = httpx.URL(self.origin).host
        found = [
            each.value
            for each in self.http.cookies.jar
            if each.name == f"awgp_session_{port}" and each.domain.startswith(host)
        ]
        return found[0] or "" if found else ""
