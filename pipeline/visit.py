"""Visits: someone of the holding acts in a tenant, for a reason the tenant keeps, for a while.

The tenant's trail has the visit's beginning with its end, and another record where it ended early
or the next one found that it had lapsed. The reason and the name are under the person's key, as a
vote's are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from pipeline.envelope import KeyRing
from pipeline.identity import Identity, actor_of, ensure_person
from pipeline.ids import uuid7
from pipeline.personal_store import seal_for
from pipeline.refusal import ProblemTable, Refusal
from pipeline.work import SYSTEM, Actor, Work

SYSTEM_ACTOR: Final = Actor(type="system", id=SYSTEM)
LONGEST: Final = timedelta(minutes=60)
LONGEST_REASON: Final = 2000
COLUMNS: Final = (
    "v.visit_id, v.person_id, p.display_name, v.reason, v.begun_at, v.until, v.ended_at,"
    " v.ended_at IS NULL AND v.until > clock_timestamp() AS lasts"
)


class VisitLasts(Refusal):
    """They are visiting this tenant already."""


class VisitNotFound(Refusal):
    """The tenant has no such visit that one may end."""


VISIT_PROBLEMS: Final[ProblemTable] = {
    VisitLasts: (409, "visit-lasts"),
    VisitNotFound: (404, "visit-not-found"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit, as the tenant sees it."""

    visit_id: UUID
    person_id: UUID
    display_name: str
    reason: str
    begun_at: datetime
    until: datetime
    ended_at: datetime | None
    lasts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVisit:
    """A visit that lasts, as its visitor sees it."""

    tenant: str
    visit_id: UUID
    until: datetime


def is_visiting(work: Work, identity: Identity) -> bool:
    found = work.execute(
        "SELECT 1 FROM visits v JOIN persons p USING (tenant_id, person_id)"
        " WHERE p.issuer = :issuer AND p.subject = :subject AND v.ended_at IS NULL"
        " AND v.until > clock_timestamp()",
        issuer=identity.issuer,
        subject=identity.subject,
    ).first()
    return found is not None


def begin_visit(
    work: Work, keyring: KeyRing, identity: Identity, *, reason: str, lasting: timedelta
) -> Visit:
    """Begin one, on record in the tenant.

    Raises:
        VisitLasts: One lasts already.
        TenantClosed, PersonRemoved: As ensure_person.
    """
    person_id = ensure_person(work, identity)
    _end_lapsed(work, person_id)
    visit_id = uuid7()
    added = work.execute(
        "INSERT INTO visits (tenant_id, visit_id, person_id, reason, until)"
        " VALUES (:tenant, :visit, :person, :reason, clock_timestamp() + :lasting)"
        " ON CONFLICT (tenant_id, person_id) WHERE ended_at IS NULL DO NOTHING",
        tenant=work.tenant_id,
        visit=visit_id,
        person=person_id,
        reason=reason,
        lasting=min(lasting, LONGEST),
    )
    if not added.rowcount:
        raise VisitLasts("you are visiting this tenant already; end that visit first")
    visit = find_visit(work, visit_id)
    record_id = uuid7()
    personal = seal_for(
        work,
        keyring,
        subject_ref=str(person_id),
        record_id=record_id,
        content={"name": identity.name, "reason": reason},
    )
    work.record(
        actor_of(identity, person_id),
        "web:visit:begun",
        ("visit", str(visit_id)),
        after={"until": visit.until.isoformat()},
        personal=personal,
        record_id=record_id,
    )
    return visit


def end_visit(work: Work, identity: Identity, visit_id: UUID, *, any_ones: bool) -> None:
    """End one before its time; one that has ended stays as it is.

    Args:
        any_ones: Also another person's: the tenant's admins show visitors the door.

    Raises:
        VisitNotFound: There is none, or it is another's.
    """
    person_id = ensure_person(work, identity)
    visit = find_visit(work, visit_id)
    if not any_ones and visit.person_id != person_id:
        raise VisitNotFound("this visit is another person's")
    ended = work.execute(
        "UPDATE visits SET ended_at = clock_timestamp()"
        " WHERE visit_id = :visit AND ended_at IS NULL AND until > clock_timestamp()",
        visit=visit_id,
    )
    if ended.rowcount:
        work.record(actor_of(identity, person_id), "web:visit:ended", ("visit", str(visit_id)))


def find_visit(work: Work, visit_id: UUID) -> Visit:
    """Raises: VisitNotFound."""
    row = (
        work.execute(
            f"SELECT {COLUMNS} FROM visits v JOIN persons p USING (tenant_id, person_id)"  # noqa: S608
            " WHERE v.visit_id = :visit",
            visit=visit_id,
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise VisitNotFound("the tenant has no such visit")
    return Visit(**row)


def list_visits(work: Work, *, before: UUID | None, limit: int) -> Sequence[Visit]:
    """The tenant's visits, newest first; ids sort by time."""
    rows = work.execute(
        f"SELECT {COLUMNS} FROM visits v JOIN persons p USING (tenant_id, person_id)"  # noqa: S608
        " WHERE (CAST(:before AS uuid) IS NULL OR v.visit_id < :before)"
        " ORDER BY v.visit_id DESC LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [Visit(**row) for row in rows.mappings()]


def visits_of(engine: Engine, identity: Identity) -> Sequence[OwnVisit]:
    """Where someone of the holding may act now. `engine` is of the login awgp_holding."""
    with engine.begin() as connection:
        rows: Any = connection.execute(
            text(
                "SELECT t.slug AS tenant, v.visit_id, v.until FROM visits v"
                " JOIN persons p USING (tenant_id, person_id) JOIN tenants t USING (tenant_id)"
                " WHERE p.issuer = :issuer AND p.subject = :subject AND v.ended_at IS NULL"
                " AND v.until > clock_timestamp() ORDER BY t.slug"
            ),
            {"issuer": identity.issuer, "subject": identity.subject},
        )
        return [OwnVisit(**row) for row in rows.mappings()]


def _end_lapsed(work: Work, person_id: UUID) -> None:
    """Write down the end of what ended by itself."""
    lapsed = work.execute(
        "UPDATE visits SET ended_at = until WHERE person_id = :person AND ended_at IS NULL"
        " AND until <= clock_timestamp() RETURNING visit_id",
        person=person_id,
    ).scalars()
    for visit_id in list(lapsed):
        work.record(
            SYSTEM_ACTOR, "web:visit:ended", ("visit", str(visit_id)), metadata={"lapsed": True}
        )
