"""How soon what an agent writes is in the hands of who looks on: lines, and structured events.

A real agent in gVisor writes the time as a line and tells it as an event, in turn, through all five
stages of the product. Somebody follows its run as a browser does: a WebSocket says that there is
more, and the run's log is read on. Beside it, rounds alternating, the same program in a bare
`runsc run`, whose pipe is read: what gVisor alone takes.
"""

import contextlib
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from simple_websocket import Client

from ops.bench.live_world import Issuer
from ops.bench.pipeline import Bed, trunk_bed
from ops.bench.report import percentile
from ops.bench.sandbox_host import RawRunsc, bench_host, this_machine
from ops.bench.served_app import PRODUCT, ServedApp, served_app
from ops.bench.stage import begin_run
from ops.bench.trunk_rounds import BenchFailed
from ops.bench.trunk_tenants import BenchTenant, make_tenants
from ops.bench.trunk_worker import QUEUES
from ops.bench.worker_processes import Crew, relay_process, trunk_crew
from ops.processes import process_environment

ANSWER_SECONDS: Final = 60.0

# Not in step with how long the product gathers lines. Until it begins somebody follows its run.
PROGRAM: Final = """
import random, time
from awgp_agent import telemetry
time.sleep(1)
for _ in range({count}):
    print("at", time.time_ns(), flush=True)
    time.sleep(random.uniform(0.02, 0.08))
    telemetry.event("tick", {{"at": str(time.time_ns())}})
    time.sleep(random.uniform(0.02, 0.08))
"""
AT: Final = re.compile(r'(?:at |"at": ?")([0-9]{19})')
EVENT: Final = "event"


@dataclass(slots=True)
class Written:
    """Milliseconds from when something was written until it was read."""

    lines_ms: list[float] = field(default_factory=list)
    events_ms: list[float] = field(default_factory=list)

    def add(self, text: str, *, is_event: bool) -> None:
        """Note what was read just now."""
        now = time.time_ns()
        written = AT.search(text)
        if written is None:
            raise BenchFailed(f"an agent wrote something else: {text[:200]!r}")
        (self.events_ms if is_event else self.lines_ms).append((now - int(written[1])) / 1e6)


@dataclass(slots=True)
class Output:
    """Of all rounds."""

    told: Written = field(default_factory=Written)
    raw: Written = field(default_factory=Written)

    def rows(self) -> list[list[str]]:
        """For a table of side, p50 and p99."""
        named = {
            "a line, to who follows its run": self.told.lines_ms,
            "an event, to who follows its run": self.told.events_ms,
            "a line, out of a bare runsc run": self.raw.lines_ms,
            "an event, out of a bare runsc run": self.raw.events_ms,
        }
        return [
            [name, f"{percentile(ms, 0.5):.1f}", f"{percentile(ms, 0.99):.1f}", ""]
            for name, ms in named.items()
        ]

    def figures(self) -> dict[str, float | int]:
        """`event_ratio` is events' median to that of lines, in the same runs."""
        found: dict[str, float | int] = {}
        for name, ms in (
            ("line", self.told.lines_ms),
            ("event", self.told.events_ms),
            ("raw_line", self.raw.lines_ms),
            ("raw_event", self.raw.events_ms),
        ):
            found |= {f"{name}_p50_ms": percentile(ms, 0.5), f"{name}_p99_ms": percentile(ms, 0.99)}
        between = statistics.median(self.told.events_ms) / statistics.median(self.told.lines_ms)
        return found | {"event_ratio": between, "event_n": len(self.told.events_ms)}


def follow_output(count: int, rounds: int) -> Output:
    """So many lines and events a round."""
    machine, issuer, output = this_machine(), Issuer(), Output()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="awgp-bench-raw-")))
        program = PROGRAM.format(count=count)
        raw = RawRunsc(machine, folder, program=program)
        bed = stack.enter_context(trunk_bed())
        host = stack.enter_context(bench_host(machine))
        stack.enter_context(issuer.served())
        data = bed.servers.data
        runtime = (machine.record.name, machine.record.digest)
        (tenant,) = make_tenants(data, 1, runtime=runtime, program=program.encode())
        stack.enter_context(relay_process(data))
        for queue in QUEUES:
            crew = Crew(processes=1, threads=2)
            stack.enter_context(
                trunk_crew(data, crew, queues=[queue], runtime_socket=str(host.socket))
            )
        told = process_environment(data, "web") | {
            "AWGP_OIDC_ISSUER": issuer.url,
            "AWGP_PUBLIC_URL": "http://127.0.0.1:{port}",
        }
        web = stack.enter_context(
            served_app(data, "web", "web.app:from_environ()", told, configuration=PRODUCT)
        )
        token = issuer.token(tenant.slug, "watcher")
        _follow(bed, web, tenant, token, count, Written())  # to warm up
        for _ in range(rounds):
            _read_raw(raw, output.raw)
            _follow(bed, web, tenant, token, count, output.told)
    return output


def _read_raw(raw: RawRunsc, written: Written) -> None:
    with raw.started() as pipe:
        while line := pipe.readline():
            text = line.decode()
            written.add(text, is_event=text.startswith("\x1e"))


def _follow(
    bed: Bed, web: ServedApp, tenant: BenchTenant, token: str, count: int, written: Written
) -> None:
    """Send a run, and read what its agent writes as it is told of."""
    head = {"Authorization": f"Bearer {token}"}
    where = f"127.0.0.1:{web.port}"
    with (
        contextlib.closing(Client(f"ws://{where}/v1/live", headers=head)) as live,
        httpx.Client(base_url=f"http://{where}", headers=head, timeout=30) as client,
    ):
        _ = live.receive(ANSWER_SECONDS)
        run_id, _ = begin_run(bed, tenant)
        live.send(json.dumps({"follow": [str(run_id)]}))
        after, read = -1, 0
        for _ in _told(live, run_id):
            for line in _lines(client, run_id, after):
                written.add(line["text"], is_event=line["stream"] == EVENT)
                after, read = line["sequence"], read + 1
            if read == 2 * count:
                break


def _told(live: Client, run_id: UUID) -> Iterator[None]:
    """Once for each time that more was written.

    Raises:
        BenchFailed: Nothing was told for too long, or the run ended before all of it was.
    """
    while True:
        said: Any = live.receive(ANSWER_SECONDS)
        if said is None:
            raise BenchFailed(f"nothing was told of what run {run_id} writes")
        event = json.loads(said)
        if event["kind"] == "telemetry":
            yield
        elif event.get("run_id") == str(run_id) and event.get("status") == "completed":
            raise BenchFailed(f"run {run_id} ended before all it wrote was told")


def _lines(client: httpx.Client, run_id: UUID, after: int) -> list[dict[str, Any]]:
    answer = client.get(
        f"/v1/runs/{run_id}/log", params={"after": after} if after >= 0 else {}
    ).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found
