"""Pausing, resuming and draining queues, as an operator of the machine.

A change and its audit record are one transaction. The record goes into the holding's trail, where
there is a holding: a queue is shared by all tenants and belongs to none. Without a holding, who and
why are in `queue_states` alone.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from pipeline.audit import AuditRecord
from pipeline.database import enter_tenant
from pipeline.ids import uuid7
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

ACTIONS: Final = {
    QueueState.RUNNING: "ops:queue:resumed",
    QueueState.DRAINING: "ops:queue:drained",
    QueueState.PAUSED: "ops:queue:paused",
}
LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a queue was and is. `transaction` is the database's number of the change."""

    before: QueueStanding
    after: QueueStanding
    transaction: int

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


def set_queue(engine: Engine, queue: Stage, to: QueueState, *, by: str, reason: str) -> Change:
    """Set a queue's state, on record; where it takes work again, what waits is due at once.

    Args:
        engine: As awgp_operator.
    """
    with engine.begin() as connection:
        change = _change(connection, queue, to, by=by, reason=reason)
    if to is not QueueState.PAUSED:
        hurry_all(engine, queue)
    return change


def hurry_all(engine: Engine, queue: Stage) -> None:
    """Make all that waits in a queue due, a batch a transaction."""
    more = True
    while more:
        with engine.begin() as connection:
            more = hurry(connection, queue) >= HURRY_AT_ONCE


def follow_drains(
    engine: Engine,
    drains: Sequence[Change],
    *,
    by: str,
    on_look: Callable[[Drain], None],
    deadline: float | None = None,
) -> Mapping[Stage, Drain]:
    """Wait until what was due before each drain is done, and pause each queue then.

    Ends early where somebody else resumed or paused the queue meanwhile.

    Args:
        drains: What `set_queue` returned, of queues that drain.
        deadline: Of time.monotonic; what is not done by then is left draining.
    """
    waiting = {each.queue: each for each in drains}
    found: dict[Stage, Drain] = {}
    totals: dict[Stage, int] = {}
    while waiting:
        for queue, drain in list(waiting.items()):
            with engine.begin() as connection:
                left, over = _left(connection, drain)
                total = totals.setdefault(queue, left)
                state = _end_drain(connection, drain, by=by, over=over)
            found[queue] = Drain(queue=queue, total=max(total, left), left=left, state=state)
            on_look(found[queue])
            if state is not QueueState.DRAINING:
                del waiting[queue]
        if waiting:
            if deadline is not None and time.monotonic() >= deadline:
                break
            time.sleep(LOOK_SECONDS)
    return found


def _left(connection: Connection, drain: Change) -> tuple[int, bool]:
    """What is left, and whether nothing can be added to it any more.

    A handoff that was inserted before the drain may be committed after it: nothing is over while
    a transaction is open that is older than the drain.
    """
    settled: bool = connection.execute(
        text(
            "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
            " > CAST(:number AS bigint)"
        ),
        {"number": drain.transaction},
    ).scalar_one()
    left = due_before(connection, drain.queue, drain.after.changed_at)
    return left, settled and left == 0


def _end_drain(connection: Connection, drain: Change, *, by: str, over: bool) -> QueueState:
    """Pause a queue that is drained, unless it is no longer this drain's."""
    now = queue_standings(connection)[drain.queue]
    if now.state is not QueueState.DRAINING or now.changed_at != drain.after.changed_at:
        return now.state if now.state is not QueueState.DRAINING else QueueState.RUNNING
    if not over:
        return QueueState.DRAINING
    connection.execute(
        text("SELECT 1 FROM queue_states WHERE queue = :queue FOR UPDATE"),
        {"queue": drain.queue.value},
    )
    now = queue_standings(connection)[drain.queue]
    if now.changed_at == drain.after.changed_at:
        change = _change(
            connection, drain.queue, QueueState.PAUSED, by=by, reason=now.reason or "drained"
        )
        return change.after.state
    return now.state


def _change(
    connection: Connection, queue: Stage, to: QueueState, *, by: str, reason: str
) -> Change:
    before, after = change_queue(connection, queue, to, by=by, reason=reason)
    number: int = connection.execute(
        text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
    ).scalar_one()
    change = Change(before=before, after=after, transaction=number)
    holding = connection.execute(
        text("SELECT tenant_id FROM tenants WHERE kind = 'holding' ORDER BY created_at LIMIT 1")
    ).scalar_one_or_none()
    if change.changed and holding is not None:
        _record(connection, holding, change, by=by)
    return change


def _record(connection: Connection, holding: UUID, change: Change, *, by: str) -> None:
    record = AuditRecord(
        id=uuid7(),
        occurred_at=datetime.now(UTC),
        tenant_id=holding,
        actor_type="operator",
        actor_id=by,
        action=ACTIONS[change.after.state],
        resource_type="queue",
        resource_id=change.queue.value,
        before={"state": change.before.state.value},
        after={"state": change.after.state.value},
        metadata={"reason": change.after.reason} if change.after.reason else {},
    )
    enter_tenant(connection, holding)
    connection.execute(
        text("INSERT INTO audit_pending (tenant_id, record) VALUES (:tenant, :record)"),
        {"tenant": holding, "record": Jsonb(record.to_json())},
    )


@contextmanager
def left_draining(queues: Sequence[Stage], say: Callable[[str], None]) -> Iterator[None]:
    """Say what an interrupted wait leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        names = " ".join(queue.value for queue in queues)
        say(
            f"not waiting any longer; {names} may still be draining: `awgp drain {names}` waits"
            f" again, `awgp resume {names}` takes work again"
        )
        raise
