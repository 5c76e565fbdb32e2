"""`awgp relay`: send again what is overdue, until told to stop."""

import os
import signal
import threading

import click

from actors.broker import make_broker, make_redis
from actors.relay import Relay
from pipeline.database import make_engine
from pipeline.event_log import configure_event_log
from pipeline.fault_points import arm
from pipeline.settings import read_settings


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
    engine = make_engine(settings.database, pool_size=2)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Relay(engine, make_broker(settings), make_redis(settings)).run(stop)
