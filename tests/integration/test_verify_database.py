"""Tamper with any column of any audit row, as only a superuser can, and see it named."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from audit_export.checkpoint import SignerKey
from audit_export.signer import Signer
from audit_export.verify_database import DatabaseReport, verify_tenant
from ops.embedded.running import Running
from pipeline.ids import uuid7
from pipeline.seal import seal
from tests.integration.conftest import Database
from tests.integration.driving import (
    deny,
    filled_database,
    make_signer,
    seal_all,
)
from tests.integration.test_seal import note_down
from tests.integration.world import TenantWorld, World

pytestmark = pytest.mark.services

TABLES: Final = (
    "audit_log",
    "audit_heads",
    "audit_checkpoints",
    "audit_segments",
    "audit_pending",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A sealed, signed and exported trail of two tenants, and what it was before tampering."""

    database: Database
    signer: Signer
    acme: TenantWorld
    globex: TenantWorld

    def tamper(self, *statements: str) -> None:
        """As a superuser with every trigger off."""
        with self.database.admin.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql("SET LOCAL search_path = awgp")
            connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
            for statement in statements:
                assert connection.execute(text(statement), self.names).rowcount != 0, statement

    @property
    def names(self) -> dict[str, object]:
        return {"acme": self.acme.tenant_id, "globex": self.globex.tenant_id}

    def verify(self, public: SignerKey | None = None, minutes: int = 10) -> DatabaseReport:
        engine = self.database.engine("awgp_auditor", pool_size=1)
        limit = timedelta(minutes=minutes)
        key = public or self.signer.public
        return verify_tenant(engine, self.acme.tenant_id, key, pending_limit=limit)

    def keep(self) -> None:
        with self.database.admin.begin() as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"CREATE TABLE kept_{table} AS TABLE awgp.{table}")

    def restore(self) -> None:
        with self.database.admin.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in TABLES:
                connection.exec_driver_sql(f"DELETE FROM awgp.{table}")
                connection.exec_driver_sql(
                    f"INSERT INTO awgp.{table} OVERRIDING SYSTEM VALUE TABLE kept_{table}"
                )
        self.database.dispose()


@pytest.fixture(scope="module")
def kept(
    cluster: Running, furnished: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trail]:
    folder = tmp_path_factory.mktemp("trail")
    with filled_database(cluster, furnished, "awgp_tampered", folder) as database:
        signer = make_signer(folder / "signer")
        trail = Trail(
            database=database, signer=signer, acme=furnished.acme, globex=furnished.globex
        )
        for tenant in (trail.acme, trail.globex):
            for _ in range(2):
                deny(database, tenant)
                seal_all(database, signer, tenant)
            deny(database, tenant)  # pending
        trail.keep()
        yield trail


@pytest.fixture
def trail(kept: Trail) -> Iterator[Trail]:
    yield kept
    kept.restore()


def test_an_untouched_trail_is_verified(trail: Trail) -> None:
    report = trail.verify()
    assert (report.verdict, report.first_bad) == ("verified", None)
    assert report.entries > 20
    assert (report.checkpoints, report.segments, report.uncovered) == (3, 1, 0)
    assert (report.pending > 0, report.late) == (True, 0)
    assert report.last_signed_at is not None


def test_without_a_key_all_may_hold_and_the_signer_is_unknown(trail: Trail) -> None:
    engine = trail.database.engine("awgp_auditor")
    report = verify_tenant(engine, trail.acme.tenant_id, None)
    assert (report.verdict, report.first_bad) == ("signer-unknown", None)


def test_another_signers_checkpoints_are_refused(trail: Trail, tmp_path: Path) -> None:
    other = SignerKey(key_name="awgp-test", public_key=bytes(32))
    found = trail.verify(other).first_bad
    assert found is not None
    assert "is not signed by" in found.what


# Column of audit_log -> what it is altered to in entry 9, whose states are objects.
ALTERED: Final = {
    "id": "gen_random_uuid()",
    '"timestamp"': "\"timestamp\" + interval '1 microsecond'",
    "occurred_at": "occurred_at - interval '1 microsecond'",
    "actor_type": "'person'",
    "actor_id": "'somebody'",
    "action": "'hold:run:approved'",
    "resource_type": "'walk'",
    "resource_id": "resource_id || ' '",
    "before_state": "NULL",
    "after_state": "jsonb_set(after_state, '{epoch}', 'true')",
    "metadata": """metadata || '{"also": null}'""",
    "integrity_hash": "translate(integrity_hash, '0123456789', '1234567890')",
}
MORE: Final = {
    "a number as a float": "after_state = jsonb_set(after_state, '{epoch}', '1.0')",
    "a time before Christ": "occurred_at = (occurred_at::text || ' BC')::timestamptz",
    "the end of time": "occurred_at = 'infinity'",
    "a huge number": "metadata = ('{\"n\": ' || repeat('9', 5000) || '}')::jsonb",
    "JSON's null for nothing": "before_state = 'null'",
}


def entry_with_states(trail: Trail) -> int:
    with trail.database.admin.connect() as connection:
        found = connection.execute(
            text(
                "SELECT min(sequence) FROM awgp.audit_log WHERE tenant_id = :acme"
                " AND before_state IS NOT NULL AND after_state ? 'epoch'"
            ),
            trail.names,
        )
        return int(found.scalar_one())


@pytest.mark.parametrize("column", ALTERED)
def test_every_altered_column_is_named(trail: Trail, column: str) -> None:
    entry = entry_with_states(trail)
    trail.tamper(
        f"UPDATE audit_log SET {column} = {ALTERED[column]}"
        f" WHERE tenant_id = :acme AND sequence = {entry}"
    )
    report = trail.verify()
    assert report.first_bad is not None
    assert report.first_bad.sequence == entry
    name = column.strip('"')
    assert str(report.first_bad) == f"audit_log entry {entry}: {name} is not what the body says"
    assert report.entries == entry - 1


@pytest.mark.parametrize("kind", MORE)
def test_what_python_would_take_for_the_same_is_named_too(trail: Trail, kind: str) -> None:
    entry = entry_with_states(trail)
    if kind == "JSON's null for nothing":
        entry = 1
    trail.tamper(
        f"UPDATE audit_log SET {MORE[kind]} WHERE tenant_id = :acme AND sequence = {entry}"
    )
    found = trail.verify().first_bad
    assert found is not None
    assert (found.sequence, found.what) == (
        entry,
        f"{MORE[kind].split(' ')[0]} is not what the body says",
    )


def test_every_column_of_the_log_is_tried(trail: Trail) -> None:
    with trail.database.admin.connect() as connection:
        stated = connection.execute(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'awgp.audit_log'::regclass"
                " AND attnum > 0 AND NOT attisdropped"
            )
        ).scalars()
        assert {column.strip('"') for column in ALTERED} == set(stated) - {
            "tenant_id",  # below, with what happens to a whole row
            "sequence",
            "body",
        }


@pytest.mark.parametrize(
    ("statement", "entry", "what"),
    [
        ("DELETE FROM audit_log WHERE {} = 1", 1, "entry 1 is missing"),
        ("DELETE FROM audit_log WHERE {} IN (5, 6)", 5, "entry 5 to 6 is missing"),
        ("UPDATE audit_log SET tenant_id = :globex WHERE {} = 7", 7, "entry 7 is missing"),
        ("UPDATE audit_log SET sequence = 4000 WHERE {} = 7", 7, "entry 7 is missing"),
        (
            'UPDATE audit_log SET sequence = 6, "timestamp" = "timestamp" + interval \'1 s\''
            " WHERE {} = 7",
            6,
            "there are two of it",
        ),
        (
            "UPDATE audit_log SET body = set_byte(body, 12, get_byte(body, 12) # 1) WHERE {} = 8",
            8,
            "",
        ),
        ("UPDATE audit_log SET body = body || ' ' WHERE {} = 8", 8, "RFC 8785"),
        ("UPDATE audit_log SET body = '' WHERE {} = 8", 8, "not JSON"),
        (
            "UPDATE audit_log a SET body = b.body FROM audit_log b WHERE a.{} = 8"
            " AND b.tenant_id = :acme AND b.sequence = 9",
            8,
            "is not what the body says",
        ),
        (
            'INSERT INTO audit_log SELECT gen_random_uuid(), "timestamp", occurred_at, tenant_id,'
            " actor_type, actor_id, action, resource_type, resource_id, before_state, after_state,"
            " metadata, integrity_hash, 0, body FROM audit_log WHERE {} = 1",
            0,
            "out of range",
        ),
    ],
)
def test_every_row_that_is_not_as_it_was_is_named(
    trail: Trail, statement: str, entry: int, what: str
) -> None:
    if ", 0, body" in statement:
        trail.tamper("ALTER TABLE audit_log DROP CONSTRAINT audit_log_sequence_check")
    trail.tamper(
        statement.replace("a.{}", "a.tenant_id = :acme AND a.sequence").replace(
            "{}", "tenant_id = :acme AND sequence"
        )
    )
    found = trail.verify().first_bad
    assert found is not None
    assert (found.sequence, what in found.what) == (entry, True), found


def test_a_tail_cut_off_is_named_by_the_checkpoint_and_the_head(trail: Trail) -> None:
    entries = trail.verify().entries
    trail.tamper(f"DELETE FROM audit_log WHERE tenant_id = :acme AND sequence > {entries - 2}")
    found = trail.verify().first_bad
    assert found is not None
    assert found.sequence == entries - 1
    assert f"entries {entries - 1} to {entries} are gone" in found.what


def test_a_history_rewritten_as_a_whole_is_not_the_one_that_was_signed(trail: Trail) -> None:
    """Whoever may do everything to the database recomputes it all; they lack the signer's key."""
    trail.tamper(
        "DELETE FROM audit_log WHERE tenant_id = :acme",
        "DELETE FROM audit_heads WHERE tenant_id = :acme",
        "INSERT INTO audit_heads (tenant_id, hash) SELECT :acme, sha256("
        "'\\x617767702e61756469742e67656e657369732e763100'::bytea"
        " || convert_to(CAST(:acme AS text), 'UTF8'))",
        "DELETE FROM audit_segments WHERE tenant_id = :acme",
    )
    note_down(trail.database.outbox("awgp_ingest"), trail.acme.tenant_id, 60)
    with trail.database.outbox("awgp_sealer").work(trail.acme.tenant_id) as work:
        seal(work)
    found = trail.verify().first_bad
    assert found is not None
    assert found.place.startswith("checkpoint ")
    assert "are not the ones that were signed" in found.what


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE audit_heads SET sequence = sequence + 1, tree_size = tree_size + 1", "heads"),
        ("UPDATE audit_heads SET sequence = sequence - 1, tree_size = tree_size - 1", "heads"),
        ("UPDATE audit_heads SET hash = sha256(hash)", "heads: hash"),
        ("UPDATE audit_heads SET frontier = set_byte(frontier, 9, 7)", "heads: frontier"),
        ("UPDATE audit_heads SET sealed_at = sealed_at + interval '1 ms'", "heads: sealed_at"),
        ("DELETE FROM audit_heads", "heads: the tenant has no head"),
        ("UPDATE audit_checkpoints SET note = note || ' '", "checkpoint "),
        ("UPDATE audit_checkpoints SET note = replace(note, 'time 2', 'time 3')", "checkpoint "),
        ("UPDATE audit_checkpoints SET note = ''", "checkpoint "),
        ("UPDATE audit_checkpoints SET tree_size = tree_size + 1", "checkpoint "),
        (
            "UPDATE audit_checkpoints a SET note = b.note, tree_size = b.tree_size"
            " FROM audit_checkpoints b WHERE b.tenant_id = :globex AND a.tenant_id = :acme",
            "it is tenant",
        ),
        (
            "UPDATE audit_checkpoints a SET note = b.note, tree_size = b.tree_size"
            " FROM audit_checkpoints b WHERE a.tenant_id = :acme AND b.tenant_id = :acme"
            " AND a.tree_size = (SELECT min(tree_size) FROM audit_checkpoints)"
            " AND b.tree_size = (SELECT max(tree_size) FROM audit_checkpoints)",
            "it was signed before the checkpoint before it",
        ),
        ("UPDATE audit_segments SET first_sequence = 2", "segment 2-"),
        ("UPDATE audit_segments SET last_sequence = last_sequence - 1", "segment 1-"),
        ("UPDATE audit_segments SET last_sequence = 4000", "segment 1-4000"),
        ("UPDATE audit_segments SET chain_hash = sha256(chain_hash)", "segment 1-"),
        ("UPDATE audit_segments SET frontier = frontier || frontier", "segment 1-"),
        ("UPDATE audit_segments SET manifest_key = 'x'", "manifest_key"),
        ("UPDATE audit_segments SET checkpoint_key = 'x'", "checkpoint_key"),
    ],
)
def test_heads_checkpoints_and_segments_are_held_to_the_log(
    trail: Trail, statement: str, place: str
) -> None:
    where = "" if ":acme" in statement else " WHERE tenant_id = :acme"
    trail.tamper(statement + where)
    found = trail.verify().first_bad
    assert found is not None
    assert place in str(found)


def test_entries_nobody_signs_are_named_once_they_are_late(trail: Trail) -> None:
    trail.tamper(*(f"DELETE FROM {table}" for table in TABLES[2:]))
    fresh = trail.verify()
    assert (fresh.verdict, fresh.uncovered) == ("verified", fresh.entries)
    late = verify_late(trail)
    assert late.first_bad is not None
    assert "wait to be signed for too long" in late.first_bad.what


def test_records_nobody_seals_are_named_once_they_are_late(trail: Trail) -> None:
    late = verify_late(trail)
    assert late.first_bad is not None
    assert late.first_bad.place == "audit_pending"
    assert late.late == late.pending
    trail.tamper("UPDATE audit_pending SET record = record - 'occurred_at'")
    assert trail.verify().first_bad is not None


def verify_late(trail: Trail) -> DatabaseReport:
    """As if a lot of time had passed: nothing may wait at all."""
    engine = trail.database.engine("awgp_auditor", pool_size=1)
    return verify_tenant(
        engine, trail.acme.tenant_id, trail.signer.public, pending_limit=timedelta(0)
    )


def test_another_tenants_faults_are_not_this_ones(trail: Trail) -> None:
    trail.tamper("UPDATE audit_log SET action = 'x:y:z' WHERE tenant_id = :globex")
    assert trail.verify().verdict == "verified"
    engine = trail.database.engine("awgp_auditor", pool_size=1)
    other = verify_tenant(engine, trail.globex.tenant_id, trail.signer.public)
    assert other.verdict == "failed"


def test_a_tenant_that_does_not_exist_has_no_head(trail: Trail) -> None:
    engine = trail.database.engine("awgp_auditor", pool_size=1)
    found = verify_tenant(engine, uuid7(), trail.signer.public).first_bad
    assert found is not None
    assert str(found) == "audit_heads: the tenant has no head"


def test_sealing_meanwhile_is_no_fault(database: Database, world: World, tmp_path: Path) -> None:
    signer = make_signer(tmp_path / "signer")
    # The world's own records may have waited for long.
    seal_all(database, signer, world.acme)
    stop = threading.Event()

    def live() -> None:
        while not stop.is_set():
            deny(database, world.acme)
            seal_all(database, signer, world.acme)

    thread = threading.Thread(target=live)
    thread.start()
    engine = database.engine("awgp_auditor")
    try:
        reports = [verify_tenant(engine, world.acme.tenant_id, signer.public) for _ in range(30)]
    finally:
        stop.set()
        thread.join()
    assert {report.verdict for report in reports} == {"verified"}
