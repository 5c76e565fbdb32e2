"""Start gVisor sandboxes, each a foreground `runsc run`, and run one spec in one of them.

The bundle travels on the sandbox's stdin and is unpacked inside, so no archive of a tenant's
ever touches the machine's own files. Whatever ends the sandbox, everything of it is killed and
removed before the result is given.
"""

import contextlib
import json
import marshal
import secrets
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.execution import MIB, ExecutionResult, ExecutionSpec
from runtime_host import oci
from runtime_host.cgroups import Cgroup, CgroupTree
from runtime_host.profile import Profile
from runtime_host.sandbox import Sandbox, SandboxFailed, remove_place
from runtime_host.serving import Loop, Watcher

READY_SECONDS = 30.0
# A form of marshal that every interpreter reads that a runtime may have.
MARSHAL = 2
# Of a sandbox nobody runs in: less than any run's, so that a claim only ever raises it.
PARKED_BYTES = 128 * MIB
PARKED_TASKS = oci.KERNEL_TASKS

# Enters the groups in $2 onwards ($1 of them) before becoming runsc; a shell, because Python
# cannot run code between fork and exec safely in a process with threads.
ENTER = """
n=$1; shift
while [ "$n" -gt 0 ]; do echo $$ >"$1" || exit 97; shift; n=$((n-1)); done
exec "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunscDriver:
    """Starts sandboxes.

    Args:
        binary: runsc, from 2024 or later.
        sandboxes: Folder for one folder a sandbox; of a host that holds its lock.
        cgroups: Where sandboxes are capped; empty where this machine lets us cap nothing.
        rootless: Whether runsc starts without being root.
    """

    binary: Path
    sandboxes: Path
    cgroups: CgroupTree
    rootless: bool = False

    def park(self, profile: Profile) -> Sandbox:
        """Start a sandbox whose launcher waits for a job, whosever it will be.

        Raises:
            SandboxFailed: It did not start.
        """
        sandbox = self._start(profile, memory_bytes=PARKED_BYTES, tasks=PARKED_TASKS)
        try:
            sandbox.await_ready(READY_SECONDS)
        except BaseException:
            sandbox.end()
            raise
        return sandbox

    def run(self, spec: ExecutionSpec, profile: Profile, watcher: Watcher) -> ExecutionResult:
        """Run a spec to its end in a sandbox started for it.

        Raises:
            SandboxFailed: runsc could not be started, or what is left could not be removed.
        """
        started = time.monotonic()
        memory_bytes, tasks = _caps(spec)
        sandbox = self._start(profile, memory_bytes=memory_bytes, tasks=tasks)
        try:
            loop = Loop(sandbox, spec, started, watcher)
            loop.serve(_feed(spec, profile, sandbox))
            return loop.ending()
        finally:
            sandbox.end()

    def run_in(
        self, sandbox: Sandbox, spec: ExecutionSpec, profile: Profile, watcher: Watcher
    ) -> ExecutionResult | None:
        """Run a spec to its end in a parked sandbox of its profile, which is gone afterwards.

        Returns:
            None when the sandbox ended before it began the agent; nothing has run then.

        Raises:
            SandboxFailed: What is left could not be removed.
        """
        started = time.monotonic()
        memory_bytes, tasks = _caps(spec)
        try:
            try:
                sandbox.group.limit(memory_bytes=memory_bytes, tasks=tasks)
            except OSError:
                return None
            loop = Loop(sandbox, spec, started, watcher)
            loop.serve(_feed(spec, profile, sandbox))
            return None if loop.died_unused() else loop.ending()
        finally:
            sandbox.end()

    def _start(self, profile: Profile, *, memory_bytes: int, tasks: int) -> Sandbox:
        name = secrets.token_hex(8)
        folder = self.sandboxes / name
        folder.mkdir(mode=0o700)
        try:
            group = self.cgroups.create(name, memory_bytes=memory_bytes, tasks=tasks)
        except OSError as exc:
            shutil.rmtree(folder)
            raise SandboxFailed(f"sandbox {name} could not be capped: {exc}") from exc
        try:
            (folder / "config.json").write_text(json.dumps(oci.configuration(profile)))
            return Sandbox(folder, group, self._process(folder, group))
        except BaseException as exc:
            with contextlib.suppress(OSError):
                remove_place(folder, group)
            if isinstance(exc, OSError):
                raise SandboxFailed(f"runsc could not be started: {exc}") from exc
            raise

    def _process(self, folder: Path, group: Cgroup) -> "subprocess.Popen[bytes]":
        entry = group.entry_files
        return subprocess.Popen(
            ["/bin/sh", "-c", ENTER, "awgp", str(len(entry)), *entry, *self._command(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            cwd="/",
            start_new_session=True,
        )

    def _command(self, folder: Path) -> list[str]:
        (folder / "state").mkdir(mode=0o700)
        return [
            str(self.binary),
            f"--root={folder / 'state'}",
            *(["--rootless"] if self.rootless else []),
            "--platform=systrap",
            "--network=none",
            "--oci-seccomp",
            "--overlay2=none",
            "--host-uds=none",
            "--ignore-cgroups",
            "run",
            f"--bundle={folder}",
            folder.name,
        ]


def _caps(spec: ExecutionSpec) -> tuple[int, int]:
    """Memory and threads that the whole sandbox of a spec may take of the machine."""
    memory_bytes = oci.machine_memory_bytes(spec.limits, len(spec.bundle))
    return memory_bytes, oci.machine_tasks(spec.limits)


def _feed(spec: ExecutionSpec, profile: Profile, sandbox: Sandbox) -> bytes:
    """What the launcher reads: the job, the bundle, the payload."""
    address_space = None if sandbox.group.has_memory else spec.limits.memory_bytes
    header = marshal.dumps(oci.job(spec, profile, address_space_bytes=address_space), MARSHAL)
    return b"".join((struct.pack(">I", len(header)), header, spec.bundle, spec.payload))
