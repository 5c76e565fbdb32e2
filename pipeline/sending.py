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


def enqueue_together(broker: RedisBroker, messages: Sequence["dramatiq.Message[Any]"]) -> None:
    """Do what `enqueue` of Dramatiq's script does, for all at once.

    Raises:
        redis.RedisError: It failed; some of them may have been sent.
    """
    by_queue: dict[str, list[Any]] = {}
    for each in messages:
        # Unique to this sending, as in RedisBroker.enqueue.
        redis_id = str(uuid7())
        sent = each.copy(options={"redis_message_id": redis_id})
        by_queue.setdefault(each.queue_name, []).extend((redis_id, sent.encode()))
    script = broker.client.register_script(_ENQUEUE)
    for queue, encoded in by_queue.items():
        name = f"{broker.namespace}:{queue}"
        script(keys=[f"{name}.msgs", name], args=encoded)
