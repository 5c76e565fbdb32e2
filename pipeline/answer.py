"""A statement that is asked in a conversation, and its answer, which may come with others."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg

from pipeline.errors import AwgpError

_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


class UnexpectedAnswer(AwgpError):
    """A statement that answers with one row answered with another number of them."""


class Answer:
    """The rows of a statement, fetched when they are first looked at.

    Args:
        flush: Has all that was asked answered.
        check: Called once the rows are there; raises what it does not agree with.
    """

    __slots__ = ("_check", "_flush", "_rowcount", "_rows")

    def __init__(
        self,
        flush: Callable[[], None] | None = None,
        check: "Callable[[Answer], None] | None" = None,
    ) -> None:
        self._flush = flush
        self._check = check
        self._rows: list[tuple[Any, ...]] | None = None
        self._rowcount = -1

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed or found."""
        self.all()
        return self._rowcount

    def all(self) -> list[tuple[Any, ...]]:
        if self._rows is None and self._flush is not None:
            self._flush()
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


def recall_all(recalled: Sequence[Recalled]) -> Asked:
    """One statement for several, each of which finds one row or none."""
    if len(recalled) == 1:
        statement, values, answer = recalled[0]
        return Asked(for_driver(statement), values, answer)
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
    return for_driver(f"SELECT {columns} FROM (VALUES (1)) AS one {joins}")  # noqa: S608  # so are these


_BEGINS: dict[str, list[int]] = {}


def _begins(statement: str, cursor: "psycopg.Cursor[tuple[Any, ...]]") -> list[int]:
    """Where the columns of each subquery begin."""
    if statement not in _BEGINS:
        names = [column.name for column in cursor.description or ()]
        _BEGINS[statement] = [at for at, name in enumerate(names) if name.startswith("found_")]
    return _BEGINS[statement]


def for_nobody(statement: str, **values: object) -> Asked:
    """A statement whose answer nobody looks at."""
    return Asked(for_driver(statement), values, Answer())


@lru_cache(maxsize=1024)
def for_driver(statement: str) -> str:
    return _NAME.sub(r"%(\1)s", statement.replace("%", "%%"))
