"""The edge: sources and their schemes, schedules, mappings, targets; and how long notices are kept.

Revision ID: 0004
"""

from pathlib import Path

from alembic import op

from ops.database import raw_connection

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
# Each runs as awgp_owner.
SCRIPTS = (
    "0004_due",
    "0004_notices",
    "0004_sources",
    "0004_schedules",
    "0004_mappings",
    "0004_targets",
    "0004_completed",
    "0004_callbacks",
)
# After all else: what of it the holding may look at.
LAST = "0003_holding_reads"


def upgrade() -> None:
    for name in (*SCRIPTS, LAST):
        # The driver itself, without parameters: `%` in SQL means itself here.
        raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
