"""The laws every table obeys, read from the catalogue: a table added tomorrow is held to them too.

What stands here is asserted of everything in schema awgp that exists, so an exception has to be
written down, with its reason.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from sqlalchemy import text

from actors.relay import DUE_KINDS
from ops.database import migrate
from ops.logins import LOGINS, NOBODY_LOGS_IN_AS
from pipeline.run import ALLOWED, RAISES_EPOCH
from tests.integration.conftest import Database

pytestmark = pytest.mark.services

UNIQUE_WITHOUT_TENANT: Final[Mapping[str, str]] = {
    "tenants_slug_key": "only the holding's people open tenants, and they may know of each",
    "tenants_one_holding": "as above; it says that there is a holding, which is no secret",
    "audit_log_pkey": "the key of the format's first day; ids are random and only sealed ones",
    "queue_states_pkey": "a queue is shared by all tenants; its state is the operators'",
    "wanted_processes_pkey": "so are the processes that serve it",
}
# One per partition, inherited from audit_log_pkey.
PARTITION_KEY: Final = re.compile(r"audit_log_[0-9]{4}_[0-9]{2}_pkey")
OF_NO_TENANT: Final = ["queue_states", "wanted_processes"]
AUDIT_TABLES: Final = frozenset(
    {
        "audit_checkpoints",
        "audit_heads",
        "audit_log",
        "audit_pending",
        "audit_segments",
        "subject_keys",
    }
)
TABLES: Final = (
    "FROM pg_class c WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind IN ('r', 'p')"
)
# put together from the constant above


def ask(database: Database, statement: str, **values: object) -> list[Any]:
    """Rows as tuples, those of one column as the value itself."""
    with database.admin.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement), values)]
    return [row[0] if len(row) == 1 else row for row in found]


def test_there_are_tables_to_look_at(database: Database) -> None:
    assert len(ask(database, f"SELECT c.relname {TABLES}")) > 30


def test_the_relay_sends_every_kind_of_what_may_be_due(database: Database) -> None:
    (law,) = ask(
        database,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'due_kind_check'",
    )
    assert set(re.findall(r"'([^']+)'", law)) == set(DUE_KINDS)


def test_every_table_has_a_tenant(database: Database) -> None:
    without = ask(
        database,
        f"SELECT c.relname {TABLES} AND NOT EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull"
        " AND a.atttypid = 'uuid'::regtype)",
    )
    assert sorted(without) == OF_NO_TENANT


def test_row_security_is_on_and_forced_on_every_table(database: Database) -> None:
    open_ = ask(
        database,
        f"SELECT c.relname {TABLES} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    )
    assert open_ == []


def test_every_table_has_a_policy_but_partitions_which_are_closed(database: Database) -> None:
    wrong = ask(
        database,
        f"SELECT c.relname {TABLES} AND c.relispartition"
        " = EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)",
    )
    assert wrong == []


def test_every_policy_names_its_roles(database: Database) -> None:
    # Role 0 is PUBLIC.
    public = ask(
        database,
        "SELECT p.polname, c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " WHERE c.relnamespace = 'awgp'::regnamespace AND 0 = ANY (p.polroles)",
    )
    assert public == []


def test_a_policy_that_sees_every_tenant_is_only_for_who_must(database: Database) -> None:
    wide = ask(
        database,
        "SELECT DISTINCT r.rolname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " JOIN pg_roles r ON r.oid = ANY (p.polroles)"
        " WHERE c.relnamespace = 'awgp'::regnamespace AND p.polpermissive"
        " AND coalesce(pg_get_expr(p.polqual, p.polrelid), '') NOT LIKE '%current_tenant%'"
        " AND NOT c.relname = ANY (:of_no_tenant)"
        " ORDER BY 1",
        of_no_tenant=OF_NO_TENANT,
    )
    assert wide == ["awgp_definer", "awgp_operator", "awgp_relay"]


def test_the_holding_reads_by_one_policy_and_does_nothing_else(database: Database) -> None:
    policies = ask(
        database,
        "SELECT DISTINCT p.polcmd::text, p.polpermissive, pg_get_expr(p.polqual, p.polrelid)"
        " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " WHERE 'awgp_holding'::regrole = ANY (p.polroles) AND NOT c.relname = ANY (:of_no_tenant)",
        of_no_tenant=OF_NO_TENANT,
    )
    assert len(policies) == 1
    command, permissive, expression = policies[0]
    assert (command, permissive) == ("r", True)
    # A tenant that is set bounds it on both sides.
    bounds = re.findall(
        r"tenant_id ([<>]=) \( SELECT \(COALESCE\(NULLIF\(current_setting\("
        r"'app.current_tenant'::text, true\)",
        expression,
    )
    assert bounds == [">=", "<="]


def test_the_holding_may_read_what_the_web_shows_but_no_key_and_no_link(database: Database) -> None:
    of_the_web, of_the_holding = (
        set(
            ask(
                database,
                "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a"
                " ON a.attrelid = c.oid WHERE c.relnamespace = 'awgp'::regnamespace"
                " AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
                " AND has_column_privilege(:login, c.oid, a.attnum, 'SELECT')",
                login=login,
            )
        )
        for login in ("awgp_web", "awgp_holding")
    )
    kept_back = of_the_web - of_the_holding
    # What opens personal data, and what decides in somebody's name.
    assert {table for table, _ in kept_back} == {"decision_links", "subject_keys"}
    assert of_the_holding - of_the_web == set()
    assert not any(column == "envelope" for _, column in of_the_holding)


def test_a_policy_of_the_tenant_checks_what_is_written_too(database: Database) -> None:
    expressions = ask(
        database,
        "SELECT DISTINCT pg_get_expr(p.polqual, p.polrelid),"
        " pg_get_expr(p.polwithcheck, p.polrelid), p.polcmd::text"
        " FROM pg_policy p WHERE p.polname = 'own_tenant'",
    )
    assert len(expressions) == 1
    using, check, command = expressions[0]
    assert (using, command) == (check, "*")
    # No default for the setting: a session without a tenant is an error, not an empty answer.
    assert "current_setting('app.current_tenant'::text))::uuid" in using


def test_every_unique_key_holds_the_tenant(database: Database) -> None:
    without = ask(
        database,
        f"SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        f" WHERE x.indisunique AND x.indrelid IN (SELECT c.oid {TABLES})"
        " AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = x.indrelid"
        " AND a.attname = 'tenant_id' AND a.attnum = ANY (x.indkey))",
    )
    lone = {name for name in without if not PARTITION_KEY.fullmatch(name)}
    assert lone == set(UNIQUE_WITHOUT_TENANT)


def test_nobody_running_writes_tenants(database: Database) -> None:
    # The reason tenants.slug may be unique by itself.
    writers = ask(
        database,
        "SELECT DISTINCT r.rolname FROM pg_roles r, unnest(ARRAY['INSERT', 'UPDATE']) AS p"
        " WHERE r.rolcanlogin AND NOT r.rolsuper"
        " AND has_any_column_privilege(r.oid, 'awgp.tenants', p)",
    )
    assert writers == ["awgp_owner"]


def test_every_foreign_key_carries_the_tenant_on_both_sides(database: Database) -> None:
    wrong = ask(
        database,
        "SELECT con.conname FROM pg_constraint con"
        " WHERE con.contype = 'f' AND con.connamespace = 'awgp'::regnamespace AND NOT EXISTS ("
        "  SELECT 1 FROM unnest(con.conkey, con.confkey) AS pair (here, there)"
        "  JOIN pg_attribute h ON h.attrelid = con.conrelid AND h.attnum = pair.here"
        "  JOIN pg_attribute t ON t.attrelid = con.confrelid AND t.attnum = pair.there"
        "  WHERE h.attname = 'tenant_id' AND t.attname = 'tenant_id')",
    )
    assert wrong == []


def test_a_foreign_key_by_the_tenant_alone_leads_to_tenants(database: Database) -> None:
    targets = ask(
        database,
        "SELECT DISTINCT con.confrelid::regclass::text FROM pg_constraint con"
        " WHERE con.contype = 'f' AND con.connamespace = 'awgp'::regnamespace"
        " AND cardinality(con.conkey) = 1",
    )
    assert targets == ["awgp.tenants"]


def test_nothing_looks_at_tables_with_another_ones_rights(database: Database) -> None:
    views = ask(
        database,
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'awgp'::regnamespace"
        " AND (c.relkind = 'm' OR c.relkind = 'v'"
        " AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))",
    )
    rules = ask(
        database,
        "SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        " WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind <> 'v'",
    )
    assert (views, rules) == ([], [])


def test_no_door_opens_beside_the_log(database: Database) -> None:
    partitions = ask(database, f"SELECT c.relname {TABLES} AND c.relispartition ORDER BY 1")
    assert len(partitions) == 4
    granted = ask(
        database,
        "SELECT c.relname, a.grantee::regrole::text FROM pg_class c,"
        " aclexplode(c.relacl) AS a WHERE c.relispartition"
        " AND c.relnamespace = 'awgp'::regnamespace AND a.grantee <> c.relowner",
    )
    columns = ask(
        database,
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relispartition AND c.relnamespace = 'awgp'::regnamespace"
        " AND a.attacl IS NOT NULL",
    )
    assert (granted, columns) == ([], [])


# tgtype: 2 before, 8 DELETE, 16 UPDATE, 32 TRUNCATE; 1, for each row, is not set.
def test_the_log_and_each_of_its_partitions_refuse_change(database: Database) -> None:
    kept = set(
        ask(
            database,
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'refuse_change'"
            " AND t.tgtype = 2 + 8 + 16 + 32 AND t.tgenabled = 'O'",
        )
    )
    partitions = set(ask(database, f"SELECT c.relname {TABLES} AND c.relispartition"))
    assert kept == {"audit_log", "audit_checkpoints", "audit_segments", *partitions}


def test_no_trigger_is_switched_off(database: Database) -> None:
    off = ask(
        database,
        "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE c.relnamespace = 'awgp'::regnamespace AND t.tgenabled <> 'O'",
    )
    assert off == []


def test_a_function_with_its_owners_rights_is_closed_in(database: Database) -> None:
    definers = ask(
        database,
        "SELECT p.proname, p.proconfig, pg_get_userbyid(p.proowner), EXISTS (SELECT 1 FROM"
        " aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)"
        " FROM pg_proc p WHERE p.pronamespace = 'awgp'::regnamespace AND p.prosecdef ORDER BY 1",
    )
    assert [name for name, *_ in definers] == [
        "accept_tick",
        "call_back",
        "close_tenant",
        "ensure_audit_partitions",
        "forget_callbacks",
        "forget_idempotency_keys",
        "forget_notices",
        "known_runtime",
        "limit_tenant",
        "list_tenants",
        "make_audit_partition",
        "note_completion",
        "note_notices",
        "open_tenant",
        "queue_figures",
        "resolve_source",
        "resolve_tenant",
        "sealing_waits",
    ]
    for name, configuration, owner, for_everyone in definers:
        assert configuration == ["search_path=awgp, pg_temp"], name
        assert owner in NOBODY_LOGS_IN_AS, name
        assert for_everyone is False, name


def test_every_function_fixes_its_search_path(database: Database) -> None:
    loose = ask(
        database,
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'awgp'::regnamespace"
        " AND p.proconfig IS DISTINCT FROM ARRAY['search_path=awgp, pg_temp']",
    )
    assert loose == []


def test_the_audit_tables_belong_to_a_role_nobody_is(database: Database) -> None:
    owners = dict(ask(database, f"SELECT c.relname, c.relowner::regrole::text {TABLES}"))
    audit = {name for name, owner in owners.items() if owner == "awgp_audit_owner"}
    partitions = set(ask(database, f"SELECT c.relname {TABLES} AND c.relispartition"))
    assert audit == AUDIT_TABLES | partitions
    assert {owner for name, owner in owners.items() if name not in audit} == {"awgp_owner"}


def test_the_owners_have_no_members_and_nobody_logs_in_as_them(database: Database) -> None:
    roles = ask(
        database,
        "SELECT r.rolname, r.rolcanlogin, count(m.member) FROM pg_roles r"
        " LEFT JOIN pg_auth_members m ON m.roleid = r.oid"
        " WHERE r.rolname = ANY (:roles) GROUP BY 1, 2 ORDER BY 1",
        roles=[*NOBODY_LOGS_IN_AS, "awgp_owner"],
    )
    assert roles == [
        ("awgp_audit_owner", False, 0),
        ("awgp_definer", False, 0),
        ("awgp_owner", True, 0),
    ]


def test_no_login_can_do_more_than_it_is_granted(database: Database) -> None:
    roles = ask(
        database,
        "SELECT rolname FROM pg_roles r WHERE rolname = ANY (:logins) AND rolcanlogin AND NOT ("
        " rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR EXISTS"
        " (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid)) ORDER BY 1",
        logins=list(LOGINS),
    )
    assert roles == sorted(LOGINS)


def test_the_schema_belongs_to_a_role_nobody_is(database: Database) -> None:
    # A schema's owner may drop every table in it, whoever owns the table.
    owner = ask(
        database,
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'awgp'",
    )
    assert owner == ["awgp_audit_owner"]


def test_only_the_owners_make_anything_in_the_schema(database: Database) -> None:
    makers = ask(
        database,
        "SELECT r.rolname FROM pg_roles r WHERE NOT r.rolsuper"
        " AND r.rolname NOT LIKE 'pg\\_%' AND has_schema_privilege(r.oid, 'awgp', 'CREATE')"
        " ORDER BY 1",
    )
    assert makers == ["awgp_audit_owner", "awgp_owner"]
    elsewhere = ask(
        database,
        "SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n WHERE r.rolname ="
        " ANY (:logins) AND n.nspname IN ('public', 'awgp_migrations')"
        " AND has_schema_privilege(r.oid, n.oid, 'CREATE')",
        logins=[login for login in LOGINS if login != "awgp_owner"],
    )
    assert elsewhere == []


def test_no_login_can_put_a_temporary_table_before_a_real_one(database: Database) -> None:
    # A cloned or restored database has its privileges anew; migrating sets them right.
    migrate(database.admin, {})
    able = ask(
        database,
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (:logins)"
        " AND has_database_privilege(oid, current_database(), 'TEMPORARY')",
        logins=list(LOGINS),
    )
    assert able == []


def moves_of(definition: str, name: str) -> set[str]:
    found = re.search(rf"{name} constant text\[\] := ARRAY\[(.*?)\];", definition, re.DOTALL)
    assert found is not None
    return set(re.findall(r"'([a-z]+>[a-z]+)'", found[1]))


def test_the_trigger_and_the_state_table_say_the_same(database: Database) -> None:
    (definition,) = ask(
        database, "SELECT pg_get_functiondef('awgp.check_run_move()'::regprocedure)"
    )
    assert moves_of(definition, "legal") == {
        f"{old}>{new}" for old, others in ALLOWED.items() for new in others
    }
    assert moves_of(definition, "raises_epoch") == {f"{old}>{new}" for old, new in RAISES_EPOCH}


def test_the_trigger_fires_on_every_write_of_a_status(database: Database) -> None:
    (definition,) = ask(
        database,
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'run_move'"
        " AND tgrelid = 'awgp.runs'::regclass",
    )
    columns = "status, epoch, payload_epoch, sealed_at"
    assert f"BEFORE INSERT OR UPDATE OF {columns} ON awgp.runs FOR EACH ROW" in definition
