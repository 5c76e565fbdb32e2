"""Tells workers at once that a person wants an execution ended; the handoff's row is the truth.

A short stream of the broker's server names runs, and nothing else. A worker that hears of one it
works on looks at its lease, so a word nobody meant does nothing, and one that is lost costs the
time until the lease is renewed anyway.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import redis
import structlog

from pipeline.fast_path import quick_client
from pipeline.settings import Settings

KEY: Final = "awgp:kills"
MOST: Final = 1000
KEEP_SECONDS: Final = 600
"""Of the stream, from the last of them on."""

LOOK_BACK_SECONDS: Final = 60
"""What whoever begins to listen is told of."""

log = structlog.get_logger()


class KillSignal:
    """Says so."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def send(self, run_id: UUID) -> None:
        """Once it is committed. Raises nothing: the lease's next renewal finds it."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.xadd(KEY, {"run": str(run_id)}, maxlen=MOST, approximate=True)
        pipeline.expire(KEY, KEEP_SECONDS)
        try:
            pipeline.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("kill_not_signalled", run_id=str(run_id), error=type(error).__name__)


def make_kill_signal(settings: Settings) -> KillSignal | None:
    """Connects to nothing yet. None without AWGP_REDIS_URL."""
    return KillSignal(quick_client(settings)) if settings.redis_url else None


def place_to_begin(client: "redis.Redis") -> str:
    """Raises: redis.RedisError."""
    seconds, _ = client.time()
    return f"{(seconds - LOOK_BACK_SECONDS) * 1000}-0"


def hear(client: "redis.Redis", place: str, *, seconds: float) -> tuple[str, Sequence[UUID]]:
    """Wait so long for the next; return the place to go on at, and the runs.

    Raises:
        redis.RedisError: The server is out of reach.
    """
    found: Any = client.xread({KEY: place}, count=MOST, block=round(seconds * 1000))
    if not found:
        return place, ()
    entries = found[0][1]
    runs = [_run_of(fields) for _, fields in entries]
    return entries[-1][0].decode(), [run for run in runs if run is not None]


def _run_of(fields: Mapping[bytes, bytes]) -> UUID | None:
    """The run an entry names; None where somebody wrote anything else."""
    try:
        return UUID(fields[b"run"].decode())
    except (KeyError, ValueError):
        log.warning("kill_unreadable")
        return None
