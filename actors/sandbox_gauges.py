"""How the machine's runtime host keeps sandboxes, asked of it when an execute worker is scraped.

The host itself answers no HTTP. Its counts begin at 0 with its own start, not the worker's.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.errors import AwgpError
from pipeline.exposition import Cached
from runtime_host.client import HostClient

log = structlog.get_logger()

ASKED_EVERY_SECONDS: Final = 2.0


class SandboxGauges(Collector):
    """The pool of one runtime host. A scrape while it is away has none of it."""

    def __init__(self, host: HostClient) -> None:
        self._host = host
        self._warm = Cached(self._look, seconds=ASKED_EVERY_SECONDS)

    def collect(self) -> Iterable[Metric]:
        warm: Mapping[str, float] | None = self._warm()
        return [] if warm is None else _families(warm)

    def _look(self) -> Mapping[str, float] | None:
        try:
            return self._host.describe().warm
        except AwgpError as error:
            log.warning("host_not_seen", error=type(error).__name__)
            return None


def _families(warm: Mapping[str, float]) -> list[Metric]:
    parked = GaugeMetricFamily("awgp_warm_sandboxes", "Sandboxes parked.", warm["parked"])
    wanted = GaugeMetricFamily(
        "awgp_warm_sandboxes_wanted", "Sandboxes that are to be parked.", warm["wanted"]
    )
    launches = CounterMetricFamily(
        "awgp_sandbox_launches_total", "Runs by how their sandbox was had.", labels=["start"]
    )
    launches.add_metric(["warm"], warm["claimed"])
    launches.add_metric(["cold"], warm["cold"])
    lost = CounterMetricFamily(
        "awgp_warm_sandboxes_lost_total", "Parked sandboxes that no run used.", labels=["why"]
    )
    for why in ("died", "aged", "failed"):
        lost.add_metric([why], warm[why])
    refills = CounterMetricFamily(
        "awgp_warm_refills_total", "Sandboxes started ahead.", warm["refills"]
    )
    seconds = CounterMetricFamily(
        "awgp_warm_refill_seconds_total", "Seconds starting them took.", warm["refill_seconds"]
    )
    return [parked, wanted, launches, lost, refills, seconds]
