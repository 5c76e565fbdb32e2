"""Open a subsidiary, limit and close it, as the holding's people do from the control plane.

The login awgp_web writes no row of `tenants`: it calls the functions that may, and only for
subsidiaries (docs/decisions/0063-runtimes-are-told-by-the-machines.md). At the machine,
ops/provision.py does the same as the tables' owner; what both do stands here.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg.errors
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from pipeline.identity import Identity, TenantForbidden, actor_of, ensure_person, tenant_id_of
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.rate import Rate
from pipeline.registry_names import (
    FieldInvalid,
    NameTaken,
    NotSetUp,
    StillInUse,
    check_slug,
    check_text,
)
from pipeline.work import Actor, Work

# Its group of admins would be the holding's own.
RESERVED: Final = frozenset({"holding"})


def open_subsidiary(outbox: Outbox, identity: Identity, *, slug: str, name: str) -> UUID:
    """Make a tenant, its audit trail begun and its checkpoints and exports scheduled.

    Args:
        outbox: As awgp_web.

    Raises:
        FieldInvalid: Names what cannot be kept.
        NameTaken: There is a tenant of this slug, or was one.
    """
    check_slug(slug)
    check_text("name", name)
    if slug in RESERVED:
        raise FieldInvalid("slug", f"the group {slug}-admins has another meaning; take another")
    tenant_id = uuid7()
    with outbox.work(tenant_id) as work:
        try:
            work.execute("SELECT open_tenant(:slug, :name)", slug=slug, name=name)
        except IntegrityError as error:
            if not isinstance(error.orig, psycopg.errors.UniqueViolation):
                raise
            raise NameTaken(
                f"there is a tenant {slug!r} already; a closed one keeps its slug"
            ) from error
        person_id = ensure_person(work, identity)
        note_opened(work, actor_of(identity, person_id), kind="subsidiary")
    return tenant_id


def note_opened(work: Work, actor: Actor, *, kind: str) -> None:
    """Begin what recurs in a tenant, its checkpoints and exports, and the record that it is there.

    Args:
        work: The transaction that opens it.
    """
    now = datetime.now(UTC)
    work.schedule("audit.checkpoint", now)
    work.schedule("export.run", now)
    work.record(actor, "setup:tenant:added", ("tenant", str(work.tenant_id)), after={"kind": kind})


def close_subsidiary(outbox: Outbox, identity: Identity, slug: str) -> int:
    """Close a tenant for ever: its sources stop, nothing new begins. Returns how many stopped.

    Nothing is deleted. Checkpoints and exports go on, so what it did stays provable.

    Raises:
        NotSetUp: There is no such tenant.
        TenantClosed: It was closed before.
        StillInUse: Runs are not over yet, or it is the holding's own.
    """
    try:
        tenant_id = tenant_id_of(outbox.engine, slug)
    except TenantForbidden as error:
        raise NotSetUp(f"there is no tenant {slug!r}") from error
    with outbox.work(tenant_id) as work:
        person_id = ensure_person(work, identity)
        waiting = work.execute("SELECT close_tenant()").scalar_one()
        if waiting is None:
            raise StillInUse("this is the holding's own tenant, or was closed this moment")
        if waiting:
            raise still_waiting(waiting, "decide, cancel or let expire what waits")
        stopped = stop_sources(work)
        work.record(
            actor_of(identity, person_id),
            "setup:tenant:closed",
            ("tenant", str(tenant_id)),
            before={"closed": False},
            after={"closed": True},
        )
    return stopped


def limit_subsidiary(work: Work, identity: Identity, rate: Rate | None) -> dict[str, int] | None:
    """Limit what a tenant's senders may send together; None is as the edge's settings say.

    Args:
        work: In the tenant, as awgp_web. Its row is locked from here on.

    Returns:
        What its limit was: the caller undoes the work where that is not what was seen.

    Raises:
        TenantClosed: Nothing is sent to it any more.
        StillInUse: It is the holding's own.
    """
    person_id = ensure_person(work, identity)
    after = None if rate is None else rate.as_json()
    wanted = None if after is None else Jsonb(after)
    found = work.execute("SELECT rate_before FROM limit_tenant(:wanted)", wanted=wanted)
    row = found.one_or_none()
    if row is None:
        raise StillInUse(
            "this is the holding's own tenant: `awgp tenant limit` limits it at the machine"
        )
    before: dict[str, int] | None = row.rate_before
    note_limited(work, actor_of(identity, person_id), before=before, after=after)
    return before


def note_limited(
    work: Work, actor: Actor, *, before: dict[str, int] | None, after: dict[str, int] | None
) -> None:
    """The record of it, in the tenant's own trail."""
    work.record(
        actor,
        "setup:tenant:limited",
        ("tenant", str(work.tenant_id)),
        before={"rate": before},
        after={"rate": after},
    )


def still_waiting(runs: int, what_to_do: str) -> StillInUse:
    """Why a tenant cannot be closed yet."""
    counted = "1 run is" if runs == 1 else f"{runs} runs are"
    return StillInUse(f"{counted} not over yet; {what_to_do}")


def stop_sources(work: Work) -> int:
    """Let no source of a tenant that closes send any more; returns how many could."""
    return work.execute("UPDATE sources SET active = false WHERE active").rowcount
