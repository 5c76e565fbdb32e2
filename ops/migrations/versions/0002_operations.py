"""Queues that can be paused, dead letters that can be put aside, things set up taken away.

Revision ID: 0002
"""

from pathlib import Path

from alembic import op

from ops.database import raw_connection

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
DEFINERS = ("queue_figures()", "sealing_waits()")


def run_script(name: str) -> None:
    # The driver itself, without parameters: `%` in SQL means itself here.
    raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def upgrade() -> None:
    op.execute("RESET ROLE")
    op.execute("GRANT USAGE ON SCHEMA awgp TO awgp_operator")
    op.execute("SET LOCAL ROLE awgp_audit_owner")
    op.execute("GRANT SELECT (tenant_id, pending_id, record) ON audit_pending TO awgp_definer")
    op.execute("CREATE POLICY definer ON audit_pending FOR SELECT TO awgp_definer USING (true)")
    # What operators do to the machine is on record in the holding's trail, and nothing else is
    # written under their login.
    op.execute("GRANT INSERT ON audit_pending TO awgp_operator")
    op.execute(
        "CREATE POLICY operator_records ON audit_pending FOR INSERT TO awgp_operator WITH CHECK ("
        "tenant_id = (SELECT current_setting('app.current_tenant')::uuid)"
        " AND starts_with(record ->> 'action', 'ops:queue:'))"
    )
    op.execute("SET LOCAL ROLE awgp_owner")
    run_script("0002_operations")
    run_script("0002_setup")
    run_script("0002_accept")
    for function in DEFINERS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO awgp_relay, awgp_operator")
    op.execute("RESET ROLE")
    for function in DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO awgp_definer")
    op.execute("SET LOCAL ROLE awgp_owner")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
