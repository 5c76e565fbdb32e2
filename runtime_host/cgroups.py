"""Hold a sandbox's processes in cgroups, version 1 or 2, where this process may write them.

Each controller is looked for by itself, because a machine may have memory under version 1 and
an empty version 2 hierarchy beside it. What is not found is simply absent: the caller asks
`has_memory` and says so to people.
"""

import contextlib
import os
import re
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# What is only counted, by version 1; version 2 counts processor time in every group.
COUNTED = "cpuacct"
CONTROLLERS = ("memory", "pids", "cpu", COUNTED)
# In which a cap on processors is counted, in microseconds.
PERIOD_US = 100_000
# What two threads of the machine's others weigh, by version 1: on each processor all sandboxes
# together weigh as much. By version 2 they weigh as much as any group beside theirs.
SHARES_A_PROCESSOR = 2 * 1024
REMOVAL_SECONDS = 3.0
# Enters the groups in $2 onwards ($1 of them) before becoming a program; a shell, because Python
# cannot run code between fork and exec safely in a process with threads.
ENTER_GROUPS = """
n=$1; shift
while [ "$n" -gt 0 ]; do echo $$ >"$1" || exit 97; shift; n=$((n-1)); done
"""
ENTER = f"""{ENTER_GROUPS}
exec "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Where sandboxes' groups are made for one controller."""

    controller: str
    version: int
    base: Path


class Cgroup:
    """One sandbox's groups, one folder a hierarchy."""

    def __init__(self, folders: dict[str, Path], versions: dict[str, int]) -> None:
        self._folders = folders
        self._versions = versions

    @property
    def entry_files(self) -> list[str]:
        """Where a process writes its id to enter."""
        return [str(folder / "cgroup.procs") for folder in _unique(self._folders)]

    @property
    def entering(self) -> list[str]:
        """What a command is put behind to enter."""
        entry = self.entry_files
        return ["/bin/sh", "-c", ENTER, "awgp", str(len(entry)), *entry]

    @property
    def has_memory(self) -> bool:
        """Whether the memory cap holds."""
        return "memory" in self._folders

    @property
    def has_tasks(self) -> bool:
        """Whether the cap on threads holds."""
        return "pids" in self._folders

    def cap_processors(self, cpus: float | None) -> None:
        """Let it take so many processors' time at most; None is all there are.

        Raises:
            OSError: The cap does not hold.
        """
        if "cpu" not in self._folders:
            return
        folder, quota = self._folders["cpu"], None if cpus is None else round(cpus * PERIOD_US)
        if self._versions["cpu"] == 1:
            _write(folder / "cpu.cfs_quota_us", -1 if quota is None else quota)
        else:
            _write(folder / "cpu.max", f"{'max' if quota is None else quota} {PERIOD_US}")

    @property
    def gone(self) -> bool:
        """Whether somebody removed one of the groups."""
        return any(not folder.exists() for folder in self._folders.values())

    def limit(self, *, memory_bytes: int, tasks: int) -> None:
        """Set the caps; before anything of a run is inside, or while a parked sandbox waits.

        Args:
            memory_bytes: For everything inside, the sandbox's kernel included; no swap on top.
            tasks: Threads on the machine itself, as the kernel counts them.

        Raises:
            OSError: A cap does not hold.
        """
        if "pids" in self._folders:
            _write(self._folders["pids"] / "pids.max", tasks)
        if not self.has_memory:
            return
        folder = self._folders["memory"]
        if self._versions["memory"] == 1:
            _limit_memory_1(folder, memory_bytes)
            return
        _write(folder / "memory.max", memory_bytes)
        _write_if_there(folder / "memory.swap.max", 0)
        _write_if_there(folder / "memory.oom.group", 1)

    def oom_kills(self) -> int:
        """How often the kernel killed in here for want of memory."""
        if not self.has_memory:
            return 0
        name = "memory.oom_control" if self._versions["memory"] == 1 else "memory.events"
        found = re.search(r"^oom_kill (\d+)$", self._read("memory", name), re.MULTILINE)
        return int(found[1]) if found else 0

    def peak_bytes(self) -> int | None:
        """The most memory held at once; None where the kernel does not say."""
        if not self.has_memory:
            return None
        old = self._versions["memory"] == 1
        text = self._read("memory", "memory.max_usage_in_bytes" if old else "memory.peak")
        return int(text) if text.strip().isdigit() else None

    def cpu_us(self) -> int | None:
        """Processor time taken in here, in microseconds; None where the kernel does not say."""
        if COUNTED in self._folders:
            text = self._read(COUNTED, "cpuacct.usage").strip()
            return int(text) // 1000 if text.isdigit() else None
        for controller, version in self._versions.items():
            if version == 2:
                text = self._read(controller, "cpu.stat")
                found = re.search(r"^usage_usec (\d+)$", text, re.MULTILINE)
                return int(found[1]) if found else None
        return None

    def kill(self) -> None:
        """SIGKILL everything inside; new processes of theirs too."""
        with contextlib.suppress(OSError):
            self.cap_processors(None)  # who waits for processor time dies no sooner than it comes
        killed: set[int] = set()
        for folder in _unique(self._folders):
            killed |= kill_all_in(folder, but=killed)

    def remove(self) -> None:
        """Kill what is left and take the folders away.

        Raises:
            OSError: A folder could not be removed within `REMOVAL_SECONDS`.
        """
        for folder in _unique(self._folders):
            remove_group(folder)

    def _read(self, controller: str, name: str) -> str:
        return _text(self._folders[controller] / name)


class CgroupTree:
    """The place in each hierarchy where this machine's runtime host makes its groups.

    Args:
        name: One path part, the same at every start with the same state folder, so that a
            later host finds what an earlier one left.
        cpus: Processors each sandbox may take at most; None caps none. Groups are equals, however
            many threads each has.
    """

    def __init__(self, name: str, *, cpus: float | None = None) -> None:
        self._name = name
        self._cpus = cpus
        self._hierarchies = [h for c in CONTROLLERS if (h := _writable(c, name)) is not None]

    @property
    def controllers(self) -> frozenset[str]:
        """The controllers that hold something here."""
        return frozenset(h.controller for h in self._hierarchies) - {COUNTED}

    def create(self, group: str, *, memory_bytes: int, tasks: int) -> Cgroup:
        """Make a group with its limits set, empty of processes; they are those of `limit`."""
        folders, versions = {}, {}
        for hierarchy in self._hierarchies:
            folder = hierarchy.base / group
            folder.mkdir(exist_ok=True)
            folders[hierarchy.controller] = folder
            versions[hierarchy.controller] = hierarchy.version
        made = Cgroup(folders, versions)
        made.limit(memory_bytes=memory_bytes, tasks=tasks)
        if self._cpus is not None:
            made.cap_processors(self._cpus)
        return made

    def sweep(self) -> set[str]:
        """Kill and remove every group below; their names.

        Only for the holder of the state folder's lock: everything here is a dead owner's.
        """
        swept: set[str] = set()
        for base in {h.base for h in self._hierarchies}:
            for folder in sorted(p for p in base.iterdir() if p.is_dir()):
                remove_group(folder)
                swept.add(folder.name)
        return swept

    def remove(self) -> None:
        """Take the empty places themselves away."""
        for base in {h.base for h in self._hierarchies}:
            with contextlib.suppress(OSError):
                base.rmdir()


def group_of(pid: int, name: str) -> Cgroup:
    """The groups of a process, made by somebody else; those alone whose path ends with this name.

    Empty for one that is gone, or that is not seen from here.
    """
    folders, versions = {}, {}
    for controller in CONTROLLERS:
        for version, mount, own in _mounts(controller, pid):
            folder = mount / own.lstrip("/")
            if name in folder.name and (folder / _limit_file(controller, version)).exists():
                folders[controller], versions[controller] = folder, version
                break
    return Cgroup(folders, versions)


def _limit_memory_1(folder: Path, memory_bytes: int) -> None:
    """Version 1 refuses a cap on memory above the one on memory with swap, which may be absent."""
    with_swap = folder / "memory.memsw.limit_in_bytes"
    try:
        _write(folder / "memory.limit_in_bytes", memory_bytes)
    except OSError:
        _write_if_there(with_swap, memory_bytes)
        _write(folder / "memory.limit_in_bytes", memory_bytes)
    _write_if_there(with_swap, memory_bytes)


def kill_all_in(folder: Path, *, but: Collection[int] = ()) -> set[int]:
    """SIGKILL every process of a group, by descriptor, so that no reused id is ever hit.

    Args:
        but: Those killed already, by way of another group of the same sandbox.

    Returns:
        Which were killed one by one.
    """
    killed: set[int] = set()
    with contextlib.suppress(OSError):
        _write(folder / "cgroup.kill", 1)
        return killed
    for pid in _pids(folder):
        if pid in but:
            continue
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            if pid in _pids(folder):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                killed.add(pid)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)
    return killed


def remove_group(folder: Path) -> None:
    """Kill until the group is empty, then remove it."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            kill_all_in(folder)
            time.sleep(0.0005)
        else:
            return


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _unique(folders: dict[str, Path]) -> list[Path]:
    return sorted(set(folders.values()))


def _pids(folder: Path) -> list[int]:
    """Ids of the processes inside; never 0 or less, which would mean other processes."""
    try:
        text = (folder / "cgroup.procs").read_text()
    except OSError:
        return []
    return [pid for line in text.split() if (pid := int(line)) > 1]


def _write(path: Path, value: int | str) -> None:
    # Not write_text: it asks to truncate and create, which cgroup files need not allow.
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def _write_if_there(path: Path, value: int) -> None:
    with contextlib.suppress(OSError):
        _write(path, value)


def _writable(controller: str, name: str) -> Hierarchy | None:
    """Where groups for this controller can be made and their limits set, if anywhere."""
    for version, mount, own in _mounts(controller):
        if controller == COUNTED and version == 2:
            continue  # every group of version 2 counts by itself
        for parent in (mount / own.lstrip("/"), mount):
            base = parent / name
            if parent.is_dir() and _prepare(base, parent, controller, version):
                return Hierarchy(controller=controller, version=version, base=base)
    return None


def _prepare(base: Path, parent: Path, controller: str, version: int) -> bool:
    # By version 2 it is the place of the other controllers as well.
    ours = not base.exists()
    try:
        base.mkdir(exist_ok=True)
        if version == 2:
            for folder in (parent, base):
                _enable(folder, controller)
        # Groups below a version 1 memory group need this to be counted with it.
        elif controller == "memory":
            _write_if_there(base / "memory.use_hierarchy", 1)
        elif controller == "cpu":
            _write_if_there(base / "cpu.shares", SHARES_A_PROCESSOR * (os.cpu_count() or 1))
        probe = base / "probe"
        probe.mkdir(exist_ok=True)
        usable = (
            os.access(probe / "cgroup.procs", os.W_OK)
            and (probe / _limit_file(controller, version)).exists()
        )
        probe.rmdir()
    except OSError:
        if ours:
            with contextlib.suppress(OSError):
                base.rmdir()
        return False
    return usable


def _enable(folder: Path, controller: str) -> None:
    """Pass a version 2 controller on to the groups below."""
    descriptor = os.open(folder / "cgroup.subtree_control", os.O_WRONLY)
    try:
        os.write(descriptor, f"+{controller}".encode())
    finally:
        os.close(descriptor)


def _limit_file(controller: str, version: int) -> str:
    if controller == "pids":
        return "pids.max"
    if controller == "cpu":
        return "cpu.cfs_quota_us" if version == 1 else "cpu.max"
    if controller == COUNTED:
        return "cpuacct.usage"
    return "memory.limit_in_bytes" if version == 1 else "memory.max"


def _mounts(controller: str, pid: int | str = "self") -> list[tuple[int, Path, str]]:
    """(version, mount point, a process's group) of the hierarchies that may hold a controller."""
    own = {}
    for line in _text(Path(f"/proc/{pid}/cgroup")).splitlines():
        _, names, path = line.split(":", 2)
        for one in names.split(","):
            own[one] = path
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options = line.split(" ")[:4]
        if kind == "cgroup" and controller in options.split(","):
            found.append((1, Path(point), own.get(controller, "/")))
        elif kind == "cgroup2":
            found.append((2, Path(point), own.get("", "/")))
    return sorted(found)
