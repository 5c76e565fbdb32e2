"""Fixtures every ring of tests may use."""

import os
import signal
from collections.abc import Iterator
from typing import NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.together import SandboxesTogether, Together

# A shell that starts us in the background has Ctrl-C ignored, and what we start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile(
    "unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> Together | SandboxesTogether | None:
    match config.getoption("dist"):
        case "loadfile":
            return Together(config, log)
        case "loadscope":
            return SandboxesTogether(config, log)
    return None


@pytest.fixture(autouse=True)
def nothing_bound() -> Iterator[None]:
    """What one test's work bound to the log is not bound in the next."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def missing(part: str) -> NoReturn:
    """Skip here by name; fail where CI promised that everything is installed."""
    if os.environ.get("CI"):
        pytest.fail(f"{part} is missing, and CI installs it")
    pytest.skip(f"{part} is missing")
