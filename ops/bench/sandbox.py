"""`python -m ops.bench sandbox`: how soon a run is under way in gVisor, and over.

Rounds alternate between a raw `runsc run python3 -I -S`, a run in a parked sandbox, a run in one
started for it, and one that is killed by its wall clock and by a person; ratios are each round's
own, so that a busy machine cancels out. A run's time is what its client sees, on the host's socket.
Then bursts: fifty runs at once, beside as many raw ones eight at a time; and runs through all
five stages.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from ops.bench.report import percentile, print_report
from ops.bench.sandbox_host import (
    LEASE_SECONDS,
    BenchHost,
    Machine,
    Moments,
    RawRunsc,
    bench_host,
    this_machine,
)
from ops.bench.sandbox_pipeline import Passage, median_over, pass_through
from ops.bench.trunk_rounds import BenchFailed
from pipeline.execution import ExitReason

POOL: Final = 8
WALL_SECONDS: Final = 0.4
SLEEPER: Final = "import time\nprint('here')\ntime.sleep(60)\n"
# Fails where anybody was here before.
UNUSED: Final = "import os\nos.close(os.open('/tmp/used', os.O_CREAT | os.O_EXCL))\nprint('here')\n"


@dataclass(slots=True)
class Rounds:
    """Seconds, a value each round."""

    raw: list[Moments] = field(default_factory=list)
    warm: list[Moments] = field(default_factory=list)
    cold: list[Moments] = field(default_factory=list)
    wall_kill: list[float] = field(default_factory=list)
    person_kill: list[float] = field(default_factory=list)


@click.command("sandbox")
@click.option("--rounds", type=click.IntRange(1), default=30, show_default=True)
@click.option("--bursts", type=click.IntRange(0), default=3, show_default=True)
@click.option("--runs", type=click.IntRange(0), default=20, show_default=True, help="Whole ones.")
@click.option("--jobs", type=click.IntRange(1), default=50, show_default=True, help="In a burst.")
def command(rounds: int, bursts: int, runs: int, jobs: int) -> None:
    """How soon a run is under way in gVisor, beside a raw `runsc run`.

    \b
    Examples:
      python -m ops.bench sandbox
      python -m ops.bench sandbox --rounds 5 --bursts 0 --runs 0
    """
    machine = this_machine()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="awgp-bench-raw-")))
        raw = RawRunsc(machine, folder)
        measured = _rounds(machine, raw, rounds)
        rates = _bursts(machine, raw, bursts, jobs)
        passages = pass_through(machine, runs) if runs else []
    _print(measured, rates, passages)


def _rounds(machine: Machine, raw: RawRunsc, count: int) -> Rounds:
    measured = Rounds()
    with (
        bench_host(machine) as warm,
        bench_host(machine, AWGP_WARM_SANDBOXES="0") as cold,
    ):
        for host in (warm, cold):
            host.run(host.spec())
        raw.run()
        for _ in range(count):
            warm.settle(1)
            measured.raw.append(raw.run())
            measured.warm.append(_run(warm, warm=True))
            warm.settle(1)
            measured.cold.append(_run(cold, warm=False))
            measured.wall_kill.append(_wall_kill(warm))
            warm.settle(1)
            measured.person_kill.append(_person_kill(warm))
    return measured


def _run(host: BenchHost, *, warm: bool) -> Moments:
    result, moments = host.run(host.spec())
    if result.reason is not ExitReason.OK or result.warm is not warm:
        raise BenchFailed(f"a run was not as it should be: {result}")
    return moments


def _wall_kill(host: BenchHost) -> float:
    """From when the wall clock had passed until the sandbox was gone."""
    result, moments = host.run(host.spec(SLEEPER, wall_seconds=WALL_SECONDS))
    if result.reason is not ExitReason.TIMEOUT:
        raise BenchFailed(f"a run was not ended by its wall clock: {result}")
    return moments.done - WALL_SECONDS


def _person_kill(host: BenchHost) -> float:
    """From the word to kill until the sandbox was gone."""
    asked: list[float] = []
    with host.client.launch(host.spec(SLEEPER), LEASE_SECONDS) as launched:

        def kill(_line: object) -> None:
            asked.append(time.perf_counter())
            launched.kill()

        result = launched.wait(kill)
        over = time.perf_counter()
    if result.reason is not ExitReason.KILLED:
        raise BenchFailed(f"a run was not killed: {result}")
    return over - asked[0]


@dataclass(slots=True)
class Rates:
    """Jobs a second, a value each burst; `warm` counts runs in parked sandboxes."""

    raw: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    warm: int = 0
    sandboxes: list[str] = field(default_factory=list)


def _bursts(machine: Machine, raw: RawRunsc, count: int, jobs: int) -> Rates:
    rates = Rates()
    settings = {"AWGP_SANDBOXES": str(POOL), "AWGP_WARM_SANDBOXES": str(POOL)}
    if not count:
        return rates
    with bench_host(machine, **settings) as host:
        _burst(host, POOL * 2, Rates())
        for _ in range(count):
            host.settle(POOL)
            rates.raw.append(_raw_burst(raw, jobs))
            rates.ours.append(_burst(host, jobs, rates))
    if len(set(rates.sandboxes)) != len(rates.sandboxes):
        raise BenchFailed("a sandbox was used twice")
    return rates


def _burst(host: BenchHost, jobs: int, rates: Rates) -> float:
    with ThreadPoolExecutor(jobs) as pool:
        begun = time.perf_counter()
        asked = [pool.submit(host.run, host.spec(UNUSED)) for _ in range(jobs)]
        results = [each.result()[0] for each in asked]
        seconds = time.perf_counter() - begun
    if any(result.reason is not ExitReason.OK for result in results):
        raise BenchFailed("a run of a burst did not end well")
    rates.warm += sum(result.warm for result in results)
    rates.sandboxes += [result.sandbox for result in results]
    return jobs / seconds


def _raw_burst(raw: RawRunsc, jobs: int) -> float:
    with ThreadPoolExecutor(POOL) as pool:
        begun = time.perf_counter()
        for each in [pool.submit(raw.run) for _ in range(jobs)]:
            each.result()
        return jobs / (time.perf_counter() - begun)


def _print(measured: Rounds, rates: Rates, passages: list[Passage]) -> None:
    first = [w.first / r.first for w, r in zip(measured.warm, measured.raw, strict=True)]
    done = [w.done / r.done for w, r in zip(measured.warm, measured.raw, strict=True)]
    cold = [c.done / r.done for c, r in zip(measured.cold, measured.raw, strict=True)]
    rows = [
        _row("raw runsc run, first byte", [m.first for m in measured.raw]),
        _row("raw runsc run, done", [m.done for m in measured.raw]),
        _row("warm, first byte", [m.first for m in measured.warm]),
        _row("warm, done", [m.done for m in measured.warm]),
        _row("cold, first byte", [m.first for m in measured.cold]),
        _row("cold, done", [m.done for m in measured.cold]),
        _row("killed by the wall clock, gone after", measured.wall_kill),
        _row("killed by a person, gone after", measured.person_kill),
    ]
    figures: dict[str, float | int | None] = {
        "warm_first_byte_ratio": statistics.median(first),
        "warm_first_byte_p90_ratio": percentile(first, 0.9),
        "warm_done_ratio": statistics.median(done),
        "cold_ratio": statistics.median(cold),
        "kill_ms": statistics.median(measured.wall_kill) * 1000,
        "person_kill_ms": statistics.median(measured.person_kill) * 1000,
        "n": len(measured.raw),
    }
    if rates.ours:
        rows.append(("raw runsc run, jobs a second in a burst", *_rates(rates.raw)))
        rows.append(("ours, jobs a second in a burst", *_rates(rates.ours)))
        ratios = [o / r for o, r in zip(rates.ours, rates.raw, strict=True)]
        figures |= {"burst_ratio": statistics.median(ratios), "burst_warm": rates.warm}
    if passages:
        whole = statistics.median(each.whole for each in passages)
        rows.append(
            _row("through the pipeline, in the sandbox", [p.sandbox / 1e3 for p in passages])
        )
        rows.append(_row("through the pipeline, in all", [p.whole / 1e3 for p in passages]))
        figures |= {"pipeline_ms": whole, "pipeline_over_ms": median_over(passages)}
    print_report(
        "sandbox",
        columns=("", "p50 ms", "p90 ms"),
        rows=rows,
        figures=figures,
        settings={},
    )


def _row(name: str, seconds: Sequence[float]) -> tuple[str, str, str]:
    half, most = percentile(seconds, 0.5), percentile(seconds, 0.9)
    return name, f"{half * 1000:.1f}", f"{most * 1000:.1f}"


def _rates(values: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}/s", f"{min(values):.1f}/s"
