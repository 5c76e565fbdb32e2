"""The host's side of the owner of memories: start it when one is first needed, lend, forget, end.

A host whose runs remember nothing never starts it.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from pipeline.errors import AwgpError
from runtime_host.cgroups import Cgroup, CgroupTree

log = structlog.get_logger()

# The last of those that gateways may become (runtime_host/gateway/beside.py), and none of theirs.
USER: Final = 61183
# Of its group, among those of the host's sandboxes, which have longer names.
GROUP: Final = "memory"
# It took 24 MiB with 20000 vectors of 768 numbers, whose files are mapped and can be read again.
# The rest is for requests that come at once, of 16 MiB each at most.
MEMORY_BYTES: Final = 1024 * 1024 * 1024
# One for each execution that remembers, one for each collection that is open, and the engine's.
TASKS: Final = 1024
# Of memory that is no file, where no group holds it; above its cap where one does, because threads
# that never use their stacks count.
DATA_BYTES: Final = 2 * 1024 * 1024 * 1024
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
        memory_bytes: What the owner may take of the machine's, where that can be capped.
    """

    folder: Path
    url: str = ""
    api_key_file: Path | None = None
    certificates: str | None = None
    memory_bytes: int = MEMORY_BYTES

    @property
    def data_bytes(self) -> int:
        """Of memory that is no file."""
        return max(DATA_BYTES, 2 * self.memory_bytes)


class MemoryKeeper:
    """Owns the owner. Used by several threads."""

    def __init__(self, settings: MemorySettings) -> None:
        self._settings = settings
        self._groups: CgroupTree | None = None
        self._lock = threading.Lock()
        self._owner: OwnerProcess | None = None

    def live_in(self, groups: CgroupTree) -> None:
        """Have the owner capped in a group made there, from its next start on."""
        self._groups = groups

    def lend(self, end: socket.socket, *, tenant: UUID, assistant: UUID, entries: int) -> None:
        """Have whoever holds the other end of a connection served, as this assistant's.

        Args:
            entries: How many the assistant may hold.

        Raises:
            MemoryUnavailable: As it says.
        """
        self._send(lending(tenant=tenant, assistant=assistant, entries=entries), end)

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
        with self._lock:
            for last in (False, True):
                owner = self._started()
                try:
                    owner.send(order, end)
                except OSError as exc:
                    # It has let go of its end: it is about to be seen ended, and another can serve.
                    if last or not isinstance(exc, BrokenPipeError | ConnectionResetError):
                        raise MemoryUnavailable("the owner of memories went away") from exc
                    self._end()
                else:
                    return

    def _started(self) -> "OwnerProcess":
        if self._owner is not None and self._owner.lives():
            return self._owner
        self._end()
        try:
            self._owner = OwnerProcess(self._settings, self._groups, self._tell_end)
        except MemoryUnavailable as exc:
            log.error("memory_refuses", why=str(exc))
            raise
        log.info("memory_serves", at=self._settings.url or str(self._settings.folder))
        return self._owner

    def _end(self) -> None:
        if self._owner is not None:
            self._owner.end()
            self._owner = None

    def _tell_end(self, why: str) -> None:
        log.error("memory_ended", why=why, memory_bytes=self._settings.memory_bytes)


class OwnerProcess:
    """The owner, ready: its process, the host's end of its control, its group.

    Args:
        groups: Where its group is made; None for nowhere.
        tell_end: Told, in a thread of its own, why it ended where nobody asked for that.

    Raises:
        MemoryUnavailable: It did not start; nothing is left of it.
    """

    def __init__(
        self,
        settings: MemorySettings,
        groups: CgroupTree | None,
        tell_end: Callable[[str], None],
    ) -> None:
        self._tell_end = tell_end
        self._memory_bytes = settings.memory_bytes
        self._asked = self._slow = False
        self._group = _group(settings, groups)
        self._kills = self._group.oom_kills()
        self._control, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._watcher: threading.Thread | None = None
        try:
            with its:
                self._process = _start(settings, its, self._group)
        except OSError as exc:
            self._control.close()
            self._remove_group()
            raise MemoryUnavailable(f"the owner of memories did not start: {exc}") from exc
        self._descriptor = os.pidfd_open(self._process.pid)
        try:
            self._await_ready()
        except BaseException:
            self.end()
            raise
        self._watcher = threading.Thread(target=self._watch, name="owner of memories", daemon=True)
        self._watcher.start()

    def send(self, order: Mapping[str, object], end: socket.socket) -> None:
        """Have something done, and told over the other end of a connection.

        Raises:
            OSError: It went away.
        """
        socket.send_fds(self._control, [json.dumps(order).encode()], [end.fileno()])

    def lives(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Have it write down what was put in, and end."""
        self._asked = True
        self._control.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._slow = True
            self._process.kill()
            self._process.wait()
        if self._watcher is not None:
            self._watcher.join()
        os.close(self._descriptor)
        self._remove_group()

    def _remove_group(self) -> None:
        # What is left of it is swept at the host's next start.
        with contextlib.suppress(OSError):
            self._group.remove()

    def _await_ready(self) -> None:
        self._control.settimeout(START_SECONDS)
        try:
            said = _heard(self._control)
            self._control.settimeout(SEND_SECONDS)
        except OSError as exc:
            raise MemoryUnavailable("the owner of memories did not start") from exc
        if "ready" in said:
            return
        why = said.get("refuses")
        if why is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
            why = f"{self._why()}, with {self._memory_bytes >> 20} MiB of memory"
        raise MemoryUnavailable(f"the owner of memories did not start: {why}")

    def _watch(self) -> None:
        """By its descriptor: who waits for a process keeps others from asking whether it lives."""
        ended = select.poll()
        ended.register(self._descriptor, select.POLLIN)
        ended.poll()
        if self._process.wait() != 0 or not self._asked:
            self._tell_end(self._why())

    def _why(self) -> str:
        """Why it ended, in a word or two: `oom` where the kernel did for want of memory."""
        status = self._process.poll()
        if self._group.oom_kills() > self._kills:
            return "oom"
        if self._slow or status is None:
            return f"it took over {END_SECONDS:g} s to end"
        return f"signal {-status}" if status < 0 else f"status {status}"


def lending(*, tenant: UUID, assistant: UUID, entries: int) -> dict[str, object]:
    """The order to serve whoever has the other end, as this assistant's."""
    return {"tenant": str(tenant), "assistant": str(assistant), "entries": entries}


def _group(settings: MemorySettings, groups: CgroupTree | None) -> Cgroup:
    if groups is None:
        return Cgroup({}, {})
    try:
        made = groups.create(GROUP, memory_bytes=settings.memory_bytes, tasks=TASKS)
        # Its share is a sandbox's; how many processors one of those may take is not its matter.
        made.cap_processors(None)
    except OSError as exc:
        raise MemoryUnavailable(f"the owner of memories could not be capped: {exc}") from exc
    return made


def _heard(control: socket.socket) -> dict[str, Any]:
    """What it said; nothing once it ended."""
    said = control.recv(MAX_ANSWER_BYTES)
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


def _start(
    settings: MemorySettings, its: socket.socket, group: Cgroup
) -> "subprocess.Popen[bytes]":
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
    told = [str(number), str(settings.folder), str(user), str(settings.data_bytes)]
    return subprocess.Popen(
        [*group.entering, *program, *told],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[number],
        env=environment,
        cwd="/",
        start_new_session=True,
    )
