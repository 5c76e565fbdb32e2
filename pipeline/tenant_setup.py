"""Open a subsidiary and close it, as the holding's people do from the control plane.

The login awgp_web writes no row of `tenants`: it calls the two functions that may, and only for
subsidiaries (docs/decisions/0063-runtimes-are-told-by-the-machines.md). At the machine,
ops/provision.py does the same as the tables' owner.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg.errors
from sqlalchemy.exc import IntegrityError

from pipeline.identity import Identity, TenantForbidden, actor_of, ensure_person, tenant_id_of
from pipeline.ids import uuid7
from pipeline.outbox import Outbox
from pipeline.registry_names import (
    FieldInvalid,
    NameTaken,
    NotSetUp,
    StillInUse,
    check_slug,
    check_text,
)

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
    now = datetime.now(UTC)
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
        work.schedule("audit.checkpoint", now)
        work.schedule("export.run", now)
        work.record(
            actor_of(identity, person_id),
            "setup:tenant:added",
            ("tenant", str(tenant_id)),
            after={"kind": "subsidiary"},
        )
    return tenant_id


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
            runs = "1 run is" if waiting == 1 else f"{waiting} runs are"
            raise StillInUse(f"{runs} not over yet; decide, cancel or let expire what waits")
        stopped = work.execute("UPDATE sources SET active = false WHERE active").rowcount
        work.record(
            actor_of(identity, person_id),
            "setup:tenant:closed",
            ("tenant", str(tenant_id)),
            before={"closed": False},
            after={"closed": True},
        )
    return stopped
