"""Sealing on a real database: no gap, no fork, nothing lost, whoever seals and whenever it dies."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from actors import audit
from audit_export.checkpoint import verify_checkpoint
from audit_export.log_store import sign_head
from audit_export.signer import InconsistentHistory, RewindRefused, Signer
from ops.provision import add_tenant
from pipeline.approval import Verdict
from pipeline.audit import genesis, projection
from pipeline.database import tenant_transaction
from pipeline.ids import uuid7
from pipeline.merkle import Frontier, leaf_hash
from pipeline.outbox import Outbox
from pipeline.run_store import replay
from pipeline.seal import RECORDS_AT_ONCE, HeadMissing, current_head, seal
from pipeline.work import Actor
from tests.integration.conftest import Database, stub_broker
from tests.integration.driving import decide, deliver, deny, fail, hold, make_signer, seal_all
from tests.integration.stages import rows, status
from tests.integration.world import World, submit

pytestmark = pytest.mark.services

SOMEBODY = Actor(type="system", id="test")


def note_down(outbox: Outbox, tenant_id: UUID, count: int, resource: str = "thing") -> None:
    with outbox.work(tenant_id) as work:
        for number in range(count):
            work.record(SOMEBODY, "test:thing:done", ("thing", f"{resource}-{number}"))


def log_of(database: Database, tenant_id: UUID) -> list[Any]:
    with tenant_transaction(database.engine("awgp_auditor"), tenant_id) as connection:
        return list(connection.execute(text("SELECT * FROM audit_log ORDER BY sequence")))


def check_log(database: Database, tenant_id: UUID) -> list[Any]:
    """Recompute everything from the bodies; returns the entries."""
    entries = log_of(database, tenant_id)
    chain, frontier, sealed_at = genesis(tenant_id), Frontier(), None
    for number, row in enumerate(entries, 1):
        body = bytes(row.body)
        for column, value in projection(body, previous=chain).items():
            assert getattr(row, column) == value, (number, column)
        assert row.sequence == number
        assert sealed_at is None or row.timestamp >= sealed_at
        chain, sealed_at = bytes.fromhex(row.integrity_hash), row.timestamp
        frontier = frontier.append(leaf_hash(body))
    with database.outbox("awgp_sealer").work(tenant_id) as work:
        head = current_head(work)
    assert (head.size, head.chain_hash, head.root) == (len(entries), chain, frontier.root())
    return entries


def pending(database: Database, tenant_id: UUID) -> int:
    with tenant_transaction(database.engine("awgp_auditor"), tenant_id) as connection:
        return int(connection.execute(text("SELECT count(*) FROM audit_pending")).scalar_one())


def notes(database: Database, tenant_id: UUID) -> list[str]:
    with tenant_transaction(database.engine("awgp_auditor"), tenant_id) as connection:
        statement = text("SELECT note FROM audit_checkpoints ORDER BY checkpoint_id")
        return list(connection.execute(statement).scalars())


def together(calls: list[Callable[[], object]]) -> None:
    """Run all calls at once; the first error is raised."""
    barrier, errors = threading.Barrier(len(calls)), list[BaseException]()

    def run(call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return make_signer(tmp_path / "signer")


def test_a_delivered_run_is_completed_and_that_is_its_last_entry(
    database: Database, world: World, signer: Signer
) -> None:
    run_id = deliver(database, world.acme)
    assert status(database, world.acme, run_id)["status"] == "delivered"
    seal_all(database, signer, world.acme)
    ended = status(database, world.acme, run_id)
    assert (ended["status"], ended["sealed_at"] is None) == ("completed", False)
    of_run = [
        row for row in check_log(database, world.acme.tenant_id) if row.resource_id == str(run_id)
    ]
    assert (of_run[0].action, of_run[-1].action) == ("ingest:run:received", "audit:run:completed")
    assert of_run[-1].before_state == {"status": "delivered", "epoch": 1}
    assert of_run[-1].after_state == {"status": "completed", "epoch": 1}
    assert rows(database, world.acme, "SELECT 1 FROM handoffs") == []
    assert pending(database, world.acme.tenant_id) == 0


def test_a_run_that_ended_otherwise_keeps_its_status_and_is_sealed(
    database: Database, world: World, signer: Signer
) -> None:
    denied = deny(database, world.acme)
    rejected, approval = hold(database, world.acme)
    decide(database, world.acme, approval, Verdict.REJECT)
    held, _ = hold(database, world.acme)
    seal_all(database, signer, world.acme)
    entries = check_log(database, world.acme.tenant_id)
    for run_id, kept in ((denied, "denied"), (rejected, "rejected")):
        ended = status(database, world.acme, run_id)
        assert (ended["status"], ended["sealed_at"] is None) == (kept, False)
        last = [row for row in entries if row.resource_id == str(run_id)][-1]
        assert (last.action, last.after_state["status"]) == ("audit:run:sealed", kept)
    # What goes on is recorded, and not sealed as ended.
    assert status(database, world.acme, held)["sealed_at"] is None
    assert not [r for r in entries if r.resource_id == str(held) and r.action == "audit:run:sealed"]


def test_a_message_seals_once_and_a_redelivered_one_nothing(
    database: Database, world: World, signer: Signer
) -> None:
    deny(database, world.acme)
    outbox = database.outbox("awgp_sealer")
    handoff = rows(database, world.acme, "SELECT handoff_id FROM handoffs")[0][0]
    for tenant in (world.globex, world.acme, world.acme):
        audit.seal_for(outbox, signer, tenant.tenant_id, handoff)
    assert len(notes(database, world.acme.tenant_id)) == 1
    assert notes(database, world.globex.tenant_id) == []
    assert log_of(database, world.globex.tenant_id) == []
    check_log(database, world.acme.tenant_id)


def test_the_checkpoint_signs_the_head_and_each_later_one_follows(
    database: Database, world: World, signer: Signer
) -> None:
    for _ in range(3):
        deny(database, world.acme)
        seal_all(database, signer, world.acme)
    seal_all(database, signer, world.acme)  # nothing new: a heartbeat
    signed = [verify_checkpoint(n, signer.public) for n in notes(database, world.acme.tenant_id)]
    sizes = [checkpoint.size for checkpoint in signed]
    assert sizes == sorted(sizes)
    assert (len(sizes), sizes[2]) == (4, sizes[3])
    with database.outbox("awgp_sealer").work(world.acme.tenant_id) as work:
        assert signed[-1].head == current_head(work)


def test_a_replayed_run_is_sealed_again_under_its_next_epoch(
    database: Database, world: World, signer: Signer
) -> None:
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    fail(database, world.acme, run_id)
    seal_all(database, signer, world.acme)
    assert status(database, world.acme, run_id)["status"] == "failed"
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        replay(work, run_id, SOMEBODY)
    fail(database, world.acme, run_id)
    seal_all(database, signer, world.acme)
    ends = [
        row.after_state
        for row in check_log(database, world.acme.tenant_id)
        if row.action == "audit:run:sealed"
    ]
    assert ends == [{"status": "failed", "epoch": epoch} for epoch in (1, 2)]


def test_many_sealers_of_one_tenant_neither_fork_nor_skip(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    ingest = database.outbox("awgp_ingest")
    sealers = [Outbox(database.engine("awgp_sealer"), stub_broker()) for _ in range(4)]

    def write(number: int) -> None:
        for part in range(15):
            note_down(ingest, tenant_id, 7, f"{number}-{part}")

    def seal_often(outbox: Outbox) -> None:
        for _ in range(15):
            audit.seal_and_sign(outbox, signer, tenant_id)

    together(
        [
            *(lambda n=number: write(n) for number in range(3)),
            *(lambda o=outbox: seal_often(o) for outbox in sealers),
        ]
    )
    seal_all(database, signer, world.acme)
    entries = check_log(database, tenant_id)
    made = [row.resource_id for row in entries if row.action == "test:thing:done"]
    assert sorted(made) == sorted(
        f"{n}-{p}-{i}" for n in range(3) for p in range(15) for i in range(7)
    )
    assert pending(database, tenant_id) == 0
    # Whatever was signed is of this one history.
    roots = [Frontier().root()]
    frontier = Frontier()
    for row in entries:
        frontier = frontier.append(leaf_hash(bytes(row.body)))
        roots.append(frontier.root())
    for note in notes(database, tenant_id):
        checkpoint = verify_checkpoint(note, signer.public)
        assert checkpoint.root == roots[checkpoint.size]


def test_signing_takes_one_connection(database: Database, world: World, signer: Signer) -> None:
    # Else as many tenants as there are connections, signed at once, would wait for each other.
    deny(database, world.acme)
    outbox = Outbox(database.engine("awgp_sealer", pool_size=1), stub_broker())
    audit.seal_and_sign(outbox, signer, world.acme.tenant_id)
    assert len(notes(database, world.acme.tenant_id)) == 1


def test_many_tenants_are_sealed_in_parallel_each_into_its_own_chain(
    database: Database, signer: Signer
) -> None:
    owner = Outbox(database.owner, stub_broker())
    tenants = [add_tenant(owner, slug=f"tenant-{n}", name="T") for n in range(8)]
    outbox = Outbox(database.engine("awgp_sealer", pool_size=4), stub_broker())
    ingest = database.outbox("awgp_ingest")

    def live(tenant_id: UUID, count: int) -> None:
        for _ in range(5):
            note_down(ingest, tenant_id, count)
            audit.seal_and_sign(outbox, signer, tenant_id)

    together(
        [
            lambda t=tenant, c=count: live(t, c)  # type: ignore[misc]  # bound per loop
            for count, tenant in enumerate(tenants, 1)
        ]
    )
    for count, tenant in enumerate(tenants, 1):
        assert len(check_log(database, tenant)) == 1 + 5 * count
        assert len(notes(database, tenant)) == 5


class Died(Exception):
    """Stands for the process ending there."""


@pytest.mark.parametrize("where", ["audit.before_commit", "audit.committed"])
def test_a_sealer_that_dies_is_continued_by_the_next(
    database: Database,
    world: World,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    run_id = deny(database, world.acme)
    outbox = database.outbox("awgp_sealer")

    def die(point: str) -> None:
        if point == where:
            raise Died

    with monkeypatch.context() as patched:
        patched.setattr(audit, "reached", die)
        with pytest.raises(Died):
            audit.seal_and_sign(outbox, signer, world.acme.tenant_id)
    sealed = status(database, world.acme, run_id)["sealed_at"] is not None
    assert sealed == (where == "audit.committed")
    assert notes(database, world.acme.tenant_id) == []
    audit.seal_and_sign(outbox, signer, world.acme.tenant_id)
    entries = check_log(database, world.acme.tenant_id)
    (note,) = notes(database, world.acme.tenant_id)
    assert verify_checkpoint(note, signer.public).size == len(entries)


def test_a_note_lost_after_it_was_signed_is_signed_again(
    database: Database, world: World, signer: Signer
) -> None:
    outbox = database.outbox("awgp_sealer")
    deny(database, world.acme)
    with outbox.work(world.acme.tenant_id) as work:
        head = seal(work).head
    bodies = [bytes(row.body) for row in log_of(database, world.acme.tenant_id)]
    signer.sign(world.acme.tenant_id, head, lambda first, last: iter(bodies[first - 1 : last]))
    audit.seal_and_sign(outbox, signer, world.acme.tenant_id)
    (note,) = notes(database, world.acme.tenant_id)
    assert verify_checkpoint(note, signer.public).head == head


def as_superuser(database: Database, *statements: str) -> None:
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_signer_that_saw_more_refuses_a_database_that_went_back(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    outbox = database.outbox("awgp_sealer")
    deny(database, world.acme)
    seal_all(database, signer, world.acme)
    statement = "SELECT sequence, hash, tree_size, frontier, sealed_at FROM audit_heads"
    backup = tuple(rows(database, world.acme, statement)[0])
    deny(database, world.acme)
    seal_all(database, signer, world.acme)
    longer = len(log_of(database, tenant_id))
    # The database of before, as a restore brings it back.
    with database.admin.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "DELETE FROM awgp.audit_log WHERE tenant_id = %s AND sequence > %s",
            (tenant_id, backup[0]),
        )
        connection.exec_driver_sql(
            "UPDATE awgp.audit_heads SET sequence = %s, hash = %s, tree_size = %s, frontier = %s,"
            " sealed_at = %s WHERE tenant_id = %s",
            (*backup, tenant_id),
        )
    with pytest.raises(RewindRefused, match=f"entries {backup[0] + 1} to {longer} are gone"):
        audit.seal_and_sign(outbox, signer, tenant_id)
    # Even when it has grown past where it was: another history is not signed.
    note_down(database.outbox("awgp_ingest"), tenant_id, 20)
    with pytest.raises(InconsistentHistory):
        audit.seal_and_sign(outbox, signer, tenant_id)
    assert len(notes(database, tenant_id)) == 2


def test_an_altered_entry_that_was_not_signed_yet_is_not_signed(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    outbox = database.outbox("awgp_sealer")
    with outbox.work(tenant_id) as work:
        seal(work)
    as_superuser(
        database,
        "UPDATE awgp.audit_log SET body = convert_to(replace(convert_from(body, 'UTF8'),"
        " 'setup:', 'setop:'), 'UTF8') WHERE sequence = 2",
    )
    with pytest.raises(InconsistentHistory):
        sign_head(outbox, signer, tenant_id)
    assert notes(database, tenant_id) == []


def test_a_backlog_is_sealed_in_several_batches(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    run_id = deny(database, world.acme)
    before = pending(database, tenant_id)
    ingest = database.outbox("awgp_ingest")
    for part in range(5):
        note_down(ingest, tenant_id, 1000, str(part))
    with database.outbox("awgp_sealer").work(tenant_id) as work:
        first = seal(work)
    assert (first.entries, first.more, first.runs) == (RECORDS_AT_ONCE, True, ())
    # A run ends only once everything before its end is sealed.
    assert status(database, world.acme, run_id)["sealed_at"] is None
    seal_all(database, signer, world.acme)
    entries = check_log(database, tenant_id)
    assert len(entries) == before + 5000 + 1
    assert entries[-1].action == "audit:run:sealed"
    assert pending(database, tenant_id) == 0


def test_a_record_written_while_sealing_is_sealed_next(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    ingest, sealer = database.outbox("awgp_ingest"), database.outbox("awgp_sealer")
    seal_all(database, signer, world.acme)
    with ingest.work(tenant_id) as late:
        # It has its pending id already, and commits after records with later ids are sealed.
        late.record(SOMEBODY, "test:thing:done", ("thing", "late"))
        late.complete()
        late.records.clear()
        note_down(ingest, tenant_id, 1, "early")
        with sealer.work(tenant_id) as work:
            assert seal(work).entries == 1
    assert pending(database, tenant_id) == 1
    seal_all(database, signer, world.acme)
    names = [row.resource_id for row in check_log(database, tenant_id)][-2:]
    assert names == ["early-0", "late"]


def test_a_run_that_moves_on_while_its_tenant_is_sealed_waits_for_the_next_round(
    database: Database, world: World, signer: Signer
) -> None:
    run_id = deny(database, world.acme)
    with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
        work.execute("SELECT 1 FROM runs WHERE run_id = :run FOR UPDATE", run=run_id)
        seal_all(database, signer, world.acme)
    assert status(database, world.acme, run_id)["sealed_at"] is None
    seal_all(database, signer, world.acme)
    assert status(database, world.acme, run_id)["sealed_at"] is not None
    check_log(database, world.acme.tenant_id)


def test_time_never_runs_backwards_in_the_log(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    as_superuser(
        database,
        "UPDATE awgp.audit_heads SET sealed_at = clock_timestamp() + interval '1 hour'",
    )
    deny(database, world.acme)
    seal_all(database, signer, world.acme)
    ahead = check_log(database, tenant_id)[-1].timestamp
    assert ahead > datetime.now(UTC)
    note_down(database.outbox("awgp_ingest"), tenant_id, 1)
    seal_all(database, signer, world.acme)
    assert check_log(database, tenant_id)[-1].timestamp == ahead


def test_a_tenant_without_a_head_is_not_sealed(database: Database) -> None:
    with (
        pytest.raises(HeadMissing),
        database.outbox("awgp_sealer").work(uuid7()) as work,
    ):
        seal(work)


def test_the_checkpoint_that_is_due_seals_signs_and_comes_again(
    database: Database, world: World, signer: Signer
) -> None:
    tenant_id = world.acme.tenant_id
    outbox = database.outbox("awgp_sealer")
    due = rows(database, world.acme, "SELECT due_id FROM due WHERE kind = 'audit.checkpoint'")[0][0]
    with database.outbox("awgp_sealer").work(tenant_id) as work:
        work.execute("UPDATE due SET sends = 1 WHERE due_id = :id", id=due)
    audit.checkpoint_due(outbox, signer, tenant_id, due, timedelta(minutes=5))
    audit.checkpoint_due(outbox, signer, tenant_id, due, timedelta(minutes=5))  # a duplicate
    assert len(notes(database, tenant_id)) == 1
    assert pending(database, tenant_id) == 0
    assert rows(
        database,
        world.acme,
        "SELECT sends, next_send_at > clock_timestamp() FROM due WHERE due_id = :id",
        id=due,
    ) == [(0, True)]
