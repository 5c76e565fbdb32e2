"""The host's side of the owner of memories: start it when one is first needed, lend, forget, end.

A host whose runs remember nothing never starts it.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from pipeline.errors import AwgpError

log = structlog.get_logger()

# The last of those that gateways may become (runtime_host/gateway/beside.py), and none of theirs.
USER: Final = 61183
MAX_ANSWER_BYTES: Final = 4096
# An owner before it may take its time to let the folder go.
START_SECONDS: Final = 40.0
SEND_SECONDS: Final = 10.0
FORGET_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0


class MemoryUnavailable(AwgpError):
    """There is no owner of memories, or it does not do what it must; one line says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySettings:
    """Where memories are.

    Args:
        folder: Of the embedded engine, on a local disk.
        url: Of a Qdrant server in its place; empty for none.
        api_key_file: A file with its key; None where it asks for none.
        certificates: File of the authorities to believe; None is those Python brings.
    """

    folder: Path
    url: str = ""
    api_key_file: Path | None = None
    certificates: str | None = None


class MemoryKeeper:
    """Owns the owner. Used by several threads."""

    def __init__(self, settings: MemorySettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def lend(self, end: socket.socket, *, tenant: UUID, assistant: UUID, entries: int) -> None:
        """Have whoever holds the other end of a connection served, as this assistant's.

        Args:
            entries: How many the assistant may hold.

        Raises:
            MemoryUnavailable: As it says.
        """
        order = {"tenant": str(tenant), "assistant": str(assistant), "entries": entries}
        self._send(order, end)

    def forget(self, tenant: UUID, assistant: UUID | None) -> int:
        """Remove an assistant's memory, or a whole tenant's; how many collections there were.

        Executions that remember there find their memory away from then on.

        Raises:
            MemoryUnavailable: As it says.
        """
        order = {"tenant": str(tenant), "assistant": None if assistant is None else str(assistant)}
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with its:
                self._send(order, its)
            ours.settimeout(FORGET_SECONDS)
            try:
                said = _heard(ours)
            except OSError as exc:
                raise MemoryUnavailable("the owner of memories does not answer") from exc
        if "forgotten" not in said:
            raise MemoryUnavailable(f"the memory could not be removed: {said.get('failed')}")
        return int(said["forgotten"])

    def close(self) -> None:
        """End it, with what was put in written down."""
        with self._lock:
            self._end()

    def _send(self, order: Mapping[str, object], end: socket.socket) -> None:
        said = json.dumps(order).encode()
        with self._lock:
            for last in (False, True):
                control = self._started()
                try:
                    socket.send_fds(control, [said], [end.fileno()])
                except OSError as exc:
                    # It has let go of its end: it is about to be seen ended, and another can serve.
                    if last or not isinstance(exc, BrokenPipeError | ConnectionResetError):
                        raise MemoryUnavailable("the owner of memories went away") from exc
                    self._end()
                else:
                    return

    def _started(self) -> socket.socket:
        if self._process is not None and self._process.poll() is None and self._control is not None:
            return self._control
        self._end()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = _start(self._settings, its)
        self._control = ours
        ours.settimeout(START_SECONDS)
        try:
            said = _heard(ours)
            ours.settimeout(SEND_SECONDS)
        except OSError as exc:
            self._end()
            raise MemoryUnavailable("the owner of memories did not start") from exc
        if "ready" not in said:
            self._end()
            why = str(said.get("refuses", "it ended"))
            log.error("memory_refuses", why=why)
            raise MemoryUnavailable(f"the owner of memories did not start: {why}")
        log.info("memory_serves", at=self._settings.url or str(self._settings.folder))
        return ours

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
            self._process.kill()
            self._process.wait()
            self._process = None


def _heard(control: socket.socket) -> dict[str, Any]:
    """What it said; nothing once it ended."""
    said = control.recv(MAX_ANSWER_BYTES)
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


def _start(settings: MemorySettings, its: socket.socket) -> "subprocess.Popen[bytes]":
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    if settings.url:
        environment["AWGP_QDRANT_URL"] = settings.url
    if settings.api_key_file is not None:
        environment["AWGP_QDRANT_API_KEY_FILE"] = str(settings.api_key_file)
    if settings.certificates is not None:
        environment["SSL_CERT_FILE"] = settings.certificates
    number = its.fileno()
    user = USER if os.geteuid() == 0 else 0
    program = [sys.executable, "-I", "-B", "-m", "runtime_host.memory"]
    return subprocess.Popen(
        [*program, str(number), str(settings.folder), str(user)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[number],
        env=environment,
        cwd="/",
        start_new_session=True,
    )
