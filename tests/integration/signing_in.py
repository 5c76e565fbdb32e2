"""The control plane with its real sign-in, and browsers to sign in with.

PostgreSQL, Valkey and the development identity provider are real; the app is served at the port
its provider sends people back to. A browser is an HTTP client that keeps cookies and follows
redirects, one step at a time where a test wants to see them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import redis
from flask import Flask

from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import WEB_CLIENT, issuer_url, start_oidc
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.bearer import BearerVerifier
from pipeline.settings import Settings
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import KEK
from tests.integration.served import served
from web.app import create_app

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
        with redis.Redis.from_url(valkey_url(self.data, "admin")) as client:
            yield client

    def settings(self, **changed: Any) -> Settings:
        values: dict[str, Any] = {
            "kek": KEK,
            "oidc_issuer": self.issuer,
            "oidc_client_id": WEB_CLIENT,
            "oidc_client_secret": self.data.secret("oidc-client-awgp"),
            "public_url": self.public_url,
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
    browsers: list["Browser"] = field(default_factory=list)

    def browser(self, host: str = "127.0.0.1") -> "Browser":
        made = Browser(site=self, origin=self.url.replace("127.0.0.1", host))
        self.browsers.append(made)
        return made

    def signed_in(self, username: str) -> "Browser":
        browser = self.browser()
        browser.sign_in(username)
        return browser


@contextmanager
def open_site(servers: Servers, database: Database, **changed: Any) -> Iterator[Site]:
    settings = servers.settings(**changed)
    with redis.Redis.from_url(settings.redis_url) as sessions, httpx.Client() as http:
        app = create_app(
            settings,
            engine=database.engine("awgp_web"),
            holding=database.engine("awgp_holding"),
            broker=stub_broker(),
            session_store=sessions,
            verifier=BearerVerifier(settings.oidc_issuer, settings.oidc_audience, http=http),
        )
        with _opened(servers, app) as site:
            yield site


@contextmanager
def _opened(servers: Servers, app: Flask) -> Iterator[Site]:
    with served(app, servers.data.ports["web"]) as url:
        site = Site(servers=servers, app=app, url=url)
        yield site
        for browser in site.browsers:
            browser.http.close()


@dataclass(slots=True, kw_only=True)
class Browser:
    """One browser: its cookies, and what its pages send along."""

    site: Site
    origin: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))
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

    def sign_in(self, username: str, query: str = "") -> httpx.Response:
        """Go through it all, form included; return what the callback answered."""
        answer = self.begin(username, query)
        done = self.http.get(answer)
        if done.is_redirect:
            self.csrf = self.get("/v1/me").json()["csrf_token"]
        return done

    def begin(self, username: str, query: str = "") -> str:
        """Go up to the provider's answer, and return the callback's address with it."""
        answer = self.get(f"/login{query}")
        for _ in range(MOST_REDIRECTS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(f"{self.origin}/authorize"):
                    return target
                answer = self.http.get(target)
            elif answer.status_code == 200 and 'name="password"' in answer.text:
                password = self.site.servers.data.secret(f"person-{username}")
                form = {"username": username, "password": password}
                answer = self.http.post(str(answer.url), data=form)
            else:
                raise AssertionError(
                    f"sign-in stopped at {answer.status_code}: {answer.text[:500]}"
                )
        raise AssertionError("sign-in did not come to an end")

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
