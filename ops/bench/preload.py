"""Fill the tables with runs that ended long ago, so that a bench sees what size costs.

The rows of one run that really went through are copied, each time under another id, in the
proportions a real run leaves: payload, key, decision, action, execution, audit entries. Triggers
and foreign keys are left out while loading, which takes a superuser and `session_replication_role`;
indexes and checks are not. The copied audit entries stand outside the chain, at sequences nobody
reaches; only what the bench itself seals is verified beside them.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from ops.bench.trunk_rounds import BenchFailed
from pipeline.audit import chain_hash

FIRST_COPIED: Final = 10**12
"""Sequences from here on are copies."""
AT_ONCE: Final = 20_000

# Ids a while back, in the order of time, as real ones are.
IDS: Final = (
    "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT n, uuidv7(make_interval(secs => -86400"
    " + n / 1000.0)) AS new_id, uuidv7() AS other_id"
    " FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n"
)
# Table -> the columns that differ from the row copied; the others are its own.
_COPIES: Final = {
    "runs": {"run_id": "c.new_id"},
    "run_payloads": {"run_id": "c.new_id"},
    "idempotency_keys": {"run_id": "c.new_id", "key": "c.new_id::text"},
    "policy_decisions": {"run_id": "c.new_id"},
    "actions": {"run_id": "c.new_id"},
    "executions": {"run_id": "c.new_id", "execution_id": "c.other_id"},
}
_ENTRIES: Final = """
    INSERT INTO awgp.audit_log (id, "timestamp", occurred_at, tenant_id, actor_type, actor_id,
        action, resource_type, resource_id, before_state, after_state, metadata, integrity_hash,
        sequence, body)
    SELECT gen_random_uuid(), l."timestamp", l.occurred_at, l.tenant_id, l.actor_type, l.actor_id,
        l.action, l.resource_type,
        CASE WHEN l.resource_type = 'run' THEN c.new_id ELSE c.other_id END::text,
        l.before_state, l.after_state, l.metadata, l.integrity_hash,
        :base + c.n * 32 + row_number() OVER (PARTITION BY c.n ORDER BY l.sequence), l.body
    FROM awgp.audit_log l, copied c
    WHERE l.tenant_id = :tenant AND l.sequence < :base AND l.resource_id = ANY (:resources)"""


def preload(admin: Engine, tenants: list[UUID], count: int) -> int:
    """Load `count` finished runs, spread evenly; each tenant must have completed one.

    Returns:
        How many audit entries came with them.
    """
    for tenant in tenants:
        _fill(admin, tenant, count // len(tenants))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
        found = connection.execute(
            text("SELECT count(*) FROM awgp.audit_log WHERE sequence >= :base"),
            {"base": FIRST_COPIED},
        )
        return int(found.scalar_one())


def check_new_entries(admin: Engine, tenants: list[UUID]) -> int:
    """Follow the chain of what was really sealed; return its length.

    Raises:
        BenchFailed: An entry is missing or does not follow.
    """
    checked = 0
    for tenant in tenants:
        with admin.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT sequence, body, integrity_hash FROM awgp.audit_log"
                    " WHERE tenant_id = :tenant AND sequence < :base ORDER BY sequence"
                ),
                {"tenant": tenant, "base": FIRST_COPIED},
            ).all()
        previous = None
        for number, (sequence, body, stated) in enumerate(rows, 1):
            follows = previous is None or chain_hash(previous, bytes(body)).hex() == stated
            if sequence != number or not follows:
                raise BenchFailed(f"entry {number} of {tenant} is missing or does not follow")
            previous = bytes.fromhex(stated)
        checked += len(rows)
    return checked


def _fill(admin: Engine, tenant: UUID, count: int) -> None:
    statement = text(
        "SELECT r.run_id, e.execution_id FROM awgp.runs r JOIN awgp.executions e"
        " USING (tenant_id, run_id) WHERE r.tenant_id = :tenant LIMIT 1"
    )
    with admin.connect() as connection:
        model = connection.execute(statement, {"tenant": tenant}).one()
    for first in range(1, count + 1, AT_ONCE):
        last = min(count, first + AT_ONCE - 1)
        with admin.begin() as batch:
            batch.execute(text("SET LOCAL session_replication_role = replica"))
            batch.execute(text(IDS), {"first": first, "last": last})
            for table, changed in _COPIES.items():
                copy_rows(batch, table, changed, tenant, model[0])
            batch.execute(
                text(_ENTRIES),
                {"tenant": tenant, "base": FIRST_COPIED, "resources": [str(id_) for id_ in model]},
            )


def copy_rows(
    batch: Connection,
    table: str,
    changed: Mapping[str, str],
    tenant: UUID,
    run_id: UUID,
    values: Mapping[str, object] | None = None,
) -> None:
    """Copy a run's rows of a table once for each row of `copied`; `changed` are SQL by column."""
    columns = list(
        batch.execute(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass)"
                " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
            ),
            {"name": f"awgp.{table}"},
        ).scalars()
    )
    taken = ", ".join(changed.get(name, f"t.{name}") for name in columns)
    statement = (
        f"INSERT INTO awgp.{table} ({', '.join(columns)})"  # noqa: S608  # our own names
        f" SELECT {taken} FROM awgp.{table} t, copied c"
        " WHERE t.tenant_id = :tenant AND t.run_id = :run"
    )
    # Those alone that this table's columns are made of.
    used = {name: value for name, value in (values or {}).items() if f":{name}" in taken}
    batch.execute(text(statement), {"tenant": tenant, "run": run_id, **used})
