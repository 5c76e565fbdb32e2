"""Which approvals a list shows: by filter and order, a page at a time, with bounded work a page.

The order is an index's, and the place in it is the cursor, so a deep page costs what the first
does. What no index knows is filtered while reading on, MOST_READ rows at most: a page may then be
shorter than asked, or empty, and still say where the next begins.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pipeline.approval import Requirement, Verdict
from pipeline.approval_position import Standing, Viewer, position
from pipeline.tally import Vote
from pipeline.work import Work

AT_ONCE: Final = 200
MOST_READ: Final = 5000
MOST_COUNTED: Final = 1000
CURSOR_PATTERN: Final = r"^[0-9]{1,17}\.[0-9a-f]{32}$"
STATUSES: Final = ("open", "approved", "rejected", "expired", "cancelled", "superseded")

# Of an approval `a`: what part the viewer's people have in it, and the votes that stand.
PLACES: Final = (
    "(SELECT jsonb_agg(jsonb_build_array(x.person_id, x.part, x.because))"
    " FROM approval_persons x WHERE x.tenant_id = a.tenant_id AND x.approval_id = a.approval_id"
    " AND x.person_id = ANY (CAST(:people AS uuid[]))) AS places"
)
VOTES: Final = (
    "(SELECT jsonb_agg(jsonb_build_array(v.person_id, v.verdict, v.groups, v.reason,"
    " (extract(epoch FROM v.voted_at - a.opened_at) * 1000000)::bigint,"
    " (extract(epoch FROM v.voted_at - v.authenticated_at) * 1000000)::bigint,"
    " v.acr, v.on_behalf_of_person_id, v.reject_reason)) FROM votes v"
    " WHERE v.tenant_id = a.tenant_id AND v.approval_id = a.approval_id"
    " AND v.withdrawn_at IS NULL) AS votes"
)

_CURSOR: Final = re.compile(CURSOR_PATTERN)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_ID: Final = UUID(int=0)
_LAST_ID: Final = UUID(int=2**128 - 1)


class Sort(StrEnum):
    """In which order: what expires next comes first, or what was opened last."""

    EXPIRES = "expires"
    NEWEST = "newest"


class CursorInvalid(ValueError):
    """No cursor that a page of ours named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line's place in either order."""

    expires_at: datetime
    approval_id: UUID

    def cursor(self) -> str:
        """The form that leaves the process."""
        return f"{(self.expires_at - _EPOCH) // _MICROSECOND}.{self.approval_id.hex}"

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Read what `cursor` wrote.

        Raises:
            CursorInvalid: Anything else.
        """
        if not _CURSOR.fullmatch(cursor):
            raise CursorInvalid("is not the `next` of a page")
        microseconds, _, approval_id = cursor.partition(".")
        expires_at = _EPOCH + int(microseconds) * _MICROSECOND
        return cls(expires_at=expires_at, approval_id=UUID(approval_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list is asked for; every member but the last three narrows it.

    Attributes:
        for_viewer: Only what waits for the viewer: open, in time, theirs to vote on.
        assistant: Its name.
    """

    statuses: Sequence[str] = ("open",)
    for_viewer: bool = False
    assistant: str | None = None
    rule: str | None = None
    source_id: UUID | None = None
    requester_person_id: UUID | None = None
    sort: Sort = Sort.NEWEST
    after: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row as it is read through."""

    place: Place
    source_id: UUID | None
    requester_person_id: UUID | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page: which approvals, and where the next begins; None at the end."""

    approval_ids: tuple[UUID, ...]
    after: Place | None


def find_approvals(work: Work, viewer: Viewer, asked: Asked) -> Found:
    """Read on until a page is full, at the end, or after MOST_READ rows."""
    found: list[Place] = []
    read, last = 0, asked.after
    for candidate in _read_through(work, viewer, asked):
        read, last = read + 1, candidate.place
        if _matches(candidate, viewer, asked):
            found.append(candidate.place)
        if len(found) > asked.limit:
            return _page(found[: asked.limit], found[asked.limit - 1])
    return _page(found, last if read >= MOST_READ else None)


def count_waiting(work: Work, viewer: Viewer) -> tuple[int, bool]:
    """How many wait for the viewer, and whether there may be more than were counted."""
    asked = Asked(for_viewer=True, sort=Sort.EXPIRES)
    read = count = 0
    for candidate in _read_through(work, viewer, asked):
        read += 1
        count += _matches(candidate, viewer, asked)
        if count >= MOST_COUNTED:
            return count, True
    return count, read >= MOST_READ


def _page(found: Sequence[Place], after: Place | None) -> Found:
    return Found(approval_ids=tuple(each.approval_id for each in found), after=after)


def _matches(candidate: Candidate, viewer: Viewer, asked: Asked) -> bool:
    standing = candidate.standing
    if asked.source_id not in (None, candidate.source_id):
        return False
    if asked.requester_person_id not in (None, candidate.requester_person_id):
        return False
    if asked.rule is not None:
        named = {rule.name for rule in standing.requirement.rules}
        if asked.rule not in named:
            return False
    return not asked.for_viewer or position(viewer, standing, _now()).can_vote


def _read_through(work: Work, viewer: Viewer, asked: Asked) -> Iterator[Candidate]:
    """Yield candidates in order, MOST_READ at most, AT_ONCE in memory."""
    statement, values = statement_for(work.tenant_id, viewer, asked)
    # A page's worth first: where little is left out, no more is needed.
    at_once, left = min(asked.limit + 1, AT_ONCE), MOST_READ
    while left > 0:
        rows = work.execute(statement, **values | {"at_once": min(at_once, left)}).all()
        for row in rows:
            yield _candidate(row)
            values |= {"at": row[1], "id": row[0]}
        if len(rows) < min(at_once, left):
            return
        at_once, left = AT_ONCE, left - len(rows)


def statement_for(tenant_id: UUID, viewer: Viewer, asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the database is asked for the first rows, with its values."""
    place = asked.after or _start(asked)
    values: dict[str, Any] = {
        "tenant": tenant_id,
        # Nothing that is not open waits for anyone.
        "statuses": [each for each in asked.statuses if each == "open" or not asked.for_viewer],
        "people": viewer.people,
        "at_once": AT_ONCE,
        "at": place.expires_at,
        "id": place.approval_id,
    }
    if asked.assistant is not None:
        values["assistant"] = asked.assistant
    return _statement(asked), values


def _start(asked: Asked) -> Place:
    if asked.sort is Sort.NEWEST:
        return Place(expires_at=_EPOCH, approval_id=_LAST_ID)
    # What waits for someone has not expired.
    return Place(expires_at=_now() if asked.for_viewer else _EPOCH, approval_id=_NO_ID)


def _statement(asked: Asked) -> str:
    """One part an asked status, each read in its index's order, put in order together.

    The tenant is named beside row security, which alone could be written in a form that no index
    serves.
    """
    newest = asked.sort is Sort.NEWEST
    beyond = "a.approval_id < :id" if newest else "(a.expires_at, a.approval_id) > (:at, :id)"
    order = "a.approval_id DESC" if newest else "a.expires_at, a.approval_id"
    of_assistant = "" if asked.assistant is None else " AND a.assistant_id = w.assistant_id"
    wanted = (
        ""
        if asked.assistant is None
        else " CROSS JOIN (SELECT assistant_id FROM assistants WHERE tenant_id = :tenant"
        " AND name = :assistant) w"
    )
    return (
        "SELECT a.approval_id, a.expires_at, a.opened_at, a.status, a.requirement::text,"  # noqa: S608  # constant parts
        f" a.source_id, a.requester_person_id, a.action_digest, {PLACES}, {VOTES}"
        f" FROM unnest(CAST(:statuses AS text[])) AS s (status){wanted}"
        " CROSS JOIN LATERAL (SELECT * FROM approvals a WHERE a.tenant_id = :tenant"
        f"  AND a.status = s.status{of_assistant} AND {beyond} ORDER BY {order}"
        "  LIMIT :at_once) a"
        f" ORDER BY {order} LIMIT :at_once"
    )


def _candidate(row: Any) -> Candidate:
    return Candidate(
        place=Place(approval_id=row[0], expires_at=row[1]),
        source_id=row[5],
        requester_person_id=row[6],
        standing=Standing(
            status=row[3],
            opened_at=row[2],
            expires_at=row[1],
            requirement=read_requirement(row[4]),
            digest=bytes(row[7]),
            places=read_places(row[8]),
            votes=read_votes(row[9], bytes(row[7])),
        ),
    )


def read_places(found: Any) -> dict[UUID, str | None]:
    """Read what PLACES answers with."""
    return {
        UUID(person): because if part == "excluded" else None
        for person, part, because in found or ()
    }


def read_votes(found: Any, digest: bytes) -> tuple[Vote, ...]:
    """Read what VOTES answers with; `digest` is the action's, which every vote names."""
    return tuple(
        Vote(
            person_id=person_id,
            verdict=Verdict(verdict),
            groups=frozenset(groups),
            reason=reason,
            digest=digest,
            cast_after=timedelta(microseconds=cast),
            proven_before=None if proven is None else timedelta(microseconds=proven),
            acr=acr,
            on_behalf_of=lender,
            preset=preset,
        )
        for person_id, verdict, groups, reason, cast, proven, acr, lender, preset in found or ()
    )


@lru_cache(maxsize=512)
def read_requirement(text: str) -> Requirement:
    """The same few requirements stand in thousands of approvals."""
    return Requirement.from_mapping(json.loads(text))


def _now() -> datetime:
    return datetime.now(UTC)
