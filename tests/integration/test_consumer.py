"""A worker's consumer: prompt while a thread is free, and in no hurry while none is."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from actors.broker import PromptRedisBroker, make_broker
from ops.embedded.running import Running
from ops.embedded.valkey import start_valkey, valkey_url
from pipeline.handoff import message
from pipeline.run import Stage
from pipeline.settings import Settings

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def valkey(server_folder: Path) -> Iterator[Running]:
    with start_valkey(server_folder / "valkey-consumer") as running:
        yield running


@pytest.fixture
def broker(valkey: Running) -> PromptRedisBroker:
    made = make_broker(Settings(redis_url=valkey_url(valkey.data, "worker")))
    assert isinstance(made, PromptRedisBroker)
    made.declare_queue("policy")
    made.client.delete("dramatiq:policy", "dramatiq:policy.msgs")
    return made


def sent(broker: PromptRedisBroker, count: int) -> None:
    broker.enqueue_all([message(Stage.POLICY, uuid4(), uuid4()) for _ in range(count)])


def known(broker: PromptRedisBroker) -> Any:
    return broker.client.hlen("dramatiq:policy.msgs")


def test_what_was_done_is_acknowledged_together_with_the_next_look(
    broker: PromptRedisBroker,
) -> None:
    sent(broker, 3)
    consumer = broker.consume("policy", prefetch=8)
    for each in [next(consumer) for _ in range(3)]:
        assert each is not None
        consumer.ack(each)
    assert known(broker) == 3
    assert next(consumer) is None
    assert known(broker) == 0


def test_what_was_done_is_acknowledged_when_the_worker_stops(broker: PromptRedisBroker) -> None:
    sent(broker, 1)
    consumer = broker.consume("policy", prefetch=8)
    each = next(consumer)
    assert each is not None
    consumer.ack(each)
    consumer.close()
    assert known(broker) == 0


def test_an_acknowledgement_that_comes_late_takes_no_message_away(
    broker: PromptRedisBroker,
) -> None:
    sent(broker, 1)
    consumer = broker.consume("policy", prefetch=8)
    each = next(consumer)
    assert each is not None
    consumer.ack(each)
    consumer.requeue([each])  # as another worker does for one that is dead
    consumer.close()
    assert known(broker) == 1
    assert broker.client.llen("dramatiq:policy") == 1


def test_nothing_is_fetched_while_a_fetched_message_waits_for_a_thread(
    broker: PromptRedisBroker,
) -> None:
    looks: list[int] = []

    def is_empty() -> bool:
        looks.append(broker.client.llen("dramatiq:policy"))
        return len(looks) == 3

    worker: Any = SimpleNamespace(work_queue=SimpleNamespace(empty=is_empty))
    broker.serve(worker)
    sent(broker, 2)
    consumer = broker.consume("policy", prefetch=8)
    assert [next(consumer) is not None for _ in range(2)] == [True, True]
    assert looks == [2, 2, 2]  # the second came along, and was not waited for


def test_a_thread_that_is_never_free_keeps_no_message_waiting_for_ever(
    broker: PromptRedisBroker,
) -> None:
    worker: Any = SimpleNamespace(work_queue=SimpleNamespace(empty=lambda: False))
    broker.serve(worker)
    sent(broker, 1)
    assert next(broker.consume("policy", prefetch=8)) is not None
