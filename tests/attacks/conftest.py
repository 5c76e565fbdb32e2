"""A runtime host under attack: enclosed, watched from outside, and in the end as it was before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.site import PLACES, Site, site_at
from tests.integration.own_host import runtimes

__all__ = ["runtimes"]


@pytest.fixture(
    scope="session",
    params=PLACES,
)
def shared_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runtimes: Path
) -> Iterator[Site]:
    with site_at(request.param, tmp_path_factory.mktemp("attacked"), runtimes) as site:
        yield site


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The session's host; the test's attack must leave everything as it was, and harm no other."""
    with shared_site.unharmed():
        yield shared_site
