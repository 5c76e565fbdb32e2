"""How queues stood over the last day: a sample every ten seconds, kept by the broker's server.

    awgp:queue-history                stream, an entry a sample: {"q": {queue: FIGURES}}
    awgp:queue-history:<tenant id>    the same of one tenant, under the same ids; a sample in which
                                      the tenant had nothing is left out

FIGURES is a list, as FIELDS names it. Figures and ids only. Losing it loses a picture.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import redis

from pipeline.queue_look import Look, QueueLook
from pipeline.run import Stage

KEY: Final = "awgp:queue-history"
MARK: Final = f"{KEY}:mark"
SAMPLE_SECONDS: Final = 10
KEPT: Final = timedelta(days=1)
MOST_SAMPLES: Final = int(KEPT.total_seconds()) // SAMPLE_SECONDS
MOST_POINTS: Final = 360
# Busiest first: a sample stays small however many tenants there are.
MOST_TENANTS: Final = 200
FIELDS: Final = ("depth", "in_flight", "retrying", "dead", "oldest_seconds", "workers", "rate")
NOTHING: Final[tuple[float | None, ...]] = (0, 0, 0, 0, None, None, None)

Figures = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How queues stood around a moment: of every figure the highest there was."""

    at: datetime
    queues: Mapping[Stage, Figures]


def is_our_turn(client: "redis.Redis") -> bool:
    """Whether a sample is due, and nobody else takes it.

    Raises: redis.RedisError.
    """
    life = SAMPLE_SECONDS * 1000 - 500
    return bool(client.set(MARK, "1", nx=True, px=life))


def keep_sample(client: "redis.Redis", look: Look) -> None:
    """Raises: redis.RedisError."""
    sample = {each.queue.value: _figures(each) for each in look.queues}
    entry_id = _text(client.xadd(KEY, _entry(sample), maxlen=MOST_SAMPLES, approximate=True))
    pipeline = client.pipeline(transaction=False)
    pipeline.expire(KEY, KEPT)
    for tenant_id, shares in _busiest(look.shares):
        key = f"{KEY}:{tenant_id}"
        own = {each.queue.value: _figures(each) for each in shares}
        pipeline.xadd(key, _entry(own), id=entry_id, maxlen=MOST_SAMPLES, approximate=True)
        pipeline.expire(key, KEPT)
    pipeline.execute()


def read_history(client: "redis.Redis", minutes: int, tenant_id: UUID | None = None) -> list[Point]:
    """The last minutes, oldest first, in at most MOST_POINTS points.

    Args:
        tenant_id: Of one tenant alone; of the whole machine without.

    Raises: redis.RedisError.
    """
    since = str(int((datetime.now(UTC).timestamp() - minutes * 60) * 1000))
    samples = _samples(client.xrange(KEY, min=since))
    if tenant_id is not None:
        own = _samples(client.xrange(f"{KEY}:{tenant_id}", min=since))
        samples = {at: own.get(at, {}) for at in samples}
    step = step_seconds(minutes) * 1000
    by_step: dict[int, list[Mapping[str, Figures]]] = {}
    for at, sample in samples.items():
        by_step.setdefault(at // step * step, []).append(sample)
    return [_point(at, together) for at, together in sorted(by_step.items())]


def step_seconds(minutes: int) -> int:
    """How far apart the points of so many minutes are."""
    return max(1, -(-minutes * 60 // (MOST_POINTS * SAMPLE_SECONDS))) * SAMPLE_SECONDS


def newest_sample(client: "redis.Redis") -> Mapping[str, Figures]:
    """The last sample of the whole machine, where it is no older than three.

    Raises: redis.RedisError.
    """
    since = str(int((datetime.now(UTC).timestamp() - 3 * SAMPLE_SECONDS) * 1000))
    found = _samples(client.xrevrange(KEY, min=since, count=1))
    return next(iter(found.values()), {})


def _point(at: int, samples: Iterable[Mapping[str, Figures]]) -> Point:
    highest: dict[Stage, Figures] = {}
    together = list(samples)
    for queue in Stage:
        rows = [each.get(queue.value, NOTHING) for each in together]
        highest[queue] = [
            max((value for value in column if value is not None), default=None)
            for column in zip(*rows, strict=True)
        ]
    return Point(at=datetime.fromtimestamp(at / 1000, UTC), queues=highest)


def _figures(look: QueueLook) -> list[float | None]:
    oldest = None if look.oldest_seconds is None else round(look.oldest_seconds, 1)
    rate = None if look.rate is None else round(look.rate, 2)
    return [look.depth, look.in_flight, look.retrying, look.dead, oldest, look.workers, rate]


def _busiest(shares: Sequence[QueueLook]) -> list[tuple[UUID, list[QueueLook]]]:
    by_tenant: dict[UUID, list[QueueLook]] = {}
    for each in shares:
        if each.tenant_id is not None:
            by_tenant.setdefault(each.tenant_id, []).append(each)
    ranked = sorted(by_tenant.items(), key=lambda each: -sum(look.depth for look in each[1]))
    return ranked[:MOST_TENANTS]


def _entry(sample: Mapping[str, Figures]) -> dict[Any, Any]:
    return {"q": json.dumps(sample, separators=(",", ":"))}


def _samples(entries: Any) -> dict[int, Mapping[str, Figures]]:
    """By the milliseconds of their ids; an entry of another version of ours is left out."""
    found: dict[int, Mapping[str, Figures]] = {}
    for entry_id, members in entries:
        try:
            kept = json.loads(members[b"q"] if b"q" in members else members["q"])
            found[int(_text(entry_id).partition("-")[0])] = {
                str(queue): [*row, *NOTHING[len(row) :]][: len(FIELDS)]
                for queue, row in kept.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
