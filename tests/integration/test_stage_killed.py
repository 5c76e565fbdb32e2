"""The stages whose work is all in the database, and the relay, killed between any two steps."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from pipeline.fault_points import FAULT_POINTS
from tests.integration import driving, test_telling_killed, test_worker_killed
from tests.integration.conftest import Database
from tests.integration.processes import (
    PATIENCE_SECONDS,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.stages import rows, status
from tests.integration.world import TenantWorld, World, submit

pytestmark = pytest.mark.services

TO_THE_HOLD = tuple(name for name in FAULT_POINTS if name.startswith(("policy.", "hold.")))
AT_THE_RELAY = tuple(name for name in FAULT_POINTS if name.startswith("relay."))
AT_AUDIT = tuple(name for name in FAULT_POINTS if name.startswith("audit."))


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-stage-killed") as running:
        yield running


def test_every_fault_point_is_killed_at_somewhere() -> None:
    elsewhere = {*test_worker_killed.BEFORE_THE_OUTCOME_IS_KEPT, *test_worker_killed.AFTER_IT}
    elsewhere |= {*test_telling_killed.AT_A_NOTICE}
    assert {*TO_THE_HOLD, *AT_THE_RELAY, *AT_AUDIT, *elsewhere} == set(FAULT_POINTS)


def hurry(database: Database, tenant: TenantWorld) -> None:
    """Nobody sends these messages but the relay; it need not wait for anybody."""
    rows(database, tenant, "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1")


def is_held_once(database: Database, tenant: TenantWorld, run_id: UUID) -> Callable[[], bool]:
    return lambda: status(database, tenant, run_id)["status"] == "held"


def counted(database: Database, tenant: TenantWorld) -> list[tuple[int, ...]]:
    """Decisions, approvals, expiries scheduled, records of the moves, handoffs left."""
    return [
        tuple(row)
        for row in rows(
            database,
            tenant,
            "SELECT (SELECT count(*) FROM policy_decisions), (SELECT count(*) FROM approvals),"
            " (SELECT count(*) FROM due WHERE kind = 'hold.expire'),"
            " (SELECT count(*) FROM handoffs)",
        )
    ]


@pytest.mark.parametrize("fault_point", TO_THE_HOLD)
def test_a_killed_policy_or_hold_worker_leaves_one_decision_and_one_question(
    database: Database, world: World, valkey: Running, fault_point: str
) -> None:
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 20_000})
    hurry(database, world.acme)
    with relay_process(database, valkey):
        with worker_process(
            database, valkey, "policy", "hold", AWGP_FAULT_POINT=fault_point
        ) as doomed:
            doomed.wait(PATIENCE_SECONDS)
        with worker_process(database, valkey, "policy", "hold"):
            wait_until(is_held_once(database, world.acme, run_id), "the run to be held")
    assert counted(database, world.acme) == [(1, 1, 1, 0)]


@pytest.mark.parametrize("fault_point", AT_THE_RELAY)
def test_a_killed_relay_costs_time_and_no_run(
    database: Database, world: World, valkey: Running, fault_point: str
) -> None:
    run_id = submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 20_000})
    hurry(database, world.acme)
    with worker_process(database, valkey, "policy", "hold"):
        with relay_process(database, valkey, AWGP_FAULT_POINT=fault_point) as doomed:
            doomed.wait(PATIENCE_SECONDS)
        with relay_process(database, valkey):
            wait_until(is_held_once(database, world.acme, run_id), "the run to be held")
    assert counted(database, world.acme) == [(1, 1, 1, 0)]


@pytest.mark.parametrize("fault_point", AT_AUDIT)
def test_a_killed_sealer_seals_each_record_once_and_completes_the_run(
    database: Database, world: World, valkey: Running, tmp_path: Path, fault_point: str
) -> None:
    run_id = driving.deliver(database, world.acme)
    hurry(database, world.acme)
    pem = (
        Ed25519PrivateKey.generate()
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )
    sealer = partial(
        worker_process,
        *(database, valkey, "audit"),
        login="awgp_sealer",
        AWGP_CHECKPOINT_KEY=pem,
        AWGP_SIGNER_FOLDER=str(tmp_path),
    )
    with relay_process(database, valkey):
        with sealer(AWGP_FAULT_POINT=fault_point) as doomed:
            doomed.wait(PATIENCE_SECONDS)
        with sealer():
            wait_until(
                lambda: status(database, world.acme, run_id)["status"] == "completed",
                "the run to be completed",
            )
            # The checkpoint that is due by time signs what the dead sealer could not.
            again = "UPDATE due SET next_send_at = clock_timestamp() RETURNING 1"
            rows(database, world.acme, again)
            wait_until(
                lambda: signed_size(database, world.acme) == sealed(database, world.acme),
                "the head to be signed",
            )
    entries = rows(
        database,
        world.acme,
        "SELECT count(*), count(DISTINCT id), max(sequence),"
        " count(*) FILTER (WHERE action = 'audit:run:completed') FROM audit_log",
    )[0]
    assert entries[0] == entries[1] == entries[2]
    assert entries[3] == 1


def sealed(database: Database, tenant: TenantWorld) -> int:
    found: int = rows(database, tenant, "SELECT coalesce(max(sequence), 0) FROM audit_log")[0][0]
    return found


def signed_size(database: Database, tenant: TenantWorld) -> int:
    statement = "SELECT coalesce(max(tree_size), 0) FROM audit_checkpoints"
    found: int = rows(database, tenant, statement)[0][0]
    return found
