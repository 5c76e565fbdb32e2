"""Prove, before the first job, that sandboxes on this machine hold what they must.

1. One sandbox reports on itself: its kernel is gVisor, system calls outside the profile get
   EPERM, it is nobody and without capabilities, its root is read-only, and neither an outside
   address nor a listener of this very process on the loopback can be reached.
2. One sandbox, which was parked and is capped by its claim where the driver parks any, takes
   memory without end and must be ended for that.

Anything else than the expected answer, silence included, is a failure.
"""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.errors import AwgpError
from pipeline.execution import MIB, ExecutionResult, ExitReason, Limits, OutputLine
from runtime_host.bundle import pack
from runtime_host.driver import SandboxDriver
from runtime_host.lone_spec import lone_spec
from runtime_host.profile import profile_of
from runtime_host.rootfs import RuntimeRecord

WALL_SECONDS = 30.0
EXPECTED = {
    "gvisor": True,
    "unshare": 1,  # EPERM
    "keyctl": 1,  # gVisor by itself answers ENOSYS: only the profile gives EPERM
    "netlink": 1,
    "uid": 65534,
    "capabilities": 0,
    "root_writable": False,
    "bundle_writable": False,
    "reached": [],
}

_REPORT = """
import ctypes, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    ctypes.set_errno(0)
    libc.syscall(*numbers)
    return ctypes.get_errno()
def writable(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
def reached(address):
    try:
        socket.create_connection(address, 2).close()
    except OSError:
        return False
    return True
def netlink():
    try:
        socket.socket(16, socket.SOCK_RAW).close()
    except OSError as exc:
        return exc.errno
    return 0
kernel_log = ctypes.create_string_buffer(4096)
libc.syscall({syslog}, 3, kernel_log, 4096)
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
report = {{
    "gvisor": b"Starting gVisor" in kernel_log.value,
    "unshare": call({unshare}, 0x10000000),
    "keyctl": call({keyctl}, 0, 0, 0, 0, 0),
    "netlink": netlink(),
    "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16),
    "root_writable": writable("/probe"),
    "bundle_writable": writable("/bundle/probe"),
    "reached": [a for a in {addresses!r} if reached(a)],
}}
with open("/output/result.json", "w") as file:
    json.dump(report, file)
"""
_TAKE_MEMORY = """
kept = []
while True:
    kept.append(b"x" * (4 << 20))
"""
ORDINARY_USER_NEEDS = "a user who is not root needs unprivileged user namespaces on this machine"
# An address of the documentation range, which answers nobody, and where anybody would answer.
_OUTSIDE = ("192.0.2.1", 80)
_NUMBERS = {
    "x86_64": {"syslog": 103, "unshare": 272, "keyctl": 250},
    "aarch64": {"syslog": 116, "unshare": 97, "keyctl": 219},
}


class SelfTestFailed(AwgpError):
    """A sandbox did not hold; the message says what."""


def prove(driver: SandboxDriver, record: RuntimeRecord, root: Path, machine: str) -> None:
    """Run the proofs; about two seconds.

    Args:
        machine: As `platform.machine()` names it.

    Raises:
        SelfTestFailed: With the first thing that does not hold.
        SandboxFailed: A sandbox could not be started at all.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(2) as pool:
        listener.setblocking(False)
        addresses = [_OUTSIDE, listener.getsockname()]
        program = _REPORT.format(addresses=addresses, **_NUMBERS[machine])
        report = pool.submit(_run, driver, record, root, program)
        memory = pool.submit(_run, driver, record, root, _TAKE_MEMORY, parked=driver.parks)
        _check_report(report.result())
        _check_memory(memory.result())


def enforcement(controllers: frozenset[str]) -> tuple[list[str], dict[str, str]]:
    """What holds on this machine, and what does not with what holds in its place."""
    always = ["wall", "output", "processes", "disk", "open_files", "network", "syscalls", "root"]
    by_groups = {
        "memory": "no memory cgroup can be written: only each process's address space is bounded",
        "cpu": "no cpu cgroup can be written: who has more threads gets more of the processors",
    }
    lacks = {name: why for name, why in by_groups.items() if name not in controllers}
    return [*always, *(name for name in by_groups if name in controllers)], lacks


def _check_report(result: ExecutionResult) -> None:
    if result.reason is not ExitReason.OK or result.result is None:
        last = result.lines[-1].text if result.lines else ""
        raise SelfTestFailed(
            f"the first sandbox ended with {result.reason}: {result.detail} {last}"
        )
    report = json.loads(result.result)
    for name, expected in EXPECTED.items():
        if report.get(name) != expected:
            raise SelfTestFailed(f"{name} is {report.get(name)!r} inside, not {expected!r}")


def _check_memory(result: ExecutionResult) -> None:
    if result.reason is not ExitReason.MEMORY:
        raise SelfTestFailed(f"the memory cap did not hold: {result.reason}, {result.detail}")


def _run(
    driver: SandboxDriver, record: RuntimeRecord, root: Path, program: str, *, parked: bool = False
) -> ExecutionResult:
    spec = lone_spec(
        pack({"main.py": program.encode()}),
        runtime=record.name,
        runtime_digest=record.digest,
        limits=Limits(wall_seconds=WALL_SECONDS, memory_bytes=64 * MIB, disk_bytes=MIB),
    )
    profile = profile_of(record, root, spec)
    if not parked:
        return driver.run(spec, profile, _Nobody())
    result = driver.run_in(driver.park(profile), spec, profile, _Nobody())
    if result is None:
        raise SelfTestFailed("a parked sandbox did not take its job")
    return result


class _Nobody:
    """Watches nothing; the wall clock is the only end."""

    def descriptor(self) -> int | None:
        return None

    def events(self) -> int:
        return 0

    def ready(self, _events: int) -> str | None:
        return None

    def deadline(self) -> tuple[float, str]:
        return time.monotonic() + 2 * WALL_SECONDS, "the self-test was given up"

    def line(self, _line: OutputLine) -> None:
        return None

    def over(self, _result: ExecutionResult) -> None:
        return None
