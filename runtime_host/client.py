"""Reach the machine's runtime host: ask what it offers, launch one execution, follow it.

    with HostClient(path).launch(spec, lease_seconds=30) as launched:
        result = launched.wait(on_line=show)      # another thread calls launched.renew(30)

The connection is the sandbox's life: leaving the block, or dying, kills what still runs.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from pipeline.errors import AwgpError
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from pipeline.gateway_call import GatewayCall
from runtime_host.launch_frame import decode_call, decode_line, decode_result, encode_launch
from runtime_host.memory.orders import encode_forget
from runtime_host.wire import Decoder, Frame, WireBroken, encode, receive

ANSWER_SECONDS = 30.0
# Longer than the owner of memories is given.
FORGET_SECONDS = 120.0


class HostUnavailable(AwgpError):
    """The runtime host cannot be reached, or went away before it launched anything."""


class LaunchRefused(AwgpError):
    """The host does not run this. `error` is its stable name for why."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDescription:
    """What a host offers.

    Args:
        runtimes: Digest of each runtime by name.
        enforced: The limits and fences that hold on that machine.
        not_enforced: What does not, with what holds in its place.
        sandboxes: How many it runs at once.
        warm: How many it keeps started ahead, and what became of those since its start.
        parked: Names of those that wait now.
    """

    runtimes: dict[str, str]
    driver: str
    version: str
    platform: str
    enforced: tuple[str, ...]
    not_enforced: dict[str, str]
    sandboxes: int
    warm: dict[str, float]
    parked: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def ahead(self) -> frozenset[str]:
        """Names of all that is there for runs to come: sandboxes, and places for them."""
        return frozenset((*self.parked, *self.waiting))


class Launched:
    """One execution under way. `wait` in one thread; `renew` and `kill` from any."""

    def __init__(self, connection: socket.socket, decoder: Decoder) -> None:
        self._connection = connection
        self._decoder = decoder
        self._sending = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing alone would not wake another thread that waits on it.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def renew(self, seconds: float) -> None:
        """Let it run this much longer from now.

        Raises:
            HostUnavailable: The connection is gone, and so is the sandbox.
        """
        self._send({"type": "renew", "seconds": seconds})

    def kill(self) -> None:
        """End it now; `wait` then gives a result with reason `killed`."""
        with contextlib.suppress(HostUnavailable):
            self._send({"type": "kill"})

    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult:
        """Follow it to its end.

        A connection that is lost gives reason `host_lost`: whether the agent did its work is
        then not known.

        Raises:
            LaunchRefused: The sandbox itself could not be started.
        """
        lines: list[OutputLine] = []
        calls: list[GatewayCall] = []
        try:
            while True:
                frame = receive(self._connection, self._decoder)
                if frame.type == "line":
                    lines.append(decode_line(frame))
                    if on_line is not None:
                        on_line(lines[-1])
                elif frame.type == "call":
                    calls.append(decode_call(frame))
                elif frame.type == "result":
                    return decode_result(frame, tuple(lines), tuple(calls))
                else:
                    _raise_if_refused(frame)
        except (WireBroken, OSError) as exc:
            return _host_lost(tuple(lines), str(exc))

    def _send(self, body: dict[str, Any]) -> None:
        try:
            with self._sending:
                self._connection.sendall(encode(body))
        except OSError as exc:
            raise HostUnavailable("the runtime host went away") from exc


class HostClient:
    """The runtime host behind one socket; holds no connection between calls."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def describe(self) -> HostDescription:
        """What the host offers.

        Raises:
            HostUnavailable: It cannot be reached.
        """
        connection = self._connect()
        with connection:
            body = self._ask(connection, Decoder(), encode({"type": "describe"})).body
        return HostDescription(
            runtimes=body["runtimes"],
            driver=body["driver"],
            version=body["version"],
            platform=body["platform"],
            enforced=tuple(body["enforced"]),
            not_enforced=body["not_enforced"],
            sandboxes=body["sandboxes"],
            warm=body["warm"],
            parked=tuple(body["parked"]),
            # A host of the version before has none.
            waiting=tuple(body.get("waiting", ())),
        )

    def forget(self, tenant: UUID, assistant: UUID | None = None) -> int:
        """Remove what an assistant remembers, or every one of a tenant; how many collections.

        Raises:
            HostUnavailable: The host cannot be reached.
            LaunchRefused: It could not be removed.
        """
        connection = self._connect()
        with connection:
            connection.settimeout(FORGET_SECONDS)
            return int(
                self._ask(connection, Decoder(), encode_forget(tenant, assistant)).body[
                    "collections"
                ]
            )

    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> Launched:
        """Start one execution; it dies unless renewed within its lease.

        Raises:
            HostUnavailable: The host cannot be reached; nothing was started.
            LaunchRefused: The host does not run this; nothing was started.
        """
        try:
            request = encode_launch(spec, lease_seconds)
        except WireBroken as exc:
            raise LaunchRefused("spec_invalid", str(exc)) from exc
        connection, decoder = self._connect(), Decoder()
        try:
            self._ask(connection, decoder, request)
        except BaseException:
            connection.close()
            raise
        connection.settimeout(None)
        return Launched(connection, decoder)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(self._socket_path))
        except OSError as exc:
            connection.close()
            raise HostUnavailable(
                f"no runtime host answers at {self._socket_path}: {exc.strerror}"
            ) from exc
        return connection

    def _ask(self, connection: socket.socket, decoder: Decoder, request: bytes) -> Frame:
        try:
            connection.sendall(request)
            frame = receive(connection, decoder)
        except (WireBroken, OSError) as exc:
            raise HostUnavailable(f"the runtime host went away: {exc}") from exc
        _raise_if_refused(frame)
        return frame


def _raise_if_refused(frame: Frame) -> None:
    if frame.type == "refused":
        raise LaunchRefused(str(frame.body.get("error")), str(frame.body.get("message")))


def _host_lost(lines: tuple[OutputLine, ...], why: str) -> ExecutionResult:
    return ExecutionResult(
        reason=ExitReason.HOST_LOST,
        exit_code=None,
        result=None,
        lines=lines,
        truncated=True,
        duration_ms=lines[-1].offset_ms if lines else 0,
        peak_memory_bytes=None,
        detail=f"the runtime host went away: {why}",
    )
