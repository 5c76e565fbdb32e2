"""What a process does between SIGTERM and its end, and what the others have of it."""

import http.client
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis
from sqlalchemy import text

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from pipeline.cancel import Canceller, cancel_run
from pipeline.database import tenant_transaction
from pipeline.heartbeat import living_workers
from pipeline.kill_signal import KillSignal
from tests.integration.conftest import Database
from tests.integration.door import signed
from tests.integration.fake_host import approved_run
from tests.integration.processes import (
    PATIENCE_SECONDS,
    ingest_process,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.socket_host import SocketHost, socket_host
from tests.integration.stages import rows, status
from tests.integration.world import KEYRING, TenantWorld, World, submit

pytestmark = pytest.mark.services

STARTED_EXECUTING = "the sandboxes to start"


@pytest.fixture(scope="module")
def running(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-stopping") as started:
        yield started


@pytest.fixture
def valkey(running: Running) -> Running:
    with client_of(running) as client:
        client.flushall()
    return running


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SocketHost]:
    with socket_host(tmp_path) as started:
        yield started


@contextmanager
def client_of(valkey: Running) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(valkey.url)
    try:
        yield client
    finally:
        client.close()


def queued(valkey: Running, queue: str) -> int:
    with client_of(valkey) as client:
        return int(client.llen(f"dramatiq:{queue}"))


def fetched(valkey: Running, queue: str) -> int:
    with client_of(valkey) as client:
        return sum(client.scard(key) for key in client.keys(f"dramatiq:__acks__.*.{queue}"))


def ended_by(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_SECONDS)


def statuses(database: Database, tenant: TenantWorld, runs: Sequence[UUID]) -> set[object]:
    return {status(database, tenant, run_id)["status"] for run_id in runs}


def make_due(database: Database, tenant: TenantWorld) -> None:
    """Nobody sent their messages; the relay need not wait for anybody."""
    rows(
        database,
        tenant,
        "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1",
    )


def execute_worker(  # type: ignore[no-untyped-def]  # as worker_process has it
    database: Database, valkey: Running, host: SocketHost, stop_seconds: str, **environ: Any
):
    return worker_process(
        database,
        valkey,
        "execute",
        AWGP_RUNTIME_SOCKET=str(host.path),
        AWGP_STOP_SECONDS=stop_seconds,
        **environ,
    )


def test_what_was_fetched_and_not_begun_goes_back_at_once_and_what_was_begun_ends(
    database: Database, world: World, valkey: Running
) -> None:
    # Given: a worker of two threads, both held up in a run, and two more messages in its hands
    ingest = database.outbox("awgp_ingest")
    runs = [submit(ingest, world.acme, {"amount_cents": 1}) for _ in range(4)]
    make_due(database, world.acme)
    # It would send each anew within seconds; a worker may take longer to start.
    with relay_process(database, valkey):
        wait_until(lambda: queued(valkey, "policy") == 4, "all to be sent, once")
    with worker_process(database, valkey, "policy") as worker:
        with tenant_transaction(database.owner, world.acme.tenant_id) as blocker:
            blocker.execute(text("SELECT run_id FROM runs FOR UPDATE"))
            wait_until(lambda: fetched(valkey, "policy") == 4, "the worker's hands to be full")
            # When: it is told to stop
            worker.send_signal(signal.SIGTERM)
            # Then: it keeps what it has begun and nothing else, before it has ended
            wait_until(lambda: queued(valkey, "policy") == 2, "the messages to come back")
            assert fetched(valkey, "policy") == 2
            assert worker.poll() is None
        assert worker.wait(PATIENCE_SECONDS) == 0
    assert (fetched(valkey, "policy"), queued(valkey, "policy")) == (0, 2)
    with client_of(valkey) as client:
        assert living_workers(client) == []
    # And: another worker takes the others from the queue
    with worker_process(database, valkey, "policy"):
        wait_until(
            lambda: statuses(database, world.acme, runs) == {"permitted"}, "all to be judged"
        )


def test_a_running_sandbox_may_end_and_its_result_is_kept(
    database: Database, world: World, valkey: Running, host: SocketHost
) -> None:
    run_id = approved_run(database, world.acme)
    make_due(database, world.acme)
    with (
        relay_process(database, valkey),
        execute_worker(database, valkey, host, "20") as worker,
    ):
        wait_until(lambda: host.launched == 1, STARTED_EXECUTING)
        worker.send_signal(signal.SIGTERM)
        host.may_end.set()
        assert worker.wait(PATIENCE_SECONDS) == 0
    assert status(database, world.acme, run_id)["status"] == "executed"
    assert host.killed == 0


def test_a_sandbox_that_does_not_end_is_killed_and_its_run_handed_to_another_worker(
    database: Database, world: World, valkey: Running, host: SocketHost
) -> None:
    run_id = approved_run(database, world.acme)
    make_due(database, world.acme)
    with relay_process(database, valkey):
        with execute_worker(database, valkey, host, "1") as worker:
            wait_until(lambda: host.launched == 1, STARTED_EXECUTING)
            assert ended_by(worker) == 0
        assert host.killed == 1
        found = rows(database, world.acme, "SELECT lease_owner FROM handoffs")
        assert [row[0] for row in found] == [None]
        host.may_end.set()
        with execute_worker(database, valkey, host, "1"):
            wait_until(
                lambda: status(database, world.acme, run_id)["status"] == "executed",
                "the run to be run again",
            )
    reasons = rows(database, world.acme, "SELECT exit_reason FROM executions ORDER BY attempt")
    assert [row[0] for row in reasons] == ["interrupted", "ok"]


def test_a_worker_hears_at_once_that_a_person_wants_its_sandbox_ended(
    database: Database, world: World, valkey: Running, host: SocketHost
) -> None:
    run_id = approved_run(database, world.acme)
    make_due(database, world.acme)
    long = {"AWGP_LEASE_SECONDS": "3600"}  # renewed too late for this test
    with (
        relay_process(database, valkey),
        execute_worker(database, valkey, host, "20", **long),
        client_of(valkey) as client,
    ):
        wait_until(lambda: host.launched == 1, STARTED_EXECUTING)
        with database.outbox("awgp_web").work(world.acme.tenant_id) as work:
            cancel_run(work, KEYRING, run_id, Canceller(person_id=world.acme.persons["ada"]))
        KillSignal(client).send(run_id)
        wait_until(lambda: statuses(database, world.acme, [run_id]) == {"cancelled"}, "the kill")
    assert host.killed == 1
    assert rows(database, world.acme, "SELECT exit_reason FROM executions") == [("killed",)]


def test_a_worker_that_joins_finds_work_though_the_first_has_a_backlog(
    database: Database, world: World, valkey: Running, host: SocketHost
) -> None:
    runs = [approved_run(database, world.acme) for _ in range(4)]
    make_due(database, world.acme)
    with execute_worker(database, valkey, host, "20"):
        with relay_process(database, valkey):
            wait_until(
                lambda: queued(valkey, "execute") + fetched(valkey, "execute") == 4,
                "all to be sent, once",
            )
        wait_until(lambda: host.launched == 2, STARTED_EXECUTING)
        assert (fetched(valkey, "execute"), queued(valkey, "execute")) == (2, 2)
        with execute_worker(database, valkey, host, "20"):
            # None of the first two has ended: what it takes was waiting in nobody's hands.
            wait_until(lambda: host.launched == 4, "the second worker to take its share")
            host.may_end.set()
            wait_until(
                lambda: statuses(database, world.acme, runs) == {"executed"}, "all to be run"
            )


def test_a_request_that_is_being_answered_is_answered(
    database: Database, world: World, valkey: Running
) -> None:
    body = b'{"amount_cents": 1}'
    with ingest_process(database, valkey) as (process, port):
        sender = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        sender.putrequest("POST", f"/v1/hooks/{world.acme.source_id}")
        for name, value in {**signed(body), "Content-Length": str(len(body))}.items():
            sender.putheader(name, value)
        sender.endheaders(body[:5])
        # Its headers have been read once another request, sent after them, has its answer.
        httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_SECONDS)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not takes_requests(port), "the edge to take no more")
        assert process.poll() is None
        sender.send(body[5:])
        assert sender.getresponse().status == 202
        sender.close()
        assert process.wait(PATIENCE_SECONDS) == 0


def takes_requests(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=0.5).is_success
    except httpx.TransportError:
        return False
