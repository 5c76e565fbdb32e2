"""Start gVisor sandboxes, each a foreground `runsc run`, with no daemon between."""

import contextlib
import json
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import structlog

from runtime_host import oci, root_image, sweep
from runtime_host.cgroups import CgroupTree
from runtime_host.driver import PARKED_BYTES, PARKED_TASKS, DriverUnavailable, SandboxDriver
from runtime_host.entrance import Entered, Entrance, enter
from runtime_host.gateway.beside import Gateway, GatewaySettings
from runtime_host.memory.beside import MemoryKeeper
from runtime_host.profile import Profile
from runtime_host.rootfs import RuntimeRecord, same_tree
from runtime_host.runsc_sandbox import RunscSandbox
from runtime_host.sandbox import Sandbox, SandboxFailed

log = structlog.get_logger()

PLATFORM: Final = "systrap"
# Of what a call read or wrote; we read none of it.
STRACE_BYTES: Final = 8


@dataclass(frozen=True, kw_only=True)
class RunscDriver(SandboxDriver):
    """Starts sandboxes as children of our own.

    Args:
        binary: runsc, from 2024 or later.
        sandboxes: Folder for one folder a sandbox; of a host that holds its lock.
        cgroups: Where sandboxes are capped; empty where this machine lets us cap nothing.
        rootless: Whether runsc starts without being root.
        gateways: What is laid down for its sandboxes' gateways.
        trace: Folder where gVisor writes down every system call of a sandbox; for a desk.
        images: Of the runtimes, by digest; one without has its tree for a root.
        trees: Which those were, by digest.
        ahead: Whether groups are entered ahead of a start.
    """

    name: ClassVar = "runsc"
    platform: ClassVar = PLATFORM
    parks: ClassVar = True

    binary: Path
    sandboxes: Path
    cgroups: CgroupTree
    rootless: bool = False
    gateways: GatewaySettings = field(default_factory=GatewaySettings)
    images: dict[str, Path] = field(default_factory=dict)
    trees: dict[str, tuple[int, int]] = field(default_factory=dict)
    trace: Path | None = None
    ahead: bool = False

    def prepare(self) -> str:
        """Look whether runsc runs."""
        return _version(self.binary)

    @property
    def controllers(self) -> frozenset[str]:
        """Those this process may write."""
        return self.cgroups.controllers

    def add_runtime(self, record: RuntimeRecord, root: Path) -> None:
        """Make the image of its tree, where this machine can."""
        image = self._images / f"{record.digest.partition(':')[2]}.erofs"
        try:
            root_image.make(root, image)
        except root_image.ImageFailed as exc:
            log.info("root_is_a_tree", runtime=record.name, why=str(exc))
            self.trees[record.digest] = same_tree(root)
        else:
            self.images[record.digest] = image

    @property
    def memory(self) -> MemoryKeeper | None:
        """That of its gateways."""
        return self.gateways.memory

    def sweep(self) -> int:
        """Processes, groups and folders; and images, which are made anew."""
        self._forget_images()
        return sweep.sweep(self.sandboxes, self.cgroups)

    def close(self) -> None:
        """Take our place among the groups away, and our images."""
        self._entrance.close()
        self._forget_images()
        self.cgroups.remove()

    def start(self, profile: Profile, *, memory_bytes: int, tasks: int) -> Sandbox:
        """Start `runsc run` in groups of its own."""
        self._look_at_tree(profile)
        entered = self._entrance.take()
        gateway = None
        try:
            entered.group.limit(memory_bytes=memory_bytes, tasks=tasks)
            if profile.gateway:
                gateway = Gateway(entered.folder, entered.group.entering, self.gateways)
            way_out = None if gateway is None else gateway.folder
            configuration = oci.configuration(
                profile, way_out, image=self.images.get(profile.runtime_digest)
            )
            (entered.folder / "config.json").write_text(json.dumps(configuration))
            # Sockets it was given, and there is one: its gateway's.
            entered.become("open" if profile.gateway else "none")
            return RunscSandbox(entered.folder, entered.group, entered.process, gateway)
        except BaseException as exc:
            if gateway is not None:
                gateway.end()
            with contextlib.suppress(OSError):
                entered.remove()
            if isinstance(exc, OSError):
                raise SandboxFailed(f"runsc could not be started: {exc}") from exc
            raise

    @property
    def waiting(self) -> list[str]:
        """Those that are no sandboxes yet."""
        return self._entrance.waiting()

    @cached_property
    def _entrance(self) -> Entrance:
        return Entrance(self._enter, ahead=self.ahead)

    def _enter(self) -> Entered:
        name = secrets.token_hex(8)
        folder = self.sandboxes / name
        group = None
        try:
            folder.mkdir(mode=0o700)
            group = self.cgroups.create(name, memory_bytes=PARKED_BYTES, tasks=PARKED_TASKS)
            return enter(folder, group, self._command(folder))
        except OSError as exc:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder) if group is None else sweep.remove_place(folder, group)
            raise SandboxFailed(f"sandbox {name} could not be given a place: {exc}") from exc

    def _look_at_tree(self, profile: Profile) -> None:
        """Raise SandboxFailed where a runtime was built since its tree was verified."""
        verified = self.trees.get(profile.runtime_digest)
        if verified is not None and same_tree(profile.rootfs) != verified:
            raise SandboxFailed(
                f"runtime {profile.runtime} was built anew; start the runtime host again"
            )

    @property
    def _images(self) -> Path:
        return self.sandboxes.with_name("images")

    def _forget_images(self) -> None:
        shutil.rmtree(self._images, ignore_errors=True)

    def _command(self, folder: Path) -> list[str]:
        """What a process becomes; its second word is told last."""
        (folder / "state").mkdir(mode=0o700)
        return [
            str(self.binary),
            "--host-uds",
            f"--root={folder / 'state'}",
            *(["--rootless"] if self.rootless else []),
            f"--platform={PLATFORM}",
            "--network=none",
            "--oci-seccomp",
            "--overlay2=none",
            "--ignore-cgroups",
            *([] if self.trace is None else _tracing(self.trace / folder.name)),
            "run",
            f"--bundle={folder}",
            folder.name,
        ]


def _tracing(name: Path) -> list[str]:
    log = f"--debug-log={name}.%COMMAND%"
    return ["--debug", log, "--strace", f"--strace-log-size={STRACE_BYTES}"]


def _version(binary: Path) -> str:
    """As runsc prints it.

    Raises:
        DriverUnavailable: It does not run.
    """
    try:
        done = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise DriverUnavailable(f"{binary} does not run; run: awgp runtime install") from exc
    found = re.search(r"version (\S+)", done.stdout)
    return found[1] if found else "unknown"
