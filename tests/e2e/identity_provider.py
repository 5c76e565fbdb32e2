"""Which identity provider the login is tried at: a real Keycloak where one can be had, else npm's.

Both are asked for the same by tests/e2e/test_login.py. `AWGP_TEST_PROVIDER` names one of them
(`keycloak`, `npm`); where it is not set, what is missing for Keycloak decides, and is said.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from ops.embedded.data_folder import DataFolder
from ops.embedded.logins import add_login, known_logins
from ops.embedded.oidc import start_oidc
from ops.embedded.oidc_login import client_token
from ops.embedded.subjects import subject_of
from tests.e2e.keycloak_server import ROOT, VERSION, KeycloakMissing, built_keycloak
from tests.e2e.provider_pages import Visitor
from tests.integration.signing_in import Servers

WISH: Final = "AWGP_TEST_PROVIDER"


class IdentityProvider(Protocol):
    """A provider, as whoever administers it.

    Attributes:
        public_url: Where the web has to be: the provider sends browsers back there alone.
        has_second_factor: Approvers are asked for one.
    """

    name: str
    has_second_factor: bool

    @property
    def public_url(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    def client_secret(self, client_id: str) -> str: ...
    def machine_token(self, client_id: str) -> str: ...
    def add_person(self, name: str, *, groups: tuple[str, ...], roles: tuple[str, ...]) -> str:
        """Make a person; returns their subject."""

    def password(self, name: str) -> str: ...
    def move(self, name: str, *, out_of: str, into: str) -> None:
        """Take someone out of a group, and into another."""

    def end_sessions(self, visitor: Visitor) -> None:
        """Sign someone out at the provider, past AWGP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which one it is.

    Attributes:
        missing: What Keycloak lacks here; None where it is the choice.
    """

    name: str
    missing: str | None


@cache
def choice() -> Choice:
    """Fetch and build Keycloak if need be, and say what the login is tried at."""
    wish = os.environ.get(WISH) or "any"
    assert wish in {"any", "keycloak", "npm"}, f"{WISH} is {wish}: say keycloak or npm"
    keycloak = f"Keycloak {VERSION}"
    if wish == "npm":
        return Choice(name=_npm_name(), missing=f"{keycloak} (not wanted: {WISH}=npm)")
    try:
        built_keycloak()
    except KeycloakMissing as error:
        if wish == "keycloak":
            raise
        return Choice(name=_npm_name(), missing=f"{keycloak} ({error})")
    return Choice(name=keycloak, missing=None)


def _npm_name() -> str:
    wanted = json.loads((ROOT / "ops/oidc/package.json").read_text(encoding="utf-8"))
    return f"npm oidc-provider {wanted['dependencies']['oidc-provider']}"


@dataclass(slots=True, kw_only=True)
class NpmProvider:
    """The embedded provider, which is npm's; its administrator has its data folder."""

    data: DataFolder
    name: str = field(default_factory=_npm_name)
    has_second_factor: bool = False
    passwords: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def public_url(self) -> str:
        return Servers(data=self.data).public_url

    @property
    def issuer(self) -> str:
        return Servers(data=self.data).issuer

    def client_secret(self, client_id: str) -> str:
        return self.data.secret(f"oidc-client-{client_id}")

    def machine_token(self, client_id: str) -> str:
        return client_token(self.data, client_id).access_token

    def add_person(self, name: str, *, groups: tuple[str, ...], roles: tuple[str, ...]) -> str:
        self.passwords[name] = add_login(self.data, name, f"{name.title()} Test", groups, roles)
        return subject_of(self.data, name)

    def password(self, name: str) -> str:
        return self.passwords[name]

    def move(self, name: str, *, out_of: str, into: str) -> None:
        before = known_logins(self.data)[name]
        groups = [into, *(each for each in before.groups if each != out_of)]
        Servers(data=self.data).grant(name, groups=groups, roles=before.roles)

    def end_sessions(self, visitor: Visitor) -> None:
        # There is no console: they go there themselves, and are asked.
        page = visitor.open(f"{self.issuer}/session/end?client_id=awgp")
        assert visitor.answer(page, {"logout": "yes"}).is_success


@contextmanager
def running_npm_provider(folder: Path) -> Iterator[NpmProvider]:
    """Start the embedded provider, and stop it at the end."""
    with start_oidc(folder) as running:
        yield NpmProvider(data=running.data)
