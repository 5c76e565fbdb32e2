"""`python -m ops.bench ingest`: how many signed requests a second are accepted, and how fast.

Three views take turns under the same gunicorn configuration and the same load: the product's, a
bare one that parses JSON, and one that commits every request by itself. Rounds alternate, so that
whatever else the machine does weighs on all three. Then the product alone is sent half of its peak
in an open loop, which shows what a request waits. At the end every acknowledged run must be in the
database, and no other.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import create_engine, text

from ops.bench.ingest_views import APPS, served_views
from ops.bench.ingest_world import BenchSource, furnish
from ops.bench.load_client import Load, Plan
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.servers import BenchServers, throwaway_servers
from ops.login_engine import login_engine
from pipeline.database import database_url
from pipeline.errors import AwgpError

MOST_PER_SECOND: Final = 9000
"""Requests made beforehand for a closed loop; more than this machine's bare view answers."""

WARM_UP_SECONDS: Final = 2.0
OPEN_LOOP_CONNECTIONS: Final = 64


class BenchFailed(AwgpError):
    """A figure would be wrong: a request was refused, or acknowledged and is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How long and how wide; seconds are of one round of one view."""

    rounds: int
    seconds: float
    latency_seconds: float
    connections: int
    tenants: int
    sources: int


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one view did in all its rounds; the warm-up counts for the check alone."""

    accepted: int = 0
    seconds: float = 0.0
    per_round: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds

    def add(self, load: Load, *, counted: bool) -> None:
        """Raises: BenchFailed."""
        refused = {status: count for status, count in load.statuses.items() if status != "202"}
        if refused:
            raise BenchFailed(f"not every request was accepted: {refused}")
        self.runs += load.runs
        if counted:
            self.accepted += load.statuses.get("202", 0)
            self.seconds += load.seconds
            self.per_round.append(load.statuses.get("202", 0) / load.seconds)


@click.command("ingest")
@click.option("--rounds", default=4, show_default=True, help="Rounds of each view.")
@click.option("--seconds", default=5.0, show_default=True, help="Of one round of one view.")
@click.option(
    "--latency-seconds", default=10.0, show_default=True, help="Of the open loop at half the peak."
)
@click.option("--connections", default=32, show_default=True, help="Requests in flight at most.")
@click.option("--tenants", default=10, show_default=True)
@click.option("--sources", default=3, show_default=True, help="Of each tenant.")
def command(**given: float) -> None:
    """Measure how many signed requests are accepted a second.

    \b
    Examples:
      python -m ops.bench ingest
      python -m ops.bench ingest --rounds 8 --seconds 10
    """
    choices = Choices(**given)  # type: ignore[arg-type]  # click typed each
    if min(asdict(choices).values()) <= 0:
        raise click.UsageError("every option takes a number above 0")
    with throwaway_servers() as servers:
        _measure(servers, choices)


def _measure(servers: BenchServers, choices: Choices) -> None:
    sources = furnish(servers.data, tenants=choices.tenants, sources=choices.sources)
    tallies = {name: Tally() for name in APPS}
    steps = len(APPS) * (choices.rounds + 1) + 1
    with served_views(servers.data, sources) as ports, _progress() as progress:
        task = progress.add_task("ingest", total=steps)

        def send(name: str, label: str, *, seconds: float, rate: float = 0.0) -> Load:
            progress.update(task, description=f"{name} {label}")
            plan = _plan(sources, choices, ports[name], f"{name}_{label}", seconds, rate)
            load = _load(plan)
            progress.advance(task)
            return load

        _take_turns(tallies, choices, send)
        half = tallies["ingest"].per_second / 2
        open_loop = send("ingest", "open", seconds=choices.latency_seconds, rate=half)
        tallies["ingest"].add(open_loop, counted=False)
    _check_runs(servers, [*tallies["ingest"].runs, *tallies["uncoalesced"].runs])
    _print(servers, tallies, open_loop, half)


def _take_turns(tallies: dict[str, Tally], choices: Choices, send: Callable[..., Load]) -> None:
    for name in APPS:
        tallies[name].add(send(name, "warm", seconds=WARM_UP_SECONDS), counted=False)
    for number in range(choices.rounds):
        for name in APPS:
            tallies[name].add(send(name, f"r{number}", seconds=choices.seconds), counted=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:24}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _plan(
    sources: Sequence[BenchSource],
    choices: Choices,
    port: int,
    label: str,
    seconds: float,
    rate: float,
) -> Plan:
    return Plan(
        port=port,
        sources=tuple((each.path, each.secret_text) for each in sources),
        connections=OPEN_LOOP_CONNECTIONS if rate else choices.connections,
        seconds=seconds,
        rate=rate,
        most=int(seconds * (rate or MOST_PER_SECOND)) + 1,
        label=label,
    )


def _load(plan: Plan) -> Load:
    """Run the client; the secrets reach it on stdin.

    Raises:
        BenchFailed: It could not do what was planned.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "ops.bench.load_client"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BenchFailed(f"the load client failed: {ended.stderr.strip()[-300:]}")
    return Load(**json.loads(ended.stdout))


def _check_runs(servers: BenchServers, acknowledged: Sequence[str]) -> None:
    """Every run that was acknowledged is in the database with all that belongs to it.

    Raises:
        BenchFailed: One is missing, or there is one that nobody was told of.
    """
    wanted = {UUID(each) for each in acknowledged}
    engine = create_engine(database_url(servers.postgres.url))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT r.run_id FROM awgp.runs r"
                " JOIN awgp.run_payloads USING (tenant_id, run_id)"
                " JOIN awgp.idempotency_keys USING (tenant_id, run_id)"
                " JOIN awgp.handoffs USING (tenant_id, run_id)"
                " JOIN awgp.audit_pending p ON p.tenant_id = r.tenant_id"
                " AND p.record -> 'resource' ->> 'id' = r.run_id::text"
            )
        ).scalars()
        found = list(rows)
        runs = connection.execute(text("SELECT count(*) FROM awgp.runs")).scalar_one()
    engine.dispose()
    if len(wanted) != len(acknowledged) or len(found) != runs or set(found) != wanted:
        raise BenchFailed(
            f"{len(acknowledged)} acknowledgements of {len(wanted)} runs,"
            f" but {runs} runs in the database, {len(found)} of them whole"
        )


def _print(
    servers: BenchServers,
    tallies: dict[str, Tally],
    open_loop: Load,
    half: float,
) -> None:
    engine = login_engine(servers.data, "awgp_ingest")
    settings = read_settings(engine)
    engine.dispose()
    peak = tallies["ingest"].per_second
    p50, p99 = (percentile(open_loop.latencies_ms, share) for share in (0.5, 0.99))
    rows = [
        [
            name,
            f"{tally.per_second:.0f}",
            f"{min(tally.per_round):.0f} to {max(tally.per_round):.0f}",
            f"{peak / tally.per_second:.2f}",
        ]
        for name, tally in tallies.items()
    ]
    rows.append([f"open loop, {half:.0f}/s", f"p50 {p50:.1f} ms", f"p99 {p99:.1f} ms", ""])
    print_report(
        "ingest",
        columns=["view", "accepted/s", "by round", "ingest is x times"],
        rows=rows,
        figures={
            "accepted_per_s": peak,
            "baseline_per_s": tallies["bare"].per_second,
            "uncoalesced_per_s": tallies["uncoalesced"].per_second,
            "ratio": peak / tallies["bare"].per_second,
            "ratio_uncoalesced": peak / tallies["uncoalesced"].per_second,
            "p50_ms": p50,
            "p99_ms": p99,
            "n": tallies["ingest"].accepted,
            "seconds": tallies["ingest"].seconds,
        },
        settings=settings,
    )
