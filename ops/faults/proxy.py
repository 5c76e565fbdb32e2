"""A TCP proxy whose connections go wrong on command; for tests, never in production.

It runs in a thread of its own, listens on loopback, and is told what to do by plain methods, safe
from any thread, that return once the fault is in force:

    with fault_proxy(("127.0.0.1", 5432)) as proxy:
        proxy.half_open()           # connections stay, nothing passes, existing and new
        proxy.heal()                # what was held back is delivered late, as after a partition

Why our own: see docs/decisions/0049-our-own-fault-proxy.md.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from ops.faults.connection import Connection, Ends
from ops.faults.plan import Direction, Ending, Fault, Plan

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10.0


class FaultProxy:
    """One listener before one server.

    Attributes:
        accepted: Connections accepted so far.
    """

    def __init__(self, target: tuple[str, int], *, host: str = LOOPBACK, port: int = 0) -> None:
        self.target = target
        self.host, self.port = host, port
        self.accepted = 0
        self._plan = Plan()
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="faults", daemon=True)

    def start(self) -> None:
        """Listen. `port` is where, chosen now if it was 0.

        Raises:
            OSError: The port is taken.
        """
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """Stop listening and reset what is still connected."""
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    @property
    def silenced_connections(self) -> int:
        """How many a cut has left silent for good."""
        return sum(connection.dead for connection in self._connections)

    def set(self, fault: Fault, direction: Direction | None = None) -> None:
        """Put a fault in place of the one before, in one direction or in both (None)."""

        async def put() -> None:
            async with self._changed:
                self._plan = self._plan.with_fault(fault, direction)
                self._changed.notify_all()

        self._run(put())

    def heal(self) -> None:
        """No more faults: listen again, deliver what was held back. What was cut stays cut."""
        self.set(Fault())
        self._run(self._listen())

    def slow(
        self, seconds: float, *, jitter: float = 0.0, direction: Direction | None = None
    ) -> None:
        self.set(Fault(latency_seconds=seconds, jitter_seconds=jitter), direction)

    def throttle(self, bytes_per_second: int, *, direction: Direction | None = None) -> None:
        self.set(Fault(bytes_per_second=bytes_per_second), direction)

    def half_open(self, direction: Direction | None = None) -> None:
        """Existing and new connections stay; nothing passes, not even that one end closed."""
        self.set(Fault(silent=True), direction)

    def cut_after(self, size: int, direction: Direction, *, ending: Ending = Ending.CLOSE) -> None:
        """Let so many further bytes pass on each connection, then end it, mid-message or not."""
        self.set(Fault(cut_after_bytes=size, ending=ending), direction)

    def cut_once_seen(
        self, seen: bytes, direction: Direction, *, ending: Ending = Ending.RESET
    ) -> None:
        """Pass the piece these bytes come in, and end the connection before any answer."""
        self.set(Fault(cut_once_seen=seen, ending=ending), direction)

    def reset(self) -> None:
        """End every connection there is with RST, once. New ones are served."""

        async def abort() -> None:
            for connection in tuple(self._connections):
                connection.reset()

        self._run(abort())

    def refuse(self) -> None:
        """Listen no more: new connections are refused until healed. Existing ones go on."""
        self._run(self._close_listener())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_SECONDS)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _shut(self) -> None:
        await self._close_listener()
        # What was accepted this moment enters itself among the tasks.
        await asyncio.sleep(0)
        for connection in tuple(self._connections):
            connection.reset()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        try:
            server = await asyncio.open_connection(*self.target)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        with contextlib.suppress(asyncio.CancelledError):
            await self._join((reader, writer), server)

    async def _join(self, client: Ends, server: Ends) -> None:
        connection = Connection(
            client=client, server=server, plan=self._current_plan, changed=self._changed
        )
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def _current_plan(self) -> Plan:
        return self._plan


@contextmanager
def fault_proxy(
    target: tuple[str, int], *, host: str = LOOPBACK, port: int = 0
) -> Iterator[FaultProxy]:
    """A running proxy before `target`; gone afterwards, its connections reset."""
    proxy = FaultProxy(target, host=host, port=port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
