"""A sandbox that is a container of a Docker engine, attached to before it was started."""

import contextlib
import os
import socket
import struct
import threading
from typing import Final

from runtime_host.cgroups import Cgroup
from runtime_host.docker_engine import DockerEngine, Started
from runtime_host.gateway.beside import Gateway
from runtime_host.sandbox import READ_BYTES, Heard

# As the engine's API has it: which stream, three bytes of nothing, and how much of it follows.
_FRAME: Final = struct.Struct(">BxxxI")
_STDOUT: Final = 1


class Demultiplexer:
    """Takes an attached stream apart; holds less than one frame's header."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0
        self._stream = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What of these bytes is stdout, and what is stderr."""
        parts = bytearray(), bytearray()
        rest = memoryview(data)
        while rest:
            if not self._left:
                missing = _FRAME.size - len(self._header)
                self._header += rest[:missing]
                rest = rest[missing:]
                if len(self._header) < _FRAME.size:
                    break
                self._stream, self._left = _FRAME.unpack(self._header)
                self._header.clear()
            parts[self._stream != _STDOUT].extend(rest[: self._left])
            taken = min(self._left, len(rest))
            self._left -= taken
            rest = rest[taken:]
        return bytes(parts[0]), bytes(parts[1])


class DockerSandbox:
    """Started, and not yet given anything to run.

    Args:
        name: Ours for it.
        group: The container's own, where this process sees it; else an empty one.
        caps_memory: Whether the engine caps memory.
        gateway: Its way out, if it has one; not in its group.
    """

    def __init__(
        self,
        engine: DockerEngine,
        name: str,
        started: Started,
        group: Cgroup,
        *,
        caps_memory: bool,
        gateway: Gateway | None = None,
    ) -> None:
        self.name = name
        self.gateway = gateway
        self.nonce = ""
        self.caps_memory = caps_memory
        self._engine = engine
        self._container = started.container
        self._stream = started.stream
        self._stream.setblocking(False)
        # Of its own, because one descriptor is not waited for twice.
        self.stdin = os.dup(started.stream.fileno())
        self._parts = Demultiplexer()
        self._group = group
        self._ended = False
        self._oom_kills = 0
        self._asked = False
        self._peak: int | None = None
        self._cpu_us: int | None = None

    @property
    def sources(self) -> tuple[int, ...]:
        """The attached stream, which ends with the container."""
        return (self._stream.fileno(),)

    def read(self, source: int) -> Heard:
        """What the engine has sent on."""
        try:
            data = os.read(source, READ_BYTES)
        except BlockingIOError:
            return Heard()
        except ConnectionResetError:
            data = b""
        if not data:
            self._ended = True
            return Heard(closed=True, ended=True)
        frames, noise = self._parts.feed(data)
        return Heard(frames=frames, noise=noise)

    def lives(self) -> bool:
        """Whether it waits still, and its gateway: one that says anything is as good as dead."""
        if self.gateway is not None and not self.gateway.lives():
            return False
        try:
            self._stream.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def limit(self, *, memory_bytes: int, tasks: int) -> None:
        """Set the container's caps anew, past the engine, which cannot do it with runsc.

        Raises:
            OSError: They cannot be written.
        """
        if not self._group.has_memory or not self._group.has_tasks:
            raise PermissionError("the container's groups are out of reach")
        self._group.limit(memory_bytes=memory_bytes, tasks=tasks)

    def oom_kills(self) -> int:
        """As its group counts them, or the engine says of a container that ended."""
        self._oom_kills = max(self._oom_kills, self._group.oom_kills())
        self._look()
        if (self._ended or self._group.gone) and not self._oom_kills and not self._asked:
            self._asked = True
            self._oom_kills = int(self._engine.was_out_of_memory(self._container))
        return self._oom_kills

    def peak_bytes(self) -> int | None:
        """As its group had it last."""
        self._look()
        return self._peak

    def cpu_us(self) -> int | None:
        """As its group had it last."""
        self._look()
        return self._cpu_us

    def _look(self) -> None:
        """Keep what the group says: it goes with the container, before anybody is asked."""
        self._peak = self._group.peak_bytes() or self._peak
        self._cpu_us = self._group.cpu_us() or self._cpu_us

    def kill(self) -> bool:
        """The engine is asked for that together with the removal."""
        return False

    def end(self) -> None:
        """Kill what is inside at once where we may, then have the engine remove it."""
        # Whatever becomes of the rest: an execution that is over calls nobody any more.
        if self.gateway is not None:
            self.gateway.silence()
        # The engine takes three times as long.
        with contextlib.suppress(OSError):
            self._group.kill()
        try:
            self._remove()
        finally:
            if self.gateway is not None:
                self.gateway.end()

    def _remove(self) -> None:
        # An engine whose client leaves while output is pending waits for a reader for ever, and
        # with it who has it remove the container: so all is read until it is gone.
        self._stream.setblocking(True)
        rest = threading.Thread(target=_discard, args=(self._stream,), daemon=True)
        rest.start()
        try:
            self._engine.remove(self._container)
        finally:
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_RDWR)
            rest.join()
            os.close(self.stdin)
            self._stream.close()


def _discard(stream: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while stream.recv(READ_BYTES):
            pass
