"""Several statements share a round trip, and stay as strict as if each had its own."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DataError, IntegrityError

from pipeline.answer import UnexpectedAnswer
from pipeline.conversation import tenant_conversation
from pipeline.handoff import LeaseLost, claim, finish, keep_claimed
from pipeline.run import Stage
from tests.integration.conftest import Database
from tests.integration.world import World, submit

pytestmark = pytest.mark.services
TENANT = "SELECT current_setting('app.current_tenant')"


def count(database: Database, world: World, table: str) -> int:
    with database.outbox("awgp_worker").work(world.acme.tenant_id) as work:
        return int(work.ask(f"SELECT count(*) FROM {table}").scalar_one())


def test_what_was_asked_is_answered_in_order_and_within_the_tenant(
    database: Database, world: World
) -> None:
    with tenant_conversation(database.engine("awgp_worker"), world.acme.tenant_id) as talk:
        tenant = talk.ask(TENANT)
        percent = talk.ask("SELECT '100%', CAST(:a AS int) + :b", a=1, b=2)
        nobody = talk.ask("SELECT 1 FROM runs WHERE run_id = :id", id=UUID(int=7))
        assert percent.one() == ("100%", 3)
        assert tenant.scalar_one() == str(world.acme.tenant_id)
        assert nobody.one_or_none() is None
        with pytest.raises(UnexpectedAnswer):
            nobody.one()
        # SQLAlchemy's own connection is in the same transaction.
        assert talk.execute(TENANT).scalar_one() == str(world.acme.tenant_id)


def test_what_is_recalled_is_asked_once(database: Database, world: World) -> None:
    with tenant_conversation(database.engine("awgp_worker"), world.acme.tenant_id) as talk:
        first = talk.recall("SELECT gen_random_uuid(), CAST(:a AS int)", a=1)
        assert talk.recall("SELECT gen_random_uuid(), CAST(:a AS int)", a=1).one() == first.one()
        assert talk.recall("SELECT gen_random_uuid(), CAST(:a AS int)", a=2).one() != first.one()


def test_an_error_of_a_statement_nobody_looked_at_rolls_everything_back(
    database: Database, world: World
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    outbox = database.outbox("awgp_worker")

    def fail() -> None:
        with outbox.work(world.acme.tenant_id) as work:
            for statement in ("DELETE FROM handoffs", "SELECT 1 / 0", "SELECT 1"):
                work.ask(statement)

    with pytest.raises(DataError):
        fail()
    assert count(database, world, "handoffs") == 1
    # The connection is as good as new.
    assert count(database, world, "runs") == 1


def test_a_lost_lease_is_the_reason_also_where_a_later_statement_fails_for_it(
    database: Database, world: World
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    outbox = database.outbox("awgp_worker")
    tenant_id, lease = world.acme.tenant_id, timedelta(seconds=30)
    with outbox.work(tenant_id) as work:
        (handoff_id,) = work.ask("SELECT handoff_id FROM handoffs").one()
        mine = claim(work, handoff_id, Stage.POLICY)
    assert mine is not None
    with outbox.work(tenant_id) as work:
        claimed = claim(work, handoff_id, Stage.POLICY)
        assert claimed is not None
        theirs = keep_claimed(work, claimed, owner="other", lease=lease)
    assert theirs.fence == mine.fence + 1

    def finish_mine() -> None:
        with outbox.work(tenant_id) as work:
            finish(work, mine)
            work.hand_off(mine.run_id, 1, Stage.HOLD)  # a run has one handoff at most

    with pytest.raises(LeaseLost):
        finish_mine()
    with pytest.raises(IntegrityError), outbox.work(tenant_id) as work:
        work.hand_off(mine.run_id, 1, Stage.HOLD)
    assert count(database, world, "handoffs") == 1
