"""The edge under gunicorn: many at once, bodies without a length, a process as it is deployed."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from ops import gunicorn_conf
from ops.chaos.fuzz import FuzzTally, fuzz
from ops.chaos.fuzz_requests import Fuzzer
from ops.chaos.slow_senders import honest, slow_senders
from ops.reading_worker import READ_SECONDS
from tests.integration.conftest import Database
from tests.integration.door import KEK, Door, signed
from tests.integration.processes import insist
from tests.integration.world import ISSUER, SECRET, World

EVENT = b'{"amount_cents": 1234}'
START_SECONDS = 60
COMMAND = (
    sys.executable,
    *("-m", "gunicorn", "--config", "python:ops.gunicorn_conf", "ingest.app:from_environ()"),
)


@contextmanager
def served(environ: dict[str, str], log: Path) -> Iterator[str]:
    """Run gunicorn on a loopback port of its own; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, "--bind", f"fd://{listening.fileno()}"],
            env={"PATH": os.environ["PATH"], **environ},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_ready(process, address, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            continue
    raise AssertionError(f"not ready after {START_SECONDS} s: {log.read_text()}")


@pytest.fixture
def door(database: Database, world: World) -> Door:
    return Door(database.engine("awgp_ingest"), database.admin)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "gunicorn.log"


@pytest.fixture
def address(database: Database, world: World, tmp_path: Path, log: Path) -> Iterator[str]:
    """The edge as deployed: settings from the environment, secrets from files, Redis down."""
    secrets = {"KEK": KEK, "DATABASE_PASSWORD": database.cluster.data.secret("awgp_ingest")}
    for name, value in secrets.items():
        (tmp_path / name).write_text(value)
    environ = {
        "AWGP_DATABASE_URL": database.url("awgp_ingest", password=False),
        "AWGP_REDIS_URL": "redis://ingest@127.0.0.1:1/0",
        "AWGP_OIDC_ISSUER": ISSUER,
        "AWGP_MAX_BODY_BYTES": "4096",
        **{f"AWGP_{name}_FILE": str(tmp_path / name) for name in secrets},
    }
    with served(environ, log) as running:
        yield running


def test_fifty_sends_of_one_event_at_once_make_one_run(
    address: str, door: Door, world: World
) -> None:
    before = door.counts()
    headers = signed(EVENT)

    def send(_number: int) -> httpx.Response:
        path = f"{address}/v1/hooks/{world.acme.source_id}"
        return insist(lambda: httpx.post(path, content=EVENT, headers=headers, timeout=60))

    with ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(send, range(50)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    made = {table: count - before[table] for table, count in door.counts().items()}
    assert made == {
        "runs": 1,
        "run_payloads": 1,
        "idempotency_keys": 1,
        "handoffs": 1,
        "audit_pending": 1,
        "persons": 0,
    }


def test_fifty_different_events_at_once_make_fifty_runs(
    address: str, door: Door, world: World
) -> None:
    def send(number: int) -> int:
        path = f"{address}/v1/hooks/{world.acme.source_id}"
        headers = signed(EVENT, event=f"evt_{number}")
        post = partial(httpx.post, path, content=EVENT, headers=headers, timeout=60)
        return insist(post).status_code

    with ThreadPoolExecutor(50) as senders:
        assert set(senders.map(send, range(50))) == {202}
    assert door.counts()["runs"] == 50


def test_a_body_in_chunks_is_taken_and_cut_off_at_the_limit(
    address: str, door: Door, world: World
) -> None:
    path = f"{address}/v1/hooks/{world.acme.source_id}"
    taken = httpx.post(
        path, content=iter([EVENT[:5], EVENT[5:]]), headers=signed(EVENT), timeout=60
    )
    assert taken.status_code == 202
    assert door.stored_payload(taken.json()["run"]) == EVENT

    before = door.counts()
    large = b'{"a": "' + b"x" * 5000 + b'"}'
    refused = httpx.post(
        path, content=iter([large[:100], large[100:]]), headers=signed(large), timeout=60
    )
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:awgp:problem:body-too-large")
    assert door.counts() == before


def test_broken_requests_are_refused_and_right_ones_among_them_taken(
    address: str, door: Door, world: World
) -> None:
    path, tally = f"/v1/hooks/{world.acme.source_id}", FuzzTally()
    port = int(address.rpartition(":")[2])
    fuzz(port, path, SECRET, seed=3, requests=150, tally=tally)
    assert tally.sent == 150
    assert tally.broken == []
    assert door.counts()["runs"] == tally.statuses[202]

    # Many more than there are threads begin requests they do not end: a whole one is answered.
    fuzzer = Fuzzer(path, SECRET, random.Random(3))  # noqa: S311  # repeatable
    with slow_senders(port, fuzzer, gunicorn_conf.threads):
        for _ in range(5):
            honest(port, fuzzer, READ_SECONDS)


def test_no_secret_and_no_payload_reaches_the_log(
    address: str, door: Door, world: World, log: Path
) -> None:
    path = f"{address}/v1/hooks/{world.acme.source_id}"
    body = b'{"name": "Grace Hopper"}'
    for headers in (signed(body), signed(body, secret=b"x"), {}, signed(body, event="x" * 300)):
        httpx.post(path, content=body, headers=headers, timeout=60)
    written = log.read_bytes()
    assert b"run_received" in written
    for secret in (SECRET, KEK.encode(), b"Hopper", headers_signature(body)):
        assert secret not in written


def headers_signature(body: bytes) -> bytes:
    return signed(body)["webhook-signature"].encode()


@pytest.mark.parametrize(
    ("missing", "named"),
    [("AWGP_KEK", "key ring"), ("AWGP_OIDC_ISSUER", "AWGP_OIDC_ISSUER"), ("AWGP_REDIS_URL",) * 2],
)
def test_a_missing_setting_is_named_at_the_start(missing: str, named: str) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "AWGP_DATABASE_URL": "postgresql://awgp_ingest@127.0.0.1:1/x",
        "AWGP_REDIS_URL": "redis://127.0.0.1:1/0",
        "AWGP_OIDC_ISSUER": ISSUER,
        "AWGP_KEK": KEK,
    }
    del environ[missing]
    code = "from ingest.app import from_environ; from_environ()"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert named in ended.stderr.splitlines()[-1]
