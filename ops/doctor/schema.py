"""The schema as the migrations left it: its head, row security, triggers, owners, partitions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg.errors
from alembic.config import Config
from alembic.script import ScriptDirectory

import ops.database
from ops.doctor.check import Check, fail, listed, ok
from ops.doctor.database import REACHED, SUBJECT
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.operator_access import PasswordUnknown

MIGRATE: Final = "`awgp up`, or `awgp database migrate` on a server of your own"
BY_HAND: Final = "somebody changed the schema by hand: find out who, then "
TABLES: Final = (
    "FROM pg_class c WHERE c.relnamespace = to_regnamespace('awgp') AND c.relkind IN ('r', 'p')"
)
# Table and trigger. A test compares this with what the migrations make.
TRIGGERS: Final = frozenset(
    {
        ("approval_persons", "a_place_has_a_vote"),
        ("approvals", "approval_notes_what_is_asked"),
        ("approvals", "approval_rules_hold"),
        ("audit_checkpoints", "append_only"),
        ("audit_heads", "head_forward"),
        ("audit_heads", "head_kept"),
        ("audit_log", "append_only"),
        ("audit_log", "completions_are_told"),
        ("audit_pending", "pending_kept"),
        ("audit_pending", "records_are_told"),
        ("audit_segments", "append_only"),
        ("author_keys", "revoked_for_good"),
        ("decision_links", "decision_link_holds"),
        ("delegations", "delegation_holds"),
        ("reviews", "review_holds"),
        ("runs", "run_calls_back"),
        ("runs", "run_move"),
        ("votes", "a_vote_has_a_name"),
        ("votes", "vote_in_time"),
    }
)
OF_A_PARTITION: Final = ("append_only", "completions_are_told")
AUDIT_OWNER: Final = "awgp_audit_owner"
AUDIT_TABLES: Final = frozenset(
    {
        *("audit_checkpoints", "audit_heads", "audit_log", "audit_pending", "audit_segments"),
        "subject_keys",
    }
)


def expected_head() -> str:
    """The newest migration of this version of the product."""
    configuration = Config()
    folder = Path(ops.database.__file__).parent / "migrations"
    configuration.set_main_option("script_location", str(folder))
    return str(ScriptDirectory.from_config(configuration).get_current_head())


def head(system: System) -> Iterator[Check]:
    wanted = expected_head()
    try:
        with system.as_login("awgp_owner") as connection:
            rows = connection.execute("SELECT version_num FROM awgp_migrations.alembic_version")
            found = [row[0] for row in rows]
    except (PasswordUnknown, psycopg.errors.OperationalError):
        with system.look() as connection:
            rows = connection.execute("SELECT version_num FROM awgp_migrations.alembic_version")
            found = [row[0] for row in rows]
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        found = []
    if found == [wanted]:
        yield ok("migrations", f"at {wanted}, the newest")
    elif not found:
        yield fail("migrations", "the schema was never made", MIGRATE)
    else:
        said = f"at {', '.join(found)}; this version of AWGP needs {wanted}"
        mend = MIGRATE if found[0] < wanted else "run the version of AWGP that made it"
        yield fail("migrations", said, mend)


def row_security(system: System) -> Iterator[Check]:
    """Enabled, forced and with a policy; partitions have none, which closes them."""
    with system.look() as connection:
        rows = connection.execute(
            f"SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, EXISTS"  # noqa: S608  # our own constant
            f" (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) {TABLES} ORDER BY 1"
        ).fetchall()
    sound = True
    for table, enabled, forced, is_partition, has_policy in rows:
        if not enabled or not forced:
            sound = False
            verb = "FORCE" if enabled else "ENABLE"
            said = f"{table} is not {'forced' if enabled else 'enabled'}: tenants may see others'"
            yield fail(
                f"row security of {table}",
                said,
                f"{BY_HAND}ALTER TABLE awgp.{table} {verb} ROW LEVEL SECURITY",
            )
        elif not is_partition and not has_policy:
            sound = False
            yield fail(
                f"row security of {table}",
                f"{table} has no policy: nobody can use it",
                f"{BY_HAND}restore the policy from ops/migrations",
            )
    if not rows:
        yield fail("row security", "there are no tables", MIGRATE)
    elif sound:
        yield ok("row security", f"enabled and forced on {len(rows)} tables")


def triggers(system: System) -> Iterator[Check]:
    with system.look() as connection:
        found = connection.execute(
            "SELECT c.relname, t.tgname, t.tgenabled = 'O' FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
            " AND c.relnamespace = to_regnamespace('awgp')"
        ).fetchall()
        partitions = connection.execute(
            f"SELECT c.relname {TABLES} AND c.relispartition"  # our own constant
        ).fetchall()
    wanted = TRIGGERS | {(row[0], name) for row in partitions for name in OF_A_PARTITION}
    armed = {(table, name) for table, name, is_on in found if is_on}
    missing = wanted - armed
    for table, name in sorted(missing):
        there = any(each[:2] == (table, name) for each in found)
        mend = (
            f"ALTER TABLE awgp.{table} ENABLE TRIGGER {name}"
            if there
            else "make it again as ops/migrations does"
        )
        yield fail(
            f"trigger {name} of {table}",
            f"{'switched off' if there else 'missing'}: the table no longer keeps its laws",
            f"{BY_HAND}{mend}; then `awgp audit verify`",
        )
    if not missing:
        yield ok("triggers", f"{len(wanted)} present and switched on")


def owners(system: System) -> Iterator[Check]:
    with system.look() as connection:
        rows = connection.execute(
            f"SELECT c.relname, pg_get_userbyid(c.relowner), c.relispartition {TABLES}"
        ).fetchall()
    stray = [
        (name, owner)
        for name, owner, is_partition in rows
        if (name in AUDIT_TABLES or is_partition) and owner != AUDIT_OWNER
    ]
    for name, owner in stray:
        yield fail(
            f"owner of {name}",
            f"{owner}, who may drop it; it must be {AUDIT_OWNER}, as whom nobody logs in",
            f"{BY_HAND}ALTER TABLE awgp.{name} OWNER TO {AUDIT_OWNER}; then `awgp audit verify`",
        )
    if not stray:
        yield ok("audit owner", f"{AUDIT_OWNER} owns what is append-only")


def partitions(system: System) -> Iterator[Check]:
    """The log's months: without one, sealing stops at midnight of the first."""
    with system.look() as connection:
        wanted = connection.execute(
            "SELECT 'audit_log_' || to_char((clock_timestamp() AT TIME ZONE 'UTC')"
            " + make_interval(months => n), 'YYYY_MM') FROM generate_series(0, 1) AS n"
        ).fetchall()
        rows = connection.execute(
            f"SELECT c.relname {TABLES} AND c.relispartition"  # our own constant
        ).fetchall()
    there = {row[0] for row in rows}
    missing = [row[0] for row in wanted if row[0] not in there]
    if missing:
        yield fail(
            "audit partitions",
            f"{listed(missing)} missing: nothing can be sealed then",
            "as awgp_owner: SELECT awgp.ensure_audit_partitions(); the audit worker does it too",
        )
    else:
        yield ok("audit partitions", "this month's and next month's are there")


PROBES: Final = tuple(
    Probe(subject=SUBJECT, name=name, ask=ask, needs=(REACHED,), mend=MIGRATE)
    for name, ask in (
        ("migrations", head),
        ("row security", row_security),
        ("triggers", triggers),
        ("audit owner", owners),
        ("audit partitions", partitions),
    )
)
