"""Fixtures every ring of tests may use."""

import os
from collections.abc import Iterator

import pytest
import structlog


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
