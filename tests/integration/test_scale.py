"""`awgp scale` on processes that run: under a real supervisor, at work on a real queue."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest

from ops.cli import run
from ops.embedded.data_folder import DataFolder, hold_data_folder, open_data_folder
from ops.embedded.postgres import superuser_url
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey
from ops.instances import ops_addresses, untold_numbers, want_numbers, wanted_numbers
from ops.logins import LOGINS
from ops.processes import app_programs
from ops.supervise import bring_down, bring_up
from ops.supervisor_client import Supervisor
from ops.wanted_numbers import Scaler
from pipeline.wanted_processes import numbers_wanted, want_number
from pipeline.work import Actor
from tests.integration.conftest import Database
from tests.integration.processes import answer, wait_until
from tests.integration.stages import rows, status
from tests.integration.world import TenantWorld, World, submit

pytestmark = pytest.mark.services

AT_WORK = {"policy": 1, "relay": 1}
IDLE = dict.fromkeys(("hold", "execute", "post_action", "audit", "export"), 0)


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-scale") as running:
        yield running


@pytest.fixture
def operator(database: Database, valkey: Running) -> dict[str, str]:
    """The environment of someone whose servers are all their own: those of the test."""
    return {
        "AWGP_DATABASE_URL": superuser_url(database.cluster.data, database=database.name),
        "AWGP_REDIS_URL": f"redis://worker@127.0.0.1:{valkey.data.ports['valkey']}/0",
        "AWGP_REDIS_PASSWORD_FILE": str(valkey.data.secret_file("valkey-worker")),
        "AWGP_S3_ENDPOINT": "http://127.0.0.1:1",
        "AWGP_OIDC_ISSUER": "http://127.0.0.1:1",
    }


@pytest.fixture
def data(server_folder: Path, database: Database, operator: dict[str, str]) -> Iterator[DataFolder]:
    """A folder on which a worker of `policy` and a relay run, as `awgp up` starts them."""
    opened = open_data_folder(server_folder / f"scale-{database.name}")
    for login in LOGINS:
        opened.secret_file(login).write_text(database.cluster.data.secret(login))
    want_numbers(opened, {**IDLE, **AT_WORK})
    apps = [
        program
        for program in app_programs(opened, operator=operator)
        if program.name in ("policy-1", "relay")
    ]
    with hold_data_folder(opened) as lock:
        up = bring_up(
            opened,
            lock=lock,
            operator=operator,
            prepare=lambda _data: None,
            apps=apps,
            report=lambda _name, _seconds: None,
        )
    yield opened
    bring_down(opened)
    up.process.wait()


def command(data: DataFolder, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ops.cli", "scale", *arguments, "--data", str(data.root)]


def awgp_scale(data: DataFolder, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWGP_")}
    return subprocess.run(
        command(data, *arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environ,
    )


def policies(data: DataFolder) -> list[str]:
    return sorted(
        each.name
        for each in Supervisor(data).states()
        if each.name.startswith("policy-") and each.state == "RUNNING"
    )


def ended(database: Database, tenant: TenantWorld, run_id: UUID) -> bool:
    return status(database, tenant, run_id)["status"] == "permitted"


def submit_due(database: Database, tenant: TenantWorld) -> UUID:
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 1})
    rows(database, tenant, "UPDATE handoffs SET next_send_at = clock_timestamp() RETURNING 1")
    return run_id


def test_a_queue_scaled_to_none_and_back_loses_nothing_and_new_processes_are_as_the_old_ones(
    data: DataFolder, database: Database, world: World, operator: dict[str, str]
) -> None:
    stopped = awgp_scale(data, "policy=0")
    assert stopped.returncode == 0, stopped.stderr
    assert "policy       1 -> 0" in stopped.stdout
    assert "warning: policy has no process: its work waits" in stopped.stdout
    assert policies(data) == []
    waiting = [submit_due(database, world.acme) for _ in range(3)]

    started = awgp_scale(data, "policy=2", "--json")

    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["processes"]["policy"] == {
        "before": 0,
        "wanted": 2,
        "running": 2,
    }
    assert policies(data) == ["policy-1", "policy-2"]
    for name in ("policy-1", "policy-2"):
        assert answer(f"http://{ops_addresses(data)[name]}/readyz") == 200
    wait_until(lambda: all(ended(database, world.acme, each) for each in waiting), "all of them")

    again = awgp_scale(data, "policy=2")
    assert "policy       2 -> 2  (as it was)" in again.stdout
    # It is what the next start brings back, at the same addresses.
    assert bring_down(data)
    names = {each.name: each.environment for each in app_programs(data, operator=operator)}
    assert {"policy-1", "policy-2"} <= names.keys()
    assert "policy-3" not in names
    assert names["policy-2"]["AWGP_OPS_ADDRESS"] == ops_addresses(data)["policy-2"]
    assert "hold-1" not in names


def test_two_who_scale_at_once_come_out_at_what_one_of_them_wanted(
    data: DataFolder, world: World
) -> None:
    both = [
        subprocess.Popen(command(data, f"policy={number}"), stdout=subprocess.DEVNULL)
        for number in (3, 2)
    ]
    assert [each.wait(120) for each in both] == [0, 0]
    wanted = wanted_numbers(data)["policy"]
    assert wanted in (2, 3)
    assert policies(data) == [f"policy-{number}" for number in range(1, wanted + 1)]
    assert awgp_scale(data, "policy=1").returncode == 0
    assert policies(data) == ["policy-1"]


@pytest.mark.parametrize(
    "refused", ["policy=65", "policy=-1", "policy=two", "sidecar=1", "ingest=2", "policy", "hold=1"]
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(
    server_folder: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    opened = open_data_folder(server_folder / "scale-refused")
    assert run(command(opened, "hold=2", refused)[3:]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert set(wanted_numbers(opened).values()) == {1}


def test_what_is_wanted_while_nothing_runs_is_kept_for_the_next_start(
    server_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_data_folder(server_folder / "scale-nothing-runs")
    assert run(command(opened, "hold=2")[3:]) == 0
    said = capsys.readouterr().out
    assert "AWGP does not run here; this is what the next `awgp up` starts" in said
    assert wanted_numbers(opened)["hold"] == 2
    assert run(command(opened, "execute=30")[3:]) == 0
    assert "36 workers may hold 288 database connections" in capsys.readouterr().out
    assert {"hold-1", "hold-2"} <= {each.name for each in app_programs(opened, operator={})}


def test_what_is_wanted_in_the_control_plane_is_done_here_and_what_was_said_here_is_told(
    database: Database, tmp_path: Path
) -> None:
    folder, engine = open_data_folder(tmp_path / "data"), database.engine("awgp_operator")
    done: list[dict[str, int]] = []

    def do(wanted: Mapping[str, int]) -> None:
        done.append(dict(wanted))
        want_numbers(folder, wanted)

    def said() -> dict[str, int]:
        with engine.connect() as connection:
            return {kind: each.number for kind, each in numbers_wanted(connection).items()}

    scaler = Scaler(folder, engine, do)
    want_numbers(folder, {"hold": 2}, told=False)  # while the database was away
    scaler.look()
    assert (said(), untold_numbers(folder), done) == (wanted_numbers(folder), {}, [])

    with engine.begin() as connection:
        want_number(connection, "execute", 3, by=Actor(type="person", id="p"), reason="")
    scaler.look()
    scaler.look()
    assert done == [{"execute": 3}]
    assert wanted_numbers(folder)["execute"] == 3
