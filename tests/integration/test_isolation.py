"""Every table, as the other tenant: rows of both in each, and nobody touches a stranger's."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from ops.database import raw_connection
from ops.embedded.running import Running
from ops.logins import LOGINS
from pipeline.database import enter_tenant, tenant_transaction
from tests.integration.conftest import Database
from tests.integration.driving import filled_database
from tests.integration.test_catalogue import OF_NO_TENANT
from tests.integration.test_grants import expected
from tests.integration.world import World

pytestmark = pytest.mark.services

# Reads every tenant's rows of what it may read at all; the holding's, where no tenant is entered.
SEES_ALL: Final = frozenset({"awgp_holding", "awgp_operator"})
# Looks for what is overdue in every tenant, in its two tables.
RELAY: Final = "awgp_relay"
TENANT_BOUND: Final = tuple(
    login for login in LOGINS if login not in {"awgp_owner", RELAY, *SEES_ALL}
)
PRIVILEGE_MISSING: Final = "42501"
NO_TENANT: Final = {"22P02", "42704"}  # '' is no uuid; the setting was never set


@pytest.fixture(scope="module")
def filled(
    cluster: Running, furnished: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Rows of both tenants in every table, made once: what is tried here changes nothing."""
    folder = tmp_path_factory.mktemp("filled")
    with filled_database(cluster, furnished, "awgp_filled", folder) as database:
        yield database


@pytest.fixture(autouse=True)
def _connections_are_given_back(filled: Database) -> Iterator[None]:
    yield
    filled.dispose()


@contextmanager
def superuser(database: Database) -> Iterator[Connection]:
    engine = database.admin
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def tables(database: Database) -> list[str]:
    """Those that hold anything of a tenant's."""
    with superuser(database) as connection:
        return list(
            connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'awgp'::regnamespace"
                    " AND relkind IN ('r', 'p') AND NOT relispartition"
                    " AND NOT relname = ANY (:of_no_tenant) ORDER BY 1"
                ),
                {"of_no_tenant": OF_NO_TENANT},
            ).scalars()
        )


def may(login: str, table: str, right: str) -> bool:
    return any(each.startswith(right) for each in expected().get((login, table), ()))


def engine_of(database: Database, login: str) -> Engine:
    return database.owner if login == "awgp_owner" else database.engine(login, pool_size=1)


def tenants_in(connection: Connection, table: str) -> set[UUID]:
    found = connection.execute(text(f"SELECT tenant_id FROM {table}"))  # from the catalogue
    return set(found.scalars())


def sqlstate(error: DBAPIError) -> str:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state or ""


@contextmanager
def refused(*states: str) -> Iterator[None]:
    with pytest.raises(DBAPIError) as caught:
        yield
    assert sqlstate(caught.value) in states, caught.value


def test_there_are_rows_of_both_tenants_in_every_table(filled: Database, world: World) -> None:
    with superuser(filled) as connection:
        lacking = [
            table
            for table in tables(filled)
            if tenants_in(connection, f"awgp.{table}")
            != {world.acme.tenant_id, world.globex.tenant_id}
        ]
    assert lacking == []


def test_every_login_sees_its_tenants_rows_alone(filled: Database, world: World) -> None:
    looked = 0
    for login in (*TENANT_BOUND, "awgp_owner"):
        engine = engine_of(filled, login)
        for table in tables(filled):
            if login != "awgp_owner" and not may(login, table, "select"):
                continue
            if login == "awgp_owner" and table in ("audit_pending", "subject_keys"):
                continue  # the audit's own; test_grants holds that it may not read them
            looked += 1
            for tenant in (world.acme, world.globex):
                with tenant_transaction(engine, tenant.tenant_id) as connection:
                    assert tenants_in(connection, table) == {tenant.tenant_id}, (login, table)
    assert looked > 100


def test_the_holding_reads_all_and_the_relay_what_is_due(filled: Database, world: World) -> None:
    both = {world.acme.tenant_id, world.globex.tenant_id}
    for login in (*SEES_ALL, RELAY):
        with engine_of(filled, login).connect() as connection:
            for table in tables(filled):
                if may(login, table, "select"):
                    # The relay finds the holding, and here is none.
                    seen = set() if (login, table) == (RELAY, "tenants") else both
                    assert tenants_in(connection, table) == seen, (login, table)


def test_the_holding_sees_the_tenant_it_entered_alone(filled: Database, world: World) -> None:
    engine = filled.engine("awgp_holding", pool_size=1)
    looked = 0
    for table in tables(filled):
        if not may("awgp_holding", table, "select"):
            continue
        looked += 1
        for tenant in (world.acme, world.globex):
            with tenant_transaction(engine, tenant.tenant_id) as connection:
                assert tenants_in(connection, table) == {tenant.tenant_id}, table
            # The same connection, after a tenant: all of them again.
            with engine.connect() as connection:
                assert len(tenants_in(connection, table)) == 2, table
    assert looked > 30


def test_without_a_tenant_there_is_an_error_and_no_answer(filled: Database, world: World) -> None:
    for login in (*TENANT_BOUND, "awgp_owner"):
        engine = engine_of(filled, login)
        for table in tables(filled):
            if login != "awgp_owner" and not may(login, table, "select"):
                continue
            if login == "awgp_owner" and table in ("audit_pending", "subject_keys"):
                continue
            for _ in ("a fresh connection", "one that had a tenant"):
                with refused(*NO_TENANT), engine.connect() as connection:
                    tenants_in(connection, table)
                with tenant_transaction(engine, world.acme.tenant_id) as connection:
                    tenants_in(connection, table)
        engine.dispose()


def test_a_connection_forgets_its_tenant_however_it_is_given_back(
    filled: Database, world: World
) -> None:
    engine = filled.engine("awgp_worker", pool_size=1)

    def look() -> None:
        with engine.connect() as connection:
            tenants_in(connection, "runs")

    with tenant_transaction(engine, world.acme.tenant_id):
        pass
    with refused(*NO_TENANT):
        look()
    with pytest.raises(ZeroDivisionError), tenant_transaction(engine, world.acme.tenant_id):
        raise ZeroDivisionError
    with refused(*NO_TENANT):
        look()
    with pytest.raises(DBAPIError), tenant_transaction(engine, world.acme.tenant_id) as broken:
        broken.execute(text("SELECT 1 / 0"))
    with refused(*NO_TENANT):
        look()
    # A savepoint rolled back takes its own tenant along, not the transaction's.
    with tenant_transaction(engine, world.acme.tenant_id) as outer:
        inner = outer.begin_nested()
        enter_tenant(outer, world.globex.tenant_id)
        assert tenants_in(outer, "runs") == {world.globex.tenant_id}
        inner.rollback()
        assert tenants_in(outer, "runs") == {world.acme.tenant_id}


def test_tenants_in_turn_on_shared_connections_never_mix(filled: Database, world: World) -> None:
    engine = filled.engine("awgp_worker", pool_size=2)
    strangers: list[set[UUID]] = []

    def look(tenant_id: UUID) -> None:
        for _ in range(60):
            with tenant_transaction(engine, tenant_id) as connection:
                seen = tenants_in(connection, "runs")
            if seen != {tenant_id}:
                strangers.append(seen)

    threads = [
        threading.Thread(target=look, args=(tenant.tenant_id,))
        for tenant in (world.acme, world.globex) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert strangers == []


def columns_of(connection: Connection, table: str) -> list[tuple[str, bool]]:
    """(name, whether the database makes it itself)."""
    return [
        (row[0], row[1])
        for row in connection.execute(
            text(
                "SELECT attname, attidentity <> '' FROM pg_attribute"
                " WHERE attrelid = to_regclass('awgp.' || :table) AND attnum > 0"
                " AND NOT attisdropped ORDER BY attnum"
            ),
            {"table": table},
        )
    ]


def row_of(filled: Database, table: str, tenant_id: UUID) -> dict[str, Any]:
    """A real row of a tenant, as the superuser reads it, without what the database makes."""
    with superuser(filled) as connection:
        made = {name for name, by_database in columns_of(connection, table) if by_database}
        row = (
            connection.exec_driver_sql(
                f"SELECT * FROM awgp.{table} WHERE tenant_id = %s LIMIT 1",
                (tenant_id,),
            )
            .mappings()
            .one()
        )
    return {name: value for name, value in row.items() if name not in made}


def insert(connection: Connection, table: str, row: dict[str, Any], columns: Sequence[str]) -> None:
    raw = raw_connection(connection)
    values = [row[name] for name in columns]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(name) for name in columns),
        sql.SQL(", ").join(sql.Placeholder() for _ in columns),
    )
    adapted = [Jsonb(value) if isinstance(value, dict | list) else value for value in values]
    try:
        raw.execute(statement, adapted)
    except psycopg.Error as error:
        raise DBAPIError(None, None, error) from error


def test_nobody_writes_a_row_of_another_tenant(filled: Database, world: World) -> None:
    """The row itself is sound, taken from the other tenant: it is refused for its tenant alone."""
    tried = 0
    for login in TENANT_BOUND:
        engine = engine_of(filled, login)
        for table in tables(filled):
            rights = [r for r in expected().get((login, table), ()) if r.startswith("insert")]
            if not rights:
                continue
            row = row_of(filled, table, world.globex.tenant_id)
            columns = list(row) if rights == ["insert"] else rights[0][7:-1].split(",")
            tried += 1
            with (
                refused(PRIVILEGE_MISSING, *LAWS),
                tenant_transaction(engine, world.acme.tenant_id) as connection,
            ):
                insert(connection, table, row, columns)
    assert tried > 40


# A trigger may speak before the row's tenant is looked at; it sees its own tenant's rows only.
LAWS: Final = ("AW001", "AW003", "AW004", "AW006", "AW007")


def test_a_refusal_for_the_tenant_is_row_securitys_own(filled: Database, world: World) -> None:
    row = row_of(filled, "persons", world.globex.tenant_id)
    engine = filled.engine("awgp_web")
    with (
        pytest.raises(DBAPIError, match="row-level security policy for table"),
        tenant_transaction(engine, world.acme.tenant_id) as connection,
    ):
        insert(connection, "persons", row, list(row))


def test_nobody_updates_or_deletes_a_row_of_another_tenant(filled: Database, world: World) -> None:
    tried = 0
    for login in (*TENANT_BOUND, "awgp_owner"):
        engine = engine_of(filled, login)
        for table in tables(filled):
            rights = expected().get((login, table), frozenset())
            if login == "awgp_owner" and not table.startswith(("audit_", "subject_")):
                rights = frozenset({"select", "update(tenant_id)", "delete"})
            for right in rights:
                if right.startswith("update"):
                    column = right[7:-1].split(",")[0]
                    # Self-assignment: nothing stands in its way but the tenant.
                    statement = f"UPDATE {table} SET {column} = {column} WHERE tenant_id = :other"
                elif right == "delete":
                    statement = f"DELETE FROM {table} WHERE tenant_id = :other"
                else:
                    continue
                tried += 1
                with tenant_transaction(engine, world.acme.tenant_id) as connection:
                    done = connection.execute(text(statement), {"other": world.globex.tenant_id})
                    assert done.rowcount == 0, (login, table, right)
    assert tried > 60


def test_a_row_cannot_be_moved_to_another_tenant(filled: Database, world: World) -> None:
    # Only the owner may write tenant_id at all.
    for table in ("persons", "sources", "due"):
        with (
            pytest.raises(DBAPIError, match="row-level security"),
            tenant_transaction(filled.owner, world.acme.tenant_id) as connection,
        ):
            connection.execute(
                text(f"UPDATE {table} SET tenant_id = :other"),
                {"other": world.globex.tenant_id},
            )


def foreign_keys(filled: Database) -> list[tuple[str, str, list[str]]]:
    """(table, constraint, its columns beside tenant_id)."""
    with superuser(filled) as connection:
        return [
            (row[0], row[1], row[2])
            for row in connection.execute(
                text(
                    "SELECT c.relname, con.conname, array_agg(a.attname::text ORDER BY a.attnum)"
                    " FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid"
                    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (con.conkey)"
                    " WHERE con.contype = 'f' AND con.connamespace = 'awgp'::regnamespace"
                    " AND cardinality(con.conkey) > 1 AND a.attname <> 'tenant_id'"
                    " GROUP BY 1, 2 ORDER BY 1, 2"
                )
            )
        ]


def test_no_row_refers_to_another_tenants_row(filled: Database, world: World) -> None:
    """As the superuser, whom no policy stops: the keys themselves refuse, each alone."""
    keys = foreign_keys(filled)
    assert len(keys) > 30
    tried = 0
    for table, constraint, columns in keys:
        row = row_of(filled, table, world.acme.tenant_id)
        other = row_of(filled, table, world.globex.tenant_id)
        wanted = {name: other[name] for name in columns}
        if None in wanted.values():
            continue
        if all(row[name] == value for name, value in wanted.items()):
            # Versions and digests may be the same in both tenants: one that nobody has.
            wanted = {name: NOBODYS.get(type(row[name]), bytes(32)) for name in columns}
        tried += 1
        with superuser(filled) as connection:
            raw = raw_connection(connection)
            raw.execute(ALONE.format(constraint))
            assignments = sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
                for name, value in wanted.items()
            )
            statement = sql.SQL(
                "UPDATE awgp.{0} SET {1} WHERE ctid = (SELECT ctid FROM awgp.{0}"
                " WHERE tenant_id = {2} LIMIT 1)"
            ).format(sql.Identifier(table), assignments, sql.Literal(world.acme.tenant_id))
            with pytest.raises(psycopg.errors.ForeignKeyViolation) as caught:
                raw.execute(statement)
            assert caught.value.diag.constraint_name == constraint
            connection.rollback()
    assert tried > 25


NOBODYS: Final = {int: 999, str: "sha256:" + "0" * 64}
# Without triggers of ours and every other key, rolled back: what refuses is this key.
ALONE: Final = """DO $$ DECLARE it record; BEGIN
    SET LOCAL search_path = awgp;
    SET CONSTRAINTS ALL IMMEDIATE;
    FOR it IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
        WHERE contype IN ('f', 'c') AND connamespace = 'awgp'::regnamespace AND conislocal
            AND conname <> '{}'
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.owner, it.conname); END LOOP;
    FOR it IN SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'awgp'::regnamespace AND NOT relispartition
    LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', it.name); END LOOP;
END $$"""


def test_a_source_tells_its_tenant_and_nothing_more(filled: Database, world: World) -> None:
    for login in ("awgp_ingest", "awgp_web"):
        with filled.engine(login).connect() as connection:
            found = connection.execute(
                text("SELECT * FROM resolve_source(:id)"), {"id": world.acme.source_id}
            ).all()
            nothing = connection.execute(
                text("SELECT * FROM resolve_source(:id)"), {"id": uuid4()}
            ).all()
            slug = connection.execute(text("SELECT * FROM resolve_tenant('globex')")).all()
        assert [tuple(row) for row in found] == [(world.acme.tenant_id,)]
        assert [tuple(row) for row in nothing] == [(None,)]
        assert [tuple(row) for row in slug] == [(world.globex.tenant_id,)]


def test_the_doors_with_their_owners_rights_reach_these_columns_alone() -> None:
    stated = {
        table: rights for (role, table), rights in expected().items() if role == "awgp_definer"
    }
    before_a_tenant = {
        # Counted and aged by queue_figures() and sealing_waits(), never shown.
        "audit_pending": {"select(tenant_id,pending_id,record)"},
        "dead_letters": {"select(tenant_id,stage,created_at,replayed_at,discarded_at)"},
        "handoffs": {
            "select(tenant_id,stage,next_send_at,not_before,failures,lease_until,created_at)"
        },
        # The name and digest of a runtime, by known_runtime(): a fact of the machine.
        "assistant_versions": {"select(tenant_id,runtime_name,runtime_digest,created_at)"},
    }
    in_one_tenant = {
        # What note_notices() reads and makes of a record.
        "approvals": {"select(tenant_id,approval_id,run_id,epoch,requirement)"},
        "assistants": {"select(tenant_id,assistant_id,name)"},
        "notice_channels": {
            "select(tenant_id,channel_id,events,rules,assistants,active,removed_at)"
        },
        # What accept_tick() makes of a schedule's tick.
        "run_payloads": {"insert(tenant_id,run_id,epoch,content_type,payload,digest_key)"},
        # The head of a new tenant's log, by open_tenant().
        "audit_heads": {"insert(tenant_id,hash)"},
    }
    both = {
        "due": {
            "select(tenant_id,kind,next_send_at,sends)",
            "insert(tenant_id,due_id,kind,subject_id,next_send_at)",
        },
        "idempotency_keys": {
            "delete",
            "select(tenant_id,run_id)",
            "insert(tenant_id,scope,key,request_digest,run_id)",
        },
        # Made in one tenant; those that are over are forgotten in every one, by forget_notices().
        "notices": {
            "insert(tenant_id,notice_id,channel_id,record_id,event,run_id,approval_id)",
            "select(finished_at)",
            "delete",
        },
        # Made by call_back() when a run's end is sealed; forgotten as notices are.
        "run_callbacks": {
            "insert(tenant_id,callback_id,run_id,epoch,target_id,url,outcome,reason)",
            "select(finished_at)",
            "delete",
        },
        "runs": {
            "select(tenant_id,run_id,assistant_id,sealed_at)",
            "insert(tenant_id,run_id,assistant_id,source_id,requester_kind,origin)",
        },
        "sources": {"select(tenant_id,source_id,kind,assistant_id,active,removed_at)"},
        "tenants": {
            "select(tenant_id,slug,kind,closed_at,rate)",
            "insert(tenant_id,slug,name,kind)",
            "update(closed_at,rate)",
        },
    }
    assert stated == before_a_tenant | in_one_tenant | both


def test_what_a_door_does_for_one_tenant_stays_in_it(filled: Database) -> None:
    with superuser(filled) as connection:
        policies = connection.execute(
            text(
                "SELECT c.relname, p.polcmd::text, coalesce(pg_get_expr(p.polqual, p.polrelid), '')"
                " || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') FROM pg_policy p"
                " JOIN pg_class c ON c.oid = p.polrelid"
                " WHERE 'awgp_definer'::regrole = ANY (p.polroles)"
            )
        ).all()
    wide = {(table, command) for table, command, law in policies if "current_tenant" not in law}
    assert wide == {
        ("assistant_versions", "r"),
        ("audit_pending", "r"),
        ("dead_letters", "r"),
        ("due", "r"),
        ("handoffs", "r"),
        ("idempotency_keys", "*"),
        ("notices", "d"),
        ("notices", "r"),
        ("run_callbacks", "d"),
        ("run_callbacks", "r"),
        ("runs", "r"),
        ("sources", "r"),
        ("tenants", "r"),
    }


def test_a_tenant_of_another_form_is_an_error(filled: Database) -> None:
    engine = filled.engine("awgp_worker", pool_size=1)
    for setting in ("", "%", "acme", "' OR true --"):
        with refused("22P02"), engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('app.current_tenant', :it, true)"), {"it": setting}
            )
            tenants_in(connection, "runs")
