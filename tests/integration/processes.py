"""Real processes of the product, beside a test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.embedded.running import Running
from ops.embedded.valkey import valkey_url
from tests.integration.conftest import Database

PATIENCE_SECONDS = 60.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll for something another process does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


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
    database: Database, valkey: Running, *queues: str, login: str = "awgp_worker", **environ: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """`awgp worker QUEUE...`, of two threads."""
    arguments = ["-m", "ops.cli", "worker", *queues, "--threads", "2"]
    with _process(database, valkey, login, "worker", arguments, environ) as started:
        yield started


@contextmanager
def _process(
    database: Database,
    valkey: Running,
    login: str,
    user: str,
    arguments: list[str],
    environ: dict[str, str],
) -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen(
        [sys.executable, *arguments],
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
