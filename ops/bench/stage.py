"""`python -m ops.bench stage`: milliseconds each stage adds while there is little to do.

Runs are accepted one by one at a low, even rate, and sent as ingest sends them. A stage's time
begins with the move before it and ends with its own, both as the audit trail has them, so it holds
the commit, the message, the waiting for a worker, and the work; `audit` ends with the seal's
commit. As in the product, each queue is served by a process of its own. `execute` runs nothing.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final
from uuid import UUID

import click
from sqlalchemy import Engine, text

from ops.bench.pipeline import Bed, trunk_bed
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.trunk_rounds import ROUND_SECONDS, BenchFailed, check_nothing_left
from ops.bench.trunk_tenants import BenchTenant, accept_runs, make_tenants
from ops.bench.trunk_worker import QUEUES
from ops.bench.worker_processes import Crew, relay_process, trunk_crew

WARM_UP: Final = 40
ENDS: Final = {
    "policy": "policy:run:permitted",
    "hold": "hold:run:approved",
    "execute": "execute:run:executed",
    "post_action": "post_action:run:delivered",
}
"""What a stage's end is called in the audit trail."""
_MOVES: Final = text(
    "SELECT CAST(l.resource_id AS uuid), l.action, l.occurred_at FROM awgp.audit_log l"
    " WHERE l.resource_type = 'run' AND l.action = ANY (:actions)"
)
_SEALED: Final = text("SELECT run_id, sealed_at FROM awgp.runs WHERE sealed_at IS NOT NULL")


@click.command("stage")
@click.option("--runs", type=click.IntRange(10), default=200, show_default=True)
@click.option("--rate", type=float, default=8.0, show_default=True, help="Runs a second.")
@click.option("--tenants", type=click.IntRange(1), default=10, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=4, show_default=True, help="Of a queue.")
def command(runs: int, rate: float, tenants: int, threads: int) -> None:
    """Milliseconds each stage adds at low load.

    \b
    Examples:
      python -m ops.bench stage
      python -m ops.bench stage --runs 50 --rate 2
    """
    with ExitStack() as stack:
        bed = stack.enter_context(trunk_bed())
        data = bed.servers.data
        subsidiaries = make_tenants(data, tenants)
        stack.enter_context(relay_process(data))
        for queue in QUEUES:
            crew = Crew(processes=1, threads=threads)
            stack.enter_context(trunk_crew(data, crew, queues=[queue]))
        send_evenly(bed, subsidiaries, WARM_UP, rate)
        started = time.perf_counter()
        sent = send_evenly(bed, subsidiaries, runs, rate)
        seconds = time.perf_counter() - started
        check_nothing_left(data, bed.admin, subsidiaries)
        times = stage_times(bed.admin, sent)
        settings = read_settings(bed.admin)
    _print(times, runs, seconds, settings)


def send_evenly(
    bed: Bed, tenants: Sequence[BenchTenant], count: int, rate: float
) -> dict[UUID, datetime]:
    """Send runs one by one, each at its time whatever became of the one before."""
    sent = {}
    begun = time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        run, at = begin_run(bed, tenants[number % len(tenants)])
        sent[run] = at
    _wait_until_sealed(bed.admin, set(sent))
    return sent


def begin_run(bed: Bed, tenant: BenchTenant) -> tuple[UUID, datetime]:
    """Accept a run and send it; returns which it is and when it was sent."""
    (message,) = accept_runs(bed.servers.data, [tenant], 1)
    run, at = _run_of(bed.admin, UUID(message.args[1])), datetime.now(UTC)
    bed.broker.enqueue(message)
    return run, at


def _run_of(admin: Engine, handoff_id: UUID) -> UUID:
    statement = text("SELECT run_id FROM awgp.handoffs WHERE handoff_id = :id")
    with admin.connect() as connection:
        found: UUID = connection.execute(statement, {"id": handoff_id}).scalar_one()
    return found


def _wait_until_sealed(admin: Engine, runs: set[UUID]) -> None:
    deadline = time.monotonic() + ROUND_SECONDS
    statement = text(
        "SELECT count(*) FROM awgp.runs WHERE run_id = ANY (:runs) AND sealed_at IS NULL"
    )
    while True:
        with admin.connect() as connection:
            if not connection.execute(statement, {"runs": list(runs)}).scalar_one():
                return
        if time.monotonic() > deadline:
            raise BenchFailed(f"runs were still on their way after {ROUND_SECONDS:.0f} s")
        time.sleep(0.2)


def stage_times(admin: Engine, sent: Mapping[UUID, datetime]) -> dict[str, list[float]]:
    """Milliseconds in each stage, and in all of them as `whole`.

    Args:
        sent: When the message to the first stage was sent, by run.
    """
    moments: dict[UUID, dict[str, datetime]] = {run: {"": at} for run, at in sent.items()}
    with admin.connect() as connection:
        for run, action, at in connection.execute(_MOVES, {"actions": list(ENDS.values())}):
            if run in moments:
                moments[run][action] = at
        for run, at in connection.execute(_SEALED):
            if run in moments:
                moments[run]["audit"] = at
    times: dict[str, list[float]] = {stage: [] for stage in (*ENDS, "audit", "whole")}
    for found in moments.values():
        ends = [found[name] for name in ("", *ENDS.values(), "audit")]
        for stage, (begun, ended) in zip((*ENDS, "audit"), pairwise(ends), strict=True):
            times[stage].append((ended - begun).total_seconds() * 1000)
        times["whole"].append((ends[-1] - ends[0]).total_seconds() * 1000)
    return times


def _print(
    times: Mapping[str, Sequence[float]], runs: int, seconds: float, settings: Mapping[str, str]
) -> None:
    figures: dict[str, float | int | None] = {}
    rows = []
    for stage, values in times.items():
        half, most = percentile(values, 0.5), percentile(values, 0.99)
        figures |= {f"{stage}_p50_ms": half, f"{stage}_p99_ms": most}
        rows.append((stage, f"{half:.1f}", f"{most:.1f}"))
    print_report(
        "stage",
        columns=("", "p50 ms", "p99 ms"),
        rows=rows,
        figures={**figures, "n": runs, "seconds": seconds},
        settings=settings,
    )
