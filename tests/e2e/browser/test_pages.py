"""Every page: how it looks in light, in dark and on a phone, and that axe finds nothing wrong."""

import json
import os
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from ops.web_ui import FOLDER
from tests.e2e.browser.addresses import address, pages
from tests.e2e.browser.conftest import OUTPUT, Visit
from tests.e2e.browser.visitor import DESKTOP, PHONE, Visitor

WANT_PICTURES: Final = bool(os.environ.get("AWGP_TEST_PICTURES"))
AXE: Final = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE: Final = """() => axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
}).then(({violations}) => violations.map(({id, help, nodes}) =>
  `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`))"""
# The rest of Lighthouse's best practices that a page's own text can break; all of them are judged
# by test_lighthouse.py.
WHAT_AXE_LEAVES_OUT: Final = """() => [
  ...[...document.querySelectorAll('a')].filter((a) => !/^https?:$/.test(a.protocol))
    .map((a) => `a link that leads nowhere: ${a.outerHTML.slice(0, 160)}`),
  ...[...document.querySelectorAll('a[target=_blank]')]
    .filter((a) => !a.relList.contains('noopener'))
    .map((a) => `a page that could steer ours: ${a.outerHTML.slice(0, 160)}`),
  ...performance.getEntriesByType('resource').map((each) => each.name)
    .filter((name) => !name.startsWith(location.origin)).map((name) => `not from here: ${name}`),
  ...['charset', 'name=viewport', 'name=description', 'name=theme-color']
    .filter((each) => !document.querySelector(`meta[${each}]`)).map((each) => `no meta ${each}`),
  ...['icon', 'manifest'].filter((each) => !document.querySelector(`link[rel=${each}]`))
    .map((each) => `no ${each}`),
]"""

# What was never drawn keeps the colours of the theme before.
LOOK_AT_ALL: Final = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await frame();
    await frame();
  }
  scrollTo(0, 0);
}"""

# How often axe looks again where it finds something, half a second apart.
PAINTING_TRIES: Final = 10


@pytest.mark.parametrize("route", pages())
def test_a_page_is_good_to_look_at_for_everyone(
    stay: Callable[[str], Visitor], seen: dict[str, str], route: str
) -> None:
    visitor = stay("hana" if route == "tenants" else "cleo")
    visitor.open(address(route, seen))
    settled(visitor)
    assert visitor.page.evaluate(WHAT_AXE_LEAVES_OUT) == []
    looks_good(visitor, re.sub(r"\W+", "-", route).strip("-"))


def settled(visitor: Visitor) -> None:
    """The page has its heading and nothing is still being loaded."""
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    expect(visitor.page.locator("[aria-busy=true]")).to_have_count(0)
    visitor.page.wait_for_load_state("networkidle")


def looks_good(visitor: Visitor, name: str, *, but: str = "nothing") -> None:
    """Let axe and the phone's width judge it, and take its pictures where they are wanted."""
    page = visitor.page
    page.evaluate(AXE.read_text("utf-8"))
    wrong: list[str] = []
    for look, size in (("light", DESKTOP), ("dark", DESKTOP), ("phone", PHONE)):
        visitor.look(size, dark=look == "dark")
        if WANT_PICTURES:
            visitor.picture(OUTPUT / "pages" / f"{name}-{look}.png")
        page.evaluate(LOOK_AT_ALL)
        wrong += [f"{look}: {each}" for each in axe_finds(page, but=but)]
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    if wide > PHONE[0]:
        wrong.append(f"phone: it scrolls sideways, to {wide} px")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert not wrong, "\n".join(wrong)


def axe_finds(page: Page, *, but: str = "nothing") -> list[str]:
    """What axe finds wrong, and still finds once all has been painted."""
    for _ in range(PAINTING_TRIES):
        found = [each for each in page.evaluate(RUN_AXE) if not each.startswith(f"{but}:")]
        if not found:
            return []
        page.wait_for_timeout(500)
    return found


def axe_is_content(visitor: Visitor) -> None:
    """With what is on screen, as it is; `looks_good` costs six times as much."""
    visitor.page.evaluate(AXE.read_text("utf-8"))
    assert axe_finds(visitor.page) == []


def described(visitor: Visitor) -> None:
    """A new source, of the scheme with most to fill in."""
    visitor.page.get_by_role("button", name="New source").click()
    visitor.page.get_by_label("Sender", exact=True).select_option("HMAC, as you describe it")
    visitor.page.get_by_text("More settings").click()


def mapped(visitor: Visitor) -> None:
    """What a source's events become, with an event tried by rules that are not kept."""
    page = visitor.page
    page.get_by_role("button", name="Map events").click()
    rules = json.dumps(
        {
            "rules": [
                {
                    "name": "paid",
                    "when": "event.type == 'invoice.paid'",
                    "payload": {"invoice": {"$pointer": "/data/id"}},
                }
            ]
        }
    )
    form = page.get_by_role("dialog")
    form.get_by_label("Rules", exact=True).fill(rules)
    form.get_by_role("button", name="See what it becomes").click()
    expect(form.get_by_role("status")).to_contain_text("by the rule paid")


Opener = Callable[[Visitor], Any]
DIALOGS: Final[dict[str, tuple[str, str, Opener]]] = {
    "keys": ("ben", "runs", lambda ben: ben.page.keyboard.press("?")),
    "go-to": ("ben", "runs", lambda ben: ben.page.keyboard.press("Control+k")),
    "decide": (
        "ben",
        "inbox",
        lambda ben: ben.page.get_by_role("button", name="Look and decide").first.click(),
    ),
    "edit": (
        "ben",
        "approvals/$approval",
        lambda ben: ben.page.get_by_role("button", name="Edit…").click(),
    ),
    "cancel": (
        "ben",
        "approvals/$approval",
        lambda ben: ben.page.get_by_role("button", name=re.compile("^Cancel")).first.click(),
    ),
    "break-glass": (
        "gwen",
        "approvals/$approval",
        lambda gwen: gwen.page.get_by_role("button", name="Break the glass…").click(),
    ),
    "rule": (
        "cleo",
        "policies?tab=rules",
        lambda cleo: cleo.page.get_by_role("button", name="Edit the rule two-people").click(),
    ),
    "source": ("cleo", "sources", described),
    "mapping": ("cleo", "sources/$source", mapped),
    "intake": (
        "cleo",
        "sources/$source",
        lambda cleo: cleo.page.get_by_role("button", name="Change what it takes").click(),
    ),
    "lend": (
        "ben",
        "delegations",
        lambda ben: ben.page.get_by_role("button", name=re.compile("^Lend")).first.click(),
    ),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_a_dialog_is_good_to_look_at_for_everyone(
    stay: Callable[[str], Visitor], seen: dict[str, str], name: str
) -> None:
    person, route, opened = DIALOGS[name]
    visitor = stay(person)
    visitor.open(address(route, seen))
    settled(visitor)
    opened(visitor)
    expect(visitor.page.locator("[role$=dialog]")).to_be_visible()
    looks_good(visitor, f"dialog-{name}")


def test_the_pages_of_nobody_who_is_signed_in_are_good_to_look_at(visit: Visit) -> None:
    someone = visit("ben", fresh=True)
    someone.expects("status of 400")
    someone.open("/authorize?code=made-up&state=made-up", "You are not signed in")
    # It has no colours of its own, and axe takes the browser's dark canvas for white.
    looks_good(someone, "not-signed-in", but="color-contrast")
    someone.open("/login?next=/t/acme/inbox", "Sign in")
    looks_good(someone, "sign-in")
