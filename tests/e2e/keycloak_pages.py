"""A person at Keycloak's own pages, form by form, as a browser without scripts fills them in."""

import base64
import hashlib
import hmac
import html
import re
import struct
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

import httpx

from tests.e2e.keycloak_server import PASSWORD
from tests.integration.processes import wait_until

_FORM: Final = re.compile(r'<form[^>]*\baction="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_HIDDEN: Final = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
_SETUP_SECRET: Final = re.compile(r'name="totpSecret"[^>]*value="([^"]+)"')
PERIOD_SECONDS: Final = 30
MOST_PAGES: Final = 6


def browser() -> httpx.Client:
    """A client with cookies; like a browser it holds loopback for secure without TLS."""
    client = httpx.Client(timeout=30)

    def hold_for_secure(_: httpx.Response) -> None:
        for cookie in client.cookies.jar:
            cookie.secure = False

    client.event_hooks = {"response": [hold_for_secure]}
    return client


def one_time_code(secret: bytes, at: float | None = None) -> str:
    """RFC 6238: HMAC-SHA-1, six digits, thirty seconds."""
    step = int((time.time() if at is None else at) // PERIOD_SECONDS)
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


@dataclass(slots=True, kw_only=True)
class Visitor:
    """One person, one browser.

    Attributes:
        secret: Of their one-time codes, once they have set them up.
        asked: What Keycloak asked of them, in order: password, setup, code.
    """

    name: str
    web: httpx.Client
    secret: bytes | None = None
    asked: list[str] = field(default_factory=list)
    _last_step: int = 0

    def sign_in(self, address: str) -> httpx.Response:
        """Go to an address and answer whatever Keycloak asks, until it lets go of the browser."""
        page = self.open(address)
        for _ in range(MOST_PAGES):
            if _FORM.search(page.text) is None:
                return page
            page = self.answer(page, self._fill_in(page.text))
        raise AssertionError(f"Keycloak goes on asking: {self.asked}")

    def open(self, address: str) -> httpx.Response:
        """Go to an address."""
        return self._follow(self.web.get(address))

    def answer(self, page: httpx.Response, filled_in: dict[str, str]) -> httpx.Response:
        """Send a page's form."""
        form = _FORM.search(page.text)
        assert form is not None, page.text[:2000]
        target = urljoin(str(page.url), html.unescape(form[1]))
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(form[2])}
        return self._follow(self.web.post(target, data=hidden | filled_in))

    def carry_on(self, before: "Visitor") -> None:
        """Be the same person, with the same second factor."""
        self.secret, self._last_step = before.secret, before._last_step

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        while answer.is_redirect:
            answer = self.web.get(urljoin(str(answer.url), answer.headers["Location"]))
        return answer

    def _fill_in(self, page: str) -> dict[str, str]:
        if (setup := _SETUP_SECRET.search(page)) is not None:
            self.asked.append("setup")
            self.secret = html.unescape(setup[1]).encode()
            return {"totp": self._code(), "totpSecret": setup[1], "userLabel": "test"}
        if 'name="otp"' in page:
            self.asked.append("code")
            return {"otp": self._code()}
        assert 'name="password"' in page, page[:2000]
        assert self.asked[-1:] != ["password"], "the password was not taken"
        self.asked.append("password")
        return {"username": self.name, "password": PASSWORD}

    def _code(self) -> str:
        """A code not used before: Keycloak takes each once, and one step to either side."""
        assert self.secret is not None, f"{self.name} has no second factor"
        step = max(int(time.time() // PERIOD_SECONDS), self._last_step + 1)
        wait_until(lambda: time.time() // PERIOD_SECONDS >= step - 1, "the next code to count")
        self._last_step = step
        return one_time_code(self.secret, step * PERIOD_SECONDS)


def subject_of(token: str) -> str:
    """What a token says of its bearer, unverified: for tests alone."""
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
