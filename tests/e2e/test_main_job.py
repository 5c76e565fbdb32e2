"""The main job on everything at once, and what it must not leave lying about."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from rich.console import Console

from ops.demo.stage import DemoStage, prepare_parts, running_demo
from ops.demo.story import INVOICE, Story, Told
from ops.embedded.postgres import superuser_url
from ops.embedded.secret_files import SECRETS
from ops.embedded.valkey import valkey_url
from ops.supervisor_client import Supervisor

pytestmark = [pytest.mark.runsc, pytest.mark.services, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[DemoStage, Told]]:
    """The demo's day, played through; everything still runs."""
    with running_demo(prepare_parts(lambda _: None), lambda _name, _seconds: None) as stage:
        yield stage, Story(stage, Console(file=io.StringIO(), width=200)).run()


def test_the_demos_day_ends_as_it_should(played: tuple[DemoStage, Told]) -> None:
    _, told = played
    assert (told.status, told.kernel) == ("completed", "gvisor")
    assert told.proven
    assert told.tamper_detected
    assert told.entries > 50
    assert told.objects > 5


def secrets_of(stage: DemoStage) -> dict[str, bytes]:
    """Every secret there is, by name."""
    found = {name: stage.data.secret(name).encode() for name in SECRETS}
    found["kek"] = stage.data.secret("kek").partition(":")[2].encode()
    found["checkpoint.key"] = stage.data.secret("checkpoint.key").splitlines()[1].encode()
    for tenant in (stage.demo.acme, stage.demo.globex):
        found |= {f"sender {each.name}": each.secret for each in tenant.senders.values()}
        found[f"target of {tenant.slug}"] = tenant.target_secret
    # An access key's name and a public URL's part are no secrets.
    return {name: value for name, value in found.items() if not name.endswith("access-key")}


# The payload itself, and what the agent wrote, kept and as it was seen live.
HOLD_PAYLOADS = ("table awgp.run_payloads", "table awgp.executions", "key b'awgp:log:")


def dumps(stage: DemoStage) -> Iterator[tuple[str, bytes]]:
    """Everything that leaves the process or lies at rest, but for the secrets' own folder."""
    for path in sorted(stage.data.logs.iterdir()):
        yield f"log {path.name}", path.read_bytes()
    for state in Supervisor(stage.data).states():
        for name in ("cmdline", "environ"):
            yield f"{name} of {state.name}", Path(f"/proc/{state.pid}/{name}").read_bytes()
    with psycopg.connect(superuser_url(stage.data)) as connection:
        for (table,) in connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'awgp'"
        ).fetchall():
            rows = connection.execute(f"SELECT t::text FROM {table} t").fetchall()
            yield f"table {table}", "\n".join(row[0] for row in rows).encode()
    with redis.Redis.from_url(valkey_url(stage.data, "admin")) as client:
        for key in client.scan_iter():
            yield f"key {key!r}", client.dump(key) or b""


def test_no_secret_lies_in_logs_tables_messages_or_process_lists(
    played: tuple[DemoStage, Told],
) -> None:
    stage, _ = played
    found = [
        (where, name)
        for where, content in dumps(stage)
        for name, secret in secrets_of(stage).items()
        if secret in content or secret.hex().encode() in content
    ]
    assert found == []


def test_no_payload_lies_in_logs_messages_or_the_audit_trail(
    played: tuple[DemoStage, Told],
) -> None:
    stage, _ = played
    supplier = str(INVOICE["supplier"]).encode()
    found = [
        where
        for where, content in dumps(stage)
        if (supplier in content or supplier.hex().encode() in content)
        and not where.startswith(HOLD_PAYLOADS)
    ]
    # The receiver's answer is kept, the invoice is not sent to it as a whole.
    assert found == []


def awgp(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_the_whole_trail_verifies_in_the_database(played: tuple[DemoStage, Told]) -> None:
    stage, _ = played
    done = awgp("audit", "verify", "--all", "--json", "--data", str(stage.data.root))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_key_ring_is_rotated_in_three_steps(played: tuple[DemoStage, Told]) -> None:
    stage, _ = played
    data = ("--data", str(stage.data.root))
    ring = stage.data.secret_file("kek")
    too_soon = awgp("keys", "rotate", *data)
    assert (too_soon.returncode, too_soon.stderr.count("\n")) == (2, 1)
    first = ring.read_text().split()
    assert awgp("keys", "add", *data).returncode == 0
    second = ring.read_text().split()
    assert second[:1] == first
    assert awgp("keys", "rotate", *data).returncode == 0
    assert ring.read_text().split() == second[::-1]
    assert awgp("keys", "retire", *data).returncode == 0
    assert ring.read_text().split() == second[1:]


def test_a_second_seed_is_refused_in_one_line(played: tuple[DemoStage, Told]) -> None:
    stage, _ = played
    done = awgp("seed", "--data", str(stage.data.root))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_command_says_it_all_in_its_last_line() -> None:
    done = awgp("demo")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "\x1b" not in done.stdout
    last = json.loads(done.stdout.splitlines()[-1])
    assert set(last) == {
        "run",
        "status",
        "kernel",
        "audit",
        "export",
        "tamper_detected",
        "seconds",
    }
    assert (last["status"], last["kernel"], last["tamper_detected"]) == (
        "completed",
        "gvisor",
        True,
    )
    assert last["audit"]["verified"]
    assert last["export"]["verified"]
