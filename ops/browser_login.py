"""Sign in with a browser: authorization code with PKCE, answered to this machine (RFC 8252).

1. Discovery says where the provider's doors are; it must speak for the issuer we asked.
2. A listener opens on a free loopback port; the browser is sent to the provider with a state and
   the hash of a secret that never leaves this process.
3. The provider sends the browser back; the state must be ours, and the issuer too where it says.
4. The code and the secret are exchanged for tokens.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from ops.caller import TIMEOUT_SECONDS, Place, Session, session_of
from ops.embedded.oidc_login import SignInFailed

SCOPE: Final = "openid profile email"
PATIENCE_SECONDS: Final = 300.0
PAGE: Final = (
    b"<!doctype html><title>AWGP</title><p>You may close this and go back to the terminal."
)


def sign_in_with_browser(
    place: Place, person: str, show: Callable[[str], object], *, patience: float = PATIENCE_SECONDS
) -> Session:
    """Sign someone in and return their session.

    Args:
        person: The name the session is kept under.
        show: Takes the address to be opened in a browser.
        patience: Seconds to wait for the browser to come back.

    Raises:
        SignInFailed: The provider refused, or nobody came back.
    """
    doors = discover(place.issuer)
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with Listener(state, place.issuer) as listener:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        query = {
            "client_id": place.client_id,
            "response_type": "code",
            "redirect_uri": listener.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        show(f"{doors['authorization_endpoint']}?{urlencode(query)}")
        code = listener.wait(patience)
    form = {
        "grant_type": "authorization_code",
        "client_id": place.client_id,
        "code": code,
        "redirect_uri": listener.redirect_uri,
        "code_verifier": verifier,
    }
    started = Session(
        person=person,
        issuer=place.issuer,
        client_id=place.client_id,
        token_endpoint=doors["token_endpoint"],
        access_token="",
        expires_at=0,
    )
    answer = httpx.post(doors["token_endpoint"], data=form, timeout=TIMEOUT_SECONDS)
    return session_of(started, answer)


def discover(issuer: str) -> Mapping[str, str]:
    """Ask where to sign in.

    Raises:
        SignInFailed: The document is not this issuer's, or lacks a door.
    """
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = httpx.get(address, timeout=TIMEOUT_SECONDS)
    try:
        found = answer.raise_for_status().json()
        doors = {name: found[name] for name in ("authorization_endpoint", "token_endpoint")}
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        raise SignInFailed(f"{address} does not describe an identity provider") from error
    if found.get("issuer") != issuer:
        raise SignInFailed(f"{address} speaks for another issuer")
    # The tokens must not go where a token would not be sent.
    if any(urlsplit(door).scheme != urlsplit(issuer).scheme for door in doors.values()):
        raise SignInFailed(f"{address} names doors that are less safe than the issuer's")
    return doors


@dataclass(slots=True)
class Listener:
    """A loopback address that one browser comes back to."""

    state: str
    issuer: str
    answer: dict[str, str] = field(default_factory=dict)
    server: HTTPServer = field(init=False)

    def __enter__(self) -> Self:
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        return self

    def __exit__(self, *_: object) -> None:
        self.server.server_close()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/callback"

    def wait(self, patience: float) -> str:
        """Serve until the answer with our state has come, and return its code.

        Raises:
            SignInFailed: The provider refused, is another, or nothing came in time.
        """
        end = time.monotonic() + patience
        while not self.answer and (left := end - time.monotonic()) > 0:
            self.server.timeout = left
            self.server.handle_request()
        if not self.answer:
            raise SignInFailed("nobody signed in in time")
        if self.answer.get("iss", self.issuer) != self.issuer:
            raise SignInFailed("the answer came from another issuer")
        if "code" not in self.answer:
            reason = self.answer.get("error_description") or self.answer.get("error") or "no code"
            raise SignInFailed(f"the provider refused: {reason}")
        return self.answer["code"]

    def take(self, path: str) -> bool:
        """Keep an answer that is meant for us; whatever else knocks is turned away."""
        parts = urlsplit(path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ours = hmac.compare_digest(given.get("state", "").encode(), self.state.encode())
        if parts.path != "/callback" or not ours:
            return False
        self.answer = given
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                taken = listener.take(self.path)
                self.send_response(200 if taken else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Content-Length", str(len(PAGE) if taken else 0))
                self.end_headers()
                self.wfile.write(PAGE if taken else b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's
                """Say nothing: the address holds the code."""

        return Handler
