"""The fast path over a real Valkey, as the edge's own user, read as a worker reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.broker import make_broker
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url, valkey_url_without_password
from pipeline.fast_path import FastPathBroker, quick_client
from pipeline.settings import Settings
from tests.integration.conftest import Database
from tests.integration.door import Door
from tests.integration.world import World

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-ingest") as running:
        yield running


def test_an_accepted_event_reaches_a_worker_at_once(
    valkey: Running, database: Database, world: World
) -> None:
    settings = Settings(
        redis_url=valkey_url_without_password(valkey.data, "ingest"),
        redis_password=valkey.data.secret("valkey-ingest"),
    )
    # As `make_fast_path` makes it, but patient: on a busy machine it would leave it to the relay.
    fast_path = FastPathBroker(quick_client(settings, answer_seconds=PATIENCE_SECONDS))
    door = Door(database.engine("awgp_ingest"), database.admin, broker=fast_path)
    assert door.hook(world.acme, b"{}").status_code == 202

    worker = make_broker(Settings(redis_url=valkey_url(valkey.data, "worker")))
    worker.declare_queue("policy")
    received = next(worker.consume("policy", timeout=60_000))
    assert received is not None
    assert received.actor_name == "policy"
    assert received.args[0] == str(world.acme.tenant_id)
