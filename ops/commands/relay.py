"""`awgp relay`: send again what is overdue, until told to stop."""

import os
import signal
import threading
import time
from datetime import timedelta

import click
import redis
from sqlalchemy import Engine

from actors.broker import make_broker, make_redis
from actors.queue_gauges import QueueGauges
from actors.relay import Relay
from actors.worker_health import broker_reachable, database_reachable
from pipeline.database import make_engine
from pipeline.event_log import configure_event_log
from pipeline.exposition import Exposition, Health
from pipeline.fault_points import arm
from pipeline.settings import read_settings

STUCK_SECONDS = 120.0
"""No turn takes so long: each statement and each sending has a limit of its own."""


class WatchedRelay(Relay):
    """A relay that can be asked when it last began a turn."""

    turned_at = float("inf")

    def turn(self) -> int:
        self.turned_at = time.monotonic()
        return super().turn()

    def nothing_stuck(self) -> str | None:
        silent = time.monotonic() - self.turned_at
        return f"it has been at one turn for {silent:.0f} s" if silent > STUCK_SECONDS else None


@click.command("relay")
def command() -> None:
    """Send again what is overdue. Any number may run at once.

    \b
    Example:
      awgp relay
    """
    settings = read_settings(os.environ)
    configure_event_log(settings.env)
    if settings.fault_point:
        arm(settings.fault_point)
    # One for the turns; the others for who asks how it is.
    engine = make_engine(settings.database, pool_size=3)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    relay = WatchedRelay(
        engine,
        make_broker(settings),
        make_redis(settings),
        notices_kept=timedelta(days=settings.notice_retention_days),
    )
    if settings.ops_address:
        exposition(settings.ops_address, relay, engine, make_redis(settings)).start()
    relay.run(stop)


def exposition(
    address: str, relay: WatchedRelay, engine: Engine, client: "redis.Redis"
) -> Exposition:
    """What answers for a relay, and for the queues."""
    health = Health(
        alive={"turns": relay.nothing_stuck},
        ready={
            "broker": lambda: broker_reachable(client),
            "database": lambda: database_reachable(engine),
        },
    )
    return Exposition(address, health, collectors=[QueueGauges(engine, client)])
