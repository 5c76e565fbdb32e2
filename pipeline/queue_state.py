"""Which queues take work: running, draining (what was due before, nothing new) or paused.

One row a queue, read by every claim (pipeline/handoff.py), so a pause holds from its commit on,
whatever messages are on their way. What waits stays in `handoffs`; resuming makes it due at once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.run import Stage


class QueueState(StrEnum):
    RUNNING = "running"
    DRAINING = "draining"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """How one tenant's share of a queue stands; see the function queue_figures() in 0002."""

    tenant_id: UUID
    queue: Stage
    depth: int
    oldest_at: datetime | None
    leased: int
    retrying: int
    dead: int


def queue_figures(connection: Connection) -> list[QueueFigures]:
    """Of every tenant and queue that has anything; as awgp_relay or awgp_operator."""
    rows = connection.execute(
        text(
            "SELECT tenant_id, queue, depth, oldest_at, leased, retrying, dead FROM queue_figures()"
        )
    )
    return [
        QueueFigures(
            tenant_id=row[0],
            queue=Stage(row[1]),
            depth=row[2],
            oldest_at=row[3],
            leased=row[4],
            retrying=row[5],
            dead=row[6],
        )
        for row in rows
    ]
