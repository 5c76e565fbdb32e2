"""Messages on their way to the broker, several in one round trip where it can take them so."""

from collections.abc import Sequence
from typing import Any, Final

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DramatiqError

from pipeline.ids import uuid7

_ENQUEUE: Final = """
for at = 1, #ARGV, 2 do
    redis.call("hset", KEYS[1], ARGV[at], ARGV[at + 1])
    redis.call("rpush", KEYS[2], ARGV[at])
end
"""

log = structlog.get_logger()


def send_all(broker: dramatiq.Broker, messages: Sequence["dramatiq.Message[Any]"]) -> None:
    """Send what is already durable. A broker out of reach is no error: the relay repeats."""
    enqueue_all = getattr(broker, "enqueue_all", None)
    try:
        if enqueue_all is not None and len(messages) > 1:
            enqueue_all(messages)
        else:
            for each in messages:
                broker.enqueue(each)
    except (DramatiqError, redis.RedisError, OSError) as error:
        log.warning("handoff_not_sent", queue=messages[0].queue_name, error=str(error))


class SendTogether:
    """Does what `enqueue` of Dramatiq's script does, for many messages of a broker at once.

    Its script is named by its digest, which is taken once: keep one of these with the broker.
    Connects to nothing yet.
    """

    def __init__(self, broker: RedisBroker) -> None:
        self._script = broker.client.register_script(_ENQUEUE)
        self._namespace = broker.namespace

    def __call__(self, messages: Sequence["dramatiq.Message[Any]"]) -> None:
        """Send them, in a round trip for each queue.

        Raises:
            redis.RedisError: It failed; some of them may have been sent.
        """
        for queue, encoded in _encoded(messages).items():
            name = f"{self._namespace}:{queue}"
            self._script(keys=[f"{name}.msgs", name], args=encoded)


def _encoded(messages: Sequence["dramatiq.Message[Any]"]) -> dict[str, list[Any]]:
    """By queue: ids and messages, as the script takes them."""
    by_queue: dict[str, list[Any]] = {}
    for each in messages:
        # Unique to this sending, as in RedisBroker.enqueue.
        redis_id = str(uuid7())
        sent = each.copy(options={"redis_message_id": redis_id})
        by_queue.setdefault(each.queue_name, []).extend((redis_id, sent.encode()))
    return by_queue
