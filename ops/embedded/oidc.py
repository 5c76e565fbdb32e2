"""The development identity provider: a real OpenID provider for this machine's demo people.

Node runs it (`ops/oidc/server.mjs`) from a wheel; its packages are installed once per lock file
into a cache folder. It is refused wherever it could be taken for the real thing: a public issuer,
or `AWGP_ENV=production`.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from joserfc.jwk import RSAKey

from ops.embedded.data_folder import (
    DataFolder,
    give_folder,
    hold_data_folder,
    open_data_folder,
    write_atomically,
)
from ops.embedded.demo_people import MACHINES, PEOPLE, Machine, Person
from ops.embedded.logins import FILE as LOGINS_FILE
from ops.embedded.logins import publish_logins
from ops.embedded.program import Program
from ops.embedded.running import Running
from ops.embedded.subjects import subject_of as subject_of  # noqa: PLC0414  # found here too
from ops.node_packages import NodeUnavailable, install_packages, node
from pipeline.errors import AwgpError

AUDIENCE = "awgp"
REALM = "awgp-holding"
WEB_CLIENT = "awgp"
CLI_CLIENT = "awgp-cli"
CLI_REDIRECT = "http://127.0.0.1/callback"
"""Any port is accepted in it (RFC 8252, section 7.3)."""

_SOURCE = Path(__file__).resolve().parent.parent / "oidc"
_WEB_CALLBACK = "/authorize"
_WEB_SIGNED_OUT = "/logout"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OidcUnavailable(AwgpError):
    """Node is missing, or its packages could not be installed."""


class DevelopmentOidcRefused(AwgpError):
    """The development provider was asked to serve something that is not a developer's machine."""


@contextlib.contextmanager
def start_oidc(folder: Path) -> Iterator[Running]:
    """Run the provider on a data folder, made if need be; stop it at the end and keep the data.

    `Running.url` is the issuer.
    """
    data = open_data_folder(folder)
    with hold_data_folder(data, shared=True):
        prepare_oidc(data)
        server = Running(
            data=data,
            program=oidc_program(data),
            url=issuer_url(data),
            ready=lambda: oidc_ready(data),
        )
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()


def issuer_url(data: DataFolder) -> str:
    """Return the issuer; its path has the form of a Keycloak realm's."""
    return f"http://127.0.0.1:{data.ports['oidc']}/realms/{REALM}"


def refuse_in_production(environ: Mapping[str, str], issuer: str) -> None:
    """Return only where a development provider may run.

    Raises:
        DevelopmentOidcRefused: `AWGP_ENV` is production, or the issuer is not on loopback.
    """
    if environ.get("AWGP_ENV") == "production":
        message = "AWGP_ENV is production: the development identity provider refuses to start; "
        raise DevelopmentOidcRefused(message + "set AWGP_OIDC_ISSUER to your provider")
    if urlsplit(issuer).hostname not in _LOOPBACK:
        message = f"the development identity provider serves loopback only, not {issuer}"
        raise DevelopmentOidcRefused(message)


def prepare_oidc(data: DataFolder, user: int | None = None) -> None:
    """Install the provider's packages where missing and write its configuration anew.

    Raises:
        OidcUnavailable: See `install`.
        DevelopmentOidcRefused: This is production.
    """
    refuse_in_production(os.environ, issuer_url(data))
    packages = install()
    give_folder(data.folder("oidc"), user)
    program = data.folder("oidc") / "program"
    if program.is_symlink():
        program.unlink()  # the provider's user may put one there; we write into it
    give_folder(program, user)
    for source in _SOURCE.glob("*.mjs"):
        write_atomically(program / source.name, source.read_bytes(), owner=user)
    # Node finds packages beside the importing file, so the cached ones are linked there.
    link = program / "node_modules"
    if not link.is_symlink() or link.readlink() != packages:
        link.unlink(missing_ok=True)
        link.symlink_to(packages)
    publish_logins(data, user)
    content = json.dumps(configuration(data), indent=2)
    write_atomically(data.folder("oidc") / "configuration.json", content, owner=user)


def oidc_program(data: DataFolder, user: int | None = None) -> Program:
    """Return how to run the prepared provider."""
    home = data.folder("oidc")
    return Program(
        name="oidc",
        command=(
            str(node()),
            "--disable-warning=ExperimentalWarning",
            str(home / "program" / "server.mjs"),
            str(home / "configuration.json"),
        ),
        environment={"AWGP_ENV": os.environ.get("AWGP_ENV", "development")},
        user=user,
        folder=home,
    )


def oidc_ready(data: DataFolder) -> bool:
    """Tell whether discovery answers with the issuer it should have."""
    issuer = issuer_url(data)
    try:
        answer = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=2)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and answer.json().get("issuer") == issuer


def configuration(data: DataFolder) -> dict[str, object]:
    """Return what the provider reads: issuer, keys, people, machines, clients."""
    return {
        "issuer": issuer_url(data),
        "database": str(data.folder("oidc") / "sessions.sqlite"),
        "cookie_keys": [data.secret("oidc-cookies")],
        "jwks": {"keys": [_signing_key(data)]},
        "logins": str(data.folder("oidc") / LOGINS_FILE),
        "people": [_person_entry(data, person) for person in PEOPLE],
        "machines": [_machine_entry(machine) for machine in MACHINES],
        "clients": [
            _web_client(data),
            _cli_client(),
            *(_machine_client(data, m) for m in MACHINES),
        ],
    }


def install() -> Path:
    """Install the locked packages once and return their `node_modules` folder.

    Raises:
        OidcUnavailable: Node is not installed, or npm failed.
    """
    try:
        return install_packages("oidc", _SOURCE)
    except NodeUnavailable as exc:
        hint = "; or set AWGP_OIDC_ISSUER to a provider of yours"
        raise OidcUnavailable(f"the identity provider needs Node: {exc}{hint}") from exc


def _signing_key(data: DataFolder) -> Mapping[str, object]:
    """Return the private JWK, made at the first start: tokens stay valid across restarts."""
    path = data.folder("oidc") / "signing-key.json"
    if not path.exists():
        key = RSAKey.generate_key(3072, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        write_atomically(path, json.dumps(key.as_dict(private=True)))
    # The provider's user owns the folder: a link it put there would be followed with our rights.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        loaded: dict[str, object] = json.load(stream)
    return loaded


def _person_entry(data: DataFolder, person: Person) -> dict[str, object]:
    return {
        "sub": subject_of(data, person.username),
        "username": person.username,
        "name": person.name,
        "email": f"{person.username}@{person.tenant}.example",
        "groups": person.groups,
        "roles": person.roles,
        "password": data.secret(f"person-{person.username}"),
    }


def _machine_entry(machine: Machine) -> dict[str, object]:
    return {
        "client_id": machine.client_id,
        "name": machine.name,
        "tenant": machine.tenant,
        "groups": machine.groups,
        "roles": (),
    }


def _web_client(data: DataFolder) -> dict[str, object]:
    origins = [f"http://{host}:{data.ports['web']}" for host in ("127.0.0.1", "localhost")]
    return {
        "client_id": WEB_CLIENT,
        "client_name": "AWGP",
        "client_secret": data.secret("oidc-client-awgp"),
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [origin + _WEB_CALLBACK for origin in origins],
        "post_logout_redirect_uris": [origin + _WEB_SIGNED_OUT for origin in origins],
        "require_auth_time": True,
        "backchannel_logout_uri": f"{origins[0]}/backchannel-logout",
        "backchannel_logout_session_required": True,
    }


def _cli_client() -> dict[str, object]:
    return {
        "client_id": CLI_CLIENT,
        "client_name": "awgp command",
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "require_auth_time": True,
        "redirect_uris": [CLI_REDIRECT],
    }


def _machine_client(data: DataFolder, machine: Machine) -> dict[str, object]:
    return {
        "client_id": machine.client_id,
        "client_name": machine.name,
        "client_secret": data.secret(f"oidc-client-{machine.client_id}"),
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
    }
