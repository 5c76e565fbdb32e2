"""What was written stays: no login, no owner and no superuser by plain SQL changes the trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ops.embedded.running import Running
from ops.logins import LOGINS
from pipeline.audit import genesis
from pipeline.database import enter_tenant
from pipeline.ids import uuid7
from tests.integration.conftest import Database
from tests.integration.driving import filled_database
from tests.integration.world import World

pytestmark = pytest.mark.services

# tables' names come from here or from the catalogue
PERMISSION_DENIED: Final = "42501"
APPEND_ONLY: Final = "AW006"
# The tables' owner, as whom nobody logs in, and the superuser: triggers stop these two.
OWNER: Final = "awgp_audit_owner"
SUPERUSER: Final = "postgres"
EVERYONE: Final = (*LOGINS, OWNER, SUPERUSER)
KEPT: Final = ("audit_log", "audit_checkpoints", "audit_segments")


@pytest.fixture(scope="module")
def sealed(
    cluster: Running, furnished: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Entries, checkpoints, segments and pending records, made once: what is tried is undone."""
    folder = tmp_path_factory.mktemp("sealed")
    with filled_database(cluster, furnished, "awgp_append_only", folder) as database:
        yield database


@contextmanager
def acting(database: Database, who: str, world: World) -> Iterator[Connection]:
    """A transaction of acme's, as any role; what it did is rolled back."""
    if who in (OWNER, SUPERUSER):
        engine = database.admin
    else:
        engine = database.owner if who == "awgp_owner" else database.engine(who, pool_size=1)
    with engine.connect() as connection:
        if who == OWNER:
            connection.execute(text(f"SET ROLE {OWNER}"))
        connection.execute(text("SET LOCAL search_path = awgp"))
        enter_tenant(connection, world.acme.tenant_id)
        yield connection
        connection.rollback()
    engine.dispose()


def state_of(connection: Connection, statement: str, **values: object) -> str:
    """The error a statement ends in; "" when it was carried out."""
    try:
        with connection.begin_nested():
            connection.execute(text(statement), values)
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", error))
    return ""


def partitions(connection: Connection) -> list[str]:
    return list(
        connection.execute(
            text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
        ).scalars()
    )


def changes(table: str) -> tuple[str, ...]:
    return (
        f"UPDATE {table} SET tenant_id = tenant_id",
        f"UPDATE {table} SET tenant_id = tenant_id WHERE false",
        f"DELETE FROM {table}",
        f"DELETE FROM {table} WHERE false",
        f"TRUNCATE {table}",
        f"TRUNCATE {table} CASCADE",
    )


@pytest.mark.parametrize("who", EVERYONE)
def test_nobody_changes_or_removes_what_was_sealed(
    sealed: Database, world: World, who: str
) -> None:
    stopped_by_the_trigger = who in (OWNER, SUPERUSER)
    with acting(sealed, who, world) as connection:
        for table in (*KEPT, *partitions(connection)):
            for statement in changes(table):
                found = state_of(connection, statement)
                wanted = APPEND_ONLY if stopped_by_the_trigger else PERMISSION_DENIED
                assert found == wanted, statement


MERGE: Final = "MERGE INTO audit_checkpoints c USING (SELECT 1) AS one ON c.tenant_id = :tenant "
REPLACING: Final = (
    """INSERT INTO audit_checkpoints (tenant_id, tree_size, note) VALUES (:tenant, 1, 'x')
    ON CONFLICT (tenant_id, checkpoint_id) DO UPDATE SET note = 'x'""",
    f"{MERGE} WHEN MATCHED THEN UPDATE SET note = 'x'",
    f"{MERGE} WHEN MATCHED THEN DELETE",
)


@pytest.mark.parametrize("who", ["awgp_sealer", OWNER, SUPERUSER])
def test_an_insert_that_would_replace_is_refused(sealed: Database, world: World, who: str) -> None:
    with acting(sealed, who, world) as connection:
        for statement in REPLACING:
            found = state_of(connection, statement, tenant=world.acme.tenant_id)
            assert found in (PERMISSION_DENIED, APPEND_ONLY), statement


@pytest.mark.parametrize("who", LOGINS)
def test_no_login_reaches_around_the_triggers(sealed: Database, world: World, who: str) -> None:
    with acting(sealed, who, world) as connection:
        month = partitions(connection)[0]
        for statement in (
            "ALTER TABLE audit_log DISABLE TRIGGER append_only",
            "ALTER TABLE audit_log DISABLE TRIGGER ALL",
            "ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY",
            "DROP TRIGGER append_only ON audit_log",
            f"ALTER TABLE audit_log DETACH PARTITION {month}",
            f"DROP TABLE {month}",
            "DROP TABLE audit_checkpoints",
            "CREATE RULE quiet AS ON DELETE TO audit_log DO INSTEAD NOTHING",
            """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN RETURN NULL; END'""",
            """CREATE TRIGGER quiet BEFORE INSERT ON audit_log FOR EACH ROW
            EXECUTE FUNCTION refuse_change()""",
            "DROP FUNCTION refuse_change() CASCADE",
            "DROP SCHEMA awgp CASCADE",
            "ALTER SCHEMA awgp RENAME TO gone",
            "SELECT make_audit_partition('2031-01-01')",
            f"SET ROLE {OWNER}",
            "SET session_replication_role = replica",
        ):
            assert state_of(connection, statement) == PERMISSION_DENIED, statement


@pytest.mark.parametrize("who", [login for login in LOGINS if login != "awgp_sealer"])
def test_nobody_but_the_sealer_writes_the_log(sealed: Database, world: World, who: str) -> None:
    with acting(sealed, who, world) as connection:
        for table in ("audit_log", *partitions(connection), "audit_checkpoints"):
            statement = f"INSERT INTO {table} DEFAULT VALUES"  # from the catalogue
            assert state_of(connection, statement) == PERMISSION_DENIED, table


def test_the_sealer_writes_the_log_by_its_front_door_only(sealed: Database, world: World) -> None:
    with acting(sealed, "awgp_sealer", world) as connection:
        for table in partitions(connection):
            for verb in ("SELECT 1 FROM", "INSERT INTO"):
                rest = " DEFAULT VALUES" if verb == "INSERT INTO" else ""
                assert state_of(connection, f"{verb} {table}{rest}") == PERMISSION_DENIED


def test_a_head_moves_forward_only(sealed: Database, world: World) -> None:
    # The tables' owner is under row security too, and no policy is for it: it finds no row.
    for who in ("awgp_sealer", SUPERUSER):
        with acting(sealed, who, world) as connection:
            for change in (
                "sequence = sequence, tree_size = tree_size",
                "sequence = sequence - 1, tree_size = tree_size - 1",
                "sequence = 0, tree_size = 0",
            ):
                statement = f"UPDATE audit_heads SET {change}, hash = hash"
                assert state_of(connection, statement) == APPEND_ONLY, (who, change)
            ahead = "UPDATE audit_heads SET sequence = sequence + 1, tree_size = tree_size + 1"
            assert state_of(connection, ahead) == "", who
            assert state_of(connection, "UPDATE audit_heads SET sequence = sequence + 1") == "23514"


def test_a_head_stays_its_tenants(sealed: Database, world: World) -> None:
    with acting(sealed, SUPERUSER, world) as connection:
        statement = (
            "UPDATE audit_heads SET tenant_id = gen_random_uuid(), sequence = sequence + 1,"
            " tree_size = tree_size + 1 WHERE tenant_id = :tenant"
        )
        assert state_of(connection, statement, tenant=world.acme.tenant_id) == APPEND_ONLY


@pytest.mark.parametrize("who", EVERYONE)
def test_nobody_removes_a_head(sealed: Database, world: World, who: str) -> None:
    wanted = APPEND_ONLY if who in (OWNER, SUPERUSER) else PERMISSION_DENIED
    with acting(sealed, who, world) as connection:
        for statement in ("DELETE FROM audit_heads", "TRUNCATE audit_heads"):
            assert state_of(connection, statement) == wanted


HEAD: Final = (
    "INSERT INTO audit_heads (tenant_id, sequence, hash, tree_size, frontier)"
    " VALUES (:tenant, :sequence, :hash, :sequence, :frontier)"
)
EMPTY: Final = bytes(8)


def test_a_head_begins_at_its_tenants_genesis(database: Database) -> None:
    tenant, stranger = uuid7(), uuid7()
    with database.owner.connect() as connection:
        enter_tenant(connection, tenant)

        def begin(sequence: int, hash_: bytes, frontier: bytes) -> str:
            return state_of(
                connection, HEAD, tenant=tenant, sequence=sequence, hash=hash_, frontier=frontier
            )

        assert begin(0, bytes(32), EMPTY) == APPEND_ONLY
        assert begin(0, genesis(stranger), EMPTY) == APPEND_ONLY
        assert begin(1, genesis(tenant), EMPTY) == APPEND_ONLY
        assert begin(0, genesis(tenant), EMPTY + bytes(32)) == APPEND_ONLY
        assert begin(0, genesis(tenant), EMPTY) == ""


@pytest.mark.parametrize("who", EVERYONE)
def test_a_pending_record_is_not_altered_nor_swept_away(
    sealed: Database, world: World, who: str
) -> None:
    wanted = APPEND_ONLY if who in (OWNER, SUPERUSER) else PERMISSION_DENIED
    with acting(sealed, who, world) as connection:
        for statement in (
            "UPDATE audit_pending SET record = record",
            "UPDATE audit_pending SET record = record WHERE false",
            "TRUNCATE audit_pending",
        ):
            assert state_of(connection, statement) == wanted, statement
        if who not in ("awgp_sealer", OWNER, SUPERUSER):
            assert state_of(connection, "DELETE FROM audit_pending") == PERMISSION_DENIED


def test_a_pending_record_names_its_own_tenant(database: Database, world: World) -> None:
    # Sealing one that does not would fail for ever, and every record behind it with it.
    with database.outbox("awgp_ingest").work(world.acme.tenant_id) as work:
        records: list[object] = [{"tenant": str(world.globex.tenant_id)}, {}, {"tenant": None}, []]
        for record in records:
            found = state_of(
                work.connection,
                "INSERT INTO audit_pending (tenant_id, record) VALUES (:tenant, :record)",
                tenant=world.acme.tenant_id,
                record=Jsonb(record),
            )
            assert found == "23514", record


def test_a_pending_records_place_is_the_databases_to_give(database: Database, world: World) -> None:
    with database.outbox("awgp_ingest").work(world.acme.tenant_id) as work:
        found = state_of(
            work.connection,
            "INSERT INTO audit_pending (tenant_id, pending_id, record) VALUES (:tenant, 1, '{}')",
            tenant=world.acme.tenant_id,
        )
    assert found == "428C9"
