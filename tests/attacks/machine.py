"""What an attack must leave as it was, looked at from outside of every sandbox.

`Enclosure` keeps a runtime host and all it starts in cgroups of their own: what a hole lets out
cannot take the machine down, and whatever the host's sandboxes started is found there, however
well it hides. `Machine.look` counts what is there now, in words; `Witness` is what an attacker
would come across on the machine, and notices whether anybody came.
"""

import os
import secrets
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from pipeline.execution import MIB
from runtime_host.memory.beside import GROUP as OWNER_OF_MEMORIES
from tests.integration.own_host import RUNSC, Host, until

OUTER_BYTES: Final = 1536 * MIB
OUTER_TASKS: Final = 4096
OF_A_SANDBOX: Final = ("process ", "group ", "folder ", "socket ")
LAUNCHER_UID, AGENT_UID = 65533, 65534
# Where a process that got out would find room to write.
OPEN_FOLDERS: Final = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108  # looked at only


class Enclosure:
    """Cgroups around a host and its sandboxes, where version 1 ones can be made; else none."""

    def __init__(self) -> None:
        name = f"attacks-{secrets.token_hex(4)}"
        self.groups: list[Path] = []
        for controller, file, limit in (
            ("memory", "memory.limit_in_bytes", OUTER_BYTES),
            ("pids", "pids.max", OUTER_TASKS),
        ):
            base = _own_group(controller)
            if base is not None and os.access(base, os.W_OK):
                group = base / name
                group.mkdir()
                if controller == "memory":
                    (group / "memory.use_hierarchy").write_text("1")
                (group / file).write_text(str(limit))
                self.groups.append(group)

    @property
    def entry_files(self) -> list[Path]:
        return [group / "cgroup.procs" for group in self.groups]

    def processes(self) -> set[int]:
        """Everything inside, below too."""
        return {
            int(pid)
            for group in self.groups
            for folder in _folders(group)
            for pid in _text(folder / "cgroup.procs").split()
        }

    def below(self) -> list[Path]:
        """Groups within the host's own place."""
        found = [folder for group in self.groups for folder in _folders(group)]
        return [folder for folder in found if folder.parent.name.startswith("awgp-")]

    def remove(self) -> None:
        for group in self.groups:
            for folder in sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True):
                folder.rmdir()
            group.rmdir()


def _folders(group: Path) -> list[Path]:
    """The group and all below; those that go meanwhile are left out."""
    return [Path(at) for at, _, _ in os.walk(group)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A host, seen from outside.

    Args:
        warm: It starts sandboxes ahead. What is there for runs to come is not looked at.
    """

    host: Host
    enclosure: Enclosure
    warm: bool = False

    def look(self) -> Counter[str]:
        """What there is now; the same before and after an attack."""
        ahead = self.host.ahead()
        return Counter(
            [
                *self._processes(ahead),
                *self._groups(ahead),
                *("folder of a sandbox" for name in self._sandboxes() if name not in ahead),
                *self._descriptors(),
                *self._mounts(),
                *self._sockets(ahead),
                *_strays(),
                *self._runtime(),
                *self.host.remains(),
            ]
        )

    def wait_until_as(self, before: Counter[str]) -> None:
        """The last of a sandbox may take a moment to go; in the end nothing is more or less."""
        difference: list[str] = []

        def same() -> bool:
            now = self.look()
            difference[:] = [f"+ {each}" for each in now - before]
            difference.extend(f"- {each}" for each in before - now)
            return not difference

        with suppress(AssertionError):
            until(same, "the machine to be as it was")
        assert difference == [], difference

    def resident_bytes(self) -> int:
        """Of the host process itself."""
        status = _text(Path(f"/proc/{self.host.process.pid}/status"))
        found = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(found.split()[1]) * 1024

    def open_descriptors(self) -> int:
        """Of the host process."""
        return len(os.listdir(f"/proc/{self.host.process.pid}/fd"))  # noqa: PTH208

    def _processes(self, ahead: frozenset[str]) -> Iterator[str]:
        found = self.enclosure.processes() | set(self.host.processes())
        own = self.host.process.pid
        yield f"the host, {own}, started at {_stat(own)[19]}"
        if not self.warm:
            yield f"{len(os.listdir(f'/proc/{own}/task'))} threads of the host"  # noqa: PTH208
        for pid in found - {own}:
            arguments = arguments_of(pid)
            # gVisor's tracees have none, and end with the one that traces them.
            if "runtime_host.memory" in arguments:
                yield f"the owner of memories, {pid}"  # there as long as the host
            elif arguments and not any(name in arguments for name in ahead):
                yield f"process {_name(pid)}"

    def _groups(self, ahead: frozenset[str]) -> Iterator[str]:
        for group in self.enclosure.below():
            if group.name == OWNER_OF_MEMORIES:
                yield f"the owner of memories in {group}"
            elif group.name not in ahead:
                yield f"group {group.parents[1]}"

    def _sandboxes(self) -> list[str]:
        return self.host.sandboxes()

    def _descriptors(self) -> Iterator[str]:
        for entry in os.scandir(f"/proc/{self.host.process.pid}/fd"):
            with suppress(OSError):
                kind = os.readlink(entry.path).partition(":[")[0]  # noqa: PTH115
                # Of connections to an engine as many are kept as were needed at once.
                if kind.startswith("/") or not (self.warm or self.host.way is not RUNSC):
                    yield f"descriptor {kind}"

    def _mounts(self) -> Iterator[str]:
        own = (str(self.host.folder), str(self.host.runtimes))
        for line in _text(Path(f"/proc/{self.host.process.pid}/mountinfo")).splitlines():
            if any(each in line for each in own):
                yield f"mount {line.split()[4]}"

    def _sockets(self, ahead: frozenset[str]) -> Iterator[str]:
        for line in _text(Path("/proc/net/unix")).splitlines():
            if str(self.host.folder / "state") in line and not any(n in line for n in ahead):
                yield "socket of a sandbox"

    def _runtime(self) -> Iterator[str]:
        """Every file of the runtimes, by all that a change of it changes."""
        for folder, _, names in os.walk(self.host.runtimes):
            for name in names:
                seen = os.lstat(os.path.join(folder, name))  # noqa: PTH118  # thousands of them
                yield f"{folder}/{name} {seen.st_ino} {seen.st_mode:o} {seen.st_ctime_ns}"


@dataclass(slots=True)
class Witness:
    """Listeners, a file and processes on the machine, which no agent can get at."""

    folder: Path
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    listeners: list[socket.socket] = field(default_factory=list)
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    request: dict[str, list[object]] = field(default_factory=dict)
    _starts: dict[int, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def there(cls, folder: Path) -> Iterator[Self]:
        """It is there until the block is left."""
        witness = cls(folder)
        with ExitStack() as ends:
            witness._listen(ends)
            witness._wait(ends)
            path = folder / "secret"
            path.write_text(witness.secret)
            witness.request |= {"files": [str(path)], "folders": [str(folder)], "left": []}
            witness.request["needles"] = [
                witness.secret, str(folder), socket.gethostname() + "\n", "AWGP_KEK",
            ]  # fmt: skip
            yield witness

    def came(self) -> list[str]:
        """Who was touched since it is there; empty is right."""
        found = []
        for each in self.listeners:
            with suppress(BlockingIOError):
                if each.type == socket.SOCK_DGRAM:
                    each.recv(1)
                else:
                    each.accept()[0].close()
                found.append(f"somebody came to {each.getsockname()}")
        if (self.folder / "secret").read_text() != self.secret:
            found.append("the file was written to")
        for process in self.processes:
            state = _stat(process.pid)[0] if process.poll() is None else "gone"
            if state != "S":
                found.append(f"process {process.args!r} is {state}")
        return found

    def _listen(self, ends: ExitStack) -> None:
        abstract, path = f"awgp-witness-{secrets.token_hex(4)}", self.folder / "witness.sock"
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        addresses: list[tuple[socket.AddressFamily, socket.SocketKind, object]] = [
            (socket.AF_UNIX, stream, "\0" + abstract),
            (socket.AF_UNIX, stream, str(path)),
        ]
        for own in _addresses():
            family = socket.AF_INET6 if ":" in own else socket.AF_INET
            addresses += [(family, kind, (own, 0)) for kind in (stream, datagram)]
        for family, kind, address in addresses:
            made = ends.enter_context(socket.socket(family, kind))
            made.bind(address)  # type: ignore[arg-type]  # of any family
            made.setblocking(False)
            if kind is stream:
                made.listen()
            self.listeners.append(made)
        self.request |= {
            "abstract": [abstract],
            "paths": [str(path)],
            "tcp": [m.getsockname()[:2] for m in self.listeners[2:] if m.type == stream],
            "udp": [m.getsockname()[:2] for m in self.listeners[2:] if m.type == datagram],
        }

    def _wait(self, ends: ExitStack) -> None:
        for user in (0, LAUNCHER_UID, AGENT_UID):
            process = subprocess.Popen(
                ["sleep", "infinity"],
                user=user if os.geteuid() == 0 else None,
                cwd="/",
            )
            ends.callback(process.wait)
            ends.callback(process.kill)
            self.processes.append(process)
        for process in self.processes:
            until(lambda pid=process.pid: _stat(pid)[0] == "S", "a witness to wait")  # type: ignore[misc]


def _addresses() -> list[str]:
    """Of this machine: its loopback, and where it would send from."""
    found = ["127.0.0.1"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing
        found.append(probe.getsockname()[0])
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.bind(("::1", 0))
        found.append("::1")
    return found


def _strays() -> Iterator[str]:
    """Files of a launcher's user, or that gVisor put about; an agent's, nobody, has others too."""
    for folder in OPEN_FOLDERS:
        for entry in os.scandir(folder):
            with suppress(OSError):
                owner = entry.stat(follow_symlinks=False).st_uid
                if owner == LAUNCHER_UID or entry.name.startswith(("runsc", "gvisor")):
                    yield f"file {entry.path}"


def _own_group(controller: str) -> Path | None:
    """The group of this process in a version 1 hierarchy."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            place = Path("/sys/fs/cgroup", controller)
            inside = place / path.lstrip("/")
            return next((each for each in (inside, place) if each.is_dir()), None)
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on."""
    return _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split() or ["gone"] * 20


def arguments_of(pid: int) -> str:
    """With zero bytes between them; empty of a process that is gone."""
    return _text(Path(f"/proc/{pid}/cmdline"))


def _name(pid: int) -> str:
    return arguments_of(pid).split("\0")[0].rpartition("/")[2]


def settled(machine: Machine) -> Counter[str]:
    """What there is once no sandbox is about to come or go."""
    seen: Counter[str] = Counter()

    def at_rest() -> bool:
        nonlocal seen
        before, seen = seen, machine.look()
        return seen == before and not any(each.startswith(OF_A_SANDBOX) for each in seen)

    until(at_rest, "the machine to come to rest")
    return seen
