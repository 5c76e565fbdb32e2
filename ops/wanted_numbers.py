"""Keeps what is wanted on this machine and what the database says is wanted the same.

Whoever spoke last counts. What was said here while the database was away is told to it first; then
what it says is done here.
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog
from sqlalchemy import Engine, exc

from ops.embedded.data_folder import DataFolder
from ops.instances import SCALABLE, untold_numbers, want_numbers, wanted_numbers
from ops.live_events import events_of_folder
from ops.login_engine import login_engine
from ops.operator_actor import operator
from ops.process_servers import ServerUrlUnsafe
from pipeline.queue_change import tell_all
from pipeline.wanted_processes import first_numbers, numbers_wanted, want_number

log = structlog.get_logger()

AT_THE_MACHINE: Final = "awgp scale"


def tell_database(data: DataFolder, wanted: Mapping[str, int], environ: Mapping[str, str]) -> bool:
    """Say at the machine's terminal how many are wanted; False where the database is away."""
    try:
        engine = login_engine(data, "awgp_operator", environ)
    except ServerUrlUnsafe:
        return False
    try:
        tell(engine, wanted)
        with events_of_folder(data, environ) as live:
            tell_all(engine, live)
    except exc.DBAPIError:
        return False
    finally:
        engine.dispose()
    return True


def tell(engine: Engine, wanted: Mapping[str, int]) -> None:
    """Say it on record.

    Args:
        engine: As awgp_operator.
    """
    with engine.begin() as connection:
        for kind in sorted(wanted):
            want_number(connection, kind, wanted[kind], by=operator(), reason=AT_THE_MACHINE)


def to_be_done(data: DataFolder, engine: Engine) -> dict[str, int]:
    """Tell what was not told, and return what is to be another number here.

    Args:
        engine: As awgp_operator.
    """
    untold = untold_numbers(data)
    if untold:
        tell(engine, untold)
        want_numbers(data, untold)
        log.info("wanted_processes_told", **untold)
    here = wanted_numbers(data)
    with engine.begin() as connection:
        said = numbers_wanted(connection)
        if missing := {kind: here[kind] for kind in SCALABLE if kind not in said}:
            first_numbers(connection, missing)
    return {
        kind: found.number
        for kind, found in said.items()
        if kind in here and found.number != here[kind]
    }


class Scaler:
    """Looks again and again what is wanted, and does it.

    Args:
        do: Makes so many of a kind run; raises AwgpError where one does not start.
        engine: As awgp_operator.
    """

    def __init__(
        self,
        data: DataFolder,
        engine: Engine,
        do: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._data = data
        self._engine = engine
        self._do = do

    def look(self) -> None:
        """Do what is wanted now, a kind at a time, so that one that fails holds up no other."""
        for kind, number in to_be_done(self._data, self._engine).items():
            log.info("scaling", kind=kind, processes=number)
            self._do({kind: number})
