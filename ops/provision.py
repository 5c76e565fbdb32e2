"""Make a tenant, its row, its audit head and what recurs for it; and close one."""

from typing import Final
from uuid import UUID

import psycopg.errors
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from pipeline.audit import genesis
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.rate import Rate
from pipeline.registry_names import NameTaken, NotSetUp, check_slug, check_text
from pipeline.tenant_setup import note_limited, note_opened, still_waiting, stop_sources
from pipeline.work import SYSTEM, Actor, Work

# What it says where the database refuses a second one.
_TAKEN: Final = {
    "tenants_slug_key": "slug: there is a tenant {slug!r} already; a closed one keeps its slug",
    "tenants_one_holding": "kind: there is a holding already, and one is enough",
}


def add_tenant(
    outbox: Outbox,
    *,
    slug: str,
    name: str,
    kind: str = "subsidiary",
    actor: Actor | None = None,
) -> UUID:
    """Add a tenant, its chain started and its checkpoints and exports scheduled.

    Args:
        outbox: As awgp_owner; no running process may add tenants.
        slug: Short name in groups and URLs; it never changes.
        kind: `subsidiary` or `holding`.

    Raises:
        FieldInvalid: The slug or the name cannot be kept.
        NameTaken: There is a tenant of this slug, or a holding.
    """
    check_slug(slug)
    check_text("name", name)
    tenant_id = uuid7()
    with outbox.work(tenant_id) as work:
        _insert(work, slug, name, kind)
        work.execute(
            "INSERT INTO audit_heads (tenant_id, hash) VALUES (:id, :hash)",
            id=tenant_id,
            hash=genesis(tenant_id),
        )
        note_opened(work, actor or Actor(type="system", id=SYSTEM), kind=kind)
    return tenant_id


def _insert(work: Work, slug: str, name: str, kind: str) -> None:
    try:
        work.execute(
            "INSERT INTO tenants (tenant_id, slug, name, kind) VALUES (:id, :slug, :name, :kind)",
            id=work.tenant_id,
            slug=slug,
            name=name,
            kind=kind,
        )
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        said = _TAKEN[error.orig.diag.constraint_name or ""]
        raise NameTaken(said.format(slug=slug)) from error


def limit_tenant(outbox: Outbox, tenant_id: UUID, rate: Rate | None, *, actor: Actor) -> None:
    """Limit what a tenant's senders may send together; None is as the edge's settings say.

    Args:
        outbox: As awgp_owner.
    """
    with outbox.work(tenant_id) as work:
        before = work.execute(
            "SELECT rate FROM tenants WHERE tenant_id = :id FOR UPDATE", id=tenant_id
        ).scalar_one()
        after = None if rate is None else rate.as_json()
        work.execute(
            "UPDATE tenants SET rate = :rate WHERE tenant_id = :id",
            id=tenant_id,
            rate=None if after is None else Jsonb(after),
        )
        note_limited(work, actor, before=before, after=after)


def close_tenant(outbox: Outbox, tenant_id: UUID, *, actor: Actor) -> int:
    """Close a tenant: its sources stop and nothing new begins in it. Returns how many stopped.

    Nothing is deleted. Checkpoints and exports go on, so what it did stays provable.

    Args:
        outbox: As awgp_owner.

    Raises:
        NotSetUp: It was closed before.
        StillInUse: Runs are not over yet; says how many.
    """
    with outbox.work(tenant_id) as work:
        # Waits for requests that are being accepted this moment: each holds its tenant's row.
        closed = work.execute(
            "SELECT closed_at IS NOT NULL FROM tenants WHERE tenant_id = :id FOR UPDATE",
            id=tenant_id,
        ).scalar_one()
        if closed:
            raise NotSetUp("this tenant is closed already")
        waiting = work.execute("SELECT count(*) FROM runs WHERE sealed_at IS NULL").scalar_one()
        if waiting:
            raise still_waiting(
                waiting,
                "decide or let expire what waits (`awgp runs list`, `awgp approvals list`),"
                " then close the tenant",
            )
        work.execute(
            "UPDATE tenants SET closed_at = clock_timestamp() WHERE tenant_id = :id", id=tenant_id
        )
        stopped = stop_sources(work)
        work.record(actor, "setup:tenant:closed", ("tenant", str(tenant_id)))
    return stopped
