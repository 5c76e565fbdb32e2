"""Pausing, resuming and draining queues, and saying how many processes each is to have.

A change and its audit record are one transaction. The record goes into the holding's trail, where
there is a holding: a queue is shared by all tenants and belongs to none. Without a holding, who and
why are in `queue_states` and `wanted_processes` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from pipeline.audit import AuditRecord
from pipeline.database import enter_tenant
from pipeline.ids import uuid7
from pipeline.live import QUEUE, Event, Happened
from pipeline.live_publisher import Publisher
from pipeline.queue_state import (
    HURRY_AT_ONCE,
    QueueStanding,
    QueueState,
    change_queue,
    due_before,
    hurry,
    queue_standings,
)
from pipeline.run import Stage
from pipeline.work import SYSTEM, Actor

ACTIONS: Final = {
    QueueState.RUNNING: "ops:queue:resumed",
    QueueState.DRAINING: "ops:queue:drained",
    QueueState.PAUSED: "ops:queue:paused",
}
DRAINED: Final = "drained"
THE_RELAY: Final = Actor(type="system", id=SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a queue was and is."""

    before: QueueStanding
    after: QueueStanding

    @property
    def queue(self) -> Stage:
        return self.after.queue

    @property
    def changed(self) -> bool:
        return self.before.state is not self.after.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """How far a drain is: `left` of `total` that were due before; `state` once it is over."""

    queue: Stage
    total: int
    left: int
    state: QueueState


def set_queue(engine: Engine, queue: Stage, to: QueueState, *, by: Actor, reason: str) -> Change:
    """Set a queue's state, on record; where it takes work again, what waits is due at once.

    Args:
        engine: As awgp_operator.
    """
    with engine.begin() as connection:
        change = _change(connection, queue, to, by=by, reason=reason)
    if to is not QueueState.PAUSED:
        hurry_all(engine, queue)
    return change


def tell_all(engine: Engine, live: Publisher | None) -> None:
    """Tell who looks on, in whatever tenant, that queues were changed: they are everybody's.

    Args:
        engine: Of a login; those tenants are told that it sees.
    """
    if live is None:
        return
    with engine.connect() as connection:
        tenants = connection.execute(text("SELECT tenant_id FROM tenants")).scalars().all()
    live.publish(Happened(tenant_id=each, announced=[Event(kind=QUEUE)]) for each in tenants)


def hurry_all(engine: Engine, queue: Stage) -> None:
    """Make all that waits in a queue due, a batch a transaction."""
    more = True
    while more:
        with engine.begin() as connection:
            more = hurry(connection, queue) >= HURRY_AT_ONCE


def look_at_drain(connection: Connection, drain: QueueStanding, *, by: Actor) -> Drain:
    """See how far a drain is, and pause its queue once it is over, unless somebody else did.

    Args:
        drain: The queue as it stood when the drain began.
        by: Who ends it, as awgp_operator or awgp_relay.
    """
    left, over = _left(connection, drain)
    state = _end_drain(connection, drain, by=by, over=over)
    return Drain(queue=drain.queue, total=left, left=left, state=state)


def end_drains(engine: Engine) -> list[Stage]:
    """Pause every draining queue that has worked off what was due before; returns those.

    Args:
        engine: As awgp_relay, which no request waits for.
    """
    with engine.connect() as connection:
        standings = queue_standings(connection).values()
    ended = []
    for each in standings:
        if each.state is QueueState.DRAINING:
            with engine.begin() as connection:
                left = _left_of(connection, each)
                if left is not None and left.state is QueueState.PAUSED:
                    ended.append(each.queue)
    return ended


def record_of_machine(
    connection: Connection,
    by: Actor,
    action: str,
    queue: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str,
) -> None:
    """Note a change of the machine in the holding's trail, where there is one."""
    holding = holding_of(connection)
    if holding is None:
        return
    record = AuditRecord(
        id=uuid7(),
        occurred_at=datetime.now(UTC),
        tenant_id=holding,
        actor_type=by.type,
        actor_id=by.id,
        action=action,
        resource_type="queue",
        resource_id=queue,
        before=before,
        after=after,
        metadata={"reason": reason} if reason else {},
    )
    enter_tenant(connection, holding)
    connection.execute(
        text("INSERT INTO audit_pending (tenant_id, record) VALUES (:tenant, :record)"),
        {"tenant": holding, "record": Jsonb(record.to_json())},
    )


def holding_of(connection: Connection) -> UUID | None:
    """The holding's tenant, as the login sees it."""
    found: UUID | None = connection.execute(
        text("SELECT tenant_id FROM tenants WHERE kind = 'holding' ORDER BY created_at LIMIT 1")
    ).scalar_one_or_none()
    return found


def _left_of(connection: Connection, drain: QueueStanding) -> Drain | None:
    """None while another relay looks at it."""
    locked = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"drain {drain.queue}"},
    ).scalar_one()
    return look_at_drain(connection, drain, by=THE_RELAY) if locked else None


def _left(connection: Connection, drain: QueueStanding) -> tuple[int, bool]:
    """What is left, and whether nothing can be added to it any more.

    A handoff that was inserted before the drain may be committed after it: nothing is over while
    a transaction is open that is older than the drain.
    """
    settled: bool = connection.execute(
        text(
            "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
            " > CAST(:number AS bigint)"
        ),
        {"number": drain.changed_in},
    ).scalar_one()
    left = due_before(connection, drain.queue, drain.changed_at)
    return left, settled and left == 0


def _end_drain(
    connection: Connection, drain: QueueStanding, *, by: Actor, over: bool
) -> QueueState:
    """Pause a queue that is drained, unless it is no longer this drain's."""
    now = queue_standings(connection)[drain.queue]
    if now.state is not QueueState.DRAINING or now.changed_at != drain.changed_at:
        return now.state if now.state is not QueueState.DRAINING else QueueState.RUNNING
    if not over:
        return QueueState.DRAINING
    connection.execute(
        text("SELECT 1 FROM queue_states WHERE queue = :queue FOR UPDATE"),
        {"queue": drain.queue.value},
    )
    now = queue_standings(connection)[drain.queue]
    if now.changed_at == drain.changed_at:
        change = _change(
            connection, drain.queue, QueueState.PAUSED, by=by, reason=now.reason or DRAINED
        )
        return change.after.state
    return now.state


def _change(
    connection: Connection, queue: Stage, to: QueueState, *, by: Actor, reason: str
) -> Change:
    before, after = change_queue(connection, queue, to, by=by.id, reason=reason)
    change = Change(before=before, after=after)
    if change.changed:
        record_of_machine(
            connection,
            by,
            ACTIONS[after.state],
            queue.value,
            before={"state": before.state.value},
            after={"state": after.state.value},
            reason=after.reason,
        )
    return change
