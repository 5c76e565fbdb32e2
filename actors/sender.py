"""Sends one delivery, if its target may be sent to now, and notes how the target fares.

In this order, so that nothing is taken that is then not used: the target is switched on; a thread
of this process is to spare; its circuit lets one through; one of its places is free. Where a target
fares well and has no limit, none of this costs a round trip.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from actors.fairness import FairTurns
from pipeline import metrics
from pipeline.circuit import Standing
from pipeline.courier import Answer, Courier
from pipeline.delivery import Outcome, asked_delay, judge_answer
from pipeline.delivery_store import Delivery
from pipeline.fault_points import reached
from pipeline.outbox import Outbox
from pipeline.target_gate import (
    DISABLED_SLEEP,
    disable_target,
    leave_place,
    note_failed,
    note_taken,
    take_place,
    take_probe,
)
from pipeline.template_budget import TemplateFailed

log = structlog.get_logger()

GONE: Final = 410
GONE_BECAUSE: Final = "the receiver answered 410 Gone: it wants nothing any more"
NO_TURN: Final = "waiting for a turn: its target keeps others waiting"
NO_PLACE: Final = "waiting for a place: its target takes so many at once"
CIRCUIT_OPEN: Final = "waiting for its target, which takes nothing at the moment"
SWITCHED_OFF: Final = "waiting for its target, which is switched off"
# Whoever leaves a place wakes the next; this is for who was missed.
PLACE_PAUSE: Final = timedelta(seconds=20)
# Past the end of an exchange: resolving a name has no deadline of ours.
MARGIN: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An attempt that was made."""

    outcome: Outcome
    answer: Answer
    at: datetime

    @property
    def said(self) -> str:
        return self.answer.error or f"HTTP {self.answer.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """No attempt was made.

    Args:
        for_target: For its target, which somebody else can make free; not for a thread of ours.
    """

    delay: timedelta
    why: str
    for_target: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leave:
    """What an attempt was let through with."""

    probe: bool = False
    place: UUID | None = None


class Sender:
    """Makes attempts, one a thread."""

    def __init__(self, outbox: Outbox, courier: Courier, turns: FairTurns) -> None:
        self._outbox = outbox
        self._courier = courier
        self._turns = turns

    def send(
        self,
        tenant_id: UUID,
        delivery: Delivery,
        *,
        body: bytes | None = None,
        run_id: UUID | None = None,
        further: Mapping[str, str] | None = None,
    ) -> Sent | Waits:
        """Make one attempt, or say for how long to leave it.

        Args:
            body: In place of what the delivery says.
            run_id: Whose result it is, for the trail.
            further: Headers besides.
        """
        if delivery.standing.disabled_because is not None:
            return Waits(delay=DISABLED_SLEEP, why=SWITCHED_OFF)
        now = datetime.now(UTC)
        try:
            content = delivery.body() if body is None else body
        except TemplateFailed as error:
            answer = Answer(status=None, error=str(error), refused=True)
            return Sent(outcome=Outcome.REFUSED, answer=answer, at=now)
        turn = self._turns.begin(delivery.url)
        if isinstance(turn, timedelta):
            return Waits(delay=turn, why=NO_TURN, for_target=False)
        made = False
        try:
            leave = self._leave(tenant_id, delivery)
            if isinstance(leave, Waits):
                return leave
            made = True
            headers = delivery.headers(content, now) | dict(further or {})
            sent = self._exchange(delivery, content, headers, now)
        finally:
            self._turns.end(turn, made=made)
        self._settle(tenant_id, delivery, sent, leave, run_id)
        return sent

    def send_elsewhere(self, delivery: Delivery, body: bytes) -> Sent | Waits:
        """Make one attempt at an address that is not its target's own.

        Its target is neither asked how it fares, nor is anything noted of it.
        """
        turn = self._turns.begin(delivery.url)
        if isinstance(turn, timedelta):
            return Waits(delay=turn, why=NO_TURN, for_target=False)
        now = datetime.now(UTC)
        try:
            return self._exchange(delivery, body, delivery.headers(body, now), now)
        finally:
            self._turns.end(turn)

    def _leave(self, tenant_id: UUID, delivery: Delivery) -> "_Leave | Waits":
        """Be let through by the circuit and the places, where they have a say."""
        circuit, now = delivery.standing.circuit, delivery.standing.now
        lasts = self._lasts(delivery)
        standing, most = circuit.standing(now), delivery.settings.concurrency
        if standing is Standing.OPEN:
            return Waits(delay=circuit.closed_for(now), why=CIRCUIT_OPEN)
        place = None
        if most is not None:
            with self._outbox.work(tenant_id) as work:
                place = take_place(work, delivery.target_id, most=most, lasts=lasts)
            if place is None:
                return Waits(delay=PLACE_PAUSE, why=NO_PLACE)
        if standing is Standing.CLOSED:
            return _Leave(place=place)
        with self._outbox.work(tenant_id) as work:
            taken = take_probe(work, delivery.target_id, lasts=lasts)
            if not taken and place is not None:
                leave_place(work, delivery.target_id, place)
        if not taken:
            return Waits(delay=lasts, why=CIRCUIT_OPEN)
        return _Leave(probe=True, place=place)

    def _exchange(
        self, delivery: Delivery, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Sent:
        reached("post_action.before_send")
        answer = self._courier.post(
            delivery.url,
            body,
            headers,
            allow_private=delivery.settings.allow_private,
            timeout_seconds=delivery.settings.timeout_seconds,
        )
        reached("post_action.sent")
        outcome = judge_answer(answer, delivery.settings)
        log.info(
            "delivery_attempted",
            target_id=str(delivery.target_id),
            position=delivery.position,
            attempt=delivery.number,
            outcome=outcome,
            status=answer.status,
            error=answer.error,
        )
        return Sent(outcome=outcome, answer=answer, at=now)

    def _settle(
        self, tenant_id: UUID, delivery: Delivery, sent: Sent, leave: _Leave, run_id: UUID | None
    ) -> None:
        """Tell all workers what came of it, where it is news."""
        gone = sent.outcome is Outcome.REFUSED and sent.answer.status == GONE
        failed = sent.outcome is Outcome.RETRY
        well = delivery.standing.circuit.fares_well
        if well and not failed and not gone and leave.place is None:
            return
        with self._outbox.work(tenant_id) as work:
            if leave.place is not None:
                leave_place(work, delivery.target_id, leave.place)
            if failed:
                note_failed(
                    work,
                    delivery.target_id,
                    delivery.settings.circuit,
                    was_probe=leave.probe,
                    asked=asked_delay(sent.answer.retry_after, now=sent.at),
                    error=sent.said,
                )
            elif not well:
                note_taken(work, delivery.target_id)
            if gone and disable_target(work, delivery.target_id, GONE_BECAUSE, run_id=run_id):
                metrics.TARGETS_DISABLED.inc()

    def _lasts(self, delivery: Delivery) -> timedelta:
        own = delivery.settings.timeout_seconds
        return timedelta(seconds=own or self._courier.timeout_seconds) + MARGIN
