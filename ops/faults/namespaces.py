"""A process in a network of its own, whose only way out can be cut: a true partition.

A veth pair joins a new network namespace to ours. Cutting it loses packets silently both ways, as
a dead switch does: each end keeps sending frames to a neighbour that is not there, and nothing
tells it so. (`ip link set down` would be noticed at once, and that is there too: `unplug`.)

Needs root and iproute2. Everything made carries our pid and its start in its name; what a killed
owner left is swept by the next.
"""

import os
import random
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.embedded.launch import start_ticks
from pipeline.errors import AwgpError

# RFC 2544's range for testing devices: no machine's own network. A /30 a pair.
NETWORK: Final = "198.18"
NOBODYS_ADDRESS: Final = "02:00:00:00:00:00"
"""A locally administered address that no card here has."""

END_SECONDS: Final = 10.0
_NAME: Final = re.compile(r"awgp-fault-(\d+)-(\d+)")


class NoNamespaces(AwgpError):
    """Network namespaces cannot be made here; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A namespace and the pair that joins it to ours.

    Attributes:
        namespace: Its name, for `ip netns`.
        ours: Address of our end: servers meant for the other side listen here.
        theirs: Address of the other.
    """

    namespace: str
    link: str
    peer: str
    ours: str
    theirs: str

    def popen(
        self, command: Sequence[str], *, environ: Mapping[str, str], cwd: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program on the other side; it ends with the partition at the latest."""
        inside = ["ip", "netns", "exec", self.namespace, *command]
        started = subprocess.Popen(inside, env=dict(environ), cwd=cwd, start_new_session=True)
        # Before it has gone over, nobody who sweeps would find it.
        deadline = time.monotonic() + END_SECONDS
        while _is_here(started) and time.monotonic() < deadline:
            time.sleep(0.005)
        return started

    def cut(self) -> None:
        """Lose every packet, both ways, silently."""
        _ip("neigh", "replace", self.theirs, "lladdr", NOBODYS_ADDRESS, "dev", self.link, *_FIXED)
        self._inside(
            "neigh", "replace", self.ours, "lladdr", NOBODYS_ADDRESS, "dev", self.peer, *_FIXED
        )

    def mend(self) -> None:
        """Let packets pass again; connections that survived go on."""
        _ip("link", "set", self.link, "up")
        with suppress(NoNamespaces):  # it was not cut
            _ip("neigh", "del", self.theirs, "dev", self.link)
        with suppress(NoNamespaces):
            self._inside("neigh", "del", self.ours, "dev", self.peer)

    def unplug(self) -> None:
        """Take our end down: both sides notice at once."""
        _ip("link", "set", self.link, "down")

    def _inside(self, *arguments: str) -> None:
        _ip("-n", self.namespace, *arguments)


_FIXED: Final = ("nud", "permanent")


def why_none() -> str | None:
    """What is missing for a partition on this machine; None where nothing is."""
    if os.geteuid() != 0:
        return "root (network namespaces)"
    if shutil.which("ip") is None:
        return "iproute2 (the command `ip`)"
    try:
        with partition():
            return None
    except NoNamespaces as error:
        return str(error)


@contextmanager
def partition() -> Iterator[Partition]:
    """Join a new namespace to ours; afterwards everything of it is gone.

    Raises:
        NoNamespaces: They cannot be made here.
    """
    sweep()
    made = _make()
    try:
        yield made
    finally:
        _remove(made.namespace, made.link)


def sweep() -> list[str]:
    """Remove what owners that are dead left behind; returns the namespaces' names."""
    swept = []
    for name in _namespaces():
        found = _NAME.fullmatch(name)
        if found is not None and not _lives(int(found[1]), int(found[2])):
            _remove(name, f"awgpf{found[1]}")
            swept.append(name)
    return swept


def _make() -> Partition:
    pid, third = os.getpid(), random.randrange(256)  # noqa: S311  # no secret
    first = 4 * random.randrange(64)  # noqa: S311  # no secret
    made = Partition(
        namespace=f"awgp-fault-{pid}-{start_ticks('self')}",
        link=f"awgpf{pid}",
        peer=f"awgpg{pid}",
        ours=f"{NETWORK}.{third}.{first + 1}",
        theirs=f"{NETWORK}.{third}.{first + 2}",
    )
    try:
        _ip("netns", "add", made.namespace)
        _ip("link", "add", made.link, "type", "veth", "peer", "name", made.peer)
        _ip("link", "set", made.peer, "netns", made.namespace)
        _ip("addr", "add", f"{made.ours}/30", "dev", made.link)
        _ip("link", "set", made.link, "up")
        for arguments in (
            ("addr", "add", f"{made.theirs}/30", "dev", made.peer),
            ("link", "set", made.peer, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", made.namespace, *arguments)
    except BaseException:
        _remove(made.namespace, made.link)
        raise
    return made


def _remove(namespace: str, link: str) -> None:
    """End what runs inside, then take pair and namespace away; missing ones are no matter."""
    with suppress(NoNamespaces):
        for pid in _ip("netns", "pids", namespace).split():
            _end(int(pid))
    with suppress(NoNamespaces):
        _ip("link", "del", link)
    with suppress(NoNamespaces):
        _ip("netns", "del", namespace)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            _kill(handle)
        finally:
            os.close(handle)


def _kill(handle: int) -> None:
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [], END_SECONDS)


def _is_here(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it runs and is still on our side."""
    try:
        return process.poll() is None and _network(process.pid) == _network(os.getpid())
    except OSError:
        return False


def _network(pid: int) -> int:
    return Path(f"/proc/{pid}/ns/net").stat().st_ino


def _namespaces() -> list[str]:
    try:
        return [line.split()[0] for line in _ip("netns", "list").splitlines() if line]
    except NoNamespaces:
        return []


def _lives(pid: int, ticks: int) -> bool:
    try:
        return start_ticks(pid) == ticks
    except OSError:
        return False


def _ip(*arguments: str) -> str:
    """Raises: NoNamespaces."""
    try:
        done = subprocess.run(
            ["ip", *arguments], capture_output=True, text=True, check=True, timeout=END_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise NoNamespaces(f"`ip {' '.join(arguments)}`: {error.stderr.strip()}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise NoNamespaces(f"`ip` cannot be run: {error}") from error
    return done.stdout
