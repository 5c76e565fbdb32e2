"""What processes have used of the CPU so far, those that came of them included."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_TIMES: Final = slice(11, 15)
"""utime, stime, cutime and cstime of proc_pid_stat(5), counted from after the name."""


def cpu_seconds(*pids: int) -> float:
    """Of these, their children and theirs; of those that ended, what their parents waited for."""
    return sum(_own(each) for pid in pids for each in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:  # the thread ended
            continue
        for child in children:
            yield from _tree(int(child))


def _own(pid: int) -> float:
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it ended; its parent has its time
        return 0.0
    times = said.rpartition(") ")[2].split()[_TIMES]
    return sum(map(int, times)) / _TICKS
