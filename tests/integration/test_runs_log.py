"""`awgp runs log --follow` prints what an agent writes when it is told of it."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
import redis

from ops.control_plane import ControlPlane
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from ops.run_output import lines_of
from ops.run_waking import woken
from pipeline.execution import OutputLine
from pipeline.execution_store import output_lines
from pipeline.ids import uuid7
from pipeline.live import RUN, Event, Happened
from pipeline.live_log import write_lines
from pipeline.live_publisher import Publisher
from tests.integration.conftest import Database, stub_broker
from tests.integration.control_plane import SETTINGS, person, verifier
from tests.integration.driving import decide, hold
from tests.integration.processes import PATIENCE_SECONDS, wait_until
from tests.integration.served import served
from tests.integration.world import TenantWorld, World
from web.app import create_app
from web.live import live_of

LINES: Final = tuple(
    OutputLine(sequence=number, stream="stdout", offset_ms=number, text=f"line {number}")
    for number in range(2)
)


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "runs-log") as running:
        yield running


@pytest.fixture
def worker(valkey: Running) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(valkey_url(valkey.data, "worker")) as client:
        yield client


@pytest.fixture
def web(database: Database, world: World, valkey: Running) -> Iterator[str]:
    app = create_app(
        replace(SETTINGS, redis_url=valkey_url(valkey.data, "web")),
        engine=database.engine("awgp_web"),
        holding=database.engine("awgp_holding"),
        broker=stub_broker(),
        verifier=verifier(),
    )
    with served(app) as url:
        yield url
        live_of(app).stop()


def begin(database: Database, tenant: TenantWorld) -> tuple[UUID, UUID]:
    """A run whose agent is at work, and its execution."""
    run_id, approval_id = hold(database, tenant)
    decide(database, tenant, approval_id)
    execution_id = uuid7()
    with database.outbox("awgp_worker").work(tenant.tenant_id) as work:
        work.execute(
            "INSERT INTO executions (tenant_id, execution_id, run_id, epoch, attempt, fence,"
            " action_digest) SELECT tenant_id, :id, run_id, 1, 1, 1, action_digest FROM approvals"
            " WHERE run_id = :run",
            id=execution_id,
            run=run_id,
        )
    return run_id, execution_id


def end(database: Database, tenant: TenantWorld, execution_id: UUID) -> None:
    with database.outbox("awgp_worker").work(tenant.tenant_id) as work:
        work.execute(
            "UPDATE executions SET exit_reason = 'ok', exit_code = 0, output = :output,"
            " duration_ms = 7, finished_at = clock_timestamp() WHERE execution_id = :id",
            output=output_lines(LINES)[0],
            id=execution_id,
        )


def test_lines_and_the_end_come_when_they_are_told_however_seldom_is_looked(
    database: Database, world: World, web: str, worker: "redis.Redis", monkeypatch: Any
) -> None:
    monkeypatch.setattr("ops.run_output.AGAIN_SECONDS", 3600.0)
    tenant = world.acme
    run_id, execution_id = begin(database, tenant)
    plane = ControlPlane(web_url=web, ingest_url=web, token=person(tenant.slug, "ben"))
    asked: list[int] = []
    read: queue.Queue[str] = queue.Queue()

    def ask(run_id: UUID, after: int = -1) -> dict[str, Any]:
        page = plane.run_log(run_id, after)
        asked.append(after)
        return page

    def follow() -> None:
        with woken(partial(plane.run_told, run_id)) as sleep:
            for line in lines_of(ask, run_id, follow=True, sleep=sleep):
                read.put(line["text"])
        read.put("ended")

    threading.Thread(target=follow, daemon=True).start()
    # Once at first, and again when the server has said hello.
    wait_until(lambda: len(asked) >= 2, "a second look")
    for line in LINES:
        write_lines(
            worker,
            tenant_id=tenant.tenant_id,
            run_id=run_id,
            execution_id=execution_id,
            lines=[line],
            announce=True,
        )
        assert read.get(timeout=PATIENCE_SECONDS) == line.text
    end(database, tenant, execution_id)
    changed = Event(kind=RUN, ids={"run_id": str(run_id)})
    Publisher(worker).publish([Happened(tenant_id=tenant.tenant_id, announced=[changed])])
    assert read.get(timeout=PATIENCE_SECONDS) == "ended"
