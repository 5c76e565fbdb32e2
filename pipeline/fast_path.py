"""Send a message at once where that is quick; a broker out of reach must not slow accepting.

The handoff row is committed before anything is sent, so a message not sent costs the seconds until
the relay looks. After a failure nothing is tried for a while: a caller waits for a dead broker
once, not at every request.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.respite import Respite
from pipeline.sending import SendTogether
from pipeline.settings import SettingInvalid, Settings

SOCKET_TIMEOUT_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 3.0


class BrokerPaused(ConnectionClosed):
    """The broker failed a moment ago and is left alone."""


class FastPathBroker(RedisBroker):
    """A sending-only broker: no actors, no middleware, no retries, and a circuit."""

    def __init__(self, client: "redis.Redis", *, respite: Respite | None = None) -> None:
        super().__init__(client=client, middleware=[])  # type: ignore[no-untyped-call]
        self._respite = respite or Respite(PAUSE_SECONDS)
        self._send_together = SendTogether(self)

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Send, or fail at once while the broker is left alone.

        Raises:
            BrokerPaused: It failed a moment ago.
            redis.RedisError: It failed now.
        """
        with self._trying():
            return super().enqueue(message, delay=delay)

    def enqueue_all(self, messages: Sequence[dramatiq.Message[Any]]) -> None:
        """Send several in one round trip; otherwise as `enqueue` one after another.

        Raises:
            BrokerPaused: It failed a moment ago.
            redis.RedisError: It failed now; some of them may have been sent.
        """
        with self._trying():
            self._send_together(messages)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        if not self._respite.may_try():
            raise BrokerPaused(  # type: ignore[no-untyped-call]  # Dramatiq's errors have no types
                "the broker failed a moment ago"
            )
        try:
            yield
        except (redis.RedisError, OSError):
            self._respite.failed()
            raise
        self._respite.worked()


def make_fast_path(settings: Settings, *, respite: Respite | None = None) -> FastPathBroker:
    """Connects to nothing yet.

    Args:
        respite: Shared with whatever else uses the server.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    return FastPathBroker(quick_client(settings), respite=respite)


def quick_client(
    settings: Settings, *, answer_seconds: float = SOCKET_TIMEOUT_SECONDS
) -> "redis.Redis":
    """A client that does not wait long. Connects to nothing yet.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    if not settings.redis_url:
        raise SettingInvalid("AWGP_REDIS_URL is not set")
    pool = redis.ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_timeout=answer_seconds,
        # One more try: a pooled connection may have died since it was last used. One that is silent
        # is not tried again: that would be waiting twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    if settings.redis_password:
        pool.connection_kwargs["password"] = settings.redis_password
    return redis.Redis(connection_pool=pool)
