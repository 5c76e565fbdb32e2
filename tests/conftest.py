"""Fixtures every ring of tests may use."""

import os
import signal
from collections.abc import Iterator

import pytest
import structlog

# A shell that starts us in the background has Ctrl-C ignored, and what we start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a running system goes to one worker: a file, and the browser tests all."""
    for item in items:
        shared = item.path.parent if item.path.parent.name == "browser" else item.path
        item.add_marker(pytest.mark.xdist_group(str(shared.relative_to(item.config.rootpath))))


@pytest.fixture(autouse=True)
def nothing_bound() -> Iterator[None]:
    """What one test's work bound to the log is not bound in the next."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def missing(part: str) -> None:
    """Skip here by name; fail where CI promised that everything is installed."""
    if os.environ.get("CI"):
        pytest.fail(f"{part} is missing, and CI installs it")
    pytest.skip(f"{part} is missing")
