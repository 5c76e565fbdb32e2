"""Run one bundle in a fresh gVisor sandbox: a foreground `runsc run`, used once.

The bundle travels on the sandbox's stdin and is unpacked inside, so no archive of a tenant's
ever touches the machine's own files. Whatever ends the sandbox, everything of it is killed and
removed before the result is given.
"""

import contextlib
import json
import os
import secrets
import selectors
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.errors import AwgpError
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from runtime_host import oci
from runtime_host.cgroups import Cgroup, CgroupTree
from runtime_host.rootfs import RuntimeRecord
from runtime_host.sweep import end_processes_of
from runtime_host.verdict import Ending, Transcript

READ_BYTES = 64 * 1024
# How often the loop looks at what no descriptor tells: the clock and the memory group.
TICK_SECONDS = 0.1
KILL_SECONDS = 5.0

# Enters the groups in $2 onwards ($1 of them) before becoming runsc; a shell, because Python
# cannot run code between fork and exec safely in a process with threads.
ENTER = """
n=$1; shift
while [ "$n" -gt 0 ]; do echo $$ >"$1" || exit 97; shift; n=$((n-1)); done
exec "$@"
"""


class SandboxFailed(AwgpError):
    """The sandbox could not be started or removed; nothing is said about the agent."""


class Watcher(Protocol):
    """Who follows a running sandbox. Called from the loop that serves it, never at once."""

    def descriptor(self) -> int | None:
        """What to wait on beside the sandbox."""

    def events(self) -> int:
        """Which of `selectors.EVENT_READ` and `EVENT_WRITE` to wait for."""

    def ready(self, events: int) -> str | None:
        """The descriptor is ready; an answer is why the sandbox must be killed."""

    def deadline(self) -> tuple[float, str]:
        """`time.monotonic()` at which the sandbox is killed unless renewed, and why it is."""

    def line(self, line: OutputLine) -> None:
        """The agent wrote this."""


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

    def run(
        self, spec: ExecutionSpec, record: RuntimeRecord, rootfs: Path, watcher: Watcher
    ) -> ExecutionResult:
        """Run a spec to its end.

        Raises:
            SandboxFailed: runsc could not be started, or what is left could not be removed.
        """
        started = time.monotonic()
        with self._place(spec) as (folder, group):
            config = oci.configuration(rootfs, record, spec.limits)
            (folder / "config.json").write_text(json.dumps(config))
            address_space = None if group.has_memory else spec.limits.memory_bytes
            job = oci.job(spec, record, address_space_bytes=address_space)
            with self._process(folder, group) as process:
                loop = _Loop(process, group, spec, started, watcher)
                loop.serve(_framed(job, spec))
                ending = loop.ending()
        return ending

    @contextmanager
    def _place(self, spec: ExecutionSpec) -> Iterator[tuple[Path, Cgroup]]:
        """A folder and groups for one sandbox, gone afterwards."""
        name = secrets.token_hex(8)
        folder = self.sandboxes / name
        folder.mkdir(mode=0o700)
        group = self.cgroups.create(
            name,
            memory_bytes=oci.machine_memory_bytes(spec.limits, len(spec.bundle)),
            tasks=oci.machine_tasks(spec.limits),
        )
        try:
            yield folder, group
        finally:
            try:
                group.remove()
                shutil.rmtree(folder)
            except OSError as exc:
                raise SandboxFailed(f"sandbox {name} could not be removed: {exc}") from exc

    @contextmanager
    def _process(self, folder: Path, group: Cgroup) -> Iterator["subprocess.Popen[bytes]"]:
        entry = group.entry_files
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", ENTER, "awgp", str(len(entry)), *entry, *self._command(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as exc:
            raise SandboxFailed(f"runsc could not be started: {exc}") from exc
        try:
            yield process
        finally:
            # It is our own child and not yet waited for, so its id cannot be another's.
            process.kill()
            group.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            process.wait(KILL_SECONDS)
            if not entry:
                end_processes_of(folder)

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


class _Loop:
    """One thread, one sandbox: feeds it, reads it, keeps its clock, hears its watcher."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        group: Cgroup,
        spec: ExecutionSpec,
        started: float,
        watcher: Watcher,
    ) -> None:
        self._process = process
        self._group = group
        self._watcher = watcher
        self._started = started
        self._wall_until = started + spec.limits.wall_seconds
        self._transcript = Transcript(spec.limits, watcher.line)
        self._stderr = bytearray()
        self._selector = selectors.DefaultSelector()
        self._feed = memoryview(b"")

    def serve(self, feed: bytes) -> None:
        """Return when the agent has ended, the sandbox is gone, or it must be killed."""
        self._feed = memoryview(feed)
        descriptor = self._watcher.descriptor()
        with self._selector, _pidfd(self._process.pid) as pidfd:
            self._register()
            self._selector.register(pidfd, selectors.EVENT_READ, self._gone)
            if descriptor is not None:
                self._selector.register(descriptor, selectors.EVENT_READ, self._hear)
            while not self._transcript.over:
                if descriptor is not None:
                    self._selector.modify(descriptor, self._watcher.events(), self._hear)
                for key, events in self._selector.select(self._wait()):
                    key.data(events)
                self._look_at_clock()

    def ending(self) -> ExecutionResult:
        """What the sandbox's end means; called once it is over and before it is removed."""
        return self._transcript.result(
            Ending(
                duration_ms=self._offset_ms(),
                peak_memory_bytes=self._group.peak_bytes(),
                noise=bytes(self._stderr),
                oom_kills=self._group.oom_kills(),
                capped_by_group=self._group.has_memory,
            )
        )

    def _register(self) -> None:
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        stdin, stdout, stderr = (pipe.fileno() for pipe in pipes if pipe is not None)
        for descriptor in (stdin, stdout, stderr):
            os.set_blocking(descriptor, False)
        self._selector.register(stdin, selectors.EVENT_WRITE, self._write)
        self._selector.register(stdout, selectors.EVENT_READ, self._read)
        self._selector.register(stderr, selectors.EVENT_READ, self._read_noise)
        self._stdin, self._stdout, self._stderr_fd = stdin, stdout, stderr

    def _write(self, _: int) -> None:
        try:
            self._feed = self._feed[os.write(self._stdin, self._feed[: 1024 * 1024]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._feed = self._feed[:0]
        if not self._feed:
            # It stays open: its end would tell the launcher that this host is gone.
            self._selector.unregister(self._stdin)

    def _read(self, _: int) -> None:
        data = self._take(self._stdout)
        if data is not None:
            self._transcript.feed(data, self._offset_ms())

    def _read_noise(self, _: int) -> None:
        """Keep the first words of runsc's own complaints; the agent cannot write here."""
        data = self._take(self._stderr_fd)
        if data is not None and len(self._stderr) < READ_BYTES:
            self._stderr += data

    def _take(self, descriptor: int) -> bytes | None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(descriptor, READ_BYTES)
            if not data and descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
            return data
        return None

    def _gone(self, _: int) -> None:
        """runsc ended: take what it still wrote, then stop."""
        while data := self._take(self._stdout):
            self._transcript.feed(data, self._offset_ms())
            if self._transcript.over:
                return
        while data := self._take(self._stderr_fd):
            self._stderr += data[: READ_BYTES - len(self._stderr)]
        self._transcript.over = True

    def _hear(self, events: int) -> None:
        why = self._watcher.ready(events)
        if why is not None:
            self._transcript.stop(ExitReason.KILLED, why)

    def _wait(self) -> float:
        until = min(self._wall_until, self._watcher.deadline()[0])
        return max(0.0, min(TICK_SECONDS, until - time.monotonic()))

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self._group.oom_kills():
            self._transcript.stop(ExitReason.MEMORY, "the sandbox ran out of its memory")
        elif now >= self._wall_until:
            self._transcript.stop(ExitReason.TIMEOUT, "the wall-clock limit passed")
        else:
            moment, why = self._watcher.deadline()
            if now >= moment:
                self._transcript.stop(ExitReason.KILLED, why)

    def _offset_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)


def _framed(job: dict[str, object], spec: ExecutionSpec) -> bytes:
    header = json.dumps(job).encode()
    return b"".join((struct.pack(">I", len(header)), header, spec.bundle, spec.payload))


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
