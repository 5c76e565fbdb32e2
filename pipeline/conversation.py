"""What one transaction says to the database, in as few round trips as it needs.

A round trip costs more than most of our statements, so `ask` only notes a statement down. What was
noted goes out together (PostgreSQL's pipeline mode), in order, when an answer is first looked at,
or at the end, before the commit. Statements stay whole and separate: only the waiting is shared.

An error may so be raised by a later statement than the one that caused it, never past the commit.
Where an error is to be told apart from others, use `execute`, which waits for its own answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, NoReturn
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, CursorResult, Engine, TextClause, exc, text

from pipeline.database import enter_tenant
from pipeline.errors import AwgpError

# It ends with the transaction (the third argument): a pooled connection forgets its tenant.
ENTER_TENANT: Final = "SELECT set_config('app.current_tenant', :tenant, true)"
_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


class UnexpectedAnswer(AwgpError):
    """A statement that answers with one row answered with another number of them."""


class Answer:
    """The rows of a statement, fetched when they are first looked at."""

    __slots__ = ("_check", "_conversation", "_rowcount", "_rows")

    def __init__(
        self,
        conversation: "Conversation | None" = None,
        check: "Callable[[Answer], None] | None" = None,
    ) -> None:
        self._conversation = conversation
        self._check = check
        self._rows: list[tuple[Any, ...]] | None = None
        self._rowcount = -1

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed or found."""
        self.all()
        return self._rowcount

    def all(self) -> list[tuple[Any, ...]]:
        if self._rows is None and self._conversation is not None:
            self._conversation.flush()
        if self._rows is None:
            raise UnexpectedAnswer("a statement before this one failed")
        return self._rows

    def one_or_none(self) -> tuple[Any, ...] | None:
        """Raises: UnexpectedAnswer, for several rows."""
        rows = self.all()
        if len(rows) > 1:
            raise UnexpectedAnswer(f"{len(rows)} rows where one was asked for")
        return rows[0] if rows else None

    def one(self) -> tuple[Any, ...]:
        """Raises: UnexpectedAnswer, for none or several rows."""
        row = self.one_or_none()
        if row is None:
            raise UnexpectedAnswer("no row where one was asked for")
        return row

    def scalar_one_or_none(self) -> Any:
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        return self.one()[0]

    def take(self, cursor: "psycopg.Cursor[tuple[Any, ...]]") -> None:
        """Keep what the driver brought, and have it checked."""
        self._rowcount = cursor.rowcount
        self._rows = cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
        if self._check is not None:
            self._check(self)

    def bring(self, rows: list[tuple[Any, ...]]) -> None:
        """Keep rows that came along with another statement's."""
        self._rows, self._rowcount = rows, len(rows)


Recalled = tuple[str, Mapping[str, Any], Answer]


class _Joined(Answer):
    """The one row that several statements were answered with at once."""

    __slots__ = ("_answers", "_statement")

    def __init__(self, statement: str, answers: list[Answer]) -> None:
        super().__init__()
        self._statement = statement
        self._answers = answers

    def take(self, cursor: "psycopg.Cursor[tuple[Any, ...]]") -> None:
        super().take(cursor)
        row = self.one()
        begins = _begins(self._statement, cursor)
        for answer, begin, end in zip(self._answers, begins, [*begins[1:], len(row)], strict=True):
            answer.bring([row[begin + 1 : end]] if row[begin] else [])


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement as the driver takes it, and where its answer goes."""

    statement: str
    values: Mapping[str, Any]
    answer: Answer


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
        answer = Answer(self, check if unless is None else partial(_one_row, unless))
        self._asked.append(Asked(_for_driver(statement), values, answer))
        return answer

    def recall(self, statement: str, **values: object) -> Answer:
        """Ask once, however often it is called: for one row that this transaction does not change.

        Called early without a look at the answer, it brings along what will be needed soon. What
        is recalled between two flushes is read by one statement.
        """
        key = (statement, *values.values())
        answer = self._recalled.get(key)
        if answer is None:
            answer = self._recalled[key] = Answer(self)
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


def recall_all(recalled: Sequence[Recalled]) -> Asked:
    """One statement for several, each of which finds one row or none."""
    if len(recalled) == 1:
        statement, values, answer = recalled[0]
        return Asked(_for_driver(statement), values, answer)
    joined = _joined(tuple(statement for statement, _, _ in recalled))
    values = {
        f"{name}_{number}": value
        for number, (_, named, _) in enumerate(recalled)
        for name, value in named.items()
    }
    return Asked(joined, values, _Joined(joined, [answer for _, _, answer in recalled]))


@lru_cache(maxsize=256)
def _joined(statements: tuple[str, ...]) -> str:
    """Each is a subquery, whose columns follow one that says whether it found anything."""
    numbered = [_NAME.sub(rf":\1_{number}", each) for number, each in enumerate(statements)]
    columns = ", ".join(f"p{number}.*" for number in range(len(numbered)))
    joins = " ".join(
        f"LEFT JOIN LATERAL (SELECT true AS found_{number}, q.* FROM ({each}) AS q) AS p{number}"  # noqa: S608  # constant statements
        " ON true"
        for number, each in enumerate(numbered)
    )
    return _for_driver(f"SELECT {columns} FROM (VALUES (1)) AS one {joins}")  # noqa: S608  # so are these


_BEGINS: dict[str, list[int]] = {}


def _begins(statement: str, cursor: "psycopg.Cursor[tuple[Any, ...]]") -> list[int]:
    """Where the columns of each subquery begin."""
    if statement not in _BEGINS:
        names = [column.name for column in cursor.description or ()]
        _BEGINS[statement] = [at for at, name in enumerate(names) if name.startswith("found_")]
    return _BEGINS[statement]


def for_nobody(statement: str, **values: object) -> Asked:
    """A statement whose answer nobody looks at."""
    return Asked(_for_driver(statement), values, Answer())


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
def _for_driver(statement: str) -> str:
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%"))


@lru_cache(maxsize=1024)
def _compiled(statement: str) -> TextClause:
    return text(statement)
