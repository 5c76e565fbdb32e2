"""Who may do what to which table: the whole matrix, and who is turned away at the door."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ops.database import raw_connection
from ops.logins import LOGINS, NOBODY_LOGS_IN_AS
from pipeline.database import UnsafeDatabaseRole, database_url, make_engine
from tests.integration.conftest import Database

pytestmark = pytest.mark.services

PRIVILEGES: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

# A login, then a table a line: whole-table rights by name, column rights with their columns.
# What is not here is refused. Nobody but its owner may TRUNCATE, REFERENCE or put a trigger on a
# table, and the audit's owner cannot log in.
MATRIX: Final = """
awgp_owner
  audit_checkpoints    select
  audit_heads          select insert
  audit_log            select
  audit_pending        insert
  audit_segments       select
  subject_keys         select update(envelope)
awgp_ingest
  approvals            select
  assistants           select
  audit_pending        insert
  deliveries           select
  executions           select
  handoffs             insert
  idempotency_keys     select insert
  persons              select insert
  run_payloads         insert
  runs                 select insert
  source_refusals      select insert update(refused,last_at,recent)
  source_secrets       select update(last_used_at)
  sources              select
  subject_keys         select insert
  tenants              select
awgp_web
  actions              select insert
  approval_persons     select insert delete
  approval_rules       select insert update(removed_at)
  approvals            select insert update(status,decided_at,execution_expires_at)
  assistant_targets    select insert
  assistant_versions   select insert
  assistants           select insert update(current_version,active)
  audit_checkpoints    select
  audit_heads          select
  audit_log            select
  audit_pending        insert
  audit_segments       select
  audit_tiles          select insert delete
  author_keys          select insert update(revoked_at,revoked_by_person_id,revoked_because)
  bundle_signatures    select insert
  bundles              select insert
  credentials          select(tenant_id,credential_id,name,header,key_id,saved_by_person_id,
                         created_at) insert delete
  dead_letters         select update(replayed_at,discarded_at)
  decision_links       select insert update(used_at)
  delegations          select insert update(revoked_at,revoked_by_person_id)
  deliveries           select
  due                  select insert update(next_send_at,sends) delete
  executions           select update(exit_reason,detail,finished_at)
  handoffs             select insert update(kill_by_person_id,kill_asked_at) delete
  notice_channels      select insert update(name,kind,target_id,recipients,to_people,
                         events,rules,assistants,with_payload,active,changed_at,removed_at)
  notices              select insert
  persons              select insert update(display_name,removed_at,groups,email,seen_at)
  policy_activations   select insert
  policy_decisions     select insert(tenant_id,run_id,epoch,verdict,code,detail,policy_version)
  policy_sets          select insert
  queue_states         select
  resendings           select insert
  reviews              select insert update(closed_at,closed_by_person_id,verdict,note)
  run_callbacks        select
  run_payloads         select insert
  runs                 select update(epoch,status,reason,payload_epoch,changed_at,sealed_at,
                         replayed_by_person_id)
  schedules            select insert update(expression,zone,jitter_seconds,missed,payload,
                         next_tick,due_id,changed_at,changed_by_person_id)
  source_refusals      select
  source_secrets       select(tenant_id,secret_id,source_id,key_id,rotated_by_person_id,
                         created_at,expires_at,last_used_at) insert update(expires_at) delete
  sources              select insert update(owner_person_id,active,settings,removed_at,
                       scheme_settings,scheme_version,scheme_changed_by_person_id,
                       unsigned_at,unsigned_reason,unsigned_by_person_id,intake,mapping,
                       mapping_changed_at,mapping_changed_by_person_id,callbacks)
  subject_keys         select insert update(envelope,erased_at)
  target_circuits      select update(failures,openings,open_until,probe_until,last_error,
                         changed_at)
  target_header_secrets select(tenant_id,secret_id,target_id,key_id,created_at) insert delete
  target_secrets       select(tenant_id,secret_id,target_id,key_id,created_at) insert delete
  target_versions      select insert
  targets              select insert update(current_version,removed_at,disabled_at,
                         disabled_because)
  tenants              select
  visits               select insert(tenant_id,visit_id,person_id,reason,until) update(ended_at)
  votes                select insert update(withdrawn_at)
  wanted_processes     select
awgp_worker
  actions              select insert
  approval_persons     select insert
  approval_rules       select
  approvals            select insert update(status,decided_at)
  assistant_targets    select
  assistant_versions   select
  assistants           select
  audit_pending        insert
  author_keys          select
  bundle_signatures    select
  bundles              select
  credentials          select
  dead_letters         select insert
  decision_links       select insert
  delegations          select
  deliveries           select insert
  due                  select insert update(next_send_at,sends) delete
  executions           select insert update(exit_reason,exit_code,result,output,truncated,
                         detail,duration_ms,peak_memory_bytes,finished_at,cpu_ms,
                         start_ms,bytes_in,bytes_out)
  handoffs             select insert update(next_send_at,not_before,sends,failures,last_error,
                         lease_owner,lease_until,fence,waits_for) delete
  notice_channels      select
  notices              select update(status,attempts,told,last_error,finished_at)
  persons              select
  policy_activations   select
  policy_decisions     select insert
  policy_sets          select
  queue_states         select
  resendings           select insert update(status,attempts,status_code,response,last_error,
                         duration_ms,finished_at)
  reviews              select
  run_callbacks        select update(status,attempts,status_code,last_error,finished_at)
  run_payloads         select
  runs                 select update(epoch,status,reason,changed_at)
  schedules            select update(next_tick)
  source_secrets       select(tenant_id,secret_id,source_id,key_id,rotated_by_person_id,
                         created_at,expires_at)
  sources              select
  subject_keys         select insert
  target_circuits      select insert update(failures,openings,open_until,probe_until,
                         last_error,changed_at)
  target_header_secrets select
  target_places        select insert update(holder,taken_until)
  target_secrets       select
  target_versions      select
  targets              select update(disabled_at,disabled_because)
  tenants              select
  votes                select
awgp_relay
  audit_pending        insert
  due                  select update(next_send_at,sends)
  handoffs             select update(next_send_at,sends)
  queue_states         select update(state,changed_at,changed_by,reason,changed_in)
  tenants              select(tenant_id,slug,kind,created_at)
  wanted_processes     select
awgp_sealer
  audit_checkpoints    select insert
  audit_heads          select update(sequence,hash,tree_size,frontier,sealed_at)
  audit_log            select insert
  audit_pending        select insert delete
  due                  select update(next_send_at,sends)
  handoffs             select update(next_send_at,not_before,sends,failures,last_error,
                         lease_owner,lease_until,fence) delete
  queue_states         select
  runs                 select update(status,changed_at,sealed_at)
awgp_exporter
  audit_checkpoints    select
  audit_heads          select
  audit_log            select
  audit_pending        insert
  audit_segments       select insert
  due                  select update(next_send_at,sends)
  queue_states         select
awgp_holding
  (whatever awgp_web may select, but for subject_keys and decision_links)
awgp_auditor
  audit_checkpoints    select
  audit_heads          select
  audit_log            select
  audit_pending        select
  audit_segments       select
awgp_operator
  audit_pending        insert
  dead_letters         select
  due                  select update(next_send_at,sends)
  handoffs             select update(next_send_at,sends)
  queue_states         select update(state,changed_at,changed_by,reason,changed_in)
  tenants              select
  wanted_processes     select insert update(number,changed_at,changed_by,reason)
awgp_audit_owner
awgp_definer
  approvals            select(tenant_id,approval_id,run_id,epoch,requirement)
  assistant_versions   select(tenant_id,runtime_name,runtime_digest,created_at)
  assistants           select(tenant_id,assistant_id,name)
  audit_heads          insert(tenant_id,hash)
  audit_pending        select(tenant_id,pending_id,record)
  dead_letters         select(tenant_id,stage,created_at,replayed_at,discarded_at)
  due                  select(tenant_id,kind,next_send_at,sends) insert(tenant_id,due_id,
                         kind,subject_id,next_send_at)
  handoffs             select(tenant_id,stage,next_send_at,not_before,failures,lease_until,
                         created_at)
  idempotency_keys     select(tenant_id,run_id) delete insert(tenant_id,scope,key,
                         request_digest,run_id)
  notice_channels      select(tenant_id,channel_id,events,rules,assistants,active,removed_at)
  notices              select(finished_at) insert(tenant_id,notice_id,channel_id,record_id,
                         event,run_id,approval_id) delete
  run_callbacks        select(finished_at) insert(tenant_id,callback_id,run_id,epoch,
                         target_id,url,outcome,reason) delete
  run_payloads         insert(tenant_id,run_id,epoch,content_type,payload,digest_key)
  runs                 select(tenant_id,run_id,assistant_id,sealed_at) insert(tenant_id,run_id,
                         assistant_id,source_id,requester_kind,origin)
  sources              select(tenant_id,source_id,kind,assistant_id,active,removed_at)
  tenants              select(tenant_id,slug,kind,closed_at,rate) insert(tenant_id,slug,
                         name,kind) update(closed_at,rate)
"""


def of_the_holding(
    rights: dict[tuple[str, str], frozenset[str]],
) -> dict[tuple[str, str], frozenset[str]]:
    """What the matrix says of awgp_holding in words; a key opens what people may have erased."""
    selects = {
        table: frozenset(right for right in given if right.startswith("select"))
        for (login, table), given in rights.items()
        if login == "awgp_web" and table not in {"subject_keys", "decision_links"}
    }
    return {("awgp_holding", table): given for table, given in selects.items() if given}


def expected() -> dict[tuple[str, str], frozenset[str]]:
    rights: dict[tuple[str, str], frozenset[str]] = {}
    login = ""
    # A list of columns may go on in the next line, after its comma.
    for line in re.sub(r",\n +", ",", MATRIX.strip()).splitlines():
        if not line.startswith(" "):
            login = line.strip()
            continue
        if line.strip().startswith("("):
            rights |= of_the_holding(rights)
            continue
        table, _, given = line.strip().partition(" ")
        rights[login, table] = frozenset(given.split())
    return rights


def actual(database: Database, roles: tuple[str, ...]) -> dict[tuple[str, str], frozenset[str]]:
    """Every right of these roles that they do not have as owners, PUBLIC's included."""
    rights: dict[tuple[str, str], set[str]] = {}
    with database.admin.connect() as connection:
        whole = connection.execute(
            text(
                "SELECT r.rolname, c.relname, lower(p) FROM pg_class c, pg_roles r,"
                " unnest(CAST(:privileges AS text[])) AS p"
                " WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
                " AND r.rolname = ANY (:roles) AND r.oid <> c.relowner"
                " AND has_table_privilege(r.oid, c.oid, p)"
            ),
            {"roles": list(roles), "privileges": list(PRIVILEGES)},
        ).all()
        columns = connection.execute(
            text(
                "SELECT r.rolname, c.relname,"
                " lower(p) || '(' || string_agg(a.attname, ',' ORDER BY a.attnum) || ')'"
                " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0,"
                " pg_roles r, unnest(CAST(:privileges AS text[])) AS p"
                " WHERE c.relnamespace = 'awgp'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
                " AND r.rolname = ANY (:roles) AND r.oid <> c.relowner"
                " AND p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')"
                " AND NOT has_table_privilege(r.oid, c.oid, p)"
                " AND has_column_privilege(r.oid, c.oid, a.attnum, p) GROUP BY 1, 2, p"
            ),
            {"roles": list(roles), "privileges": list(PRIVILEGES)},
        ).all()
    for role, table, right in (*whole, *columns):
        rights.setdefault((role, table), set()).add(right)
    return {key: frozenset(found) for key, found in rights.items()}


def test_every_login_has_these_rights_and_no_other(database: Database) -> None:
    found = actual(database, (*LOGINS, *NOBODY_LOGS_IN_AS))
    stated = expected()
    differing = {
        key: {"stated": sorted(stated.get(key, ())), "found": sorted(found.get(key, ()))}
        for key in stated.keys() | found.keys()
        if stated.get(key, frozenset()) != found.get(key, frozenset())
    }
    assert differing == {}


def test_a_role_without_a_line_has_no_rights_at_all(database: Database) -> None:
    stated = {login for login, _ in expected()}
    assert {*LOGINS, *NOBODY_LOGS_IN_AS} - stated == {"awgp_audit_owner"}


def test_everyone_has_no_rights(database: Database) -> None:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) AS a"
                " WHERE c.relnamespace IN ('awgp'::regnamespace, 'awgp_migrations'::regnamespace)"
                " AND a.grantee = 0"
            )
        ).all()
        inside = connection.execute(
            text(
                "SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n"
                " WHERE n.nspname LIKE 'awgp%' AND r.rolname = ANY (:logins)"
                " AND has_schema_privilege(r.oid, n.oid, 'USAGE') AND NOT n.nspname = 'awgp'"
            ),
            {"logins": list(LOGINS)},
        ).all()
    assert found == []
    assert inside == [("awgp_owner", "awgp_migrations")]


def test_no_right_can_be_passed_on(database: Database) -> None:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) AS a"
                " WHERE c.relnamespace = 'awgp'::regnamespace AND a.is_grantable"
                " AND a.grantee <> c.relowner"
                " UNION ALL SELECT c.relname FROM pg_class c JOIN pg_attribute t"
                " ON t.attrelid = c.oid, aclexplode(t.attacl) AS a"
                " WHERE c.relnamespace = 'awgp'::regnamespace AND a.is_grantable"
            )
        ).all()
    assert found == []


# The doors that open before a tenant is known, and the log's next months.
FUNCTIONS: Final = {
    "accept_tick": {"awgp_worker"},
    "close_tenant": {"awgp_web"},
    "ensure_audit_partitions": {"awgp_exporter", "awgp_owner", "awgp_sealer"},
    "forget_callbacks": {"awgp_relay"},
    "forget_idempotency_keys": {"awgp_relay"},
    "forget_notices": {"awgp_relay"},
    "known_runtime": {"awgp_web"},
    "limit_tenant": {"awgp_web"},
    "list_tenants": {"awgp_auditor", "awgp_exporter"},
    "make_audit_partition": set(),
    "note_completion": set(),  # a trigger of audit_log's
    "call_back": set(),
    "note_notices": set(),  # a trigger of audit_pending's
    "open_tenant": {"awgp_web"},
    "queue_figures": {"awgp_operator", "awgp_relay"},
    "resolve_source": {"awgp_ingest", "awgp_web"},
    "resolve_tenant": {"awgp_ingest", "awgp_web"},
    "sealing_waits": {"awgp_operator", "awgp_relay"},
}


def test_a_function_with_its_owners_rights_is_called_by_these_alone(database: Database) -> None:
    with database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT p.proname, array_remove(array_agg(CASE WHEN"
                " has_function_privilege(r.oid, p.oid, 'EXECUTE') THEN r.rolname::text END), NULL)"
                " FROM pg_proc p, pg_roles r WHERE p.pronamespace = 'awgp'::regnamespace"
                " AND p.prosecdef AND r.rolname = ANY (:logins) GROUP BY 1"
            ),
            {"logins": list(LOGINS)},
        ).all()
    assert {name: set(logins) for name, logins in found} == FUNCTIONS


@contextmanager
def a_role(database: Database, *statements: str) -> Iterator[str]:
    """A login of its own, of the whole cluster, gone at the end; yields its URL."""
    name = f"stranger_{database.name}"
    with database.admin.begin() as connection:
        raw = raw_connection(connection)
        raw.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'stranger'").format(sql.Identifier(name))
        )
        for statement in statements:
            raw.execute(sql.SQL(statement).format(sql.Identifier(name)))
    try:
        url = database_url(database.url("awgp_web")).set(username=name, password="stranger")
        yield url.render_as_string(hide_password=False)
    finally:
        with database.admin.begin() as connection:
            raw = raw_connection(connection)
            raw.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            raw.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def connects(url: str) -> bool:
    engine = make_engine(database_url(url), pool_size=1)
    try:
        with engine.connect():
            return True
    finally:
        engine.dispose()


@pytest.mark.parametrize("login", [login for login in LOGINS if login != "awgp_owner"])
def test_every_login_of_a_running_process_is_let_in(database: Database, login: str) -> None:
    assert connects(database.url(login))


@pytest.mark.parametrize("login", ["postgres", "awgp_owner"])
def test_the_superuser_and_the_owner_are_turned_away(database: Database, login: str) -> None:
    if login == "awgp_owner":
        url = database.url(login)
    else:
        url = database.admin.url.render_as_string(hide_password=False)
    with pytest.raises(UnsafeDatabaseRole):
        connects(url)


@pytest.mark.parametrize(
    "made_of",
    [
        "ALTER ROLE {} BYPASSRLS",
        "ALTER ROLE {} SUPERUSER",
        "GRANT awgp_owner TO {}",
        "GRANT awgp_owner TO {} WITH INHERIT FALSE",
        "GRANT awgp_audit_owner TO {} WITH INHERIT FALSE",
        "GRANT awgp_definer TO {} WITH INHERIT FALSE",
        "GRANT postgres TO {} WITH INHERIT FALSE",
    ],
)
def test_a_login_that_is_or_could_become_more_is_turned_away(
    database: Database, made_of: str
) -> None:
    with a_role(database, made_of) as url, pytest.raises(UnsafeDatabaseRole):
        connects(url)


def test_a_superuser_who_poses_as_a_login_is_turned_away(database: Database) -> None:
    with (
        a_role(database, "ALTER ROLE {0} SUPERUSER", "ALTER ROLE {0} SET role = awgp_web") as url,
        pytest.raises(UnsafeDatabaseRole),
    ):
        connects(url)


def test_a_stranger_sees_nothing(database: Database) -> None:
    with a_role(database) as url:
        engine = make_engine(database_url(url), pool_size=1)
        with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text("SELECT 1 FROM awgp.tenants"))
        engine.dispose()
