"""`python -m ops.chaos.fuzz`: broken requests at a real edge, which must go on serving.

Each connection sends one fuzzed piece and says that it is done. What was right must be accepted,
nothing may be answered 500, no worker may be lost, and what the edge holds in memory must not grow.
"""

import random
import re
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import click
from rich.console import Console

from ops import gunicorn_conf
from ops.bench.ingest_world import furnish
from ops.bench.served_app import PRODUCT, ServedApp, served_app
from ops.bench.servers import throwaway_servers
from ops.chaos.fuzz_requests import Fuzzed, Fuzzer
from ops.chaos.slow_senders import NotAccepted, ends, honest, slow_senders
from ops.processes import process_environment

AT_ONCE: Final = 12
PATIENCE_SECONDS: Final = 10.0
WARM_UP: Final = 1000
MOST_GROWTH: Final = 0.10
"""Of memory, from when the server is warm to the end."""

# "not implemented" and "version not supported" are right answers to some.
WRONG: Final = frozenset({500, 502, 503, 504})
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(slots=True)
class FuzzTally:
    """What became of all that was sent."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fuzzed: Fuzzed, statuses: list[int]) -> None:
        accepted = statuses.count(202)
        with self._lock:
            self.sent += 1
            self.statuses.update(statuses or [0])
            wrong = WRONG.intersection(statuses)
            if wrong or accepted < fuzzed.right:
                self.broken.append(f"{fuzzed.kind}: answered {statuses}")


def fuzz(
    port: int, path: str, secret: bytes, *, seed: int, requests: int, tally: FuzzTally
) -> None:
    """Send so many, several at once."""
    fuzzer = Fuzzer(path, secret, random.Random(seed))  # noqa: S311  # repeatable
    lock = threading.Lock()

    def send_one(_number: int) -> None:
        with lock:
            fuzzed = fuzzer.next()
        tally.add(fuzzed, send(port, fuzzed))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send_one, range(requests)))


def hold_up(port: int, fuzzer: Fuzzer, tally: FuzzTally) -> None:
    """Send slowly, from more than there are threads; whole requests are answered meanwhile."""
    try:
        with slow_senders(port, fuzzer, gunicorn_conf.threads) as senders:
            waited = max(honest(port, fuzzer, PATIENCE_SECONDS) for _ in range(20))
            click.echo(f"{len(senders)} send slowly; whole requests waited {waited:.2f} s at most")
            told = ends(senders)
        click.echo(f"the slow ones were told {dict(told)}")
    except (TimeoutError, NotAccepted) as error:
        tally.broken.append(f"slow senders: {error!r}")


def send(port: int, fuzzed: Fuzzed) -> list[int]:
    """Every status that was answered; none where the server hung up.

    Raises:
        TimeoutError: It did neither.
    """
    heard = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as opened:
        try:
            for piece in fuzzed.pieces:
                opened.sendall(piece)
                time.sleep(fuzzed.pause_seconds)
            opened.shutdown(socket.SHUT_WR)
            while piece := opened.recv(65536):
                heard += piece
        except TimeoutError:
            raise
        except OSError:
            pass  # it had heard enough
    return [int(status) for status in _STATUS.findall(heard)]


@click.command("fuzz", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--requests", default=10_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=click.IntRange(min=0), help="Names what is sent, and in which order.")
@click.pass_context
def command(ctx: click.Context, *, requests: int, seed: int | None) -> None:
    """Send an edge what no client should, and see that it goes on.

    \b
    Examples:
      python -m ops.chaos.fuzz
      python -m ops.chaos.fuzz --requests 100000 --seed 7
    """
    chosen = secrets.randbelow(10**6) if seed is None else seed
    console = Console(stderr=True, highlight=False)
    console.print(f"seed {chosen}")
    tally, memory = FuzzTally(), []
    with _edge() as (edge, path, secret):
        workers = edge.workers()
        for begin in range(0, requests, WARM_UP):
            number = min(WARM_UP, requests - begin)
            fuzz(edge.port, path, secret, seed=chosen + begin, requests=number, tally=tally)
            memory.append(edge.memory_bytes())
            console.print(f"sent {tally.sent}, memory {memory[-1] / 2**20:.0f} MiB")
        hold_up(edge.port, Fuzzer(path, secret, random.Random(chosen)), tally)  # noqa: S311
        if edge.workers() != workers:
            tally.broken.append("a worker was lost")
    if memory[-1] > memory[0] * (1 + MOST_GROWTH):
        tally.broken.append(f"memory grew from {memory[0]} to {memory[-1]} bytes")
    for each in tally.broken[:20]:
        console.print(f"broken {each}")
    answered = ", ".join(f"{count} x {status}" for status, count in sorted(tally.statuses.items()))
    click.echo(f"{tally.sent} sent: {answered}; {len(tally.broken)} broken")
    ctx.exit(1 if tally.broken else 0)


@contextmanager
def _edge() -> Iterator[tuple[ServedApp, str, bytes]]:
    """The edge as it is deployed, and a sender's side of one source of it."""
    with throwaway_servers() as servers:
        (source,) = furnish(servers.data, tenants=1, sources=1)
        told = {**process_environment(servers.data, "ingest"), "AWGP_ENV": "production"}
        app = "ingest.app:from_environ()"
        with served_app(servers.data, "fuzz", app, told, configuration=PRODUCT) as edge:
            yield edge, source.path, source.secret


if __name__ == "__main__":
    sys.exit(command.main(prog_name="python -m ops.chaos.fuzz"))
