"""Which runs changed, told by the live events of the tenants whose runs are followed here.

A hint and no more: while the server is away, or the stages have not yet learned that somebody
watches, the watch looks in the database by itself.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

import redis
import structlog

from pipeline.live import RESET, RUN, Event, now, stream_key, watched_key
from pipeline.live_publisher import LOOK_SECONDS, MOST_EVENTS, STREAM_SECONDS

log = structlog.get_logger()

BLOCK_MS: Final = 500
MOST_AT_ONCE: Final = 500
WATCHED_SECONDS: Final = 120
REFRESH_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 1.0
SETTLED_SECONDS: Final = LOOK_SECONDS * 2
STOP_SECONDS: Final = 2.0
BEGINNING: Final = "0-0"


class RunEvents:
    """One thread that reads the streams of the tenants it is asked for; it begins with the first.

    Args:
        client: One that waits longer than BLOCK_MS for an answer.
        changed: Told a tenant and a run of it, or None for all of them.
    """

    def __init__(
        self,
        client: "redis.Redis",
        changed: Callable[[UUID, UUID | None], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._changed = changed
        self._monotonic = monotonic
        self._wanted: frozenset[UUID] = frozenset()
        self._read_to: dict[UUID, str] = {}
        self._resets: dict[UUID, float] = {}
        self._refresh_at = float("-inf")
        self._some = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._heard = False

    @property
    def heard(self) -> bool:
        """Whether the server answered the last time."""
        return self._heard

    def want(self, tenants: Iterable[UUID]) -> None:
        """Read these tenants' streams from now on, and no others."""
        self._wanted = frozenset(tenants)
        if not self._wanted:
            self._some.clear()
            return
        self._some.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="run-events", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._client.close()

    # In its own thread.

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._some.wait()
            try:
                self._turn()
                self._heard = True
            except (redis.RedisError, OSError) as error:
                if self._heard:
                    log.warning("run_events_out_of_reach", error=type(error).__name__)
                # What was published meanwhile is not read up later: the watch looks by itself.
                self._heard, self._read_to = False, {}
                self._stopped.wait(AGAIN_SECONDS)

    def _turn(self) -> None:
        wanted = self._wanted
        self._watch(wanted)
        self._send_resets()
        if not wanted:
            return
        keys = {stream_key(each): each for each in wanted}
        found: Any = self._client.xread(
            {key: self._read_to[each] for key, each in keys.items()},
            count=MOST_AT_ONCE,
            block=BLOCK_MS,
        )
        for raw_key, entries in found or ():
            tenant_id = keys[raw_key.decode()]
            self._read_to[tenant_id] = entries[-1][0].decode()
            for run_id in _runs_in(entries):
                self._changed(tenant_id, run_id)

    def _watch(self, wanted: frozenset[UUID]) -> None:
        """Say who is watched, and begin to read tenants that were not."""
        at = self._monotonic()
        fresh = [each for each in wanted if each not in self._read_to]
        again = at >= self._refresh_at
        if not fresh and not again:
            return
        if again:
            self._refresh_at = at + REFRESH_SECONDS
            self._read_to = {each: to for each, to in self._read_to.items() if each in wanted}
        saying = sorted(wanted) if again else fresh
        pipeline = self._client.pipeline(transaction=False)
        for each in saying:
            pipeline.set(watched_key(each), 1, ex=WATCHED_SECONDS, get=True)
        for each in fresh:
            pipeline.xrevrange(stream_key(each), count=1)
        answers: list[Any] = pipeline.execute()
        for each, watched in zip(saying, answers, strict=False):
            if watched is None:
                # Nothing was published of it until now, and perhaps not for a moment yet.
                self._resets[each] = at + SETTLED_SECONDS
        for each, last in zip(fresh, answers[len(saying) :], strict=True):
            self._read_to[each] = last[0][0].decode() if last else BEGINNING
            self._changed(each, None)

    def _send_resets(self) -> None:
        """Whoever else watches a tenant from now on has missed something, too."""
        for each in [each for each, at in self._resets.items() if at <= self._monotonic()]:
            entry: Any = {"e": Event(kind=RESET).write(now())}
            self._client.xadd(stream_key(each), entry, maxlen=MOST_EVENTS, approximate=True)
            self._client.expire(stream_key(each), STREAM_SECONDS)
            del self._resets[each]


def _runs_in(entries: Iterable[Any]) -> set[UUID | None]:
    """The runs some events are about; None is all of the tenant's."""
    found: set[UUID | None] = set()
    for _, fields in entries:
        try:
            event = json.loads(fields[b"e"])
            run = event.get("run_id")
            if run is not None:
                found.add(UUID(run))
            elif event.get("kind") in {RUN, RESET}:
                found.add(None)
        except (KeyError, ValueError, TypeError, AttributeError):
            log.warning("live_event_unreadable")
    return {None} if None in found else found
