"""A network of a runtime host's own, with somebody at every address an agent may be led to.

The host's processes get a network namespace and a mount namespace. In the first are this machine
(127.0.0.1, ::1) and, behind a link, all that is not: an address of the internet, one inside the
company's network, a cloud's metadata service. Nothing leaves it. In the second the resolver asks
a name server of ours. Needs root and iproute2.
"""

import ctypes
import os
import shutil
import socket
import socketserver
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from tests.attacks.name_server import NameServer, Script
from tests.conftest import missing
from tests.integration.gateway_server import Server

PUBLIC: Final = "8.8.8.8"
INSIDE: Final = "10.1.2.3"
METADATA: Final = "169.254.169.254"
# The link's ends; nobody else is there, or the resolver would put a neighbour first of several.
OURS: Final = "10.9.9.1"
WAY_OUT: Final = "10.9.9.2"
NAME_SERVER: Final = "127.53.53.53"
CLONE_NEWNET: Final = 0x40000000
POLL_SECONDS: Final = 0.05
# Asked once and waited for: a lookup that is tried again would count as two.
RESOLVER: Final = f"nameserver {NAME_SERVER}\nsearch .\noptions timeout:30 attempts:1\n"
NAMES: Final = "hosts: files dns\n"
# A shell, because the part is what comes of it in the end. What caches names would not ask us.
ENTER: Final = """
for each in resolv.conf nsswitch.conf; do mount --bind "$1/$each" "/etc/$each" || exit 97; done
[ ! -d /run/nscd ] || mount -t tmpfs none /run/nscd || exit 97
shift
exec "$@"
"""


T = TypeVar("T")


class Namespace:
    """A network of its own, which is there until it is closed and nobody is in it."""

    def __init__(self) -> None:
        def made() -> int:
            _call("unshare", CLONE_NEWNET)
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        self._descriptor = _in_a_thread(made)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def path(self) -> str:
        """For other processes."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def make(self, what: Callable[[], T]) -> T:
        """What is made inside stays inside: a socket, say, whoever uses it then."""

        def made() -> T:
            _call("setns", self._descriptor, CLONE_NEWNET)
            return what()

        return _in_a_thread(made)

    def ip(self, *lines: str) -> None:
        """Run `ip` inside, once for each line."""
        for line in lines:
            self.make(partial(_run, ["ip", *line.split()]))


class Listener(socketserver.ThreadingTCPServer):
    """Notes to which address somebody came."""

    address_family = socket.AF_INET6
    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, handler: type[socketserver.BaseRequestHandler]) -> None:
        self.came: list[str] = []
        super().__init__(("::", port), handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self) -> tuple[Any, Any]:
        connection, client = super().get_request()
        self.came.append(connection.getsockname()[0].removeprefix("::ffff:"))
        return connection, client


class Closes(socketserver.BaseRequestHandler):
    """Says nothing to anybody."""

    def handle(self) -> None:
        """And ends the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNetwork:
    """It is there until its block is left.

    Args:
        behind: What a command is put behind to be started in it.
        names: Whom its resolver asks.
    """

    behind: Sequence[str]
    names: NameServer
    of_the_machine: Sequence[Listener]
    beyond: Sequence[Listener]

    def came(self) -> Counter[str]:
        """How many connections there were to which address; this machine's own included."""
        return Counter(
            each for listener in (*self.of_the_machine, *self.beyond) for each in listener.came
        )


@contextmanager
def own_network(folder: Path, script: Script) -> Iterator[OwnNetwork]:
    """Make it, with servers for http and https at each address.

    Args:
        folder: For what its processes read instead of the machine's files.
        script: What the name server says.
    """
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nsenter", "unshare"))):
        missing("root with iproute2 and util-linux, for a network of its own")
    with ExitStack() as ends:
        try:
            machine, beyond = _joined(ends)
            names = machine.make(partial(NameServer, (NAME_SERVER, 53), script))
            own, others = machine.make(_closed), beyond.make(_answered)
        except (OSError, subprocess.CalledProcessError) as error:
            missing(f"a machine that lets a network be made ({error})")
        for server in (names, *own, *others):
            ends.enter_context(_serving(server))
        yield OwnNetwork(
            behind=_behind(folder, machine),
            names=names,
            of_the_machine=own,
            beyond=others,
        )


def _joined(ends: ExitStack) -> tuple[Namespace, Namespace]:
    """This machine, and all that is beyond it; the link's other end is its way to anywhere."""
    machine, beyond = ends.enter_context(Namespace()), ends.enter_context(Namespace())
    machine.ip("link set lo up", f"link add own type veth peer name other netns {beyond.path}")
    beyond.ip(
        "link set lo up",
        *(f"addr add {address}/32 dev lo" for address in (PUBLIC, INSIDE, METADATA)),
        f"addr add {WAY_OUT}/24 dev other",
        "link set other up",
    )
    machine.ip(f"addr add {OURS}/24 dev own", "link set own up", f"route add default via {WAY_OUT}")
    return machine, beyond


def _closed() -> list[Listener]:
    return [Listener(80, Closes), Listener(443, Closes)]


def _answered() -> list[Listener]:
    return [Listener(80, Server), Listener(443, Closes)]


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _behind(folder: Path, machine: Namespace) -> list[str]:
    files = {"resolv.conf": RESOLVER, "nsswitch.conf": NAMES, "enter": ENTER}
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o644)  # read by whom a gateway becomes
    enter = [f"--net={machine.path}", "unshare", "--mount", "--propagation=slave"]
    return [str(shutil.which("nsenter")), *enter, "/bin/sh", str(folder / "enter"), str(folder)]


def _in_a_thread(do: Callable[[], T]) -> T:
    """In one that ends with it: no other must find itself in another network."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).result()


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)
