"""Hears that a person wants an execution ended, and has its lease looked at there and then.

Who is late is told too: a run that was heard of a moment before its sandbox began.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final
from uuid import UUID

import redis
import structlog

from actors.lease import LeaseKeeper, look_at
from pipeline.kill_signal import hear, place_to_begin

log = structlog.get_logger()

WAIT_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0
MOST_RECENT: Final = 1000


class Kills:
    """One thread a process, from its first execution on.

    Args:
        client: Waits `WAIT_SECONDS` for an answer, and longer.
    """

    def __init__(
        self, client: "redis.Redis", *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._pause = pause
        self._recent: deque[UUID] = deque(maxlen=MOST_RECENT)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Listen from now on, if not before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="kills", daemon=True)
                self._thread.start()

    def watch(self, run_id: UUID, keeper: LeaseKeeper) -> None:
        """Have the lease looked at now, where the run was heard of before it was kept."""
        if run_id in tuple(self._recent):
            keeper.look()

    def heard(self, run_id: UUID) -> None:
        """Noted first and then looked for, so that nobody who comes in between misses it."""
        self._recent.append(run_id)
        look_at(run_id)

    def _listen(self) -> None:
        place = None
        while True:
            try:
                place = place or place_to_begin(self._client)
                place, runs = hear(self._client, place, seconds=WAIT_SECONDS)
            except (redis.RedisError, OSError) as error:
                # Until then the leases' renewals find what was asked for.
                log.warning("kills_not_heard", error=type(error).__name__)
                self._pause(AGAIN_SECONDS)
                continue
            for run_id in runs:
                self.heard(run_id)
