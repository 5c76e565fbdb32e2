"""One thread that holds all live connections of a process, so that none holds a thread.

Nobody waits for a client: what it does not take at once waits in a queue of its own, and one that
lets it fill up is sent away, to come back and read on from where it was.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from pipeline import metrics
from pipeline.live import SEALED, TELEMETRY
from web.access import Role
from web.live_client import MOST_WAITING_BYTES, Client
from web.live_places import Places
from web.live_speech import (
    BAD_MESSAGE,
    GONE,
    RESTART,
    RESUME,
    SILENT,
    Closing,
    Follow,
    Reply,
)

log = structlog.get_logger()

TICK_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 20.0
SILENT_SECONDS: Final = 60.0
STUCK_SECONDS: Final = 20.0
FAREWELL_SECONDS: Final = 2.0
STOP_SECONDS: Final = 3.0
MOST_MESSAGES: Final = 20
"""Of one client, in a second."""

READ_BYTES: Final = 4096
SEES_SEALING: Final = frozenset({Role.ADMIN, Role.AUDITOR, Role.HOLDING})
CHATTY: Final = Closing(code=BAD_MESSAGE, reason="too many messages", counted="bad_message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event as it stands in the stream.

    Args:
        event_id: The stream's id; empty where nothing can be resumed from it.
        text: JSON, with the id in it.
        run_id: Of telemetry, the run that wrote something.
    """

    event_id: str
    kind: str
    text: str
    run_id: str | None = None


class Hub:
    """Starts its thread with the first client."""

    def __init__(self, places: Places, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._monotonic = monotonic
        self._orders: deque[Callable[[], None]] = deque()
        self._by_tenant: dict[UUID, set[Client]] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopping = False
        self._has_ended = False

    # From any thread.

    def add(self, client: Client, told: Sequence[Told]) -> None:
        """Hold a client from now on, and tell it this first; one that comes too late is closed."""
        self._order(lambda: self._add(client, told))

    def tell(self, tenant_id: UUID, told: Sequence[Told]) -> None:
        """Tell everyone who watches a tenant."""
        self._order(lambda: self._tell(self._by_tenant.get(tenant_id, ()), told))

    def send_away(self, clients: Iterable[Client], closing: Closing) -> None:
        """Close connections with a reason."""
        leaving = list(clients)

        def send() -> None:
            for each in leaving:
                self._send_away(each, closing)

        self._order(send)

    def clients(self) -> list[Client]:
        """Who is there, as of this moment or the one before."""
        for _ in range(3):
            with contextlib.suppress(RuntimeError):  # one came or went while we looked
                return [each for there in list(self._by_tenant.values()) for each in there]
        return []

    def stop(self) -> None:
        """Send everyone elsewhere; returns when they were told, or did not listen."""
        with self._lock:
            thread = self._thread
        if thread is None or not thread.is_alive():
            return

        def leave() -> None:
            self._stopping = True
            for each in self.clients():
                self._send_away(each, RESTART)

        self._order(leave)
        thread.join(STOP_SECONDS)

    def _order(self, order: Callable[[], None]) -> None:
        with self._lock:
            has_ended = self._has_ended
            if not has_ended:
                self._orders.append(order)
            if self._thread is None:
                self._begin()
        if has_ended:
            order()  # nobody is held any more
            return
        with contextlib.suppress(OSError):  # it has enough to wake up for, or has ended
            self._wake.send(b"\0")

    def _begin(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
        self._thread.start()

    # In the hub's own thread.

    def _run(self) -> None:
        ticks_at = self._monotonic() + TICK_SECONDS
        while not (self._stopping and not self._by_tenant):
            for key, events in self._selector.select(max(0.0, ticks_at - self._monotonic())):
                self._attend(key, events)
            while self._orders:
                self._orders.popleft()()
            if self._monotonic() >= ticks_at:
                ticks_at = self._monotonic() + TICK_SECONDS
                self._tick()
        self._selector.close()
        with self._lock:
            self._has_ended = True
        while self._orders:
            self._orders.popleft()()
        self._woken.close()
        self._wake.close()

    def _attend(self, key: selectors.SelectorKey, events: int) -> None:
        client: Client | None = key.data
        if client is None:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(READ_BYTES)
            return
        if events & selectors.EVENT_WRITE:
            self._go_on(client)
        if events & selectors.EVENT_READ and client.connection.fileno() >= 0:
            self._hear(client)

    def _add(self, client: Client, told: Sequence[Told]) -> None:
        try:
            self._selector.register(client.connection, selectors.EVENT_READ, client)
        except (OSError, ValueError):
            self._places.leave(client.subscription.tenant_id, client.subscription.person)
            client.close()
            return
        self._by_tenant.setdefault(client.subscription.tenant_id, set()).add(client)
        metrics.LIVE_CONNECTIONS.labels(client.speech.form).inc()
        self._tell([client], told)
        if self._stopping:
            self._send_away(client, RESTART)

    def _tell(self, clients: Iterable[Client], told: Sequence[Told]) -> None:
        """Each event is made once for all clients of a form."""
        made: dict[tuple[str, bool, frozenset[str]], list[bytes]] = {}
        for client in list(clients):
            if client.closing_at is not None:
                continue
            sees_sealing = bool(client.subscription.roles & SEES_SEALING)
            key = (client.speech.form, sees_sealing, client.follows)
            if key not in made:
                made[key] = [
                    client.speech.told(each.event_id, each.text)
                    for each in told
                    if (each.kind != SEALED or sees_sealing)
                    and (each.kind != TELEMETRY or each.run_id in client.follows)
                ]
            if made[key]:
                metrics.LIVE_EVENTS.labels(client.speech.form).inc(len(made[key]))
                self._write(client, made[key])

    def _write(self, client: Client, frames: Sequence[bytes]) -> None:
        waited = bool(client.waiting)
        try:
            client.take(frames)
        except OSError:
            self._forget(client, GONE)
            return
        if client.waiting and not waited:
            client.waits_since = self._monotonic()
            self._selector.modify(
                client.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, client
            )
        if client.waiting_bytes > MOST_WAITING_BYTES:
            self._send_away(client, RESUME)

    def _go_on(self, client: Client) -> None:
        try:
            if client.go_on():
                client.waits_since = self._monotonic()
        except OSError:
            self._forget(client, GONE)
            return
        if not client.waiting:
            self._selector.modify(client.connection, selectors.EVENT_READ, client)
            if client.closing_at is not None:
                self._shut(client)

    def _hear(self, client: Client) -> None:
        try:
            data = client.connection.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._forget(client, GONE)
            return
        client.heard_at = self._monotonic()
        if client.closing_at is not None:
            return
        for heard in client.speech.heard(data):
            client.messages += 1
            if isinstance(heard, Follow):
                client.follows = heard.runs
            elif isinstance(heard, Reply):
                self._write(client, [heard])
            else:
                self._send_away(client, heard)
            if client.closing_at is not None or client.connection.fileno() < 0:
                return
        if client.messages > MOST_MESSAGES:
            self._send_away(client, CHATTY)

    def _send_away(self, client: Client, closing: Closing) -> None:
        if client.closing_at is not None or client.connection.fileno() < 0:
            return
        client.closing_at = self._monotonic() + FAREWELL_SECONDS
        metrics.LIVE_CLOSED.labels(closing.counted).inc()
        try:
            client.say_farewell(closing)
        except OSError:
            self._forget(client, GONE)
            return
        if client.waiting:
            self._selector.modify(
                client.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, client
            )
        else:
            self._shut(client)

    def _shut(self, client: Client) -> None:
        """Say that nothing more comes, and wait for the client to say so too."""
        try:
            client.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(client, GONE)

    def _forget(self, client: Client, closing: Closing) -> None:
        there = self._by_tenant.get(client.subscription.tenant_id, set())
        if client not in there:
            return
        there.discard(client)
        if not there:
            del self._by_tenant[client.subscription.tenant_id]
        if client.closing_at is None:
            metrics.LIVE_CLOSED.labels(closing.counted).inc()
        metrics.LIVE_CONNECTIONS.labels(client.speech.form).dec()
        self._selector.unregister(client.connection)
        client.close()
        self._places.leave(client.subscription.tenant_id, client.subscription.person)

    def _tick(self) -> None:
        now = self._monotonic()
        for client in self.clients():
            client.messages = 0
            if client.closing_at is not None:
                if client.closing_at <= now:
                    self._forget(client, GONE)
            elif client.waiting and now - client.waits_since > STUCK_SECONDS:
                self._send_away(client, RESUME)
            elif not client.speech.may_be_silent and now - client.heard_at > SILENT_SECONDS:
                self._send_away(client, SILENT)
            elif now - client.beat_at > HEARTBEAT_SECONDS:
                client.beat_at = now
                self._write(client, [client.speech.heartbeat()])
