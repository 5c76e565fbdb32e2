"""Which runs a list shows, newest first: by filter, a page at a time.

Run ids sort by time, so the id is the order and the cursor, times are bounds of ids, and every
filter has an index that ends in the id: a deep page costs what the first does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pipeline.run import Status
from pipeline.work import Work

_COLUMNS: Final = (
    "r.run_id, r.epoch, r.status, r.reason, r.assistant_id, r.source_id, r.requester_kind,"
    " r.requester_person_id, r.received_at, r.changed_at, r.sealed_at"
)
_OPEN_DEAD: Final = "d.replayed_at IS NULL AND d.discarded_at IS NULL"
_DEAD: Final = (
    "EXISTS (SELECT FROM dead_letters d WHERE d.tenant_id = r.tenant_id AND d.run_id = r.run_id"
    f" AND {_OPEN_DEAD})"
)
_DEAD_FIRST: Final = (
    "(SELECT DISTINCT d.run_id FROM dead_letters d WHERE d.tenant_id = :tenant"  # noqa: S608  # constant parts
    f" AND {_OPEN_DEAD} AND d.run_id BETWEEN :least AND :most) dead"
    " JOIN runs r ON r.run_id = dead.run_id"
)
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)
_HEX_DIGITS: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MILLISECONDS: Final = 2**48 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is asked for; every member but the last two narrows it.

    Attributes:
        statuses: Any of these; all where there is none.
        assistant: Its name.
        prefix: How the id begins, hex digits with or without dashes.
        has_dead_letter: Whether one waits that was neither replayed nor discarded.
    """

    statuses: Sequence[str] = ()
    assistant: str | None = None
    source_id: UUID | None = None
    requester_person_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    prefix: str | None = None
    has_dead_letter: bool | None = None
    before: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run as a line of a list."""

    run_id: UUID
    epoch: int
    status: Status
    reason: str | None
    assistant: str
    source_id: UUID | None
    source: str | None
    requester_kind: str
    requester_id: UUID
    requester_name: str
    received_at: datetime
    changed_at: datetime
    sealed: bool
    has_dead_letter: bool

    @property
    def requester(self) -> str:
        """Its kind and id."""
        return f"{self.requester_kind}:{self.requester_id}"


def find_runs(work: Work, wanted: Wanted) -> list[RunLine]:
    """At most `limit` of them."""
    asked = statement_for(work.tenant_id, wanted)
    if asked is None:
        return []
    statement, values = asked
    return [_line(dict(row)) for row in work.execute(statement, **values).mappings()]


def statement_for(tenant_id: UUID, wanted: Wanted) -> tuple[str, dict[str, Any]] | None:
    """What the database is asked, with its values; None where no id can be meant."""
    bounds = _bounds(wanted)
    if bounds is None:
        return None
    values: dict[str, Any] = {"tenant": tenant_id, "limit": wanted.limit}
    values |= {"least": bounds[0], "most": bounds[1]}
    return _LINES.format(chosen=_chosen(wanted, values)), values


_LINES: Final = (
    f"SELECT {_COLUMNS}, a.name AS assistant, s.name AS source, p.display_name AS person,"  # noqa: S608  # constant parts
    f" {_DEAD} AS has_dead_letter FROM ({{chosen}}) r"
    " JOIN assistants a ON a.tenant_id = r.tenant_id AND a.assistant_id = r.assistant_id"
    " LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id"
    " LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id"
    " ORDER BY r.run_id DESC"
)


def _chosen(wanted: Wanted, values: dict[str, Any]) -> str:
    """The page's rows, before anything is joined to them. Every part is a constant of ours.

    Of several statuses each is read in its index's order, and they are put in order together: an
    index that leads with the status has no order across several.
    """
    conditions = ["r.tenant_id = :tenant", "r.run_id BETWEEN :least AND :most"]
    for column, value in (
        ("source_id", wanted.source_id),
        ("requester_person_id", wanted.requester_person_id),
    ):
        if value is not None:
            conditions.append(f"r.{column} = :{column}")
            values[column] = value
    if wanted.assistant is not None:
        conditions.append(
            "r.assistant_id = (SELECT assistant_id FROM assistants"
            " WHERE tenant_id = :tenant AND name = :assistant)"
        )
        values["assistant"] = wanted.assistant
    if wanted.has_dead_letter is False:
        conditions.append(f"NOT {_DEAD}")
    runs = "runs r"
    if wanted.has_dead_letter:
        # There are few of them among many runs: they come first.
        runs = _DEAD_FIRST
    if not wanted.statuses:
        return _select(runs, conditions)
    values["statuses"] = list(wanted.statuses)
    each = _select(runs, [*conditions, "r.status = s.status"])
    return (
        f"SELECT r.* FROM unnest(CAST(:statuses AS text[])) AS s (status)"  # noqa: S608  # constant parts
        f" CROSS JOIN LATERAL ({each}) r ORDER BY r.run_id DESC LIMIT :limit"
    )


def _select(runs: str, conditions: Sequence[str]) -> str:
    return (
        f"SELECT r.tenant_id, {_COLUMNS} FROM {runs} WHERE {' AND '.join(conditions)}"  # noqa: S608  # constant parts
        " ORDER BY r.run_id DESC LIMIT :limit"
    )


def _bounds(wanted: Wanted) -> tuple[UUID, UUID] | None:
    """The least and the most an id may be; None where nothing can be between."""
    least, most = _FIRST.int, _LAST.int
    if wanted.since is not None:
        least = max(least, _milliseconds(wanted.since) << 80)
    if wanted.until is not None:
        most = min(most, (_milliseconds(wanted.until) + 1 << 80) - 1)
    if wanted.before is not None:
        most = min(most, wanted.before.int - 1)
    if wanted.prefix is not None:
        digits = wanted.prefix.replace("-", "").lower()
        if len(digits) > _HEX_DIGITS:
            return None
        least = max(least, int(digits.ljust(_HEX_DIGITS, "0"), 16))
        most = min(most, int(digits.ljust(_HEX_DIGITS, "f"), 16))
    return (UUID(int=least), UUID(int=most)) if least <= most else None


def _milliseconds(at: datetime) -> int:
    return min(max((at - _EPOCH) // timedelta(milliseconds=1), 0), _MOST_MILLISECONDS)


def _line(row: Mapping[str, Any]) -> RunLine:
    source = row["requester_kind"] == "source"
    asked = row["source_id"] if source else row["requester_person_id"]
    return RunLine(
        run_id=row["run_id"],
        epoch=row["epoch"],
        status=Status(row["status"]),
        reason=row["reason"],
        assistant=row["assistant"],
        source_id=row["source_id"],
        source=row["source"],
        requester_kind=row["requester_kind"],
        requester_id=asked,
        requester_name=(row["source"] if source else row["person"]) or str(asked),
        received_at=row["received_at"],
        changed_at=row["changed_at"],
        sealed=row["sealed_at"] is not None,
        has_dead_letter=row["has_dead_letter"],
    )
