"""The baseline: five Dramatiq actors that each enqueue the next, without a database.

    dramatiq ops.bench.raw_chain:broker --queues raw1 raw2 raw3 raw4 raw5

The broker is Dramatiq's own for the same Valkey, as it comes, and nothing surrounds a message.
"""

import os
import time
from typing import Final

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from actors.broker import make_redis
from pipeline.settings import read_settings

HOPS: Final = ("raw1", "raw2", "raw3", "raw4", "raw5")
POLL_SECONDS: Final = 0.02


class ChainStuck(Exception):
    """The chain did not come to its end in time."""


def first_message(number: int) -> "dramatiq.Message[None]":
    return _message(HOPS[0], number)


def declare(broker: dramatiq.Broker) -> None:
    """Declare the five actors; each has an empty body but for sending the next message."""
    for hop, following in zip(HOPS, (*HOPS[1:], None), strict=True):
        _declare_hop(broker, hop, following)


def wait_until_done(client: "redis.Redis", seconds: float) -> None:
    """Return when no hop holds a message, worked on or waiting.

    A hop's message is acknowledged after the next one was sent, so it is never so in between.

    Raises:
        ChainStuck: The seconds passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        pipe = client.pipeline(transaction=True)
        for hop in HOPS:
            pipe.hlen(f"dramatiq:{hop}.msgs")
        if not any(pipe.execute()):
            return
        if time.monotonic() > deadline:
            raise ChainStuck(f"the raw chain was not done after {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def _declare_hop(broker: dramatiq.Broker, hop: str, following: str | None) -> None:
    def work_on(number: int) -> None:
        if following is not None:
            broker.enqueue(_message(following, number))

    dramatiq.actor(broker=broker, actor_name=hop, queue_name=hop)(work_on)


def _message(hop: str, number: int) -> "dramatiq.Message[None]":
    return dramatiq.Message(queue_name=hop, actor_name=hop, args=(number,), kwargs={}, options={})


def __getattr__(name: str) -> dramatiq.Broker:
    """Make `broker` when the Dramatiq command asks for it, once a process."""
    if name != "broker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    broker = globals()["broker"] = RedisBroker(  # type: ignore[no-untyped-call]  # its constructor has no types
        client=make_redis(read_settings(os.environ)), middleware=[]
    )
    declare(broker)
    return broker
