"""The Dramatiq broker of a process: Redis as transport, and only the middleware we mean.

Left out of Dramatiq's defaults, each on purpose:
  Retries, AgeLimit ....... retry and age live in the handoff row; a lost message is sent again
  TimeLimit ............... cannot interrupt a system call; statements, leases and sandboxes have
                            limits of their own
  Callbacks, Pipelines .... the flow lives in the runs table, not in messages
"""

from collections.abc import Iterable
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware, ShutdownNotifications
from redis.backoff import NoBackoff
from redis.retry import Retry

from actors.middleware import BindContext, MeasureMessages
from pipeline.settings import SettingInvalid, Settings

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS = 1.0
# No command of ours waits on the server: Dramatiq polls.
SOCKET_TIMEOUT_SECONDS = 3.0
# Messages a dead process had fetched are put back after this; the relay is quicker anyway.
HEARTBEAT_TIMEOUT_MS = 15_000
# Dramatiq moves dead messages aside; ours are never dead, their rows are.
DEAD_MESSAGE_TTL_MS = 3_600_000


# Dramatiq's consumers poll an empty queue ever more slowly, up to this.
LONGEST_POLL_MS = 100


class PromptConsumer(Consumer):
    """Lets no worker thread wait for a broker that is away only to say that it has finished.

    Dramatiq would try every five seconds. Such a message stays among the fetched ones until this
    process ends; then it is sent again, and finds nothing to claim.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    @property
    def prefetch(self) -> int:
        """How many messages may be fetched and not done; 0 fetches no more."""
        return int(self._consumer.prefetch)

    @prefetch.setter
    def prefetch(self, count: int) -> None:
        self._consumer.prefetch = count

    def ack(self, message: dramatiq.MessageProxy) -> None:
        try:
            self._consumer.ack(message)
        except (ConnectionClosed, redis.RedisError) as error:
            log.warning("message_not_acknowledged", error=type(error).__name__)

    def nack(self, message: dramatiq.MessageProxy) -> None:
        try:
            self._consumer.nack(message)
        except (ConnectionClosed, redis.RedisError) as error:
            log.warning("message_not_acknowledged", error=type(error).__name__)

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        self._consumer.requeue(messages)

    def __next__(self) -> dramatiq.MessageProxy | None:
        message: dramatiq.MessageProxy | None = next(self._consumer)
        return message

    def close(self) -> None:
        self._consumer.close()


class PromptRedisBroker(RedisBroker):
    """Looks into an idle queue ten times a second, so that a run does not wait at every stage."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        is_used = queue_name in self.queues  # nothing of ours goes through a delay queue
        consumer = super().consume(queue_name, prefetch, LONGEST_POLL_MS if is_used else timeout)
        return PromptConsumer(consumer)


def make_redis(settings: Settings) -> "redis.Redis":
    """A client that fails within seconds when the server is gone. Connects to nothing yet.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    if not settings.redis_url:
        raise SettingInvalid("AWGP_REDIS_URL is not set")
    password = {"password": settings.redis_password} if settings.redis_password else {}
    pool = redis.ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        # One more try, because a pooled connection may have died since it was last used.
        retry=Retry(NoBackoff(), 1),
        health_check_interval=15,
    )
    pool.connection_kwargs.update(password)
    return redis.Redis(connection_pool=pool)


def make_broker(settings: Settings, *further: Middleware) -> RedisBroker:
    """Connects to nothing yet, and is nobody's global broker.

    Args:
        further: Middleware of this kind of process, after ours.

    Raises:
        SettingInvalid: AWGP_REDIS_URL is missing.
    """
    return PromptRedisBroker(  # type: ignore[no-untyped-call]  # its constructor has no types
        client=make_redis(settings),
        middleware=[ShutdownNotifications(), BindContext(), MeasureMessages(), *further],
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        dead_message_ttl=DEAD_MESSAGE_TTL_MS,
    )
