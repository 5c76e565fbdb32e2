"""Sandboxes started ahead: used once each, as narrow as those started for a run, and cleaned up."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.execution import MIB, ExecutionResult, ExitReason, Limits
from tests.integration.own_engine import DRIVERS, way_of
from tests.integration.own_host import (
    INNOCENT,
    START_SECONDS,
    Host,
    Way,
    end,
    start,
    until,
    wait_until_serving,
)

pytestmark = pytest.mark.runsc

UNUSED = "import os\nos.close(os.open('/tmp/used', os.O_CREAT | os.O_EXCL))\n"


@pytest.fixture(scope="module", params=DRIVERS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with way_of(request.param) as way:
        yield way


@pytest.fixture(scope="module")
def warm_host(tmp_path_factory: pytest.TempPathFactory, runtimes: Path, way: Way) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("warm")
    host = way.host(folder, runtimes, start(folder, runtimes, way, AWGP_WARM_SANDBOXES="2"))
    try:
        wait_until_serving(host)
        assert host.parked() == ()  # nothing is started ahead of the first run
        assert not host.run(host.spec(INNOCENT)).warm
        yield host
    finally:
        end(host.process)
        until(lambda: not host.leftovers(), "everything to be removed")


def warm_run(host: Host, program: str, limits: Limits | None = None) -> ExecutionResult:
    """Run in a sandbox that was parked."""
    spec = host.spec(program)
    spec = replace(spec, limits=limits or spec.limits)
    for _ in range(10):
        until(host.parked, "a sandbox to be parked")
        result = host.run(replace(spec, execution_id=uuid4()))
        if result.warm:
            return result
    raise AssertionError("no sandbox was parked for these limits")


def test_no_sandbox_is_used_twice(warm_host: Host) -> None:
    until(warm_host.parked, "a sandbox to be parked")
    with ThreadPoolExecutor(4) as pool:
        specs = [warm_host.spec(UNUSED) for _ in range(8)]
        results = list(pool.map(warm_host.run, specs))
    assert {result.reason for result in results} == {ExitReason.OK}
    assert any(result.warm for result in results)
    assert len({result.sandbox for result in results}) == len(results)
    assert all(len(result.sandbox) == 32 for result in results)


def test_a_run_has_its_own_limits_in_a_sandbox_that_was_started_before_it_came(
    warm_host: Host,
) -> None:
    program = """
import json, os, resource
disk = os.statvfs("/tmp")
x = [resource.getrlimit(getattr(resource, "RLIMIT_" + n)) for n in ("NOFILE", "NPROC", "FSIZE")]
x += [disk.f_blocks * disk.f_bsize, sorted(os.environ)[:2]]
open("/output/result.json", "w").write(json.dumps(x))
"""
    limits = Limits(disk_bytes=2 * MIB, open_files=77, processes=7, memory_bytes=48 * MIB)
    result = warm_run(warm_host, program, limits)
    assert result.reason is ExitReason.OK, result
    assert result.result == (
        b'[[77, 77], [7, 7], [2097152, 2097152], 2097152, ["AWGP_EXECUTION_ID", "AWGP_RUN_ID"]]'
    )


def test_a_program_finds_what_the_interpreter_would_have_given_it(warm_host: Host) -> None:
    program = """
import json, sys
x = [sys.argv, sys.path[0], __name__, __file__, sys.modules["__main__"].__dict__ is globals()]
x += ["resource" in sys.modules, __spec__, __package__, sys.flags.isolated, __cached__]
print(json.dumps(x))
raise ValueError("told")
"""
    result = warm_run(warm_host, program)
    assert (result.reason, result.exit_code) == (ExitReason.ERROR, 1)
    assert [line.text for line in result.lines] == [
        '[["main.py"], "/bundle", "__main__", "/bundle/main.py", true, false, null, null, 0, null]',
        "Traceback (most recent call last):",
        '  File "/bundle/main.py", line 6, in <module>',
        '    raise ValueError("told")',
        "ValueError: told",
    ]
    broken = warm_run(warm_host, "x = (\n")
    assert broken.lines[0].text == '  File "/bundle/main.py", line 1'


def test_the_same_bundle_and_payload_come_to_the_same_result(warm_host: Host) -> None:
    program = """
import json, os, platform, sys, time
x = {"hash": hash("word"), "set": list({"one", "two", "three", "four"}), "float": repr(0.1 + 0.2)}
x |= {"environment": {k: v for k, v in os.environ.items() if not k.startswith("AWGP_")}}
x |= {"ids": [os.getuid(), os.getgid(), os.getpid(), os.umask(0)], "folder": os.getcwd()}
x |= {"files": sorted(os.listdir("/")), "zone": time.tzname, "name": platform.node()}
x |= {"modules": sorted(sys.modules), "path": sys.path, "coding": sys.getfilesystemencoding()}
open("/output/result.json", "w").write(json.dumps(x))
"""
    # In a parked sandbox, and in one that was started for it.
    cold = warm_host.spec(program)
    cold = replace(cold, limits=replace(cold.limits, disk_bytes=3 * MIB))
    results = [warm_run(warm_host, program), warm_run(warm_host, program), warm_host.run(cold)]
    assert [each.warm for each in results] == [True, True, False]
    assert len({each.result for each in results}) == 1
    assert results[0].result


BOMBS = {
    "memory": ("kept = []\nwhile True: kept.append(b'x' * (4 << 20))", ExitReason.MEMORY),
    "disk": ("f = open('/tmp/f', 'wb')\nwhile True: f.write(bytes(1 << 16))", ExitReason.DISK),
    "time": ("import time\ntime.sleep(99)", ExitReason.TIMEOUT),
    "output": ("while True: print('y' * 1000)", ExitReason.OUTPUT),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_parked_sandbox_holds_what_its_run_may_take(warm_host: Host, name: str) -> None:
    program, reason = BOMBS[name]
    limits = Limits(
        wall_seconds=1.5 if name == "time" else 20, memory_bytes=32 * MIB, disk_bytes=4 * MIB
    )
    assert warm_run(warm_host, program, limits).reason is reason


def test_a_parked_sandbox_that_died_is_never_claimed(warm_host: Host) -> None:
    warm_run(warm_host, INNOCENT)

    def made_up_for() -> bool:
        warm = warm_host.client.describe().warm
        return warm["parked"] >= warm["wanted"]

    until(made_up_for, "as many to be parked as are wanted, this kind among them")
    died = warm_host.client.describe().warm["died"]
    for name in warm_host.parked():
        for pid in warm_host.pids_of(name):
            with suppress(ProcessLookupError):  # it went with another
                os.kill(pid, signal.SIGKILL)
    result = warm_host.run(warm_host.spec(INNOCENT))
    assert (result.reason, result.result) == (ExitReason.OK, b'{"amount": 12}')
    until(lambda: warm_host.client.describe().warm["died"] > died, "the dead to be counted")
    until(lambda: not warm_host.leftovers(), "the dead to be removed")


def test_another_host_touches_nothing_of_the_first(
    warm_host: Host,
    tmp_path: Path,
    runtimes: Path,
) -> None:
    until(warm_host.parked, "a sandbox to be parked")
    socket = str(warm_host.folder / "socket")
    second = start(tmp_path, runtimes, warm_host.way, AWGP_RUNTIME_SOCKET=socket)
    assert second.wait(START_SECONDS) == 2
    assert "another runtime host serves" in (tmp_path / "log").read_text()
    assert warm_run(warm_host, INNOCENT).reason is ExitReason.OK


def test_a_killed_host_leaves_no_parked_sandbox_once_it_is_back(
    tmp_path: Path,
    runtimes: Path,
    way: Way,
) -> None:
    host = way.host(tmp_path, runtimes, start(tmp_path, runtimes, way))
    try:
        wait_until_serving(host)
        host.run(host.spec(INNOCENT))
        until(host.parked, "a sandbox to be parked")
        before = set(host.sandboxes())
        host.process.kill()
        host.process.wait()
        # Its launcher hears the end of its stdin.
        until(lambda: not host.pids_of(""), "the parked sandbox to end by itself")
        host.process = start(tmp_path, runtimes, way)
        wait_until_serving(host)
        assert not before & set(host.sandboxes())
        assert host.run(host.spec(INNOCENT)).reason is ExitReason.OK
    finally:
        end(host.process)
    until(lambda: not host.leftovers(), "everything to be removed")
