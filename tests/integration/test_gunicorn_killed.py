"""A gunicorn master that is killed leaves its port to the next one."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ops.chaos.processes import children_of
from tests.integration.door import KEK
from tests.integration.processes import PATIENCE_SECONDS, free_port, wait_until
from tests.integration.world import ISSUER

pytestmark = pytest.mark.services

ENVIRON = {
    "AWGP_DATABASE_URL": "postgresql://awgp_ingest@127.0.0.1:1/awgp",
    "AWGP_REDIS_URL": "redis://ingest@127.0.0.1:1/0",
    "AWGP_OIDC_ISSUER": ISSUER,
    "AWGP_KEK": KEK,
}


@contextmanager
def gunicorn(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The edge, as `awgp up` starts it, without its servers."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--config", "python:ops.gunicorn_conf"),
            *("ingest.app:from_environ()", "--bind", f"127.0.0.1:{port}"),
        ],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], **ENVIRON},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/healthz"
        return httpx.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


def is_spread(workers: Collection[int]) -> bool:
    """Whether each keeps to one processor, which no other has while there are as many."""
    kept = [os.sched_getaffinity(pid) for pid in workers]
    used = min(len(kept), len(os.sched_getaffinity(0)))
    return all(len(each) == 1 for each in kept) and len(set.union(*kept)) == used


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def test_the_workers_of_a_killed_master_give_up_its_port_though_someone_is_connected() -> None:
    port = free_port()
    with gunicorn(port) as first:
        wait_until(lambda: answers(port), "the first to answer")
        workers = children_of(first.pid)
        assert workers != []
        # One answers while the next is still being forked.
        wait_until(lambda: is_spread(children_of(first.pid)), "each to keep to one of its own")
        with socket.create_connection(("127.0.0.1", port)) as silent:
            silent.sendall(b"GET /healthz HTTP/1.1\r\n")
            assert answers(port)
            first.send_signal(signal.SIGKILL)
            first.wait()
            wait_until(lambda: is_free(port), "the port to be free")
