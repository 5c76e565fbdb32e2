"""`python -m ops.bench scale`: what two processes of a queue do against one.

The queue is `execute`, where work is long: each launch takes as long as a short sandbox and does
nothing, so that the machine has the cores. Before every round the queue stands at no process at
all, with the round's runs in it; one or two processes are then started, and the rate is counted
from the first execution's start to the last one's end. In the end every run must be complete.
"""

import time
from contextlib import ExitStack
from typing import Final

import click
from sqlalchemy import TextClause, text

from ops.bench.pipeline import Bed, trunk_bed
from ops.bench.report import print_report, read_settings
from ops.bench.trunk_rounds import POLL_SECONDS, ROUND_SECONDS, BenchFailed, check_nothing_left
from ops.bench.trunk_tenants import BenchTenant, accept_runs, make_tenants
from ops.bench.trunk_worker import QUEUES
from ops.bench.worker_processes import Crew, relay_process, trunk_crew

OTHERS: Final = tuple(queue for queue in QUEUES if queue != "execute")
_ELSEWHERE: Final = text("SELECT EXISTS (SELECT 1 FROM awgp.handoffs WHERE stage <> 'execute')")
_ANYWHERE: Final = text("SELECT EXISTS (SELECT 1 FROM awgp.handoffs)")
_COUNTED: Final = text(
    "SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))::float8"
    " FROM awgp.executions WHERE exit_reason = 'ok' AND started_at > :since"
)


@click.command("scale")
@click.option("--runs", type=click.IntRange(10), default=300, show_default=True, help="A round.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Of each.")
@click.option("--threads", type=click.IntRange(1), default=4, show_default=True, help="Of each.")
@click.option(
    "--launch-seconds",
    type=click.FloatRange(min=0.0),
    default=0.1,
    show_default=True,
    help="What each launch takes.",
)
def command(runs: int, rounds: int, threads: int, launch_seconds: float) -> None:
    """What a second process of `execute` adds.

    \b
    Examples:
      python -m ops.bench scale
      python -m ops.bench scale --threads 2 --launch-seconds 0.25
    """
    rates: dict[int, list[float]] = {1: [], 2: []}
    with ExitStack() as stack:
        bed = stack.enter_context(trunk_bed())
        data = bed.servers.data
        tenants = make_tenants(data, 10)
        stack.enter_context(relay_process(data))
        stack.enter_context(trunk_crew(data, Crew(processes=1, threads=4), queues=OTHERS))
        for _ in range(rounds):
            for processes, found in rates.items():
                crew = Crew(processes=processes, threads=threads)
                found.append(_round(bed, tenants, runs, crew, launch_seconds))
        entries = check_nothing_left(data, bed.admin, tenants)
        settings = read_settings(bed.admin)
    _print(rates, entries, runs, settings)


def _round(
    bed: Bed, tenants: tuple[BenchTenant, ...], runs: int, crew: Crew, launch_seconds: float
) -> float:
    """Executions a second."""
    with bed.admin.connect() as connection:
        since = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    for message in accept_runs(bed.servers.data, tenants, runs):
        bed.broker.enqueue(message)
    _wait_until_none(bed, _ELSEWHERE)
    with trunk_crew(bed.servers.data, crew, queues=["execute"], launch_seconds=launch_seconds):
        _wait_until_none(bed, _ANYWHERE)
    with bed.admin.connect() as connection:
        count, seconds = connection.execute(_COUNTED, {"since": since}).one()
    if count != runs:
        raise BenchFailed(f"{count} of {runs} runs were executed well")
    return float(count / seconds)


def _wait_until_none(bed: Bed, statement: TextClause) -> None:
    deadline = time.monotonic() + ROUND_SECONDS
    with bed.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(statement).scalar_one():
            if time.monotonic() > deadline:
                raise BenchFailed(f"runs were still on their way after {ROUND_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)


def _print(
    rates: dict[int, list[float]], entries: int, runs: int, settings: dict[str, str]
) -> None:
    pairs = list(zip(rates[1], rates[2], strict=True))
    one, two = (sum(rates[count]) / len(rates[count]) for count in (1, 2))
    rows = [
        (f"round {number}", f"{single:.0f}", f"{double:.0f}", f"{double / single:.2f}")
        for number, (single, double) in enumerate(pairs, 1)
    ]
    print_report(
        "scale",
        columns=("", "one process /s", "two /s", "ratio"),
        rows=[*rows, ("audit entries verified", "", str(entries), "")],
        figures={
            "one_per_s": one,
            "two_per_s": two,
            "ratio": two / one,
            "n": 2 * runs * len(pairs),
        },
        settings=settings,
    )
