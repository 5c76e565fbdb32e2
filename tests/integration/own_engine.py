"""A Docker engine of a test's own: a real one, with folder, socket and groups of its own."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import docker
import pytest

from ops import install_runsc
from runtime_host.docker_driver import PREFIX
from runtime_host.docker_engine import OWNER
from tests.conftest import missing
from tests.integration.own_host import RUNSC, Host, Way, until

# What a sandbox needs of the runtime; docs/how-to/choose-driver-and-platform.md has the same.
ARGUMENTS: Final = [
    "--network=none",
    "--oci-seccomp",
    "--platform=systrap",
    "--overlay2=none",
    "--host-uds=open",
]
START_SECONDS: Final = 60.0
_CONTAINER: Final = re.compile(r"[0-9a-f]{64}")
_GROUPS: Final = Path("/sys/fs/cgroup")

# For parametrize: the driver that is always tried, and the one that `make attacks` tries.
DRIVERS: Final = [
    "runsc",
    pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.attacks]),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Runs until its block is left.

    Args:
        folder: Of this engine alone, with a short name, because sockets are below it.
        group: Where its containers' groups are, in each hierarchy.
    """

    folder: Path
    group: str
    process: "subprocess.Popen[bytes]"

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def settings(self) -> dict[str, str]:
        """Of a host that starts its sandboxes here."""
        return {"AWGP_DRIVER": "docker", "AWGP_DOCKER_SOCKET": str(self.socket)}

    def host(self, folder: Path, runtimes: Path, process: "subprocess.Popen[bytes]") -> Host:
        return DockerHost(folder, runtimes, process, self)

    @contextmanager
    def api(self) -> Iterator[docker.APIClient]:
        client = docker.APIClient(base_url=f"unix://{self.socket}", version="1.41", timeout=60)
        try:
            yield client
        finally:
            client.close()

    def image(self, name: str) -> dict[str, Any]:
        with self.api() as api:
            return dict(api.inspect_image(name))  # type: ignore[no-untyped-call]  # stubs lack it

    def owners(self) -> dict[str, str]:
        """Of every container there is."""
        with self.api() as api:
            return {each["Id"]: each["Labels"].get(OWNER, "") for each in api.containers(all=True)}

    def names(self) -> dict[str, str]:
        """Containers by the name their host has for them."""
        with self.api() as api:
            found = api.containers(all=True)
        return {each["Names"][0].removeprefix(f"/{PREFIX}"): each["Id"] for each in found}

    def processes(self) -> dict[int, str]:
        """Containers by what runs for them, their shims included, however it was started."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    arguments = (entry / "cmdline").read_text(errors="replace")
                except OSError:
                    continue
                container = _CONTAINER.search(arguments)
                if container and str(self.folder) in arguments:
                    found[int(entry.name)] = container[0]
        for group in self.groups():
            found |= dict.fromkeys(members(group), group.name)
        return found

    def groups(self) -> list[Path]:
        """Of its containers."""
        return [path for path in _GROUPS.glob(f"*/{self.group}/*") if path.is_dir()]

    def mounts(self) -> int:
        """How many there are for its containers."""
        told = Path(f"/proc/{self.process.pid}/mountinfo").read_text()
        return sum(str(self.folder / "data") + "/" in line for line in told.splitlines())


@dataclass(slots=True)
class DockerHost(Host):
    """A runtime host whose sandboxes are containers of an engine."""

    engine: Engine

    @property
    def way(self) -> Way:
        return self.engine

    def sandboxes(self) -> list[str]:
        owned = self._owned()
        return [name for name, container in self.engine.names().items() if container in owned]

    def processes(self) -> list[int]:
        parked = self._parked()
        found = self.engine.processes().items()
        return [pid for pid, container in found if container in self._owned() - parked]

    def pids_of(self, name: str) -> list[int]:
        named = self.engine.names()
        wanted = self._owned() if not name else {named.get(name, "")}
        groups = self.engine.groups()
        return [pid for group in groups if group.name in wanted for pid in members(group)]

    def leftovers(self) -> list[object]:
        parked = self._parked()
        others = {
            container for container, owner in self.engine.owners().items() if owner != self._owner
        }
        seen = [
            *self.engine.owners(),
            *self.engine.processes().values(),
            *(group.name for group in self.engine.groups()),
        ]
        gateways = Host.leftovers(self)
        return [*gateways, *(each for each in seen if each not in parked | others)]

    def remains(self) -> Iterator[str]:
        parked = self._parked()
        yield from (f"group {g.parents[1]}" for g in self.engine.groups() if g.name not in parked)
        yield from ["mount of a sandbox"] * (self.engine.mounts() - len(parked))
        waiting = self.parked()
        folders = (self.folder / "state/sandboxes").iterdir()
        yield from (f"folder of a gateway {p.name}" for p in folders if p.name not in waiting)

    @property
    def _owner(self) -> str:
        path = self.folder / "state/docker-owner"
        return path.read_text() if path.exists() else ""

    def _owned(self) -> set[str]:
        return {
            container for container, owner in self.engine.owners().items() if owner == self._owner
        }

    def _parked(self) -> set[str]:
        named = self.engine.names()
        return {named[name] for name in self.parked() if name in named}


@contextmanager
def way_of(driver: str) -> Iterator[Way]:
    """By the driver's name; an engine for it until the block is left."""
    if driver == "runsc":
        yield RUNSC
        return
    with engine_there() as engine:
        yield engine


def members(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


@contextmanager
def engine_there() -> Iterator[Engine]:
    """Start one; afterwards nothing is left of it."""
    folder = Path(tempfile.mkdtemp(prefix="awgp-engine-"))
    group = f"awgp-engine-{secrets.token_hex(4)}"
    engine = Engine(folder=folder, group=group, process=_start(folder, group))
    try:
        until(lambda: _answers(engine), "the Docker engine to answer", START_SECONDS)
        yield engine
    finally:
        engine.process.terminate()
        try:
            engine.process.wait(30)
        finally:
            engine.process.kill()
            engine.process.wait()
            _clean(engine)


def _start(folder: Path, group: str) -> "subprocess.Popen[bytes]":
    dockerd, runsc = shutil.which("dockerd"), install_runsc.find()
    if dockerd is None or runsc is None or os.geteuid() != 0:
        missing("Debian's docker.io, or root to start it (python -m ops.install_docker)")
    lacking = {"runsc": "", "weak": "--oci-seccomp", "shut": "--host-uds=open"}
    runtimes = {
        name: {"path": str(runsc.path), "runtimeArgs": [a for a in ARGUMENTS if a != lacks]}
        for name, lacks in lacking.items()
    }
    (folder / "daemon.json").write_text(json.dumps({"runtimes": runtimes}))
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                dockerd,
                *(f"--config-file={folder}/daemon.json", f"--pidfile={folder}/pid"),
                *(f"--data-root={folder}/data", f"--exec-root={folder}/exec"),
                *(f"--host=unix://{folder}/docker.sock", f"--cgroup-parent=/{group}"),
                *("--iptables=false", "--ip6tables=false", "--bridge=none"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
        )


def _answers(engine: Engine) -> bool:
    if engine.process.poll() is not None:
        said = (engine.folder / "log").read_text().strip().splitlines()
        missing(
            f"a machine that lets a Docker engine run ({said[-1] if said else 'it said nothing'})"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(engine.socket))
        except OSError:
            return False
    with engine.api() as api:
        return bool(api.ping())


def _clean(engine: Engine) -> None:
    for line in Path("/proc/self/mounts").read_text().splitlines()[::-1]:
        if str(engine.folder) in line.split(" ")[1]:
            subprocess.run(["umount", "-l", line.split(" ")[1]], check=False)
    for base in _GROUPS.glob(f"*/{engine.group}"):
        for path in sorted((p for p in base.rglob("*") if p.is_dir()), reverse=True):
            path.rmdir()
        base.rmdir()
    shutil.rmtree(engine.folder)
