"""`awgp up` and `awgp down` as a person uses them, servers only."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops.embedded.data_folder import existing_data_folder, hold_data_folder, open_data_folder
from ops.embedded.postgres import superuser_url
from ops.embedded.program import (
    Program,
    end_recorded_processes,
    launch_command,
    record_file,
    recorded_pid,
)
from ops.supervise import AwgpUp, stop
from ops.supervisor_client import Supervisor
from tests.integration.processes import awgp, wait_until

pytestmark = pytest.mark.services

SERVICES = ["oidc", "postgres", "s3", "valkey"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="awgp up-"))  # the space is on purpose
    yield path
    awgp("down", "--data", str(path))
    shutil.rmtree(path)


@pytest.fixture
def up(folder: Path) -> Path:
    """A folder everything runs on: started again only where the test before stopped it."""
    if not (folder / "state.json").exists() or not status(folder)["healthy"]:
        result = awgp("up", "--services-only", "--detach", "--data", str(folder))
        assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def down(folder: Path) -> Path:
    """A folder with a past, on which nothing runs."""
    open_data_folder(folder)
    assert awgp("down", "--data", str(folder)).returncode == 0
    return folder


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(awgp("status", "--json", "--data", str(folder)).stdout)
    return found


def pid_of(folder: Path, name: str) -> int | None:
    return recorded_pid(record_file(existing_data_folder(folder), name))


def is_gone(folder: Path, name: str) -> bool:
    return pid_of(folder, name) is None


def execute(folder: Path, statement: str) -> Any:
    url = superuser_url(existing_data_folder(folder))
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def test_a_restart_keeps_the_data_and_the_urls(up: Path) -> None:
    execute(up, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one")
    before = status(up)
    assert sorted(each["name"] for each in before["processes"]) == SERVICES

    assert awgp("down", "--data", str(up)).returncode == 0
    assert status(up)["healthy"] is False
    assert awgp("up", "--services-only", "--detach", "--data", str(up)).returncode == 0

    assert status(up)["urls"] == before["urls"]
    assert execute(up, "SELECT one FROM kept") == (1,)


def test_a_second_up_on_the_same_folder_is_refused_in_one_line(up: Path) -> None:
    result = awgp("up", "--services-only", "--data", str(up))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "already running" in result.stderr
    assert status(up)["healthy"] is True


def test_a_killed_server_comes_back(up: Path) -> None:
    first = pid_of(up, "valkey")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid_of(up, "valkey") not in (None, first), "another valkey")
    wait_until(lambda: status(up)["healthy"], "all to run")


def test_a_killed_supervisor_blocks_nothing_and_loses_nothing(up: Path) -> None:
    execute(up, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one")
    supervisor = pid_of(up, "supervisord")
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)

    again = awgp("up", "--services-only", "--detach", "--data", str(up))

    assert again.returncode == 0, again.stderr
    assert status(up)["healthy"] is True
    assert execute(up, "SELECT one FROM kept") == (1,)


def test_a_killed_supervisor_takes_its_servers_with_it(up: Path) -> None:
    supervisor = pid_of(up, "supervisord")
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    for name in SERVICES:
        wait_until(partial(is_gone, up, name), f"the end of {name}")


def test_down_leaves_no_process_behind_and_can_be_repeated(up: Path) -> None:
    assert awgp("down", "--data", str(up)).returncode == 0
    assert [name for name in (*SERVICES, "supervisord") if pid_of(up, name)] == []
    assert [path for path in (up / "run").rglob("*") if path.is_socket()] == []
    again = awgp("down", "--data", str(up))
    assert (again.returncode, again.stdout) == (0, "nothing was running\n")


def test_up_in_the_foreground_goes_down_in_order_when_told_to(down: Path) -> None:
    command = [sys.executable, "-m", "ops.cli", "up", "--services-only", "--data", str(down)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "the data stays" in rest
    log = (down / "logs" / "postgres.log").read_text().splitlines()
    assert log[-1].endswith("database system is shut down")


def test_a_process_joins_and_leaves_while_the_others_run(up: Path) -> None:
    data = existing_data_folder(up)
    before = {each.name: each.pid for each in Supervisor(data).states()}
    supervisor = Supervisor(data)

    supervisor.add(Program(name="execute-2", command=("sleep", "600")))
    wait_until(lambda: supervisor.state("execute-2") == "RUNNING", "execute-2 to run")
    assert {each.name: each.pid for each in supervisor.states()}.items() >= before.items()

    supervisor.remove("execute-2")
    assert {each.name: each.pid for each in supervisor.states()} == before


def test_a_process_is_told_nothing_but_its_own_variables(up: Path) -> None:
    data = existing_data_folder(up)
    program = Program(name="probe", command=("sleep", "600"), environment={"AWGP_X": "100% x"})
    Supervisor(data).add(program)
    wait_until(lambda: Supervisor(data).state("probe") == "RUNNING", "the probe to run")
    pid = pid_of(up, "probe")
    raw = Path(f"/proc/{pid}/environ").read_bytes().decode().rstrip("\0").split("\0")
    found = dict(line.split("=", 1) for line in raw)
    Supervisor(data).remove("probe")
    assert found["AWGP_X"] == "100% x"
    assert found.keys() <= {"AWGP_X", "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}


def test_a_leftover_of_a_crash_is_ended_and_a_stranger_with_its_pid_is_not(down: Path) -> None:
    data = existing_data_folder(down)
    program = Program(name="left", command=("sleep", "600"))
    command = launch_command(data, program, die_with_parent=False)
    with hold_data_folder(data), subprocess.Popen(command, start_new_session=True) as left:
        wait_until(lambda: pid_of(down, "left") == left.pid, "its record")
        record = record_file(data, "left")
        stranger = json.loads(record.read_text()) | {"start_ticks": 1}
        record_file(data, "stranger").write_text(json.dumps(stranger))

        assert recorded_pid(record_file(data, "stranger")) is None
        assert end_recorded_processes(data) == ["left"]
        assert left.wait() == -signal.SIGINT


def test_a_supervisor_that_never_answers_is_ended_all_the_same(tmp_path: Path) -> None:
    data = open_data_folder(tmp_path / "deaf")
    with subprocess.Popen(["sleep", "600"]) as deaf:
        stop(AwgpUp(data=data, process=deaf, supervisor=Supervisor(data), names=()))
    assert deaf.returncode == -signal.SIGTERM


def test_a_taken_port_is_named(down: Path) -> None:
    port = existing_data_folder(down).ports["valkey"]
    with socket.create_server(("127.0.0.1", port)):
        result = awgp("up", "--services-only", "--data", str(down))
    assert result.returncode == 2
    assert f"port {port}" in result.stderr
    assert "valkey" in result.stderr
