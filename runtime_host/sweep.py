"""Remove what a dead host left: processes, groups and folders of its sandboxes.

Only the holder of the state folder's lock may call this, because then everything found belongs
to an owner that is gone.
"""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from runtime_host.cgroups import Cgroup, CgroupTree
from runtime_host.memory.beside import GROUP as OWNER_OF_MEMORIES

GONE_SECONDS = 5.0


def sweep(sandboxes: Path, cgroups: CgroupTree) -> int:
    """Kill and remove every sandbox found, and an owner of memories, which is none of them.

    Returns:
        How many there were.

    Raises:
        OSError: Something could not be removed.
    """
    names = cgroups.sweep() - {OWNER_OF_MEMORIES}
    for folder in sorted(sandboxes.iterdir()):
        names.add(folder.name)
        end_processes_of(folder)
        shutil.rmtree(folder)
    return len(names)


def remove_place(folder: Path, group: Cgroup) -> None:
    """Take a sandbox's groups away, whatever is in them, then its folder if it is there.

    Raises:
        OSError: It did not work.
    """
    group.remove()
    if folder.exists():
        shutil.rmtree(folder)


def end_processes_of(folder: Path) -> None:
    """End the processes that name this folder as runsc's state, which is theirs alone.

    The way where no cgroup holds them; they are waited for, up to `GONE_SECONDS`.
    """
    needle = os.fsencode(f"--root={folder / 'state'}")
    deadline = time.monotonic() + GONE_SECONDS
    while (found := _naming(needle)) and time.monotonic() < deadline:
        for pid in found:
            _kill(pid, needle)
        time.sleep(0.005)


def _kill(pid: int, needle: bytes) -> None:
    """SIGKILL by descriptor, after looking again that the process is the one meant."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            if needle in _arguments(pid):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)


def _naming(needle: bytes) -> list[int]:
    pids = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return [pid for pid in pids if pid not in {1, os.getpid()} and needle in _arguments(pid)]


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
