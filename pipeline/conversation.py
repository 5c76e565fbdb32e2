"""What one transaction says to the database, in as few round trips as it needs.

A round trip costs more than most of our statements, so `ask` only notes a statement down. What was
noted goes out together (PostgreSQL's pipeline mode), in order, when an answer is first looked at,
or at the end, before the commit. Statements stay whole and separate: only the waiting is shared.

An error may so be raised by a later statement than the one that caused it, never past the commit.
Where an error is to be told apart from others, use `execute`, which waits for its own answer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, Final, NoReturn
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, CursorResult, Engine, TextClause, exc, text

from pipeline.answer import Answer, Asked, Recalled, for_driver, for_nobody, recall_all
from pipeline.database import enter_tenant
from pipeline.errors import AwgpError

# It ends with the transaction (the third argument): a pooled connection forgets its tenant.
ENTER_TENANT: Final = "SELECT set_config('app.current_tenant', :tenant, true)"


class Conversation:
    """What is said of one tenant in an open transaction.

    Args:
        exchange_with: Has statements answered where a transaction is shared with others, under this
            tenant. The transaction is the conversation's own without it.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: UUID,
        *,
        exchange_with: Callable[[list[Asked]], None] | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self._connection = connection
        self._shared = exchange_with is not None
        self._exchange = exchange_with or partial(exchange, connection)
        self._asked: list[Asked] = []
        self._recalled: dict[tuple[object, ...], Answer] = {}
        self._to_recall: list[Recalled] = []
        if not self._shared:
            self._asked.append(for_nobody(ENTER_TENANT, tenant=str(tenant_id)))

    @property
    def connection(self) -> Connection:
        """The same transaction as SQLAlchemy has it, once all that was asked is answered.

        Raises:
            TypeError: Others share it, who would hear under a tenant that is not theirs.
        """
        if self._shared:
            raise TypeError("a shared transaction is spoken to through its conversations alone")
        self.flush()
        return self._connection

    def ask(
        self,
        statement: str,
        *,
        unless: AwgpError | None = None,
        check: Callable[[Answer], None] | None = None,
        **values: object,
    ) -> Answer:
        """Note a statement down; it is sent when an answer is looked at, or at the end.

        Args:
            unless: Raised when it is sent and changes or finds another number of rows than one.
            check: Called with the answer once it is there; raises what it does not agree with.
        """
        answer = Answer(self.flush, check if unless is None else partial(_one_row, unless))
        self._asked.append(Asked(for_driver(statement), values, answer))
        return answer

    def recall(self, statement: str, **values: object) -> Answer:
        """Ask once, however often it is called: for one row that this transaction does not change.

        Called early without a look at the answer, it brings along what will be needed soon. What
        is recalled between two flushes is read by one statement.
        """
        key = (statement, *values.values())
        answer = self._recalled.get(key)
        if answer is None:
            answer = self._recalled[key] = Answer(self.flush)
            self._to_recall.append((statement, values, answer))
        return answer

    def execute(self, statement: str, **values: object) -> CursorResult[*tuple[Any, ...]]:
        """Send a statement now, and wait for its answer."""
        self.flush()
        if self._shared:
            # Somebody else of the same transaction was heard since.
            enter_tenant(self._connection, self.tenant_id)
        return self._connection.execute(_compiled(statement), values)

    def flush(self) -> None:
        """Send what was asked, and wait for all of it.

        Raises:
            sqlalchemy.exc.DBAPIError: What the database refused.
            AwgpError: Of an `ask`'s `unless` or `check`.
        """
        if self._to_recall:
            recalled, self._to_recall = self._to_recall, []
            self._asked.append(recall_all(recalled))
        if self._asked:
            asked, self._asked = self._asked, []
            self._exchange(asked)


def _one_row(unless: AwgpError, answer: Answer) -> None:
    if answer.rowcount != 1:
        raise unless


def exchange(connection: Connection, asked: Sequence[Asked]) -> None:
    """Send statements in one round trip, and keep what they were answered.

    Raises:
        sqlalchemy.exc.DBAPIError: What the database refused.
        AwgpError: Of an `ask`'s `unless`.
    """
    driver = _driver(connection)
    cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []
    try:
        _send(driver, asked, cursors)
    except psycopg.Error as error:
        # What was answered before it is the reason, where it was not as it should be.
        for each, cursor in zip(asked, cursors, strict=False):
            if cursor.pgresult is None or cursor.pgresult.error_message:
                break
            each.answer.take(cursor)
        _fail(connection, driver, asked[0].statement, error)
    for each, cursor in zip(asked, cursors, strict=True):
        each.answer.take(cursor)


def _send(
    driver: "psycopg.Connection[tuple[Any, ...]]",
    asked: Sequence[Asked],
    cursors: list["psycopg.Cursor[tuple[Any, ...]]"],
) -> None:
    if len(asked) == 1 and driver.info.transaction_status is TransactionStatus.INTRANS:
        cursors.append(driver.execute(asked[0].statement, asked[0].values))
        return
    # The driver's own BEGIN goes along.
    with driver.pipeline():
        cursors.extend(driver.execute(each.statement, each.values) for each in asked)


def _fail(
    connection: Connection,
    driver: "psycopg.Connection[tuple[Any, ...]]",
    statement: str,
    error: psycopg.Error,
) -> NoReturn:
    """Raise the driver's error as SQLAlchemy would have."""
    lost = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # a driver's connection is what it takes
    if lost:
        connection.invalidate(error)
    translated = exc.DBAPIError.instance(
        statement,
        None,
        error,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=connection.dialect,
    )
    raise translated from error


def _driver(connection: Connection) -> "psycopg.Connection[tuple[Any, ...]]":
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("a conversation needs the psycopg driver")
    return driver


@contextmanager
def tenant_conversation(engine: Engine, tenant_id: UUID) -> Iterator[Conversation]:
    """Commit on leaving, roll back on any error; see and write one tenant's rows alone."""
    with engine.begin() as connection:
        conversation = Conversation(connection, tenant_id)
        yield conversation
        conversation.flush()


@lru_cache(maxsize=1024)
def _compiled(statement: str) -> TextClause:
    return text(statement)
