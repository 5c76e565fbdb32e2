"""A server that failed is left alone for a while; then one asks it, and all do once it answers.

Whoever can do without it (PostgreSQL has the truth, the relay repeats) asks `may_try` first. So a
server out of reach costs one caller its time-out now and then, and everybody else nothing.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

# A caller that was killed while it asked must not keep the others from it.
ASKING_SECONDS: Final = 5.0


class Respite:
    """Shared by all of a process that use one server. Any thread may ask."""

    def __init__(
        self, pause_seconds: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failed = False
        self._not_before = float("-inf")

    def may_try(self) -> bool:
        """Whether to try now; whoever is told so says afterwards how it went."""
        if not self._failed:
            return True
        with self._lock:
            now = self._monotonic()
            if now < self._not_before:
                return False
            self._not_before = now + ASKING_SECONDS
            return True

    def failed(self) -> None:
        with self._lock:
            self._failed = True
            self._not_before = self._monotonic() + self._pause_seconds

    def worked(self) -> None:
        self._failed = False
