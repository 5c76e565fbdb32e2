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


def run_script(name: str) -> None:
    # The driver itself, without parameters: `%` in SQL means itself here.
    raw_connection(op.get_bind()).execute((HERE / f"{name}.sql").read_bytes())


def upgrade() -> None:
    for name in SCRIPTS:
        run_script(name)


def downgrade() -> None:
    raise NotImplementedError("Restore a backup instead.")
