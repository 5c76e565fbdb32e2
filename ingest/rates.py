"""How many requests a source and a tenant may send: token buckets, shared by every edge.

A bucket is kept in Valkey by GCRA, which lets through what a token bucket does and keeps one number
(throttled-py's script). The buckets of all requests that come together are asked in one round trip.
What one bucket refuses, the other is given back, and a bucket that is empty is not asked again
until it can hold something: that costs round trips only where a limit is met.

Only what was proven to come from its source is counted, so nobody can use up another's limit. With
Valkey out of reach each process keeps buckets of its own for a while: accepting goes on, because
the truth is in PostgreSQL, and a limit is a multiple of itself until Valkey is back.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import redis
import structlog
from redis.commands.core import Script
from throttled import MemoryStore, Throttled, per_min
from throttled.rate_limiter.gcra import RedisLimitAtomicActionSpec

from pipeline.rate import Rate
from pipeline.refusal import Refusal
from pipeline.respite import Respite

MOST_KNOWN: Final = 10_000
SOURCE: Final = "source"
TENANT: Final = "tenant"
_PREFIX: Final = "awgp:rate:"
# As long as a process that was wrong about a limit may refuse on its own word.
_LONGEST_REFUSAL_SECONDS: Final = 1.0

# The library's script, for several buckets at once.
_EACH: Final = f"""
local function ask(KEYS, ARGV)
{RedisLimitAtomicActionSpec.SCRIPTS}
end
local answers = {{}}
for at, key in ipairs(KEYS) do
    answers[at] = ask({{key}}, {{ARGV[3 * at - 2], ARGV[3 * at - 1], ARGV[3 * at]}})
end
return answers
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit: `kind` is what its policy is called, `key` whose it is."""

    kind: str
    key: str
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that wants `cost` places in each of its buckets."""

    buckets: tuple[Bucket, ...]
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Level:
    """A bucket after it was asked; seconds until it is full, and until it would do."""

    remaining: int
    full_in: float
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a request was answered. `levels` are in the order of its buckets."""

    allowed: bool
    ask: Ask
    levels: tuple[Level, ...]

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
        pairs = list(zip(self.ask.buckets, self.levels, strict=True))
        return {
            "RateLimit-Policy": ", ".join(
                f'"{each.kind}";q={each.rate.burst};w={each.rate.window_seconds}'
                for each in self.ask.buckets
            ),
            "RateLimit": ", ".join(
                f'"{each.kind}";r={max(0, level.remaining)};t={math.ceil(level.full_in)}'
                for each, level in pairs
            ),
        }

    @property
    def retry_after_seconds(self) -> int:
        return max(1, math.ceil(max(level.retry_in for level in self.levels)))


class RateExceeded(Refusal):
    """More than a source or its tenant may send; nothing was changed."""

    def __init__(self, standing: Standing) -> None:
        seconds = standing.retry_after_seconds
        short = next(
            bucket.kind
            for bucket, level in zip(standing.ask.buckets, standing.levels, strict=True)
            if level.retry_in > 0
        )
        super().__init__(
            f"more requests than this {short} may send; come back in {seconds} s",
            headers=standing.headers() | {"Retry-After": str(seconds)},
        )


def _until_one(bucket: Bucket, level: Level, wanted: int) -> Level:
    """A bucket that refused several at once, with the seconds until it has a place for one more."""
    more = wanted - 1 - max(0, level.remaining)
    retry_in = level.retry_in - more * bucket.rate.seconds_each
    return Level(level.remaining, level.full_in, max(0.001, retry_in))


class Rates:
    """The limits of one process. Any thread may ask.

    Args:
        client: None where there is no Valkey at all.
        respite: Shared with whatever else uses it.
    """

    def __init__(
        self,
        client: "redis.Redis | None",
        respite: Respite,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._respite = respite
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._script: Script | None = None
        self._own: dict[Rate, Throttled] = {}
        # Until when each empty bucket is known to be empty.
        self._empty: dict[str, tuple[float, int, float]] = {}

    def charge(self, asks: Sequence[Ask]) -> list[Standing]:
        """Take places for each ask, in order, from all its buckets or from none."""
        wanted: dict[Bucket, int] = {}
        for each in asks:
            if not any(self._is_empty(bucket) for bucket in each.buckets):
                for bucket in each.buckets:
                    wanted[bucket] = wanted.get(bucket, 0) + each.cost
        granted, levels = self._take(wanted)
        left = dict(granted)
        answers = [self._answer(each, left, levels) for each in asks]
        self._give_back({bucket: left[bucket] for bucket in granted if left[bucket] > 0})
        return answers

    def _answer(
        self, ask: Ask, left: dict[Bucket, int], levels: Mapping[Bucket, Level]
    ) -> Standing:
        allowed = all(left.get(bucket, 0) >= ask.cost for bucket in ask.buckets)
        if allowed:
            for bucket in ask.buckets:
                left[bucket] -= ask.cost
            shown = tuple(levels[bucket] for bucket in ask.buckets)
            return Standing(
                allowed=True,
                ask=ask,
                levels=tuple(Level(each.remaining, each.full_in, 0.0) for each in shown),
            )
        return Standing(
            allowed=False,
            ask=ask,
            levels=tuple(self._refusing(bucket, ask.cost, left, levels) for bucket in ask.buckets),
        )

    def _refusing(
        self, bucket: Bucket, cost: int, left: Mapping[Bucket, int], levels: Mapping[Bucket, Level]
    ) -> Level:
        """What a bucket is, of a request that is refused for it or for its other bucket."""
        now = self._monotonic()
        if bucket in levels:
            level = levels[bucket]
            short = left[bucket] < cost
            retry = level.retry_in + bucket.rate.seconds_each * (cost - 1) if short else 0.0
            return Level(level.remaining, level.full_in, retry)
        until, remaining, full_at = self._empty.get(bucket.key, (now, bucket.rate.burst, now))
        return Level(remaining, max(0.0, full_at - now), max(0.0, until - now))

    def _take(self, wanted: Mapping[Bucket, int]) -> tuple[dict[Bucket, int], dict[Bucket, Level]]:
        """Take what there is of what is wanted: how many places, and what is left of each."""
        found = self._ask(wanted)
        granted, levels = dict(wanted), {}
        short: dict[Bucket, int] = {}
        for bucket, (limited, level) in found.items():
            levels[bucket] = level
            if limited:
                levels[bucket] = _until_one(bucket, level, wanted[bucket])
                granted[bucket] = 0
                if wanted[bucket] > 1 and level.remaining > 0:
                    short[bucket] = min(level.remaining, wanted[bucket])
                self._remember_empty(bucket, levels[bucket], all_of_it=level.remaining <= 0)
        for bucket, (limited, level) in self._ask(short).items():
            if not limited:
                granted[bucket] = short[bucket]
                levels[bucket] = Level(level.remaining, level.full_in, levels[bucket].retry_in)
        return granted, levels

    def _is_empty(self, bucket: Bucket) -> bool:
        until, _, _ = self._empty.get(bucket.key, (float("-inf"), 0, 0.0))
        return self._monotonic() < until

    def _remember_empty(self, bucket: Bucket, level: Level, *, all_of_it: bool) -> None:
        if not all_of_it:
            return
        now = self._monotonic()
        until = now + min(max(level.retry_in, 0.0), _LONGEST_REFUSAL_SECONDS)
        if len(self._empty) >= MOST_KNOWN:
            self._empty = {}
        self._empty[bucket.key] = (until, level.remaining, now + level.full_in)

    def _give_back(self, spare: Mapping[Bucket, int]) -> None:
        """What was taken for requests that another bucket refused."""
        after = self._ask({bucket: -number for bucket, number in spare.items()})
        # The script keeps no bucket that is full, and leaves what it was.
        full = [_PREFIX + bucket.key for bucket, (_, level) in after.items() if level.full_in <= 0]
        if full and self._client is not None and self._respite.may_try():
            try:
                self._client.delete(*full)
                self._respite.worked()
            except (redis.RedisError, OSError) as error:
                self._pause(error)

    def _ask(self, wanted: Mapping[Bucket, int]) -> dict[Bucket, tuple[bool, Level]]:
        if not wanted:
            return {}
        client = self._client
        if client is not None and self._respite.may_try():
            try:
                found = self._ask_valkey(client, wanted)
                self._respite.worked()
                return found
            except (redis.RedisError, OSError) as error:
                self._pause(error)
        return {bucket: self._ask_own(bucket, cost) for bucket, cost in wanted.items()}

    def _pause(self, error: Exception) -> None:
        self._respite.failed()
        log.warning("rates_kept_alone", error=type(error).__name__)

    def _ask_valkey(
        self, client: "redis.Redis", wanted: Mapping[Bucket, int]
    ) -> dict[Bucket, tuple[bool, Level]]:
        if self._script is None:
            self._script = client.register_script(_EACH)
        rows = self._script(
            keys=[_PREFIX + bucket.key for bucket in wanted],
            args=[
                number
                for bucket, cost in wanted.items()
                for number in (bucket.rate.seconds_each, bucket.rate.burst, cost)
            ],
        )
        return {
            bucket: (bool(row[0]), Level(int(row[1]), float(row[2]), float(row[3])))
            for bucket, row in zip(wanted, rows, strict=True)
        }

    def _ask_own(self, bucket: Bucket, cost: int) -> tuple[bool, Level]:
        if cost <= 0:  # nothing is given back here: it is a limit of a few seconds
            return False, Level(0, 0.0, 0.0)
        with self._lock:
            limiter = self._own.get(bucket.rate)
            if limiter is None:
                limiter = self._own[bucket.rate] = Throttled(
                    using="gcra",
                    quota=per_min(bucket.rate.per_minute, burst=bucket.rate.burst),
                    store=MemoryStore(options={"MAX_SIZE": MOST_KNOWN}),
                )
        result = limiter.limit(bucket.key, cost)
        state = result.state
        return result.limited, Level(
            int(state.remaining), float(state.reset_after), float(state.retry_after)
        )
