"""Votes lent to another person, for a time: which, by whom, until when.

Only groups the lender has themselves can be lent, so nothing is lent on. Whoever acts for somebody
who may not vote on a question may not vote on it either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from pipeline.approval import Requirement
from pipeline.approval_errors import VoteNotLent
from pipeline.errors import AwgpError
from pipeline.ids import uuid7
from pipeline.work import Actor, Work

LONGEST: Final = timedelta(days=90)
MOST_GROUPS: Final = 50
IN_FORCE: Final = (
    "d.revoked_at IS NULL AND d.starts_at <= clock_timestamp() AND d.ends_at > clock_timestamp()"
)
# The database's own constraint has the last word on the time.
_SLACK: Final = timedelta(seconds=5)
_COLUMNS = (
    "d.delegation_id, d.delegator_person_id, a.display_name, d.delegate_person_id,"
    " b.display_name, d.groups, d.reason, d.starts_at, d.ends_at, d.created_at, d.revoked_at"
)
_FROM = (
    " FROM delegations d"
    " JOIN persons a ON a.tenant_id = d.tenant_id AND a.person_id = d.delegator_person_id"
    " JOIN persons b ON b.tenant_id = d.tenant_id AND b.person_id = d.delegate_person_id"
)
# Everyone who acts, over however many steps, for somebody excluded from these approvals.
_EXCLUDE_WHO_ACTS = f"""
    INSERT INTO approval_persons (tenant_id, approval_id, person_id, part, because)
    WITH RECURSIVE acting (approval_id, person_id) AS (
        SELECT x.approval_id, d.delegate_person_id FROM approval_persons x
        JOIN approvals q USING (tenant_id, approval_id)
        JOIN delegations d ON d.tenant_id = x.tenant_id AND d.delegator_person_id = x.person_id
        WHERE x.part = 'excluded' AND q.status = 'open' AND {IN_FORCE}
            AND (q.approval_id = :approval OR d.delegation_id = :delegation)
        UNION
        SELECT a.approval_id, d.delegate_person_id FROM acting a
        JOIN delegations d ON d.delegator_person_id = a.person_id WHERE {IN_FORCE})
    SELECT :tenant, approval_id, person_id, 'excluded',
        'delegate of someone who may not vote on it'
    FROM acting ORDER BY approval_id, person_id ON CONFLICT DO NOTHING
    """  # noqa: S608  # constant parts


class DelegationInvalid(AwgpError):
    """This vote cannot be lent like that; the message says why."""


class DelegationNotFound(AwgpError):
    """The tenant has no such delegation, or it is not this person's to see."""


class DelegationOver(AwgpError):
    """It was revoked, or has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A loan: the delegate may vote with these of the delegator's groups, from then until then."""

    delegation_id: UUID
    delegator_id: UUID
    delegator: str
    delegate_id: UUID
    delegate: str
    groups: tuple[str, ...]
    reason: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    revoked_at: datetime | None


def lend_vote(
    work: Work,
    *,
    by: UUID,
    to: UUID,
    groups: Sequence[str],
    ends_at: datetime,
    starts_at: datetime | None = None,
    reason: str = "",
) -> Delegation:
    """Let another person vote with one's groups.

    Args:
        groups: Of the lender's own, as they were last seen (`remember_person`).
        starts_at: Now where not given.
        ends_at: At most `LONGEST` from now.

    Raises:
        DelegationInvalid: Nothing was changed.
    """
    now: datetime = work.execute("SELECT clock_timestamp()").scalar_one()
    start = now if starts_at is None else max(now, starts_at)
    _check_loan(work, by=by, to=to, groups=groups, span=(now, start, ends_at))
    delegation_id = uuid7()
    try:
        work.execute(
            "INSERT INTO delegations (tenant_id, delegation_id, delegator_person_id,"
            " delegate_person_id, groups, reason, starts_at, ends_at)"
            " VALUES (:tenant, :id, :by, :to, :groups, :reason, :start, :end)",
            tenant=work.tenant_id,
            id=delegation_id,
            by=by,
            to=to,
            groups=Jsonb(sorted(set(groups))),
            reason=reason,
            start=start,
            end=ends_at,
        )
    except DBAPIError as error:
        raise DelegationInvalid("the database refuses this loan; look at its time") from error
    exclude_who_acts(work, delegation_id=delegation_id)
    work.record(
        Actor(type="person", id=str(by)),
        "hold:delegation:made",
        ("delegation", str(delegation_id)),
        after={"to": str(to), "groups": sorted(set(groups)), "ends_at": ends_at.isoformat()},
    )
    return load_delegation(work, delegation_id)


def _check_loan(
    work: Work,
    *,
    by: UUID,
    to: UUID,
    groups: Sequence[str],
    span: tuple[datetime, datetime, datetime],
) -> None:
    now, start, end = span
    if by == to:
        raise DelegationInvalid("nobody lends their vote to themselves")
    if not start < end <= now + LONGEST - _SLACK:
        raise DelegationInvalid(f"it ends after it begins, within {LONGEST.days} days from now")
    if not 1 <= len(set(groups)) <= MOST_GROUPS:
        raise DelegationInvalid(f"name 1 to {MOST_GROUPS} groups")
    rows = work.execute(
        "SELECT person_id, groups FROM persons WHERE person_id = ANY (:both)"
        " AND kind = 'human' AND removed_at IS NULL",
        both=[by, to],
    )
    known = {row.person_id: set(row.groups) for row in rows}
    if by not in known or to not in known:
        raise DelegationInvalid("a vote is lent by a person to a person of this tenant")
    if lacking := sorted(set(groups) - known[by]):
        raise DelegationInvalid(f"you are not in {', '.join(lacking)}: only your own can be lent")


def revoke_loan(work: Work, delegation_id: UUID, *, by: UUID, may_any: bool) -> Delegation:
    """End a loan now. Votes given under it stand.

    Args:
        may_any: Whether `by` may end everybody's, not only those they gave or were given.

    Raises:
        DelegationNotFound, DelegationOver: Nothing was changed.
    """
    work.execute("SELECT 1 FROM delegations WHERE delegation_id = :id FOR UPDATE", id=delegation_id)
    found = load_delegation(work, delegation_id)
    if not may_any and by not in {found.delegator_id, found.delegate_id}:
        raise DelegationNotFound(f"no delegation {delegation_id} of yours")
    changed = work.execute(
        "UPDATE delegations d SET revoked_at = clock_timestamp(), revoked_by_person_id = :by"
        " WHERE delegation_id = :id AND revoked_at IS NULL AND ends_at > clock_timestamp()",
        id=delegation_id,
        by=by,
    )
    if changed.rowcount == 0:
        raise DelegationOver("this delegation is over already")
    work.record(
        Actor(type="person", id=str(by)),
        "hold:delegation:revoked",
        ("delegation", str(delegation_id)),
    )
    return load_delegation(work, delegation_id)


def load_delegation(work: Work, delegation_id: UUID) -> Delegation:
    """Raises: DelegationNotFound."""
    row = work.execute(
        f"SELECT {_COLUMNS}{_FROM} WHERE d.delegation_id = :id",  # constant parts
        id=delegation_id,
    ).one_or_none()
    if row is None:
        raise DelegationNotFound(f"no delegation {delegation_id}")
    return _read(row)


def list_delegations(
    work: Work, *, person_id: UUID | None, in_force: bool, before: UUID | None, limit: int
) -> list[Delegation]:
    """Newest first; of one person, as either side, or everybody's.

    Args:
        in_force: Leave out what was revoked or has ended; what has yet to begin stays.
    """
    rows = work.execute(
        f"SELECT {_COLUMNS}{_FROM}"  # constant parts
        " WHERE (CAST(:person AS uuid) IS NULL OR :person"
        " IN (d.delegator_person_id, d.delegate_person_id))"
        " AND (NOT :in_force OR d.revoked_at IS NULL AND d.ends_at > clock_timestamp())"
        " AND (CAST(:before AS uuid) IS NULL OR d.delegation_id < :before)"
        " ORDER BY d.delegation_id DESC LIMIT :limit",
        person=person_id,
        in_force=in_force,
        before=before,
        limit=limit,
    )
    return [_read(row) for row in rows]


def lent_to(
    work: Work, person_id: UUID, lender: UUID, requirement: Requirement
) -> tuple[UUID, frozenset[str]]:
    """The loan under which a person may give the lender's vote, and the groups it lends now.

    Where there are several, one whose groups a rule asks for.

    Raises:
        VoteNotLent: There is none.
    """
    rows = work.execute(
        "SELECT d.delegation_id, d.groups, p.groups FROM delegations d"  # noqa: S608  # constant parts
        " JOIN persons p ON p.tenant_id = d.tenant_id AND p.person_id = d.delegator_person_id"
        " WHERE d.delegate_person_id = :person AND d.delegator_person_id = :lender"
        f" AND p.removed_at IS NULL AND {IN_FORCE} ORDER BY d.delegation_id DESC",
        person=person_id,
        lender=lender,
    )
    loans = [(row[0], frozenset(row[1]) & frozenset(row[2])) for row in rows]
    if not loans:
        raise VoteNotLent("this person has not lent you their vote, or the time is over")
    asked = {group for rule in requirement.rules for turn in rule.turns for group in turn.groups}
    asked |= {to for rule in requirement.rules for step in rule.escalate for to in step.to}
    return max(loans, key=lambda loan: len(loan[1] & asked))


def exclude_who_acts(
    work: Work, *, approval_id: UUID | None = None, delegation_id: UUID | None = None
) -> None:
    """Exclude whoever acts for someone excluded: from one question, or by a new loan."""
    work.execute(
        _EXCLUDE_WHO_ACTS, tenant=work.tenant_id, approval=approval_id, delegation=delegation_id
    )


def _read(row: Sequence[object]) -> Delegation:
    names = Delegation.__dataclass_fields__
    values = dict(zip(names, row, strict=True))
    return Delegation(**{**values, "groups": tuple(values["groups"])})  # type: ignore[arg-type]  # a row's values
