"""Policy and hold on a real database: who decides what, and who cannot."""

import threading
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from actors.hold import on_due
from pipeline.approval import Verdict
from pipeline.approval_edit import edit_payload
from pipeline.approval_errors import (
    AlreadyDecided,
    ApprovalExpired,
    DigestMismatch,
    EditDenied,
    VoterExcluded,
)
from pipeline.approval_store import cast_vote
from pipeline.approval_time import expire
from pipeline.approval_view import ApprovalNotFound, StoredApproval, load_approval
from pipeline.errors import AwgpError
from pipeline.outbox import Outbox
from pipeline.registry import add_person
from pipeline.run import Stage
from pipeline.run_store import load_run
from pipeline.tally import VoteRefused
from tests.integration.conftest import Database
from tests.integration.stages import declared, deliver, rows, status, work_off
from tests.integration.world import KEYRING, TenantWorld, World, submit

APPROVER = frozenset({"approver"})


def held_run(database: Database, tenant: TenantWorld, amount: int = 20_000) -> tuple[UUID, UUID]:
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": amount})
    work_off(database, broker, tenant, Stage.POLICY)
    work_off(database, broker, tenant, Stage.HOLD)
    approval_id = rows(
        database, tenant, "SELECT approval_id FROM approvals WHERE run_id = :run", run=run_id
    )[0][0]
    return run_id, approval_id


def look(outbox: Outbox, tenant: TenantWorld, approval_id: UUID) -> StoredApproval:
    with outbox.work(tenant.tenant_id) as work:
        return load_approval(work, approval_id)


def vote(
    outbox: Outbox,
    tenant: TenantWorld,
    approval_id: UUID,
    person_id: UUID,
    *,
    verdict: Verdict = Verdict.APPROVE,
    groups: frozenset[str] = APPROVER,
    digest: bytes | None = None,
) -> StoredApproval:
    seen = digest or look(outbox, tenant, approval_id).digest
    with outbox.work(tenant.tenant_id) as work:
        return cast_vote(
            work,
            KEYRING,
            approval_id,
            person_id=person_id,
            display_name="Somebody",
            groups=groups,
            verdict=verdict,
            digest=seen,
        )


def test_an_auto_permit_lets_a_run_through_without_a_person(
    database: Database, world: World
) -> None:
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 5})
    work_off(database, broker, world.acme, Stage.POLICY)
    work_off(database, broker, world.acme, Stage.HOLD)
    # "small-invoices" is @auto, "invoices" is satisfied too and holds: holding wins.
    assert status(database, world.acme, run_id)["status"] == "held"


@pytest.mark.parametrize(
    "payload",
    [{}, {"amount_cents": 5, "country": "XX"}, {"amount_cents": 1.5}, {"amount_cents": None}],
)
def test_what_no_permit_covers_or_a_forbid_hits_or_cannot_be_read_is_denied(
    database: Database, world: World, payload: dict[str, object]
) -> None:
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), world.acme, payload)
    work_off(database, broker, world.acme, Stage.POLICY)
    assert status(database, world.acme, run_id)["status"] == "denied"
    assert rows(database, world.acme, "SELECT stage FROM handoffs") == [("audit",)]


def test_one_approver_is_enough_for_the_default_rule(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme)
    vote(database.outbox("awgp_web"), world.acme, approval_id, world.acme.persons["ben"])
    assert status(database, world.acme, run_id)["status"] == "approved"
    assert rows(database, world.acme, "SELECT stage FROM handoffs") == [("execute",)]


def test_a_rule_of_two_waits_for_the_second_person(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme, amount=600_000)
    web = database.outbox("awgp_web")
    vote(web, world.acme, approval_id, world.acme.persons["ben"])
    assert status(database, world.acme, run_id)["status"] == "held"
    vote(web, world.acme, approval_id, world.acme.persons["ben"])  # again: changes nothing
    assert status(database, world.acme, run_id)["status"] == "held"
    vote(web, world.acme, approval_id, world.acme.persons["cleo"])
    assert status(database, world.acme, run_id)["status"] == "approved"


def test_a_reject_ends_the_run(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme)
    web = database.outbox("awgp_web")
    vote(web, world.acme, approval_id, world.acme.persons["ben"], verdict=Verdict.REJECT)
    assert status(database, world.acme, run_id)["status"] == "rejected"
    with pytest.raises(AlreadyDecided):
        vote(web, world.acme, approval_id, world.acme.persons["cleo"])


@pytest.mark.parametrize("name", ["axel", "olga"])
def test_who_wrote_the_bundle_or_owns_the_source_cannot_vote(
    database: Database, world: World, name: str
) -> None:
    run_id, approval_id = held_run(database, world.acme)
    with pytest.raises(VoterExcluded):
        vote(database.outbox("awgp_web"), world.acme, approval_id, world.acme.persons[name])
    assert status(database, world.acme, run_id)["status"] == "held"


def test_the_database_refuses_an_excluded_voter_asked_directly(
    database: Database, world: World
) -> None:
    _, approval_id = held_run(database, world.acme)
    digest = look(database.outbox("awgp_web"), world.acme, approval_id).digest
    for statement in (
        """INSERT INTO approval_persons (tenant_id, approval_id, person_id, part)
        VALUES (:tenant, :approval, :person, 'voter')""",
        """INSERT INTO votes (tenant_id, approval_id, person_id, verdict, action_digest, groups)
        VALUES (:tenant, :approval, :person, 'approve', :digest, :groups)""",
    ):
        with (
            pytest.raises(DBAPIError),
            database.outbox("awgp_web").work(world.acme.tenant_id) as work,
        ):
            work.execute(
                statement,
                tenant=world.acme.tenant_id,
                approval=approval_id,
                person=world.acme.persons["axel"],
                digest=digest,
                groups=Jsonb(["approver"]),
            )


def test_a_person_in_no_asked_group_cannot_vote(database: Database, world: World) -> None:
    _, approval_id = held_run(database, world.acme)
    with pytest.raises(VoteRefused):
        vote(
            database.outbox("awgp_web"),
            world.acme,
            approval_id,
            world.acme.persons["ben"],
            groups=frozenset({"operators"}),
        )


def test_a_vote_on_another_digest_is_refused(database: Database, world: World) -> None:
    _, approval_id = held_run(database, world.acme)
    with pytest.raises(DigestMismatch):
        vote(
            database.outbox("awgp_web"),
            world.acme,
            approval_id,
            world.acme.persons["ben"],
            digest=bytes(32),
        )


def test_another_tenant_does_not_find_the_approval(database: Database, world: World) -> None:
    _, approval_id = held_run(database, world.acme)
    with pytest.raises(ApprovalNotFound):
        vote(
            database.outbox("awgp_web"),
            world.globex,
            approval_id,
            world.globex.persons["ben"],
            digest=bytes(32),
        )


def at_one_instant(calls: list[Callable[[], object]]) -> list[object]:
    """Run all calls behind one barrier; an AwgpError is an answer too."""
    barrier = threading.Barrier(len(calls))
    answers: list[object] = [None] * len(calls)

    def call(at: int) -> None:
        barrier.wait()
        try:
            answers[at] = calls[at]()
        except AwgpError as error:
            answers[at] = error

    threads = [threading.Thread(target=call, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_twenty_votes_at_one_instant_give_one_decision(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme)
    web = Outbox(database.engine("awgp_web", pool_size=20), database.outbox("awgp_web").broker)
    with web.work(world.acme.tenant_id) as work:
        voters = [
            add_person(work, issuer="x", subject=f"voter-{n}", display_name="V") for n in range(20)
        ]
    digest = look(web, world.acme, approval_id).digest
    verdicts = [Verdict.APPROVE if n % 2 else Verdict.REJECT for n in range(20)]
    answers = at_one_instant(
        [
            lambda voter=voter, verdict=verdict: vote(  # type: ignore[misc]  # bound per loop
                web, world.acme, approval_id, voter, verdict=verdict, digest=digest
            )
            for voter, verdict in zip(voters, verdicts, strict=True)
        ]
    )
    assert sum(isinstance(answer, StoredApproval) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyDecided) for answer in answers) == 19
    assert status(database, world.acme, run_id)["status"] in {"approved", "rejected"}
    moves = rows(
        database,
        world.acme,
        "SELECT count(*) FROM handoffs WHERE run_id = :run",
        run=run_id,
    )
    assert moves == [(1,)]


def make_late(database: Database, approval_id: UUID) -> None:
    """Let an approval's time be over, as only a superuser could."""
    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.approvals SET expires_at = clock_timestamp() - interval '1 ms'"
            " WHERE approval_id = %(id)s",
            {"id": approval_id},
        )


def test_an_expired_approval_cannot_be_voted_and_nothing_runs(
    database: Database, world: World
) -> None:
    run_id, approval_id = held_run(database, world.acme)
    make_late(database, approval_id)
    with pytest.raises(ApprovalExpired):
        vote(database.outbox("awgp_web"), world.acme, approval_id, world.acme.persons["ben"])
    with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        assert expire(work, approval_id)
    assert status(database, world.acme, run_id)["status"] == "expired"
    assert rows(database, world.acme, "SELECT stage FROM handoffs") == [("audit",)]


@pytest.mark.parametrize("round_", range(5))
def test_a_vote_and_the_expiry_at_one_instant_give_one_outcome(
    database: Database, world: World, round_: int
) -> None:
    run_id, approval_id = held_run(database, world.acme)
    web, worker = database.outbox("awgp_web"), database.outbox("awgp_worker")
    digest = look(web, world.acme, approval_id).digest
    with database.admin.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE awgp.approvals SET expires_at = clock_timestamp() + interval '4 ms'"
        )

    def expiry() -> bool:
        for _ in range(1000):
            with worker.work(world.acme.tenant_id) as work:
                if expire(work, approval_id) or look(worker, world.acme, approval_id).decided_at:
                    return True
        return False

    at_one_instant(
        [
            lambda: vote(web, world.acme, approval_id, world.acme.persons["ben"], digest=digest),
            expiry,
        ]
    )
    ended = status(database, world.acme, run_id)["status"]
    kept = look(web, world.acme, approval_id).status
    assert (ended, kept) in {("approved", "approved"), ("expired", "expired")}


def test_a_vote_does_not_deadlock_with_the_expiry_that_waits_for_it(
    database: Database, world: World
) -> None:
    run_id, approval_id = held_run(database, world.acme)
    web, worker = database.outbox("awgp_web"), database.outbox("awgp_worker")
    digest = look(web, world.acme, approval_id).digest
    with database.admin.begin() as connection:
        (due_id,) = connection.exec_driver_sql(
            "UPDATE awgp.due SET sends = 1 WHERE kind = 'hold.expire' RETURNING due_id"
        ).one()
    expiry = threading.Thread(target=on_due, args=(worker, world.acme.tenant_id, due_id))
    with web.work(world.acme.tenant_id) as work:
        load_run(work, run_id, lock=True)
        expiry.start()
        wait_for_a_lock(database)
        cast_vote(
            work,
            KEYRING,
            approval_id,
            person_id=world.acme.persons["ben"],
            display_name="Ben",
            groups=APPROVER,
            verdict=Verdict.APPROVE,
            digest=digest,
        )
    expiry.join()
    assert status(database, world.acme, run_id)["status"] == "approved"


def test_an_expiry_that_comes_before_its_time_comes_again(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme)
    worker = database.outbox("awgp_worker")
    with database.admin.begin() as connection:
        (due_id,) = connection.exec_driver_sql(
            "UPDATE awgp.due SET sends = 1 WHERE kind = 'hold.expire' RETURNING due_id"
        ).one()
    on_due(worker, world.acme.tenant_id, due_id)
    assert status(database, world.acme, run_id)["status"] == "held"
    make_late(database, approval_id)
    on_due(worker, world.acme.tenant_id, due_id)
    assert status(database, world.acme, run_id)["status"] == "expired"
    assert rows(database, world.acme, "SELECT 1 FROM due WHERE kind = 'hold.expire'") == []


def wait_for_a_lock(database: Database) -> None:
    """Return once a session of the worker waits for a row somebody holds."""
    give_up_at = time.monotonic() + 60
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = 'awgp_worker' AND wait_event_type = 'Lock'"
    )
    while time.monotonic() < give_up_at:
        with database.admin.connect() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    raise AssertionError("nobody waits for a lock")


def test_an_edit_raises_the_epoch_voids_the_votes_and_bars_the_editor(
    database: Database, world: World
) -> None:
    run_id, approval_id = held_run(database, world.acme, amount=600_000)
    web = database.outbox("awgp_web")
    before = vote(web, world.acme, approval_id, world.acme.persons["ben"])
    with web.work(world.acme.tenant_id) as work:
        edited = edit_payload(
            work,
            approval_id,
            person_id=world.acme.persons["cleo"],
            digest=before.digest,
            content=b'{"amount_cents": 500001}',
        )
    after = look(web, world.acme, edited)
    assert (after.epoch, after.votes, after.payload) == (2, (), b'{"amount_cents": 500001}')
    assert after.digest != before.digest
    assert status(database, world.acme, run_id)["epoch"] == 2
    with pytest.raises(VoterExcluded):
        vote(web, world.acme, edited, world.acme.persons["cleo"])
    with pytest.raises(AlreadyDecided):
        vote(web, world.acme, approval_id, world.acme.persons["ben"], digest=before.digest)


def test_an_edit_for_an_assistant_switched_off_meanwhile_is_denied(
    database: Database, world: World
) -> None:
    _, approval_id = held_run(database, world.acme)
    web = database.outbox("awgp_web")
    digest = look(web, world.acme, approval_id).digest
    rows(database, world.acme, "UPDATE assistants SET active = false RETURNING 1")
    with pytest.raises(EditDenied), web.work(world.acme.tenant_id) as work:
        edit_payload(
            work,
            approval_id,
            person_id=world.acme.persons["cleo"],
            digest=digest,
            content=b'{"amount_cents": 20001}',
        )
    assert look(web, world.acme, approval_id).status == "open"


def test_an_edit_the_policy_denies_changes_nothing(database: Database, world: World) -> None:
    run_id, approval_id = held_run(database, world.acme)
    web = database.outbox("awgp_web")
    digest = look(web, world.acme, approval_id).digest
    with pytest.raises(EditDenied), web.work(world.acme.tenant_id) as work:
        edit_payload(
            work,
            approval_id,
            person_id=world.acme.persons["cleo"],
            digest=digest,
            content=b'{"amount_cents": 5, "country": "XX"}',
        )
    assert status(database, world.acme, run_id)["epoch"] == 1
    assert look(web, world.acme, approval_id).status == "open"


@pytest.mark.parametrize(
    "login", ["awgp_web", "awgp_worker", "awgp_ingest", "awgp_sealer", "awgp_owner"]
)
def test_no_login_writes_approved_by_hand(database: Database, world: World, login: str) -> None:
    run_id, approval_id = held_run(database, world.acme)
    engine = database.owner if login == "awgp_owner" else database.engine(login)
    outbox = Outbox(engine, database.outbox("awgp_worker").broker)
    for statement in (
        "UPDATE approvals SET status = 'approved' WHERE approval_id = :approval",
        "UPDATE runs SET status = 'approved' WHERE run_id = :run",
    ):
        with pytest.raises(DBAPIError), outbox.work(world.acme.tenant_id) as work:
            work.execute(statement, approval=approval_id, run=run_id)
    assert status(database, world.acme, run_id)["status"] == "held"


def test_a_redelivered_or_foreign_message_changes_nothing(database: Database, world: World) -> None:
    broker = declared(database)
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 20_000})
    handoff = rows(database, world.acme, "SELECT handoff_id FROM handoffs")[0][0]
    deliver(broker, Stage.POLICY, world.acme.tenant_id, handoff)
    before = rows(database, world.acme, "SELECT * FROM runs, handoffs")
    deliver(broker, Stage.POLICY, world.acme.tenant_id, handoff)  # again
    deliver(broker, Stage.HOLD, world.acme.tenant_id, uuid4())  # unknown
    deliver(broker, Stage.HOLD, world.globex.tenant_id, before[0].handoff_id)  # other tenant
    deliver(broker, Stage.POLICY, world.acme.tenant_id, before[0].handoff_id)  # other stage
    assert rows(database, world.acme, "SELECT * FROM runs, handoffs") == before
