"""The edge while PostgreSQL or Valkey hang: the real processes are stopped, and go on later."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ops.chaos.processes import children_of
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from tests.integration.conftest import Database
from tests.integration.door import KEK, Door, signed
from tests.integration.test_ingest_server import served
from tests.integration.world import ISSUER, World

pytestmark = pytest.mark.services

EVENT = b'{"amount_cents": 1234}'
AT_ONCE = 64
"""More than the edge has threads."""

SECONDS = 2.0
"""Until an answer, and until the return; 1 s is promised where nothing else is done.

Beside that a busy machine is given a few times what the same requests take it in good times.
"""


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Stop a server and its children for a while; their sockets stay open."""
    pids = [pid, *children_of(pid)]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(pids):
            os.kill(each, signal.SIGCONT)


@pytest.fixture
def door(database: Database, world: World) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-away") as running:
        yield running


@pytest.fixture
def address(database: Database, world: World, valkey: Running, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "kek").write_text(KEK)
    environ = {
        "AWGP_DATABASE_URL": database.url("awgp_ingest"),
        "AWGP_REDIS_URL": valkey_url(valkey.data, "ingest"),
        "AWGP_OIDC_ISSUER": ISSUER,
        "AWGP_KEK_FILE": str(tmp_path / "kek"),
    }
    with served(environ, tmp_path / "gunicorn.log") as running:
        yield running


def test_callers_are_answered_while_the_servers_behind_the_edge_hang(
    address: str, door: Door, database: Database, world: World, valkey: Running
) -> None:
    hook = f"{address}/v1/hooks/{world.acme.source_id}"

    def send(event: str) -> tuple[httpx.Response, float]:
        began = time.monotonic()
        answer = client.post(hook, content=EVENT, headers=signed(EVENT, event=event), timeout=30)
        return answer, time.monotonic() - began

    # A connection is let go before the edge does, which would meet a request on its way.
    limits = httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=1.0)
    with httpx.Client(limits=limits) as client, ThreadPoolExecutor(AT_ONCE) as senders:

        def send_all(name: str) -> list[tuple[httpx.Response, float]]:
            return list(senders.map(send, [f"{name}_{each}" for each in range(AT_ONCE)]))

        warm = send_all("warm")
        assert {answer.status_code for answer, _ in warm} == {202}
        bound = SECONDS + 4 * max(seconds for _, seconds in warm)
        with hanging(database.cluster.pid):
            hung = [*send_all("first"), *send_all("then")]
            assert httpx.get(f"{address}/healthz", timeout=30).status_code == 200
        back_at = time.monotonic()
        well = 0
        for number in itertools.count():  # each process of the edge finds out by itself
            assert time.monotonic() < back_at + bound
            back = send_all(f"back_{number}")
            well = well + 1 if {answer.status_code for answer, _ in back} == {202} else 0
            if well == 3:  # one alone may have asked only some of them
                break
        for answer, _ in hung:
            assert (answer.status_code, answer.json()["type"]) == (
                503,
                "urn:awgp:problem:database-unavailable",
            )
            assert int(answer.headers["Retry-After"]) > 0
        assert max(seconds for _, seconds in hung) < bound

        with hanging(valkey.pid):
            answers = [send_all(name) for name in ("deaf", "silent")]
        assert {answer.status_code for each in answers for answer, _ in each} == {202}

        assert max(seconds for each in answers for _, seconds in each) < bound
