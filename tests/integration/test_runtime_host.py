"""The runtime host, in real gVisor sandboxes; who attacks it does so in `tests/attacks`.

After each test an innocent run succeeds and nothing of it is left on the machine.
"""

import signal
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ops.cli import run
from pipeline.execution import MIB, ExecutionResult, ExecutionSpec, ExitReason
from pipeline.syscalls import Syscalls
from runtime_host import root_image
from runtime_host.client import LaunchRefused
from runtime_host.manifest import parse_manifest
from runtime_host.rootfs import read_record, write_record
from tests.integration.own_engine import DRIVERS, way_of
from tests.integration.own_host import (
    INNOCENT,
    RUNSC,
    START_SECONDS,
    Host,
    Way,
    end,
    running_host,
    start,
    until,
    wait_until_serving,
)

pytestmark = pytest.mark.runsc

BOOKED = """
from awgp_agent import telemetry
print("booking")
telemetry.event("booked", {"amount": 12})
print("booked")
"""


@pytest.fixture(scope="module", params=DRIVERS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with way_of(request.param) as way:
        yield way


@pytest.fixture(scope="module")
def shared_host(
    tmp_path_factory: pytest.TempPathFactory, runtimes: Path, way: Way
) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host"), runtimes, way) as host:
        yield host


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host; afterwards it must be as if nothing had happened."""
    yield shared_host
    until(lambda: not shared_host.leftovers(), "the sandbox to be removed")
    innocent = shared_host.run(shared_host.spec(INNOCENT))
    assert innocent.result == b'{"amount": 12}'


def test_an_honest_agent_reads_its_request_and_gives_its_result(host: Host) -> None:
    spec = replace(host.spec(INNOCENT + BOOKED), syscalls=Syscalls(strict=True))
    result = host.run(spec)
    assert (result.reason, result.exit_code) == (ExitReason.OK, 0)
    assert result.result == b'{"amount": 12}'
    assert [(line.stream, line.text) for line in result.lines] == [
        ("stdout", "booking"),
        ("event", '{"eventName":"booked","severityText":"INFO","attributes":{"amount":12}}'),
        ("stdout", "booked"),
    ]
    assert result.peak_memory_bytes is None or result.peak_memory_bytes > MIB
    took = result.usage
    assert took.bytes_in == len(spec.bundle) + len(spec.payload)
    assert took.bytes_out is not None
    assert took.bytes_out > len(b'{"amount": 12}booking\nbooked\n')
    assert took.start_ms is not None
    assert 0 < took.start_ms <= result.duration_ms
    assert took.cpu_ms is None or took.cpu_ms > 0


ENDING = """
import atexit, sys, threading, time
class Told:
    def __init__(self, name): self.name = name
    def __del__(self): print("freed", self.name, time.time() > 0)
kept = Told("alone")
kept.itself = Told("in a ring")
kept.itself.itself = kept
open_still = open("/output/result.json", "w")
open_still.write('{"amount": 12}')
atexit.register(print, "registered")
def late():
    time.sleep(0.2)
    print("thread")
threading.Thread(target=late).start()
print("ends")
"""


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("", 0, []),
        ("sys.exit(3)", 3, []),
        ("sys.exit('no such booking')", 1, ["no such booking"]),
        ("1 / 0", 1, ["ZeroDivisionError: division by zero"]),
    ],
    ids=["falls-off", "status", "words", "exception"],
)
def test_a_program_ends_as_the_interpreter_ends_it(
    host: Host, end: str, status: int, error: list[str]
) -> None:
    result = host.run(host.spec(ENDING + end))
    said = [line.text for line in result.lines if line.stream == "stdout"]
    assert said[:3] == ["ends", "thread", "registered"]
    assert sorted(said[3:]) == ["freed alone True", "freed in a ring True"]
    assert [line.text for line in result.lines if line.stream == "stderr"][-1:] == error
    assert result.exit_code == status
    assert result.result == (b'{"amount": 12}' if status == 0 else None)


@pytest.mark.skipif(root_image.program() is None, reason="there is no mkfs.erofs")
def test_nothing_opens_files_for_a_sandbox_but_its_own_kernel(host: Host) -> None:
    if host.way is not RUNSC:
        pytest.skip("a container's root is its engine's")
    beside: list[bytes] = []

    def look(_line: object) -> None:
        for pid in host.processes():
            with suppress(OSError):  # one that is about to go
                beside.append(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])

    program = "import time\nprint('here')\ntime.sleep(2)"
    with host.client.launch(host.spec(program), 60) as launched:
        assert launched.wait(look).reason is ExitReason.OK
    assert b"runsc-sandbox" in beside
    assert b"runsc-gofer" not in beside


def test_a_call_outside_its_profile_ends_an_agent_by_name(host: Host) -> None:
    program = "import os, threading\nos.unlink('/tmp/none')"
    syscalls = Syscalls(strict=True, additions=frozenset({"threads"}))
    result = host.run(replace(host.spec(program), syscalls=syscalls))
    assert result.reason is ExitReason.POLICY_VIOLATION, result
    assert "unlink" in result.detail
    assert "strict,threads; files would add it" in result.detail


def test_lines_are_told_while_the_agent_still_runs(host: Host) -> None:
    program = "import sys, time\nprint('one')\nprint('two', file=sys.stderr)\ntime.sleep(60)"
    heard: list[str] = []
    with host.client.launch(host.spec(program), 60) as launched:

        def hear(line: object) -> None:
            heard.append(str(line))
            if len(heard) == 2:
                launched.kill()

        result = launched.wait(hear)
    assert (result.reason, result.detail) == (ExitReason.KILLED, "killed by its client")
    assert sorted((line.stream, line.text) for line in result.lines) == [
        ("stderr", "two"),
        ("stdout", "one"),
    ]


def test_an_agent_finds_gvisor_and_nothing_of_the_host(host: Host) -> None:
    program = """
import ctypes, os, threading
thread = threading.Thread(target=print)
thread.start()
thread.join()
libc = ctypes.CDLL(None)
log = ctypes.create_string_buffer(4096)
libc.syscall(103 if os.uname().machine == "x86_64" else 116, 3, log, 4096)
x = {
    "kernel": b"Starting gVisor" in log.value,
    "environment": sorted(os.environ),
    "user": [os.getuid(), os.getgid(), os.getgroups()],
    "folder": os.getcwd(),
    "descriptors": [f for f in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{f}")],
    "host": os.path.exists("/work") or os.path.exists("/root") or os.path.exists("/etc/passwd"),
}"""
    report = host.report(program)
    assert report == {
        "kernel": True,
        "environment": [
            "AWGP_EXECUTION_ID", "AWGP_RUN_ID", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE",
            "PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONUNBUFFERED", "PYTHONUTF8", "TZ",
        ],
        "user": [65534, 65534, []],
        "folder": "/bundle",
        "descriptors": ["0", "1", "2"],
        "host": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bundle_digest": "sha256:" + "0" * 64}, "bundle_digest_mismatch"),
        ({"payload_digest": "sha256:" + "0" * 64}, "payload_digest_mismatch"),
        ({"runtime_digest": "sha256:" + "0" * 64}, "runtime_digest_mismatch"),
        ({"runtime": "ruby"}, "runtime_unknown"),
        ({"runtime": "../python3"}, "spec_invalid"),
        ({"entrypoint": ("../usr/bin/x",)}, "entrypoint_invalid"),
        ({"entrypoint": ("-c", "print()")}, "entrypoint_invalid"),
        ({"environment": {"PYTHONPATH": "/tmp"}}, "environment_invalid"),  # noqa: S108
        ({"environment": {"LD_PRELOAD": "/tmp/x"}}, "environment_invalid"),  # noqa: S108
        ({"fence": -1}, "spec_invalid"),
    ],
)
def test_a_launch_that_is_not_what_was_approved_is_refused_by_name(
    host: Host, changes: dict[str, object], error: str
) -> None:
    with pytest.raises(LaunchRefused) as refused:
        host.run(host.spec("print()", **changes))
    assert refused.value.error == error


def _sleeper(host: Host) -> ExecutionSpec:
    return host.spec("import time\nprint('here')\ntime.sleep(999)")


def test_a_client_that_goes_away_takes_its_sandbox_along(host: Host) -> None:
    with host.client.launch(_sleeper(host), 60):
        until(host.processes, "the sandbox to start")
    until(lambda: not host.leftovers(), "the sandbox to be killed")


def test_one_execution_does_not_run_twice_at_once(host: Host) -> None:
    spec = _sleeper(host)
    with host.client.launch(spec, 60):
        until(host.processes, "the sandbox to start")
        with pytest.raises(LaunchRefused, match="already_running"):
            host.run(spec)


def test_a_lease_that_lapses_ends_the_sandbox(host: Host) -> None:
    with host.client.launch(_sleeper(host), lease_seconds=0.8) as launched:
        result = launched.wait()
    assert (result.reason, result.detail) == (ExitReason.KILLED, "lease lost")


def test_a_lease_that_is_renewed_lets_the_agent_finish(host: Host) -> None:
    lease = 2.0
    program = f"import time\nfor _ in range(11):\n    print('tick')\n    time.sleep({lease / 10})\n"
    # It may take its time to start; from the first line on nothing but renewals keeps it.
    with host.client.launch(host.spec(program), lease_seconds=60) as launched:
        result = launched.wait(lambda _: launched.renew(lease))
    assert (result.reason, len(result.lines)) == (ExitReason.OK, 11)


def test_more_jobs_than_places_wait_for_their_turn(host: Host) -> None:
    results: list[ExecutionResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(host.run(host.spec(INNOCENT))))
        for _ in range(2 * host.client.describe().sandboxes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.reason for result in results] == [ExitReason.OK] * len(threads)


def test_the_next_start_takes_the_place_that_waits_for_it(tmp_path: Path, runtimes: Path) -> None:
    with running_host(tmp_path, runtimes, AWGP_WARM_SANDBOXES="0") as host:
        host.run(host.spec(INNOCENT))
        until(lambda: host.client.describe().waiting, "a place to wait")
        waiting = set(host.client.describe().waiting)
        taken: list[set[str]] = []

        def look(_line: object) -> None:
            taken.append(waiting - host.ahead())

        with host.client.launch(host.spec("print('here')\n" + INNOCENT), 60) as launched:
            assert launched.wait(look).reason is ExitReason.OK
        assert taken == [waiting]
        until(lambda: not waiting & set(host.sandboxes()), "the sandbox to be removed")


def test_the_host_forgets_every_setting_that_is_not_its_own(host: Host) -> None:
    environment = Path(f"/proc/{host.process.pid}/environ").read_bytes()
    assert b"AWGP_RUNTIME_SOCKET" in environment
    assert b"AWGP_KEK" not in environment


def test_a_second_host_on_the_same_state_refuses_to_start(host: Host) -> None:
    second = start(host.folder, host.runtimes, host.way)
    assert second.wait(START_SECONDS) == 2
    assert "another runtime host holds" in (host.folder / "log").read_text()


def test_a_host_that_was_killed_leaves_no_sandbox_once_it_is_back(
    tmp_path: Path, runtimes: Path, way: Way
) -> None:
    host = way.host(tmp_path, runtimes, start(tmp_path, runtimes, way))
    try:
        wait_until_serving(host)
        with host.client.launch(_sleeper(host), 60) as launched:
            until(host.processes, "the sandbox to start")
            host.process.kill()
            host.process.wait()
            assert launched.wait().reason is ExitReason.HOST_LOST
        assert host.leftovers()
        host.process = start(tmp_path, runtimes, way)
        wait_until_serving(host)
        assert not host.leftovers()
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
    finally:
        end(host.process)


def test_a_host_told_to_stop_ends_what_runs_and_leaves_nothing(
    tmp_path: Path, runtimes: Path, way: Way
) -> None:
    host = way.host(
        tmp_path, runtimes, start(tmp_path, runtimes, way, AWGP_RUNTIME_STOP_SECONDS="1")
    )
    wait_until_serving(host)
    with host.client.launch(_sleeper(host), 60) as launched:
        until(host.processes, "the sandbox to start")
        host.process.send_signal(signal.SIGTERM)
        result = launched.wait()
    assert (result.reason, result.detail) == (ExitReason.KILLED, "the host is stopping")
    assert host.process.wait(START_SECONDS) == 0
    assert not host.leftovers()
    assert not (tmp_path / "socket").exists()


def test_a_host_without_a_sound_runtime_refuses_to_serve(tmp_path: Path, runtimes: Path) -> None:
    assert start(tmp_path, tmp_path / "none").wait(START_SECONDS) == 2
    assert "run: awgp runtime build" in (tmp_path / "log").read_text()
    assert not (tmp_path / "socket").exists()


def beside_python(folder: Path, runtimes: Path) -> Path:
    """A folder of runtimes with one more: Python's own tree, but programs are executed."""
    python = (runtimes / "python3").resolve()
    for name in ("python3", "static"):
        (folder / name).mkdir(parents=True)
        (folder / name / "rootfs").symlink_to(python / "rootfs")
    write_record(folder / "python3", read_record(python))
    write_record(folder / "static", replace(read_record(python), name="static", program=()))
    return folder


def test_a_bundle_is_tried_as_production_would_run_it(
    host: Host,
    runtimes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder, socket_path = tmp_path / "first", str(host.folder / "socket")
    assert run(["bundle", "init", str(folder)]) == 0
    manifest = (folder / "awgp.toml").read_text()
    program = (folder / "main.py").read_text()
    # On a host of its own, which has a runtime more; its program is executed, not interpreted.
    monkeypatch.setenv("AWGP_RUNTIME_FOLDER", str(beside_python(tmp_path / "runtimes", runtimes)))
    (folder / "main.py").write_text(f"#!/usr/bin/python3.11\n{program}")
    (folder / "awgp.toml").write_text(manifest.replace('"python3"', '"static"'))
    assert run(["bundle", "test", str(folder)]) == 0
    said = capfd.readouterr().out
    assert "got 2 fields" in said
    assert '"lines_total_cents": 4397' in said
    if host.way is RUNSC:
        check_trace(folder, capfd)
    (folder / "awgp.toml").write_text(manifest.replace('"python3"', '"python3-nobodys"'))
    assert run(["bundle", "test", str(folder), "--host", socket_path]) == 2
    assert "awgp runtime build --name python3-nobodys" in capfd.readouterr().err
    (folder / "awgp.toml").write_text(manifest)
    (folder / "wheels").mkdir()
    with zipfile.ZipFile(folder / "wheels" / "quantities-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("quantities.py", "NAME = 'quantity'")
    changed = program.replace('line["quantity"]', "line[quantities.NAME]")
    (folder / "main.py").write_text(f"import quantities\n{changed}")
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"lines": [{}]}')
    on_host = ["bundle", "test", str(folder), "--host", socket_path]
    assert run([*on_host, "--payload", str(wrong)]) == 1
    assert "KeyError: 'quantity'" in capfd.readouterr().out
    (folder / "main.py").write_text("while True:\n    pass\n")
    assert run([*on_host, "--limit", "wall_seconds=0.5"]) == 3
    assert "timeout" in capfd.readouterr().out


TRACED = """
import os
from awgp_agent import GatewayError, fetch
try:
    fetch("https://api.example.com/v1/rates/EUR?day=today")
except GatewayError:
    os.mkdir("/tmp/none")
"""


def check_trace(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The smallest policy of a bundle is what it needed, and it runs with that."""
    (folder / "awgp.toml").write_text('[bundle]\nname = "first"\nversion = "1"\n')
    before = (folder / "main.py").read_text()
    (folder / "main.py").write_text(TRACED)
    assert run(["bundle", "trace", str(folder), "--write"]) == 0
    said = capfd.readouterr()
    assert "1 of 1 requests brought nothing back (not-allowed)" in said.err
    asked = parse_manifest((folder / "awgp.toml").read_bytes()).asked
    assert said.out in (folder / "awgp.toml").read_text()
    assert [each.url for each in asked.reaches] == ["https://api.example.com/v1/rates/EUR/"]
    assert asked.syscalls == Syscalls(strict=True, additions=frozenset({"files"}))
    (folder / "main.py").write_text(before)
