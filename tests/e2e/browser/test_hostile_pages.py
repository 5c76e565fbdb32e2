"""What other people's pages, and what strangers sent, can do in a signed-in person's browser."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.browser.conftest import Visit
from tests.e2e.browser.other_origin import OtherOrigin, other_origin
from tests.e2e.browser.visitor import Visitor
from tests.e2e.browser.world import MALLORY, Asked, BrowserWorld, lines

get = partial(httpx.get, timeout=60)
REFUSED = r"CORS|status of 40[0-9]|ERR_FAILED|ERR_BLOCKED|WebSocket connection|frame-ancestors"
STRICT = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
)
# Each would set `window.pwned` or open a dialog, were it taken for more than text.
HOSTILE = (
    "<img src=x onerror=\"window.pwned='img'\">",
    "</script><script>window.pwned='script'</script>",
    "<svg/onload=window.pwned='svg'>",
    "javascript:window.pwned='url'",
    '"><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    "{{constructor.constructor('window.pwned=1')()}}",
    "\u202eevil.exe\u202c \u2066hidden\u2069",
    "x" * 20_000,
    "\x1b[31mred\x1b[0m \x07",
)
# A line that tells an event: docs/reference/events.md.
EVENT: Final = '\x1e{"eventName":"order.read","attributes":{"note":"<b>\u202eevil"}}'


@pytest.fixture
def elsewhere() -> Iterator[OtherOrigin]:
    """Somebody else's web site."""
    with other_origin() as other:
        yield other


def unharmed(visitor: Visitor) -> None:
    """No script of a stranger's ran, and none of their markup became an element."""
    assert visitor.page.evaluate("() => window.pwned ?? null") is None
    assert visitor.page.locator("img[onerror], svg[onload], iframe").count() == 0
    assert (
        visitor.page.locator("a[href^='javascript:' i], form[action^='javascript:' i]").count() == 0
    )


# --- headers, cookies, storage -------------------------------------------------------------------


def test_every_answer_carries_the_headers_that_keep_browsers_strict(world: BrowserWorld) -> None:
    page = get(f"{world.web}/t/acme/inbox")
    script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
    assert script is not None
    answers = [page, get(world.web + script[1]), get(f"{world.web}/v1/me")]
    answers += [get(f"{world.web}/login"), get(f"{world.web}/authorize?code=x&state=y")]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.url
        assert answer.headers["Referrer-Policy"] == "no-referrer", answer.url
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", answer.url
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", answer.url
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    assert set(STRICT) <= set(page.headers["Content-Security-Policy"].split("; "))
    for kept_nowhere in (answers[0], *answers[2:]):
        assert kept_nowhere.headers["Cache-Control"] == "no-store", kept_nowhere.url


def test_the_page_itself_holds_no_inline_script_or_style(world: BrowserWorld) -> None:
    page = get(f"{world.web}/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=", page) == []


def test_the_cookie_is_for_the_server_alone_and_nothing_else_knows_who_one_is(visit: Visit) -> None:
    ben = visit("ben")
    ben.open("/t/acme/runs", "Runs")
    (cookie,) = [
        each
        for each in ben.context.cookies(ben.world.web)
        if each.get("name", "").startswith("awgp_session")
    ]
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (
        True,
        "Lax",
        "/",
    )
    value = cookie.get("value", "")
    assert len(value) >= 43
    assert "awgp_session" not in ben.page.evaluate("() => document.cookie")
    kept = ben.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    everything = kept + ben.page.url + ben.page.content()
    for secret in (value, ben.me()["csrf_token"], "eyJ"):
        assert secret not in everything
    assert ben.page.evaluate("async () => (await indexedDB.databases()).length") == 0


# --- other people's pages ------------------------------------------------------------------------


def test_no_form_and_no_script_of_another_page_acts_for_who_is_signed_in(
    visit: Visit, world: BrowserWorld, elsewhere: OtherOrigin
) -> None:
    asked = world.ask("ada", "scribe", lines("forged"))
    ben = visit("ben")
    ben.expects(REFUSED)
    votes = f"{world.web}/v1/approvals/{asked.approval_id}/votes"
    vote = json.dumps({"verdict": "approve", "digest": asked.approval["digest"], "reason": "x"})
    elsewhere.pages["/form"] = f"""<!doctype html><form method="post" enctype="text/plain"
        action="{votes}"><input name='{vote[:-1]},"a":"' value='"}}'><button>win</button></form>"""
    ben.page.goto(f"{elsewhere.origin}/form")
    with ben.page.expect_response(votes) as sent:
        ben.page.get_by_role("button", name="win").click()
    assert sent.value.status in {403, 415}
    elsewhere.pages["/script"] = "<!doctype html><title>script</title>"
    ben.page.goto(f"{elsewhere.origin}/script")
    for content_type in ("text/plain", "application/json"):
        told = ben.page.evaluate(FORGED_FETCH, [votes, vote, content_type])
        assert told == "unreadable"
    assert ben.page.evaluate(FORGED_READ, f"{world.web}/v1/me") == "unreadable"
    for path in ("/logout", "/backchannel-logout"):
        ben.page.evaluate(FORGED_FETCH, [f"{world.web}{path}", "", "text/plain"])
    assert ben.me()["name"] == "Ben Okafor"
    assert asked.status == "held"


FORGED_FETCH = """async ([url, body, type]) => {
  try {
    const answer = await fetch(url, {
      method: 'POST', body, credentials: 'include', headers: {'Content-Type': type},
    });
    return await answer.text();
  } catch { return 'unreadable'; }
}"""
FORGED_READ = """async (url) => {
  try { return await (await fetch(url, {credentials: 'include'})).text(); }
  catch { return 'unreadable'; }
}"""


def test_a_page_of_ours_needs_its_token_too(visit: Visit, world: BrowserWorld) -> None:
    asked = world.ask("ada", "scribe", lines("no token"))
    ben = visit("ben")
    ben.expects("status of 403")
    ben.open("/t/acme/inbox", "Inbox")
    body = json.dumps({"verdict": "approve", "digest": asked.approval["digest"], "reason": "x"})
    votes = f"/v1/approvals/{asked.approval_id}/votes"
    for token in (None, "", "0" * 43):
        status, told = ben.page.evaluate(OWN_FETCH, [votes, body, token])
        assert (status, told["type"].rpartition(":")[2]) == (403, "csrf-refused")
    assert asked.status == "held"


OWN_FETCH = """async ([url, body, token]) => {
  const headers = {'Content-Type': 'application/json', 'AWGP-Tenant': 'acme'};
  if (token !== null) headers['X-CSRF-Token'] = token;
  const answer = await fetch(url, {method: 'POST', body, headers});
  return [answer.status, await answer.json()];
}"""


@pytest.mark.parametrize("path", ["/t/acme/inbox", "/login", "/v1/me"])
def test_no_other_page_can_frame_ours(visit: Visit, elsewhere: OtherOrigin, path: str) -> None:
    ben = visit("ben", fresh=True)  # the way through /login would end a session others share
    ben.expects(REFUSED)
    elsewhere.pages["/"] = f'<!doctype html><iframe src="{ben.world.web}{path}"></iframe>'
    ben.page.goto(elsewhere.origin)
    ben.page.wait_for_load_state("load")
    (framed,) = ben.page.frames[1:]
    assert framed.url.startswith("chrome-error:")


def test_no_other_page_can_listen_to_live_events(
    visit: Visit, world: BrowserWorld, elsewhere: OtherOrigin
) -> None:
    ben = visit("ben")
    ben.expects(REFUSED)
    ben.open("/t/acme/inbox", "Inbox")
    address = f"ws{world.web.removeprefix('http')}/v1/live?tenant=acme"
    assert ben.page.evaluate(LISTEN, address) == "open"
    ben.page.goto(elsewhere.origin)
    assert ben.page.evaluate(LISTEN, address) == "refused"
    stream = f"{world.web}/v1/live/events?tenant=acme"
    assert ben.page.evaluate(STREAM, stream) == "refused"


LISTEN = """(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onopen = () => { done('open'); socket.close(); };
  socket.onerror = () => done('refused');
})"""
STREAM = """(url) => new Promise((done) => {
  const stream = new EventSource(url, {withCredentials: true});
  stream.onopen = () => { done('open'); stream.close(); };
  stream.onerror = () => { done('refused'); stream.close(); };
})"""


def test_a_window_that_opened_ours_holds_no_handle_on_it(
    visit: Visit, elsewhere: OtherOrigin
) -> None:
    ben = visit("ben")
    ben.page.goto(elsewhere.origin)
    with ben.context.expect_page() as opened:
        ben.page.evaluate("(url) => { window.ours = open(url); }", f"{ben.world.web}/t/acme/runs")
    ben.watch(opened.value)
    expect(opened.value.get_by_role("heading", name="Runs")).to_be_visible()
    assert opened.value.evaluate("() => window.opener") is None
    assert ben.page.evaluate("() => window.ours.closed")


# --- signing in ----------------------------------------------------------------------------------


def test_a_cookie_somebody_planted_is_not_the_session_one_gets(visit: Visit) -> None:
    ben = visit("ben", fresh=True)
    web = urlsplit(ben.world.web)
    name = f"awgp_session_{web.port}"
    planted = "A" * 43
    ben.context.add_cookies([{"name": name, "value": planted, "url": ben.world.web}])
    ben.sign_in("/v1/me")
    values = [
        each.get("value") for each in ben.context.cookies(ben.world.web) if each.get("name") == name
    ]
    assert values != [planted]
    assert get(f"{ben.world.web}/v1/me", cookies={name: planted}).status_code == 401


def test_a_sign_in_gives_a_new_session_and_ends_the_one_before(visit: Visit) -> None:
    ben = visit("ben", fresh=True)
    ben.sign_in("/v1/me")
    name = f"awgp_session_{urlsplit(ben.world.web).port}"

    def value() -> str:
        found = [each for each in ben.context.cookies() if each.get("name") == name]
        return found[0].get("value", "")

    before = value()
    ben.page.goto(f"{ben.world.web}/login?next=/v1/me&max_age=0")
    ben.give_password()
    ben.page.wait_for_url("**/v1/me")
    assert value() != before
    assert get(f"{ben.world.web}/v1/me", cookies={name: before}).status_code == 401


ELSEWHERE = (
    "{other}/",
    "//{host}/",
    "/\\{host}/",
    "\\\\{host}",
    "/\t/{host}/",
    "https:{host}",
    "javascript:alert(1)",
    "/%2f{host}/..//{host}",
    "@{host}/",
)


def test_no_sign_in_ends_anywhere_but_here(visit: Visit, elsewhere: OtherOrigin) -> None:
    ben = visit("ben", fresh=True)
    # A new sign-in ends the session before it, and what the page left behind still asks with it.
    ben.expects(r"status of 401")
    ben.expects(r"HTTP Authentication failed")
    ben.sign_in("/v1/me")
    host = urlsplit(elsewhere.origin).netloc
    for target in ELSEWHERE:
        wanted = target.format(other=elsewhere.origin, host=host)
        ben.page.goto(f"{ben.world.web}/login?next={quote(wanted)}")
        ben.page.wait_for_load_state("networkidle")
        assert ben.page.url.startswith(f"{ben.world.web}/"), target


# --- what strangers sent -------------------------------------------------------------------------


def poison(world: BrowserWorld) -> Asked:
    payload = lines(*HOSTILE, EVENT) | {each[:60]: each for each in HOSTILE}
    return world.ask("mallory", "scribe", payload)


def test_a_strangers_payload_is_text_on_the_page_where_it_is_decided(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = poison(world)
    ben = visit("ben")
    ben.open("/t/acme/inbox", "Inbox")
    expect(ben.page.get_by_text("scribe").first).to_be_visible()
    unharmed(ben)
    ben.open(f"/t/acme/approvals/{asked.approval_id}")
    expect(ben.page.get_by_text(MALLORY).first).to_be_visible()
    expect(ben.page.get_by_text("onerror=\"window.pwned='img'\"").first).to_be_visible()
    unharmed(ben)
    no_sideways_scroll(ben)


def no_sideways_scroll(visitor: Visitor) -> None:
    assert visitor.page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_what_an_agent_printed_is_text_on_the_runs_page(visit: Visit, world: BrowserWorld) -> None:
    asked = poison(world)
    reason = HOSTILE[0] + HOSTILE[1]
    ben = visit("ben")
    assert ben.call("POST", *vote(asked, "approve", reason))[0] == 200
    asked.ends_as("completed")
    ben.open(f"/t/acme/runs/{asked.run}")
    log = ben.page.get_by_role("region", name="Log")
    for each in HOSTILE[:6]:
        expect(log).to_contain_text(each)
    expect(log).to_contain_text("event: INFOorder.readnote=<b>")
    unharmed(ben)
    no_sideways_scroll(ben)
    command = [sys.executable, "-m", "ops.cli", "runs", "log", asked.run, "--as", "ben"]
    said = subprocess.run(
        [*command, "--tenant", "acme", "--data", str(world.data.root)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout
    assert "  event   INFO order.read note=<b>\\u202eevil\n" in said
    assert "\x1b" not in said


def test_a_reason_for_rejecting_is_text_where_the_asker_reads_it(
    visit: Visit, world: BrowserWorld
) -> None:
    asked = poison(world)
    ben = visit("ben")
    assert ben.call("POST", *vote(asked, "reject", "".join(HOSTILE[:4])))[0] == 200
    asked.ends_as("rejected")
    mallory = visit("mallory")
    for path in (f"/t/acme/approvals/{asked.approval_id}", f"/t/acme/runs/{asked.run}"):
        mallory.open(path)
        expect(mallory.page.get_by_text("window.pwned='svg'").first).to_be_visible()
        unharmed(mallory)


def vote(asked: Asked, verdict: str, reason: str) -> tuple[str, dict[str, str]]:
    body = {"verdict": verdict, "digest": asked.approval["digest"], "reason": reason}
    return f"/v1/approvals/{asked.approval_id}/votes", body


def test_an_inline_script_would_not_run_if_one_got_in(visit: Visit) -> None:
    ben = visit("ben")
    ben.expects("Content Security Policy|Trusted[A-Z]|Refused|Executing|Loading the")
    ben.open("/t/acme/inbox", "Inbox")
    assert ben.page.evaluate(GET_IN) == ["TypeError", "TypeError", "TypeError"]
    assert ben.page.evaluate("() => window.pwned ?? null") is None
    assert len(ben.troubles) > 0


GET_IN = """() => {
  const tried = (what) => { try { what(); return 'worked'; } catch (e) { return e.name; } };
  const script = document.createElement('script');
  return [
    tried(() => { document.body.innerHTML = '<img src=x onerror="window.pwned=1">'; }),
    tried(() => { script.text = 'window.pwned = 1'; document.body.append(script); }),
    tried(() => setTimeout('window.pwned = 1')),
  ];
}"""
