"""A runtime host of a test's own: a real process with its own state folder, and its sandboxes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import pytest

from ops import build_runtime, debian, install_runsc
from ops.runtime_folder import runtime_folder
from pipeline.execution import MIB, ExecutionResult, ExecutionSpec, ExitReason, Limits
from runtime_host.bundle import digest_of, pack
from runtime_host.client import HostClient, HostUnavailable
from runtime_host.lone_spec import lone_spec
from tests.conftest import missing

START_SECONDS = 120.0
WRITE_RESULT = 'open("/output/result.json", "w").write(json.dumps(x))\n'
INNOCENT = "import json\nx = json.load(open('/input/request.json'))\n" + WRITE_RESULT


def until(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition on another process."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


@dataclass(slots=True)
class Host:
    """A runtime-host process of its own, with its own state folder."""

    folder: Path
    runtimes: Path
    process: "subprocess.Popen[bytes]"

    @property
    def way(self) -> "Way":
        """How it starts its sandboxes, for another with the same folder."""
        return RUNSC

    @property
    def client(self) -> HostClient:
        return HostClient(self.folder / "socket")

    def parked(self) -> tuple[str, ...]:
        """Names of the sandboxes that wait for a run; none of a host that does not answer."""
        try:
            return self.client.describe().parked
        except HostUnavailable:
            return ()

    def ahead(self) -> frozenset[str]:
        """Names of all that is there for runs to come; none of a host that does not answer."""
        try:
            return self.client.describe().ahead
        except HostUnavailable:
            return frozenset()

    def processes(self) -> list[int]:
        """Processes of this host's sandboxes, runsc's own included; none that is there ahead."""
        names = set(self.sandboxes()) - self.ahead()
        return [pid for name in names for pid in self.pids_of(name)]

    def sandboxes(self) -> list[str]:
        """Names of all that there is a folder of."""
        return [path.name for path in (self.folder / "state/sandboxes").iterdir()]

    def pids_of(self, name: str) -> list[int]:
        """Processes of one sandbox; of all with an empty name."""
        needle = os.fsencode(f"--root={self.folder / 'state'}/sandboxes/{name}")
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    arguments = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if needle in arguments:
                    found.append(int(entry.name))
        return found

    def remains(self) -> Iterator[str]:
        """What else a sandbox may leave that is not parked, in words."""
        yield from ()

    def leftovers(self) -> list[object]:
        """What a sandbox left: processes, folders, groups."""
        groups = [
            Path(at)
            for at, _, _ in os.walk("/sys/fs/cgroup")  # others' may go meanwhile
            if Path(at).parent.name == self.group
        ]
        ahead, folder = self.ahead(), self.folder / "state/sandboxes"
        left = [path for path in (*folder.iterdir(), *groups) if path.name not in ahead]
        return [*(self.processes() if ahead else self.pids_of("")), *left]

    @property
    def group(self) -> str:
        """Name of this host's place among the cgroups."""
        return "awgp-" + digest_of(os.fsencode(self.folder / "state"))[7:19]

    def spec(self, program: str, **changes: object) -> ExecutionSpec:
        """What to run: a program, with a short wall unless a test says otherwise."""
        return self.spec_of(pack({"main.py": program.encode()}), **changes)

    def spec_of(self, bundle: bytes, **changes: object) -> ExecutionSpec:
        spec = lone_spec(
            bundle,
            payload=b'{"amount": 12}',
            runtime="python3",
            runtime_digest=self.client.describe().runtimes["python3"],
            limits=Limits(wall_seconds=30, memory_bytes=64 * MIB, disk_bytes=8 * MIB),
        )
        return replace(spec, **changes)  # type: ignore[arg-type]  # tests name fields

    def run(self, spec: ExecutionSpec) -> ExecutionResult:
        with self.client.launch(spec, lease_seconds=60) as launched:
            return launched.wait()

    def report(self, program: str) -> object:
        """What a program left in `x`, read from its result."""
        result = self.run(self.spec(f"import json\n{program}\n{WRITE_RESULT}"))
        assert result.reason is ExitReason.OK, result
        assert result.result is not None
        return json.loads(result.result)


class Way(Protocol):
    """How a test's hosts start their sandboxes."""

    @property
    def settings(self) -> dict[str, str]:
        """Of such a host."""

    def host(self, folder: Path, runtimes: Path, process: "subprocess.Popen[bytes]") -> Host:
        """A host that was started with them."""


class Runsc:
    """As it is by default."""

    @property
    def settings(self) -> dict[str, str]:
        return {}

    def host(self, folder: Path, runtimes: Path, process: "subprocess.Popen[bytes]") -> Host:
        return Host(folder, runtimes, process)


RUNSC: Final = Runsc()

# A shell, because Python cannot safely run code between fork and exec.
ENTER = """
for each; do [ "$each" = -- ] && break; echo $$ >"$each" || exit 97; shift; done
shift
exec "$@"
"""


def start(
    folder: Path,
    runtimes: Path,
    way: Way = RUNSC,
    /,
    *,
    entering: Sequence[Path] = (),
    **settings: str,
) -> "subprocess.Popen[bytes]":
    """Start a host, which may not serve yet.

    Args:
        entering: `cgroup.procs` files of the groups it is to live in.
    """
    serve = [sys.executable, "-m", "ops.cli", "runtime-host"]
    enter = ["/bin/sh", "-c", ENTER, "sh", *map(str, entering), "--"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*(enter if entering else []), *serve],
            cwd=Path(__file__).parents[2],
            env={
                "PATH": os.environ["PATH"],
                "AWGP_RUNTIME_SOCKET": str(folder / "socket"),
                "AWGP_RUNTIME_FOLDER": str(runtimes),
                "AWGP_RUNTIME_STATE": str(folder / "state"),
                "AWGP_KEK": "a secret that must be forgotten",
                **way.settings,
                **settings,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait_until_serving(host: Host) -> None:
    def answers() -> bool:
        assert host.process.poll() is None, (host.folder / "log").read_text()
        try:
            host.client.describe()
        except HostUnavailable:
            return False
        return True

    until(answers, "the host to serve", START_SECONDS)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runtime built; the machine's own when it has one."""
    found = install_runsc.find()
    if found is None or not found.recent:
        missing("runsc of 2024 or later")
    if os.geteuid() != 0:
        missing("root, which starts sandboxes")
    folder = runtime_folder(os.environ)
    try:
        build_runtime.build(folder)
    except (debian.DebianUnavailable, OSError) as exc:
        missing(f"the runtime python3 ({exc})")
    return folder


@contextmanager
def running_host(
    folder: Path,
    runtimes: Path,
    way: Way = RUNSC,
    /,
    *,
    entering: Sequence[Path] = (),
    **settings: str,
) -> Iterator[Host]:
    """Serves until the block is left."""
    process = start(folder, runtimes, way, entering=entering, **settings)
    host = way.host(folder, runtimes, process)
    try:
        wait_until_serving(host)
        yield host
    finally:
        end(host.process)
