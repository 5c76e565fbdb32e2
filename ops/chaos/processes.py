"""Processes of a running system, as the kernel shows them."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Every process below this one, parents before children."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, next_up = [], [pid]
    while next_up:
        below = parents.get(next_up.pop(0), [])
        found += below
        next_up += below
    return found


def kill_now(*pids: int) -> None:
    """SIGKILL each, in this order; one that is gone already is no matter."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def touching(folder: Path) -> dict[int, str]:
    """Processes, but ours and those that started us, that name a folder or work in it."""
    ours = _ancestors(os.getpid())
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        with suppress(OSError):
            said = Path(entry.path, "cmdline").read_bytes()
            told = Path(entry.path, "environ").read_bytes()
            place = str(Path(entry.path, "cwd").readlink())
            if os.fsencode(folder) in said + b"\0" + told or place.startswith(str(folder)):
                found[int(entry.name)] = said.replace(b"\0", b" ").decode(errors="replace")[:200]
    return found


def _ancestors(pid: int) -> set[int]:
    found = set()
    while pid > 0:
        found.add(pid)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        pid = int(stat.rpartition(")")[2].split()[1])
    return found
