"""The runtime host against agents that attack it, in real gVisor sandboxes.

After each attack an innocent run succeeds and nothing of the attack is left on the machine.
"""

import gzip
import io
import signal
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.execution import MIB, ExecutionResult, ExecutionSpec, ExitReason, Limits
from runtime_host.bundle import pack
from runtime_host.client import LaunchRefused
from tests.integration.own_host import (
    INNOCENT,
    START_SECONDS,
    WRITE_RESULT,
    Host,
    end,
    running_host,
    start,
    until,
    wait_until_serving,
)

pytestmark = pytest.mark.runsc


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory: pytest.TempPathFactory, runtimes: Path) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host"), runtimes) as host:
        yield host


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host; afterwards it must be as if nothing had happened."""
    yield shared_host
    until(lambda: not shared_host.leftovers(), "the sandbox to be removed")
    innocent = shared_host.run(shared_host.spec(INNOCENT))
    assert innocent.result == b'{"amount": 12}'


def test_an_honest_agent_reads_its_request_and_gives_its_result(host: Host) -> None:
    result = host.run(host.spec(INNOCENT + "print('booked')"))
    assert (result.reason, result.exit_code) == (ExitReason.OK, 0)
    assert result.result == b'{"amount": 12}'
    assert [(line.stream, line.text) for line in result.lines] == [("stdout", "booked")]
    assert result.peak_memory_bytes is None or result.peak_memory_bytes > MIB


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


ATTACKS: dict[str, tuple[str, dict[str, float], ExitReason]] = {
    "sleeps for ever": ("import time\ntime.sleep(999)", {"wall_seconds": 1.5}, ExitReason.TIMEOUT),
    "spins for ever": ("while True: pass", {"wall_seconds": 1.5}, ExitReason.TIMEOUT),
    "ignores signals": (
        "import signal\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        {"wall_seconds": 1.5},
        ExitReason.TIMEOUT,
    ),
    "takes memory": (
        "kept = []\nwhile True: kept.append(b'x' * (4 << 20))",
        {},
        ExitReason.MEMORY,
    ),
    "forks without end": (
        # It stays at its limit for a while: a peak between two looks would be called an error.
        "import os, time\n"
        "try:\n    while True: os.fork()\n"
        "except OSError:\n    time.sleep(2)\n    raise",
        {"processes": 16},
        ExitReason.PROCESSES,
    ),
    "fills its disk": (
        "f = open('/tmp/big', 'wb')\nwhile True: f.write(bytes(1 << 16))",
        {},
        ExitReason.DISK,
    ),
    "floods its output": ("while True: print('y' * 1000)", {}, ExitReason.OUTPUT),
    "floods with empty lines": ("while True: print()", {}, ExitReason.OUTPUT),
    "opens files without end": (
        "kept = []\nwhile True: kept.append(open('/dev/null'))",
        {"open_files": 32},
        ExitReason.ERROR,
    ),
    "crashes": ("import os\nos.abort()", {}, ExitReason.ERROR),
    "gives no JSON": ("open('/output/result.json', 'w').write('{')", {}, ExitReason.ERROR),
    "gives deep JSON": (
        "open('/output/result.json', 'w').write('[' * 5000 + ']' * 5000)",
        {},
        ExitReason.ERROR,
    ),
    "gives a link": (
        "import os\nos.symlink('/etc/ld.so.conf', '/output/result.json')",
        {},
        ExitReason.ERROR,
    ),
    "gives a pipe": ("import os\nos.mkfifo('/output/result.json')", {}, ExitReason.ERROR),
    "gives too much": (
        "open('/output/result.json', 'w').write('1' * ((1 << 20) + 1))",
        {},
        ExitReason.ERROR,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_agent_that_misbehaves_is_stopped_for_the_right_reason(host: Host, name: str) -> None:
    program, limits, reason = ATTACKS[name]
    spec = host.spec(program)
    values = {"wall_seconds": 20.0, "memory_bytes": 32 * MIB, "disk_bytes": 4 * MIB, **limits}
    result = host.run(replace(spec, limits=Limits.from_mapping(values)))
    assert result.reason is reason, result
    assert result.result is None
    assert len(result.lines) <= 10_000


def test_children_that_outlive_the_agent_end_with_it(host: Host) -> None:
    program = (
        "import json, os, time\nif os.fork() == 0:\n    time.sleep(999)\nx = 1\n" + WRITE_RESULT
    )
    assert host.run(host.spec(program)).result == b"1"


def _tar(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("main.py"))
        info = tarfile.TarInfo(name)
        info.type = kind
        info.linkname = "/etc/passwd"
        tar.addfile(info)
    return gzip.compress(plain.getvalue())


@pytest.mark.parametrize(
    ("bundle", "why"),
    [
        (_tar("../../evil"), "leaves the bundle"),
        (_tar("/evil"), "absolute"),
        (_tar("link", tarfile.SYMTYPE), "symbolic link"),
        (gzip.compress(bytes(600 * MIB), 1), "more than"),
        (b"not an archive", "not sound gzip"),
        (pack({"other.py": b""}), "entrypoint"),
    ],
    ids=["traversal", "absolute", "link", "bomb", "noise", "no entrypoint"],
)
def test_a_bad_archive_is_refused_inside_the_sandbox(host: Host, bundle: bytes, why: str) -> None:
    result = host.run(host.spec_of(bundle))
    assert result.reason is ExitReason.ERROR
    assert why in result.detail


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
    program = "import time\nfor _ in range(15):\n    print('tick')\n    time.sleep(0.1)\n"
    with host.client.launch(host.spec(program), lease_seconds=1.0) as launched:
        result = launched.wait(lambda _: launched.renew(1.0))
    assert (result.reason, len(result.lines)) == (ExitReason.OK, 15)


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


def test_the_host_forgets_every_setting_that_is_not_its_own(host: Host) -> None:
    environment = Path(f"/proc/{host.process.pid}/environ").read_bytes()
    assert b"AWGP_RUNTIME_SOCKET" in environment
    assert b"AWGP_KEK" not in environment


def test_a_second_host_on_the_same_state_refuses_to_start(host: Host) -> None:
    second = start(host.folder, host.runtimes)
    assert second.wait(START_SECONDS) == 2
    assert "another runtime host holds" in (host.folder / "log").read_text()


def test_a_host_that_was_killed_leaves_no_sandbox_once_it_is_back(
    tmp_path: Path, runtimes: Path
) -> None:
    host = Host(tmp_path, runtimes, start(tmp_path, runtimes))
    try:
        wait_until_serving(host)
        with host.client.launch(_sleeper(host), 60) as launched:
            until(host.processes, "the sandbox to start")
            host.process.kill()
            host.process.wait()
            assert launched.wait().reason is ExitReason.HOST_LOST
        assert host.leftovers()
        host.process = start(tmp_path, runtimes)
        wait_until_serving(host)
        assert not host.leftovers()
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
    finally:
        end(host.process)


def test_a_host_told_to_stop_ends_what_runs_and_leaves_nothing(
    tmp_path: Path, runtimes: Path
) -> None:
    host = Host(tmp_path, runtimes, start(tmp_path, runtimes, AWGP_RUNTIME_STOP_SECONDS="1"))
    wait_until_serving(host)
    with host.client.launch(_sleeper(host), 60) as launched:
        until(host.processes, "the sandbox to start")
        host.process.send_signal(signal.SIGTERM)
        result = launched.wait()
    assert (result.reason, result.detail) == (ExitReason.KILLED, "the host is stopping")
    assert host.process.wait(20) == 0
    assert not host.leftovers()
    assert not (tmp_path / "socket").exists()


def test_a_host_without_a_sound_runtime_refuses_to_serve(tmp_path: Path, runtimes: Path) -> None:
    assert start(tmp_path, tmp_path / "none").wait(START_SECONDS) == 2
    assert "run: awgp runtime build" in (tmp_path / "log").read_text()
    assert not (tmp_path / "socket").exists()
