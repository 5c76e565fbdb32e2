"""A sandbox as the rest of the host sees it, whoever started it: for one run at most."""

import select
import time
from dataclasses import dataclass
from typing import Final, Protocol

from pipeline.errors import AwgpError
from runtime_host.gateway.beside import Gateway
from runtime_host.output import HEADER

NONCE_BYTES: Final = 16
READ_BYTES: Final = 64 * 1024


class SandboxFailed(AwgpError):
    """The sandbox could not be started or removed; nothing is said about the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one of a sandbox's sources had.

    Args:
        frames: Of the launcher.
        noise: Complaints of what holds the sandbox; no agent can write them.
        closed: The source has nothing more.
        ended: The sandbox is gone, and this was the last of it.
    """

    frames: bytes = b""
    noise: bytes = b""
    closed: bool = False
    ended: bool = False


class Sandbox(Protocol):
    """Started, its launcher waiting for a job, or about to."""

    nonce: str
    """What it said when it was ready; empty while that was not waited for."""

    gateway: Gateway | None
    """Its way out, if it has one."""

    @property
    def name(self) -> str:
        """No other sandbox has it."""

    @property
    def stdin(self) -> int:
        """Descriptor the launcher reads from, which never blocks. Its end ends the sandbox."""

    @property
    def sources(self) -> tuple[int, ...]:
        """Descriptors to wait on, and then to `read`."""

    @property
    def caps_memory(self) -> bool:
        """Whether its memory as a whole is capped."""

    def read(self, source: int) -> Heard:
        """What one of the sources has now; never waits."""

    def lives(self) -> bool:
        """Whether it still waits; that of a parked sandbox ends with its launcher."""

    def limit(self, *, memory_bytes: int, tasks: int) -> None:
        """Set the caps anew, while it waits.

        Raises:
            OSError: A cap does not hold.
        """

    def oom_kills(self) -> int:
        """How often the kernel killed inside for want of memory."""

    def peak_bytes(self) -> int | None:
        """The most memory held at once; None where nobody says."""

    def cpu_us(self) -> int | None:
        """Processor time taken so far, in microseconds; None where nobody says."""

    def kill(self) -> bool:
        """Kill everything of it, where that is done at once; whether it is."""

    def end(self) -> None:
        """Kill everything of it and remove it.

        Raises:
            SandboxFailed: Something could not be removed.
        """


def await_ready(sandbox: Sandbox, seconds: float) -> None:
    """Return once the launcher waits for a job; keeps the nonce it made.

    Raises:
        SandboxFailed: It ended, was silent for so long, or said anything else.
    """
    deadline = time.monotonic() + seconds
    wanted, said = HEADER.size + NONCE_BYTES, b""
    waiting = select.poll()
    for source in sandbox.sources:
        waiting.register(source, select.POLLIN)
    while len(said) < wanted:
        ready = waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise SandboxFailed(f"sandbox {sandbox.name} was not ready within {seconds:g} s")
        heard = [sandbox.read(source) for source, _ in ready]
        said += b"".join(each.frames for each in heard)
        if any(each.ended or each.closed for each in heard) and len(said) < wanted:
            raise SandboxFailed(f"sandbox {sandbox.name} ended before it was ready")
    if len(said) > wanted or HEADER.unpack_from(said) != (b"A", NONCE_BYTES):
        raise SandboxFailed(f"sandbox {sandbox.name} did not say that it was ready")
    sandbox.nonce = said[HEADER.size :].hex()


def readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read within so many seconds."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))
