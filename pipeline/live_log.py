"""What an agent writes while it runs, for who looks on; afterwards the execution's output is it.

A list of lines per execution in the broker's server, `awgp:log:<tenant_id>:<execution_id>`: capped
in lines and in the length of each, and gone a while after the last. Lines come from whoever wrote
the agent or could talk to it. They are kept as data, control characters and all, and mean nothing
here; whoever shows them must escape them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import redis

from pipeline import agent_event
from pipeline.execution import OutputLine
from pipeline.live import TELEMETRY, Event, now, telemetry_key

MOST_LINES: Final = 1000
MOST_CHARACTERS: Final = 1024
"""Of one line."""

LOG_SECONDS: Final = 900
MOST_READ: Final = 500
MOST_ANNOUNCED: Final = 500


def log_key(tenant_id: UUID, execution_id: UUID) -> str:
    """Where an execution's lines are."""
    return f"awgp:log:{tenant_id}:{execution_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLines:
    """A part of what was written. Sequences have gaps where lines were left out.

    Args:
        next_after: What to ask for next time.
    """

    lines: tuple[OutputLine, ...]
    next_after: int


def write_lines(
    client: "redis.Redis",
    *,
    tenant_id: UUID,
    run_id: UUID,
    execution_id: UUID,
    lines: Sequence[OutputLine],
    announce: bool,
) -> None:
    """Add lines in the order of their sequence, in one round trip.

    Args:
        lines: At least one.
        announce: Whether somebody watches.

    Raises:
        redis.RedisError: It failed; some of them may be there.
    """
    key = log_key(tenant_id, execution_id)
    pipeline = client.pipeline(transaction=False)
    for line in lines:
        written = json.dumps([line.stream, line.offset_ms, shortened(line)])
        # No entry may be 0-0, so a line's id is one more than its sequence.
        pipeline.xadd(key, {"l": written}, id=f"{line.sequence + 1}-0", maxlen=MOST_LINES)
    pipeline.expire(key, LOG_SECONDS)
    if announce:
        ids: dict[str, str | int] = {"run_id": str(run_id), "execution_id": str(execution_id)}
        event = Event(kind=TELEMETRY, ids={**ids, "sequence": lines[-1].sequence})
        where = telemetry_key(tenant_id)
        pipeline.xadd(where, {"e": event.write(now())}, maxlen=MOST_ANNOUNCED, approximate=True)
        pipeline.expire(where, LOG_SECONDS)
    pipeline.execute()


def shortened(line: OutputLine) -> str:
    """What is told of a line while its agent runs; whoever looks sees where it was cut."""
    text = line.text
    if line.stream == agent_event.STREAM:
        return agent_event.shortened(text, MOST_CHARACTERS)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} […]"


def read_log(
    client: "redis.Redis",
    tenant_id: UUID,
    execution_id: UUID,
    after: int = -1,
    *,
    limit: int = MOST_READ,
) -> LiveLines:
    """Return the lines whose sequence is above `after`, the oldest first.

    Nothing is there in the first moment, nor some minutes after the last line.

    Raises:
        redis.RedisError: The server is out of reach.
    """
    found: Any = client.xrange(log_key(tenant_id, execution_id), min=f"{after + 2}-0", count=limit)
    lines = tuple(_line(entry_id, fields) for entry_id, fields in found)
    return LiveLines(lines=lines, next_after=lines[-1].sequence if lines else after)


def _line(entry_id: bytes, fields: dict[bytes, bytes]) -> OutputLine:
    stream, offset_ms, text = json.loads(fields[b"l"])
    number = int(entry_id.partition(b"-")[0])
    return OutputLine(sequence=number - 1, stream=stream, offset_ms=offset_ms, text=text)
