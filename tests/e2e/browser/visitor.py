"""A person in a browser of their own, and what may not happen to them there."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    expect,
)

from tests.e2e.browser.world import BrowserWorld

PATIENCE_MS: Final = 60_000
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
LAUNCH_ARGUMENTS: Final = (
    "--no-sandbox",  # the tests run as root, who has no sandbox to give
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(kw_only=True)  # Playwright keeps its own attributes on whoever listens
class Visitor:
    """Someone at a tab. Whatever the console calls an error is a trouble unless it was expected."""

    person: str
    world: BrowserWorld
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        page.on("dialog", lambda dialog: self._alarmed(dialog.message, dialog.dismiss))

    def expects(self, pattern: str) -> None:
        """Let console errors pass that this test provokes."""
        self.expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [
            each for each in self.troubles if not any(one.search(each) for one in self.expected)
        ]

    def open(self, path: str, heading: str | re.Pattern[str] | None = None) -> None:
        """Go to a path of this address; with a heading, wait for it."""
        self.page.goto(f"{self.world.web}{path}")
        if heading is not None:
            expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()

    def sign_in(self, path: str = "/") -> None:
        """Fill in the provider's form, as a person does."""
        self.page.goto(f"{self.world.web}/login?next={path}")
        self.give_password()
        self.page.wait_for_url(f"{self.world.web}/**")

    def give_password(self) -> None:
        self.page.get_by_label("Name").fill(self.person)
        self.page.get_by_label("Password").fill(self.world.password(self.person))
        self.page.get_by_role("button", name="Sign in").click()

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="You:").click()
        self.page.get_by_role("menuitem", name="Sign out").click()
        self.page.wait_for_url("**/logout?state=*")  # by way of the provider, which asks nothing

    def me(self) -> dict[str, Any]:
        found: dict[str, Any] = self.context.request.get(f"{self.world.web}/v1/me").json()
        return found

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, tenant: str = "acme"
    ) -> tuple[int, Any]:
        """What this browser's session may do at the API, as the UI would ask."""
        answer = self.context.request.fetch(
            f"{self.world.web}{path}",
            method=method,
            data=None if body is None else json.dumps(body),
            headers={
                "Content-Type": "application/json",
                "AWGP-Tenant": tenant,
                "Origin": self.world.web,
                "X-CSRF-Token": self.me()["csrf_token"],
            },
        )
        text = answer.text()
        return answer.status, json.loads(text) if text else None

    def look(self, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Go on at a window of another size, by day or by night."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme="dark" if dark else "light")

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=True, animations="disabled")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.troubles.append(f"{message.text} ({where})")

    def _alarmed(self, said: str, dismiss: Callable[[], None]) -> None:
        # No page of ours uses the browser's own dialogs: whoever opens one is somebody's script.
        self.troubles.append(f"a dialog: {said}")
        dismiss()


@dataclass(slots=True, kw_only=True)
class Lobby:
    """Lets people in; who signed in once comes back with their cookies."""

    world: BrowserWorld
    browser: Browser
    known: dict[str, StorageState] = field(default_factory=dict)
    inside: list[Visitor] = field(default_factory=list)

    def visit(
        self,
        person: str,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        fresh: bool = False,
    ) -> Visitor:
        """Give a person a browser.

        Args:
            fresh: Not signed in, with nothing left of an earlier visit.
        """
        if not fresh and person not in self.known:
            first = self._enter(person, DESKTOP, dark=False, state=None)
            first.sign_in("/v1/me")
            self.known[person] = first.context.storage_state()
            self._leave(first)
        return self._enter(person, size, dark=dark, state=None if fresh else self.known[person])

    def stay(self, person: str) -> Visitor:
        """Give a person the browser they have here already; at a desk, in daylight."""
        known = next((each for each in self.inside if each.person == person), None)
        visitor = known or self.visit(person)
        visitor.look()
        return visitor

    def troubles(self) -> list[str]:
        """What went wrong in the browsers since this was asked last."""
        troubles = [f"{each.person}: {one}" for each in self.inside for one in each.unexpected()]
        for each in self.inside:
            each.troubles.clear()
        return troubles

    def close(self) -> list[str]:
        """Close every browser; return what went wrong in them."""
        troubles = self.troubles()
        for each in list(self.inside):
            self._leave(each)
        return troubles

    def _enter(
        self, person: str, size: tuple[int, int], *, dark: bool, state: StorageState | None
    ) -> Visitor:
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            has_touch=size == PHONE,
            storage_state=state,
            timezone_id="UTC",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        visitor = Visitor(person=person, world=self.world, context=context, page=page)
        visitor.watch(page)
        self.inside.append(visitor)
        return visitor

    def _leave(self, visitor: Visitor) -> None:
        visitor.context.close()
        self.inside.remove(visitor)
