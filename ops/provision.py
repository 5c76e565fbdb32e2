"""Make a tenant: its row, its audit head and what recurs for it."""

from datetime import UTC, datetime
from uuid import UUID

from pipeline.audit import genesis
from pipeline.ids import uuid7
from pipeline.outbox import Actor, Outbox


def add_tenant(outbox: Outbox, *, slug: str, name: str, kind: str = "subsidiary") -> UUID:
    """Add a tenant, its chain started and its checkpoints and exports scheduled.

    Args:
        outbox: As awgp_owner; no running process may add tenants.
        slug: Short name in groups and URLs; it never changes.
        kind: `subsidiary` or `holding`.
    """
    tenant_id = uuid7()
    now = datetime.now(UTC)
    with outbox.work(tenant_id) as work:
        work.execute(
            "INSERT INTO tenants (tenant_id, slug, name, kind) VALUES (:id, :slug, :name, :kind)",
            id=tenant_id,
            slug=slug,
            name=name,
            kind=kind,
        )
        work.execute(
            "INSERT INTO audit_heads (tenant_id, hash) VALUES (:id, :hash)",
            id=tenant_id,
            hash=genesis(tenant_id),
        )
        work.schedule("audit.checkpoint", now)
        work.schedule("export.run", now)
        work.record(
            Actor(type="system", id="awgp"),
            "setup:tenant:added",
            ("tenant", str(tenant_id)),
            after={"kind": kind},
        )
    return tenant_id
