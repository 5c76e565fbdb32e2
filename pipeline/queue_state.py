"""Which queues take work: running, draining (what was due before, nothing new) or paused.

One row a queue, read by every claim (pipeline/handoff.py), so a pause holds from its commit on,
whatever messages are on their way: only a claim whose statement had begun goes through. What waits
stays in `handoffs` and `due`, and the relay sends none of it. Taking work again makes it due at
once.

What pausing means beside a stage's own runs:
  hold ... approvals past their end stay open rows, but a vote on them is refused as expired
  audit .. nothing is sealed, so no run is completed and no checkpoint is signed; the records wait
  export . no export by time; `awgp audit export` still exports
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.run import Stage

# Of a row of `handoffs`: its queue gives it away. A queue without a row of its own is open.
OPEN: Final = (
    "NOT EXISTS (SELECT 1 FROM queue_states q WHERE q.queue = handoffs.stage AND"
    " (q.state = 'paused' OR (q.state = 'draining' AND handoffs.created_at > q.changed_at)))"
)
# Of a row of `due` that was sent: the relay sends a draining queue only what was due before.
DUE_NOT_PAUSED: Final = (
    "NOT EXISTS (SELECT 1 FROM queue_states q WHERE q.queue = split_part(due.kind, '.', 1)"
    " AND q.state = 'paused')"
)
# Rows hurried in one transaction: none holds many locks for long.
HURRY_AT_ONCE: Final = 5000
STANDING: Final = "queue, state, changed_at, changed_by, reason, changed_in"


class QueueState(StrEnum):
    RUNNING = "running"
    DRAINING = "draining"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStanding:
    """A queue's state, since when, who made it so and why.

    Attributes:
        changed_in: The number of the transaction that did.
    """

    queue: Stage
    state: QueueState
    changed_at: datetime
    changed_by: str
    reason: str
    changed_in: int = 0


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


def queue_standings(connection: Connection) -> dict[Stage, QueueStanding]:
    """Every queue's state, in the order a run passes them."""
    rows = connection.execute(
        text(f"SELECT {STANDING} FROM queue_states")  # noqa: S608  # constant parts
    ).all()
    found = {Stage(row[0]): _standing(*row) for row in rows}
    return {queue: found[queue] for queue in Stage if queue in found}


def change_queue(
    connection: Connection, queue: Stage, to: QueueState, *, by: str, reason: str
) -> tuple[QueueStanding, QueueStanding]:
    """Set a queue's state; returns how it stood before and stands now.

    As awgp_operator or, at a drain's end, awgp_relay.

    One that stands so already is left as it is, with its time, whoever and why. Two at once wait
    for one another.
    """
    select = f"SELECT {STANDING} FROM queue_states WHERE queue = :queue"  # noqa: S608  # constant parts
    values = {"queue": queue.value, "to": to.value, "by": by[:200], "reason": reason[:500]}
    before = _standing(*connection.execute(text(f"{select} FOR UPDATE"), values).one())
    if before.state is to:
        return before, before
    connection.execute(
        text(
            "UPDATE queue_states SET state = :to, changed_at = clock_timestamp(),"
            " changed_by = :by, reason = :reason,"
            " changed_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
            " WHERE queue = :queue"
        ),
        values,
    )
    return before, _standing(*connection.execute(text(select), values).one())


def hurry(connection: Connection, queue: Stage) -> int:
    """Make one batch of what waits in a queue due now, never before a retry asked for it.

    What waits in a tenant's line (pipeline/waiting_line.py) is let in as ever.

    Returns:
        How many rows; call again, in a transaction of its own, while it is HURRY_AT_ONCE.
    """
    values = {"queue": queue.value, "batch": HURRY_AT_ONCE}
    handoffs = connection.execute(
        text(
            "UPDATE handoffs t SET next_send_at = clock_timestamp(), sends = 0 FROM ("
            " SELECT tenant_id, handoff_id FROM handoffs WHERE stage = :queue"
            " AND next_send_at > (SELECT clock_timestamp()) AND next_send_at < 'infinity'"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " AND (not_before IS NULL OR not_before <= clock_timestamp())"
            " LIMIT :batch FOR UPDATE SKIP LOCKED) p"
            " WHERE t.tenant_id = p.tenant_id AND t.handoff_id = p.handoff_id"
        ),
        values,
    ).rowcount
    due = connection.execute(
        text(
            "UPDATE due t SET next_send_at = clock_timestamp() FROM ("
            " SELECT tenant_id, due_id FROM due WHERE split_part(kind, '.', 1) = :queue"
            " AND sends > 0 AND next_send_at > (SELECT clock_timestamp())"
            " LIMIT :batch FOR UPDATE SKIP LOCKED) p"
            " WHERE t.tenant_id = p.tenant_id AND t.due_id = p.due_id"
        ),
        values,
    ).rowcount
    return max(handoffs, due)


def due_before(connection: Connection, queue: Stage, moment: datetime) -> int:
    """How much of a queue was due at a moment and is not done yet, as awgp_operator."""
    found: int = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM handoffs WHERE stage = :queue AND created_at <= :at)"
            " + (SELECT count(*) FROM due WHERE split_part(kind, '.', 1) = :queue"
            " AND (sends > 0 OR next_send_at <= :at))"
        ),
        {"queue": queue.value, "at": moment},
    ).scalar_one()
    return found


def queue_figures(connection: Connection) -> list[QueueFigures]:
    """Of every tenant and queue that has anything; as awgp_relay or awgp_operator."""
    return _figures(connection, "queue_figures()")


def own_queue_figures(connection: Connection) -> list[QueueFigures]:
    """Of the tenant whose transaction this is; as awgp_web."""
    return _figures(connection, "own_queue_figures()")


def _figures(connection: Connection, function: str) -> list[QueueFigures]:
    rows = connection.execute(
        text(
            f"SELECT tenant_id, queue, depth, oldest_at, leased, retrying, dead FROM {function}"  # noqa: S608  # one of two names
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


def _standing(
    queue: str, state: str, changed_at: datetime, changed_by: str, reason: str, changed_in: int
) -> QueueStanding:
    return QueueStanding(
        queue=Stage(queue),
        state=QueueState(state),
        changed_at=changed_at,
        changed_by=changed_by,
        reason=reason,
        changed_in=changed_in,
    )
