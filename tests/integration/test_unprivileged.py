"""What root's `awgp up` gives away: every part but three runs as a user with no rights at all."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from ops.commands.up import warn_of_root
from ops.embedded.data_folder import (
    DataFolder,
    existing_data_folder,
    open_data_folder,
    write_atomically,
)
from ops.embedded.program import record_file, recorded_pid
from ops.embedded.secret_files import SECRETS
from ops.embedded.users import PARTS, Users, choose_users, program_folders
from ops.processes import app_programs
from ops.supervisor_client import Supervisor, SupervisorUnreachable
from tests.conftest import missing
from tests.integration.processes import awgp, wait_until

pytestmark = [
    pytest.mark.runsc,
    pytest.mark.services,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.getuid() != 0, reason="only root switches users"),
]

# The scaler asks the supervisor to start and stop processes, as whoever runs `awgp scale` does.
STAY_ROOT = {"supervisord", "runtime-host", "scaler"}
NOBODY = 65534


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder with a past: its files were made when everything ran as root."""
    path = Path(tempfile.mkdtemp(prefix="awgp-users-"))
    path.chmod(0o711)
    data = open_data_folder(path / "data")
    (data.folder("signer") / "earlier").write_text("root's")
    (data.folder("valkey") / "appendonlydir").mkdir()
    yield data.root
    awgp("down", "--data", str(data.root))
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def users(folder: Path) -> Users:
    chosen = choose_users(existing_data_folder(folder))
    if not chosen.separate:
        missing(f"a way for other users ({chosen.why_root})")
    return chosen


@pytest.fixture(scope="module")
def up(folder: Path, users: Users) -> DataFolder:
    """Everything running, AWGP's own processes too."""
    built = awgp("runtime", "build")
    if built.returncode != 0:
        missing(f"the runtime python3 ({built.stderr.strip()})")
    result = awgp("up", "--detach", "--data", str(folder))
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return existing_data_folder(folder)


def running(data: DataFolder) -> dict[str, int]:
    """The pid of every part that runs."""
    try:
        found = {each.name: each.pid for each in Supervisor(data).states() if each.pid}
    except SupervisorUnreachable:
        return {}
    supervisor = recorded_pid(record_file(data, "supervisord"))
    return found if supervisor is None else {**found, "supervisord": supervisor}


def part_of(name: str) -> str:
    return name.removesuffix("-1")


def status_of(pid: int) -> Mapping[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def with_children(pid: int) -> Iterator[Mapping[str, str]]:
    """How a process and those below it stand; one of these may end meanwhile, as a server's do."""
    yield status_of(pid)
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield from with_children(int(child))


def as_user(user: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def can_read(user: int, path: Path) -> bool:
    return as_user(user, "/bin/cat", str(path)).returncode == 0


def test_what_lies_below_a_closed_folder_is_shown_and_nothing_else(tmp_path: Path) -> None:
    closed = Path(tempfile.mkdtemp(prefix="awgp-closed-"))  # mkdtemp makes it 0700
    (closed / "program").mkdir()
    (closed / "private").mkdir()
    data = open_data_folder(tmp_path / "data")
    chosen = choose_users(data, program=[*program_folders(), closed / "program"])
    shutil.rmtree(closed)
    assert chosen.separate
    assert chosen.shown[str(closed)] == (str(closed / "program"),)


def test_a_program_that_is_closed_itself_keeps_everything_root_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = Path(tempfile.mkdtemp(prefix="awgp-closed-"))
    chosen = choose_users(open_data_folder(tmp_path / "data"), program=[*program_folders(), closed])
    closed.rmdir()
    assert not chosen.separate
    warn_of_root(chosen)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(closed) in said


def test_every_part_but_three_is_a_user_of_its_own_without_rights(
    up: DataFolder, users: Users
) -> None:
    parts = running(up)
    assert {part_of(name) for name in parts} == {*PARTS, "postgres", *STAY_ROOT}
    for name, pid in parts.items():
        if name in STAY_ROOT:
            continue
        wanted = NOBODY if name == "postgres" else users.of(part_of(name))
        for status in with_children(pid):
            assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(wanted)}, name
            assert status["Groups"] == ""
            assert status["NoNewPrivs"] == "1"
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(status[kind], 16) == 0, (name, kind)


def test_only_the_supervisor_the_runtime_host_and_the_scaler_stay_root(up: DataFolder) -> None:
    for name in STAY_ROOT:
        assert status_of(running(up)[name])["Uid"].split()[0] == "0"


def test_a_process_reads_its_own_secrets_and_nobody_elses(up: DataFolder, users: Users) -> None:
    programs = app_programs(up, operator={}, users=users)
    copies = {copy for program in programs for copy in program.secrets}
    assert all(copy.is_file() for copy in copies)
    for program in programs:
        if program.user is None:
            continue
        readable = {copy for copy in copies if can_read(program.user, copy)}
        assert readable == set(program.secrets), program.name
        originals = [name for name in SECRETS if can_read(program.user, up.secret_file(name))]
        assert originals == [], program.name


def test_a_process_cannot_change_what_it_was_given(up: DataFolder, users: Users) -> None:
    copy = up.handed_secrets("ingest") / "AWGP_KEK"
    user = users.of("ingest")
    assert user is not None
    assert can_read(user, copy)
    script = "chmod 600 $0; echo x >> $0; rm -f $0; mv $0 $0.2; ln -s /etc/passwd $0.3"
    as_user(user, "/bin/sh", "-c", script, str(copy))
    assert copy.read_text() == up.secret_file("kek").read_text()
    assert sorted(each.name for each in copy.parent.iterdir()) == [
        "AWGP_DATABASE_PASSWORD",
        "AWGP_KEK",
        "AWGP_REDIS_PASSWORD",
    ]


def test_no_process_reads_anothers_folder_memory_or_environment(
    up: DataFolder, users: Users
) -> None:
    owners = {"valkey": "valkey", "s3": "s3", "oidc": "oidc", "signer": "audit"}
    for name, owner in owners.items():
        assert up.folder(name).stat().st_uid == users.of(owner)
        assert up.folder(name).stat().st_mode & 0o077 == 0
    assert (up.folder("signer") / "earlier").stat().st_uid == users.of("audit")
    closed = [*owners, "postgres", "logs", "supervisor", "secrets", "runtime-state"]
    for part in PARTS:
        user = users.of(part)
        assert user is not None
        for name in closed:
            listed = as_user(user, "/bin/ls", str(up.folder(name))).returncode == 0
            assert listed is (owners.get(name) == part), (part, name)
    execute = users.of("execute")
    assert execute is not None
    for pid in running(up).values():
        own = status_of(pid)["Uid"].split()[0] == str(execute)
        assert can_read(execute, Path(f"/proc/{pid}/environ")) is own


def test_only_the_execute_workers_user_reaches_the_runtime_host(
    up: DataFolder, users: Users
) -> None:
    socket = up.sockets / "runtime.sock"
    status = socket.stat()
    assert (status.st_uid, status.st_gid) == (0, users.of("execute"))
    assert status.st_mode & 0o777 == 0o660
    for part in PARTS:
        user = users.of(part)
        assert user is not None
        reached = as_user(user, "/usr/bin/test", "-w", str(socket)).returncode == 0
        assert reached is (part == "execute")
    control = up.sockets / "supervisor.sock"
    assert (control.stat().st_uid, control.stat().st_mode & 0o777) == (0, 0o600)


def test_a_restarted_process_has_the_secret_that_was_rotated_meanwhile(up: DataFolder) -> None:
    copy = up.handed_secrets("post_action") / "AWGP_KEK"
    rotated = f"{SECRETS['kek']().replace('k1:', 'k2:')}\n{copy.read_text()}"
    write_atomically(up.secret_file("kek"), rotated)

    first = running(up)["post_action-1"]
    os.killpg(first, signal.SIGKILL)  # its workers too: they would outlive it

    wait_until(lambda: running(up).get("post_action-1", first) != first, "another post_action")
    wait_until(lambda: copy.read_text() == rotated, "the new copy")


def test_after_the_supervisor_was_killed_everything_comes_up_again(
    up: DataFolder, users: Users
) -> None:
    os.kill(running(up)["supervisord"], signal.SIGKILL)
    again = awgp("up", "--detach", "--data", str(up.root))
    assert again.returncode == 0, again.stderr
    assert status_of(running(up)["execute-1"])["Uid"].split()[0] == str(users.of("execute"))


def test_a_folder_at_rest_holds_each_secret_once(up: DataFolder) -> None:
    assert awgp("down", "--data", str(up.root)).returncode == 0
    assert running(up) == {}
    assert list((up.folder("run") / "secrets").iterdir()) == []
