"""What a worker process says of itself in the broker, every second or so.

The key `awgp:worker:<host>:<pid>` holds JSON:

    {"queues": ["execute"], "in_flight": {"execute": 2}, "done": 131, "started_at": "2026-..."}

`in_flight` counts the messages being worked on, by queue; also where a claim is a row lock, which
nobody else can see. The key dies LIFE_SECONDS after its process.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import redis

PREFIX: Final = "awgp:worker:"
BEAT_SECONDS: Final = 1.0
LIFE_SECONDS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBeat:
    """One worker process as it last said it was; `done` counts messages since `started_at`."""

    host: str
    pid: int
    queues: tuple[str, ...]
    in_flight: Mapping[str, int]
    done: int
    started_at: datetime


def beat_key(host: str, pid: int) -> str:
    return f"{PREFIX}{host}:{pid}"


def beat_value(beat: WorkerBeat) -> str:
    """What is kept under the key; no word of what is being worked on."""
    return json.dumps(
        {
            "queues": list(beat.queues),
            "in_flight": dict(beat.in_flight),
            "done": beat.done,
            "started_at": beat.started_at.isoformat(timespec="seconds"),
        }
    )


def living_workers(client: "redis.Redis") -> list[WorkerBeat]:
    """Every worker process that beat of late, by host and pid.

    A key of another version of ours, or one that vanished meanwhile, is left out.

    Raises:
        redis.RedisError: The broker cannot be asked.
    """
    keys = sorted(client.scan_iter(match=f"{PREFIX}*", count=1000))
    values = client.mget(keys) if keys else []
    found = [_read(_text(key), value) for key, value in zip(keys, values, strict=True)]
    return [each for each in found if each is not None]


def in_flight_by_queue(beats: list[WorkerBeat]) -> dict[str, int]:
    """How many messages are being worked on, over all workers."""
    total: dict[str, int] = {}
    for beat in beats:
        for queue, count in beat.in_flight.items():
            total[queue] = total.get(queue, 0) + count
    return total


def _read(key: str, value: bytes | str | None) -> WorkerBeat | None:
    host, _, pid = key.removeprefix(PREFIX).rpartition(":")
    try:
        said = json.loads(value or "")
        return WorkerBeat(
            host=host,
            pid=int(pid),
            queues=tuple(str(each) for each in said["queues"]),
            in_flight={str(queue): int(count) for queue, count in said["in_flight"].items()},
            done=int(said["done"]),
            started_at=datetime.fromisoformat(said["started_at"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _text(key: bytes | str) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else key
