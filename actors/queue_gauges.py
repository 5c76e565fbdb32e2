"""How every queue stands, worked out from the database when a relay's metrics are asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import redis
import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, exc, text

from pipeline.exposition import Cached
from pipeline.heartbeat import in_flight_by_queue, living_workers
from pipeline.queue_state import QueueFigures, queue_figures
from pipeline.run import Stage
from pipeline.wanted_processes import numbers_wanted

log = structlog.get_logger()

WORKED_OUT_EVERY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStand:
    """How one queue stands, over all tenants; `oldest_seconds` is 0 where nothing waits."""

    depth: int
    oldest_seconds: float
    in_flight: int
    retries: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All of them, and for how long the oldest unsealed record has waited."""

    queues: dict[Stage, QueueStand]
    wanted: dict[str, int]
    sealing_lag_seconds: float


class QueueGauges(Collector):
    """Gauges by queue. A scrape while the database is away has none of them.

    Args:
        engine: Of the login awgp_relay.
    """

    def __init__(self, engine: Engine, client: "redis.Redis") -> None:
        self._engine = engine
        self._client = client
        self._standing = Cached(self._look, seconds=WORKED_OUT_EVERY_SECONDS)

    def collect(self) -> Iterable[Metric]:
        standing: Standing | None = self._standing()
        return [] if standing is None else _families(standing)

    def _look(self) -> Standing | None:
        try:
            with self._engine.connect() as connection:
                figures = queue_figures(connection)
                wanted = numbers_wanted(connection)
                waits = connection.execute(text("SELECT min(since) FROM sealing_waits()")).scalar()
            working = in_flight_by_queue(living_workers(self._client))
        except (exc.SQLAlchemyError, redis.RedisError) as error:
            log.warning("queues_not_seen", error=type(error).__name__)
            return None
        now = datetime.now(UTC)
        return Standing(
            queues={queue: _stand(figures, working, queue, now) for queue in Stage},
            wanted={kind: each.number for kind, each in wanted.items()},
            sealing_lag_seconds=_seconds_since(waits, now),
        )


def _stand(
    figures: Sequence[QueueFigures], working: dict[str, int], queue: Stage, now: datetime
) -> QueueStand:
    mine = [each for each in figures if each.queue == queue]
    oldest = min((each.oldest_at for each in mine if each.oldest_at is not None), default=None)
    return QueueStand(
        depth=sum(each.depth for each in mine),
        oldest_seconds=_seconds_since(oldest, now),
        # A lease outlives its worker for a while; a claim by row lock is seen by nobody but the
        # worker itself.
        in_flight=max(sum(each.leased for each in mine), working.get(queue.value, 0)),
        retries=sum(each.retrying for each in mine),
        dead=sum(each.dead for each in mine),
    )


def _seconds_since(then: datetime | None, now: datetime) -> float:
    return 0.0 if then is None else max(0.0, (now - then).total_seconds())


def _families(standing: Standing) -> list[Metric]:
    depth = GaugeMetricFamily(
        "awgp_queue_depth", "Rows whose time has come, worked on or not.", labels=["queue"]
    )
    oldest = GaugeMetricFamily(
        "awgp_queue_oldest_seconds",
        "Seconds the oldest row that nobody works on has been due.",
        labels=["queue"],
    )
    in_flight = GaugeMetricFamily(
        "awgp_queue_in_flight", "Rows and messages being worked on.", labels=["queue"]
    )
    retries = GaugeMetricFamily(
        "awgp_queue_retries", "Rows that failed and wait for their next try.", labels=["queue"]
    )
    dead = GaugeMetricFamily(
        "awgp_queue_dead", "Dead letters neither replayed nor discarded.", labels=["queue"]
    )
    for queue, stand in standing.queues.items():
        depth.add_metric([queue.value], stand.depth)
        oldest.add_metric([queue.value], stand.oldest_seconds)
        in_flight.add_metric([queue.value], stand.in_flight)
        retries.add_metric([queue.value], stand.retries)
        dead.add_metric([queue.value], stand.dead)
    wanted = GaugeMetricFamily(
        "awgp_queue_wanted_processes", "Processes people want to serve it.", labels=["queue"]
    )
    for queue in standing.queues:
        if queue.value in standing.wanted:
            wanted.add_metric([queue.value], standing.wanted[queue.value])
    lag = GaugeMetricFamily(
        "awgp_sealing_lag_seconds", "Seconds the oldest record has waited to be sealed."
    )
    lag.add_metric([], standing.sealing_lag_seconds)
    return [depth, oldest, in_flight, retries, dead, wanted, lag]
