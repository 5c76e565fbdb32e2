"""Who watches by a browser's session is asked for it, and sent away when it ends."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Database
from tests.integration.live_client import ask, go_away, upgrade, watch
from tests.integration.signing_in import Browser, Servers, Site, open_site, start_servers
from tests.integration.world import World
from web.live import live_of

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="awgp-live-session-"))
    with start_servers(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(servers: Servers, database: Database, world: World) -> Iterator[Site]:
    with open_site(servers, database) as opened:
        yield opened
        go_away()
        live_of(opened.app).stop()


def cookie_of(browser: Browser) -> str:
    return "; ".join(f"{each.name}={each.value}" for each in browser.http.cookies.jar)


def test_a_session_watches_until_it_ends_and_from_our_own_pages_alone(site: Site) -> None:
    ada = site.signed_in("ada")
    cookie = cookie_of(ada)
    for origin in ("https://evil.example", "null", f"{site.url}.evil.example"):
        _, status, body = upgrade(site.url, None, "?tenant=acme", Cookie=cookie, Origin=origin)
        assert (status, json.loads(body)["type"].rpartition(":")[2]) == (403, "origin-refused")
    _, status, _ = upgrade(site.url, None, "?tenant=acme", Cookie=cookie)
    assert status == 403, "a browser says whose page asks for an upgrade"

    here = watch(site.url, None, "?tenant=acme", Cookie=cookie, Origin=site.url)
    here.until("hello")
    assert ada.post("/logout").status_code == 200
    assert here.until_closed() == 4401
    _, status, _ = upgrade(site.url, None, "?tenant=acme", Cookie=cookie, Origin=site.url)
    assert status == 401


def test_events_go_to_a_page_of_ours_which_says_so_in_another_header(site: Site) -> None:
    cookie = cookie_of(site.signed_in("ada"))
    path = "/v1/live/events?tenant=acme"
    _, status, _, _ = ask(site.url, path, None, Cookie=cookie, Sec_Fetch_Site="same-origin")
    assert status == 200
    for header in ({}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}):
        _, status, _, _ = ask(site.url, path, None, Cookie=cookie, **header)
        assert status == 403, header
