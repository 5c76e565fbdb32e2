"""Start gVisor sandboxes as containers of a Docker engine on this machine.

The engine is told to use gVisor by name; that it does, and that it was given the arguments a
sandbox needs, nobody is believed: the self-test proves it before the host serves, and every other
answer than the expected one keeps the host from starting. There is no other runtime to fall back
on.

A container's root is the image of the same tree that `runsc` would run from, read-only; what it
may do and see is what `oci` says. The engine itself writes `/etc/hosts`, `/etc/hostname` and
`/etc/resolv.conf` into every container, so it is given what says nothing of this machine.
"""

import json
import os
import platform as machine
import secrets
from pathlib import Path
from typing import Any, ClassVar, Final

from docker.types import HostConfig, LogConfig, Mount

from runtime_host import oci, seccomp, sweep
from runtime_host.cgroups import PERIOD_US, CgroupTree, group_of
from runtime_host.docker_engine import OWNER, DockerEngine
from runtime_host.docker_sandbox import DockerSandbox
from runtime_host.driver import SandboxDriver
from runtime_host.gateway.apart import GatewayApart
from runtime_host.gateway.beside import INSIDE, Gateway, GatewaySettings
from runtime_host.memory.beside import MemoryKeeper
from runtime_host.profile import Profile
from runtime_host.rootfs import RuntimeRecord
from runtime_host.sandbox import Sandbox, SandboxFailed

PREFIX: Final = "awgp-"
HOSTNAME: Final = "sandbox"
_PLATFORM: Final = "--platform="
_SOCKETS: Final = "--host-uds=open"


class DockerDriver(SandboxDriver):
    """Starts sandboxes through an engine's socket.

    Args:
        state: Folder of a host that holds its lock; the owner of containers is named in it.
        cgroups: Where gateways are capped; containers are by the engine.
        gateways: What is laid down for them.
        cpus: Processors each container may take at most; None caps none.
    """

    name: ClassVar = "docker"
    shares_groups: ClassVar = False

    def __init__(
        self,
        engine: DockerEngine,
        state: Path,
        cgroups: CgroupTree,
        gateways: GatewaySettings,
        *,
        cpus: float | None = None,
    ) -> None:
        self._engine = engine
        self._state = state
        self._cgroups = cgroups
        self._gateways = gateways
        self._cpus = cpus
        self._owner = ""
        self._arguments: tuple[str, ...] = ()
        self._controllers: frozenset[str] = frozenset()
        self._images: dict[str, str] = {}

    def prepare(self) -> str:
        """Ask the engine whether it can."""
        about = self._engine.about()
        self._owner = _owner_in(self._state)
        self._arguments, self._controllers = about.arguments, about.controllers
        return about.version

    def add_runtime(self, record: RuntimeRecord, root: Path) -> None:
        """Have the engine keep the tree as an image."""
        self._images[record.digest] = self._engine.image(record, root)

    @property
    def platform(self) -> str:
        """As the engine gives it to the runtime; gVisor's usual one where it does not."""
        named = [each for each in self._arguments if each.startswith(_PLATFORM)]
        return named[-1].removeprefix(_PLATFORM) if named else "systrap"

    @property
    def controllers(self) -> frozenset[str]:
        """Those the engine says it caps."""
        return self._controllers

    @property
    def shut_in(self) -> str:
        """Where the engine's runtime opens no socket it is given."""
        if _SOCKETS in self._arguments:
            return ""
        return (
            f"the Docker engine's runtime {self._engine.runtime} opens no sockets; "
            f"add {_SOCKETS} to its runtimeArgs, and start the engine and the host again"
        )

    @property
    def parks(self) -> bool:
        """Root alone may write the caps of a container that waits."""
        return os.geteuid() == 0

    def sweep(self) -> int:
        """Containers whose owner is named in our state folder, then what their gateways had."""
        found = self._engine.owned_by(self._owner)
        for container in found:
            self._engine.remove(container)
        return max(len(found), sweep.sweep(self._sandboxes, self._cgroups))

    @property
    def memory(self) -> MemoryKeeper | None:
        """That of its gateways."""
        return self._gateways.memory

    def close(self) -> None:
        """Let go of the engine, and of our place among the groups."""
        self._engine.close()
        self._cgroups.remove()

    def start(self, profile: Profile, *, memory_bytes: int, tasks: int) -> Sandbox:
        """Start a container of the runtime's image."""
        image = self._images.get(profile.runtime_digest)
        if image is None:
            raise SandboxFailed(f"there is no image of runtime {profile.runtime}")
        name = secrets.token_hex(8)
        gateway = self._gateway(name) if profile.gateway else None
        configuration = self._configuration(image, profile, memory_bytes, tasks)
        configuration["HostConfig"]["Mounts"] = [] if gateway is None else [_way_out(gateway)]
        try:
            started = self._engine.start(configuration, PREFIX + name)
        except BaseException:
            if gateway is not None:
                gateway.end()
            raise
        group = group_of(started.pid, started.container)
        caps_memory = "memory" in self._controllers
        sandbox = DockerSandbox(
            self._engine, name, started, group, caps_memory=caps_memory, gateway=gateway
        )
        if started.pid and caps_memory and not group.has_memory:
            sandbox.end()
            raise SandboxFailed(
                f"the groups of sandbox {name} are not seen: "
                "the Docker engine must run on this machine, and we in no container"
            )
        return sandbox

    @property
    def _sandboxes(self) -> Path:
        return self._state / "sandboxes"

    def _gateway(self, name: str) -> Gateway:
        return GatewayApart(self._sandboxes / name, self._cgroups, self._gateways)

    def _configuration(
        self, image: str, profile: Profile, memory_bytes: int, tasks: int
    ) -> dict[str, Any]:
        """What the engine is asked to create."""
        process = oci.configuration(profile)["process"]
        return {
            "Image": image,
            "Entrypoint": [],
            "Cmd": process["args"],
            # A name alone takes away what the engine would put there.
            "Env": [*process["env"], "HOSTNAME"],
            "User": "0:0",
            "WorkingDir": process["cwd"],
            "Hostname": HOSTNAME,
            "Labels": {OWNER: self._owner},
            "NetworkDisabled": True,
            "Tty": False,
            "OpenStdin": True,
            # So that the launcher hears it when we are gone.
            "StdinOnce": True,
            **{f"Attach{stream}": True for stream in ("Stdin", "Stdout", "Stderr")},
            "HostConfig": self._host_configuration(profile, memory_bytes, tasks),
        }

    def _host_configuration(self, profile: Profile, memory_bytes: int, tasks: int) -> HostConfig:
        caps = oci.LAUNCHER_CAPABILITIES
        return HostConfig(
            version="1.41",
            runtime=self._engine.runtime,
            network_mode="none",
            # Without a /dev/shm of the engine's; ours is one of the mounts.
            ipc_mode="none",
            read_only=True,
            privileged=False,
            cap_drop=["ALL"],
            cap_add=[each.removeprefix("CAP_") for each in caps],
            security_opt=[
                "no-new-privileges",
                f"seccomp={json.dumps(seccomp.profile(machine.machine()))}",
            ],
            mem_limit=memory_bytes,
            memswap_limit=memory_bytes,
            pids_limit=tasks,
            # By themselves containers are equals.
            cpu_period=None if self._cpus is None else PERIOD_US,
            cpu_quota=None if self._cpus is None else round(self._cpus * PERIOD_US),
            tmpfs=_tmpfs(profile),
            # Nothing of this machine's own names and servers.
            dns=["127.0.0.1"],
            dns_search=["."],
            # What an agent says is for its run alone, not for the engine's disk.
            log_config=LogConfig(type="none"),
            restart_policy={"Name": "no"},
        )


def _way_out(gateway: Gateway) -> Mount:
    return Mount(INSIDE, str(gateway.folder), type="bind", read_only=True)


def _tmpfs(profile: Profile) -> dict[str, str]:
    """The mounts of `oci` as the engine takes them; without its own choice of noexec."""
    mounts = oci.configuration(profile)["mounts"]
    return {
        mount["destination"]: ",".join(("rw", "exec", *mount["options"]))
        for mount in mounts
        if mount["type"] == "tmpfs"
    }


def _owner_in(state: Path) -> str:
    """A name no other host has, kept for those after us with the same folder."""
    path = state / "docker-owner"
    if not path.exists():
        partial = path.with_suffix(".new")
        partial.write_text(secrets.token_hex(16))
        partial.replace(path)
    return path.read_text()
