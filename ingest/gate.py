"""How long a request bears PostgreSQL's silence, and what becomes of the others meanwhile.

Where the database has said nothing for SILENCE_SECONDS, to nobody in this process, who waits is
answered 503. From then on one request at a time goes on asking it, and every other is answered 503
at once, so that a database that hangs takes no more than one thread of a process. The first answer
lets everybody in again. Each time nobody answered the next waits longer, or a database that is back
and busy would never be heard.

    open  a request gave up                                  -> shut
    shut  one request asks: it is answered -> open; it gives up -> shut

A database that is slow answers somebody, and one that refuses connections says so at once: neither
shuts anything.
"""

import threading
from contextvars import Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from flask import Flask, g, request

from pipeline.bounded_connection import Hearing, Patience, be_patient, stop_being_patient
from pipeline.problem import RETRY_AFTER_SECONDS
from pipeline.refusal import Refusal

SILENCE_SECONDS: Final = 0.7
# The first to ask for all may have waited in line for those who gave up; who asks later has not.
ASKING_SECONDS: Final = 0.2
# What asks nothing of the database.
ALWAYS_OPEN: Final = frozenset({"healthz"})
_WITHIN: Final = "awgp.within"

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.get_logger()


class DatabaseAway(Refusal):
    """The database has been silent; somebody else is asking it this moment."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request within, and whether it is the one that asks."""

    asks: bool
    patience: Patience
    token: Token[Patience | None]


class Gate:
    """Who may ask the database now. Any thread may pass.

    Args:
        silence_seconds: How much of it a request bears.
    """

    def __init__(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.hearing = Hearing()
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()
        self._shut = False
        self._somebody_asks = False
        self._asked_in_vain = 0

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

    def let_in(self, environ: "WSGIEnvironment") -> Visit:
        """Let this thread's request ask the database until it is let out.

        Raises:
            DatabaseAway: As `enter`.
        """
        asks = self.enter()
        environ[_WITHIN] = True
        patience = Patience(self._seconds(asks=asks), self.hearing)
        return Visit(asks, patience, be_patient(patience))

    def _seconds(self, *, asks: bool) -> float:
        if not asks:
            return self._silence_seconds
        return min(ASKING_SECONDS * 2.0**self._asked_in_vain, self._silence_seconds)

    def let_out(self, visit: Visit) -> None:
        stop_being_patient(visit.token)
        self.leave(visit.patience, asked=visit.asks)

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
                self._asked_in_vain += patience.gave_up
            shut = patience.gave_up or (self._shut and not patience.answered)
            if shut != self._shut:
                log.warning("database_silent" if shut else "database_answers")
                self._asked_in_vain = 0
            self._shut = shut


def install_gate(app: Flask, gate: Gate) -> None:
    """Let every request of the app pass through the gate, but for those that are within."""

    def enter() -> None:
        if request.endpoint is None or request.endpoint in ALWAYS_OPEN:
            return
        if _WITHIN not in request.environ:
            g.visit = gate.let_in(request.environ)

    def leave(_error: BaseException | None) -> None:
        visit: Visit | None = g.pop("visit", None)
        if visit is not None:
            gate.let_out(visit)

    app.before_request(enter)
    app.teardown_request(leave)
