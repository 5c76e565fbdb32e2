"""Getting real tokens from the development provider without a browser.

The whole authorization-code flow with PKCE runs over HTTP, sign-in form included; what comes back
is what a browser's user would have. It works against this provider only, because it knows its form.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import CLI_CLIENT, CLI_REDIRECT, issuer_url
from pipeline.errors import AwgpError

_MOST_REDIRECTS = 10
_SECONDS = 15.0


class SignInFailed(AwgpError):
    """The provider refused; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in yields. `expires_in` is in seconds, for the access token."""

    access_token: str
    expires_in: int
    id_token: str | None = None
    refresh_token: str | None = None


def token_for(data: DataFolder, person: str, password: str | None = None) -> Tokens:
    """Sign someone in and return their tokens.

    Args:
        password: None for a demo person, whose password lies in the data folder.

    Raises:
        SignInFailed: The provider refused.
        KeyError: There is no such demo person.
    """
    if password is None:
        password = data.secret(f"person-{person}")
    verifier = secrets.token_urlsafe(48)
    with httpx.Client(timeout=_SECONDS) as browser:
        code = authorization_code(
            browser, issuer_url(data), username=person, password=password, verifier=verifier
        )
        form = {
            "grant_type": "authorization_code",
            "client_id": CLI_CLIENT,
            "code": code,
            "redirect_uri": CLI_REDIRECT,
            "code_verifier": verifier,
        }
        return _tokens(browser.post(f"{issuer_url(data)}/token", data=form))


def client_token(data: DataFolder, client_id: str) -> Tokens:
    """Return a machine client's access token by client credentials.

    Raises:
        SignInFailed: The provider refused.
        KeyError: There is no such client.
    """
    credentials = (client_id, data.secret(f"oidc-client-{client_id}"))
    form = {"grant_type": "client_credentials"}
    url = f"{issuer_url(data)}/token"
    return _tokens(httpx.post(url, data=form, auth=credentials, timeout=_SECONDS))


def refreshed(data: DataFolder, refresh_token: str) -> Tokens:
    """Exchange a refresh token of the command line's client for new tokens.

    Raises:
        SignInFailed: It was used before, or has expired.
    """
    form = {
        "grant_type": "refresh_token",
        "client_id": CLI_CLIENT,
        "refresh_token": refresh_token,
    }
    return _tokens(httpx.post(f"{issuer_url(data)}/token", data=form, timeout=_SECONDS))


def authorization_code(
    browser: httpx.Client, issuer: str, *, username: str, password: str, verifier: str | None
) -> str:
    """Walk through the sign-in form and return the authorization code.

    Args:
        browser: Keeps the cookies; one that is signed in already sees no form.
        verifier: The PKCE verifier; None sends no challenge, which the provider must refuse.

    Raises:
        SignInFailed: The provider refused.
    """
    query = {
        "client_id": CLI_CLIENT,
        "response_type": "code",
        "redirect_uri": CLI_REDIRECT,
        "scope": "openid profile email",
        "state": secrets.token_urlsafe(16),
    }
    if verifier is not None:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query["code_challenge_method"] = "S256"
    answer = browser.get(f"{issuer}/auth", params=query)
    for _ in range(_MOST_REDIRECTS):
        if answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(CLI_REDIRECT):
                return _code_in(target, query["state"])
            answer = browser.get(target)
        elif answer.status_code == httpx.codes.OK and 'name="password"' in answer.text:
            form = {"username": username, "password": password}
            answer = browser.post(str(answer.url), data=form)
        else:
            raise SignInFailed(f"sign-in as {username} failed with status {answer.status_code}")
    raise SignInFailed("sign-in did not come to an end")


def _code_in(target: str, state: str) -> str:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    if answer.get("state") != state or "code" not in answer:
        reason = answer.get("error_description") or answer.get("error") or "no code, or not ours"
        raise SignInFailed(f"sign-in was refused: {reason}")
    return answer["code"]


def _tokens(answer: httpx.Response) -> Tokens:
    if answer.status_code != httpx.codes.OK:
        raise SignInFailed(f"no token was given: {answer.text[:300]}")
    body = answer.json()
    return Tokens(
        access_token=body["access_token"],
        expires_in=int(body["expires_in"]),
        id_token=body.get("id_token"),
        refresh_token=body.get("refresh_token"),
    )
