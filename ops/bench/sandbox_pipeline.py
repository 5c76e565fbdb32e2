"""Trivial runs through all five stages with a real sandbox each, one by one, as in the product."""

import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from ops.bench.pipeline import trunk_bed
from ops.bench.sandbox_host import PROGRAM, Machine, bench_host
from ops.bench.stage import send_evenly, stage_times
from ops.bench.trunk_rounds import BenchFailed
from ops.bench.trunk_tenants import make_tenants
from ops.bench.trunk_worker import QUEUES
from ops.bench.worker_processes import Crew, relay_process, trunk_crew

WARM_UP: Final = 4
A_SECOND: Final = 1.0
_EXECUTIONS: Final = text("SELECT run_id, exit_reason, duration_ms FROM awgp.executions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Milliseconds of one run: in its sandbox, and from its message to its seal."""

    sandbox: float
    whole: float

    @property
    def over(self) -> float:
        """Beyond half as much again as its sandbox took."""
        return self.whole - 1.5 * self.sandbox


def pass_through(machine: Machine, runs: int) -> list[Passage]:
    """Send so many, one a second; nobody is asked, for the policy lets them through."""
    with ExitStack() as stack:
        bed = stack.enter_context(trunk_bed())
        host = stack.enter_context(bench_host(machine))
        data = bed.servers.data
        runtime = (machine.record.name, machine.record.digest)
        tenants = make_tenants(data, 1, runtime=runtime, program=PROGRAM.encode())
        stack.enter_context(relay_process(data))
        for queue in QUEUES:
            crew = Crew(processes=1, threads=2)
            stack.enter_context(
                trunk_crew(data, crew, queues=[queue], runtime_socket=str(host.socket))
            )
        send_evenly(bed, tenants, WARM_UP, A_SECOND)
        sent = send_evenly(bed, tenants, runs, A_SECOND)
        whole = stage_times(bed.admin, sent)["whole"]
        with bed.admin.connect() as connection:
            found = {row.run_id: row for row in connection.execute(_EXECUTIONS)}
    if {found[run].exit_reason for run in sent} != {"ok"}:
        raise BenchFailed("a run did not end well")
    return [
        Passage(sandbox=float(found[run].duration_ms), whole=each)
        for run, each in zip(sent, whole, strict=True)
    ]


def median_over(passages: list[Passage]) -> float:
    """What remains of a run's time beyond 1.5 times its sandbox's, in the middle."""
    return statistics.median(each.over for each in passages)
