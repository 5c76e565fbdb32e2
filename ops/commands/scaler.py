"""`awgp scaler`: make as many processes run as the control plane says, until told to stop."""

import os
import signal
import threading
from collections.abc import Mapping

import click
import structlog
from sqlalchemy import exc

from ops.command_options import data_option
from ops.embedded.data_folder import DataFolder, data_folder_path, existing_data_folder
from ops.scale import scale
from ops.wanted_numbers import Scaler
from pipeline.database import make_engine
from pipeline.errors import AwgpError
from pipeline.event_log import configure_event_log
from pipeline.settings import read_settings

LOOK_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0

log = structlog.get_logger()


@click.command("scaler")
@data_option
def command(data_path: str | None) -> None:
    """Run as many processes of each kind as are wanted. Part of `awgp up`; one on a machine.

    It looks once a second at the numbers that people set in the control plane, and makes them so
    as `awgp scale` does.

    \b
    Example:
      awgp scaler
    """
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    settings = read_settings(os.environ)
    configure_event_log(settings.env)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = make_engine(settings.database, pool_size=1)
    run(Scaler(data, engine, lambda wanted: _do(data, wanted)), stop)


def run(scaler: Scaler, stop: threading.Event) -> None:
    """Look until told to stop; a database or a supervisor that is away is waited for."""
    pause = 0.0
    while not stop.wait(pause):
        try:
            scaler.look()
            pause = LOOK_SECONDS
        except (exc.SQLAlchemyError, AwgpError) as error:
            log.warning("scaler_waits", error=type(error).__name__)
            pause = min(max(pause, LOOK_SECONDS) * 2, LONGEST_PAUSE_SECONDS)
    log.info("scaler_stopped")


def _do(data: DataFolder, wanted: Mapping[str, int]) -> None:
    """Raises: AwgpError where one does not start; what is wanted is kept."""
    try:
        scale(
            data,
            wanted,
            report=lambda name, seconds: log.info(
                "scaled_up", name=name, seconds=round(seconds, 2)
            ),
            waits=lambda: log.info("scaling_down"),
        )
    except AwgpError as error:
        # What did not start, its log and the supervisor say; trying again at once changes nothing.
        log.error("scaling_failed", error=str(error))
