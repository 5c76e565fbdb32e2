"""`python -m ops.bench live`: how soon a decision shows in everyone else's browser.

The control plane as it is served, real PostgreSQL and Valkey, and many open WebSockets of two
tenants in a process of their own. Votes are cast through the API at a steady rate; what is measured
is the time from just before a vote is sent until it arrived at each socket of its tenant. Beside
it, with as many sockets open at the same time, flask-sock's plain echo says back what one socket
sends to that socket alone, and their rounds alternate. Then what agents write: `live_output`.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import click
import httpx

from ops.bench.live_output import Output, follow_output
from ops.bench.live_watchers import Plan, Watchers, plan_line
from ops.bench.live_world import (
    Issuer,
    Question,
    questions,
    tokens_of_watchers,
)
from ops.bench.report import percentile, print_report, read_settings
from ops.bench.served_app import BARE, PRODUCT, ServedApp, served_app
from ops.bench.servers import BenchServers, throwaway_servers
from ops.bench.trunk_tenants import make_tenants
from ops.login_engine import login_engine
from ops.processes import process_environment
from pipeline.errors import AwgpError

# The first question of each tenant warms up, and its answer counts for nothing.
WARM_UP: Final = 10
WARM_UP_SOCKETS: Final = 64
SETTLE_SECONDS: Final = 3.0


class BenchFailed(AwgpError):
    """A vote was refused, or the watchers ended."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """Milliseconds of every measurement; bytes a socket."""

    arrivals_ms: list[float] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    last_ms: list[float] = field(default_factory=list)
    votes_ms: list[float] = field(default_factory=list)
    echoes_ms: list[float] = field(default_factory=list)
    live_bytes: float = 0.0
    echo_bytes: float = 0.0


@click.command("live")
@click.option("--sockets", type=click.IntRange(2), default=1000, show_default=True)
@click.option("--tenants", type=click.IntRange(1), default=2, show_default=True)
@click.option("--votes", type=click.IntRange(2), default=100, show_default=True, help="A round.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Of each.")
@click.option("--rate", type=float, default=10.0, show_default=True, help="Votes a second.")
@click.option(
    "--lines", type=click.IntRange(0), default=100, show_default=True, help="And events; a round."
)
def command(sockets: int, tenants: int, votes: int, rounds: int, rate: float, lines: int) -> None:
    """How soon a decision, or what an agent writes, arrives at everyone who watches.

    \b
    Examples:
      python -m ops.bench live
      python -m ops.bench live --sockets 100 --votes 20 --rounds 1
      python -m ops.bench live --sockets 2 --votes 2
    """
    issuer = Issuer()
    with throwaway_servers() as servers, issuer.served():
        watched = make_tenants(servers.data, tenants)
        asked = questions(servers.data, watched, votes * rounds + WARM_UP * tenants)
        figures = Figures()
        tokens = tokens_of_watchers(issuer, watched, sockets)
        with _both(servers, issuer, tokens, figures) as (live, echo, port):
            bed = _Bed(live, issuer, port, rate, sockets // tenants)
            bed.round([asked.pop() for _ in range(WARM_UP * tenants)], Figures())
            for _ in range(rounds):
                bed.round([asked.pop() for _ in range(votes)], figures)
                figures.echoes_ms += echo.ask({"echo": votes})["took_ms"]
        engine = login_engine(servers.data, "awgp_web")
        settings = read_settings(engine)
        engine.dispose()
    output = follow_output(lines, rounds) if lines else None
    _print(sockets, figures, output, settings)


class _Watchers:
    """The process with the sockets of one side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, what: dict[str, Any]) -> dict[str, Any]:
        self.write(json.dumps(what) + "\n")
        return self.answer()

    def write(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Raises: BenchFailed."""
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise BenchFailed("the watchers ended; what they said is above")
        said: dict[str, Any] = json.loads(line)
        return said


@dataclass(frozen=True, slots=True)
class _Bed:
    """One side's sockets, and who votes."""

    live: _Watchers
    issuer: Issuer
    port: int
    rate: float
    sockets_of_a_tenant: int

    def round(self, asked: Sequence[Question], figures: Figures) -> None:
        """Vote at a steady rate; what arrived is looked at afterwards."""
        sent: dict[str, float] = {}
        voters = {each.tenant: self.issuer.token(each.tenant, "ben", "approver") for each in asked}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            begun = time.monotonic()
            for number, question in enumerate(asked):
                time.sleep(max(0.0, begun + number / self.rate - time.monotonic()))
                sent[question.approval_id] = time.monotonic()
                _vote(client, question, voters[question.tenant])
                took = time.monotonic() - sent[question.approval_id]
                figures.votes_ms.append(took * 1000)
        arrivals = self.live.ask({"arrived": len(sent), "sockets": self.sockets_of_a_tenant})
        figures.told_ms += arrivals["told_ms"]
        for approval_id, times in arrivals["arrivals"].items():
            if approval_id in sent:
                took_ms = [(at - sent[approval_id]) * 1000 for at in times]
                figures.arrivals_ms += took_ms
                figures.last_ms.append(max(took_ms))


def _vote(client: httpx.Client, question: Question, token: str) -> None:
    answered = client.post(
        f"/v1/approvals/{question.approval_id}/votes",
        headers={"Authorization": f"Bearer {token}"},
        json={"verdict": "approve", "digest": question.digest},
    )
    if answered.status_code != 200:
        raise BenchFailed(f"a vote was answered {answered.status_code}: {answered.text[:200]}")


@contextlib.contextmanager
def _both(
    servers: BenchServers, issuer: Issuer, tokens: Sequence[str], figures: Figures
) -> Iterator[tuple[_Watchers, _Watchers, int]]:
    told = process_environment(servers.data, "web") | {
        "AWGP_OIDC_ISSUER": issuer.url,
        "AWGP_PUBLIC_URL": "http://127.0.0.1:{port}",
    }
    # A request that never ends holds a thread: flask-sock needs one for each socket.
    threads = ("--threads", str(len(tokens) + 8))
    with contextlib.ExitStack() as stack:
        web = stack.enter_context(
            served_app(servers.data, "web", "web.app:from_environ()", told, configuration=PRODUCT)
        )
        bare = stack.enter_context(
            served_app(
                servers.data,
                "echo",
                "ops.bench.live_echo:echo()",
                {},
                configuration=BARE,
                further=(*threads, "--worker-connections", "4000"),
            )
        )
        live, figures.live_bytes = _watch(stack, web, "/v1/live", tokens)
        echo, figures.echo_bytes = _watch(stack, bare, "/echo", [""] * len(tokens))
        yield live, echo, web.port


def _watch(
    stack: contextlib.ExitStack, app: ServedApp, path: str, tokens: Sequence[str]
) -> tuple[_Watchers, float]:
    """Open the sockets; returns who holds them, and bytes of the server's memory a socket."""
    # What is loaded with the first sockets is no later one's.
    Watchers(Plan(port=app.port, path=path, tokens=tuple(tokens[:WARM_UP_SOCKETS]))).close()
    time.sleep(SETTLE_SECONDS)
    before = app.memory_bytes()
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "ops.bench.live_watchers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    # Ends when it is told nothing more.
    stack.callback(process.terminate)
    watchers = _Watchers(process)
    watchers.write(plan_line(Plan(port=app.port, path=path, tokens=tuple(tokens))))
    watchers.answer()
    time.sleep(SETTLE_SECONDS)
    return watchers, (app.memory_bytes() - before) / len(tokens)


def _print(sockets: int, figures: Figures, output: Output | None, settings: dict[str, str]) -> None:
    p50, p99 = (percentile(figures.arrivals_ms, share) for share in (0.5, 0.99))
    echo_p50, echo_p99 = (percentile(figures.echoes_ms, share) for share in (0.5, 0.99))
    live_kib, echo_kib = figures.live_bytes / 1024, figures.echo_bytes / 1024
    last = percentile(figures.last_ms, 0.5)
    told, told_p99 = (percentile(figures.told_ms, share) for share in (0.5, 0.99))
    print_report(
        "live",
        columns=["side", "p50 ms", "p99 ms", "KiB a socket"],
        rows=[
            [f"vote to {sockets} sockets", f"{p50:.1f}", f"{p99:.1f}", f"{live_kib:.0f}"],
            ["  to the last of them", f"{last:.1f}", f"{max(figures.last_ms):.1f}", ""],
            ["  since it was published", f"{told:.1f}", f"{told_p99:.1f}", ""],
            ["  the vote's own answer", f"{percentile(figures.votes_ms, 0.5):.1f}", "", ""],
            ["echo to the same socket", f"{echo_p50:.1f}", f"{echo_p99:.1f}", f"{echo_kib:.0f}"],
            *([] if output is None else output.rows()),
        ],
        figures={
            "sockets": sockets,
            "p50_ms": p50,
            "p99_ms": p99,
            "ratio": p50 / echo_p50,
            "last_p50_ms": last,
            "told_p50_ms": told,
            "told_p99_ms": told_p99,
            "vote_p50_ms": percentile(figures.votes_ms, 0.5),
            "echo_p50_ms": echo_p50,
            "echo_p99_ms": echo_p99,
            "kib_per_socket": live_kib,
            "echo_kib_per_socket": echo_kib,
            "n": len(figures.arrivals_ms),
            **({} if output is None else output.figures()),
        },
        settings=settings,
    )
