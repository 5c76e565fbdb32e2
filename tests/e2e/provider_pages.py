"""A person at the identity provider's pages, form by form, as a browser fills them in.

Keycloak's and npm's oidc-provider's both: what is asked is told by the names of the fields.
"""

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

from tests.integration.processes import wait_until

_FORM: Final = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_POSTS: Final = re.compile(r'\bmethod="post"', re.IGNORECASE)
_ACTION: Final = re.compile(r'\baction="([^"]+)"')
_HIDDEN: Final = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
# Outside of its form, and a part of it.
_ATTACHED: Final = re.compile(r'<input[^>]*\bform="[^>]*>')
# Browsers run it; here it is done by hand.
_SENT_AT_ONCE: Final = "document.forms[0].submit()"
_SETUP_SECRET: Final = re.compile(r'name="totpSecret"[^>]*value="([^"]+)"')
PERIOD_SECONDS: Final = 30
# A code is on its way no longer than this.
ON_THE_WAY_SECONDS: Final = 3
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
        asked: What the provider asked of them, in order: password, setup, code.
    """

    name: str
    password: str
    web: httpx.Client
    secret: bytes | None = None
    asked: list[str] = field(default_factory=list)
    _last_step: int = 0

    def sign_in(self, address: str) -> httpx.Response:
        """Go to an address and answer whatever is asked, until the browser is let go."""
        before = len(self.asked)
        page = self.open(address)
        for _ in range(MOST_PAGES):
            if _form_in(page) is None:
                return page
            assert "password" not in self.asked[before:] or 'name="password"' not in page.text, (
                "the password was not taken"
            )
            page = self.answer(page, self._fill_in(page.text))
        raise AssertionError(f"the provider goes on asking: {self.asked}")

    def open(self, address: str) -> httpx.Response:
        """Go to an address, and on from pages that send themselves."""
        page = self._follow(self.web.get(address))
        for _ in range(MOST_PAGES):
            if _SENT_AT_ONCE not in page.text:
                return page
            page = self.answer(page, {})
        raise AssertionError(f"{address} leads nowhere")

    def answer(self, page: httpx.Response, filled_in: dict[str, str]) -> httpx.Response:
        """Send a page's form."""
        form = _form_in(page)
        assert form is not None, page.text[:2000]
        action, body = form
        target = urljoin(str(page.url), html.unescape(action))
        parts = "".join([body, *_ATTACHED.findall(page.text)])
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(parts)}
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
        self.asked.append("password")
        return {"username": self.name, "password": self.password}

    def _code(self) -> str:
        """A code not used before: Keycloak takes each once, and one step to either side.

        The step before is used first, so that three codes can be had without waiting.
        """
        assert self.secret is not None, f"{self.name} has no second factor"
        oldest = int((time.time() + ON_THE_WAY_SECONDS) // PERIOD_SECONDS) - 1
        step = max(oldest, self._last_step + 1)
        wait_until(lambda: time.time() // PERIOD_SECONDS >= step - 1, "the next code to count")
        self._last_step = step
        return one_time_code(self.secret, step * PERIOD_SECONDS)


def _form_in(page: httpx.Response) -> tuple[str, str] | None:
    """Where a page's form goes, "" for the page itself, and what is in it."""
    posts = [each for each in _FORM.finditer(page.text) if _POSTS.search(each[1])]
    if not posts:
        return None
    action = _ACTION.search(posts[0][1])
    return "" if action is None else action[1], posts[0][2]
