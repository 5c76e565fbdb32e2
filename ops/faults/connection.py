"""One connection through the proxy: two pumps, each looking at the plan before every piece."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from ops.faults.plan import Direction, Ending, Fault, Plan

PIECE_BYTES = 65_536
# SO_LINGER on, for no time: closing sends RST (tcp(7)).
ABORTIVE = struct.pack("ii", 1, 0)

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Piped:
    """How far one direction of a connection is under the plan it last looked at."""

    plan_number: int = -1
    passed: int = 0
    tail: bytes = b""


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """A client, its server, and what is planned for them.

    Attributes:
        plan: Returns the plan of the moment.
        changed: Set anew by the proxy whenever the plan changes.
    """

    client: Ends
    server: Ends
    plan: Callable[[], Plan]
    changed: asyncio.Condition
    dead: bool = False
    piped: dict[Direction, Piped] = field(default_factory=dict)

    async def run(self) -> None:
        """Pass bytes both ways until an end closes or a fault cuts."""
        up = asyncio.create_task(self._pump(Direction.UP, self.client[0], self.server[1]))
        down = asyncio.create_task(self._pump(Direction.DOWN, self.server[0], self.client[1]))
        try:
            await asyncio.gather(up, down)
        except (OSError, EOFError):
            self.reset()
        finally:
            for task in (up, down):
                task.cancel()
            self.close()

    def close(self) -> None:
        for _, writer in (self.client, self.server):
            writer.close()

    def reset(self) -> None:
        """End both sides with RST; what was not yet passed on is lost."""
        for _, writer in (self.client, self.server):
            end = writer.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORTIVE)
            writer.transport.abort()

    async def _pump(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.piped[direction] = Piped()
        while True:
            piece = await reader.read(PIECE_BYTES)
            await self._wait_while_silent(direction)
            if not piece:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            if not await self._pass(direction, piece, writer):
                return

    async def _pass(self, direction: Direction, piece: bytes, writer: asyncio.StreamWriter) -> bool:
        """Pass a piece on as planned; False where the connection was cut."""
        fault = self.plan().of(direction)
        await _delay(fault, len(piece))
        allowed = self._allowed(direction, fault, piece)
        writer.write(piece if allowed is None else piece[:allowed])
        await writer.drain()
        if allowed is None:
            return True
        await self._end(fault.ending)
        return False

    def _allowed(self, direction: Direction, fault: Fault, piece: bytes) -> int | None:
        """How much of a piece passes before the cut; None where nothing is cut."""
        piped, number = self.piped[direction], self.plan().number
        if piped.plan_number != number:
            piped.plan_number, piped.passed, piped.tail = number, 0, b""
        before, piped.passed = piped.passed, piped.passed + len(piece)
        if fault.cut_after_bytes is not None and piped.passed >= fault.cut_after_bytes:
            return fault.cut_after_bytes - before
        wanted = fault.cut_once_seen
        if wanted:
            # It may have come in two pieces.
            joined = piped.tail + piece
            found = joined.find(wanted)
            if found >= 0:
                return len(piece)
            piped.tail = joined[len(joined) - len(wanted) + 1 :] if len(wanted) > 1 else b""
        return None

    async def _end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            self.reset()
        elif ending is Ending.CLOSE:
            self.close()
        else:
            self.dead = True
            await asyncio.Event().wait()

    async def _wait_while_silent(self, direction: Direction) -> None:
        async with self.changed:
            await self.changed.wait_for(
                lambda: not self.dead and not self.plan().of(direction).silent
            )


async def _delay(fault: Fault, size: int) -> None:
    seconds = fault.latency_seconds + random.uniform(0, fault.jitter_seconds)  # noqa: S311  # no secret
    if fault.bytes_per_second:
        seconds += size / fault.bytes_per_second
    if seconds:
        await asyncio.sleep(seconds)
