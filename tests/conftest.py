"""Fixtures every ring of tests may use."""

import os
import signal
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# A shell that starts us in the background has Ctrl-C ignored, and what we start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# They add network links, and a browser then drops what it is loading (ERR_NETWORK_CHANGED).
MAKE_LINKS = frozenset({"test_fault_proxy.py", "test_faults.py"})


class Together(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a running system goes to one worker: a file, and the browser tests all.

    What would disturb a browser waits its turn with them.

    Not by `xdist_group`, which pytest 9.2 no longer heeds: each test would go its own way, and
    each worker start everything anew.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        if file.name in MAKE_LINKS or file.parent.name == "browser":
            return "browser"
        return str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together | None:
    return Together(config, log) if config.getoption("dist") == "loadfile" else None


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
