"""Drive stages by hand: deliver the messages a stub broker holds, one stage at a time."""

from collections.abc import Mapping
from uuid import UUID

import dramatiq
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import text

from actors import hold, policy
from pipeline.database import tenant_transaction
from pipeline.run import Stage
from tests.integration.conftest import Database, stub_broker
from tests.integration.world import TenantWorld


def declared(database: Database) -> StubBroker:
    """A broker with the stages declared whose work is all in the database."""
    broker = stub_broker()
    outbox = database.outbox("awgp_worker")
    policy.declare(broker, outbox)
    hold.declare(broker, outbox)
    return broker


def work_off(database: Database, broker: dramatiq.Broker, tenant: TenantWorld, stage: Stage) -> int:
    """Deliver a message for every handoff of a stage, as the relay would; returns how many."""
    handoffs = rows(
        database, tenant, "SELECT handoff_id FROM handoffs WHERE stage = :stage", stage=stage.value
    )
    for row in handoffs:
        deliver(broker, stage, tenant.tenant_id, row[0])
    return len(handoffs)


def deliver(broker: dramatiq.Broker, stage: Stage, tenant_id: UUID, handoff_id: UUID) -> None:
    broker.get_actor(stage.value).fn(str(tenant_id), str(handoff_id))


def rows(database: Database, tenant: TenantWorld, statement: str, **values: object) -> list:  # type: ignore[type-arg]  # rows of any shape
    with tenant_transaction(database.owner, tenant.tenant_id) as connection:
        return list(connection.execute(text(statement), values))


def status(database: Database, tenant: TenantWorld, run_id: UUID) -> Mapping[str, object]:
    statement = "SELECT status, epoch, reason, sealed_at FROM runs WHERE run_id = :run"
    found: Mapping[str, object] = rows(database, tenant, statement, run=run_id)[0]._mapping
    return found
