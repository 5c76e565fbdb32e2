"""What a person does again and again with a question."""

import re
from typing import Final

from playwright.sync_api import Locator

from tests.e2e.browser.visitor import Visitor
from tests.e2e.browser.world import Asked

APPROVE: Final = re.compile("^Approve$")
REJECT: Final = re.compile("^Reject$")


def open_approval(visitor: Visitor, asked: Asked) -> None:
    visitor.open(f"/t/acme/approvals/{asked.approval_id}", re.compile(" for "))


def approve(visitor: Visitor, asked: Asked) -> None:
    open_approval(visitor, asked)
    visitor.page.get_by_role("button", name=APPROVE).click()


def card(visitor: Visitor, asked: Asked) -> Locator:
    """A question in the inbox, told apart by its digest."""
    digest: str = asked.approval["digest"]
    return visitor.page.get_by_role("listitem").filter(has_text=digest[:12])


def row(visitor: Visitor, asked: Asked) -> Locator:
    """A run in the list of runs."""
    return visitor.page.get_by_role("row").filter(has_text=asked.run[-12:])


def vote(asked: Asked, verdict: str = "approve") -> tuple[str, dict[str, str]]:
    """What to post for a vote that need not be seen."""
    body = {"verdict": verdict, "digest": asked.approval["digest"], "reason": ""}
    return f"/v1/approvals/{asked.approval_id}/votes", body
