"""The relay keeps a sample of every queue each ten seconds, and ends drains that are over."""

import time
from collections.abc import Callable
from typing import Final

import redis
import structlog
from sqlalchemy import Engine, exc

from pipeline.live_publisher import Publisher
from pipeline.queue_change import end_drains, tell_all
from pipeline.queue_history import SAMPLE_SECONDS, is_our_turn, keep_sample
from pipeline.queue_look import QueueWatch

log = structlog.get_logger()

DRAINS_SECONDS: Final = 1.0
# Two samples, and some for a turn that came late.
RATE_WINDOW_SECONDS: Final = 2.5 * SAMPLE_SECONDS


class QueueKeeper:
    """What a relay does for the queues beside sending; any number of relays share it.

    Args:
        engine: As awgp_relay.
        client: Of the broker's server.
    """

    def __init__(
        self,
        engine: Engine,
        client: "redis.Redis",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._client = client
        self._live = Publisher(client)
        self._clock = clock
        self._watch = QueueWatch(
            engine=engine, client=client, clock=clock, rate_window_seconds=RATE_WINDOW_SECONDS
        )
        self._drains_at = self._sample_at = clock()

    def keep(self) -> None:
        """Do what is due; called at every turn.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database is away, which the relay waits out.
        """
        if self._clock() >= self._drains_at:
            self._drains_at = self._clock() + DRAINS_SECONDS
            self._end_drains()
        if self._clock() >= self._sample_at:
            # Looked at more often than it is due: another relay's sample counts as ours.
            self._sample_at = self._clock() + 1.0
            self._sample()

    def _end_drains(self) -> None:
        ended = end_drains(self._engine)
        for queue in ended:
            log.info("queue_drained", queue=queue.value)
        if ended:
            tell_all(self._engine, self._live)

    def _sample(self) -> None:
        """A picture that is not taken is a gap in a chart and nothing else."""
        try:
            if is_our_turn(self._client):
                keep_sample(self._client, self._watch.look())
        except (redis.RedisError, exc.DBAPIError) as error:
            log.warning("queues_not_sampled", error=type(error).__name__)
