"""Fixtures every ring of tests may use."""

import os

import pytest


def missing(part: str) -> None:
    """Skip here by name; fail where CI promised that everything is installed."""
    if os.environ.get("CI"):
        pytest.fail(f"{part} is missing, and CI installs it")
    pytest.skip(f"{part} is missing")
