"""Looking after it in the browser: queues, dead letters, the trail, tenants, visits, sessions."""

import re
import time
import zipfile

from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from playwright.sync_api import TimeoutError as NotYet

from ops.demo.story import INVOICE
from pipeline.author_signature import SigningKey
from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.keyboard import Keyboard
from tests.e2e.browser.test_setting_up import agree, dialog
from tests.e2e.browser.visitor import Visitor
from tests.e2e.browser.world import BrowserWorld, lines

SIGNED_OUT = r"status of 40[13]|WebSocket connection"


def order(visitor: Visitor, verb: str, says: str, **fields: str) -> None:
    """Press a verb, give the reason it asks for, and see it done."""
    visitor.page.get_by_role("button", name=verb, exact=True).click()
    form = visitor.page.get_by_role("dialog", name=re.compile(says))
    for label, value in {"Reason": f"to see {verb}", **fields}.items():
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name=verb, exact=True).click()
    expect(form).to_have_count(0)


def test_the_holding_pauses_drains_and_scales_a_queue_and_it_goes_on(visit: Visit) -> None:
    hana, cleo = visit("hana"), visit("cleo")
    hana.open("/t/acme/queues?queue=export", "Export")
    sheet = hana.page.get_by_role("dialog", name="Export")
    order(hana, "Pause", "Pause the queue")
    expect(sheet).to_contain_text(re.compile("Paused.*to see Pause.*by Hana Reyes", re.DOTALL))
    cleo.open("/t/acme/queues?queue=export", "Export")
    theirs = cleo.page.get_by_role("dialog", name="Export")
    expect(theirs).to_contain_text("by the holding")
    assert cleo.page.get_by_role("button", name="Resume").count() == 0
    order(hana, "Resume", "Resume the queue")
    expect(theirs.get_by_text("Running", exact=True)).to_be_visible()
    order(hana, "Drain", "Drain the queue")
    # Nothing waits in it: the relay pauses it when it next looks.
    expect(sheet.get_by_text(re.compile("^(Draining|Paused)$"))).to_be_visible()
    order(hana, "Resume", "Resume the queue")
    expect(sheet.get_by_text("Running", exact=True)).to_be_visible()
    for processes in ("2", "1"):
        order(hana, "Scale", "How many processes", Processes=processes)
        expect(sheet).to_contain_text(f"{processes} wanted: to see Scale")


def test_what_was_given_up_is_replayed_and_goes_through_all_of_it_again(
    visit: Visit, world: BrowserWorld
) -> None:
    receiver, ben = world.stage.receiver, world.client("ben")
    asked = world.ask("ada", "invoice-booker", INVOICE)
    secrets, receiver.secrets = receiver.secrets, {}  # the ledger takes nothing of us now
    try:
        ben.vote(asked.approval, "approve", "booked")
        asked.ends_as("failed")
    finally:
        receiver.secrets = secrets
    ada = visit("ada")
    ada.open("/t/acme/queues/dead-letters?assistant=invoice-booker", "Dead letters")
    ada.page.get_by_role("link", name="HTTP 401").first.click()
    expect(ada.page.get_by_role("heading", name="Dead letter", exact=True)).to_be_visible()
    expect(ada.page.get_by_text(asked.run[-12:])).to_be_visible()
    order(ada, "Replay", "Replay this dead letter")
    expect(ada.page.get_by_text("Somebody has looked after it.")).to_be_visible()
    asked.by.wait(asked.run, lambda seen: seen["status"] == "held", lambda _: None)
    ben.vote(asked.by.open_approval(asked.run), "approve", "the ledger is back")
    asked.ends_as("completed")


def test_an_auditor_searches_verifies_and_downloads_the_trail(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = world.ask("ada", "scribe", lines("on record"))
    # Of both subsidiaries, and of the page that waits for who has just signed in.
    otto = visit("otto", fresh=True)
    otto.sign_in("/")
    expect(otto.page.get_by_role("heading", name="Inbox")).to_be_visible()
    page = otto.page
    otto.open("/t/acme/audit", "Audit")
    page.get_by_label("Action begins with").fill("hold:run:")
    page.wait_for_url("**/audit?action=hold%3Arun%3A")
    expect(page.get_by_role("row").filter(has_text="policy:run:")).to_have_count(0)
    found = page.get_by_role("row").filter(has_text="hold:run:held")
    found.filter(has_text=asked.run[-12:]).get_by_role("link").click()
    expect(page.get_by_text("Verified in this browser")).to_be_visible()
    otto.open("/t/acme/audit/proof", "Audit")
    page.get_by_role("button", name="Verify the trail").click()
    expect(page.get_by_text(re.compile("entries hold, "))).to_be_visible()
    otto.open("/t/acme/audit/exports", "Audit")
    page.get_by_role("button", name="Export now").click()
    expect(page.get_by_role("button", name="Download the trail")).to_be_enabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the trail").click()
    assert download.value.suggested_filename == "acme-trail.zip"
    with zipfile.ZipFile(download.value.path()) as trail:
        assert any(name.endswith(".jsonl.gz") for name in trail.namelist())


def test_the_holding_opens_visits_and_closes_a_tenant_and_is_shown_the_door(visit: Visit) -> None:
    hana, cleo = visit("hana"), visit("cleo")
    page = hana.page
    hana.open("/t/acme/tenants", "Tenants")
    form = dialog(hana, "Open a tenant")
    form.get_by_label("Short name").fill("initech")
    form.get_by_label("Name", exact=True).fill("Initech GmbH")
    form.get_by_role("button", name="Open it").click()
    expect(form).to_contain_text("initech-admins")
    form.get_by_role("button", name="Done").click()
    begin_visit(page, "Act here: initech", "to set it up")
    page.wait_for_url("**/t/initech/inbox")
    visiting = page.get_by_role("complementary", name="Visit")
    hana.open("/t/initech/assistants", "Assistants")
    expect(page.get_by_role("button", name="Add an assistant")).to_be_visible()
    visiting.get_by_role("button", name="End the visit").click()
    expect(page.get_by_role("button", name="Add an assistant")).to_have_count(0)
    hana.open("/t/initech/tenants", "Tenants")
    form = dialog(hana, "Close initech")
    form.get_by_label("Type initech to confirm").fill("initech")
    form.get_by_role("button", name="Close it for ever").click()
    expect(page.get_by_role("complementary", name="Looking")).to_contain_text("initech is closed")
    cleo.open("/t/acme/settings/persons", "Persons")
    hana.open("/t/acme/assistants", "Assistants")
    begin_visit(page, "Act here…", "to look closer")
    expect(page.get_by_role("button", name="Add an assistant")).to_be_visible()
    expect(cleo.page.get_by_text("to look closer")).to_be_visible()
    agree(cleo, "End the visit…", "End the visit")
    expect(page.get_by_role("button", name="Add an assistant")).to_have_count(0)


def test_the_holding_limits_a_tenant_by_keyboard_and_never_what_it_did_not_see(
    visit: Visit,
) -> None:
    hana, elsewhere, cleo = visit("hana"), visit("hana"), visit("cleo")
    for each in (hana, elsewhere):
        each.expects("status of 412")
    cleo.open("/t/acme/settings/tenant", "Tenant")
    sending = cleo.page.get_by_role("region", name="What may be sent to it")
    expect(sending).to_contain_text("As the edge limits each tenant")
    assert sending.get_by_role("button").count() == 0
    keys = Keyboard(page=hana.page)
    hana.open("/t/globex/tenants", "Tenants")
    hana.page.get_by_role("row").filter(has_text="Acme").get_by_role("link").last.focus()
    hana.page.keyboard.press("Enter")
    with keys.dialog("Change the limit") as mine:
        keys.fill("Requests at once", "500", "spinbutton")
        keys.press("Save")
        expect(mine.get_by_role("alert")).to_contain_text("Say how many requests a minute too")
        keys.stays_at("Save")
        keys.fill("Requests a minute", "600000", "spinbutton")
        elsewhere.open("/t/acme/settings/tenant", "Tenant")
        form = dialog(elsewhere, "Change the limit")
        form.get_by_label("Requests a minute").fill("60000")
        form.get_by_role("button", name="Save").click()
        expect(sending).to_contain_text("60,000 a minute, 60,000 at once")  # by itself
        keys.press("Save")
        expect(mine.get_by_role("alert")).to_contain_text("Somebody changed this since")
        keys.press("Begin again from what is saved now")
        expect(mine.get_by_label("Requests a minute")).to_have_value("60000")
        keys.fill("Requests a minute", "", "spinbutton")
        keys.fill("Requests at once", "", "spinbutton")
        keys.press("Save")
    expect(sending).to_contain_text("As the edge limits each tenant")


def test_author_keys_and_credentials_are_looked_after_by_keyboard_alone(visit: Visit) -> None:
    hana = visit("hana")
    hana.expects("status of 422")
    keys, page = Keyboard(page=hana.page), hana.page
    hana.open("/t/acme/tenants", "Tenants")
    form = dialog(hana, "Open a tenant")
    form.get_by_label("Short name").fill("umbrella")
    form.get_by_label("Name", exact=True).fill("Umbrella GmbH")
    form.get_by_role("button", name="Open it").click()
    form.get_by_role("button", name="Done").click()
    begin_visit(page, "Act here: umbrella", "its first key counts for good")
    page.wait_for_url("**/t/umbrella/inbox")
    hana.open("/t/umbrella/settings/author-keys", "Author keys")
    add_and_revoke_a_key(keys)
    hana.open("/t/umbrella/settings/credentials", "Credentials")
    add_replace_and_remove_a_credential(keys)
    page.get_by_role("button", name="End the visit").click()
    expect(page.get_by_role("button", name="Add a credential")).to_have_count(0)


def add_and_revoke_a_key(keys: Keyboard) -> None:
    page, key = keys.page, SigningKey.generate("ada")
    revoke = "Revoke ada\N{RIGHT SINGLE QUOTATION MARK}s key"
    with keys.dialog("Add a key") as form:
        keys.stays_at("Public key", "textbox")
        cannot_be_left(form)
        page.keyboard.press("Escape")
    with keys.dialog("Add a key") as form:
        for wrong, why in ((key.secret_text(), "This is the private key"), ("ada", "Ed25519")):
            keys.fill("Public key", wrong)
            page.keyboard.press("Enter")
            expect(form.get_by_role("alert")).to_contain_text(why)
            keys.stays_at("Public key", "textbox")
        keys.fill("Public key", str(key.public))
        page.keyboard.press("Enter")
    with keys.dialog(revoke) as form:
        cannot_be_left(form)
        page.keyboard.press("Escape")
    keys.press(revoke)
    keys.fill("Why", "her laptop was lost")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Author keys")).to_be_focused()  # the button is gone
    expect(page.get_by_text("her laptop was lost")).to_be_visible()


def add_replace_and_remove_a_credential(keys: Keyboard) -> None:
    page = keys.page
    with keys.dialog("Add a credential") as form:
        keys.stays_at("Name", "textbox")
        cannot_be_left(form)
        page.keyboard.press("Escape")
    with keys.dialog("Add a credential") as form:
        keys.fill("Name", "No Name")
        fill_value(keys, "Bearer of-the-erp")
        page.keyboard.press("Enter")
        expect(form.get_by_role("alert")).to_contain_text("1 to 63 small letters")
        expect(form.get_by_label("Value")).to_be_focused()
        keys.fill("Name", "erp")
        page.keyboard.press("Enter")
    with keys.dialog("Replace the value of erp") as form:
        cannot_be_left(form)
        fill_value(keys, "Bearer of-the-new-erp")
        page.keyboard.press("Enter")
    with keys.dialog("Remove erp") as form:
        cannot_be_left(form)
        page.keyboard.press("Escape")
    keys.press("Remove erp")
    keys.press("Remove the credential")
    expect(page.get_by_role("heading", name="Credentials")).to_be_focused()  # the button is gone
    expect(page.get_by_text("No credentials yet")).to_be_visible()


def fill_value(keys: Keyboard, value: str) -> None:
    keys.to("textbox", "Header")
    keys.page.keyboard.press("Tab")  # a field for secrets has no role to be found by
    keys.page.keyboard.insert_text(value)


def cannot_be_left(form: Locator) -> None:
    """Tab goes round in it, both ways."""
    for key in ("Tab", "Shift+Tab"):
        for _ in range(7):
            form.page.keyboard.press(key)
            expect(form.locator(":focus")).to_have_count(1)


def begin_visit(page: Page, opener: str, reason: str) -> None:
    page.get_by_role("button", name=opener).click()
    page.get_by_role("dialog").get_by_label("Reason").fill(reason)
    page.get_by_role("dialog").get_by_role("button", name="Begin the visit").click()
    expect(page.get_by_role("complementary", name="Visit")).to_be_visible()


def test_an_admin_signs_a_person_out_removes_and_restores_them(visit: Visit) -> None:
    emil, dora = visit("emil", fresh=True), visit("dora", fresh=True)
    dora.expects(SIGNED_OUT)
    emil.sign_in("/t/globex/settings/persons")
    dora.sign_in("/t/globex/runs")
    expect(dora.page.get_by_role("heading", name="Runs")).to_be_visible()
    dora.context.clear_cookies(name=re.compile("awgp_oidc"))  # the provider asks them, too
    form = dialog(emil, "Sessions of Dora Petrova")
    expect(form).to_contain_text(re.compile("Chrome [0-9]+ on Linux"))
    form.get_by_role("button", name="End all sessions").click()
    expect(dora.page.get_by_role("heading", name="Sign in")).to_be_visible()
    agree(emil, "Remove Dora Petrova", "Remove them")
    dora.give_password()
    expect(dora.page.get_by_text("you were removed from this tenant").first).to_be_visible()
    emil.page.get_by_label("Show").select_option("Removed")
    agree(emil, "Restore Dora Petrova", "Restore them")
    dora.open("/t/globex/runs", "Runs")
    expect(dora.page.get_by_text("you were removed from this tenant")).to_have_count(0)


def test_live_events_come_another_way_where_sockets_are_refused_and_by_fetching_at_last(
    visit: Visit, world: BrowserWorld
) -> None:
    ben = visit("ben")
    ben.expects("ERR_FAILED")
    refuse_sockets(ben)
    ben.page.clock.install()
    ben.open("/t/acme/runs", "Runs")
    until(ben, "Live: changes show by themselves")
    by_events = world.ask("ada", "scribe", lines("by events"))
    expect(ben.page.get_by_role("row").filter(has_text=by_events.run[-12:])).to_be_visible()
    ben.page.route(re.compile("/v1/live/events"), lambda route: route.abort())
    ben.page.reload()
    until(ben, "Not live: changes show within seconds")
    by_polls = world.ask("ada", "scribe", lines("by polls"))
    ben.page.clock.fast_forward(15_000)
    expect(ben.page.get_by_role("row").filter(has_text=by_polls.run[-12:])).to_be_visible()


def refuse_sockets(visitor: Visitor) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011, reason="no sockets here")

    visitor.page.route_web_socket(re.compile("/v1/live"), refuse)


def until(visitor: Visitor, state: str) -> None:
    """Let the pauses between tries pass until the dot says this.

    The page's clock is ours, and a server's is not: it is given time to answer between two steps,
    or the page would take it for dead.
    """
    dot, deadline = visitor.page.get_by_title(state).first, time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            dot.wait_for(state="attached", timeout=200)
        except NotYet:
            visitor.page.clock.run_for(3_000)
        else:
            return
    raise AssertionError(f"it never said: {state}")
