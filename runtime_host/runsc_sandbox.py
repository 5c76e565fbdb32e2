"""A sandbox that is a foreground `runsc run`, our own child, with its folder and its groups."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from runtime_host.cgroups import Cgroup
from runtime_host.gateway.beside import Gateway
from runtime_host.sandbox import READ_BYTES, Heard, SandboxFailed, readable
from runtime_host.sweep import end_processes_of, remove_place

KILL_SECONDS: Final = 5.0
# Still read of a pipe once runsc has ended, whoever writes on.
MAX_DRAIN_BYTES: Final = 2 * 1024 * 1024


class RunscSandbox:
    """Started, and not yet given anything to run.

    Args:
        folder: Of this sandbox alone; its name is the sandbox's.
        group: Holds all its processes.
        process: runsc, our own child.
        gateway: Its way out, if it has one.
    """

    def __init__(
        self,
        folder: Path,
        group: Cgroup,
        process: "subprocess.Popen[bytes]",
        gateway: Gateway | None = None,
    ) -> None:
        self.folder = folder
        self.group = group
        self.process = process
        self.gateway = gateway
        self.nonce = ""
        pipes = (process.stdin, process.stdout, process.stderr)
        self.stdin, self._stdout, self._stderr = (p.fileno() for p in pipes if p is not None)
        for descriptor in (self.stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._ended = os.pidfd_open(process.pid)

    @property
    def name(self) -> str:
        """Its name at runsc."""
        return self.folder.name

    @property
    def sources(self) -> tuple[int, ...]:
        """What the launcher says, what runsc says, and runsc's end."""
        return self._stdout, self._stderr, self._ended

    @property
    def caps_memory(self) -> bool:
        """Whether there is a memory group."""
        return self.group.has_memory

    def read(self, source: int) -> Heard:
        """What a pipe has; all that both still have once runsc has ended."""
        if source == self._ended:
            frames, noise = _drain(self._stdout), _drain(self._stderr)
            return Heard(frames=frames, noise=noise, closed=True, ended=True)
        data = _read(source)
        if source == self._stdout:
            return Heard(frames=data or b"", closed=data == b"")
        return Heard(noise=data or b"", closed=data == b"")

    def lives(self) -> bool:
        """Whether runsc still runs, and its gateway."""
        return self.process.poll() is None and (self.gateway is None or self.gateway.lives())

    def limit(self, *, memory_bytes: int, tasks: int) -> None:
        """Set the groups' caps anew."""
        self.group.limit(memory_bytes=memory_bytes, tasks=tasks)

    def oom_kills(self) -> int:
        """As its memory group counts them."""
        return self.group.oom_kills()

    def peak_bytes(self) -> int | None:
        """As its memory group has it."""
        return self.group.peak_bytes()

    def cpu_us(self) -> int | None:
        """As its groups have it."""
        return self.group.cpu_us()

    def kill(self) -> bool:
        """By its groups; without them, who is of it is found only by looking at every process."""
        # It is our own child and not yet waited for, so its id cannot be another's.
        self.process.kill()
        self.group.kill()
        return bool(self.group.entry_files)

    def end(self) -> None:
        """Kill everything of it and take away its folder and groups."""
        self.kill()
        if self.gateway is not None:
            self.gateway.end()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                # What was not written yet is for nobody now.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        if self.group.entry_files:
            # All of it is killed: its files go while its processes do, which takes as long.
            shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self._reap()
            remove_place(self.folder, self.group)
        except OSError as exc:
            raise SandboxFailed(f"sandbox {self.name} could not be removed: {exc}") from exc

    def _reap(self) -> None:
        # Not wait(timeout), which looks again after up to 50 ms.
        try:
            readable(self._ended, KILL_SECONDS)
        finally:
            os.close(self._ended)
        try:
            self.process.wait(0)
        except subprocess.TimeoutExpired as exc:
            raise SandboxFailed(f"sandbox {self.name} could not be killed") from exc
        if not self.group.entry_files:
            end_processes_of(self.folder)


def _read(descriptor: int) -> bytes | None:
    """What a pipe has; None when that is nothing now, nothing when there is no more."""
    try:
        return os.read(descriptor, READ_BYTES)
    except BlockingIOError:
        return None


def _drain(descriptor: int) -> bytes:
    taken = bytearray()
    while len(taken) < MAX_DRAIN_BYTES and (data := _read(descriptor)):
        taken += data
    return bytes(taken)
