"""People: the holding's own reading role, the whole hold, notices, lists that stay fast.

Revision ID: 0003
"""

from pathlib import Path

from alembic import op

from ops.database import raw_connection

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
SCRIPTS = (
    "0003_holding",
    "0003_hold",
    "0003_setup",
    "0003_queues",
    "0003_notices",
    "0003_lists",
)
# Function, and who may call it; they run as awgp_definer.
DEFINERS = {
    "known_runtime(text)": "awgp_web",
    "open_tenant(text, text)": "awgp_web",
    "close_tenant()": "awgp_web",
    # A trigger; whoever writes a record needs no right to it.
    "note_notices()": "awgp_audit_owner",
}


def run_script(name: str) -> None:
    # The driver itself, without parameters: `%` in SQL means itself here.
    raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def upgrade() -> None:
    for name in SCRIPTS:
        run_script(name)
    for function, callers in DEFINERS.items():
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {callers}")
    op.execute("RESET ROLE")
    op.execute("SET LOCAL ROLE awgp_audit_owner")
    op.execute("GRANT INSERT (tenant_id, hash) ON audit_heads TO awgp_definer")
    op.execute(
        "CREATE POLICY definer_opens ON audit_heads FOR INSERT TO awgp_definer WITH CHECK ("
        "tenant_id = (SELECT current_setting('app.current_tenant')::uuid))"
    )
    run_script("0003_audit")
    op.execute(
        "CREATE TRIGGER records_are_told AFTER INSERT ON audit_pending FOR EACH ROW"
        " WHEN (notice_event(NEW.record ->> 'action') IS NOT NULL)"
        " EXECUTE FUNCTION note_notices()"
    )
    # After all else, by each owner of tables: what the holding may look at.
    run_script("0003_holding_reads")
    op.execute("RESET ROLE")
    op.execute("SET LOCAL ROLE awgp_owner")
    run_script("0003_holding_reads")
    op.execute("RESET ROLE")
    for function in DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO awgp_definer")
    op.execute("SET LOCAL ROLE awgp_owner")


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
