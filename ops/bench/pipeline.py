"""`python -m ops.bench pipeline`: runs a second through all five stages, sealed and signed.

Both sides: real Dramatiq worker processes on the same Valkey, as many processes and threads, each
process serving all five queues. The trunk's rounds and the bare chain's alternate, so that a
machine that slows down slows both. Requests are accepted before the clock starts.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click
import dramatiq
import redis
from sqlalchemy import Engine

from actors.broker import make_broker, make_redis
from ops.bench.noop_target import noop_target
from ops.bench.preload import check_new_entries, preload
from ops.bench.report import print_report, read_settings
from ops.bench.servers import BenchServers, throwaway_servers
from ops.bench.trunk_rounds import (
    Round,
    check_nothing_left,
    raw_round,
    tenant_ids,
    trunk_round,
)
from ops.bench.trunk_tenants import BenchTenant, make_tenants
from ops.bench.worker_processes import Crew, raw_crew, relay_process, trunk_crew
from ops.database import admin_engine
from ops.processes import process_environment
from pipeline.database import database_url
from pipeline.settings import read_settings as read_product_settings

# Enough for each connection to have prepared its statements.
WARM_UP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """What both sides run on."""

    servers: BenchServers
    admin: Engine
    broker: dramatiq.Broker
    client: "redis.Redis"


@click.command("pipeline")
@click.option("--runs", type=click.IntRange(10), default=1000, show_default=True, help="A round.")
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help="Of each side."
)
@click.option("--tenants", type=click.IntRange(1), default=10, show_default=True)
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=16, show_default=True, help="Of each.")
@click.option("--target", is_flag=True, help="Deliver each result to a local target.")
@click.option("--preloaded", type=click.IntRange(0), default=0, help="Finished runs to load first.")
def command(
    runs: int,
    rounds: int,
    tenants: int,
    processes: int,
    threads: int,
    target: bool,
    preloaded: int,
) -> None:
    """Runs a second through all five stages, against a bare five-hop chain.

    \b
    Examples:
      python -m ops.bench pipeline
      python -m ops.bench pipeline --runs 200 --rounds 1
      python -m ops.bench pipeline --target
      python -m ops.bench pipeline --preloaded 1000000    # about 20 GB, and some 20 minutes

    With --preloaded the rounds run twice, before and after loading; the figures are those after,
    and `ratio_to_empty` compares the two.
    """
    crew = Crew(processes=processes, threads=threads)
    with ExitStack() as stack:
        bed = stack.enter_context(trunk_bed())
        url = stack.enter_context(noop_target()) if target else None
        data = bed.servers.data
        subsidiaries = make_tenants(data, tenants, target_url=url)
        stack.enter_context(relay_process(data))
        stack.enter_context(trunk_crew(data, crew))
        stack.enter_context(raw_crew(data, crew))
        raw, trunk = alternate(bed, subsidiaries, runs=runs, rounds=rounds)
        entries = check_nothing_left(data, bed.admin, subsidiaries)
        further: dict[str, float | int | None] = {}
        if preloaded:
            empty = median_ratio(raw, trunk)
            preload(bed.admin, tenant_ids(subsidiaries), preloaded)
            raw, trunk = alternate(bed, subsidiaries, runs=runs, rounds=rounds)
            entries = check_new_entries(bed.admin, tenant_ids(subsidiaries))
            further = {
                "preloaded": preloaded,
                "ratio_to_empty": median_ratio(raw, trunk) / empty,
            }
        settings = read_settings(bed.admin)
    _print(raw, trunk, entries, settings, further)


@contextmanager
def trunk_bed() -> Iterator[Bed]:
    """Servers, and a way to send to them."""
    with throwaway_servers() as servers:
        admin = admin_engine(
            database_url(servers.postgres.url).render_as_string(hide_password=False)
        )
        told = read_product_settings(process_environment(servers.data, "ingest"))
        yield Bed(servers=servers, admin=admin, broker=make_broker(told), client=make_redis(told))
        admin.dispose()


def alternate(
    bed: Bed, tenants: tuple[BenchTenant, ...], *, runs: int, rounds: int
) -> tuple[list[Round], list[Round]]:
    """Warm both sides up, then let their rounds alternate."""
    data = bed.servers.data
    raw_round(bed.broker, bed.client, min(WARM_UP, runs))
    trunk_round(data, bed.admin, bed.broker, tenants, min(WARM_UP, runs))
    raw, trunk = [], []
    for _ in range(rounds):
        raw.append(raw_round(bed.broker, bed.client, runs))
        trunk.append(trunk_round(data, bed.admin, bed.broker, tenants, runs))
    return raw, trunk


def median_ratio(raw: list[Round], trunk: list[Round]) -> float:
    """Of each round's trunk to the bare chain beside it, so that a busy machine cancels out."""
    return statistics.median(
        there.per_second / bare.per_second for bare, there in zip(raw, trunk, strict=True)
    )


def _print(
    raw: list[Round],
    trunk: list[Round],
    entries: int,
    settings: dict[str, str],
    further: dict[str, float | int | None],
) -> None:
    rates = [(one.per_second, other.per_second) for one, other in zip(raw, trunk, strict=True)]
    runs = sum(each.runs for each in trunk)
    seconds = sum(each.seconds for each in trunk)
    rows = [
        (f"round {number}", f"{bare:.0f}", f"{there:.0f}", f"{there / bare:.2f}")
        for number, (bare, there) in enumerate(rates, 1)
    ]
    print_report(
        "pipeline",
        columns=("", "bare chain /s", "trunk /s", "ratio"),
        rows=[*rows, ("audit entries verified", "", str(entries), "")],
        figures={
            "runs_per_s": runs / seconds,
            "baseline_runs_per_s": sum(r.runs for r in raw) / sum(r.seconds for r in raw),
            "ratio": median_ratio(raw, trunk),
            "n": runs,
            "seconds": seconds,
            **further,
        },
        settings=settings,
    )
