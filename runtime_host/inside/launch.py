"""The first process of a sandbox: take the job from stdin, run the agent, tell stdout.

In:  length (4 bytes, big endian), job as Python's marshal, then the bundle and the payload, whose
     sizes the job states. stdin then stays open: its end means that the host is gone, so we go.
Out: frames of kind (1 byte), length (4 bytes, big endian), body. `A` we take a job, with 16 bytes
     that no other sandbox has; `S` the agent starts, said before it does; `O` and `E` bytes of its
     stdout and stderr; `P` a limit's mark; `F` result.json; `X` how it ended, as JSON with those 16
     bytes, the last frame; `R` instead of a start: the bundle was refused, with the reason.

An agent cannot forge frames. It runs under another user than this process, which has given up
its own rights before it reads the first byte of the job, so the agent can neither signal nor
trace it nor open its descriptors by /proc; and of the descriptors it inherits none.

Standard library only, and little of it: every import is paid at each sandbox's start. json alone
would be a quarter of it, so a job comes in the form that every interpreter reads unasked.
"""

import marshal
import os
import select
import sys
import time

from runtime_host.inside.agent_process import AGENT_GID, AgentProcess
from runtime_host.inside.ustar import ArchiveRefused, entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LAUNCHER_UID = 65533

BUNDLE, REQUEST, RESULT = "/bundle", "/input/request.json", "/output/result.json"
WRITABLE = ("/tmp", "/output", "/dev/shm")  # noqa: S108  # paths inside the sandbox

NONCE_BYTES = 16
MAX_JOB_BYTES = 64 * 1024
MAX_RESULT_BYTES = 1024 * 1024
CHUNK_BYTES = 32 * 1024
# Bytes still taken from the agent's pipes once it has ended and others hold them open.
MAX_DRAIN_BYTES = 1024 * 1024
TICK_SECONDS = 0.1
SHORTEST_SECONDS = 0.001
# A tmpfs with less than this left is full: small files take whole pages.
FULL_BELOW_BYTES = 16 * 1024


def main(agent: AgentProcess) -> None:
    """Run one job and leave; the sandbox ends with this process."""
    os.setgroups([])
    os.setresgid(AGENT_GID, AGENT_GID, AGENT_GID)
    os.setresuid(LAUNCHER_UID, LAUNCHER_UID, LAUNCHER_UID)
    if not select.select([0], [], [], 0)[0]:
        # Parked: whoever takes us finds everything started.
        agent.await_ready()
    nonce = os.urandom(NONCE_BYTES)
    _send(b"A", nonce)
    # The host's, who starts and ends us at its will.
    job = marshal.loads(_read_exactly(_read_length(MAX_JOB_BYTES)))  # noqa: S302
    bundle = _read_exactly(job["bundle_bytes"])
    try:
        _unpack(bundle)
    except (ArchiveRefused, OSError) as exc:
        _send(b"R", str(exc).encode())
        return
    del bundle
    _write_file(REQUEST, _read_exactly(job["payload_bytes"]), 0o444)
    if not os.path.isfile(BUNDLE + "/" + job["entrypoint"]):  # noqa: PTH113  # pathlib is slow to import
        _send(b"R", b"the entrypoint is not in the bundle")
        return
    _send(b"S", b"")
    start = {name: job[name] for name in ("argv", "becomes", "environment", "filter", "rlimits")}
    # Where nobody waited ahead, the job is there before the agent's process asks for it.
    agent.start(marshal.dumps(start))
    agent.await_ready()
    _Watch(agent, job, nonce).until_the_end()


class _Watch:
    """Carry the agent's output out and notice the limits it runs into, until it ends."""

    def __init__(self, agent: AgentProcess, job: "dict[str, Any]", nonce: bytes) -> None:
        self._agent = agent
        self._nonce = nonce
        self._max_processes = job["max_processes"]
        self._streams = {agent.stdout: b"O", agent.stderr: b"E"}
        self._marks: set[bytes] = set()
        self._poll = select.poll()
        self._poll.register(0, 0)
        for descriptor in self._streams:
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)

    def until_the_end(self) -> None:
        """Return when the agent has ended and everything is told."""
        next_tick = time.monotonic() + TICK_SECONDS
        status, pause = None, SHORTEST_SECONDS
        while status is None:
            wait = TICK_SECONDS
            if not self._streams:
                # It has closed all we hear it by: most have ended, and some go on.
                wait, pause = pause, min(2 * pause, TICK_SECONDS)
            for descriptor, _ in self._poll.poll(wait * 1000):
                if descriptor == 0:
                    os._exit(0)
                self._carry(descriptor)
            if not self._streams or time.monotonic() >= next_tick:
                status = self._reap()
                if status is None:
                    self._look_at_limits()
                next_tick = time.monotonic() + TICK_SECONDS
        self._finish(status)

    def _carry(self, descriptor: int) -> int:
        """Send what one stream has; 0 when it has nothing now or no more."""
        try:
            data = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return 0
        if data:
            _send(self._streams[descriptor], data)
        else:
            self._poll.unregister(descriptor)
            del self._streams[descriptor]
        return len(data)

    def _reap(self) -> int | None:
        """Take what has ended, adopted orphans too; the agent's own status when it is among it."""
        while True:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if info is None:
                return None
            if info.si_pid == self._agent.pid:
                self._look_at_limits()
            pid, status = os.waitpid(info.si_pid, 0)
            if pid == self._agent.pid:
                return os.waitstatus_to_exitcode(status)

    def _look_at_limits(self) -> None:
        for path in WRITABLE:
            space = os.statvfs(path)
            if space.f_blocks and space.f_bavail * space.f_bsize < FULL_BELOW_BYTES:
                self._mark(b"disk")
        if _tasks_of_the_agent() >= self._max_processes:
            self._mark(b"processes")

    def _mark(self, name: bytes) -> None:
        if name not in self._marks:
            self._marks.add(name)
            _send(b"P", name)

    def _finish(self, exit_code: int) -> None:
        drained = 0
        for descriptor in list(self._streams):
            while drained < MAX_DRAIN_BYTES and (taken := self._carry(descriptor)):
                drained += taken
        problem = _send_result()
        told = "null" if problem is None else f'"{problem}"'
        end = f'{{"exit_code": {exit_code}, "nonce": "{self._nonce.hex()}", "problem": {told}}}'
        _send(b"X", end.encode())


def _tasks_of_the_agent() -> int:
    """Processes and threads inside, this process excluded, zombies included."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib is slow to import
        if name.isdigit() and name != "1":
            try:
                count += max(1, len(os.listdir(f"/proc/{name}/task")))  # noqa: PTH208
            except OSError:
                # A zombie has a number and nothing below it.
                count += 1
    return count


def _send_result() -> str | None:
    """Send result.json if there is a sound one; else say what is wrong, in words JSON holds."""
    try:
        descriptor = os.open(RESULT, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as exc:
        return f"result.json cannot be read: {exc.strerror}"
    if os.fstat(descriptor).st_mode & 0o170000 != 0o100000:
        return "result.json is not a file"
    data = b""
    while len(data) <= MAX_RESULT_BYTES and (piece := os.read(descriptor, MAX_RESULT_BYTES)):
        data += piece
    if len(data) > MAX_RESULT_BYTES:
        return f"result.json is larger than {MAX_RESULT_BYTES} bytes"
    _send(b"F", data)
    return None


def _unpack(bundle: bytes) -> None:
    for entry in entries(bundle):
        path = f"{BUNDLE}/{entry.name}"
        if entry.folder:
            os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103
            continue
        os.makedirs(path.rpartition("/")[0], mode=0o755, exist_ok=True)  # noqa: PTH103
        _write_file(path, entry.data, 0o555 if entry.executable else 0o444)


def _write_file(path: str, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.close(descriptor)


def _read_length(cap: int) -> int:
    length = int.from_bytes(_read_exactly(4), "big")
    if length > cap:
        sys.exit("the job is too large")
    return length


def _read_exactly(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(0, min(count, 1024 * 1024))
        if not piece:
            os._exit(0)
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _send(kind: bytes, body: bytes) -> None:
    rest = memoryview(kind + len(body).to_bytes(4, "big") + body)
    while rest:
        rest = rest[os.write(1, rest) :]
