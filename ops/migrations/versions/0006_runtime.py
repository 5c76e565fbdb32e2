"""A person ends an execution; the holding limits a tenant over the API; authors sign bundles.

Revision ID: 0006
"""

from pathlib import Path

from alembic import op

from ops.database import raw_connection

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
# Each runs as awgp_owner.
SCRIPTS = ("0006_kill", "0006_tenants", "0006_bundles", "0006_usage", "0006_credentials")
# After all else: what of it the holding may look at.
LAST = "0003_holding_reads"


def upgrade() -> None:
    for name in (*SCRIPTS, LAST):
        # The driver itself, without parameters: `%` in SQL means itself here.
        raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
