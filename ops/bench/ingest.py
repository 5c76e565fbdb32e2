"""`python -m ops.bench ingest`: how many signed requests a second are accepted, and how fast.

Lanes take turns under the same gunicorn configuration: the product's view at 1, 16 and 256
connections, with and without every fifth request sent twice; a bare one that parses JSON; one that
commits every request by itself. Rounds alternate, so that whatever else the machine does weighs on
all. Then the product alone is sent half of its peak in an open loop, which shows what a request
waits, for minutes if asked. Then Valkey hangs, and PostgreSQL is stopped under load
(`ingest_outage.py`). At the end every acknowledged run must be in the database, and no other.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import create_engine, text

from ops.bench.ingest_load import BenchFailed, load
from ops.bench.ingest_outage import MARGIN_SECONDS, Outage, hanging, stop_under_load
from ops.bench.ingest_views import APPS, served_views
from ops.bench.ingest_world import furnish
from ops.bench.load_client import Load, Plan
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.served_app import ServedApp, processor_seconds
from ops.bench.servers import BenchServers, throwaway_servers
from ops.chaos.processes import children_of
from ops.login_engine import login_engine
from pipeline.database import database_url

MOST_PER_SECOND: Final = 9000
"""Requests made beforehand for a closed loop; more than this machine's bare view answers."""

WARM_UP_SECONDS: Final = 2.0
OPEN_LOOP_CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How long and how wide; seconds are of one round of one lane."""

    rounds: int
    seconds: float
    latency_seconds: float
    soak_minutes: int
    outage_seconds: float
    tenants: int
    sources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A view, over so many connections, with a share of requests that are sent again."""

    view: str
    connections: int
    again: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.view}, {self.connections}" + (", 20 % twice" if self.again else "")


PEAK: Final = Lane(view="ingest", connections=16)
BARE: Final = Lane(view="bare", connections=16)
WIDE: Final = Lane(view="ingest", connections=256)
ALONE: Final = Lane(view="uncoalesced", connections=16)
TWICE: Final = Lane(view="ingest", connections=16, again=0.2)
LANES: Final = (
    Lane(view="ingest", connections=1),
    Lane(view="bare", connections=1),
    *(PEAK, TWICE, BARE, ALONE, WIDE),
    Lane(view="ingest", connections=256, again=0.2),
    Lane(view="bare", connections=256),
)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one lane did in all its rounds; the warm-up counts for the check alone."""

    accepted: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    database_seconds: float = 0.0
    events: int = 0
    per_round: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
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
        self.events += load.events
        if counted:
            self.accepted += load.statuses.get("202", 0)
            self.seconds += load.seconds
            self.per_round.append(load.statuses.get("202", 0) / load.seconds)
            self.latencies_ms += load.latencies_ms


@click.command("ingest")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each lane.")
@click.option("--seconds", default=4.0, show_default=True, help="Of one round of one lane.")
@click.option(
    "--latency-seconds", default=10.0, show_default=True, help="Of the open loop at half the peak."
)
@click.option(
    "--soak-minutes", default=0, show_default=True, help="Of half the peak, looking at memory."
)
@click.option(
    "--outage-seconds", default=10.0, show_default=True, help="PostgreSQL is away so long."
)
@click.option("--tenants", default=10, show_default=True)
@click.option("--sources", default=3, show_default=True, help="Of each tenant.")
def command(**given: float) -> None:
    """Measure how many signed requests are accepted a second.

    \b
    Examples:
      python -m ops.bench ingest
      python -m ops.bench ingest --rounds 8 --seconds 10
      python -m ops.bench ingest --soak-minutes 10
    """
    choices = Choices(**given)  # type: ignore[arg-type]  # click typed each
    if min(value for name, value in asdict(choices).items() if name != "soak_minutes") <= 0:
        raise click.UsageError("every option takes a number above 0")
    with throwaway_servers() as servers:
        Measurement(servers, choices).run()


class Measurement:
    """One run of the bench on servers of its own."""

    def __init__(self, servers: BenchServers, choices: Choices) -> None:
        self._servers = servers
        self._choices = choices
        self._sources = furnish(servers.data, tenants=choices.tenants, sources=choices.sources)
        self._tallies = {lane: Tally() for lane in LANES}
        self._views: dict[str, ServedApp] = {}
        self._memory: list[int] = []
        self._loads = 0

    def run(self) -> None:
        """Raises: BenchFailed."""
        with served_views(self._servers.data, self._sources) as self._views, _progress() as shown:
            self._task = shown.add_task("warming up", total=None)
            self._shown = shown
            self._take_turns()
            half = self._tallies[PEAK].per_second / 2
            open_loop = self._send(PEAK, self._choices.latency_seconds, rate=half)
            self._tallies[PEAK].add(open_loop, counted=False)
            self._soak(half)
            heard = self._deaf()
            outage = self._outage(half)
        acknowledged = [run for each in self._tallies.values() for run in each.runs]
        events = sum(each.events for lane, each in self._tallies.items() if lane.view != "bare")
        _check_runs(self._servers, [*acknowledged, *outage.runs], events, outage.runs)
        self._print(open_loop, half, heard, outage)

    def _take_turns(self) -> None:
        for view in APPS:
            lane = Lane(view=view, connections=16)
            self._tallies[lane].add(self._send(lane, WARM_UP_SECONDS), counted=False)
        self._memory.append(self._views["ingest"].memory_bytes())
        for _ in range(self._choices.rounds):
            for lane in LANES:
                self._measure(lane)

    def _measure(self, lane: Lane) -> None:
        tally, view = self._tallies[lane], self._views[lane.view]
        edge, database = view.processor_seconds(), self._database_seconds()
        tally.add(self._send(lane, self._choices.seconds), counted=True)
        tally.processor_seconds += view.processor_seconds() - edge
        tally.database_seconds += self._database_seconds() - database

    def _database_seconds(self) -> float:
        pid = self._servers.postgres.pid
        return sum(processor_seconds(each) for each in (pid, *children_of(pid)))

    def _send(self, lane: Lane, seconds: float, *, rate: float = 0.0) -> Load:
        return load(self._plan(lane, seconds, rate))

    def _plan(self, lane: Lane, seconds: float, rate: float) -> Plan:
        self._loads += 1
        self._shown.update(self._task, description=lane.name)
        return Plan(
            port=self._views[lane.view].port,
            sources=tuple((each.path, each.secret_text) for each in self._sources),
            connections=OPEN_LOOP_CONNECTIONS if rate else lane.connections,
            seconds=seconds,
            rate=rate,
            most=int(seconds * (rate or MOST_PER_SECOND)) + 1,
            label=f"{lane.view}_{self._loads}",
            again=lane.again,
        )

    def _soak(self, rate: float) -> None:
        for _ in range(self._choices.soak_minutes):
            self._tallies[PEAK].add(self._send(PEAK, 60.0, rate=rate), counted=False)
            self._memory.append(self._views["ingest"].memory_bytes())
        self._memory.append(self._views["ingest"].memory_bytes())

    def _deaf(self) -> float:
        """How much of its rate is left while Valkey hangs."""
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(self._choices.rounds):
            for deaf in (False, True):
                with hanging(self._servers.valkey.pid) if deaf else contextlib.nullcontext():
                    done = self._send(PEAK, self._choices.seconds)
                self._tallies[PEAK].add(done, counted=False)
                rates[deaf].append(done.statuses["202"] / done.seconds)
        return sum(rates[True]) / sum(rates[False])

    def _outage(self, half: float) -> Outage:
        seconds = self._choices.outage_seconds
        plan = self._plan(PEAK, seconds + 2 * MARGIN_SECONDS, half)
        probes = self._plan(PEAK, 1.0, 1000.0)
        return stop_under_load(self._servers.postgres, plan, probes, seconds=seconds)

    def _print(self, open_loop: Load, half: float, heard: float, outage: Outage) -> None:
        engine = login_engine(self._servers.data, "awgp_ingest")
        settings = read_settings(engine)
        engine.dispose()
        waits = [percentile(open_loop.latencies_ms, share) for share in SHARES]
        rows = [_row(lane.name, tally) for lane, tally in self._tallies.items()]
        waited = [f"{each:.1f}" for each in waits]
        rows.append([f"open loop, {half:.0f}/s", "", "", *waited, "", ""])
        figures = _figures(self._tallies, waits) | {
            "valkey_away_ratio": heard,
            "outage_acknowledged": len(outage.runs),
            "outage_refused": outage.refused,
            "outage_slowest_ms": outage.slowest_ms,
            "back_seconds": outage.back_seconds,
            "memory_mib_before": self._memory[0] / 2**20,
            "memory_mib_after": self._memory[-1] / 2**20,
        }
        print_report("ingest", columns=COLUMNS, rows=rows, figures=figures, settings=settings)


COLUMNS: Final = (
    *("lane", "accepted/s", "by round", "p50 ms", "p99", "p99.9"),
    *("edge CPU ms", "database CPU ms"),
)
SHARES: Final = (0.5, 0.99, 0.999)


def _row(name: str, tally: Tally) -> list[str]:
    return [
        name,
        f"{tally.per_second:.0f}",
        f"{min(tally.per_round):.0f} to {max(tally.per_round):.0f}",
        *(f"{percentile(tally.latencies_ms, share):.1f}" for share in SHARES),
        f"{tally.processor_seconds / tally.accepted * 1000:.2f}",
        f"{tally.database_seconds / tally.accepted * 1000:.2f}",
    ]


def _figures(tallies: dict[Lane, Tally], waits: Sequence[float]) -> dict[str, float | int | None]:
    peak, bare = tallies[PEAK], tallies[BARE]
    return {
        "accepted_per_s": peak.per_second,
        "baseline_per_s": bare.per_second,
        "uncoalesced_per_s": tallies[ALONE].per_second,
        "ratio": peak.per_second / bare.per_second,
        "ratio_uncoalesced": peak.per_second / tallies[ALONE].per_second,
        "ratio_twice": tallies[TWICE].per_second / peak.per_second,
        "ratio_256": tallies[WIDE].per_second / peak.per_second,
        "cpu_ms": peak.processor_seconds / peak.accepted * 1000,
        "p50_ms": waits[0],
        "p99_ms": waits[1],
        "p999_ms": waits[2],
        "n": peak.accepted,
        "seconds": peak.seconds,
    }


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:24}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _check_runs(
    servers: BenchServers, acknowledged: Sequence[str], events: int, unsure: Sequence[str]
) -> None:
    """Every run that was acknowledged is in the database with all that belongs to it.

    Args:
        events: How many made one run each, but for those of `unsure`.
        unsure: Acknowledged while the database went away: others may be there unacknowledged.

    Raises:
        BenchFailed: One is missing, or there is one that nobody was told of.
    """
    wanted = {UUID(each) for each in acknowledged}
    engine = create_engine(database_url(servers.postgres.url))
    with engine.connect() as connection:
        # So that the planner knows how much was written a moment ago.
        connection.execute(text("ANALYZE"))
        rows = connection.execute(
            text(
                "SELECT r.run_id FROM awgp.runs r"
                " JOIN awgp.run_payloads USING (tenant_id, run_id)"
                " JOIN awgp.idempotency_keys USING (tenant_id, run_id)"
                " JOIN awgp.handoffs USING (tenant_id, run_id)"
            )
        ).scalars()
        told = connection.execute(
            text("SELECT record -> 'resource' ->> 'id' FROM awgp.audit_pending")
        ).scalars()
        audited = set(told)
        found = [run for run in rows if str(run) in audited]
        runs = connection.execute(text("SELECT count(*) FROM awgp.runs")).scalar_one()
    engine.dispose()
    lost = wanted - set(found)
    more = set() if unsure else set(found) - wanted
    once = len(wanted - {UUID(each) for each in unsure}) == events
    if lost or more or not once or len(found) != runs:
        raise BenchFailed(
            f"{len(acknowledged)} acknowledgements of {len(wanted)} runs, {len(lost)} lost,"
            f" of {events} events besides the outage,"
            f" but {runs} runs in the database, {len(found)} of them whole"
        )
