"""One running AWGP and one Chromium for all of these files; a browser of their own for everyone."""

import re
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final, Protocol

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ops.demo.stage import prepare_parts, running_demo
from ops.install_chromium import CHROMIUM
from ops.web_ui import ensure_web_ui
from tests.conftest import missing
from tests.e2e.browser.addresses import things_to_see
from tests.e2e.browser.visitor import DESKTOP, LAUNCH_ARGUMENTS, PATIENCE_MS, Lobby, Visitor
from tests.e2e.browser.world import BrowserWorld, furnish

OUTPUT: Final = Path(__file__).parents[2] / "output"
HERE: Final = Path(__file__).parent
FAILED: Final = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            for mark in (pytest.mark.runsc, pytest.mark.services, pytest.mark.browser):
                item.add_marker(mark)
            if item.get_closest_marker("timeout") is None:
                # Whoever comes first waits until everything runs, beside three that start as much.
                item.add_marker(pytest.mark.timeout(600))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember who failed: what they saw is kept."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(LAUNCH_ARGUMENTS)
        )
        expect.set_options(timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="package")
def lobby(chromium: Browser) -> Iterator[Lobby]:
    """Everything runs, with two subsidiaries and their people in it."""
    ensure_web_ui()
    digest = prepare_parts(lambda _: None)
    with (
        tempfile.TemporaryDirectory(prefix="awgp-browser-") as folder,
        running_demo(digest, lambda _name, _seconds: None) as stage,
    ):
        yield Lobby(world=furnish(stage, digest, Path(folder)), browser=chromium)


@pytest.fixture(scope="package")
def seen(lobby: Lobby) -> dict[str, str]:
    """What stands in the addresses of pages that show one thing."""
    return things_to_see(lobby.world)


@pytest.fixture
def world(lobby: Lobby) -> BrowserWorld:
    """What runs, and who is there."""
    return lobby.world


class Visit(Protocol):
    """Gives a person a browser; see `Lobby.visit`."""

    def __call__(
        self,
        person: str,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        fresh: bool = False,
    ) -> Visitor: ...


@pytest.fixture
def visit(lobby: Lobby, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Lets people in. An error in a console, a refused script or a dialog fails the test."""
    yield lobby.visit
    _keep_what_was_seen(lobby, request)
    assert lobby.close() == []


@pytest.fixture(scope="module")
def house(lobby: Lobby) -> Iterator[Lobby]:
    """Where people stay at one tab for a whole file."""
    staying = Lobby(world=lobby.world, browser=lobby.browser, known=lobby.known)
    yield staying
    assert staying.close() == []


@pytest.fixture
def stay(house: Lobby, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Visitor]]:
    """Lets people in who stay: what a page loaded once, the next has. Errors fail as at `visit`."""
    yield house.stay
    _keep_what_was_seen(house, request)
    assert house.troubles() == []


def _keep_what_was_seen(lobby: Lobby, request: pytest.FixtureRequest) -> None:
    """A picture of every tab of a test that failed."""
    if request.node.stash.get(FAILED, False):
        name = re.sub(r"[^a-z0-9_]+", "-", request.node.name)
        for index, each in enumerate(lobby.inside):
            each.picture(OUTPUT / "failed" / f"{name}-{index}-{each.person}.png")
