"""The trunk: tenants, runs and their stages, the hold, the audit chain.

Revision ID: 0001
"""

from pathlib import Path

from alembic import op

from ops.database import raw_connection

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
# Open before a tenant is known; they run as awgp_definer, who reads these few columns alone.
DEFINERS = (
    "resolve_source(uuid)",
    "resolve_tenant(text)",
    "list_tenants()",
    "forget_idempotency_keys()",
)


def run_script(name: str) -> None:
    # The driver itself, without parameters: `%` in SQL means itself here.
    raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def upgrade() -> None:
    run_script("0001_tables")
    run_script("0001_laws")
    op.execute("SET LOCAL ROLE awgp_audit_owner")
    run_script("0001_audit")
    run_script("0001_access")
    run_script("0001_audit_grants")
    op.execute("SELECT ensure_audit_partitions()")
    op.execute("SET LOCAL ROLE awgp_owner")
    run_script("0001_access")
    run_script("0001_grants")
    for function in DEFINERS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(
        "GRANT EXECUTE ON FUNCTION resolve_source(uuid), resolve_tenant(text) TO awgp_ingest, awgp_web"
    )
    op.execute("GRANT EXECUTE ON FUNCTION forget_idempotency_keys() TO awgp_relay")
    op.execute("GRANT EXECUTE ON FUNCTION list_tenants() TO awgp_exporter, awgp_auditor")
    op.execute("RESET ROLE")
    for function in DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO awgp_definer")
    op.execute("SET LOCAL ROLE awgp_owner")


def downgrade() -> None:
    raise NotImplementedError("The trunk has nothing to go back to; restore a backup instead.")
