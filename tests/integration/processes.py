"""Real processes of the product, beside a test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import httpx

from ops.embedded.ports import choose_port
from ops.embedded.running import Running
from ops.embedded.valkey import valkey_url
from tests.integration.conftest import Database
from tests.integration.door import KEK

PATIENCE_SECONDS = 60.0


def wait_until(
    condition: Callable[[], object], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Poll for something another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Answered(Protocol):
    """What is asked of an answer, whichever client it is of."""

    @property
    def status_code(self) -> int: ...


Answer = TypeVar("Answer", bound=Answered)


def insist(send: Callable[[], Answer]) -> Answer:
    """Send until the answer is another than 503, as a sender does who is asked to come back.

    An edge says so where its machine has so much else to do that PostgreSQL is silent for a moment
    (ingest/gate.py), or where another is at the same event for longer than it is waited for.
    """
    answers: list[Answer] = []

    def is_answered() -> bool:
        answers.append(send())
        return answers[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

    wait_until(is_answered, "the edge to do more than ask to come back")
    return answers[-1]


def awgp(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as a person types it, in a shell that names no servers."""
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWGP_")},
    )


@contextmanager
def relay_process(
    database: Database, valkey: Running, **environ: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """`awgp relay`."""
    arguments = ["-m", "ops.cli", "relay"]
    with _process(database, valkey, "awgp_relay", "relay", arguments, environ) as started:
        yield started


@contextmanager
def worker_process(
    database: Database,
    valkey: Running,
    *queues: str,
    login: str = "awgp_worker",
    inside: str = "",
    processes: int = 1,
    **environ: str,
) -> Iterator["subprocess.Popen[bytes]"]:
    """`awgp worker QUEUE...`, of two threads a process; `inside` names a network namespace."""
    counts = ["--threads", "2", "--processes", str(processes)]
    arguments = ["-m", "ops.cli", "worker", *queues, *counts]
    within = ("ip", "netns", "exec", inside) if inside else ()
    with _process(database, valkey, login, "worker", arguments, environ, within) as started:
        yield started


@contextmanager
def ingest_process(
    database: Database, valkey: Running, *, processes: int = 1, **environ: str
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """gunicorn with the edge; yields it and its port, once it answers."""
    port = free_port()
    arguments = [
        *("-m", "gunicorn", "--config", "python:ops.gunicorn_conf", "ingest.app:from_environ()"),
        *("--bind", f"127.0.0.1:{port}", "--no-control-socket"),
        *("--workers", str(processes)),
    ]
    variables = {"AWGP_OIDC_ISSUER": "http://127.0.0.1:1", "AWGP_KEK": KEK, **environ}
    with _process(database, valkey, "awgp_ingest", "ingest", arguments, variables) as started:
        wait_until(lambda: answer(f"http://127.0.0.1:{port}/readyz") == 200, "the edge")
        yield started, port


def answer(url: str) -> int | None:
    """The status of a GET; None while nobody answers."""
    try:
        return httpx.get(url, timeout=PATIENCE_SECONDS).status_code
    except httpx.TransportError:
        return None


def free_port() -> int:
    """A loopback port nobody listens on, no connection has, and no other test was given lately."""
    return choose_port(taken=set())


@contextmanager
def _process(
    database: Database,
    valkey: Running,
    login: str,
    user: str,
    arguments: list[str],
    environ: dict[str, str],
    within: tuple[str, ...] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen(
        [*within, sys.executable, *arguments],
        cwd=Path(__file__).parents[2],
        env={
            "PATH": os.environ["PATH"],
            "AWGP_DATABASE_URL": database.url(login),
            "AWGP_REDIS_URL": valkey_url(valkey.data, user),
            **environ,
        },
        start_new_session=True,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
