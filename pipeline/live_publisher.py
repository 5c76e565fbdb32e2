"""Puts events where web processes read them, if anybody watches their tenant.

Whether somebody does is asked once a second and tenant: a trunk nobody looks at pays nothing else.
A server out of reach is left alone for a while, and costs nobody more than that: a lost event is a
page that is read a little later.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import redis
import structlog

from pipeline.fast_path import quick_client
from pipeline.live import Event, Happened, events_of, now, stream_key, watched_key
from pipeline.respite import Respite
from pipeline.settings import Settings

log = structlog.get_logger()

MOST_EVENTS: Final = 2000
"""Of one tenant; who was away for more of them reads everything again."""

STREAM_SECONDS: Final = 3600
KEEP_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
"""How long a publisher goes by what it knows of who watches."""

PAUSE_SECONDS: Final = 5.0
MOST_TENANTS: Final = 10_000


def _log_unheard(error: Exception) -> None:
    log.warning("live_events_not_sent", error=type(error).__name__)


class Publisher:
    """Publishes for one process; may be used by many threads.

    Args:
        unheard: Told why events could not be sent.
        respite: Shared with whatever else uses the server.
    """

    def __init__(
        self,
        client: "redis.Redis",
        *,
        monotonic: Callable[[], float] = time.monotonic,
        unheard: Callable[[Exception], None] = _log_unheard,
        respite: Respite | None = None,
    ) -> None:
        self._client = client
        self._monotonic = monotonic
        self._unheard = unheard
        self._respite = respite or Respite(PAUSE_SECONDS, monotonic=monotonic)
        # When each tenant's stream was last given its time to live.
        self._kept_at: dict[UUID, float] = {}
        # Until when each tenant is known to be watched, or not.
        self._known: dict[UUID, tuple[float, bool]] = {}

    def publish(self, happened: Iterable[Happened]) -> None:
        """Tell what was committed. Raises nothing: whatever goes wrong, it is done."""
        by_tenant: dict[UUID, list[Happened]] = {}
        for one in happened:
            if one.records or one.announced:
                by_tenant.setdefault(one.tenant_id, []).append(one)
        if not by_tenant or not self._respite.may_try():
            return
        try:
            watched = self.watched_of(list(by_tenant))
            if watched:
                self.send({each: events_of(by_tenant[each]) for each in watched})
        except (redis.RedisError, OSError) as error:
            self._respite.failed()
            self._unheard(error)

    def send(self, events: Mapping[UUID, Sequence[Event]]) -> None:
        """Put events of tenants into their streams, in one round trip. Raises: redis.RedisError."""
        pipeline = self._client.pipeline(transaction=False)
        at, since = now(), self._monotonic()
        for tenant_id, happened in events.items():
            key = stream_key(tenant_id)
            for event in happened:
                pipeline.xadd(key, {"e": event.write(at)}, maxlen=MOST_EVENTS, approximate=True)
            if self._kept_at.get(tenant_id, float("-inf")) + KEEP_SECONDS <= since:
                pipeline.expire(key, STREAM_SECONDS)
                self._kept_at[tenant_id] = since
        pipeline.execute()
        self._respite.worked()

    def watched_of(self, tenants: Sequence[UUID]) -> list[UUID]:
        """Which of them somebody watches, as of a second ago at most.

        Raises: redis.RedisError.
        """
        at = self._monotonic()
        unsure = [each for each in tenants if self._known.get(each, (at, False))[0] <= at]
        if unsure:
            found = self._client.mget([watched_key(each) for each in unsure])
            self._respite.worked()
            if len(self._known) > MOST_TENANTS:
                self._known, self._kept_at = {}, {}
            for each, value in zip(unsure, found, strict=True):
                self._known[each] = (at + LOOK_SECONDS, value is not None)
        return [each for each in tenants if self._known.get(each, (at, False))[1]]


def make_publisher(settings: Settings, *, respite: Respite | None = None) -> Publisher | None:
    """Connects to nothing yet. None without AWGP_REDIS_URL: nothing is live then."""
    return Publisher(quick_client(settings), respite=respite) if settings.redis_url else None
