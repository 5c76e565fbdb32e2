"""The hold in people's browsers: who decides, how, and what the others see of it."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, expect

from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.gestures import APPROVE, REJECT, approve, card, open_approval, row, vote
from tests.e2e.browser.visitor import PHONE, Visitor
from tests.e2e.browser.world import FRESH, REJECT_REASONS, Asked, BrowserWorld, lines
from tests.integration.processes import wait_until


def test_another_person_approves_and_who_asked_sees_it_live(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "scribe", lines("hello"))
    ada, ben = visit("ada"), visit("ben")
    ada.open("/t/acme/runs", "Runs")
    expect(row(ada, asked)).to_contain_text(re.compile("held", re.IGNORECASE))
    ben.open("/t/acme/inbox", "Inbox")
    expect(card(ben, asked)).to_contain_text("scribe for Ada Moreau")
    card(ben, asked).get_by_role("button", name="Look and decide").click()
    look = ben.page.get_by_role("dialog")
    expect(look).to_contain_text("scribe for Ada Moreau")
    look.get_by_role("button", name=APPROVE).click()
    expect(row(ada, asked)).to_contain_text(re.compile("completed", re.IGNORECASE))
    expect(look).to_have_count(0)
    expect(ben.page.get_by_text("It runs now.", exact=True)).to_be_visible()
    expect(card(ben, asked)).to_have_count(0)
    asked.ends_as("completed")


def test_who_asked_cannot_approve_and_is_told_why(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("cleo", "scribe", lines("mine"))
    cleo = visit("cleo")
    open_approval(cleo, asked)
    expect(cleo.page.get_by_text("This is not yours to decide now")).to_be_visible()
    assert cleo.page.get_by_role("button", name=APPROVE).count() == 0
    body = {"verdict": "approve", "digest": asked.approval["digest"], "reason": "please"}
    status, told = cleo.call("POST", f"/v1/approvals/{asked.approval_id}/votes", body)
    assert (status, told["type"]) == (403, "urn:awgp:problem:four-eyes")
    cleo.open("/t/acme/inbox", "Inbox")
    assert card(cleo, asked).count() == 0
    assert asked.status == "held"


def test_a_rejection_is_handed_back_with_its_reason(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "payer", lines("pay"))
    ada, ben = visit("ada"), visit("ben")
    open_approval(ada, asked)
    open_approval(ben, asked)
    ben.page.get_by_role("button", name="Reject…").click()
    ben.page.get_by_role("radio", name=REJECT_REASONS[0]).check()
    ben.page.get_by_label("Why not").fill("the account ends in 12, not 21")
    ben.page.get_by_role("button", name=REJECT).click()
    asked.ends_as("rejected")
    for told in ("the account ends in 12, not 21", REJECT_REASONS[0]):
        expect(ada.page.get_by_text(told).first).to_be_visible()


def test_an_edit_asks_anew_and_who_edited_cannot_approve(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "payer", lines("too much"))
    ben, cleo = visit("ben"), visit("cleo")
    open_approval(ben, asked)
    approve(cleo, asked)
    expect(ben.page.get_by_text("1 of 2 votes").first).to_be_visible()
    ben.page.get_by_role("button", name="Edit…").click()
    text = ben.page.get_by_role("textbox", name="Payload")
    text.fill(text.input_value().replace("too much", "just right"))
    ben.page.get_by_role("button", name="See the difference").click()
    ben.page.get_by_role("button", name="Ask anew").click()
    ben.page.wait_for_url(lambda url: "/approvals/" in url and asked.approval_id not in url)
    expect(ben.page.get_by_text("This is not yours to decide now")).to_be_visible()
    newer = Asked(run=asked.run, approval=asked.by.open_approval(asked.run), by=asked.by)
    assert newer.approval["votes"] == []
    cleo.page.get_by_role("link", name="See what is asked now").click()
    cleo.page.wait_for_url(f"**/approvals/{newer.approval_id}**")
    expect(cleo.page.get_by_text("just right").first).to_be_visible()
    before = cleo.page.get_by_role("region", name="Asked before")
    expect(before).to_contain_text("The vote given then is void.")
    for digest in (asked.approval["digest"], newer.approval["digest"]):
        expect(before).to_contain_text(digest[:12])
    cleo.page.get_by_role("button", name=APPROVE).click()
    expect(cleo.page.get_by_text("You voted to approve")).to_be_visible()
    assert visit("finn").call("POST", *vote(newer))[0] == 200
    asked.ends_as("completed")
    assert asked.by.run(asked.run)["execution"]["result"]["wrote"]["lines"] == ["just right"]


def test_several_are_decided_at_once_under_one_rule(visit: Visit, world: BrowserWorld) -> None:
    several = [world.ask("ada", "scribe", lines(f"number {each}")) for each in range(3)]
    other = world.ask("ada", "payer", lines("another rule"))
    ben = visit("ben")
    ben.open("/t/acme/inbox", "Inbox")
    for each in (*several, other):
        card(ben, each).get_by_role("checkbox").check()
    bar = ben.page.get_by_role("region", name="Selected approvals")
    expect(bar).to_contain_text("they ask for different rules")
    card(ben, other).get_by_role("checkbox").uncheck()
    bar.get_by_role("button", name="Approve 3…").click()
    for each in several:
        expect(ben.page.get_by_role("dialog")).to_contain_text(each.approval["digest"][:8])
    ben.page.get_by_role("dialog").get_by_role("button", name="Approve 3").click()
    for each in several:
        each.ends_as("completed")
    assert other.status == "held"


def test_two_people_are_needed_and_the_first_may_take_it_back(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "payer", lines("pay"))
    ben, cleo = visit("ben"), visit("cleo")
    open_approval(cleo, asked)
    approve(ben, asked)
    expect(cleo.page.get_by_text("1 of 2 votes").first).to_be_visible()
    assert asked.status == "held"
    ben.page.get_by_role("button", name="Withdraw my vote").click()
    expect(cleo.page.get_by_text("0 of 2 votes").first).to_be_visible()
    ben.page.get_by_role("button", name=APPROVE).click()
    expect(cleo.page.get_by_text("1 of 2 votes").first).to_be_visible()
    cleo.page.get_by_role("button", name=APPROVE).click()
    expect(ben.page.get_by_text("How it ended")).to_be_visible()
    asked.ends_as("completed")


def test_on_a_phone_two_taps_and_a_look_approve(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "scribe", lines("on the way"))
    ben = visit("ben", size=PHONE)
    ben.open("/t/acme/inbox", "Inbox")
    card(ben, asked).get_by_role("button", name="Look and decide").tap()
    look = ben.page.get_by_role("dialog")
    expect(look).to_contain_text("Ada Moreau")
    expect(look).to_contain_text(asked.approval["digest"][:8])
    look.get_by_role("button", name=APPROVE).tap()
    asked.ends_as("completed")


def test_the_keyboard_alone_decides(visit: Visit, world: BrowserWorld) -> None:
    first = world.ask("ada", "scribe", lines("one"))
    second = world.ask("ada", "payer", lines("two"))
    ben = visit("ben")
    ben.open("/t/acme/inbox", "Inbox")
    expect(card(ben, second)).to_be_visible()
    ben.page.keyboard.press("?")
    expect(ben.page.get_by_role("dialog", name="Keys")).to_contain_text("Approve")
    ben.page.keyboard.press("Escape")
    for asked, key, status in ((first, "a", "completed"), (second, "r", "rejected")):
        move_to(ben, asked)
        expect_focus_visible(ben)
        ben.page.keyboard.press(key)
        expect(ben.page.get_by_role("dialog")).to_be_visible()
        if key == "a":
            expect(ben.page.get_by_role("button", name=APPROVE)).to_be_focused()
            expect_focus_visible(ben)
            ben.page.keyboard.press("Enter")
        else:
            expect(ben.page.get_by_label("Why not")).to_be_focused()
            ben.page.keyboard.type("not today")
            tab_to(ben, ben.page.get_by_role("button", name=REJECT))
            ben.page.keyboard.press("Enter")
        asked.ends_as(status)
        expect(ben.page.get_by_role("dialog")).to_have_count(0)
        expect(card(ben, asked)).to_have_count(0)


def move_to(visitor: Visitor, asked: Asked) -> None:
    """Go down the list with `j`, and back with `k`, until a question has the focus."""
    link = card(visitor, asked).get_by_role("link").first
    for key in ["j"] * 30 + ["k"] * 30:
        visitor.page.keyboard.press(key)
        if link.evaluate("(each) => each === document.activeElement"):
            return
    raise AssertionError("the keyboard does not reach it")


def tab_to(visitor: Visitor, target: Locator) -> None:
    for _ in range(20):
        if target.evaluate("(each) => each === document.activeElement"):
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError("Tab does not reach it")


def expect_focus_visible(visitor: Visitor) -> None:
    """Something is drawn around what has the focus, or around the card it is in."""
    drawn = visitor.page.evaluate(
        """() => {
          const style = getComputedStyle(document.activeElement);
          return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
            || style.boxShadow !== 'none';
        }"""
    )
    assert drawn, "nothing shows where the focus is"


def test_tab_begins_with_the_way_past_the_menu(visit: Visit) -> None:
    ben = visit("ben")
    ben.open("/t/acme/inbox", "Inbox")
    ben.page.evaluate("() => document.activeElement?.blur()")
    ben.page.reload()
    expect(ben.page.get_by_role("heading", name="Inbox")).to_be_visible()
    ben.page.keyboard.press("Tab")
    skip = ben.page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    ben.page.keyboard.press("Enter")
    expect(ben.page.locator("#main")).to_be_focused()


def test_who_looks_on_sees_the_decision_of_another(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "scribe", lines("seen"))
    ben, cleo = visit("ben"), visit("cleo")
    open_approval(cleo, asked)
    expect(cleo.page.get_by_role("button", name=APPROVE)).to_be_enabled()
    approve(ben, asked)
    expect(cleo.page.get_by_text("How it ended")).to_be_visible()
    assert cleo.page.get_by_role("button", name=APPROVE).count() == 0


# The last here: by now it is long ago that they signed in.
def test_a_rule_may_ask_who_one_is_once_more(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "vault", lines("open"))
    finn = visit("finn")
    finn.expects("status of 403")
    since = datetime.fromisoformat(finn.me()["authenticated_at"])
    wait_until(lambda: datetime.now(UTC) - since > FRESH + timedelta(seconds=1), "the proof to age")
    approve(finn, asked)
    expect(finn.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert asked.status == "held"
    finn.give_password()
    expect(finn.page.get_by_text("You are back from signing in")).to_be_visible()
    assert asked.status == "held"
    finn.page.get_by_role("button", name=APPROVE).click()
    asked.ends_as("completed")
