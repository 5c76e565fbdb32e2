"""Lines on their way from a running agent to who looks on, through a real Valkey."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from actors.telemetry import MOST_AT_ONCE, Telemetry
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.execution import ExecutionSpec, Limits, OutputLine
from pipeline.live import telemetry_key, watched_key
from pipeline.live_log import MOST_CHARACTERS, log_key, read_log, write_lines
from pipeline.live_publisher import Publisher

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "telemetry") as running:
        yield running


@pytest.fixture
def client(valkey: Running) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(valkey_url(valkey.data, "worker"))
    yield client
    client.close()


def spec() -> ExecutionSpec:
    return ExecutionSpec(
        tenant_id=uuid4(),
        run_id=uuid4(),
        execution_id=uuid4(),
        fence=1,
        bundle=b"",
        bundle_digest="0" * 64,
        payload=b"{}",
        payload_digest="0" * 64,
        runtime="python3",
        runtime_digest="0" * 64,
        entrypoint=("main.py",),
        limits=Limits(),
        environment={},
    )


def line(number: int) -> OutputLine:
    return OutputLine(sequence=number, stream="stdout", offset_ms=number, text=f"line {number}")


def wait_for_lines(client: "redis.Redis", told: ExecutionSpec, after: str = "0-0") -> None:
    key = log_key(told.tenant_id, told.execution_id)
    assert client.xread({key: after}, block=PATIENCE_MS), "nothing was told"


def test_lines_are_there_while_the_agent_runs_and_the_rest_when_it_ends(
    client: "redis.Redis",
) -> None:
    telemetry, running = Telemetry(client, Publisher(client)), spec()
    client.set(watched_key(running.tenant_id), 1)
    with telemetry.of(running) as on_line:
        on_line(line(0))
        on_line(line(1))
        wait_for_lines(client, running)
        on_line(line(2))
    found = read_log(client, running.tenant_id, running.execution_id)
    assert found.lines == (line(0), line(1), line(2))
    assert client.xlen(telemetry_key(running.tenant_id)) >= 1


def test_an_execution_that_is_over_at_once_is_told_of_by_its_output_alone(
    client: "redis.Redis",
) -> None:
    # Long enough for a busy machine to come to the end of an execution that is over at once.
    telemetry = Telemetry(client, Publisher(client), gather_seconds=0.5)
    running, longer = spec(), spec()
    with telemetry.of(longer) as on_line:
        with telemetry.of(running) as short:
            short(line(0))
        on_line(line(0))
        wait_for_lines(client, longer)
    assert not client.exists(log_key(running.tenant_id, running.execution_id))
    assert not client.exists(telemetry_key(longer.tenant_id)), "nobody watches"


def test_a_line_that_is_cut_says_so(client: "redis.Redis") -> None:
    running, long = spec(), replace(line(0), text="x" * (MOST_CHARACTERS + 1))
    write_lines(
        client,
        tenant_id=running.tenant_id,
        run_id=running.run_id,
        execution_id=running.execution_id,
        lines=[long],
        announce=False,
    )
    (told,) = read_log(client, running.tenant_id, running.execution_id).lines
    assert told.text == "x" * MOST_CHARACTERS + " […]"


def test_of_a_flood_the_last_lines_are_told(client: "redis.Redis") -> None:
    telemetry, running = Telemetry(client, Publisher(client)), spec()
    with telemetry.of(running) as on_line:
        for number in range(MOST_AT_ONCE * 50):
            on_line(line(number))
        wait_for_lines(client, running)
    found = read_log(client, running.tenant_id, running.execution_id, limit=10_000)
    assert found.lines[-1] == line(MOST_AT_ONCE * 50 - 1)
    assert len(found.lines) < MOST_AT_ONCE * 50


def test_a_server_that_is_away_makes_no_agent_wait() -> None:
    nowhere = redis.Redis(port=1)
    telemetry, done = Telemetry(nowhere, Publisher(nowhere), gather_seconds=0.001), spec()
    with telemetry.of(done) as on_line:
        threads = [threading.Thread(target=on_line, args=(line(n),)) for n in range(50)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
