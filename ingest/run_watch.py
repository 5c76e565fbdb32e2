"""One thread a process that holds everyone who waits for a run, so that they hold no other thread.

A follower is answered by what stands in PostgreSQL and nothing else. When to look there:

    a live event names the run .......... at once
    a tenant was not watched before ..... every SETTLING_SECONDS, until it is known to be
    events come ......................... every HEARING_SECONDS, for those that were lost
    no events (Valkey is away) .......... every DEAF_SECONDS

A look is one statement for all followed runs of a tenant; only those that changed are read whole.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.follower import Follower, State
from pipeline import metrics
from pipeline.errors import AwgpError
from pipeline.identity import Identity

log = structlog.get_logger()

TICK_SECONDS: Final = 0.25
SETTLING_SECONDS: Final = 0.25
# Publishers know by then that a tenant is watched.
SETTLED_SECONDS: Final = 2.5
HEARING_SECONDS: Final = 10.0
DEAF_SECONDS: Final = 2.0
HEARTBEAT_SECONDS: Final = 15.0
STOP_SECONDS: Final = 3.0
READ_BYTES: Final = 4096


class Heard(Protocol):
    """Who tells of runs that changed: `ingest.run_events.RunEvents`."""

    @property
    def heard(self) -> bool: ...
    def want(self, tenants: Iterable[UUID]) -> None: ...
    def stop(self) -> None: ...


class Looks(Protocol):
    """The database, as the watch asks it. Both may raise SQLAlchemyError."""

    def glance(self, tenant_id: UUID, runs: Iterable[UUID]) -> Mapping[UUID, str]:
        """What changes whenever a run's view does."""

    def read(self, tenant_id: UUID, run_id: UUID, identity: Identity) -> State:
        """Raises: AwgpError when the caller may not read it any more."""


class RunWatch:
    """Starts its thread with the first follower.

    Args:
        places: How many may wait in this process; of one tenant, half of them.
    """

    def __init__(
        self,
        looks: Looks,
        *,
        places: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._looks = looks
        self._places = places
        self._monotonic = monotonic
        self._events: Heard | None = None
        self._lock = threading.Lock()
        self._taken: Counter[UUID] = Counter()
        self._orders: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._stopping = False
        # Of the watch's own thread.
        self._followers: dict[UUID, dict[UUID, set[Follower]]] = {}
        self._known: dict[UUID, str] = {}
        self._woken: dict[UUID, set[UUID] | None] = {}
        self._since: dict[UUID, float] = {}
        self._look_at: dict[UUID, float] = {}

    # From any thread.

    def listen_to(self, events: Heard) -> None:
        self._events = events

    def take_place(self, tenant_id: UUID) -> bool:
        """Whether there is room for one more; it is taken then."""
        with self._lock:
            fits = (
                not self._stopping
                and self._taken.total() < self._places
                and self._taken[tenant_id] < max(1, self._places // 2)
            )
            if fits:
                self._taken[tenant_id] += 1
            return fits

    def give_place_back(self, tenant_id: UUID) -> None:
        with self._lock:
            self._taken[tenant_id] -= 1
            if self._taken[tenant_id] <= 0:
                del self._taken[tenant_id]

    def hold(self, follower: Follower) -> None:
        """Answer this one from now on; its place was taken."""
        self._order(lambda: self._hold(follower))

    def changed(self, tenant_id: UUID, run_id: UUID | None) -> None:
        """Look at a run, or at all that are followed of a tenant."""
        self._order(lambda: self._wake(tenant_id, run_id))

    def stop(self) -> None:
        """Answer everyone with what is known; returns when they were."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        if self._events is not None:
            self._events.stop()
        if thread is not None and thread.is_alive():
            self._order(self._end_all)
            thread.join(STOP_SECONDS)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        with self._lock:
            if self._thread is None:
                self._begin()
        with contextlib.suppress(OSError):  # it has enough to wake up for, or has ended
            self._bell.send(b"\0")

    def _begin(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._rung = socket.socketpair()
        self._bell.setblocking(False)
        self._rung.setblocking(False)
        self._selector.register(self._rung, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="run-watch", daemon=True)
        self._thread.start()

    # In the watch's own thread.

    def _run(self) -> None:
        while not (self._stopping and not self._followers):
            for key, events in self._selector.select(TICK_SECONDS if self._followers else None):
                self._attend(key, events)
            while self._orders:
                self._orders.popleft()()
            for tenant_id in list(self._followers):
                self._look(tenant_id)
            self._tick()
        for each in (self._selector, self._rung, self._bell):
            each.close()

    def _attend(self, key: selectors.SelectorKey, events: int) -> None:
        follower: Follower | None = key.data
        if follower is None:
            with contextlib.suppress(BlockingIOError):
                self._rung.recv(READ_BYTES)
            return
        if events & selectors.EVENT_WRITE:
            self._say(follower, b"", done=False)
        elif events & selectors.EVENT_READ:
            try:
                gone = not follower.connection.recv(READ_BYTES)
            except (BlockingIOError, InterruptedError):
                gone = False
            except OSError:
                gone = True
            if gone:
                self._forget(follower)

    def _hold(self, follower: Follower) -> None:
        try:
            self._selector.register(follower.connection, selectors.EVENT_READ, follower)
        except (OSError, ValueError):
            follower.connection.close()
            self.give_place_back(follower.tenant_id)
            return
        at = self._monotonic()
        tenant = self._followers.setdefault(follower.tenant_id, {})
        self._since.setdefault(follower.tenant_id, at)
        tenant.setdefault(follower.run_id, set()).add(follower)
        metrics.LIVE_CONNECTIONS.labels(follower.speech.form).inc()
        follower.beat_at = at
        self._tell_events()
        said, done = follower.speech.opening(follower.state)
        self._say(follower, said, done=done or self._stopping)
        # Between its request's own look and now something may have happened.
        self._known.pop(follower.run_id, None)
        self._wake(follower.tenant_id, follower.run_id)

    def _wake(self, tenant_id: UUID, run_id: UUID | None) -> None:
        woken = self._woken.setdefault(tenant_id, set())
        if run_id is None:
            self._woken[tenant_id] = None
        elif woken is not None:
            woken.add(run_id)

    def _look(self, tenant_id: UUID) -> None:
        followed, at = self._followers[tenant_id], self._monotonic()
        woken = self._woken.pop(tenant_id, set())
        if woken is None or at >= self._look_at.get(tenant_id, at):
            runs = list(followed)
            self._look_at[tenant_id] = at + self._patience(tenant_id, at)
        else:
            runs = [each for each in woken if each in followed]
        if not runs:
            return
        try:
            for run_id, sign in self._looks.glance(tenant_id, runs).items():
                if self._known.get(run_id) != sign:
                    self._known[run_id] = sign
                    self._tell(tenant_id, run_id)
        except SQLAlchemyError as error:
            log.warning("followed_runs_not_read", error=type(error).__name__)
            self._known.clear()
            self._look_at[tenant_id] = self._monotonic() + DEAF_SECONDS

    def _patience(self, tenant_id: UUID, at: float) -> float:
        if at - self._since[tenant_id] < SETTLED_SECONDS:
            return SETTLING_SECONDS
        return HEARING_SECONDS if self._events is not None and self._events.heard else DEAF_SECONDS

    def _tell(self, tenant_id: UUID, run_id: UUID) -> None:
        for follower in list(self._followers.get(tenant_id, {}).get(run_id, ())):
            try:
                follower.state = self._looks.read(tenant_id, run_id, follower.identity)
            except AwgpError:
                # Whoever asks again is told why.
                self._forget(follower)
                continue
            said, done = follower.speech.told(follower.state)
            self._say(follower, said, done=done)

    def _say(self, follower: Follower, said: bytes, *, done: bool) -> None:
        waited = bool(follower.waiting)
        try:
            follower.say(said, done=done)
        except OSError:
            self._forget(follower)
            return
        if follower.waiting and not waited:
            self._selector.modify(
                follower.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, follower
            )
        elif waited and not follower.waiting:
            self._selector.modify(follower.connection, selectors.EVENT_READ, follower)
        if follower.done and not follower.waiting:
            self._forget(follower)

    def _tick(self) -> None:
        at = self._monotonic()
        for follower in self._all():
            if follower.done:
                if at >= follower.until + HEARTBEAT_SECONDS:  # it does not take its answer
                    self._forget(follower)
            elif at >= follower.until:
                self._say(follower, follower.speech.at_the_end(follower.state), done=True)
            elif at - follower.beat_at > HEARTBEAT_SECONDS:
                follower.beat_at = at
                self._say(follower, follower.speech.heartbeat(), done=False)

    def _end_all(self) -> None:
        for follower in self._all():
            self._say(follower, follower.speech.at_the_end(follower.state), done=True)

    def _all(self) -> list[Follower]:
        return [
            each for runs in self._followers.values() for there in runs.values() for each in there
        ]

    def _forget(self, follower: Follower) -> None:
        tenant_id, run_id = follower.tenant_id, follower.run_id
        there = self._followers.get(tenant_id, {}).get(run_id, set())
        if follower not in there:
            return
        there.discard(follower)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(follower.connection)
        with contextlib.suppress(OSError):
            follower.connection.shutdown(socket.SHUT_WR)
        follower.connection.close()
        metrics.LIVE_CONNECTIONS.labels(follower.speech.form).dec()
        self.give_place_back(tenant_id)
        if not there:
            del self._followers[tenant_id][run_id]
            self._known.pop(run_id, None)
        if not self._followers[tenant_id]:
            for of_tenant in (self._followers, self._since, self._look_at, self._woken):
                of_tenant.pop(tenant_id, None)
            self._tell_events()

    def _tell_events(self) -> None:
        if self._events is not None:
            self._events.want(self._followers)
