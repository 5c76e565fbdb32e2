"""What processes answer at their ops address: real workers, a real relay, a real edge."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from pipeline.exposition import Exposition, Health
from tests.integration.conftest import Database
from tests.integration.processes import (
    PATIENCE_SECONDS,
    answer,
    free_port,
    ingest_process,
    relay_process,
    wait_until,
    worker_process,
)
from tests.integration.stages import rows, status
from tests.integration.world import World, submit

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-health") as running:
        yield running


@pytest.fixture
def ops() -> str:
    return f"127.0.0.1:{free_port()}"


def get(address: str, path: str) -> httpx.Response:
    return httpx.get(f"http://{address}{path}", timeout=30)


def metric(address: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(get(address, "/metrics").text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


def test_one_that_is_stopped_the_moment_it_has_its_address_stops(ops: str) -> None:
    exposition = Exposition(ops, Health())
    stopping = threading.Thread(target=exposition.stop, daemon=True)

    class StoppedMeanwhile(threading.Event):
        def is_set(self) -> bool:
            if exposition._server is not None and not stopping.ident:
                stopping.start()
                self.wait(PATIENCE_SECONDS)
            return super().is_set()

    exposition._stop = StoppedMeanwhile()
    exposition.start()
    wait_until(lambda: exposition._server is not None, "the address")
    if not stopping.ident:
        stopping.start()
    stopping.join(PATIENCE_SECONDS)
    assert not stopping.is_alive()


def test_whoever_comes_first_answers_and_the_next_takes_over(ops: str) -> None:
    first = Exposition(ops, Health(ready={"it": lambda: "not yet"}))
    second = Exposition(ops, Health())
    first.start()
    wait_until(lambda: answer(f"http://{ops}/healthz") == 200, "the first")
    second.start()
    unready = get(ops, "/readyz")
    assert (unready.status_code, unready.json()) == (
        503,
        {"status": "unwell", "failed": {"it": "not yet"}},
    )
    first.stop()
    wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "the second")
    assert get(ops, "/").status_code == 404
    second.stop()


def test_what_a_check_raises_is_no_answer_that_all_is_well(ops: str) -> None:
    def broken() -> str | None:
        raise RuntimeError("postgresql://secret@host")

    exposition = Exposition(ops, Health(alive={"it": broken}))
    exposition.start()
    wait_until(lambda: answer(f"http://{ops}/healthz"), "an answer")
    unwell = get(ops, "/healthz")
    assert unwell.status_code == 503
    assert "secret" not in unwell.text
    assert unwell.json()["failed"] == {"it": "RuntimeError"}
    exposition.stop()


def test_a_workers_processes_are_counted_together_and_say_when_they_cannot_work(
    database: Database, world: World, valkey: Running, ops: str, tmp_path: Path
) -> None:
    stale = tmp_path / "counter_1.db"
    stale.write_bytes(b"of a process before")
    ingest = database.outbox("awgp_ingest")
    runs = [submit(ingest, world.acme, {"amount_cents": 1}) for _ in range(6)]
    rows(
        database,
        world.acme,
        "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1",
    )
    environ = {"AWGP_OPS_ADDRESS": ops, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with worker_process(database, valkey, "policy", processes=2, **environ):
        wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "the worker to be ready")
        assert metric(ops, "awgp_dead_letters_total", stage="policy") == 0
        with relay_process(database, valkey):
            wait_until(
                lambda: (
                    {status(database, world.acme, each)["status"] for each in runs} == {"permitted"}
                ),
                "all to be judged",
            )
        wait_until(
            lambda: metric(ops, "awgp_messages_total", stage="policy", outcome="done") >= 6,
            "both processes' counts",
        )
        assert metric(ops, "awgp_stage_seconds_count", stage="policy") == 6
        assert metric(ops, "awgp_stage_wait_seconds_count", stage="policy") == 6
        assert not stale.exists()

        valkey.kill()
        wait_until(lambda: answer(f"http://{ops}/readyz") == 503, "it to notice the broker")
        failed = get(ops, "/readyz").json()["failed"]
        assert "broker" in failed
        assert valkey.data.secret("valkey-worker") not in str(failed)
        assert get(ops, "/healthz").status_code == 200
        valkey.restart()
        wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "it to be ready again")


def test_a_relay_shows_how_every_queue_stands(
    database: Database, world: World, valkey: Running, ops: str
) -> None:
    submit(database.outbox("awgp_ingest"), world.acme, {"amount_cents": 1})
    rows(
        database,
        world.acme,
        "UPDATE handoffs SET created_at = created_at - interval '1 hour' RETURNING 1",
    )
    with relay_process(database, valkey, AWGP_OPS_ADDRESS=ops):
        wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "the relay to be ready")
        assert metric(ops, "awgp_queue_depth", queue="policy") == 1
        assert metric(ops, "awgp_queue_depth", queue="execute") == 0
        assert 3600 <= metric(ops, "awgp_queue_oldest_seconds", queue="policy") < 7200
        assert metric(ops, "awgp_queue_dead", queue="policy") == 0
        assert metric(ops, "awgp_sealing_lag_seconds") > 0
        wait_until(
            lambda: metric(ops, "awgp_relay_sends_total", queue="policy") >= 1, "it to be sent"
        )
        shown = get(ops, "/metrics").text
        assert str(world.acme.tenant_id) not in shown


def test_the_edge_counts_its_requests_by_route_and_tells_nothing_of_it_to_its_callers(
    database: Database, valkey: Running, ops: str, tmp_path: Path
) -> None:
    environ = {"AWGP_OPS_ADDRESS": ops, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with ingest_process(database, valkey, processes=2, **environ) as (process, port):
        edge = f"http://127.0.0.1:{port}"
        wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "the edge to be ready")
        for path in ("/metrics", "/nowhere/4711", "/v1/runs/not-a-run"):
            assert answer(edge + path) == 404
        for _ in range(8):
            assert answer(f"{edge}/v1/openapi.json") == 200
        route = {"service": "ingest", "method": "GET", "route": "/v1/openapi.json"}
        assert metric(ops, "awgp_http_requests_total", status="200", **route) == 8
        assert metric(ops, "awgp_http_request_seconds_count", **route) == 8
        assert metric(ops, "awgp_http_requests_total", route="none", status="404") >= 2
        assert "4711" not in get(ops, "/metrics").text

        # Whichever of the two answered: the other answers for it, and nothing counted is lost.
        for worker in children(process.pid)[:1]:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: answer(f"http://{ops}/readyz") == 200, "the other to answer")
        assert metric(ops, "awgp_http_requests_total", status="200", **route) == 8
