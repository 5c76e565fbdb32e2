"""The control plane behind a real identity provider, of which there is one for the session."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
from flask import Flask

from ops.browser_login import sign_in_with_browser
from ops.caller import Place, Session
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.bearer import BearerVerifier
from pipeline.settings import Settings
from tests.conftest import missing
from tests.e2e.identity_provider import IdentityProvider, choice, running_npm_provider
from tests.e2e.keycloak_server import Keycloak, running_keycloak
from tests.e2e.provider_pages import Visitor, browser
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
from tests.integration.processes import free_port
from tests.integration.served import served
from tests.integration.world import World
from web.app import create_app

__all__ = ["cluster", "database", "furnished", "server_folder", "world"]


def pytest_report_collectionfinish(
    config: pytest.Config, items: Sequence[pytest.Item]
) -> str | None:
    """Say what the login is tried at; that may take fetching it first."""
    wanted = any("identity_provider" in getattr(each, "fixturenames", ()) for each in items)
    if not wanted or config.option.collectonly:
        return None
    found = choice()
    without = "" if found.missing is None else f", for want of {found.missing}"
    return f"identity provider: {found.name}{without}"


@pytest.fixture(scope="session")
def identity_provider(
    server_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IdentityProvider]:
    """Keycloak with our realm, or npm's; its people are made by the tests."""
    if choice().missing is None:
        # The realm is told where the web is before either of them starts.
        public_url = f"http://127.0.0.1:{free_port()}"
        with running_keycloak(tmp_path_factory.mktemp("keycloak"), public_url) as server:
            yield server
    else:
        with running_npm_provider(server_folder / "npm-provider") as provider:
            yield provider


@pytest.fixture
def keycloak(request: pytest.FixtureRequest) -> Keycloak:
    """The provider, of a test that makes no sense at another."""
    if (lacking := choice().missing) is not None:
        missing(lacking)
    found = request.getfixturevalue("identity_provider")
    assert isinstance(found, Keycloak)
    return found


@pytest.fixture(scope="session")
def login_valkey(server_folder: Path) -> Iterator[Running]:
    """Where sessions are."""
    with start_valkey(server_folder / "valkey-login") as running:
        yield running


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSite:
    """The control plane, which believes the provider and signs people in there."""

    url: str
    app: Flask
    provider: IdentityProvider


@pytest.fixture
def login_site(
    identity_provider: IdentityProvider, login_valkey: Running, database: Database, world: World
) -> Iterator[LoginSite]:
    """Served where the provider sends people back to."""
    settings = Settings(
        kek=KEK,
        oidc_issuer=identity_provider.issuer,
        oidc_client_id="awgp",
        oidc_client_secret=identity_provider.client_secret("awgp"),
        public_url=identity_provider.public_url,
        session_key="s" * 43,
        redis_url=valkey_url(login_valkey.data, "web"),
    )
    with httpx.Client(timeout=60) as http, redis.Redis.from_url(settings.redis_url) as sessions:
        app = create_app(
            settings,
            engine=database.engine("awgp_web"),
            holding=database.engine("awgp_holding"),
            broker=stub_broker(),
            session_store=sessions,
            verifier=BearerVerifier(identity_provider.issuer, "awgp", http=http),
        )
        with served(app, httpx.URL(identity_provider.public_url).port or 80) as url:
            yield LoginSite(url=url, app=app, provider=identity_provider)


@pytest.fixture
def visit(identity_provider: IdentityProvider) -> Iterator[Callable[[str], Visitor]]:
    """Sends people to a browser, which is closed after the test."""
    with ExitStack() as browsers:

        def at_a_browser(name: str) -> Visitor:
            password = identity_provider.password(name)
            return Visitor(name=name, password=password, web=browsers.enter_context(browser()))

        yield at_a_browser


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """`awgp login` of a folder of one's own."""

    place: Place

    def sign_in(self, visitor: Visitor) -> Session:
        """With someone at the browser."""
        at_the_browser: list[threading.Thread] = []

        def show(address: str) -> None:
            thread = threading.Thread(target=visitor.sign_in, args=(address,), daemon=True)
            thread.start()
            at_the_browser.append(thread)

        session = sign_in_with_browser(self.place, visitor.name, show, patience=60)
        at_the_browser[0].join()
        return session


@pytest.fixture
def command_line(login_site: LoginSite, tmp_path: Path) -> CommandLine:
    """The command, and where it keeps who signed in."""
    return CommandLine(
        place=Place(
            web_url=login_site.url,
            ingest_url=login_site.url,
            issuer=login_site.provider.issuer,
            client_id="awgp-cli",
            sessions=tmp_path / "sessions",
        )
    )
