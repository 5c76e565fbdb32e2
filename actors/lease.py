"""Keeps a lease while work outlives its transaction, and says how long the work may trust it."""

import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import Engine

from actors.stage import INFRASTRUCTURE
from pipeline import metrics
from pipeline.bounded_connection import answers_within
from pipeline.conversation import tenant_conversation
from pipeline.handoff import Handoff, LeaseLost, renew_lease

log = structlog.get_logger()

# Work stops this part of a lease before the lease does, on this machine's own clock.
MARGIN = 0.2
RENEWALS_A_LEASE = 3
# A renewal that gets no answer (a dead connection) is given up after this part of a lease and tried
# again soon: there must be time for another connection before the work has to stop.
ANSWER_WITHIN = 1 / 6
TRY_AGAIN_AFTER = 1 / 15

# What runs under a lease in this process now, whichever stage made it.
_kept: "set[LeaseKeeper]" = set()
_kept_lock = threading.Lock()


def cut_short() -> int:
    """End whatever work of this process runs under a lease; say how much there was.

    Each piece is settled by the thread that runs it, as after any kill.
    """
    with _kept_lock:
        kept = list(_kept)
    for keeper in kept:
        keeper.cut_short()
    return len(kept)


def look_at(run_id: UUID) -> None:
    """Have the lease of a run that is worked on here renewed now, and so looked at."""
    with _kept_lock:
        kept = [keeper for keeper in _kept if keeper.run_id == run_id]
    for keeper in kept:
        keeper.look()


def lease_owner() -> str:
    """Who holds a lease, for a person looking at the row."""
    return f"{socket.gethostname()}:{os.getpid()}"


def trusted_seconds(lease: timedelta, *, since: float) -> float:
    """How long from now work may rely on a lease asked for at `since` (time.monotonic).

    Counted from before the asking, so that the database's own count cannot end sooner.
    """
    return lease.total_seconds() * (1 - MARGIN) - (time.monotonic() - since)


class FirstRenewals:
    """Begins to keep each lease when its first renewal is due: most work has ended before.

    So a thread is made for long work alone. One that waits for its database holds up no other.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, LeaseKeeper]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def expect(self, keeper: "LeaseKeeper", seconds: float) -> None:
        """Have `keeper.begin` called so long from now."""
        at = time.monotonic() + seconds
        with self._changed:
            sooner = not self._due or at < self._due[0][0]
            heapq.heappush(self._due, (at, next(self._number), keeper))
            if self._thread is None:
                self._thread = threading.Thread(target=self._begin, name="leases", daemon=True)
                self._thread.start()
            elif sooner:
                self._changed.notify()

    def _begin(self) -> None:
        while True:
            with self._changed:
                while not self._due or (left := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left if self._due else None)
                keeper = heapq.heappop(self._due)[2]
            try:
                keeper.begin()
            except RuntimeError as error:  # no thread is to be had
                log.error("lease_not_kept", error=str(error))


_first_renewals = FirstRenewals()


class LeaseKeeper:
    """Renews a lease, once that is due in a thread of its own, until left.

    Args:
        renewed: Told after each renewal for how many seconds the work may go on.
        lost: Told once when someone else has the handoff: stop the work now.
        killed: Told once when a person wants the work ended; the lease is kept meanwhile.
    """

    def __init__(
        self,
        engine: Engine,
        handoff: Handoff,
        lease: timedelta,
        *,
        renewed: Callable[[float], None] = lambda _seconds: None,
        lost: Callable[[], None] = lambda: None,
        killed: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._handoff = handoff
        self._lease = lease
        self._renewed = renewed
        self._lost = lost
        self._killed = killed
        self._told = False
        self._stop = threading.Event()
        self._look = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def run_id(self) -> UUID:
        return self._handoff.run_id

    def __enter__(self) -> Self:
        with _kept_lock:
            _kept.add(self)
        _first_renewals.expect(self, self._lease.total_seconds() / RENEWALS_A_LEASE)
        return self

    def begin(self) -> None:
        """Renew the lease now and from now on, unless its work has ended."""
        with self._starting:
            if self._stop.is_set() or self._thread is not None:
                return
            self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
            self._thread.start()

    def look(self) -> None:
        """Renew the lease now, whenever it is due, to see what was asked of its work."""
        self._look.set()
        try:
            self.begin()
        except RuntimeError as error:  # no thread is to be had; the first renewal sees it
            log.error("lease_not_looked_at", run_id=str(self.run_id), error=str(error))

    def cut_short(self) -> None:
        """Stop the work although the lease is still ours."""
        metrics.CUT_SHORT.labels(self._handoff.stage.value).inc()
        self._lost()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._starting:
            self._stop.set()
            self._look.set()
        if self._thread is not None:
            self._thread.join()
        with _kept_lock:
            _kept.discard(self)

    def _keep(self) -> None:
        seconds_of_lease = self._lease.total_seconds()
        pause = 0.0
        while True:
            self._look.wait(pause)
            if self._stop.is_set():
                return
            self._look.clear()
            asked_at, pause = time.monotonic(), seconds_of_lease / RENEWALS_A_LEASE
            try:
                with (
                    answers_within(seconds_of_lease * ANSWER_WITHIN),
                    tenant_conversation(self._engine, self._handoff.tenant_id) as talk,
                ):
                    killer = renew_lease(talk, self._handoff, self._lease)
            except LeaseLost:
                metrics.LEASES_LOST.labels(self._handoff.stage.value).inc()
                log.warning("lease_lost", run_id=str(self._handoff.run_id))
                self._lost()
                return
            except INFRASTRUCTURE as error:
                # Tried again while the work's own time runs out.
                log.warning("lease_not_renewed", error=type(error).__name__)
                pause = seconds_of_lease * TRY_AGAIN_AFTER
                continue
            seconds = trusted_seconds(self._lease, since=asked_at)
            if seconds > 0:
                self._renewed(seconds)
            if killer is not None and not self._told:
                self._told = True
                log.info("kill_asked", run_id=str(self._handoff.run_id), by=str(killer))
                self._killed()
