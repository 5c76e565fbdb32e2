"""The two ways to start sandboxes, as a host is told which."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from runtime_host.cgroups import CgroupTree
from runtime_host.docker_driver import DockerDriver
from runtime_host.docker_engine import DockerEngine
from runtime_host.driver import SandboxDriver
from runtime_host.gateway.beside import GatewaySettings
from runtime_host.runsc import RunscDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class RunscSettings:
    """With runsc itself.

    Args:
        binary: Of 2024 or later.
        gateways: What is laid down for its sandboxes' gateways.
        trace: Folder where gVisor writes down every system call of a sandbox; for a desk.
        cpus: Processors each sandbox may take at most; None caps none.
    """

    binary: Path
    gateways: GatewaySettings = field(default_factory=GatewaySettings)
    trace: Path | None = None
    cpus: float | None = None

    def open(self, state: Path) -> SandboxDriver:
        """The driver of the host with this state folder."""
        return RunscDriver(
            binary=self.binary,
            sandboxes=state / "sandboxes",
            cgroups=_groups_of(state, self.cpus, self.gateways),
            rootless=os.geteuid() != 0,
            gateways=self.gateways,
            trace=self.trace,
            ahead=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerSettings:
    """Through a Docker engine of this machine.

    Args:
        socket: The engine's.
        runtime: Its name for gVisor.
        gateways: What is laid down for its sandboxes' gateways.
        cpus: Processors each sandbox may take at most; None caps none.
    """

    socket: Path
    runtime: str
    gateways: GatewaySettings = field(default_factory=GatewaySettings)
    cpus: float | None = None

    def open(self, state: Path) -> SandboxDriver:
        """The driver of the host with this state folder."""
        engine = DockerEngine(self.socket, self.runtime)
        groups = _groups_of(state, self.cpus, self.gateways)
        return DockerDriver(engine, state, groups, self.gateways, cpus=self.cpus)


def _groups_of(state: Path, cpus: float | None, gateways: GatewaySettings) -> CgroupTree:
    """Named for the folder, so that a later host with it finds what an earlier one left.

    The owner of memories gets its group there, too.
    """
    name = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]
    groups = CgroupTree(f"awgp-{name}", cpus=cpus)
    if gateways.memory is not None:
        gateways.memory.live_in(groups)
    return groups
