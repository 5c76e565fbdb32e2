"""What a worker process answers at its ops address: whether it lives, and whether it can work."""

# ruff: noqa: ARG002  # the signatures are Dramatiq's

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import dramatiq
import redis
from dramatiq.middleware import Middleware
from prometheus_client.registry import Collector
from sqlalchemy import Engine, exc, text

from actors.middleware import Heartbeat
from actors.stopping import StopInOrder
from actors.work_in_hand import WorkInHand
from pipeline.execution import RANGES
from pipeline.exposition import Cached, Check, Exposition, Health
from pipeline.heartbeat import BEAT_SECONDS
from pipeline.run import Stage

# A message that takes longer than anything it does may take will never end by itself.
STUCK_SECONDS: Final[Mapping[Stage, float]] = MappingProxyType(
    {
        Stage.POLICY: 300.0,
        Stage.HOLD: 300.0,
        # The longest sandbox, what it takes to start, and a database that is away at its end.
        Stage.EXECUTE: RANGES["wall_seconds"][1] + 300.0,
        Stage.POST_ACTION: 1800.0,
        Stage.AUDIT: 600.0,
        Stage.EXPORT: 4 * 3600.0,
    }
)
SILENT_SECONDS: Final = 5 * BEAT_SECONDS
CHECKED_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What a worker's health is read from.

    Attributes:
        further: What its queues need beside database and broker.
        collectors: Metrics of theirs that are worked out when they are asked for.
    """

    engine: Engine
    client: "redis.Redis"
    heartbeat: Heartbeat
    hand: WorkInHand
    stopping: StopInOrder
    further: Mapping[str, Check]
    collectors: Sequence[Collector] = ()


class ServeHealth(Middleware):
    """Answers at the ops address from when the worker has booted.

    Args:
        folder: Where sibling processes keep what they count; None for a single one.
    """

    def __init__(self, address: str, parts: WorkerParts, *, folder: str | None) -> None:
        self._worker: dramatiq.Worker | None = None
        self._exposition = Exposition(
            address, self._health(parts), folder=folder, collectors=parts.collectors
        )

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._worker = worker
        self._exposition.start()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._exposition.stop()

    def _health(self, parts: WorkerParts) -> Health:
        ready: dict[str, Check] = {
            "stopping": lambda: "it has been told to stop" if parts.stopping.stopping else None,
            "heartbeat": lambda: heartbeat_fresh(parts.heartbeat),
            "broker": lambda: broker_reachable(parts.client),
            "database": lambda: database_reachable(parts.engine),
            **parts.further,
        }
        return Health(
            alive={
                "threads": lambda: threads_alive(self._worker) if self._worker else None,
                "work": lambda: nothing_stuck(parts.hand),
            },
            # However many ask: no probe is worth a connection of its own.
            ready={name: _remembered(check) for name, check in ready.items()},
        )


def threads_alive(worker: dramatiq.Worker) -> str | None:
    """A worker that is stopping ends its threads by itself."""
    died = sum(each.running and not each.is_alive() for each in worker.workers)
    died += sum(each.running and not each.is_alive() for each in worker.consumers.values())
    return f"{died} of its threads have died" if died else None


def nothing_stuck(hand: WorkInHand) -> str | None:
    stuck = [
        f"{queue} has been at one message for {seconds:.0f} s"
        for queue, seconds in hand.longest_seconds().items()
        if seconds > STUCK_SECONDS[Stage(queue)]
    ]
    return "; ".join(stuck) or None


def heartbeat_fresh(heartbeat: Heartbeat) -> str | None:
    if heartbeat.silent_seconds < SILENT_SECONDS:
        return None
    return f"the broker took no heartbeat for {SILENT_SECONDS:.0f} s"


def broker_reachable(client: "redis.Redis") -> str | None:
    try:
        client.ping()
    except redis.RedisError as error:
        return f"the broker does not answer: {type(error).__name__}"
    return None


def database_reachable(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except exc.SQLAlchemyError as error:
        return f"the database does not answer: {type(error).__name__}"
    return None


def _remembered(check: Check) -> Check:
    asked: Callable[[], str | None] = Cached(check, seconds=CHECKED_EVERY_SECONDS)
    return asked
