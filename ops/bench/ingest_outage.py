"""What the edge does while the servers behind it are away, under load."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from ops.bench.ingest_load import BenchFailed, load
from ops.bench.load_client import STATUS, Plan, is_whole, requests_of
from ops.chaos.processes import children_of
from ops.embedded.running import Running

MARGIN_SECONDS: Final = 3.0
"""Of load before PostgreSQL is stopped and after its return."""

BACK_WITHIN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What became of the requests sent around an outage.

    Attributes:
        runs: That were acknowledged.
        slowest_ms: An answer of any kind took, counted from when the request was due.
        back_seconds: From when PostgreSQL answered again until a request was accepted.
    """

    runs: list[str]
    refused: int
    slowest_ms: float
    back_seconds: float


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Stop a process and its children for a while; their sockets stay open."""
    pids = [pid, *children_of(pid)]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(pids):
            os.kill(each, signal.SIGCONT)


def stop_under_load(postgres: Running, plan: Plan, probes: Plan, *, seconds: float) -> Outage:
    """Stop PostgreSQL for so long while a plan is sent, and start it again.

    Raises:
        BenchFailed: A request was answered with anything but 202 and 503, or none is accepted.
    """
    requests = list(requests_of(probes))
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(load, plan)
        time.sleep(MARGIN_SECONDS)
        postgres.stop()
        time.sleep(seconds)
        postgres.restart()
        back_seconds = _until_accepted(plan.port, requests)
        done = sending.result()
    if not set(done.statuses) <= {"202", "503"}:
        raise BenchFailed(f"answered while PostgreSQL was away: {done.statuses}")
    return Outage(
        runs=done.runs,
        refused=done.statuses.get("503", 0),
        slowest_ms=max(done.latencies_ms),
        back_seconds=back_seconds,
    )


def _until_accepted(port: int, requests: list[bytes]) -> float:
    began = time.monotonic()
    for each in requests:
        with suppress(OSError):
            if _status(port, each) == b"202":
                return time.monotonic() - began
        if time.monotonic() - began > BACK_WITHIN_SECONDS:
            break
    raise BenchFailed(f"nothing was accepted within {BACK_WITHIN_SECONDS:.0f} s of the return")


def _status(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), BACK_WITHIN_SECONDS) as opened:
        opened.sendall(request)
        answer = opened.recv(65536)
        while not is_whole(answer):
            answer += opened.recv(65536)
    return answer[STATUS]
