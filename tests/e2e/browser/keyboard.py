"""A person without a mouse: Tab until it is there, then Enter; and what they see of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Locator, Page, expect

# No page has so many places to stop at.
MOST_STOPS: Final = 80
DIALOG: Final = "[role$=dialog]"
# Whether it is here, whether that shows, and where it is.
HERE: Final = """(wanted) => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [at === wanted, ring || at === document.body, at.outerHTML.slice(0, 160)];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyboard:
    """What someone does who has nothing else. Whatever they pass shows that they are at it."""

    page: Page

    def to(self, role: str, name: str | re.Pattern[str]) -> Locator:
        """Tab to it; in the dialog, where one is open: nothing else can be reached then."""
        found = self._there(role, name)
        expect(found).to_be_visible()
        passed: list[str] = []
        for _ in range(MOST_STOPS):
            here, shows, at = found.evaluate(HERE)
            # A heading or a dialog has it at first, which nobody can do anything with.
            assert shows or not passed, f"it does not show that the keyboard is at {at}"
            if here:
                return found
            passed.append(at)
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to the {role} {name}: {passed}")

    def press(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.to(role, name)
        self.page.keyboard.press("Enter")

    def fill(self, name: str, text: str, role: str = "textbox") -> None:
        self.to(role, name)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)

    def choose(self, name: str, option: str) -> None:
        """As a list of choices is gone through: by what the wanted one begins with."""
        chosen = self.to("combobox", name)
        self.page.keyboard.type(option)
        expect(chosen).to_have_value(option)

    def stays_at(self, name: str | re.Pattern[str], role: str = "button") -> None:
        """Where the keyboard was before it still is."""
        expect(self._there(role, name)).to_be_focused()

    @contextmanager
    def dialog(self, opener: str, *, leaves_at: str | None = None) -> Iterator[Locator]:
        """Open what a button opens. When it is closed, the keyboard is at that button again.

        Args:
            leaves_at: What the button is called then.
        """
        self.press(opener)
        opened = self.page.locator(DIALOG)
        expect(opened).to_be_visible()
        expect(opened.locator(":focus")).to_have_count(1)
        yield opened
        expect(opened).to_have_count(0)
        self.stays_at(leaves_at or opener)

    def _there(self, role: str, name: str | re.Pattern[str]) -> Locator:
        where = self.page.locator(DIALOG)
        scope = where if where.count() > 0 else self.page.locator("body")
        found = scope.get_by_role(role, name=name, exact=isinstance(name, str))  # type: ignore[arg-type]
        return found.first
