"""The Dramatiq broker of a process: Redis as transport, and only the middleware we mean.

Left out of Dramatiq's defaults, each on purpose:
  Retries, AgeLimit ....... retry and age live in the handoff row; a lost message is sent again
  TimeLimit ............... cannot interrupt a system call; statements, leases and sandboxes have
                            limits of their own
  Callbacks, Pipelines .... the flow lives in the runs table, not in messages
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
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
from pipeline.sending import SendTogether
from pipeline.settings import SettingInvalid, Settings

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS = 1.0
# Longer than the one command of ours that waits on the server, for a message (WAIT_SECONDS).
SOCKET_TIMEOUT_SECONDS = 3.0
# Messages a dead process had fetched are put back after this; the relay is quicker anyway.
HEARTBEAT_TIMEOUT_MS = 15_000
# Dramatiq moves dead messages aside; ours are never dead, their rows are.
DEAD_MESSAGE_TTL_MS = 3_600_000
# How long a consumer waits for a message, or for room for one, before it looks about itself.
WAIT_SECONDS = 0.5
# How long, at most, it lets messages gather while every thread of its process is busy.
GATHER_SECONDS = 0.1
LOOK_SECONDS = 0.01
# Dramatiq acknowledges one message a call.
ACKNOWLEDGE = """
for i = 1, #ARGV do
    if redis.call("srem", KEYS[1], ARGV[i]) > 0 then
        redis.call("hdel", KEYS[2], ARGV[i])
    end
end
"""


class PromptConsumer(Consumer):
    """Waits for a message instead of asking ever again, and never for a broker that is away.

    Dramatiq polls each queue every 5 ms to some seconds: a run would wait at every stage, and ten
    idle consumers would cost more than their work. Here the server tells. BLMOVE from a queue's
    head to its head waits until there is one and changes nothing; every consumer waiting is woken
    and one of them fetches it.

    While fetched messages wait for a thread it is in no hurry: it lets more gather, and fetches
    them at once. What was worked on is acknowledged the same way, with the next look at the queue
    and not by the worker's threads, so these never wait for a broker that is away. The price of an
    acknowledgement that is lost is a message that is sent again when this process has ended, and
    then finds nothing to claim.
    """

    def __init__(
        self,
        consumer: Any,
        client: "redis.Redis",
        queue_key: str,
        fetched_key: str,
        *,
        hands_full: Callable[[], bool] = lambda: False,
    ) -> None:
        self._consumer = consumer
        self._client = client
        self._queue_key = queue_key
        self._fetched_key = fetched_key
        self._hands_full = hands_full
        self._acknowledge = client.register_script(ACKNOWLEDGE)
        self._done: deque[str] = deque()
        self._room = threading.Event()

    @property
    def prefetch(self) -> int:
        """How many messages may be fetched and not done; 0 fetches no more."""
        return int(self._consumer.prefetch)

    @prefetch.setter
    def prefetch(self, count: int) -> None:
        self._consumer.prefetch = count
        self._room.set()

    def ack(self, message: dramatiq.MessageProxy) -> None:
        self._done.append(message.options["redis_message_id"])
        self._consumer.queued_message_ids.discard(message.message_id)
        self._room.set()

    def nack(self, message: dramatiq.MessageProxy) -> None:
        try:
            self._consumer.nack(message)
        except (ConnectionClosed, redis.RedisError) as error:
            log.warning("message_not_acknowledged", error=type(error).__name__)
        finally:
            self._room.set()

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        self._consumer.requeue(messages)

    def __next__(self) -> dramatiq.MessageProxy | None:
        """Return a message, or None after WAIT_SECONDS without one.

        Raises:
            ConnectionClosed: The broker is away; Dramatiq makes another consumer in a second.
        """
        message: dramatiq.MessageProxy | None
        if not self._consumer.message_cache:
            self._gather()
        self._room.clear()
        message = next(self._consumer)
        if message is None and self._wait():
            message = next(self._consumer)
        return message

    def close(self) -> None:
        self._say_what_is_done()
        self._consumer.close()

    def _gather(self) -> None:
        until = time.monotonic() + GATHER_SECONDS
        while self._hands_full() and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        self._say_what_is_done()

    def _say_what_is_done(self) -> None:
        done = []
        while self._done:
            done.append(self._done.popleft())
        if not done:
            return
        keys = [self._fetched_key, f"{self._queue_key}.msgs"]
        try:
            self._acknowledge(keys=keys, args=done)
        except redis.RedisError as error:
            log.warning("messages_not_acknowledged", error=type(error).__name__, count=len(done))

    def _wait(self) -> bool:
        """Whether there may be a message now."""
        if self._consumer.outstanding_message_count >= self._consumer.prefetch:
            return self._room.wait(WAIT_SECONDS)
        key = self._queue_key
        try:
            moved = self._client.execute_command("BLMOVE", key, key, "LEFT", "LEFT", WAIT_SECONDS)  # type: ignore[no-untyped-call]  # redis-py has no types here
        except redis.ConnectionError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]  # nor Dramatiq
        return moved is not None


class PromptRedisBroker(RedisBroker):
    """Wakes an idle queue's consumer at once, so that a run does not wait at every stage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # it has no types
        self._worker: dramatiq.Worker | None = None
        self._send_together = SendTogether(self)
        self.add_middleware(_TellBroker())

    def serve(self, worker: dramatiq.Worker) -> None:
        """Know whose threads work on what is consumed here."""
        self._worker = worker

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        if queue_name not in self.queues:  # nothing of ours goes through a delay queue
            return super().consume(queue_name, prefetch, timeout)
        # Without a timeout it never sleeps, and leaves the waiting to ours.
        consumer = super().consume(queue_name, prefetch, timeout=0)
        return PromptConsumer(
            consumer,
            self.client,
            f"{self.namespace}:{queue_name}",
            f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}",
            hands_full=self._hands_full,
        )

    def enqueue_all(self, messages: Sequence["dramatiq.Message[Any]"]) -> None:
        """Send several in one round trip. Raises: redis.RedisError."""
        self._send_together(messages)

    def _hands_full(self) -> bool:
        """Whether a message waits for a thread already."""
        return self._worker is not None and not self._worker.work_queue.empty()


class _TellBroker(Middleware):
    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        if isinstance(broker, PromptRedisBroker):
            broker.serve(worker)


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
    return PromptRedisBroker(
        client=make_redis(settings),
        middleware=[ShutdownNotifications(), BindContext(), MeasureMessages(), *further],
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        dead_message_ttl=DEAD_MESSAGE_TTL_MS,
    )
