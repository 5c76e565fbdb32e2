"""Setting a tenant up in the browser: assistants, sources, targets, and a policy put in force."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from playwright.sync_api import Locator, expect
from standardwebhooks.webhooks import Webhook

from pipeline.registry_sources import whsec
from runtime_host.bundle import build
from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.keyboard import Keyboard
from tests.e2e.browser.test_pages import axe_is_content, looks_good
from tests.e2e.browser.visitor import Visitor
from tests.e2e.browser.world import MANIFEST, SCRIBE
from tests.integration.processes import insist

REFUSED = "status of 4[0-9][0-9]"
ASKS = """
[[network]]
url = "https://api.example.com/v1/"
methods = ["GET", "POST"]
"""


def dialog(visitor: Visitor, opener: str) -> Locator:
    """Open what a button opens."""
    visitor.page.get_by_role("button", name=opener).click()
    return visitor.page.locator("[role$=dialog]")


def agree(visitor: Visitor, opener: str, verb: str) -> None:
    """Open a question and say yes."""
    asked = dialog(visitor, opener)
    asked.get_by_role("button", name=verb, exact=True).click()
    expect(asked).to_have_count(0)


def packed(folder: Path, version: str) -> Path:
    sources = folder / version
    sources.mkdir()
    manifest = MANIFEST.format(version=version) + ASKS
    (sources / "awgp.toml").write_text(manifest, encoding="utf-8")
    (sources / "main.py").write_text(SCRIBE, encoding="utf-8")
    file = folder / f"{version}.tar.gz"
    file.write_bytes(build(sources))
    return file


def test_a_bundle_chosen_in_the_page_becomes_an_assistant_and_its_next_versions(
    visit: Visit, tmp_path: Path
) -> None:
    cleo = visit("cleo")
    cleo.expects(REFUSED)
    cleo.open("/t/acme/assistants", "Assistants")
    form = dialog(cleo, "Add an assistant")
    form.get_by_label("Name", exact=True).fill("typist")
    form.get_by_label("Ceilings").fill('{"wall_seconds": 9.5}')
    form.get_by_label("Or a packed bundle").set_input_files(packed(tmp_path, "7.0.0"))
    form.get_by_role("button", name="Add the assistant").click()
    cleo.page.get_by_role("link", name="typist").click()
    expect(cleo.page.get_by_text("It is stopped after 9.5 s.")).to_be_visible()
    form = dialog(cleo, "New version")
    (tmp_path / "text").write_text("no bundle")
    form.get_by_label("Or a packed bundle").set_input_files(tmp_path / "text")
    form.get_by_role("button", name="Save the version").click()
    expect(form.get_by_role("alert")).to_contain_text("not sound gzip")
    # What the form begins with can be saved as it is: another bundle alone is a version.
    form.get_by_label("Or a packed bundle").set_input_files(packed(tmp_path, "7.1.0"))
    form.get_by_role("button", name="Save the version").click()
    expect(cleo.page.get_by_text("Bundle scribe 7.1.0")).to_be_visible()
    expect(cleo.page.get_by_text("It is stopped after 9.5 s.")).to_be_visible()
    cleo.page.get_by_label("Compare with").select_option("version 1")
    expect(cleo.page.get_by_text('version = "7.0.0"')).to_be_visible()
    allow_to_fetch(cleo)


def allow_to_fetch(cleo: Visitor) -> None:
    """By keyboard alone, from what it asks for in vain to what is granted."""
    page = cleo.page
    keys = Keyboard(page=page)
    asked = page.get_by_role("list", name="Its bundle asks for this, and you do not allow it")
    expect(asked).to_contain_text("GET, POST https://api.example.com/v1/")
    keys.press("What it is allowed", "link")
    expect(page.get_by_role("heading", name="What typist is allowed")).to_be_focused()
    keys.press("Add a rule")
    keys.fill("Address", "https://*.example.com/")
    keys.press("See what would apply")
    expect(page.get_by_role("group", name="Rule 1")).to_contain_text("*.example.com")
    expect(page.get_by_label("Address", exact=True)).to_have_attribute("aria-invalid", "true")
    keys.fill("Address", "https://api.example.com/")
    keys.press("See what would apply")
    expect(page.get_by_role("status").first).to_contain_text("GET https://api.example.com/v1/ and")
    keys.fill("MiB of memory", "1", "spinbutton")
    keys.press("Save the version")
    keys.stays_at("MiB of memory", "spinbutton")
    memory = page.get_by_label("MiB of memory")
    expect(memory).to_have_accessible_description(re.compile(r"must be \d+ \(16 MiB\) to"))
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
    looks_good(cleo, "allowed-filled")
    keys.fill("MiB of memory", "", "spinbutton")
    keys.press("Save the version")
    may = page.get_by_role("list", name="What it may reach")
    expect(may).to_contain_text("GET https://api.example.com/v1/ and what is below it")
    expect(asked).to_contain_text("POST https://api.example.com/v1/")
    expect(page.get_by_text("It is stopped after 9.5 s.")).to_be_visible()


def test_what_is_turned_away_is_explained_and_a_secret_is_changed_over(visit: Visit) -> None:
    cleo = visit("cleo")
    cleo.expects(REFUSED)
    page = cleo.page
    cleo.open("/t/acme/sources", "Sources")
    form = dialog(cleo, "New source")
    form.get_by_label("Name", exact=True).fill("shop")
    form.get_by_label("Assistant").select_option("scribe")
    old = told_once(form, "Create")
    page.get_by_role("link", name="shop").click()
    hook = page.locator("code", has_text=re.compile("^http.*/v1/hooks/")).first.inner_text()
    assert sent(hook, old, "shop-1") == 202
    assert sent(hook, whsec(bytes(32)), "shop-2") == 401
    assert sent(hook, old, "shop-3", ago=timedelta(hours=1)) == 401
    turned_away = page.get_by_role("region", name="Turned away")
    expect(turned_away).to_contain_text("Wrongly signed, 1 time")  # without loading it again
    expect(turned_away).to_contain_text("Too old or too new, 1 time")
    expect(page.get_by_role("region", name="Last events")).to_contain_text("shop-1")
    form = dialog(cleo, "Map events")
    form.get_by_label("Rules", exact=True).fill('{"rules": [{"name": "x", "when": "event.no"}]}')
    form.get_by_role("button", name="See what it becomes").click()
    expect(form.get_by_role("status")).to_contain_text("Refused")
    form.get_by_label("Rules", exact=True).fill(
        json.dumps({"rules": [{"name": "real", "when": "event.lines != ['ignore']"}]})
    )
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("list", name="Rules")).to_contain_text("real: a run of scribe when")
    assert sent(hook, old, "ignore") == 202
    becomes = page.get_by_role("region", name="What its events become")
    expect(becomes).to_contain_text("Ignored: 1 event")
    agree(cleo, "Map no more", "Map no more")
    expect(becomes).to_contain_text("Each is a run of scribe, as it comes.")
    done = allow_callbacks(cleo)
    assert sent(hook, old, "astray", back="https://elsewhere.example/done") == 422
    assert sent(hook, old, "shop-back", back=done) == 202
    new = told_once(dialog(cleo, "Rotate secret"), "Make the secret")
    assert {sent(hook, old, "shop-4"), sent(hook, new, "shop-5")} == {202}
    agree(cleo, "Expire now", "Expire it")
    assert (sent(hook, old, "shop-6"), sent(hook, new, "shop-7")) == (401, 202)
    events = cleo.call("GET", f"/v1/sources/{page.url.split('/')[-1]}")[1]["events"]
    agree(cleo, "Remove", "Remove the source")
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()
    expect(page.get_by_role("link", name="shop")).to_have_count(0)
    assert sent(hook, new, "shop-8") == 403
    run = next(each["id"] for each in events if each["event"] == "shop-back")
    cleo.open(f"/t/acme/runs/{run}?tab=deliveries", "scribe")
    told = page.get_by_role("region", name="Callbacks")
    expect(told).to_contain_text(f"Its sender is told at {done}")
    agree(cleo, "Cancel the run…", "Cancel the run")
    expect(told).to_contain_text("Given up")  # without loading it again
    expect(told).to_contain_text("Status 401")


def allow_callbacks(visitor: Visitor) -> str:
    """Let senders be called back at a target that refuses them; return where."""
    form = dialog(visitor, "Allow callbacks")
    form.get_by_label("Target").select_option("nobody")
    done = form.get_by_label("Address").input_value()
    form.get_by_role("button", name="Save").click()
    expect(visitor.page.get_by_role("list", name="Allowed callbacks")).to_contain_text(done)
    return done


def told_once(form: Locator, verb: str) -> str:
    """Confirm, and read the secret that is told this once."""
    form.get_by_role("button", name=verb).click()
    secret = form.get_by_role("status").locator("code").first.inner_text()
    form.get_by_role("button", name="Done").click()
    expect(form).to_have_count(0)
    return secret


def sent(
    hook: str, secret: str, event: str, *, ago: timedelta = timedelta(), back: str | None = None
) -> int:
    at, body = datetime.now(UTC) - ago, json.dumps({"lines": [event]})
    headers = {
        "content-type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event, at, body),
    }
    if back is not None:
        headers["awgp-callback"] = back
    post = partial(httpx.post, hook, content=body, headers=headers, timeout=60)
    return insist(post).status_code


def test_an_edit_of_what_another_changed_meanwhile_is_refused_and_says_so(visit: Visit) -> None:
    cleo, elsewhere = visit("cleo"), visit("cleo")
    for each in (cleo, elsewhere):
        each.expects(REFUSED)
    page = cleo.page
    cleo.open("/t/acme/targets", "Targets")
    form = dialog(cleo, "New target")
    form.get_by_label("Name", exact=True).fill("pager")
    form.get_by_label("Address", exact=True).fill("https://pager.example/one")
    axe_is_content(cleo)
    told_once(form, "Create")
    page.get_by_role("link", name="pager").click()
    mine = next_version(cleo, "https://pager.example/mine")
    axe_is_content(cleo)
    elsewhere.open("/t/acme/targets/pager", "pager")
    next_version(elsewhere, "https://pager.example/theirs").get_by_role(
        "button", name="Make the version"
    ).click()
    expect(page.get_by_text("https://pager.example/theirs").first).to_be_attached()
    mine.get_by_role("button", name="Make the version").click()
    expect(mine.get_by_role("alert")).to_contain_text("Somebody changed this since you opened it")
    mine.get_by_role("button", name="Cancel").click()
    next_version(cleo, "https://pager.example/mine").get_by_role(
        "button", name="Make the version"
    ).click()
    expect(page.get_by_text("Version 3")).to_be_visible()
    agree(cleo, "Remove", "Remove the target")
    page.get_by_role("link", name="ledger").click()
    expect(page.get_by_role("heading", name="ledger")).to_be_visible()
    still = dialog(cleo, "Remove")
    still.get_by_role("button", name="Remove the target").click()
    expect(still.get_by_role("alert")).to_contain_text("invoice-booker delivers to it")


def test_a_schedule_is_told_before_it_is_kept_then_changed_and_paused(visit: Visit) -> None:
    cleo, elsewhere = visit("cleo"), visit("cleo")
    for each in (cleo, elsewhere):
        each.expects(REFUSED)
    page = cleo.page
    cleo.open("/t/acme/sources", "Sources")
    form = dialog(cleo, "New schedule")
    form.get_by_label("Name", exact=True).fill("weekly")
    form.get_by_label("Assistant").select_option("scribe")
    form.get_by_label("When", exact=True).fill("0 0 31 2 *")
    form.get_by_label("Time zone").fill("Europe/Berlin")
    form.get_by_role("button", name="Show when that is").click()
    expect(form.get_by_role("alert")).to_contain_text("no cron expression")
    form.get_by_label("When", exact=True).fill("0 7 * * 1")
    form.get_by_role("button", name="Show when that is").click()
    expect(form.get_by_role("status")).to_contain_text("At 07:00 on Monday, Europe/Berlin")
    looks_good(cleo, "dialog-schedule")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("list", name="Next ticks").get_by_role("listitem")).to_have_count(5)
    form.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="weekly").click()
    when = page.get_by_role("region", name="When it sends")
    expect(when).to_contain_text("At 07:00 on Monday, Europe/Berlin")
    looks_good(cleo, "schedule")
    elsewhere.open(page.url.removeprefix(cleo.world.web), "weekly")
    mine, theirs = (dialog(each, "Change when it sends") for each in (cleo, elsewhere))
    theirs.get_by_label("When", exact=True).fill("30 2 * * *")
    theirs.get_by_role("button", name="Save").click()
    # Behind the dialog, without loading it again.
    expect(page.get_by_text("At 02:30 every day")).to_be_visible()
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_role("alert")).to_contain_text("Somebody changed this since you opened it")
    mine.get_by_role("button", name="Begin again").click()
    expect(mine.get_by_label("When", exact=True)).to_have_value("30 2 * * *")
    mine.get_by_role("button", name="Cancel").click()
    agree(cleo, "Pause", "Pause")
    expect(page.get_by_role("region", name="Next ticks")).to_contain_text("it is paused")
    agree(cleo, "Resume", "Resume")
    ticks = page.get_by_role("list", name="Next ticks").get_by_role("listitem")
    expect(ticks.first).to_contain_text("02:30")
    agree(cleo, "Remove", "Remove the source")


def next_version(visitor: Visitor, url: str) -> Locator:
    form = dialog(visitor, "New version")
    form.get_by_label("Address", exact=True).fill(url)
    return form


def test_who_wrote_a_policy_cannot_put_it_in_force_and_another_can(visit: Visit) -> None:
    cleo, ada = visit("cleo"), visit("ada")
    before = cleo.call("GET", "/v1/policies/active")[1]
    body = {name: before[name] for name in ("source", "context_fields", "tests")}
    for writer in (cleo, ada):
        body["source"] += f"\n// looked over by {writer.person}\n"
        status, made = writer.call("POST", "/v1/policies", body)
        assert status == 201
        cleo.open(f"/t/acme/policies/{made['version']}?tab=diff", "Policy version")
        expect(cleo.page.get_by_text(f"// looked over by {writer.person}").first).to_be_visible()
        if writer is cleo:
            expect(cleo.page.get_by_text("you wrote it")).to_be_visible()
            assert cleo.page.get_by_role("button", name="Activate…").count() == 0
    ada.open(f"/t/acme/policies/{made['version']}", "Policy version")
    cleo.page.get_by_role("tab", name="Dry run").click()
    cleo.page.get_by_role("button", name="Dry run").click()
    expect(cleo.page.get_by_role("tabpanel").get_by_role("status")).to_contain_text("run")
    agree(cleo, "Activate…", "Activate the version")
    for each in (cleo, ada):
        expect(each.page.get_by_text("in force", exact=True).first).to_be_visible()
    assert cleo.call("GET", "/v1/policies/active")[1]["version"] == made["version"]
    assert cleo.call("POST", f"/v1/policies/{before['version']}/activate")[0] == 200


def test_sources_and_their_schedules_are_set_up_by_keyboard_alone(visit: Visit) -> None:
    cleo = visit("cleo")
    cleo.expects(REFUSED)
    keys, page = Keyboard(page=cleo.page), cleo.page
    cleo.open("/t/acme/sources", "Sources")
    with keys.dialog("New schedule") as form:
        page.keyboard.press("Escape")
    with keys.dialog("New schedule") as form:
        keys.fill("Name", "No Name")
        keys.choose("Assistant", "scribe")
        keys.fill("When", "0 0 31 2 *")
        keys.press("Show when that is")
        expect(form.get_by_role("alert")).to_contain_text("no cron expression")
        keys.stays_at("Show when that is")
        keys.fill("When", "0 7 * * 1")
        keys.press("Create")
        expect(form.get_by_role("alert")).to_contain_text("1 to 63 small letters")
        keys.stays_at("Create")
        keys.fill("Name", "by-hand")
        page.keyboard.press("Enter")
        expect(form.get_by_role("list", name="Next ticks")).to_be_visible()
        keys.press("Done")
    keys.press("by-hand", "link")
    expect(page.get_by_role("heading", name="by-hand")).to_be_focused()
    with keys.dialog("Change when it sends, and what") as form:
        keys.fill("When", "30 2 * * *")
        keys.press("Save")
    expect(page.get_by_text("At 02:30 every day")).to_be_visible()
    for verb, after in (("Pause", "Resume"), ("Resume", "Pause")):
        with keys.dialog(verb, leaves_at=after):
            keys.press(verb)
    with keys.dialog("Remove"):
        keys.press("Cancel")
    keys.press("Remove")
    keys.press("Remove the source")
    expect(page.get_by_role("heading", name="Sources")).to_be_focused()
    keys.press("erp", "link")
    with keys.dialog("Allow callbacks", leaves_at="Change the callbacks"):
        keys.choose("Target", "nobody")
        keys.press("One more")
        expect(page.get_by_label("Target").last).to_be_focused()
        keys.press("Remove callback 2")
        keys.stays_at("One more")
        keys.press("Save")
    with keys.dialog("Change the callbacks", leaves_at="Allow callbacks"):
        keys.press("Remove callback 1")
        keys.press("Save")
    with keys.dialog("Map events") as form:
        keys.fill("Rules", '{"rules": [{"name": "all", "when": "true"}]}')
        keys.press("See what it becomes")
        expect(form.get_by_role("status")).to_contain_text("by the rule all")
        keys.stays_at("See what it becomes")
        page.keyboard.press("Escape")
