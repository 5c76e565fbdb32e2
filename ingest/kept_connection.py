"""One database connection that stays with whoever commits batches.

The pool asks every connection it lends whether it still lives, a round trip; a batch that finds its
connection dead is done again one by one, so it need not ask.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy import Engine, PoolProxiedConnection, QueuePool, event


class KeptConnection:
    """Keeps one connection of the pool's between uses, in autocommit: BEGIN is for its user to say.

    Two who need one at the same time get two; one of them is given back to the pool. What is kept
    is closed when the engine is disposed of, and after any error. A pool's only one is not kept.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._kept: PoolProxiedConnection | None = None
        event.listen(engine, "engine_disposed", self._close)

    @contextlib.contextmanager
    def taken(self) -> Iterator["psycopg.Connection[Any]"]:
        """Raises: psycopg.Error or SQLAlchemyError where none is to be had."""
        with self._lock:
            pooled, self._kept = self._kept, None
        pooled = pooled or self._engine.raw_connection()
        try:
            connection = pooled.driver_connection
            if not isinstance(connection, psycopg.Connection):
                raise TypeError("batches need the psycopg driver")
            connection.autocommit = True
            yield connection
        except BaseException:
            pooled.invalidate()
            raise
        self._keep(pooled, connection)

    def _keep(self, pooled: PoolProxiedConnection, connection: "psycopg.Connection[Any]") -> None:
        pool = self._engine.pool
        with self._lock:
            if self._kept is None and not (isinstance(pool, QueuePool) and pool.size() == 1):
                self._kept = pooled
                return
        connection.autocommit = False
        pooled.close()

    def _close(self, engine: Engine) -> None:
        del engine
        with self._lock:
            pooled, self._kept = self._kept, None
        if pooled is not None:
            pooled.invalidate()
