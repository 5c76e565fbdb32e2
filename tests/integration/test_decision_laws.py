"""What the database refuses whoever asks it directly: a decision other than the one people saw."""

from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError

from pipeline.approval import Verdict
from tests.integration.conftest import Database
from tests.integration.driving import decide, hold
from tests.integration.stages import rows
from tests.integration.world import TenantWorld, World, submit


def approval_of(database: Database, tenant: TenantWorld, approval_id: UUID) -> tuple[object, ...]:
    statement = "SELECT status, execution_expires_at FROM approvals WHERE approval_id = :id"
    return tuple(rows(database, tenant, statement, id=approval_id)[0])


def test_no_approval_asks_for_less_than_its_action_says(database: Database, world: World) -> None:
    acme = world.acme
    run_id, approval_id = hold(database, acme)
    web = database.outbox("awgp_web")
    with web.work(acme.tenant_id) as work:
        work.execute(
            "INSERT INTO actions (tenant_id, run_id, epoch, action_digest, action)"
            " SELECT tenant_id, run_id, 2, action_digest, action FROM actions"
            " WHERE run_id = :run",
            run=run_id,
        )
    weak = {"rules": [{"name": "default", "quorum": 1, "groups": ["anybody"]}]}
    with (
        pytest.raises(DBAPIError, match="asks what its action says"),
        web.work(acme.tenant_id) as work,
    ):
        work.execute(
            "INSERT INTO approvals (tenant_id, approval_id, run_id, epoch, action_digest,"
            " requirement, expires_at) SELECT tenant_id, :new, run_id, 2, action_digest, :weak,"
            " expires_at FROM approvals WHERE approval_id = :old",
            new=uuid4(),
            weak=Jsonb(weak),
            old=approval_id,
        )


@pytest.mark.parametrize("requirement", [{}, {"rules": []}])
def test_no_approval_opens_without_rules(
    database: Database, world: World, requirement: dict[str, object]
) -> None:
    acme = world.acme
    run_id, approval_id = hold(database, acme)
    with (
        pytest.raises(DBAPIError, match="rules that each ask for a vote"),
        database.outbox("awgp_web").work(acme.tenant_id) as work,
    ):
        work.execute(
            "INSERT INTO approvals (tenant_id, approval_id, run_id, epoch, action_digest,"
            " requirement, expires_at) SELECT tenant_id, :new, :run, 2, action_digest,"
            " :requirement, expires_at FROM approvals WHERE approval_id = :old",
            new=uuid4(),
            run=run_id,
            requirement=Jsonb(requirement),
            old=approval_id,
        )


@pytest.mark.parametrize(
    "until", ["NULL", "execution_expires_at + interval '1 second'", "'infinity'"]
)
def test_the_time_to_start_an_approved_run_is_not_put_off(
    database: Database, world: World, until: str
) -> None:
    acme = world.acme
    _, approval_id = hold(database, acme)
    decide(database, acme, approval_id, Verdict.APPROVE)
    before = approval_of(database, acme, approval_id)
    assert before[1] is not None
    with (
        pytest.raises(DBAPIError, match="cannot be put off"),
        database.outbox("awgp_web").work(acme.tenant_id) as work,
    ):
        work.execute(
            f"UPDATE approvals SET execution_expires_at = {until} WHERE approval_id = :id",
            id=approval_id,
        )
    assert approval_of(database, acme, approval_id) == before


def test_ingest_brings_no_second_payload_and_hands_off_to_policy_alone(
    database: Database, world: World
) -> None:
    acme = world.acme
    run_id = submit(database.outbox("awgp_ingest"), acme, {"amount_cents": 20_000})
    payload = (
        "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)"
        " VALUES (:tenant, :run, 2, 'application/json', 'harmless', :key)"
    )
    handoff = (
        "INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at)"
        " VALUES (:tenant, gen_random_uuid(), :run, 1, 'execute', clock_timestamp())"
    )
    for statement in (payload, handoff):
        with (
            pytest.raises(DBAPIError, match="row-level security"),
            database.outbox("awgp_ingest").work(acme.tenant_id) as work,
        ):
            work.execute(statement, tenant=acme.tenant_id, run=run_id, key=bytes(32))


@pytest.mark.parametrize(
    "change",
    [
        "payload_epoch = 2",
        "sealed_at = clock_timestamp()",
        "status = 'executing', payload_epoch = 2",
    ],
)
def test_an_approved_run_gets_no_other_payload_and_no_seal(
    database: Database, world: World, change: str
) -> None:
    acme = world.acme
    run_id, approval_id = hold(database, acme)
    decide(database, acme, approval_id, Verdict.APPROVE)
    web = database.outbox("awgp_web")
    with web.work(acme.tenant_id) as work:
        work.execute(
            "INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)"
            " SELECT tenant_id, run_id, 2, content_type, 'other', digest_key FROM run_payloads"
            " WHERE run_id = :run",
            run=run_id,
        )
    with (
        pytest.raises(DBAPIError, match=r"takes another payload only|is sealed when it is over"),
        web.work(acme.tenant_id) as work,
    ):
        work.execute(f"UPDATE runs SET {change} WHERE run_id = :run", run=run_id)
