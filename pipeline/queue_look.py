"""How every queue stands at a moment: figures of the database, and what workers say of themselves.

The database knows what waits, fails and is leased; the broker knows the workers, by their
heartbeats. Without the broker the first half is still true, and the second is unknown, not zero.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import redis
from sqlalchemy import Engine, text

from pipeline.heartbeat import WorkerBeat, in_flight_by_queue, living_workers
from pipeline.known_tenants import refuse_unknown, tenant_slugs
from pipeline.queue_state import (
    QueueFigures,
    QueueStanding,
    QueueState,
    queue_figures,
    queue_standings,
)
from pipeline.run import Stage

RATE_WINDOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLook:
    """A queue, or one tenant's share of it.

    Attributes:
        depth: What is due now, worked on or not.
        oldest_seconds: How long the oldest of it that nobody works on has been due.
        in_flight: Being worked on; of a tenant's share and without the broker, leases alone.
        workers: Processes that serve it; None where the broker is gone.
        rate: Messages worked on a second; None where it is not known.
        tenant: The slug, or the id where the login may not read slugs.
    """

    queue: Stage
    tenant: str | None
    standing: QueueStanding
    depth: int
    oldest_seconds: float | None
    in_flight: int
    retrying: int
    dead: int
    workers: int | None = None
    rate: float | None = None
    tenant_id: UUID | None = None

    @property
    def has_nobody(self) -> bool:
        """Work and nobody to do it, though it may be done."""
        waits = self.depth > 0 and self.standing.state is not QueueState.PAUSED
        return waits and self.workers == 0

    def as_json(self) -> dict[str, Any]:
        return {
            "queue": self.queue.value,
            **({} if self.tenant is None else {"tenant": self.tenant}),
            "state": self.standing.state.value,
            "changed_at": self.standing.changed_at.isoformat(),
            "changed_by": self.standing.changed_by,
            "reason": self.standing.reason,
            "workers": self.workers,
            "depth": self.depth,
            "oldest_seconds": None
            if self.oldest_seconds is None
            else round(self.oldest_seconds, 3),
            "in_flight": self.in_flight,
            "retrying": self.retrying,
            "dead": self.dead,
            "rate": None if self.rate is None else round(self.rate, 2),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Every queue at a moment. `broker` is what is wrong with it; None when it answers."""

    at: datetime
    queues: Sequence[QueueLook]
    shares: Sequence[QueueLook]
    tenants: int
    broker: str | None


@dataclass(slots=True, kw_only=True)
class QueueWatch:
    """Looks again and again, and knows the rate from the second look on.

    Args:
        engine: As awgp_operator, or as awgp_relay, which knows no slugs.
        client: Of the broker; None where none is named.
        tenant: A slug, to count that tenant's share alone.
        rate_window_seconds: A rate is taken between two looks at most this far apart.
    """

    engine: Engine
    client: "redis.Redis | None"
    tenant: str | None = None
    clock: Callable[[], float] = time.monotonic
    rate_window_seconds: float = RATE_WINDOW_SECONDS
    _beats: deque[tuple[float, Sequence[WorkerBeat]]] = field(default_factory=deque)

    def look(self) -> Look:
        """Raises: TenantUnknown."""
        with self.engine.connect() as connection:
            at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            slugs = tenant_slugs(connection)
            standings = queue_standings(connection)
            figures = queue_figures(connection)
        if self.tenant is not None:
            refuse_unknown(self.tenant, slugs.values())
            figures = [each for each in figures if slugs.get(each.tenant_id) == self.tenant]
        beats, wrong = self.listen()
        return Look(
            at=at.astimezone(UTC),
            queues=[self._queue(each, figures, at, beats) for each in standings.values()],
            shares=shares_of(standings, figures, slugs, at),
            tenants=len(slugs),
            broker=wrong,
        )

    def listen(self) -> tuple[Sequence[WorkerBeat] | None, str | None]:
        """Hear the workers, for the rate too; None and why where the broker is gone."""
        if self.client is None:
            return None, "AWGP_REDIS_URL is not set"
        try:
            beats = living_workers(self.client)
        except redis.RedisError as error:
            self._beats.clear()
            return None, type(error).__name__
        now = self.clock()
        self._beats.append((now, beats))
        while now - self._beats[0][0] > self.rate_window_seconds:
            self._beats.popleft()
        return beats, None

    def _queue(
        self,
        standing: QueueStanding,
        figures: Iterable[QueueFigures],
        at: datetime,
        beats: Sequence[WorkerBeat] | None,
    ) -> QueueLook:
        mine = [each for each in figures if each.queue is standing.queue]
        look = sum_of(standing, mine, at)
        if beats is None:
            return look
        name = standing.queue.value
        # A lease and the message its worker is at are one piece of work.
        said = 0 if self.tenant is not None else in_flight_by_queue(list(beats)).get(name, 0)
        return replace(
            look,
            in_flight=max(look.in_flight, said),
            workers=sum(name in each.queues for each in beats),
            rate=self._rate(name),
        )

    def _rate(self, queue: str) -> float | None:
        """Between the oldest look kept and the newest, of the workers that serve this queue alone.

        A worker counts the messages of all its queues together.
        """
        (then, before), (now, after) = self._beats[0], self._beats[-1]
        serving = [each for each in after if queue in each.queues]
        if now <= then or any(each.queues != (queue,) for each in serving):
            return None
        earlier = {(each.host, each.pid, each.started_at): each.done for each in before}
        done = sum(
            each.done - earlier.get((each.host, each.pid, each.started_at), 0) for each in serving
        )
        return max(0, done) / (now - then)


def shares_of(
    standings: Mapping[Stage, QueueStanding],
    figures: Iterable[QueueFigures],
    slugs: Mapping[UUID, str],
    at: datetime,
) -> list[QueueLook]:
    """Each tenant's share of each queue in which it has anything."""
    found = [
        replace(
            sum_of(standings[each.queue], [each], at),
            tenant=slugs.get(each.tenant_id, str(each.tenant_id)),
            tenant_id=each.tenant_id,
        )
        for each in figures
        if each.queue in standings
    ]
    order = list(Stage)
    return sorted(found, key=lambda each: (order.index(each.queue), -each.depth, each.tenant or ""))


def sum_of(standing: QueueStanding, figures: Sequence[QueueFigures], at: datetime) -> QueueLook:
    """What is known of a queue without the broker."""
    ages = [(at - each.oldest_at).total_seconds() for each in figures if each.oldest_at]
    return QueueLook(
        queue=standing.queue,
        tenant=None,
        standing=standing,
        depth=sum(each.depth for each in figures),
        oldest_seconds=max(0.0, *ages) if ages else None,
        in_flight=sum(each.leased for each in figures),
        retrying=sum(each.retrying for each in figures),
        dead=sum(each.dead for each in figures),
    )
