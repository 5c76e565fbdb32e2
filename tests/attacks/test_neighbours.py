"""Two sandboxes side by side know nothing of one another, and one that bullies harms no other."""

import threading
from typing import Final

import pytest

from pipeline.execution import MIB, ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from tests.attacks.site import Site

pytestmark = pytest.mark.runsc

NAME = "awgp-neighbour"
WAITS = f"""
import os, socket, time
listeners = []
for family, kind, address in (
    (socket.AF_UNIX, socket.SOCK_STREAM, "\\0{NAME}"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/tmp/{NAME}"),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 4444)),
    (socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 4445)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 4444)),
):
    listeners.append(socket.socket(family, kind))
    listeners[-1].bind(address)
    listeners[-1].setblocking(False)
    if kind == socket.SOCK_STREAM:
        listeners[-1].listen()
for folder in ("/tmp", "/output", "/dev/shm"):
    open(folder + "/{NAME}.left", "w").write("mine")
print("waiting", flush=True)
time.sleep(99)
"""
COMES = f"""
import os, socket
for address in ("\\0{NAME}", "/tmp/{NAME}"):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        print("reached", repr(address))
    except OSError:
        pass
for port in (4444, 4445):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5)
        print("reached", port)
    except OSError:
        pass
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", 4444))
except OSError:
    pass
for folder in ("/tmp", "/output", "/dev/shm"):
    print(*(f"found {{name}}" for name in os.listdir(folder)), end="")
print(*(p for p in os.listdir("/proc") if p.isdigit() and int(p) > 1 and int(p) != os.getpid()),
    end="")
"""
BULLY = """
import os
for _ in range(4): os.fork()
while True: os.getppid()
"""

# To begin beside others that keep every processor and the kernel's locks.
PATIENCE_SECONDS: Final = 300.0


class Beside:
    """A run that goes on until it is killed."""

    def __init__(self, site: Site, program: str | ExecutionSpec, *, until: str = "") -> None:
        self._said = threading.Event()
        self._until = until
        # Time enough to wait for others where the machine is busy.
        limits: dict[str, float] = {"processes": 32, "memory_bytes": 128 * MIB, "wall_seconds": 600}
        spec = site.spec_of(program, **limits) if isinstance(program, str) else program
        self._running = site.host.client.launch(spec, 600)
        self.result: ExecutionResult | None = None
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        assert not until or self._said.wait(PATIENCE_SECONDS)

    def _follow(self) -> None:
        with self._running as running:
            self.result = running.wait(self._hear)

    def _hear(self, line: OutputLine) -> None:
        if line.text == self._until:
            self._said.set()

    def kill(self) -> ExecutionResult:
        self._running.kill()
        return self.joined()

    def joined(self) -> ExecutionResult:
        self._thread.join(60)
        assert self.result is not None
        return self.result


def test_a_sandbox_neither_reaches_nor_sees_another(site: Site) -> None:
    waiting = Beside(site, WAITS, until="waiting")
    try:
        came = site.run(COMES)
        assert (came.reason, came.lines) == (ExitReason.OK, ()), came
    finally:
        kept = waiting.kill()
    assert [line.text for line in kept.lines] == ["waiting"]


def test_an_innocent_run_succeeds_while_others_attack(site: Site) -> None:
    bullies = [Beside(site, BULLY) for _ in range(2)]
    try:
        innocent = site.run("print('here')")
        assert (innocent.reason, len(innocent.lines)) == (ExitReason.OK, 1), innocent
    finally:
        reasons = {bully.kill().reason for bully in bullies}
    assert reasons == {ExitReason.KILLED}
