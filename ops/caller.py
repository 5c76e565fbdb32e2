"""Who the command line acts for: where the servers are, and a signed-in person's tokens.

Tokens lie in `sessions/` of the data folder when AWGP runs from one, and in the user's state folder
when AWGP_WEB_URL names a server elsewhere; a file per person, 0600, and `current` names the last
one who signed in. A token is sent to its own issuer's AWGP alone, never over plain HTTP to another
machine.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from ops.embedded.data_folder import (
    DataFolder,
    data_folder_path,
    existing_data_folder,
    write_atomically,
)
from ops.embedded.demo_people import PEOPLE
from ops.embedded.logins import known_logins
from ops.embedded.oidc import CLI_CLIENT, issuer_url
from ops.embedded.oidc_login import SignInFailed, token_for
from ops.processes import web_urls
from pipeline.errors import AwgpError

REFRESH_MARGIN_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 15.0
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class NotSignedIn(AwgpError):
    """Nobody is signed in here, or the sign-in has ended."""


class ServerUnknown(AwgpError):
    """Where AWGP is cannot be told, or a token must not be sent there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in person. `expires_at` is in seconds since 1970, of the access token."""

    person: str
    issuer: str
    client_id: str
    token_endpoint: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One AWGP as the command line sees it. `data` is there when it runs from a data folder."""

    web_url: str
    ingest_url: str
    issuer: str
    client_id: str
    sessions: Path
    data: DataFolder | None = None


def find_place(environ: Mapping[str, str], data_option: str | None = None) -> Place:
    """Find the servers: AWGP_WEB_URL and its kin, else the data folder.

    Raises:
        ServerUnknown: Neither is there, one of the variables is missing or is not safe to use.
        DataFolderUnusable: The folder is not one.
    """
    if "AWGP_WEB_URL" not in environ or data_option is not None:
        data = existing_data_folder(data_folder_path(environ, data_option))
        urls = web_urls(data)
        return Place(
            web_url=urls["web"],
            ingest_url=urls["ingest"],
            issuer=_safe("AWGP_OIDC_ISSUER", environ.get("AWGP_OIDC_ISSUER", issuer_url(data))),
            client_id=environ.get("AWGP_OIDC_CLI_CLIENT", CLI_CLIENT),
            sessions=data.root / "sessions",
            data=data,
        )
    if "AWGP_OIDC_ISSUER" not in environ:
        raise ServerUnknown("AWGP_WEB_URL is set; set AWGP_OIDC_ISSUER too")
    state = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    web_url = _safe("AWGP_WEB_URL", environ["AWGP_WEB_URL"])
    return Place(
        web_url=web_url,
        ingest_url=_safe("AWGP_INGEST_URL", environ.get("AWGP_INGEST_URL", web_url)),
        issuer=_safe("AWGP_OIDC_ISSUER", environ["AWGP_OIDC_ISSUER"]),
        client_id=environ.get("AWGP_OIDC_CLI_CLIENT", CLI_CLIENT),
        sessions=state / "awgp" / "sessions",
    )


def _safe(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password or not parts.hostname:
        raise ServerUnknown(f"{name} is not an address without a password in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ServerUnknown(f"{name} is {url}: a token travels by https, or stays on this machine")
    return url.rstrip("/") if name != "AWGP_OIDC_ISSUER" else url


def access_token(place: Place, person: str | None) -> str:
    """Return a token that counts for a while, refreshed where need be.

    Args:
        person: Whose; None is whoever signed in last. A demo person of the data folder is signed
            in without being asked, since the folder holds the password.

    Raises:
        NotSignedIn: As it says.
    """
    session = load_session(place, person or _current(place))
    if session is not None and session.expires_at - REFRESH_MARGIN_SECONDS > time.time():
        return session.access_token
    renewed = None if session is None else _refreshed(session)
    if renewed is None:
        renewed = _signed_in_again(place, session.person if session else person)
    save_session(place, renewed, current=False)
    return renewed.access_token


def sign_in_demo_person(place: Place, person: str) -> Session:
    """Sign a demo person in without a browser.

    Raises:
        NotSignedIn: The folder has no such person.
        SignInFailed: The provider refused.
    """
    names = [each.username for each in PEOPLE]
    if has_login(place, person):
        raise NotSignedIn(f"{person} is not signed in; run `awgp login --person {person}`")
    if place.data is None or person not in names or place.issuer != issuer_url(place.data):
        raise NotSignedIn(
            f"{person} is not one of this data folder's demo people ({', '.join(names)});"
            " sign in with `awgp login`"
        )
    return sign_in_with_password(place, place.data, person, None)


def has_login(place: Place, person: str) -> bool:
    """Tell whether someone was given a login at this data folder's own provider."""
    data = place.data
    return data is not None and place.issuer == issuer_url(data) and person in known_logins(data)


def sign_in_with_password(
    place: Place, data: DataFolder, person: str, password: str | None
) -> Session:
    """Sign in at a data folder's own provider, without a browser.

    Args:
        password: None for a demo person, whose password lies in the data folder.

    Raises:
        SignInFailed: The provider refused.
    """
    tokens = token_for(data, person, password)
    return Session(
        person=person,
        issuer=place.issuer,
        client_id=CLI_CLIENT,
        token_endpoint=f"{place.issuer}/token",
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=time.time() + tokens.expires_in,
    )


def save_session(place: Place, session: Session, *, current: bool = True) -> None:
    """Keep a session, 0600; `current` makes it the one used where none is named."""
    place.sessions.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.sessions.chmod(0o700)
    write_atomically(_file(place, session.person), json.dumps(asdict(session)))
    if current:
        write_atomically(place.sessions / "current", session.person)


def load_session(place: Place, person: str | None) -> Session | None:
    """Return a kept session of this issuer; None where there is none."""
    if person is None:
        return None
    try:
        session = Session(**json.loads(_file(place, person).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return session if session.issuer == place.issuer else None


def _file(place: Place, person: str) -> Path:
    if not _NAME.fullmatch(person):
        raise NotSignedIn("a person's name has letters, digits and . _ @ - only")
    return place.sessions / f"{person}.json"


def _current(place: Place) -> str | None:
    try:
        return (place.sessions / "current").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _signed_in_again(place: Place, person: str | None) -> Session:
    if person is None:
        raise NotSignedIn("nobody is signed in here; run `awgp login`")
    if place.data is None:
        raise NotSignedIn(f"the sign-in of {person} has ended; run `awgp login` again")
    return sign_in_demo_person(place, person)


def _refreshed(session: Session) -> Session | None:
    if session.refresh_token is None:
        return None
    form = {
        "grant_type": "refresh_token",
        "client_id": session.client_id,
        "refresh_token": session.refresh_token,
    }
    answer = httpx.post(session.token_endpoint, data=form, timeout=TIMEOUT_SECONDS)
    return session_of(session, answer) if answer.status_code == httpx.codes.OK else None


def session_of(before: Session, answer: httpx.Response) -> Session:
    """Read a token endpoint's answer into a session like the one before.

    Raises:
        SignInFailed: It gave no token; the provider's own reason, if it says one.
    """
    try:
        body = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise SignInFailed(f"the provider refused: {body.get('error', answer.status_code)}")
        return Session(
            person=before.person,
            issuer=before.issuer,
            client_id=before.client_id,
            token_endpoint=before.token_endpoint,
            access_token=str(body["access_token"]),
            refresh_token=body.get("refresh_token", before.refresh_token),
            expires_at=time.time() + int(body.get("expires_in", 60)),
        )
    except (ValueError, KeyError, AttributeError) as error:
        raise SignInFailed("the provider's answer holds no token") from error
