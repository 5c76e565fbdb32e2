"""The host's side of a gateway: start it, give it its scope, hear its calls, end it.

Whatever ends it, the sandbox is left with a socket nobody listens at.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from pipeline.errors import AwgpError
from pipeline.gateway_call import GatewayCall
from pipeline.gateway_scope import Injection, Scope
from runtime_host.gateway.told import Told, ToldNonsense
from runtime_host.memory.beside import MemoryKeeper, MemoryUnavailable

log = structlog.get_logger()

FOLDER: Final = "gateway"
SOCKET: Final = "gateway.sock"
# Where a sandbox finds it.
INSIDE: Final = "/run/awgp"
# Four of the largest answers at once took 70 MiB, with requests as large before them 95, beside 25
# while it waits. What it takes beyond is its sandbox's.
BYTES: Final = 128 * 1024 * 1024
BACKLOG: Final = 16
MAX_LINE_BYTES: Final = 8 * 1024
END_SECONDS: Final = 5.0
# Nobody's by systemd, after those of the parts of `awgp up` (docs/decisions/0032-*.md). A gateway
# has one of them, so that few share it; the last is the owner of memories'.
USERS: Final = range(61100, 61183)


class GatewayFailed(AwgpError):
    """The gateway could not be started or did not take its scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What a host lays down for its gateways, whatever a tenant allows.

    Args:
        certificates: File of the authorities they believe; None is the system's.
        own_machine: Whether they may connect to this machine itself.
        memory: What lends them memories; None for a host that has none.
        visits: At a desk: told of the method and URL, without its query, of every request, and of
            the path of what else is asked; production hears of neither.
        open: At a desk, with `visits`: whether what was not granted is let out, to public
            addresses.
    """

    certificates: str | None = None
    own_machine: bool = False
    memory: MemoryKeeper | None = field(default=None, compare=False)
    visits: Callable[[str, str], None] | None = None
    open: bool = False


class Gateway:
    """One gateway, for the sandbox in whose folder its socket is.

    Args:
        enter: What a command is put behind to enter the sandbox's groups.
        settings: The host's own choices.
    """

    def __init__(self, folder: Path, enter: Sequence[str], settings: GatewaySettings) -> None:
        self._settings = settings
        self.folder = folder / FOLDER
        self._ids = {"sandbox": folder.name}
        self._told = Told(self._ids, settings.visits)
        self._ready = threading.Event()
        # Its way to a memory, at whose other end is nobody unless it is lent one.
        self._lent, its = socket.socketpair()
        with self._lent_or_closed(), its, _listen(self.folder) as listener:
            self.process = _start([listener, its], enter, folder.name, settings.certificates)
        self._reader = threading.Thread(target=self._hear, daemon=True)
        self._reader.start()

    def await_ready(self, seconds: float) -> None:
        """Return once it has given up its rights and waits.

        Raises:
            GatewayFailed: It did not within so many seconds.
        """
        if not self._ready.wait(seconds) or self.process.poll() is not None:
            raise GatewayFailed("the gateway did not start")

    def lives(self) -> bool:
        return self.process.poll() is None

    def attach(
        self,
        scope: Scope,
        credentials: Mapping[str, Injection] | None = None,
        *,
        tenant: UUID | None = None,
        assistant: UUID | None = None,
        **ids: str,
    ) -> None:
        """Let the sandbox do what was granted; once.

        Args:
            tenant: Whose memory it is, with `assistant`; said by the host, never by an agent.
            ids: Of whom, for the log.

        Raises:
            GatewayFailed: It is gone, or there is no memory where one was granted.
        """
        self._ids |= ids
        self._lend(scope, tenant, assistant)
        values = {name: [e.header, e.value] for name, e in (credentials or {}).items()}
        own_machine = self._settings.own_machine
        told = {"scope": scope.as_json(), "credentials": values, "own_machine": own_machine}
        told["visits"] = self._settings.visits is not None
        told["open"] = self._settings.open and told["visits"]
        line = json.dumps(told).encode() + b"\n"
        try:
            assert self.process.stdin is not None  # noqa: S101  # we asked for a pipe
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except OSError as exc:
            raise GatewayFailed("the gateway went away") from exc

    def silence(self) -> None:
        """Let nothing more out, at once; `end` is still to come."""
        self.process.kill()

    def end(self) -> None:
        """Kill it. Its calls are known then."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        self._reader.join(END_SECONDS)
        self._lent.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def calls(self) -> tuple[GatewayCall, ...]:
        """What it told of, each as it ended; complete once it was ended."""
        return self._told.calls()

    def _lend(self, scope: Scope, tenant: UUID | None, assistant: UUID | None) -> None:
        with self._lent:
            if scope.memory is None:
                return
            keeper = self._settings.memory
            if keeper is None or tenant is None or assistant is None:
                raise GatewayFailed("a memory was granted, and there is none here")
            try:
                keeper.lend(
                    self._lent, tenant=tenant, assistant=assistant, entries=scope.memory.entries
                )
            except MemoryUnavailable as exc:
                raise GatewayFailed(str(exc)) from exc

    @contextlib.contextmanager
    def _lent_or_closed(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._lent.close()
            raise

    def _hear(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  # we asked for a pipe
        first = self.process.stdout.readline(MAX_LINE_BYTES)
        if first == b"ready\n":
            self._ready.set()
        try:
            while line := self.process.stdout.readline(MAX_LINE_BYTES):
                self._told.hear(line)
        except ToldNonsense as error:
            log.error("gateway_told_nonsense", why=str(error), **self._ids)
            self.process.kill()
        self._ready.set()  # whoever waits looks whether it lives


def _listen(folder: Path) -> socket.socket:
    """A socket in a folder of its own, which is all the sandbox sees of the machine."""
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _bind(listener, folder)
        # Those outside cannot get into the folder above; inside, every user may use it.
        (folder / SOCKET).chmod(0o666)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _bind(listener: socket.socket, folder: Path) -> None:
    """By way of the folder's descriptor: a socket's path has 107 bytes at most."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{descriptor}/{SOCKET}")
    finally:
        os.close(descriptor)


def _start(
    given: Sequence[socket.socket], enter: Sequence[str], name: str, certificates: str | None
) -> "subprocess.Popen[bytes]":
    numbers = [each.fileno() for each in given]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    if certificates is not None:
        environment["SSL_CERT_FILE"] = certificates
    program = [sys.executable, "-I", "-B", "-m", "runtime_host.gateway"]
    return subprocess.Popen(
        [*enter, *program, name, str(_user(name)), *map(str, numbers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # It may write no file, and there is nobody to read it.
        stderr=subprocess.DEVNULL,
        pass_fds=numbers,
        env=environment,
        cwd="/",
        start_new_session=True,
    )


def _user(name: str) -> int:
    if os.geteuid() != 0:
        return 0
    return USERS[int(name, 16) % len(USERS)]
