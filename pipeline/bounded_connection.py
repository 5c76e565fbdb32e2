"""A database connection that waits only so long for any answer.

The server's statement_timeout ends a slow statement, but only if the server is there. A half-open
connection (a dead switch, a lost NAT entry, a stopped server) answers nothing and reports nothing:
the driver would wait for ever, and with it a request, a worker's thread or a lease's renewal. TCP's
own timeouts help only where no middle box goes on acknowledging. So the waiting itself is bounded.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Self, TypeVar

import psycopg
from psycopg.abc import PQGen, PQGenConn
from psycopg.waiting import Ready

_Value = TypeVar("_Value")
LOOK_SECONDS = 0.1
"""How often the driver looks for an interrupt while it waits; its own default."""
PATIENT_LOOK_SECONDS: Final = 0.05


_WITHIN: Final[ContextVar[float]] = ContextVar("answers_within", default=float("inf"))


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Hold every connection this thread uses to a shorter bound, the pool's look at it included."""
    token = _WITHIN.set(seconds)
    try:
        yield
    finally:
        _WITHIN.reset(token)


@dataclass(slots=True)
class Hearing:
    """When a process last heard anything of the database, on whichever connection."""

    at: float = float("-inf")


class Patience:
    """How long a piece of work bears the silence of a database that says nothing to anybody.

    A database that answers others is there, and only slow; then the bounds of a connection hold.

    Attributes:
        seconds: How long.
        answered: Whether it said anything to this piece of work.
        gave_up: Whether it was silent until the time was over.
    """

    def __init__(self, seconds: float, hearing: Hearing) -> None:
        self.seconds = seconds
        self._hearing = hearing
        self._began: float | None = None
        self.answered = False
        self.gave_up = False

    def begin(self) -> None:
        """Let the time begin, where it has not."""
        if self._began is None:
            self._began = time.monotonic()

    def watch(self, gen: Generator[Any, Any, _Value]) -> Generator[Any, Any, _Value]:
        """Do what `gen` does, which is resumed every LOOK_SECONDS; end it when patience ends.

        Raises:
            psycopg.errors.ConnectionTimeout: It has ended.
        """
        self.begin()
        if self.gave_up and self._is_over():
            self._give_up()
        try:
            asked = next(gen)
            while True:
                ready = yield asked
                # That there is room to write says nothing of who reads.
                if ready & Ready.R:
                    self._hearing.at = time.monotonic()
                elif self._is_over():
                    gen.close()
                    self._give_up()
                asked = gen.send(ready)
        except StopIteration as ended:
            self.answered = True
            answer: _Value = ended.value
            return answer

    def _give_up(self) -> NoReturn:
        self.gave_up = True
        raise psycopg.errors.ConnectionTimeout("the database is silent")

    def _is_over(self) -> bool:
        silent_since = max(self._hearing.at, self._began or 0.0)
        return time.monotonic() - silent_since > self.seconds


_PATIENCE: Final[ContextVar[Patience | None]] = ContextVar("patience", default=None)


def be_patient(patience: Patience | None) -> Token[Patience | None]:
    """Hold all this thread does from now on to one patience, making connections included."""
    return _PATIENCE.set(patience)


def stop_being_patient(token: Token[Patience | None]) -> None:
    _PATIENCE.reset(token)


def begin_to_wait() -> None:
    """Count from now what is waited for a connection that somebody else uses."""
    patience = _PATIENCE.get()
    if patience is not None:
        patience.begin()


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Gives up an answer that does not come, and the connection with it.

    Attributes:
        answer_seconds: For one statement, a commit or a pipeline's sync.
    """

    answer_seconds: float = 30.0

    def wait(
        self, gen: PQGen[_Value], interval: float = LOOK_SECONDS, timeout: float | None = None
    ) -> _Value:
        """Raises: psycopg.OperationalError: No answer in time; the connection is closed then."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        patience = _PATIENCE.get()
        began, limit = time.monotonic(), min(self.answer_seconds, _WITHIN.get())
        if patience is not None:
            gen, interval = patience.watch(gen), PATIENT_LOOK_SECONDS
        try:
            return super().wait(gen, interval, limit)
        except psycopg.errors.ConnectionTimeout:
            self.pgconn.finish()
            raise
        except psycopg.OperationalError as error:
            if time.monotonic() - began < limit:
                raise
            # Nobody knows what the server did; nothing more can be said on this connection.
            self.pgconn.finish()
            message = f"no answer within {limit:.1f} s; the connection was given up"
            raise psycopg.OperationalError(message) from error

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Give up with the patience of whoever connects: connect_timeout is 2 s at least."""
        patience = _PATIENCE.get()
        making = super()._connect_gen(conninfo)
        return making if patience is None else patience.watch(making)
