"""Send a message at once where that is quick; a broker out of reach must not slow accepting.

The handoff row is committed before anything is sent, so a message not sent costs the seconds until
the relay looks. After a failure nothing is tried for a while: a caller waits for a dead broker
once, not at every request.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed, DramatiqError
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.ids import uuid7
from pipeline.settings import SettingInvalid, Settings

SOCKET_TIMEOUT_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 1.0

log = structlog.get_logger()


class BrokerPaused(ConnectionClosed):
    """The broker failed a moment ago and is left alone."""


class FastPathBroker(RedisBroker):
    """A sending-only broker: no actors, no middleware, no retries, and a circuit."""

    def __init__(
        self, client: "redis.Redis", *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(client=client, middleware=[])  # type: ignore[no-untyped-call]
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._paused_until = float("-inf")

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Send, or fail at once while the broker is left alone.

        Raises:
            BrokerPaused: It failed less than PAUSE_SECONDS ago.
            redis.RedisError: It failed now.
        """
        self._refuse_while_paused()
        try:
            return super().enqueue(message, delay=delay)
        except (redis.RedisError, OSError):
            self._pause()
            raise

    def enqueue_all(self, messages: Sequence[dramatiq.Message[Any]]) -> None:
        """Send several in one round trip; otherwise as `enqueue` one after another.

        Raises:
            BrokerPaused: It failed less than PAUSE_SECONDS ago.
            redis.RedisError: It failed now; some of them may have been sent.
        """
        self._refuse_while_paused()
        by_queue: dict[str, dict[Any, Any]] = {}
        for each in messages:
            # Unique to this sending, as in RedisBroker.enqueue.
            redis_id = str(uuid7())
            sent = each.copy(options={"redis_message_id": redis_id})
            by_queue.setdefault(each.queue_name, {})[redis_id] = sent.encode()
        try:
            pipeline = self.client.pipeline(transaction=True)
            for queue, encoded in by_queue.items():
                # What `enqueue` of Dramatiq's script does, for all at once.
                name = f"{self.namespace}:{queue}"
                pipeline.hset(f"{name}.msgs", mapping=encoded)
                pipeline.rpush(name, *encoded)
            pipeline.execute()
        except (redis.RedisError, OSError):
            self._pause()
            raise

    def _refuse_while_paused(self) -> None:
        with self._lock:
            if self._monotonic() < self._paused_until:
                raise BrokerPaused(  # type: ignore[no-untyped-call]  # Dramatiq's errors have no types
                    "the broker failed a moment ago"
                )

    def _pause(self) -> None:
        with self._lock:
            self._paused_until = self._monotonic() + PAUSE_SECONDS


def send_all(broker: dramatiq.Broker, messages: Sequence[dramatiq.Message[Any]]) -> None:
    """Send what is already durable. A broker out of reach is no error: the relay repeats."""
    try:
        if isinstance(broker, FastPathBroker) and len(messages) > 1:
            broker.enqueue_all(messages)
        else:
            for each in messages:
                broker.enqueue(each)
    except (DramatiqError, redis.RedisError, OSError) as error:
        log.warning("handoff_not_sent", queue=messages[0].queue_name, error=str(error))


def make_fast_path(settings: Settings) -> FastPathBroker:
    """Connects to nothing yet.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    if not settings.redis_url:
        raise SettingInvalid("AWGP_REDIS_URL is not set")
    pool = redis.ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        # One more try: a pooled connection may have died since it was last used.
        retry=Retry(NoBackoff(), 1),
    )
    if settings.redis_password:
        pool.connection_kwargs["password"] = settings.redis_password
    return FastPathBroker(redis.Redis(connection_pool=pool))
