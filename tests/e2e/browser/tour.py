"""The pictures of docs/tutorials/a-tour-of-the-web-ui.md, taken anew: `make tour`.

No test by name, so that no run of the tests changes the documents.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import expect

from ops.demo.clients import expect as answered
from ops.demo.clients import send_event
from ops.demo.story import INVOICE, PULL_REQUEST
from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.visitor import PHONE, Visitor
from tests.e2e.browser.world import Asked, BrowserWorld

PICTURES: Final = Path(__file__).parents[3] / "docs" / "tutorials" / "pictures"
MOST_BYTES: Final = 1_500_000


def test_the_tours_pictures(visit: Visit, world: BrowserWorld) -> None:
    first = arrived(world, INVOICE)
    answered(world.client("ben").vote(first.approval, "approve", "order 4711"), 200)
    first.ends_as("completed")
    git = world.stage.demo.globex.senders["git"]
    answered(send_event(world.stage.urls["ingest"], git, PULL_REQUEST), 202)
    waiting = arrived(world, {**INVOICE, "number": "RE-2043", "supplier": "Brenner Stahl"})
    world.ask("ada", "payer", {"to": "Brenner Stahl", "amount_cents": 180_000})
    world.ask("ada", "invoice-booker", {**INVOICE, "number": "RE-2044"})

    ben = visit("ben")
    show(ben, "inbox", "inbox")
    show(ben, f"approvals/{waiting.approval_id}", "approval")
    ben.page.emulate_media(color_scheme="dark")
    show(ben, f"runs/{first.run}", "run")
    ben.page.emulate_media(color_scheme="light")
    show(ben, "runs", "runs")
    cleo = visit("cleo")
    for page in ("policies", "sources", "queues", "audit"):
        show(cleo, page, page)
    phone = visit("ben", size=PHONE)
    phone.open("/t/acme/inbox", "Inbox")
    phone.page.get_by_role("button", name="Look and decide").first.tap()
    expect(phone.page.get_by_role("button", name="Approve").last).to_be_enabled()
    phone.page.screenshot(path=PICTURES / "phone.png", animations="disabled")
    assert sum(each.stat().st_size for each in PICTURES.glob("*.png")) < MOST_BYTES


def arrived(world: BrowserWorld, invoice: Mapping[str, Any]) -> Asked:
    """Send a signed invoice, and wait until it is held."""
    ben = world.client("ben")
    sender = world.stage.demo.acme.senders["erp"]
    run: str = answered(send_event(ben.ingest, sender, invoice), 202)["run"]
    ben.wait(run, lambda seen: seen["status"] == "held", lambda _: None)
    return Asked(run=run, approval=ben.open_approval(run), by=ben)


def show(visitor: Visitor, page: str, name: str) -> None:
    visitor.open(f"/t/acme/{page}")
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    expect(visitor.page.locator("[aria-busy=true]")).to_have_count(0)
    visitor.page.wait_for_load_state("networkidle")
    PICTURES.mkdir(exist_ok=True)
    visitor.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
