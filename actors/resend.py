"""What is due on the queue post_action beside its runs, and the deliveries people asked for again.

A resending is a row of `due`. Taking it pushes the row away for longer than an attempt can last;
who dies in between is followed by the next who is sent it, under the same message id.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import dramatiq
import structlog

from actors.sender import Sender, Sent, Waits
from actors.stage import Due, Handler, declare_due, forget_due, repeat_due, take_due
from pipeline.courier import Answer
from pipeline.delivery import Outcome, retry_delay
from pipeline.delivery_store import (
    Delivery,
    TargetDiffers,
    TargetSecretMissing,
    record_delivery,
)
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.resending import RESEND
from pipeline.resending_store import (
    Resending,
    begin_resending,
    delivery_for,
    end_resending,
    note_resending,
    take_back_resending,
)
from pipeline.run import Stage
from pipeline.run_store import load_run
from pipeline.target_gate import WOKEN_AT_ONCE, wake
from pipeline.target_switch import WAKE
from pipeline.work import Work

log = structlog.get_logger()

LEASE: Final = timedelta(minutes=3)
STUMBLED: Final = "every attempt at it was broken off"


def declare(broker: dramatiq.Broker, outbox: Outbox, handlers: Mapping[str, Handler]) -> None:
    """Declare the actor of what is due by time on the queue post_action.

    Args:
        handlers: By the kind of a row of `due`.
    """
    declare_due(broker, Stage.POST_ACTION, by_kind(outbox, handlers))


def by_kind(outbox: Outbox, handlers: Mapping[str, Handler]) -> Callable[[UUID, UUID], None]:
    """A handler that looks what a row is first."""

    def handle(tenant_id: UUID, due_id: UUID) -> None:
        with outbox.work(tenant_id) as work:
            kind = work.execute(
                "SELECT kind FROM due WHERE due_id = :id", id=due_id
            ).scalar_one_or_none()
        if kind is not None:
            handlers[kind](tenant_id, due_id)

    return handle


def wakes(outbox: Outbox) -> dict[str, Handler]:
    """Wakes what waits for a target that was switched on."""

    def handle(tenant_id: UUID, due_id: UUID) -> None:
        with outbox.work(tenant_id) as work:
            due = take_due(work, due_id)
            if due is None:
                return
            woken = 0 if due.subject_id is None else wake(work, due.subject_id)
            if woken < WOKEN_AT_ONCE:
                forget_due(work, due)
            else:
                repeat_due(work, due, after=timedelta(0))

    return {WAKE: handle}


class Resender:
    """Sends again what people asked for, one a thread.

    Args:
        max_attempts: Of a target that does not say, before a resending is given up.
    """

    def __init__(
        self, outbox: Outbox, keyring: KeyRing, sender: Sender, *, max_attempts: int
    ) -> None:
        self._outbox = outbox
        self._keyring = keyring
        self._sender = sender
        self._max_attempts = max_attempts

    def handlers(self) -> dict[str, Handler]:
        return {RESEND: self.resend, **wakes(self._outbox)}

    def resend(self, tenant_id: UUID, due_id: UUID) -> None:
        """Make one attempt at what a row of `due` names."""
        with self._outbox.work(tenant_id) as work:
            due = take_due(work, due_id)
            resending = None if due is None else self._begin(work, due)
        if due is None or resending is None:
            return
        structlog.contextvars.bind_contextvars(resending_id=str(resending.resending_id))
        try:
            with self._outbox.work(tenant_id) as work:
                delivery = delivery_for(work, self._keyring, resending)
        except (TargetDiffers, TargetSecretMissing) as error:
            self._give_up(tenant_id, due, resending, str(error))
            return
        most = delivery.settings.attempts(self._max_attempts)
        if resending.attempts > most:
            self._give_up(tenant_id, due, resending, STUMBLED)
            return
        sent = self._sender.send(tenant_id, delivery, body=resending.body, run_id=resending.run_id)
        with self._outbox.work(tenant_id) as work:
            self._conclude(work, due, resending, delivery, sent)

    def _begin(self, work: Work, due: Due) -> Resending | None:
        resending = None if due.subject_id is None else begin_resending(work, due.subject_id)
        if resending is None:
            forget_due(work, due)
            return None
        repeat_due(work, due, after=LEASE)
        return resending

    def _conclude(
        self,
        work: Work,
        due: Due,
        resending: Resending,
        delivery: Delivery,
        sent: Sent | Waits,
    ) -> None:
        if isinstance(sent, Waits):
            take_back_resending(work, resending)
            note_resending(work, resending, sent.why)
            repeat_due(work, due, after=sent.delay)
            return
        if resending.run_id is not None:
            record_delivery(
                work,
                load_run(work, resending.run_id, lock=True),
                delivery,
                outcome=sent.outcome,
                answer=sent.answer,
                attempted_at=sent.at,
                resending_id=resending.resending_id,
                epoch=resending.epoch,
            )
        most = delivery.settings.attempts(self._max_attempts)
        is_test = resending.body is not None
        if sent.outcome is not Outcome.RETRY or resending.attempts >= most or is_test:
            end_resending(work, resending, sent.answer, outcome=sent.outcome)
            forget_due(work, due)
            return
        note_resending(work, resending, sent.said)
        delay = retry_delay(
            resending.attempts,
            sent.answer,
            now=datetime.now(UTC),
            schedule=delivery.settings.retry_seconds,
        )
        repeat_due(work, due, after=delay)

    def _give_up(self, tenant_id: UUID, due: Due, resending: Resending, why: str) -> None:
        with self._outbox.work(tenant_id) as work:
            end_resending(work, resending, Answer(status=None, error=why), outcome=None)
            forget_due(work, due)
        log.info("resending_given_up", error=why)
