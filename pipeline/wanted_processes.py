"""How many processes of each kind are to run: one number a kind, for the whole installation.

It is a wish, in the database. On a machine of `awgp up` the scaler (`awgp scaler`) makes it so; in
Kubernetes an autoscaler reads it. A kind nobody spoke of has no row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from pipeline.errors import AwgpError
from pipeline.queue_change import record_of_machine
from pipeline.work import Actor

MOST_OF_A_KIND: Final = 64
"""More on one machine is a slip of the finger: each is a process of its own, with threads."""

SCALED: Final = "ops:queue:scaled"
_COLUMNS: Final = "kind, number, changed_at, changed_by, reason"


class NumberRefused(AwgpError):
    """So many of this cannot run, or there is no such kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNumber:
    """How many of a kind are wanted, since when, who said so and why."""

    kind: str
    number: int
    changed_at: datetime
    changed_by: str
    reason: str

    @property
    def state(self) -> dict[str, Any]:
        """What an edit of it is based on."""
        return {"number": self.number, "changed_at": self.changed_at.isoformat()}


def numbers_wanted(connection: Connection) -> dict[str, WantedNumber]:
    """Of every kind somebody spoke of."""
    rows = connection.execute(text(f"SELECT {_COLUMNS} FROM wanted_processes")).all()  # noqa: S608  # constant parts
    return {row[0]: _read(*row) for row in rows}


def lock_number(connection: Connection, kind: str) -> WantedNumber | None:
    """The kind's row, locked until the transaction ends; as awgp_operator."""
    # A kind nobody spoke of has no row to lock.
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"wanted {kind}"},
    )
    return numbers_wanted(connection).get(kind)


def want_number(
    connection: Connection, kind: str, number: int, *, by: Actor, reason: str
) -> WantedNumber:
    """Say how many are wanted, on record; what is wanted already stays as it is.

    As awgp_operator, within the transaction of `lock_number`.

    Raises:
        NumberRefused: So many cannot run.
    """
    if not 0 <= number <= MOST_OF_A_KIND:
        raise NumberRefused(f"{kind}={number} is out of range; it takes 0 to {MOST_OF_A_KIND}")
    before = lock_number(connection, kind)
    if before is not None and before.number == number:
        return before
    connection.execute(
        text(
            "INSERT INTO wanted_processes (kind, number, changed_by, reason)"
            " VALUES (:kind, :number, :by, :reason) ON CONFLICT (kind) DO UPDATE SET"
            " number = excluded.number, changed_at = clock_timestamp(),"
            " changed_by = excluded.changed_by, reason = excluded.reason"
        ),
        {"kind": kind, "number": number, "by": by.id[:200], "reason": reason[:500]},
    )
    record_of_machine(
        connection,
        by,
        SCALED,
        kind,
        before={"processes": None if before is None else before.number},
        after={"processes": number},
        reason=reason,
    )
    return numbers_wanted(connection)[kind]


def first_numbers(connection: Connection, numbers: Mapping[str, int]) -> None:
    """Say how it is, for kinds nobody spoke of: nothing changes, so nothing is on record."""
    for kind, number in numbers.items():
        connection.execute(
            text(
                "INSERT INTO wanted_processes (kind, number) VALUES (:kind, :number)"
                " ON CONFLICT DO NOTHING"
            ),
            {"kind": kind, "number": number},
        )


def _read(
    kind: str, number: int, changed_at: datetime, changed_by: str, reason: str
) -> WantedNumber:
    return WantedNumber(
        kind=kind, number=number, changed_at=changed_at, changed_by=changed_by, reason=reason
    )
