"""How long a request bears PostgreSQL's silence, and what becomes of the others meanwhile.

Where the database has said nothing for SILENCE_SECONDS, to nobody in this process, who waits is
answered 503. From then on one request at a time goes on asking it, and every other is answered 503
at once, so that a database that hangs takes no more than one thread of a process. The first answer
lets everybody in again.

    open  a request gave up                                  -> shut
    shut  one request asks: it is answered -> open; it gives up -> shut

A database that is slow answers somebody, and one that refuses connections says so at once: neither
shuts anything.
"""

import threading
from contextvars import Token
from dataclasses import dataclass
from typing import Final

import structlog
from flask import Flask, g, request

from pipeline.bounded_connection import Hearing, Patience, be_patient, stop_being_patient
from pipeline.problem import RETRY_AFTER_SECONDS
from pipeline.refusal import Refusal

SILENCE_SECONDS: Final = 0.7
# Who asks for all may have waited in line for those who gave up.
ASKING_SECONDS: Final = 0.2
# What asks nothing of the database.
ALWAYS_OPEN: Final = frozenset({"healthz"})

log = structlog.get_logger()


class DatabaseAway(Refusal):
    """The database has been silent; somebody else is asking it this moment."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request within, and whether it is the one that asks."""

    asks: bool
    patience: Patience
    token: Token[Patience | None]


class Gate:
    """Who may ask the database now. Any thread may pass."""

    def __init__(self) -> None:
        self.hearing = Hearing()
        self._lock = threading.Lock()
        self._shut = False
        self._somebody_asks = False

    def enter(self) -> bool:
        """Return whether who enters is the one that asks for all.

        Raises:
            DatabaseAway: Somebody does already.
        """
        if not self._shut:
            return False
        with self._lock:
            if self._somebody_asks:
                raise DatabaseAway(
                    "The database cannot be reached now; try again.",
                    headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                )
            self._somebody_asks = True
            return True

    def leave(self, patience: Patience, *, asked: bool) -> None:
        """Note what a request heard of the database.

        Args:
            asked: What `enter` returned.
        """
        if not (asked or self._shut or patience.gave_up):
            return
        with self._lock:
            if asked:
                self._somebody_asks = False
            shut = patience.gave_up or (self._shut and not patience.answered)
            if shut != self._shut:
                log.warning("database_silent" if shut else "database_answers")
            self._shut = shut


def install_gate(app: Flask, gate: Gate) -> None:
    """Let every request of the app pass through the gate."""

    def enter() -> None:
        if request.endpoint is None or request.endpoint in ALWAYS_OPEN:
            return
        asks = gate.enter()
        patience = Patience(ASKING_SECONDS if asks else SILENCE_SECONDS, gate.hearing)
        g.visit = _Visit(asks, patience, be_patient(patience))

    def leave(_error: BaseException | None) -> None:
        visit: _Visit | None = g.pop("visit", None)
        if visit is None:
            return
        stop_being_patient(visit.token)
        gate.leave(visit.patience, asked=visit.asks)

    app.before_request(enter)
    app.teardown_request(leave)
