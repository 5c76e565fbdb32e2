"""A database connection that waits only so long for any answer.

The server's statement_timeout ends a slow statement, but only if the server is there. A half-open
connection (a dead switch, a lost NAT entry, a stopped server) answers nothing and reports nothing:
the driver would wait for ever, and with it a request, a worker's thread or a lease's renewal. TCP's
own timeouts help only where no middle box goes on acknowledging. So the waiting itself is bounded.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen

_Value = TypeVar("_Value")
LOOK_SECONDS = 0.1
"""How often the driver looks for an interrupt while it waits; its own default."""


_WITHIN: Final[ContextVar[float]] = ContextVar("answers_within", default=float("inf"))


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Hold every connection this thread uses to a shorter bound, the pool's look at it included."""
    token = _WITHIN.set(seconds)
    try:
        yield
    finally:
        _WITHIN.reset(token)


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
        began, limit = time.monotonic(), min(self.answer_seconds, _WITHIN.get())
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if time.monotonic() - began < limit:
                raise
            # Nobody knows what the server did; nothing more can be said on this connection.
            self.pgconn.finish()
            message = f"no answer within {limit:.1f} s; the connection was given up"
            raise psycopg.OperationalError(message) from error
