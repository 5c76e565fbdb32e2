from sqlalchemy import text

from pipeline.database import tenant_transaction
from tests.integration.conftest import Database
from tests.integration.world import World, submit


def test_a_submitted_run_is_seen_by_its_tenant_alone(database: Database, world: World) -> None:
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    engine = database.engine("awgp_worker")
    with tenant_transaction(engine, world.acme.tenant_id) as connection:
        assert connection.execute(text("SELECT run_id FROM runs")).scalar_one() == run_id
    with tenant_transaction(engine, world.globex.tenant_id) as connection:
        assert connection.execute(text("SELECT run_id FROM runs")).all() == []
