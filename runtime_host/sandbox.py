"""One sandbox: a foreground `runsc run` with its folder and its groups, for one run at most."""

import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import AwgpError
from runtime_host.cgroups import Cgroup
from runtime_host.output import HEADER
from runtime_host.sweep import end_processes_of

KILL_SECONDS = 5.0
NONCE_BYTES = 16


class SandboxFailed(AwgpError):
    """The sandbox could not be started or removed; nothing is said about the agent."""


class Sandbox:
    """Started, and not yet given anything to run.

    Args:
        folder: Of this sandbox alone; its name is the sandbox's.
        group: Holds all its processes.
        process: runsc, our own child.
    """

    def __init__(self, folder: Path, group: Cgroup, process: "subprocess.Popen[bytes]") -> None:
        self.folder = folder
        self.group = group
        self.process = process
        self.nonce = ""

    @property
    def name(self) -> str:
        """Its name at runsc."""
        return self.folder.name

    def lives(self) -> bool:
        """Whether runsc still runs; that of a parked sandbox ends with its launcher."""
        return self.process.poll() is None

    def await_ready(self, seconds: float) -> None:
        """Return once the launcher waits for a job; keeps the nonce it made.

        Raises:
            SandboxFailed: It ended, was silent for so long, or said anything else.
        """
        assert self.process.stdout is not None  # noqa: S101  # we asked for a pipe
        descriptor = self.process.stdout.fileno()
        deadline = time.monotonic() + seconds
        wanted, said = HEADER.size + NONCE_BYTES, b""
        while len(said) < wanted:
            if not _readable(descriptor, deadline - time.monotonic()):
                raise SandboxFailed(f"sandbox {self.name} was not ready within {seconds:g} s")
            piece = os.read(descriptor, wanted - len(said))
            if not piece:
                raise SandboxFailed(f"sandbox {self.name} ended before it was ready")
            said += piece
        if HEADER.unpack_from(said) != (b"A", NONCE_BYTES):
            raise SandboxFailed(f"sandbox {self.name} did not say that it was ready")
        self.nonce = said[HEADER.size :].hex()

    def end(self) -> None:
        """Kill everything of it and take away its folder and groups.

        Raises:
            SandboxFailed: Something could not be removed.
        """
        # It is our own child and not yet waited for, so its id cannot be another's.
        self.process.kill()
        self.group.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                # What was not written yet is for nobody now.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._reap()
            remove_place(self.folder, self.group)
        except OSError as exc:
            raise SandboxFailed(f"sandbox {self.name} could not be removed: {exc}") from exc

    def _reap(self) -> None:
        # Not wait(timeout), which looks again after up to 50 ms.
        if self.process.poll() is None:
            with pidfd(self.process.pid) as descriptor:
                _readable(descriptor, KILL_SECONDS)
        try:
            self.process.wait(0)
        except subprocess.TimeoutExpired as exc:
            raise SandboxFailed(f"sandbox {self.name} could not be killed") from exc
        if not self.group.entry_files:
            end_processes_of(self.folder)


def remove_place(folder: Path, group: Cgroup) -> None:
    """Take a sandbox's groups away, whatever is in them, then its folder.

    Raises:
        OSError: It did not work.
    """
    group.remove()
    shutil.rmtree(folder)


@contextmanager
def pidfd(pid: int) -> Iterator[int]:
    """A descriptor that is readable once a process of ours has ended."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))
