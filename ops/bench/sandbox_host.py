"""Runtime hosts of a bench, and the bare `runsc run` they are compared with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from ops import build_runtime, install_runsc
from ops.bench.trunk_rounds import BenchFailed
from ops.runtime_folder import runtime_folder
from pipeline.execution import ExecutionResult, ExecutionSpec, Limits
from runtime_host.bundle import pack
from runtime_host.client import HostClient, HostUnavailable, LaunchRefused
from runtime_host.lone_spec import lone_spec
from runtime_host.rootfs import RuntimeRecord

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
SETTLE_SECONDS: Final = 60.0
LEASE_SECONDS: Final = 120.0
PROGRAM: Final = "print('here')\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What sandboxes are made with here."""

    runsc: Path
    runtimes: Path
    record: RuntimeRecord

    @property
    def rootfs(self) -> Path:
        """The tree of the runtime."""
        return self.runtimes / self.record.name / "rootfs"


def this_machine() -> Machine:
    """runsc and the runtime python3, built where it is missing.

    Raises:
        BenchFailed: There is no runsc.
    """
    found = install_runsc.find()
    if found is None or not found.recent:
        raise BenchFailed("there is no runsc of 2024 or later; run: awgp runtime install")
    runtimes = runtime_folder(os.environ)
    record = build_runtime.build(runtimes)
    return Machine(runsc=found.path, runtimes=runtimes, record=record)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchHost:
    """A runtime host of its own, with its own state."""

    machine: Machine
    folder: Path

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "socket"

    @property
    def client(self) -> HostClient:
        """A way to it."""
        return HostClient(self.socket)

    def spec(self, program: str = PROGRAM, *, wall_seconds: float = 60.0) -> ExecutionSpec:
        """A program, under the usual limits."""
        return lone_spec(
            pack({"main.py": program.encode()}),
            runtime=self.machine.record.name,
            runtime_digest=self.machine.record.digest,
            limits=Limits(wall_seconds=wall_seconds),
        )

    def run(self, spec: ExecutionSpec) -> tuple[ExecutionResult, "Moments"]:
        """Launch once, asking again while the host is busy."""
        first: list[float] = []
        begun = time.perf_counter()
        while True:
            try:
                launched = self.client.launch(spec, LEASE_SECONDS)
            except LaunchRefused as refused:
                if refused.error != "busy":
                    raise
                continue
            break
        with launched:
            result = launched.wait(lambda _line: first.append(time.perf_counter()))
        done = time.perf_counter() - begun
        return result, Moments(first=first[0] - begun if first else done, done=done)

    def settle(self, parked: int) -> None:
        """Return once so many sandboxes are parked and none is being started."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while (warm := self.client.describe().warm)["parked"] < max(parked, warm["wanted"]):
            if time.monotonic() > deadline:
                raise BenchFailed(f"the pool never had {parked} sandboxes: {warm}")
            time.sleep(0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Seconds from the asking to the first byte of the agent's, and to the end."""

    first: float
    done: float


@contextmanager
def bench_host(machine: Machine, **settings: str) -> Iterator[BenchHost]:
    """Run one; its folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="awgp-bench-"))
    host = BenchHost(machine=machine, folder=folder)
    environ = {
        "PATH": os.environ["PATH"],
        "AWGP_RUNTIME_SOCKET": str(host.socket),
        "AWGP_RUNTIME_FOLDER": str(machine.runtimes),
        "AWGP_RUNTIME_STATE": str(folder / "state"),
        "AWGP_RUNSC": str(machine.runsc),
        **settings,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "runtime-host"],
            cwd=Path(__file__).parents[2],
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_serving(host, process)
        yield host
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        shutil.rmtree(folder)


def _wait_until_serving(host: BenchHost, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            host.client.describe()
        except HostUnavailable:
            if process.poll() is not None or time.monotonic() > deadline:
                said = (host.folder / "log").read_text().strip().splitlines()
                raise BenchFailed(f"no runtime host: {said[-1:]}") from None
            time.sleep(0.02)
        else:
            return


class RawRunsc:
    """`runsc run python3 -I -S`: without caps or a system call list.

    Args:
        folder: For the OCI bundle and runsc's state.
    """

    def __init__(self, machine: Machine, folder: Path, *, program: str = PROGRAM) -> None:
        self._machine = machine
        self._folder = folder
        self._program = program

    def run(self) -> Moments:
        """One sandbox, from its start to its end."""
        place = self._place()
        begun = time.perf_counter()
        process = self._start(place)
        assert process.stdout is not None  # noqa: S101  # we asked for a pipe
        said = process.stdout.read(1)
        first = time.perf_counter() - begun
        process.stdout.read()
        status = process.wait()
        moments = Moments(first=first, done=time.perf_counter() - begun)
        shutil.rmtree(place)
        if status or not said:
            raise BenchFailed(f"a raw runsc run ended with {status}")
        return moments

    @contextmanager
    def started(self) -> Iterator[IO[bytes]]:
        """Start one and give its stdout, to be read to its end.

        Raises:
            BenchFailed: It did not end well.
        """
        place = self._place()
        process = self._start(place)
        assert process.stdout is not None  # noqa: S101  # we asked for a pipe
        try:
            yield process.stdout
        finally:
            status = process.wait()
            shutil.rmtree(place)
        if status:
            raise BenchFailed(f"a raw runsc run ended with {status}")

    def _start(self, place: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [
                str(self._machine.runsc),
                f"--root={place / 'state'}",
                "--platform=systrap",
                "--network=none",
                "--overlay2=none",
                "--ignore-cgroups",
                *(["--rootless"] if os.geteuid() else []),
                "run",
                f"--bundle={place}",
                place.name,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )

    def _place(self) -> Path:
        place = self._folder / f"raw-{uuid4().hex[:12]}"
        place.mkdir(parents=True)
        interpreter = self._machine.record.interpreter
        config = {
            "ociVersion": "1.0.2",
            "root": {"path": str(self._machine.rootfs), "readonly": True},
            "process": {
                "cwd": "/",
                "args": [interpreter, "-I", "-S", "-c", self._program],
                "env": ["PATH=/usr/bin"],
                "user": {"uid": 0, "gid": 0},
            },
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {
                "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount")]
            },
        }
        (place / "config.json").write_text(json.dumps(config))
        return place
