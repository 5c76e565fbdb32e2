"""A worker that is told to stop hands back what it has not begun, and ends what it has.

At SIGTERM, in this order:
  at once .................... nothing more is fetched; what was fetched and not begun goes back to
                               its queue, where another worker takes it
  within AWGP_STOP_SECONDS ... what is being worked on may end by itself
  after that ................. running sandboxes are killed and their runs settled as after any
                               kill: another try where the bundle says a rerun is safe, otherwise
                               a person looks
"""

# ruff: noqa: ARG002  # the signatures are Dramatiq's

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from queue import Empty
from typing import Final

import dramatiq
import redis
import structlog
from dramatiq.errors import DramatiqError
from dramatiq.middleware import Middleware

from actors.broker import PromptConsumer
from actors.lease import cut_short

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.1


class StopInOrder(Middleware):
    """Empties a stopping worker's hands.

    Args:
        grace_seconds: How long what is being worked on may take to end.
    """

    def __init__(self, *, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._stopping.set()
        for thread in worker.workers:
            thread.stop()  # each ends after the message it has
        _fetch_no_more(worker)
        _hand_back(worker)
        threading.Thread(target=self._attend, args=(worker,), name="stopping", daemon=True).start()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._stopped.set()

    def _attend(self, worker: dramatiq.Worker) -> None:
        until = time.monotonic() + self._grace_seconds
        while not self._stopped.wait(LOOK_SECONDS):
            # A consumer may have been fetching while it was told not to.
            _fetch_no_more(worker)
            _hand_back(worker)
            if time.monotonic() > until:
                log.warning("work_cut_short", count=cut_short())
                return


def _fetch_no_more(worker: dramatiq.Worker) -> None:
    for thread in worker.consumers.values():
        thread.prefetch = 0  # for a consumer it may make anew
        if isinstance(thread.consumer, PromptConsumer):
            thread.consumer.prefetch = 0


def _hand_back(worker: dramatiq.Worker) -> None:
    by_queue: dict[str, list[dramatiq.MessageProxy]] = defaultdict(list)
    for message in _not_begun(worker):
        by_queue[message.queue_name].append(message)
    for queue, messages in by_queue.items():
        try:
            worker.consumers[queue].requeue_messages(messages)
            log.info("messages_handed_back", queue=queue, count=len(messages))
        except (redis.RedisError, DramatiqError) as error:
            # The relay sends them again.
            log.warning("messages_not_handed_back", queue=queue, error=type(error).__name__)


def _not_begun(worker: dramatiq.Worker) -> Iterator[dramatiq.MessageProxy]:
    while True:
        try:
            yield worker.work_queue.get_nowait().message
        except Empty:
            return
