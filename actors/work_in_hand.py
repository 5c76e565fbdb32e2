"""Which messages this process works on now: how many of each queue, and for how long."""

import threading
import time
from collections.abc import Callable


class WorkInHand:
    """Told by each worker thread what it begins and ends; asked by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[int, tuple[str, float]] = {}
        self._done = 0

    def begin(self, queue: str) -> None:
        """The calling thread begins a message."""
        with self._lock:
            self._begun[threading.get_ident()] = (queue, self._clock())

    def end(self) -> None:
        """The calling thread has ended its message, one way or another."""
        with self._lock:
            if self._begun.pop(threading.get_ident(), None) is not None:
                self._done += 1

    @property
    def done(self) -> int:
        """How many messages were ended since the process began."""
        with self._lock:
            return self._done

    def by_queue(self) -> dict[str, int]:
        count: dict[str, int] = {}
        with self._lock:
            for queue, _ in self._begun.values():
                count[queue] = count.get(queue, 0) + 1
        return count

    def longest_seconds(self) -> dict[str, float]:
        """How long the oldest message of each queue has been worked on."""
        now = self._clock()
        longest: dict[str, float] = {}
        with self._lock:
            for queue, began in self._begun.values():
                longest[queue] = max(longest.get(queue, 0.0), now - began)
        return longest
