"""Dead letters across tenants: which there are, and which of them are meant.

They are looked at as awgp_operator, which sees them in every tenant and changes none
(pipeline/dead_work.py does). Walked in batches by key, so that any number takes the memory of one
batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from pipeline.errors import AwgpError
from pipeline.run import Stage

BATCH = 500
OPEN = "replayed_at IS NULL AND discarded_at IS NULL"
STATES: Final[Mapping[str, str]] = {
    "open": OPEN,
    "replayed": "replayed_at IS NOT NULL",
    "discarded": "replayed_at IS NULL AND discarded_at IS NOT NULL",
    "all": "true",
}
OF_ASSISTANT: Final = (
    "EXISTS (SELECT FROM runs r JOIN assistants a USING (tenant_id, assistant_id)"
    " WHERE r.tenant_id = dead_letters.tenant_id AND r.run_id = dead_letters.run_id"
    " AND a.name = :assistant)"
)
ERRORS_SHOWN = 120
"""Characters of an error that tell it from others in a summary."""


class DeadLetterUnknown(AwgpError):
    """No dead letter and no run that failed has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A run that was given up at a stage, and why. No word of what was being worked on."""

    tenant_id: UUID
    dead_letter_id: UUID
    run_id: UUID
    epoch: int
    queue: Stage
    error: str
    failures: int
    created_at: datetime
    replayed_at: datetime | None
    discarded_at: datetime | None

    @property
    def state(self) -> str:
        if self.replayed_at is not None:
            return "replayed"
        return "open" if self.discarded_at is None else "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which dead letters are meant; every member narrows it.

    Attributes:
        ids: Of dead letters, open or not, or of runs, meaning their open one.
        error: Part of it, in any case.
        since, until: When it was given up.
        everything: Those that were replayed or discarded too.
        assistant: Its name; for logins that read runs.
        state: One of STATES; instead of `everything`.
    """

    ids: Sequence[UUID] = ()
    run: UUID | None = None
    queue: Stage | None = None
    error: str | None = None
    tenant_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    everything: bool = False
    assistant: str | None = None
    state: str | None = None

    @property
    def narrows(self) -> bool:
        filters = (self.run, self.queue, self.error, self.tenant_id, self.since, self.until)
        return bool(self.ids) or any(each is not None for each in filters)

    def where(self) -> tuple[str, dict[str, Any]]:
        """A condition on dead_letters, and its values."""
        both = f"(dead_letter_id = ANY (:ids) OR (run_id = ANY (:ids) AND {OPEN}))"
        every: dict[str, tuple[str, object]] = {
            "ids": (both, list(self.ids) or None),
            "run": ("run_id = :run", self.run),
            "queue": ("stage = :queue", None if self.queue is None else self.queue.value),
            "error": ("strpos(lower(error), lower(:error)) > 0", self.error),
            "tenant": ("tenant_id = :tenant", self.tenant_id),
            "since": ("created_at >= :since", self.since),
            "until": ("created_at <= :until", self.until),
            "assistant": (OF_ASSISTANT, self.assistant),
        }
        parts = {name: each for name, each in every.items() if each[1] is not None}
        said = [condition for condition, _ in parts.values()]
        if self.state is not None:
            said.append(STATES[self.state])
        elif not self.everything and not self.ids:
            said.append(OPEN)
        return " AND ".join(said) or "true", {name: value for name, (_, value) in parts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Dead letters of one tenant and queue with one error."""

    tenant_id: UUID
    queue: Stage
    error: str
    count: int


COLUMNS = (
    "tenant_id, dead_letter_id, run_id, epoch, stage, error, failures, created_at, replayed_at,"
    " discarded_at"
)


def newest(connection: Connection, chosen: Chosen, limit: int) -> list[DeadLetter]:
    condition, values = chosen.where()
    return _read(
        connection,
        f"SELECT {COLUMNS} FROM dead_letters WHERE {condition}"  # noqa: S608  # constant parts
        " ORDER BY created_at DESC, dead_letter_id DESC LIMIT :limit",
        values | {"limit": limit},
    )


def groups(connection: Connection, chosen: Chosen) -> list[Group]:
    """How many of what, the most frequent first."""
    condition, values = chosen.where()
    rows = connection.execute(
        text(
            f"SELECT tenant_id, stage, left(error, {ERRORS_SHOWN}), count(*) FROM dead_letters"  # noqa: S608  # constant parts
            f" WHERE {condition} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3"
        ),
        values,
    )
    return [
        Group(tenant_id=row[0], queue=Stage(row[1]), error=row[2], count=row[3]) for row in rows
    ]


def walk(engine: Engine, chosen: Chosen, limit: int | None = None) -> Iterator[DeadLetter]:
    """Every one that is there now, a tenant after another, oldest first, a batch at a time.

    What fails again meanwhile is not walked again.
    """
    with engine.connect() as connection:
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        tenants = connection.execute(text("SELECT tenant_id FROM tenants ORDER BY 1")).scalars()
        meant = [each for each in tenants if chosen.tenant_id in (None, each)]
    condition, values = chosen.where()
    statement = (
        f"SELECT {COLUMNS} FROM dead_letters WHERE {condition} AND created_at <= :now"  # noqa: S608  # constant parts
        " AND tenant_id = :of AND dead_letter_id > :after ORDER BY dead_letter_id LIMIT :batch"
    )
    left = limit
    for tenant_id in meant:
        after = UUID(int=0)
        while left is None or left > 0:
            batch = BATCH if left is None else min(BATCH, left)
            place = {"now": now, "of": tenant_id, "after": after, "batch": batch}
            with engine.connect() as connection:
                found = _read(connection, statement, values | place)
            yield from found
            left = None if left is None else left - len(found)
            if len(found) < batch:
                break
            after = found[-1].dead_letter_id


def count_left(connection: Connection, chosen: Chosen, *, until: datetime, after: UUID) -> int:
    """How many of the tenant whose transaction this is come after a place of `next_batch`."""
    condition, values = chosen.where()
    found: int = connection.execute(
        text(
            f"SELECT count(*) FROM dead_letters WHERE {condition} AND created_at <= :now"  # noqa: S608  # constant parts
            " AND dead_letter_id > :after"
        ),
        values | {"now": until, "after": after},
    ).scalar_one()
    return found


def next_batch(
    connection: Connection, chosen: Chosen, *, until: datetime, after: UUID, limit: int
) -> list[DeadLetter]:
    """The next ones of the tenant whose transaction this is, oldest first.

    Args:
        until: What was given up later is not meant, so that nothing is met twice.
    """
    condition, values = chosen.where()
    return _read(
        connection,
        f"SELECT {COLUMNS} FROM dead_letters WHERE {condition} AND created_at <= :now"  # noqa: S608  # constant parts
        " AND dead_letter_id > :after ORDER BY dead_letter_id LIMIT :limit",
        values | {"now": until, "after": after, "limit": limit},
    )


def page_before(
    connection: Connection, chosen: Chosen, *, before: UUID | None, limit: int
) -> list[DeadLetter]:
    """A page of the tenant whose transaction this is, newest first; ids sort by time."""
    condition, values = chosen.where()
    return _read(
        connection,
        f"SELECT {COLUMNS} FROM dead_letters WHERE {condition}"  # noqa: S608  # constant parts
        " AND (CAST(:before AS uuid) IS NULL OR dead_letter_id < :before)"
        " ORDER BY dead_letter_id DESC LIMIT :limit",
        values | {"before": before, "limit": limit},
    )


def _read(connection: Connection, statement: str, values: Mapping[str, object]) -> list[DeadLetter]:
    return [
        DeadLetter(
            tenant_id=row[0],
            dead_letter_id=row[1],
            run_id=row[2],
            epoch=row[3],
            queue=Stage(row[4]),
            error=row[5],
            failures=row[6],
            created_at=row[7],
            replayed_at=row[8],
            discarded_at=row[9],
        )
        for row in connection.execute(text(statement), values)
    ]
