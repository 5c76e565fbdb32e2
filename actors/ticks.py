"""By time, on the queue of stage 1: make runs of a schedule's ticks, as ingest does of requests.

Everything of it is one transaction: the row that is due is locked, the runs of the ticks that have
passed are made, and the row waits for the next tick. Two relays, two workers or a lost answer make
no second run: the row is taken once, and a tick is its run's key.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import dramatiq
import structlog

from actors.stage import Due, declare_due, forget_due, take_due
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.schedule import Reckoning, name_of, reckon, send_at
from pipeline.schedule_store import Schedule, await_tick, load_schedule, send_tick
from pipeline.work import SYSTEM, Actor, Work

log = structlog.get_logger()

Clock = Callable[[], datetime]


def declare(
    broker: dramatiq.Broker, outbox: Outbox, *, now: Clock = lambda: datetime.now(UTC)
) -> None:
    """Declare the actor on a broker; connects to nothing."""

    def tick(tenant_id: UUID, due_id: UUID) -> None:
        work_off_ticks(outbox, tenant_id, due_id, now)

    declare_due(broker, Stage.POLICY, tick)


def work_off_ticks(outbox: Outbox, tenant_id: UUID, due_id: UUID, now: Clock) -> None:
    """Send what has passed of one schedule; a row that is not ours is left alone."""
    with outbox.work(tenant_id) as work:
        due = take_due(work, due_id)
        if due is None or due.subject_id is None:
            return
        schedule = load_schedule(work, due.subject_id)
        if schedule is None or schedule.over or schedule.due_id != due_id:
            forget_due(work, due)
            return
        found = reckon(schedule.timing, schedule.source_id, schedule.next_tick, now())
        if schedule.active:
            _send(work, schedule, found)
        _wait(work, due, schedule, found)


def _send(work: Work, schedule: Schedule, found: Reckoning) -> None:
    made = [send_tick(work, schedule, tick) for tick in found.run]
    if found.missed:
        work.record(
            Actor(type="system", id=SYSTEM),
            "policy:tick:missed",
            ("source", str(schedule.source_id)),
            metadata={"count": found.missed, "from": name_of(schedule.next_tick)},
        )
    log.info(
        "schedule_ticked",
        source_id=str(schedule.source_id),
        runs=sum(each is not None for each in made),
        missed=found.missed,
    )


def _wait(work: Work, due: Due, schedule: Schedule, found: Reckoning) -> None:
    if found.next_tick is None:
        forget_due(work, due)
        return
    await_tick(work, schedule, found.next_tick)
    work.execute(
        "UPDATE due SET next_send_at = :at, sends = 0 WHERE due_id = :id",
        at=send_at(schedule.timing, schedule.source_id, found.next_tick),
        id=due.due_id,
    )
