"""The two ways to start sandboxes, as a host is told which."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from runtime_host.cgroups import CgroupTree
from runtime_host.docker_driver import DockerDriver
from runtime_host.docker_engine import DockerEngine
from runtime_host.driver import SandboxDriver
from runtime_host.runsc import RunscDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class RunscSettings:
    """With runsc itself.

    Args:
        binary: Of 2024 or later.
        certificates: File of the authorities gateways believe; None is the system's.
    """

    binary: Path
    certificates: str | None = None

    def open(self, state: Path) -> SandboxDriver:
        """The driver of the host with this state folder."""
        name = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]
        return RunscDriver(
            binary=self.binary,
            sandboxes=state / "sandboxes",
            cgroups=CgroupTree(f"awgp-{name}"),
            rootless=os.geteuid() != 0,
            certificates=self.certificates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerSettings:
    """Through a Docker engine of this machine.

    Args:
        socket: The engine's.
        runtime: Its name for gVisor.
    """

    socket: Path
    runtime: str

    def open(self, state: Path) -> SandboxDriver:
        """The driver of the host with this state folder."""
        return DockerDriver(DockerEngine(self.socket, self.runtime), state)
