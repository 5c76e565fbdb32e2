"""The rest of the hold, seen to its end: for others, alone, by a link, too late, changed since."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.gestures import APPROVE, approve, card, open_approval, vote
from tests.e2e.browser.keyboard import Keyboard
from tests.e2e.browser.test_pages import axe_is_content
from tests.e2e.browser.world import (
    NOBODYS_SECRET,
    SCRIBE,
    Asked,
    BrowserWorld,
    lines,
)

# Written by whoever may write, and read by others.
MARKUP: Final = "<img src=x onerror=alert(1)>"
NOT_YOURS: Final = "This is not yours to decide now"
# The browser's own, with a list of what was told.
# The headless shell has no desktop, and lets nobody write on it.
LISTEN: Final = """
window.told = [];
window.Notification = class extends Notification {
  static get permission() { return 'granted'; }
  constructor(title, options) { super(title, options); window.told.push([title, options.body]); }
};
"""


def test_a_lent_vote_is_given_for_its_owner_and_ends(visit: Visit, world: BrowserWorld) -> None:
    mallory, ben = visit("mallory"), visit("ben")
    ben.open("/t/acme/delegations", "Lent votes")
    ben.page.get_by_role("button", name="Lend my vote").click()
    form = ben.page.get_by_role("dialog")
    form.get_by_label("To whom").fill("mall")
    form.get_by_role("radio", name=re.compile("Mallory")).check()
    form.get_by_label("Why").fill(MARKUP)
    form.get_by_role("button", name="Lend my vote").click()
    loan = ben.page.get_by_role("main").get_by_role("listitem").filter(has_text="Mallory")
    expect(loan).to_contain_text("In force")
    expect(loan).to_contain_text(MARKUP)

    asked, bens = world.ask("ada", "payer", lines("pay")), world.ask("ben", "payer", lines("mine"))
    mallory.open("/t/acme/inbox", "Inbox")
    expect(card(mallory, asked)).to_be_visible()
    assert card(mallory, bens).count() == 0
    open_approval(mallory, bens)
    expect(mallory.page.get_by_text(NOT_YOURS)).to_be_visible()
    expect(mallory.page.get_by_text("delegate of someone who may not vote").first).to_be_visible()
    open_approval(mallory, asked)
    expect(mallory.page.get_by_text("You vote for Ben Okafor")).to_be_visible()
    mallory.page.get_by_role("button", name=APPROVE).click()
    expect(mallory.page.get_by_text("You voted to approve")).to_be_visible()
    open_approval(ben, asked)
    expect(ben.page.get_by_text("for Ben Okafor approved")).to_be_visible()
    assert ben.page.get_by_role("button", name=APPROVE).count() == 0

    later = world.ask("ada", "payer", lines("later"))
    mallory.open("/t/acme/inbox", "Inbox")
    expect(card(mallory, later)).to_be_visible()
    ben.open("/t/acme/delegations", "Lent votes")
    loan.get_by_role("button", name="End it now…").click()
    ben.page.get_by_role("button", name="End it", exact=True).click()
    expect(loan).to_have_count(0)
    expect(card(mallory, later)).to_have_count(0)
    approve(visit("cleo"), asked)
    asked.ends_as("completed")


def test_one_person_breaks_the_glass_and_another_closes_the_review(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "payer", lines("hurry"))
    gwen, cleo = visit("gwen"), visit("cleo")
    cleo.open("/t/acme/inbox?tab=reviews", "Inbox")
    open_approval(gwen, asked)
    gwen.page.get_by_role("button", name="Break the glass…").click()
    alone = gwen.page.get_by_role("alertdialog")
    run_it = alone.get_by_role("button", name="Break the glass and run it")
    expect(run_it).to_be_disabled()
    alone.get_by_label("Why it cannot wait").fill(f"line 2 stands still {asked.run} {MARKUP}")
    expect(run_it).to_be_disabled()
    alone.get_by_role("checkbox").check()
    run_it.click()
    expect(gwen.page.get_by_text("How it ended")).to_be_visible()
    asked.ends_as("completed")

    review = cleo.page.get_by_role("listitem").filter(has_text=asked.run)
    expect(review).to_contain_text("Gwen Achterberg approved alone")
    expect(review).to_contain_text(MARKUP)
    gwen.open("/t/acme/inbox?tab=reviews", "Inbox")
    waits = gwen.page.get_by_role("region", name="Reviews that wait")
    expect(waits).to_contain_text(asked.run)
    assert waits.get_by_role("button", name="Close the review…").count() == 0
    review.get_by_role("button", name="Close the review…").click()
    look = cleo.page.get_by_role("dialog")
    look.get_by_role("radio", name=re.compile("^It was an emergency")).check()
    look.get_by_label("What you found").fill(f"the log agrees {MARKUP}")
    look.get_by_role("button", name="Close the review").click()
    closed = gwen.page.get_by_role("region", name="Closed").get_by_role("listitem")
    seen = closed.filter(has_text=asked.run)
    expect(seen).to_contain_text("Justified")
    expect(seen).to_contain_text(f"Cleo Lindqvist: “the log agrees {MARKUP}”")
    expect(waits).not_to_contain_text(asked.run)


def test_a_link_decides_nothing_when_opened_and_once_for_its_person(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "payer", lines("by mail"))
    link = world.link_for("ben", asked)
    ben, cleo = visit("ben", fresh=True), visit("cleo")
    ben.expects("status of 401")
    ben.open(link)
    ben.give_password()
    came = "You came by a link that was made for you"
    expect(ben.page.get_by_text(came)).to_be_visible()
    cleo.expects("status of 403")
    cleo.open(link)
    expect(cleo.page.get_by_text(came)).to_be_visible()
    cleo.page.get_by_role("button", name=APPROVE).click()
    expect(cleo.page.get_by_text("The link was made for another person")).to_be_visible()
    assert asked.by.open_approval(asked.run)["votes"] == []

    ben.page.get_by_role("button", name=APPROVE).click()
    expect(cleo.page.get_by_text("1 of 2 votes").first).to_be_visible()
    ben.page.get_by_role("button", name="Withdraw my vote").click()
    expect(cleo.page.get_by_text("0 of 2 votes").first).to_be_visible()
    ben.expects("status of 410")
    ben.open(link)
    expect(ben.page.get_by_text(came)).to_be_visible()
    ben.page.get_by_role("button", name=APPROVE).click()
    expect(ben.page.get_by_text("The link is used up.")).to_be_visible()
    assert asked.by.open_approval(asked.run)["votes"] == []
    ben.page.get_by_role("button", name=APPROVE).click()
    expect(ben.page.get_by_text("You voted to approve")).to_be_visible()


def test_what_waits_too_long_comes_to_others_and_to_their_desktop(
    visit: Visit, world: BrowserWorld
) -> None:
    cleo, ben = visit("cleo"), visit("ben")
    cleo.context.add_init_script(LISTEN)
    cleo.open("/t/acme/settings", "Settings")
    cleo.page.get_by_role("switch", name="Desktop notifications").check()
    cleo.open("/t/acme/inbox", "Inbox")
    asked = world.ask("ada", "watch", lines("nobody is there"))
    expect(card(cleo, asked)).to_be_visible()
    cleo.page.wait_for_function(
        "() => window.told.some(([title]) => title === 'watch waits for your approval')"
    )
    cleo.open(f"/t/acme/runs/{asked.run}?tab=audit")
    for said in ("hold:approval:reminded", "hold:approval:escalated"):
        expect(cleo.page.get_by_text(said).first).to_be_visible()
    open_approval(ben, asked)
    expect(ben.page.get_by_text("you are in none of the groups asked")).to_be_visible()
    open_approval(cleo, asked)
    expect(cleo.page.get_by_text("one of night, admins")).to_be_visible()
    cleo.page.get_by_role("button", name=APPROVE).click()
    asked.ends_as("completed")


def test_what_is_selected_and_asked_anew_meanwhile_is_not_decided_with_the_rest(
    visit: Visit, world: BrowserWorld
) -> None:
    seen, racing, plain = (world.ask("ada", "scribe", lines(each)) for each in ("a", "b", "c"))
    ben = visit("ben")
    ben.open("/t/acme/inbox", "Inbox")
    for each in (seen, racing, plain):
        card(ben, each).get_by_role("checkbox").check()
    ben.page.get_by_role("button", name="Approve 3…").click()
    look = ben.page.get_by_role("dialog")
    expect(look).to_contain_text(seen.approval["digest"][:8])
    edit(world, seen)
    expect(look).to_contain_text("Left out: since you selected it, it was asked anew.")

    def edit_first(route: Route) -> None:
        edit(world, racing)
        route.continue_()

    ben.page.route("**/v1/approvals/decisions", edit_first)
    look.get_by_role("button", name="Approve 2").click()
    expect(look).to_contain_text("Not all could be decided.")
    expect(look.get_by_text("Not decided:")).to_have_count(1)
    plain.ends_as("completed")
    expect(look).to_be_visible()
    look.get_by_role("button", name="Done").click()
    assert [seen.status, racing.status] == ["held", "held"]


def edit(world: BrowserWorld, asked: Asked) -> None:
    finn = world.client("finn")
    body = {"digest": asked.approval["digest"], "payload": lines("edited")}
    answer = finn.post(f"{world.web}/v1/approvals/{asked.approval_id}/edit", body)
    assert answer.status_code == 201, answer.text


def test_what_changed_since_the_last_approval_is_shown(
    visit: Visit, world: BrowserWorld, tmp_path: Path
) -> None:
    ben, cleo = visit("ben"), visit("cleo")
    first = world.ask("ada", "mover", lines("the old line"))
    assert ben.call("POST", *vote(first))[0] == 200
    first.ends_as("completed")
    visit("finn")  # who never signed in is not known here
    world.change("mover", by="finn", code=f"{SCRIBE}print('more')\n", folder=tmp_path)
    asked = world.ask("ada", "mover", lines("the new line"))
    open_approval(ben, asked)
    files = ben.page.get_by_role("list", name="Files of the bundle")
    expect(files.get_by_role("button", name=re.compile("main.py"))).to_contain_text("changed")
    expect(ben.page.get_by_label("What changed in main.py")).to_contain_text("+print('more')")
    expect(ben.page.get_by_text("Not signed; no author")).to_be_visible()
    ben.page.get_by_role("tab", name="Against the last run").click()
    payload = ben.page.get_by_role("region", name="Payload")
    for said in ("removed: ", "the old line", "added: ", "the new line"):
        expect(payload.get_by_text(said).first).to_be_attached()

    cleo.open("/t/acme/assistants/mover", "mover")
    cleo.page.get_by_role("button", name="Restore version 1").click()
    cleo.page.get_by_role("button", name="Restore the version").click()
    expect(cleo.page.get_by_text("Version 3").first).to_be_visible()
    ben.page.get_by_role("button", name=APPROVE).click()
    ben.page.get_by_role("link", name="See what is asked now").click()
    before = ben.page.get_by_role("region", name="Asked before")
    newer = asked.by.open_approval(asked.run)
    for digest in (asked.approval["digest"], newer["digest"]):
        expect(before).to_contain_text(digest[:12])
    expect(before).to_contain_text("The vote given then is void.")
    assert files.get_by_text("changed").count() == 0
    ben.page.get_by_role("button", name=APPROVE).click()
    asked.ends_as("completed")


def test_a_dead_letter_is_replayed_and_asked_about_anew(
    visit: Visit, world: BrowserWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = world.ask("ada", "teller", lines("tell them"))
    ben, cleo = visit("ben"), visit("cleo")
    assert ben.call("POST", *vote(asked))[0] == 200
    asked.ends_as("failed")
    cleo.open("/t/acme/queues/dead-letters", "Dead letters")
    cleo.page.get_by_role("row").filter(has_text="teller").get_by_role("link").first.click()
    # The list, which has a Replay too, is headed "Dead letters".
    expect(cleo.page.get_by_role("heading", name="Dead letter", exact=True)).to_be_visible()
    monkeypatch.setitem(world.stage.receiver.secrets, "/nobody", NOBODYS_SECRET)
    cleo.page.get_by_role("button", name="Replay").click()
    asks = cleo.page.get_by_role("dialog")
    asks.get_by_label("Reason").fill("they listen now")
    asks.get_by_role("button", name="Replay").click()
    expect(cleo.page.get_by_text("replayed").first).to_be_visible()
    newer = asked_anew(asked)
    open_approval(cleo, newer)
    expect(cleo.page.get_by_text("one who had it run again").first).to_be_visible()
    approve(ben, newer)
    asked.ends_as("completed")
    cleo.open("/t/acme/targets/nobody", "nobody")
    keys = Keyboard(page=cleo.page)
    for opener, verb in (("Send again", "Count them"), ("Send test", "Show what would be sent")):
        with keys.dialog(opener):
            axe_is_content(cleo)
            keys.press(verb)
            expect(asks.get_by_role("button", name=re.compile("^Send"))).to_be_visible()
            axe_is_content(cleo)
            if opener == "Send again":
                keys.fill("Reason", "they missed it")
            keys.press(re.compile("^Send"))
            told = re.compile(r"\d are sent again|It is on its way")
            expect(asks.get_by_text(told)).to_be_visible()
            keys.press("Done")


def test_a_failed_run_is_replayed_and_a_held_one_cancelled_from_its_page(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "scribe", {"fail": True})
    ben, cleo = visit("ben"), visit("cleo")
    assert ben.call("POST", *vote(asked))[0] == 200
    asked.ends_as("failed")
    ben.open(f"/t/acme/runs/{asked.run}")
    ben.page.get_by_role("button", name="Replay…").click()
    ben.page.get_by_role("button", name="Replay the run").click()
    expect(ben.page.get_by_text("Replayed: epoch 2 has begun").first).to_be_visible()
    newer = asked_anew(asked)
    cleo.open("/t/acme/inbox", "Inbox")
    expect(card(cleo, newer)).to_be_visible()
    ben.page.get_by_role("button", name="Cancel the run…").click()
    ben.page.get_by_role("alertdialog").get_by_role("button", name="Cancel the run").click()
    expect(ben.page.get_by_text("Cancelled: nothing will run").first).to_be_visible()
    asked.ends_as("cancelled")
    expect(card(cleo, newer)).to_have_count(0)


def asked_anew(asked: Asked) -> Asked:
    """The question that is open about the same run, once it is."""
    asked.by.wait(asked.run, lambda seen: seen["status"] == "held", lambda _: None)
    return Asked(run=asked.run, approval=asked.by.open_approval(asked.run), by=asked.by)
