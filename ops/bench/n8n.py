"""`python -m ops.bench n8n`: AWGP's ingest beside a webhook of the real N8N that answers at once.

The same sender, the same signed requests, the same PostgreSQL; rounds alternate. AWGP verifies the
signature and has the run in the database before it answers. N8N is asked for nothing but to take
the request: its webhook verifies nothing, and it answers before its flow has run. It is measured
as it comes, and once more with no execution kept. A round ends when all is quiet again, so that
nobody's unfinished work weighs on the next, and counts as CPU what was used until then.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import click
from sqlalchemy import create_engine, text

from ops.bench.ingest_load import BenchFailed
from ops.bench.ingest_load import load as send
from ops.bench.ingest_world import BenchSource, furnish
from ops.bench.load_client import Plan
from ops.bench.n8n_world import FLOWS, path_of, served_n8n
from ops.bench.process_cpu import cpu_seconds
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.served_app import PRODUCT, served_app
from ops.bench.servers import BenchServers, throwaway_servers
from ops.login_engine import login_engine
from ops.processes import process_environment
from pipeline.database import database_url

INGEST: Final = "ingest"
MOST_PER_SECOND: Final = 6000
WARM_UP_SECONDS: Final = 3.0
QUIET_SHARE: Final = 0.05
"""Of one CPU, over a second."""
QUIET_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How long and how wide; seconds are of one round of one view."""

    rounds: int
    seconds: float
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Whom to send to, and whose CPU is used by it."""

    port: int
    sources: tuple[tuple[str, str], ...] = field(repr=False)
    pids: tuple[int, ...]
    status: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one view did in all its rounds; the warm-up counts for the check alone."""

    sent: int = 0
    accepted: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / self.accepted

    def percentiles(self) -> tuple[float, float, float]:
        p50, p99, p999 = (percentile(self.latencies_ms, share) for share in (0.5, 0.99, 0.999))
        return p50, p99, p999


@click.command("n8n")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each.")
@click.option("--seconds", default=10.0, show_default=True, help="Of one round of one of them.")
@click.option("--connections", default=16, show_default=True, help="Requests in flight at most.")
def command(**given: float) -> None:
    """Measure accepting beside a webhook of the real N8N that answers at once.

    \b
    Examples:
      python -m ops.bench n8n
      python -m ops.bench n8n --connections 64
    """
    choices = Choices(**given)  # type: ignore[arg-type]  # click typed each
    if min(asdict(choices).values()) <= 0:
        raise click.UsageError("every option takes a number above 0")
    with throwaway_servers() as servers:
        _measure(servers, choices)


def _measure(servers: BenchServers, choices: Choices) -> None:
    data = servers.data
    shared = (servers.postgres.pid, servers.valkey.pid)
    sources = furnish(data, tenants=10, sources=3)
    told = {**process_environment(data, INGEST), "AWGP_ENV": "production"}
    app = "ingest.app:from_environ()"
    with (
        served_n8n(data) as n8n,
        served_app(data, INGEST, app, told, configuration=PRODUCT) as served,
    ):
        views = {INGEST: _ingest_view(served.port, sources, (served.master, *shared))}
        for name in FLOWS:
            views[name] = _n8n_view(n8n.port, name, (n8n.pid, *shared))
        before = n8n.executions()
        tallies = _take_turns(views, choices)
        kept = n8n.executions() - before
    _check_runs(servers, tallies[INGEST].sent)
    _print(servers, tallies, kept)


def _ingest_view(port: int, sources: Sequence[BenchSource], pids: tuple[int, ...]) -> View:
    paths = tuple((each.path, each.secret_text) for each in sources)
    return View(port=port, sources=paths, pids=pids, status="202")


def _n8n_view(port: int, name: str, pids: tuple[int, ...]) -> View:
    """Signed as well, which N8N does not look at: the bytes are the same."""
    return View(port=port, sources=((path_of(name), "AAAA"),), pids=pids, status="200")


def _take_turns(views: Mapping[str, View], choices: Choices) -> dict[str, Tally]:
    tallies = {name: Tally() for name in views}
    for name, view in views.items():
        _send(view, tallies[name], choices, f"{name}_warm".replace(" ", "_"), counted=False)
    for number in range(choices.rounds):
        for name, view in views.items():
            click.echo(f"round {number + 1} of {choices.rounds}: {name}", err=True)
            label = f"{name}_r{number}".replace(" ", "_")
            _send(view, tallies[name], choices, label, counted=True)
    return tallies


def _send(view: View, tally: Tally, choices: Choices, label: str, *, counted: bool) -> None:
    """One round, until all is quiet again.

    Raises:
        BenchFailed: Something was refused, or went on for too long.
    """
    seconds = choices.seconds if counted else WARM_UP_SECONDS
    before = cpu_seconds(*view.pids)
    load = send(
        Plan(
            port=view.port,
            sources=view.sources,
            connections=choices.connections,
            seconds=seconds,
            rate=0.0,
            most=int(seconds * MOST_PER_SECOND) + 1,
            label=label,
        )
    )
    _wait_for_quiet(lambda: cpu_seconds(*view.pids))
    if set(load.statuses) != {view.status}:
        raise BenchFailed(f"not every request was accepted: {load.statuses}")
    tally.sent += load.statuses[view.status]
    if counted:
        tally.accepted += load.statuses[view.status]
        tally.seconds += load.seconds
        tally.cpu += cpu_seconds(*view.pids) - before
        tally.latencies_ms += load.latencies_ms


def _wait_for_quiet(used: Callable[[], float]) -> None:
    deadline = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < deadline:
        before = used()
        time.sleep(1)
        if used() - before < QUIET_SHARE:
            return
    raise BenchFailed(f"still at work {QUIET_SECONDS:.0f} s after the last request")


def _check_runs(servers: BenchServers, acknowledged: int) -> None:
    """Raises: BenchFailed: A run that was acknowledged is not there, or one more is."""
    engine = create_engine(database_url(servers.postgres.url))
    with engine.connect() as connection:
        runs = connection.execute(text("SELECT count(*) FROM awgp.runs")).scalar_one()
    engine.dispose()
    if runs != acknowledged:
        raise BenchFailed(f"{acknowledged} acknowledgements, but {runs} runs in the database")


def _print(servers: BenchServers, tallies: Mapping[str, Tally], kept: int) -> None:
    engine = login_engine(servers.data, "awgp_ingest")
    settings = read_settings(engine)
    engine.dispose()
    own = tallies[INGEST]
    rows: list[list[str]] = []
    figures: dict[str, float | int | None] = {}
    for name, tally in tallies.items():
        p50, p99, p999 = tally.percentiles()
        ratio = own.per_second / tally.per_second
        shown = (f"{each:.1f}" for each in (p50, p99, p999, tally.cpu_ms, ratio))
        rows.append([name, str(tally.accepted), f"{tally.per_second:.0f}", *shown])
        key = name.replace(" ", "_")
        figures |= {
            f"{key}_per_s": tally.per_second,
            f"{key}_p50_ms": p50,
            f"{key}_p99_ms": p99,
            f"{key}_p999_ms": p999,
            f"{key}_cpu_ms": tally.cpu_ms,
        }
    print_report(
        "n8n",
        columns=["", "n", "a second", "p50 ms", "p99 ms", "p99.9 ms", "CPU ms", "ingest is x"],
        rows=rows,
        figures={
            **figures,
            "ratio": own.per_second / tallies["n8n"].per_second,
            "ratio_keeping_nothing": own.per_second / tallies["n8n keeping nothing"].per_second,
            "n": own.accepted,
            "runs_in_database": own.sent,
            "n8n_executions_in_database": kept,
            "n8n_sent": tallies["n8n"].sent,
        },
        settings=settings,
    )
