"""A worker killed between any two of its steps leaves each run finished once, or honestly unknown.

Real worker and relay processes, a real broker, real sandboxes, a real receiver.
"""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

import pytest

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from pipeline.registry import add_assistant, add_target
from tests.integration.conftest import Database
from tests.integration.fake_host import approved_run
from tests.integration.own_host import Host, running_host
from tests.integration.processes import (
    PATIENCE_SECONDS,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.receiver import Receiver, start_receiver
from tests.integration.stages import rows, status
from tests.integration.world import KEYRING, SECRET, TenantWorld, World

pytestmark = [pytest.mark.runsc, pytest.mark.services]

KEK = "test:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
LEASE_SECONDS = "3"
ENDED = {"delivered", "failed"}
BEFORE_THE_OUTCOME_IS_KEPT = [
    "execute.leased",
    "execute.launched",
    "execute.finished",
    "execute.before_commit",
]
AFTER_IT = [
    "execute.committed",
    "post_action.leased",
    "post_action.before_send",
    "post_action.sent",
    "post_action.before_commit",
    "post_action.committed",
]


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-killed") as running:
        yield running


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory: pytest.TempPathFactory, runtimes: Path) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host"), runtimes) as host:
        yield host


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with start_receiver() as started:
        yield started


def furnish(
    database: Database, tenant: TenantWorld, host: Host, receiver: Receiver, *, retry: str
) -> None:
    """Point the tenant's assistant at the real runtime and at the receiver."""
    author = tenant.persons["axel"]
    rows(
        database,
        tenant,
        "UPDATE bundles SET"
        " manifest = manifest || jsonb_build_object('retry', CAST(:retry AS text)) RETURNING 1",
        retry=retry,
    )
    with database.outbox("awgp_web").work(tenant.tenant_id) as work:
        target = add_target(
            work,
            KEYRING,
            name="ledger",
            url=f"{receiver.url}/hook",
            secret=SECRET,
            by=author,
            settings={"allow_private": True},
        )
        add_assistant(
            work,
            name="booker",
            bundle_digest=tenant.bundle_digest,
            runtime=("python3", host.client.describe().runtimes["python3"]),
            by=author,
            targets=[target],
        )


def worker(
    database: Database, valkey: Running, host: Host, fault_point: str = ""
) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    return worker_process(
        database,
        valkey,
        "execute",
        "post_action",
        AWGP_KEK=KEK,
        AWGP_RUNTIME_SOCKET=str(host.folder / "socket"),
        AWGP_LEASE_SECONDS=LEASE_SECONDS,
        AWGP_FAULT_POINT=fault_point,
    )


def run_through_a_kill(
    database: Database, valkey: Running, host: Host, tenant: TenantWorld, fault_point: str
) -> UUID:
    run_id = approved_run(database, tenant)
    # Nobody sent its message; the relay need not wait for anybody.
    rows(database, tenant, "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1")
    with relay_process(database, valkey):
        with worker(database, valkey, host, fault_point) as doomed:
            doomed.wait(PATIENCE_SECONDS)
        with worker(database, valkey, host):
            wait_until(
                lambda: status(database, tenant, run_id)["status"] in ENDED, "the run to end"
            )
    return run_id


def executions(database: Database, tenant: TenantWorld) -> list[object]:
    found = rows(database, tenant, "SELECT exit_reason FROM executions ORDER BY attempt")
    return [row[0] for row in found]


@pytest.mark.parametrize("fault_point", [*BEFORE_THE_OUTCOME_IS_KEPT, *AFTER_IT])
def test_a_run_whose_rerun_is_safe_is_finished_once(
    database: Database,
    world: World,
    valkey: Running,
    shared_host: Host,
    receiver: Receiver,
    fault_point: str,
) -> None:
    furnish(database, world.acme, shared_host, receiver, retry="safe")

    run_id = run_through_a_kill(database, valkey, shared_host, world.acme, fault_point)

    assert status(database, world.acme, run_id)["status"] == "delivered"
    assert executions(database, world.acme)[-1] == "ok"
    assert executions(database, world.acme).count("ok") == 1
    sent = {(each.headers["webhook-id"], each.body) for each in receiver.received}
    assert len(sent) == 1
    delivered = rows(database, world.acme, "SELECT attempt, outcome FROM deliveries")
    assert [tuple(row) for row in delivered] == [(1, "delivered")]


@pytest.mark.parametrize("fault_point", [*BEFORE_THE_OUTCOME_IS_KEPT, "execute.committed"])
def test_a_run_whose_rerun_is_not_safe_is_never_run_twice(
    database: Database,
    world: World,
    valkey: Running,
    shared_host: Host,
    receiver: Receiver,
    fault_point: str,
) -> None:
    furnish(database, world.acme, shared_host, receiver, retry="never")

    run_id = run_through_a_kill(database, valkey, shared_host, world.acme, fault_point)

    found = status(database, world.acme, run_id)
    if fault_point == "execute.committed":
        assert found["status"] == "delivered"
    else:
        assert (found["status"], found["reason"]) == ("failed", "outcome unknown")
        assert receiver.received == []
    assert len(executions(database, world.acme)) == 1
