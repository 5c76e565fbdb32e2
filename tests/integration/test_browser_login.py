"""`awgp login` in a browser: against an issuer that keeps to the protocol, and some that do not."""

import base64
import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from ops.browser_login import sign_in_with_browser
from ops.caller import NotSignedIn, Place, Session, access_token, find_place, save_session
from ops.embedded.oidc_login import SignInFailed
from tests.integration.served import served


@dataclass(slots=True)
class Issuer:
    """Signs everybody in, once it has seen a challenge, and gives each refresh token once."""

    url: str = ""
    answer: dict[str, str] = field(default_factory=dict)  # in place of a code
    speaks_for: str | None = None
    challenges: dict[str, str] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    made: int = 0

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.speaks_for or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }

    def authorize(self) -> Response:
        asked = request.args
        assert asked["code_challenge_method"] == "S256"
        self.challenges["the-code"] = asked["code_challenge"]
        back = {"state": asked["state"], "iss": self.url} | (self.answer or {"code": "the-code"})
        return redirect(f"{asked['redirect_uri']}?{urlencode(back)}")

    def token(self) -> tuple[dict[str, Any], int]:
        form = request.form
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return {"error": "invalid_grant"}, 400
            self.refresh_tokens.remove(form["refresh_token"])
        else:
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.challenges.pop(form["code"], None) != challenge:
                return {"error": "invalid_grant"}, 400
        self.made += 1
        self.refresh_tokens.add(f"refresh-{self.made}")
        return {
            "access_token": f"access-{self.made}",
            "refresh_token": f"refresh-{self.made}",
            "expires_in": 600,
        }, 200


@contextmanager
def issuer_at_work() -> Iterator[Issuer]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    issuer = Issuer()
    app = Flask("issuer", static_folder=None)
    app.add_url_rule("/.well-known/openid-configuration", view_func=issuer.discovery)
    app.add_url_rule("/authorize", view_func=issuer.authorize)
    app.add_url_rule("/token", view_func=issuer.token, methods=["POST"])
    with served(app) as issuer.url:
        yield issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuer_at_work() as at_work:
        yield at_work


@pytest.fixture
def place(issuer: Issuer, tmp_path: Path) -> Place:
    return find_place(
        {
            "AWGP_WEB_URL": "https://awgp.example",
            "AWGP_OIDC_ISSUER": issuer.url,
            "XDG_STATE_HOME": str(tmp_path),
        }
    )


class Browser:
    """Follows an address, as a person's browser does, and meddles where told to."""

    def __init__(self, *knocks: str) -> None:
        self.knocks = knocks
        self.answers: list[int] = []

    def open(self, address: str) -> None:
        threading.Thread(target=self._visit, args=(address,), daemon=True).start()

    def _visit(self, address: str) -> None:
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        for knock in self.knocks:
            self.answers.append(httpx.get(f"{back}{knock}", timeout=60).status_code)
        self.answers.append(httpx.get(address, follow_redirects=True, timeout=60).status_code)


def test_a_browser_signs_in_and_the_token_is_used(place: Place) -> None:
    session = sign_in_with_browser(place, "me", Browser().open)
    save_session(place, session)
    assert access_token(place, None) == session.access_token == "access-1"


def test_an_answer_without_our_state_is_turned_away(place: Place) -> None:
    browser = Browser("", "?code=stolen", "?code=stolen&state=guess", "/other?state=x")
    assert sign_in_with_browser(place, "me", browser.open).access_token == "access-1"
    assert browser.answers[:4] == [404] * 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"code": "another"}, "invalid_grant"),
        ({"code": "the-code", "iss": "https://evil.example"}, "another issuer"),
    ],
)
def test_an_issuer_that_refuses_or_is_another_is_said_so(
    issuer: Issuer, place: Place, answer: dict[str, str], said: str
) -> None:
    issuer.answer = answer
    with pytest.raises(SignInFailed, match=said):
        sign_in_with_browser(place, "me", Browser().open)


def test_a_document_of_another_issuer_is_not_believed(issuer: Issuer, place: Place) -> None:
    issuer.speaks_for = "https://evil.example"
    with pytest.raises(SignInFailed, match="another issuer"):
        sign_in_with_browser(place, "me", Browser().open)


def test_nobody_is_waited_for_for_ever(place: Place) -> None:
    with pytest.raises(SignInFailed, match="in time"):
        sign_in_with_browser(place, "me", lambda _: None, patience=0.05)


def test_an_old_token_is_refreshed_once_and_kept(issuer: Issuer, place: Place) -> None:
    issuer.refresh_tokens.add("first")
    save_session(place, old_session(place, "first"))
    assert access_token(place, None) == "access-1"
    assert access_token(place, None) == "access-1"
    kept = json.loads((place.sessions / "me.json").read_text())
    assert kept["refresh_token"] == "refresh-1"


def test_a_sign_in_that_has_ended_is_said_so(place: Place) -> None:
    save_session(place, old_session(place, "used"))
    with pytest.raises(NotSignedIn, match="awgp login"):
        access_token(place, None)


def old_session(place: Place, refresh_token: str) -> Session:
    return Session(
        person="me",
        issuer=place.issuer,
        client_id=place.client_id,
        token_endpoint=f"{place.issuer}/token",
        access_token="old",
        refresh_token=refresh_token,
        expires_at=time.time() + 5,
    )
