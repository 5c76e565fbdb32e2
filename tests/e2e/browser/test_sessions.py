"""Signing in and out, ends of sessions, deep links, and one tenant after the other."""

import contextlib
import re

from playwright.sync_api import Error, Request, expect

from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.visitor import Visitor
from tests.e2e.browser.world import BrowserWorld, lines

# Chromium's own words for an answer of 401, which is how a page learns that its session is over.
SIGNED_OUT = r"status of 401|WebSocket connection"


def provider_page(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_signs_in_lands_where_they_wanted_to_go(visit: Visit) -> None:
    ben = visit("ben", fresh=True)
    ben.expects(SIGNED_OUT)
    ben.open("/t/acme/runs?status=held")
    provider_page(ben)
    ben.give_password()
    ben.page.wait_for_url("**/t/acme/runs?status=held")
    expect(ben.page.get_by_role("heading", name="Runs")).to_be_visible()


def test_a_wrong_password_lets_nobody_in(visit: Visit) -> None:
    ben = visit("ben", fresh=True)
    ben.expects(SIGNED_OUT)
    ben.open("/login?next=/t/acme/inbox")
    ben.page.get_by_label("Name").fill("ben")
    ben.page.get_by_label("Password").fill("a guess")
    ben.page.get_by_role("button", name="Sign in").click()
    expect(ben.page.get_by_role("alert")).to_contain_text("do not match")
    assert ben.context.request.get(f"{ben.world.web}/v1/me").status == 401


def test_after_signing_out_nothing_is_left_and_back_shows_nothing(
    visit: Visit, world: BrowserWorld
) -> None:
    secret = "ledger of the blue whale"
    asked = world.ask("ada", "scribe", lines(secret))
    ben = visit("ben", fresh=True)
    ben.expects(SIGNED_OUT)
    ben.sign_in("/t/acme/runs")
    ben.open(f"/t/acme/runs/{asked.run}")
    expect(ben.page.get_by_text(asked.run).first).to_be_visible()
    ben.sign_out()
    expect(ben.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert session_cookies(ben) == []
    assert ben.context.request.get(f"{world.web}/v1/me").status == 401
    for _ in range(3):
        with contextlib.suppress(Error):  # cut short by a page that leads on at once
            ben.page.go_back(wait_until="commit")
        ben.page.wait_for_load_state()
        expect(ben.page.get_by_text(secret)).to_have_count(0)
    ben.open("/t/acme/inbox")
    provider_page(ben)
    assert secret not in ben.page.content()


def session_cookies(visitor: Visitor) -> list[str]:
    return [
        name
        for each in visitor.context.cookies(visitor.world.web)
        if (name := each.get("name", "")).startswith("awgp_session")
    ]


def test_an_ended_session_leads_to_the_sign_in_and_back_to_the_same_page(visit: Visit) -> None:
    # Emil is nobody's in other tests: all of his sessions end.
    emil, elsewhere = visit("emil", fresh=True), visit("emil", fresh=True)
    emil.expects(SIGNED_OUT)
    emil.sign_in("/t/globex/runs?status=held")
    expect(emil.page.get_by_role("heading", name="Runs")).to_be_visible()
    elsewhere.sign_in("/t/globex/settings")
    emil.context.clear_cookies(name=re.compile("awgp_oidc"))  # the provider forgets them too
    assert elsewhere.call("DELETE", "/v1/sessions", tenant="globex")[0] == 204
    provider_page(emil)  # by itself: the live connection ended with the session
    emil.give_password()
    emil.page.wait_for_url("**/t/globex/runs?status=held")
    expect(emil.page.get_by_role("heading", name="Runs")).to_be_visible()


def test_a_tab_goes_on_after_another_has_signed_in_again(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "scribe", lines("two tabs"))
    ben = visit("ben", fresh=True)
    ben.expects("status of 403")
    ben.sign_in("/t/acme/inbox")
    ben.open(f"/t/acme/approvals/{asked.approval_id}")
    approve = ben.page.get_by_role("button", name=re.compile("^Approve$"))
    expect(approve).to_be_enabled()
    second = ben.context.new_page()
    second.goto(f"{world.web}/login?next=/v1/me&max_age=0")
    second.get_by_label("Name").fill("ben")
    second.get_by_label("Password").fill(world.password("ben"))
    second.get_by_role("button", name="Sign in").click()
    second.wait_for_url("**/v1/me")
    approve.click()
    asked.ends_as("completed")


def test_a_deep_link_survives_a_reload_and_the_way_back(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "scribe", lines("deep"))
    ben = visit("ben")
    ben.open(f"/t/acme/runs/{asked.run}?tab=nothing")
    expect(ben.page.get_by_role("tab", name="Request")).to_have_attribute("aria-selected", "true")
    ben.page.wait_for_url(f"**/runs/{asked.run}")
    ben.page.reload()
    expect(ben.page.get_by_text(asked.run).first).to_be_visible()
    ben.open("/t/acme/runs?status=held", "Runs")
    ben.page.locator(f"a[href*='{asked.run}']").first.click()
    ben.page.wait_for_url(f"**/runs/{asked.run}**")
    ben.page.go_back()
    ben.page.wait_for_url("**/t/acme/runs?status=held")


def test_what_is_nobodys_page_says_so(visit: Visit) -> None:
    ben = visit("ben")
    ben.open("/t/globex/inbox", "Not found")
    ben.open("/t/acme/no-such-page", "Not found")
    ben.expects("status of 404")
    ben.open("/t/acme/runs/01900000-0000-7000-8000-000000000000")
    expect(
        ben.page.get_by_text(re.compile("not found|no such", re.IGNORECASE)).first
    ).to_be_visible()


def test_nothing_of_one_tenant_is_left_in_another(visit: Visit, world: BrowserWorld) -> None:
    secret = "acme's purple ledger"
    ours = world.ask("ada", "scribe", lines(secret))
    theirs = world.ask("dora", "scribe", lines("of globex"))
    pia = visit("pia")
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    pia.page.on("request", note)
    pia.open("/t/acme/inbox", "Inbox")
    pia.open(f"/t/acme/runs/{ours.run}")
    expect(pia.page.get_by_text(ours.run).first).to_be_visible()
    asked.clear()
    pia.page.get_by_role("button", name=re.compile("acme", re.IGNORECASE)).first.click()
    pia.page.get_by_role("menuitemradio", name="globex").click()
    pia.page.wait_for_url("**/t/globex/inbox")
    expect(pia.page.get_by_role("heading", name="Inbox")).to_be_visible()
    expect(pia.page.get_by_text("scribe").first).to_be_visible()
    pia.page.get_by_role("link", name="Runs").first.click()
    expect(pia.page.locator(f"a[href*='{theirs.run}']").first).to_be_visible()
    cached = pia.page.evaluate(CACHED)
    assert theirs.run in cached  # what is read there is the cache of what is shown
    shown = pia.page.content() + pia.page.evaluate(KEPT) + cached
    for trace in (secret, ours.run, ours.approval_id, "invoice-booker"):
        assert trace not in shown, trace
    api = [each for each in asked if "/v1/" in each.url and not each.url.endswith("/v1/me")]
    assert {each.headers.get("awgp-tenant") for each in api if each.method != "GET"} <= {"globex"}
    wrong = [each.url for each in api if each.headers.get("awgp-tenant", "globex") != "globex"]
    assert wrong == []


# The query client that React's own tree holds: what was asked for, and what was answered.
CACHED = """() => {
  const root = document.getElementById('root');
  const container = Object.keys(root).find((name) => name.startsWith('__reactContainer$'));
  const clients = new Set();
  const waiting = [root[container].stateNode.current];
  while (waiting.length > 0) {
    const fiber = waiting.pop();
    if (!fiber) continue;
    const client = fiber.memoizedProps?.client;
    if (client?.getQueryCache) clients.add(client);
    waiting.push(fiber.child, fiber.sibling);
  }
  return JSON.stringify([...clients].map((client) => [
    client.getQueryCache().getAll().map(({queryKey, state}) => [queryKey, state.data]),
    client.getMutationCache().getAll().map(({state}) => [state.variables, state.data]),
  ]));
}"""
KEPT = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])"
