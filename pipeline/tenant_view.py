"""Tenants as people see them, with what goes on in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from pipeline.identity import TenantForbidden
from pipeline.run import TERMINAL, Status
from pipeline.work import Work

MOVING: Final = [each.value for each in Status if each not in TERMINAL]
# Each count is by an index that begins with tenant and status.
LOOK: Final = (
    "SELECT t.tenant_id, t.slug, t.name, t.kind, t.created_at, t.closed_at, t.rate,"
    " (SELECT count(*) FROM approvals a WHERE a.tenant_id = t.tenant_id AND a.status = 'open')"
    "  AS open_approvals,"
    " (SELECT count(*) FROM runs r WHERE r.tenant_id = t.tenant_id AND r.status = ANY (:moving))"
    "  AS moving_runs,"
    " (SELECT count(*) FROM dead_letters d WHERE d.tenant_id = t.tenant_id"
    "  AND d.replayed_at IS NULL AND d.discarded_at IS NULL) AS dead_letters"
    " FROM tenants t"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLook:
    """One tenant, and how much goes on in it."""

    tenant_id: UUID
    slug: str
    name: str
    kind: str
    created_at: datetime
    closed_at: datetime | None
    rate: dict[str, int] | None
    open_approvals: int
    moving_runs: int
    dead_letters: int


def look_at_tenant(work: Work) -> TenantLook:
    """Raises: TenantForbidden."""
    row = work.execute(f"{LOOK} WHERE t.tenant_id = :tenant", **_values(tenant=work.tenant_id))
    found = row.mappings().one_or_none()
    if found is None:
        raise TenantForbidden("you have no part in this tenant")
    return TenantLook(**found)


def look_at_all(engine: Engine, *, after: str | None, limit: int) -> Sequence[TenantLook]:
    """Every tenant by its slug. `engine` is of the login awgp_holding."""
    with engine.begin() as connection:
        rows: Any = connection.execute(
            text(
                f"{LOOK} WHERE (CAST(:after AS text) IS NULL OR t.slug > :after)"
                " ORDER BY t.slug LIMIT :limit"
            ),
            _values(after=after, limit=limit),
        )
        return [TenantLook(**row) for row in rows.mappings()]


def _values(**further: Any) -> dict[str, Any]:
    return {"moving": MOVING, **further}
