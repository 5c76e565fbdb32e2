"""Things broken on purpose: the doctor names exactly that, and how it is mended."""

import json
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from ops import web_ui
from ops.commands.doctor import PROBES
from ops.commands.doctor import command as doctor
from ops.database import migrate
from ops.doctor import broker, database, keys, logins, machine, object_store, schema, signer, work
from ops.doctor.check import Check, State
from ops.doctor.run import Probe, needed, run_probes
from ops.doctor.system import System
from ops.embedded.data_folder import DataFolder, open_data_folder
from ops.embedded.running import Running
from ops.embedded.s3 import s3_admin_client, start_s3
from ops.embedded.secret_files import SECRETS
from ops.embedded.valkey import start_valkey, valkey_url
from ops.logins import LOGINS
from ops.supervisor_client import ProcessState
from pipeline.settings import read_settings
from tests.integration import driving
from tests.integration.conftest import Database, wait_for_disk
from tests.integration.stages import rows
from tests.integration.world import World, submit

pytestmark = pytest.mark.services

OF_THE_DATABASE = (*database.PROBES, *schema.PROBES, *logins.PROBES)
KEY_FILES = [each for each in keys.PROBES if each.name != "envelopes"]
BY_THE_DATABASE = [each for each in work.PROBES if each.name not in ("workers", "processes")]
RING = "test:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
RUNS = (ProcessState(name="relay", state="RUNNING", pid=1, uptime_seconds=1),)


@pytest.fixture(scope="module", autouse=True)
def durable(cluster: Running) -> Iterator[None]:
    """The doctor finds a server ill that does not wait for the disk."""
    wait_for_disk(cluster, wait=True)
    yield
    wait_for_disk(cluster, wait=False)


def shown(data: DataFolder | None, **environ: str) -> System:
    return System(environ=environ, data=data, settings=read_settings(environ))


def patient(database: Database, **environ: str) -> System:
    """A test's own database, as a server of one's own whose logins the data folder knows."""
    url = database.admin.url.render_as_string(hide_password=False)
    return shown(database.cluster.data, AWGP_DATABASE_URL=url, **environ)


def ill(system: System, probes: Sequence[Probe]) -> dict[str, Check]:
    """What is not well, by name."""
    found = list(run_probes(system, probes))
    assert found
    return {each.name: each for each in found if each.state in (State.FAIL, State.WARN)}


@pytest.fixture
def migrated(database: Database) -> Database:
    # A clone of a template has its database's own privileges anew.
    migrate(database.admin, {})
    return database


def test_a_healthy_database_has_nothing_to_mend(migrated: Database) -> None:
    assert ill(patient(migrated), OF_THE_DATABASE) == {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Injury:
    """Statements that break something, those that undo it, and what the doctor must say."""

    done: str
    undone: str = ""
    check: str
    found: str
    mend: str


INJURIES = {
    "row security not forced": Injury(
        done="ALTER TABLE awgp.runs NO FORCE ROW LEVEL SECURITY",
        check="row security of runs",
        found="not forced",
        mend="ALTER TABLE awgp.runs FORCE ROW LEVEL SECURITY",
    ),
    "row security off": Injury(
        done="ALTER TABLE awgp.votes DISABLE ROW LEVEL SECURITY",
        check="row security of votes",
        found="not enabled",
        mend="ALTER TABLE awgp.votes ENABLE ROW LEVEL SECURITY",
    ),
    "a table without a policy": Injury(
        done="DROP POLICY own_tenant ON awgp.decision_links",
        check="row security of decision_links",
        found="no policy",
        mend="restore the policy",
    ),
    "a login past row security": Injury(
        done="ALTER ROLE awgp_worker BYPASSRLS",
        undone="ALTER ROLE awgp_worker NOBYPASSRLS",
        check="role awgp_worker",
        found="has BYPASSRLS",
        mend="ALTER ROLE awgp_worker NOBYPASSRLS",
    ),
    "a login that may become another": Injury(
        done="GRANT awgp_owner TO awgp_ingest",
        undone="REVOKE awgp_owner FROM awgp_ingest",
        check="role awgp_ingest",
        found="may become awgp_owner",
        mend="REVOKE awgp_owner FROM awgp_ingest",
    ),
    "a login that owns a table": Injury(
        done="ALTER TABLE awgp.due OWNER TO awgp_relay",
        check="role awgp_relay",
        found="owns tables",
        mend="awgp_owner",
    ),
    "a login shut out": Injury(
        done="ALTER ROLE awgp_holding NOLOGIN",
        undone="ALTER ROLE awgp_holding LOGIN",
        check="role awgp_holding",
        found="is not LOGIN",
        mend="ALTER ROLE awgp_holding LOGIN",
    ),
    "somebody logs in as the log's owner": Injury(
        done="ALTER ROLE awgp_audit_owner LOGIN",
        undone="ALTER ROLE awgp_audit_owner NOLOGIN",
        check="role awgp_audit_owner",
        found="is not NOLOGIN",
        mend="ALTER ROLE awgp_audit_owner NOLOGIN",
    ),
    "a trigger dropped": Injury(
        done="DROP TRIGGER append_only ON awgp.audit_log",
        check="trigger append_only of audit_log",
        found="missing",
        mend="awgp audit verify",
    ),
    "a trigger switched off": Injury(
        done="ALTER TABLE awgp.runs DISABLE TRIGGER run_move",
        check="trigger run_move of runs",
        found="switched off",
        mend="ALTER TABLE awgp.runs ENABLE TRIGGER run_move",
    ),
    "the log owned by somebody": Injury(
        done="ALTER TABLE awgp.audit_segments OWNER TO awgp_owner",
        check="owner of audit_segments",
        found="awgp_owner, who may drop it",
        mend="OWNER TO awgp_audit_owner",
    ),
    "an old schema": Injury(
        done="UPDATE awgp_migrations.alembic_version SET version_num = '0001'",
        check="migrations",
        found="at 0001; this version of AWGP needs",
        mend="awgp database migrate",
    ),
    "another password": Injury(
        done="ALTER ROLE awgp_exporter PASSWORD 'something else entirely'",
        undone="",
        check="login awgp_exporter",
        found="password authentication failed",
        mend="awgp database migrate --passwords",
    ),
    "commits that do not wait": Injury(
        done="ALTER ROLE awgp_auditor SET synchronous_commit = off",
        undone="ALTER ROLE awgp_auditor RESET synchronous_commit",
        check="synchronous_commit",
        found="may lose what was acknowledged",
        mend="ALTER SYSTEM SET synchronous_commit = on",
    ),
}


@contextmanager
def injured(database: Database, injury: Injury) -> Iterator[None]:
    def run(statements: str) -> None:
        with database.admin.begin() as connection:
            connection.exec_driver_sql(statements)

    run(injury.done)
    try:
        yield
    finally:
        if injury.undone:
            run(injury.undone)
        if "PASSWORD" in injury.done:
            migrate(
                database.admin, {login: database.cluster.data.secret(login) for login in LOGINS}
            )


@pytest.mark.parametrize("injury", INJURIES.values(), ids=INJURIES)
def test_the_doctor_names_what_is_wrong_with_the_database_and_its_remedy(
    migrated: Database, injury: Injury
) -> None:
    # Logging in as everybody takes a while; who is refused there, is named by the roles too.
    tried = injury.check.startswith("login ")
    probes = [each for each in OF_THE_DATABASE if tried or each.name != "logging in"]
    with injured(migrated, injury):
        found = ill(patient(migrated), probes)
    named = found.pop(injury.check)
    assert named.state is State.FAIL
    assert injury.found in named.found
    assert injury.mend in named.mend
    assert found == {}


def test_a_login_its_processes_would_refuse_is_named(migrated: Database) -> None:
    injury = INJURIES["a login past row security"]
    with injured(migrated, injury):
        found = ill(patient(migrated), logins.PROBES)
    assert set(found) == {"role awgp_worker", "login awgp_worker"}
    assert "may bypass row-level security" in found["login awgp_worker"].found


def test_a_month_without_its_partition_is_noticed(migrated: Database) -> None:
    with migrated.admin.begin() as connection:
        months = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c WHERE c.relispartition"
                " AND c.relnamespace = 'awgp'::regnamespace AND c.relkind = 'r' ORDER BY 1"
            )
        ).scalars()
        following = list(months)[1]
        connection.exec_driver_sql(f"DROP TABLE awgp.{following}")
    found = ill(patient(migrated), schema.PROBES)
    assert set(found) == {"audit partitions"}
    assert following in found["audit partitions"].found
    assert "ensure_audit_partitions" in found["audit partitions"].mend


def test_the_expected_triggers_are_the_ones_the_migrations_make(migrated: Database) -> None:
    with migrated.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND c.relnamespace = 'awgp'::regnamespace"
                " AND NOT c.relispartition"
            )
        ).all()
    assert {(row[0], row[1]) for row in found} == schema.TRIGGERS


def test_logins_that_share_a_password_are_named(migrated: Database, tmp_path: Path) -> None:
    data = copied(migrated.cluster.data, tmp_path)
    data.secret_file("awgp_web").write_text(data.secret("awgp_worker"))
    found = ill(replace(patient(migrated), data=data), logins.PROBES)
    assert found["passwords"].found in (
        "awgp_web and awgp_worker share one",
        "awgp_worker and awgp_web share one",
    )


def copied(data: DataFolder, folder: Path) -> DataFolder:
    """The same secrets in a folder of the test's own."""
    root = folder / "data"
    shutil.copytree(data.root / "secrets", root / "secrets")
    return DataFolder(root=root, folder_id=data.folder_id, ports=data.ports)


def test_a_server_that_accepts_and_says_nothing_is_a_failed_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/awgp"
        asked = (*database.PROBES, *schema.PROBES, *signer.PROBES, *BY_THE_DATABASE)
        probes = [replace(probe, limit=0.3) for probe in asked]
        found = list(run_probes(shown(None, AWGP_DATABASE_URL=url), probes))
    states = {each.name: each.state for each in found}
    assert states.pop("reachable") is State.FAIL
    # What hangs on it is not told to be broken too.
    assert set(states.values()) == {State.SKIPPED}


def test_an_administrator_alone_lets_the_schema_be_examined(migrated: Database) -> None:
    system = replace(patient(migrated), data=None)
    found = list(run_probes(system, (*OF_THE_DATABASE, *BY_THE_DATABASE)))
    states = {each.name: each.state for each in found}
    assert State.FAIL not in states.values()
    assert states["row security"] is State.OK
    assert states["relay"] is State.SKIPPED


def test_a_check_that_raises_does_not_stop_the_others_and_quotes_no_row() -> None:
    def quotes(_system: System) -> list[Check]:
        raise ValueError("the payload")

    probes = [
        Probe(subject="s", name="first", ask=quotes),
        Probe(
            subject="s",
            name="second",
            ask=lambda _: [Check(name="second", state=State.OK, found="")],
        ),
    ]
    first, second = run_probes(shown(None), probes)
    assert (first.state, first.found) == (State.FAIL, "unexpected: ValueError")
    assert second.state is State.OK


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-doctor") as running:
        yield running


@contextmanager
def admin_of(valkey: Running) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(valkey_url(valkey.data, "admin"))
    try:
        yield client
    finally:
        client.close()


def test_a_healthy_broker_has_nothing_to_mend(valkey: Running) -> None:
    assert ill(shown(valkey.data), broker.PROBES) == {}


@pytest.mark.parametrize(
    ("done", "undone", "check", "state", "phrase"),
    [
        (
            "CONFIG SET maxmemory-policy allkeys-lru",
            "CONFIG SET maxmemory-policy noeviction",
            "eviction",
            State.FAIL,
            "CONFIG SET maxmemory-policy noeviction",
        ),
        (
            "CONFIG SET appendonly no",
            "CONFIG SET appendonly yes",
            "persistence",
            State.WARN,
            "CONFIG SET appendonly yes",
        ),
        ("ACL SETUSER worker +flushall", "ACL LOAD", "user worker", State.FAIL, "may FLUSHALL"),
        ("ACL SETUSER relay -publish", "ACL LOAD", "user relay", State.FAIL, "may not PUBLISH"),
        (
            "ACL SETUSER ingest ~awgp-session:*",
            "ACL LOAD",
            "user ingest",
            State.FAIL,
            "may GET awgp-session:doctor",
        ),
        ("ACL SETUSER web off", "ACL LOAD", "users", State.FAIL, "awgp up"),
    ],
)
def test_the_doctor_names_what_is_wrong_with_the_broker(
    valkey: Running, done: str, undone: str, check: str, state: State, phrase: str
) -> None:
    with admin_of(valkey) as client:
        client.execute_command(done)  # type: ignore[no-untyped-call]  # the library's own
        try:
            found = ill(shown(valkey.data), broker.PROBES)
        finally:
            client.execute_command(undone)  # type: ignore[no-untyped-call]
    assert set(found) == {check}
    assert found[check].state is state
    assert phrase in f"{found[check].found} {found[check].mend}"


def with_a_wrong_reader(running: Running, folder: Path) -> System:
    """The audit's own store, where the control plane was given a key that is not its own."""
    (folder / "wrong-key").write_text("not the key")
    return shown(
        None,
        AWGP_S3_ENDPOINT=running.url,
        AWGP_S3_ACCESS_KEY=running.data.secret("s3-access-key"),
        AWGP_S3_SECRET_KEY=running.data.secret("s3-secret-key"),
        AWGP_S3_READER_ACCESS_KEY=running.data.secret("s3-reader-access-key"),
        AWGP_S3_READER_SECRET_KEY_FILE=str(folder / "wrong-key"),
    )


def test_a_web_ui_that_was_not_built_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (probe,) = [each for each in machine.PROBES if each.name == "web UI"]
    monkeypatch.setattr(web_ui, "BUILT", tmp_path)
    assert "not built" in ill(shown(None), [probe])["web UI"].found
    (tmp_path / "index.html").touch()
    assert "other sources" in ill(shown(None), [probe])["web UI"].found
    (tmp_path / ".made-from").write_text(web_ui.fingerprint())
    assert ill(shown(None), [probe]) == {}


def test_a_bucket_without_lock_or_versions_is_named(tmp_path_factory: Any) -> None:
    root = tmp_path_factory.mktemp("doctor-s3")
    with start_s3(root) as running:
        assert ill(shown(running.data), object_store.PROBES) == {}
        assert set(ill(with_a_wrong_reader(running, root), object_store.PROBES)) == {"reader"}
        s3_admin_client(running.data).create_bucket(Bucket="loose")
        elsewhere = shown(
            None,
            AWGP_S3_ENDPOINT=running.url,
            AWGP_S3_BUCKET="loose",
            AWGP_S3_ACCESS_KEY=running.data.secret("s3-admin-access-key"),
            AWGP_S3_SECRET_KEY=running.data.secret("s3-admin-secret-key"),
        )
        found = ill(elsewhere, object_store.PROBES)
    assert found["versioning"].state is State.FAIL
    assert "put-bucket-versioning --bucket loose" in found["versioning"].mend
    assert "whoever may write may delete" in found["object lock"].found
    assert "Object Lock" in found["object lock"].mend


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def test_a_lost_key_ring_is_to_be_restored_and_not_made_anew(folder: DataFolder) -> None:
    folder.secret_file("kek").unlink()
    found = ill(shown(folder), KEY_FILES)
    assert "missing" in found["key ring"].found
    assert "restore it from your backup before anything starts" in found["key ring"].mend
    assert not folder.secret_file("kek").exists()


@pytest.mark.parametrize("secret", ["kek", "awgp_web", "checkpoint.key"])
def test_a_secret_others_can_read_is_named(folder: DataFolder, secret: str) -> None:
    folder.secret_file(secret).chmod(0o644)
    found = ill(shown(folder), KEY_FILES)
    assert set(found) == {f"secret file {secret}"}
    assert "0644" in found[f"secret file {secret}"].found
    assert f"chmod 600 {folder.secret_file(secret)}" in found[f"secret file {secret}"].mend


def test_keys_that_are_none_are_named_without_showing_them(folder: DataFolder) -> None:
    folder.secret_file("kek").write_text("k1:Zm9vYmFyc2VjcmV0")
    folder.secret_file("checkpoint.key").write_text("not a key")
    found = ill(shown(folder), KEY_FILES)
    assert set(found) == {"key ring", "checkpoint key"}
    assert "Zm9vYmFyc2VjcmV0" not in str(found)


def test_an_envelope_under_a_lost_key_is_counted_by_its_key(
    database: Database, world: World, tmp_path: Path
) -> None:
    data = copied(database.cluster.data, tmp_path)
    found = ill(replace(patient(database), data=data), keys.PROBES)["envelopes"]
    assert found.state is State.FAIL
    assert "4 under test" in found.found
    assert "test not on the ring" in found.found

    (tmp_path / "ring").write_text(RING)
    (tmp_path / "ring").chmod(0o600)
    system = patient(database, AWGP_KEK_FILE=str(tmp_path / "ring"))
    assert "envelopes" not in ill(replace(system, data=data), keys.PROBES)


def test_a_signer_that_remembers_less_than_was_signed_is_named(
    database: Database, world: World, tmp_path: Path
) -> None:
    memory = tmp_path / "signer"
    tenant = world.acme.tenant_id
    driving.seal_all(database, driving.make_signer(memory), world.acme)
    system = patient(database, AWGP_SIGNER_FOLDER=str(memory), AWGP_CHECKPOINT_KEY_NAME="awgp-test")
    probes = [replace(each, needs=()) for each in signer.PROBES]
    early = (memory / f"{tenant}.head").read_bytes()

    # Signed by another key than this folder's.
    found = ill(system, probes)[f"signer's memory of {tenant}"]
    assert "not signed with this key" in found.found

    ours = replace(system, data=signing_with_ours(database.cluster.data, tmp_path))
    assert ill(ours, probes) == {}

    driving.deny(database, world.acme)
    driving.seal_all(database, driving.make_signer(memory), world.acme)
    late = (memory / f"{tenant}.head").read_bytes()
    (memory / f"{tenant}.head").write_bytes(early)
    assert "restore the signer folder" in str(ill(ours, probes))
    (memory / f"{tenant}.head").unlink()
    assert "it remembers 0 entries" in str(ill(ours, probes))

    # The database set back under the signer's feet.
    (memory / f"{tenant}.head").write_bytes(late)
    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE awgp.audit_heads DISABLE TRIGGER USER;"
            " UPDATE awgp.audit_heads SET sequence = 1, tree_size = 1 WHERE sequence > 1"
        )
    assert "it was set back" in str(ill(ours, probes))


def signing_with_ours(data: DataFolder, folder: Path) -> DataFolder:
    """The folder with the very key the tests sign with."""
    copy = copied(data, folder)
    key = driving.make_signer(folder).private_key
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    copy.secret_file("checkpoint.key").write_bytes(pem)
    return copy


def test_work_that_waits_too_long_is_named(database: Database, world: World) -> None:
    system = replace(patient(database), states=RUNS)
    # The world is as old as the first test that asked for it.
    with database.admin.begin() as connection:
        connection.execute(text("UPDATE awgp.due SET next_send_at = clock_timestamp()"))
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    assert "relay" not in ill(system, work.PROBES)

    late = "UPDATE handoffs SET next_send_at = clock_timestamp() - interval '2 minutes' RETURNING 1"
    rows(database, world.acme, late)
    found = ill(system, work.PROBES)
    assert found["relay"].state is State.FAIL
    assert "the relay is not sending: overdue are 1 handoffs" in found["relay"].found

    # A queue paused on purpose is nobody's failure.
    with database.engine("awgp_operator").begin() as connection:
        connection.execute(text("UPDATE queue_states SET state = 'paused' WHERE queue = 'policy'"))
    assert "handoffs" not in str(ill(system, work.PROBES).get("relay", ""))
    with database.engine("awgp_operator").begin() as connection:
        connection.execute(text("UPDATE queue_states SET state = 'running'"))

    driving.fail(database, world.acme, run_id)
    dead = ill(system, work.PROBES)["dead letters"]
    assert (dead.state, dead.mend) == (State.WARN, "`awgp dead list`")


def test_records_nobody_seals_and_logs_nobody_exports_are_named(
    database: Database, world: World, tmp_path: Path
) -> None:
    short = patient(database, AWGP_EXPORT_INTERVAL_SECONDS="1", AWGP_SEAL_INTERVAL_SECONDS="1")
    system = replace(short, states=RUNS)
    driving.seal_all(database, driving.make_signer(tmp_path), world.acme, world.globex)
    assert {"sealing", "exports"} & set(ill(system, work.PROBES)) == set()
    rows(
        database,
        world.acme,
        "UPDATE due SET sends = 3 WHERE kind = 'export.run' RETURNING 1",
    )
    with database.admin.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO awgp.audit_pending (tenant_id, record) VALUES (:tenant,"
                " jsonb_build_object('tenant', CAST(:named AS text),"
                " 'occurred_at', clock_timestamp() - interval '1 day'))"
            ),
            {"tenant": world.acme.tenant_id, "named": str(world.acme.tenant_id)},
        )
    found = ill(system, work.PROBES)
    assert found["sealing"].state is State.FAIL
    assert "has waited 864" in found["sealing"].found
    assert found["exports"].state is State.FAIL
    assert str(world.acme.tenant_id) in found["exports"].found


def test_a_process_that_should_run_and_does_not_is_named(folder: DataFolder) -> None:
    states = (
        ProcessState(name="relay", state="FATAL", pid=0, uptime_seconds=0),
        ProcessState(name="web", state="RUNNING", pid=2, uptime_seconds=9),
    )
    (probe,) = [each for each in work.PROBES if each.name == "processes"]
    found = ill(replace(shown(folder), states=states), [probe])
    assert "relay.log" in found["process relay"].mend
    assert "ingest" in found["processes"].found


def test_a_stopped_system_is_examined_as_far_as_it_can_be_and_shows_no_secret(
    folder: DataFolder,
) -> None:
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    ran = CliRunner().invoke(doctor, ["--data", str(folder.root), "--json"])
    said = json.loads(ran.output)
    states = {(each["subject"], each["name"]): each["state"] for each in said["checks"]}

    assert ran.exit_code == (0 if said["healthy"] else 1)
    assert states["database", "reachable"] == "skipped"
    assert states["keys", "key ring"] == "ok"
    assert {"disk", "ports"} <= {name for subject, name in states if subject == "machine"}
    assert not [name for name in SECRETS if folder.secret(name) in ran.output]
    after = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    assert after == before


def test_every_probe_has_a_name_of_its_own_and_needs_one_before_it() -> None:
    seen: set[str] = set()
    for probe in PROBES:
        assert f"{probe.subject}: {probe.name}" not in seen
        assert set(needed(probe)) <= seen
        seen.add(f"{probe.subject}: {probe.name}")


def test_a_folder_that_is_none_is_wrong_input(tmp_path: Path) -> None:
    ran = CliRunner().invoke(doctor, ["--data", str(tmp_path)])
    assert "is not an AWGP data folder" in str(ran.exception)


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"id": "x", "ports": []}', "\0"])
def test_a_folder_whose_record_is_damaged_is_named(tmp_path: Path, record: str) -> None:
    (tmp_path / "state.json").write_text(record)
    ran = CliRunner().invoke(doctor, ["--data", str(tmp_path)])
    assert "state.json cannot be read" in str(ran.exception)
