"""Call senders back when their runs are over: the same doors and turns as the post-actions.

A callback is a row of `due` on the queue post_action, made when the run's end is sealed. Taking it
pushes the row away for longer than an attempt can last; who dies in between is followed by the next
who is sent it, under the same message id.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from actors.fairness import FairTurns
from actors.stage import Due, Handler, forget_due, repeat_due, take_due
from pipeline.callback_store import (
    CALLBACK,
    Callback,
    begin_callback,
    delivery_of,
    note_callback,
    take_back_callback,
)
from pipeline.courier import Answer, Courier
from pipeline.delivery import Outcome, judge_answer, retry_delay
from pipeline.delivery_store import Delivery, TargetSecretMissing
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.registry_names import NotSetUp
from pipeline.work import Work

log = structlog.get_logger()

LEASE: Final = timedelta(minutes=3)
STUMBLED: Final = "every attempt at it was broken off"
DELIVERED: Final = "delivered"
GIVEN_UP: Final = "given_up"
_NOTHING: Final = Answer(status=None)


class Caller:
    """Makes one callback after another, one a thread.

    Args:
        public_url: Where people reach the web; empty leaves the link out.
        turns: Shared with the post-actions of this process.
    """

    def __init__(
        self,
        outbox: Outbox,
        keyring: KeyRing,
        courier: Courier,
        *,
        public_url: str,
        turns: FairTurns,
        max_attempts: int,
    ) -> None:
        self._outbox = outbox
        self._keyring = keyring
        self._courier = courier
        self._public_url = public_url
        self._turns = turns
        self._max_attempts = max_attempts

    def handlers(self) -> dict[str, Handler]:
        """By the kind of a row of `due`."""
        return {CALLBACK: self.call}

    def call(self, tenant_id: UUID, due_id: UUID) -> None:
        """Make one attempt at what a row of `due` names."""
        with self._outbox.work(tenant_id) as work:
            due = take_due(work, due_id)
            callback = None if due is None else _begin(work, due)
        if due is None or callback is None:
            return
        structlog.contextvars.bind_contextvars(run_id=str(callback.run_id))
        if callback.attempts > self._max_attempts:
            self._end(tenant_id, due, callback, _NOTHING, STUMBLED)
            return
        try:
            with self._outbox.work(tenant_id) as work:
                to = delivery_of(work, self._keyring, callback)
        except (NotSetUp, TargetSecretMissing) as error:
            self._end(tenant_id, due, callback, _NOTHING, str(error))
            return
        self._attempt(tenant_id, due, callback, to)

    def _attempt(self, tenant_id: UUID, due: Due, callback: Callback, to: Delivery) -> None:
        turn = self._turns.begin(to.url)
        if isinstance(turn, timedelta):
            with self._outbox.work(tenant_id) as work:
                take_back_callback(work, callback)
                repeat_due(work, due, after=turn)
            return
        try:
            answer = self._post(callback, to)
        finally:
            self._turns.end(turn)
        outcome = judge_answer(answer, to.settings)
        said = answer.error or f"HTTP {answer.status}"
        if outcome is Outcome.DELIVERED:
            self._end(tenant_id, due, callback, answer, None)
        elif outcome is Outcome.REFUSED or callback.attempts >= self._max_attempts:
            self._end(tenant_id, due, callback, answer, said)
        else:
            delay = retry_delay(
                callback.attempts,
                answer,
                now=datetime.now(UTC),
                schedule=to.settings.retry_seconds,
            )
            with self._outbox.work(tenant_id) as work:
                note_callback(work, callback, answer, said, ended=None)
                repeat_due(work, due, after=delay)
            log.info("callback_not_made", attempts=callback.attempts, error=said)

    def _post(self, callback: Callback, to: Delivery) -> Answer:
        body = callback.body(self._public_url)
        return self._courier.post(
            to.url,
            body,
            to.headers(body, datetime.now(UTC)),
            allow_private=to.settings.allow_private,
            timeout_seconds=to.settings.timeout_seconds,
        )

    def _end(
        self, tenant_id: UUID, due: Due, callback: Callback, answer: Answer, said: str | None
    ) -> None:
        ended = DELIVERED if said is None else GIVEN_UP
        with self._outbox.work(tenant_id) as work:
            note_callback(work, callback, answer, said, ended=ended)
            forget_due(work, due)
        log.info("callback_ended", status=ended, attempts=callback.attempts, error=said)


def _begin(work: Work, due: Due) -> Callback | None:
    """Take it for as long as an attempt lasts; what has nothing left to do goes away."""
    callback = None if due.subject_id is None else begin_callback(work, due.subject_id)
    if callback is None:
        forget_due(work, due)
        return None
    repeat_due(work, due, after=LEASE)
    return callback
