"""An agent that spins takes its share of the processors, and no more than its sandbox may."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.execution import ExecutionResult, ExitReason
from tests.attacks.site import PLACES, Site, site_at

pytestmark = [pytest.mark.runsc, pytest.mark.attacks]

SPINS = "import os\nfor _ in range({}): os.fork()\nwhile True: pass"
WALL_SECONDS = 6.0
CPUS = 0.2


def spin(site: Site, forks: int) -> ExecutionResult:
    """Until the wall clock ends it, in 2 to the power of forks processes."""
    result = site.launch(site.spec_of(SPINS.format(forks), wall_seconds=WALL_SECONDS, processes=32))
    assert result.reason is ExitReason.TIMEOUT, result
    assert result.usage.cpu_ms is not None
    return result


def test_who_has_more_threads_gets_no_more_of_the_processors(site: Site) -> None:
    if site.warm:
        pytest.skip("nothing about it differs between sandboxes that were started ahead or not")
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(2 * cores) as pool:
        many = [pool.submit(spin, site, 4) for _ in range(cores)]
        one = [pool.submit(spin, site, 0) for _ in range(cores)]
        took = [sum(each.result().usage.cpu_ms or 0 for each in group) for group in (many, one)]
    # Between threads that are equals it would be a sixteenth.
    assert took[1] > took[0] / 4, took


@pytest.mark.parametrize("place", PLACES)
def test_a_sandbox_takes_no_more_of_the_processors_than_it_may(
    tmp_path: Path, runtimes: Path, place: str
) -> None:
    with site_at(place, tmp_path, runtimes, AWGP_SANDBOX_CPUS=str(CPUS)) as site:
        result = spin(site, 3)
        assert result.usage.cpu_ms is not None
        # What was used before the wall began to count, and of the last period.
        assert result.usage.cpu_ms < CPUS * (result.duration_ms + 500) + 200
        assert result.duration_ms < (WALL_SECONDS + 1) * 1000
