"""A fair share of a process's threads: a target that hangs must not hold them all.

Deliveries to one origin (scheme, host and port: tenants may share a server, and it hangs for all of
them) are counted while they are made, by how it answers:

  promptly, the last time ....... all threads but one
  not known yet ................. half of the threads
  slowly ........................ a quarter of the threads, and half for all slow ones together

At least one each. Slow is who took longer than SLOW_SECONDS the last time, whether an answer came
or not, or keeps a delivery waiting so long just now. Whoever gets no turn is handed back, to be
asked again a moment later; with each of an origin's deliveries that is refused in a row the moment
grows, so that a queue full of them does not go round and round.

A process of one thread has nothing to share. Each process counts for itself.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import dramatiq
from dramatiq.middleware import Middleware

from pipeline.handoff import backoff

SLOW_SECONDS: Final = 1.0
FIRST_PAUSE: Final = timedelta(seconds=0.5)
LONGEST_PAUSE: Final = timedelta(seconds=20)
# Origins remembered; the one that was not delivered to for longest is forgotten, and unknown again.
ORIGINS: Final = 2000


@dataclass(slots=True, kw_only=True)
class _Origin:
    """What is known of one origin. `began` is when each delivery under way was."""

    began: list[float] = field(default_factory=list)
    prompt: bool | None = None
    refused: int = 0

    def is_slow(self, now: float) -> bool:
        waits = any(now - at > SLOW_SECONDS for at in self.began)
        return waits or self.prompt is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A delivery that may be made; `FairTurns.end` ends it."""

    url: str
    began: float


class FairTurns(Middleware):
    """Gives deliveries their turns.

    Args:
        threads: Of this process; 0, without bounds, until its worker says how many it has.
    """

    def __init__(self, threads: int = 0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._lock = threading.Lock()
        self._origins: OrderedDict[str, _Origin] = OrderedDict()

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        del broker
        self._threads = worker.worker_threads

    def begin(self, url: str) -> Turn | timedelta:
        """Take a turn, or learn for how long to leave it."""
        with self._lock:
            now = self._clock()
            origin = self._origin(url)
            if self._has_room(origin, now):
                origin.refused = 0
                origin.began.append(now)
                return Turn(url=url, began=now)
            origin.refused += 1
            return backoff(origin.refused - 1, first=FIRST_PAUSE, ceiling=LONGEST_PAUSE)

    def end(self, turn: Turn, *, made: bool = True) -> None:
        """Whether it was answered or not.

        Args:
            made: False where nothing was sent after all, which says nothing of who was not asked.
        """
        with self._lock:
            origin = self._origin(turn.url)
            origin.began.remove(turn.began)
            if made:
                origin.prompt = self._clock() - turn.began <= SLOW_SECONDS

    def _has_room(self, origin: _Origin, now: float) -> bool:
        if not self._threads:
            return True
        if not origin.is_slow(now):
            room = self._threads - 1 if origin.prompt else self._threads // 2
            return len(origin.began) < max(1, room)
        slow = sum(len(each.began) for each in self._origins.values() if each.is_slow(now))
        if slow >= max(1, self._threads // 2):
            return False
        return len(origin.began) < max(1, self._threads // 4)

    def _origin(self, url: str) -> _Origin:
        parts = urlsplit(url)
        name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        found = self._origins.setdefault(name, _Origin())
        self._origins.move_to_end(name)
        while len(self._origins) > ORIGINS:
            oldest, idle = next(iter(self._origins.items()))
            if idle.began:
                break
            del self._origins[oldest]
        return found
