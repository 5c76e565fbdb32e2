"""Telling people outside: what a notice and a callback have in common on the queue post_action.

due -> over: told, or given up (its row of `due` is gone)
    |  due again: tried and not taken, or left until its turn comes, which counts as no attempt

Taking a row of `due` pushes it away for longer than an attempt can last; who dies in between is
followed by the next who is sent it. So everybody is told at least once, under one message id.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from actors.sender import Sent, Waits
from actors.stage import Due, Handler, forget_due, repeat_due, take_due
from pipeline.courier import Answer
from pipeline.delivery import Outcome, retry_delay
from pipeline.outbox import Outbox
from pipeline.target_gate import LONGEST_WAIT
from pipeline.work import Work

log = structlog.get_logger()

# Longer than one attempt: a mail server may use its time limit at every step of a letter.
LEASE: Final = timedelta(minutes=3)
STUMBLED: Final = "every attempt at it was broken off"
# What the database says of either kind.
DELIVERED: Final = "delivered"
GIVEN_UP: Final = "given_up"
NOTHING: Final = Answer(status=None)


class Tellable(Protocol):
    """What is due. `attempts` counts the one under way."""

    @property
    def attempts(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Nothing is tried any more; `said` is what went wrong."""

    status: str
    answer: Answer = NOTHING
    said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """It was not taken, and is tried again while it may be.

    Args:
        schedule: The target's own, in place of the backoff.
    """

    said: str
    answer: Answer = NOTHING
    schedule: Sequence[int] | None = None


def judged(sent: Sent | Waits, schedule: Sequence[int] | None = None) -> Over | Again | Waits:
    """What is made of a request that was sent, or was not."""
    if isinstance(sent, Waits):
        return sent
    if sent.outcome is Outcome.DELIVERED:
        return Over(status=DELIVERED, answer=sent.answer)
    if sent.outcome is Outcome.REFUSED:
        return Over(status=GIVEN_UP, answer=sent.answer, said=sent.said)
    return Again(said=sent.said, answer=sent.answer, schedule=schedule)


T = TypeVar("T", bound=Tellable)


class Teller(ABC, Generic[T]):
    """Makes one attempt after another, one a thread.

    Args:
        kind: Of its rows of `due`.
        max_attempts: Before it is given up.
    """

    def __init__(self, outbox: Outbox, *, kind: str, max_attempts: int) -> None:
        self._outbox = outbox
        self._kind = kind
        self._max_attempts = max_attempts

    @abstractmethod
    def begin(self, work: Work, subject_id: UUID) -> T | None:
        """Count an attempt; None where there is nothing left to do."""

    @abstractmethod
    def attempt(self, tenant_id: UUID, told: T) -> Over | Again | Waits:
        """Make it, in no transaction."""

    @abstractmethod
    def take_back(self, work: Work, told: T, why: str) -> None:
        """It was not made after all."""

    @abstractmethod
    def note(self, work: Work, told: T, came_to: Over | Again) -> None:
        """Keep what it came to."""

    @abstractmethod
    def count(self, told: T, over: Over, lasted: timedelta) -> None:
        """Once that is committed. `lasted` is since it was due first."""

    def handlers(self) -> dict[str, Handler]:
        """By the kind of a row of `due`."""
        return {self._kind: self.tell}

    def tell(self, tenant_id: UUID, due_id: UUID) -> None:
        """Make one attempt at what a row of `due` names."""
        with self._outbox.work(tenant_id) as work:
            due = take_due(work, due_id)
            told = None if due is None else self._take(work, due)
        if due is None or told is None:
            return
        if told.attempts > self._max_attempts:
            # Whoever tried died or stumbled each time: it is not tried for ever.
            came_to: Over | Again | Waits = Over(status=GIVEN_UP, said=STUMBLED)
        else:
            came_to = self.attempt(tenant_id, told)
        self._conclude(tenant_id, due, told, self._bounded(due, told, came_to))

    def _take(self, work: Work, due: Due) -> T | None:
        """Take it for as long as an attempt lasts; what has nothing left to do goes away."""
        told = None if due.subject_id is None else self.begin(work, due.subject_id)
        if told is None:
            forget_due(work, due)
            return None
        repeat_due(work, due, after=LEASE)
        return told

    def _bounded(self, due: Due, told: T, came_to: Over | Again | Waits) -> Over | Again | Waits:
        """Nothing is tried, or waits, for ever."""
        if isinstance(came_to, Again) and told.attempts >= self._max_attempts:
            return Over(status=GIVEN_UP, answer=came_to.answer, said=came_to.said)
        if isinstance(came_to, Waits) and datetime.now(UTC) - due.created_at > LONGEST_WAIT:
            return Over(status=GIVEN_UP, said=f"{came_to.why} for too long")
        return came_to

    def _conclude(self, tenant_id: UUID, due: Due, told: T, came_to: Over | Again | Waits) -> None:
        now = datetime.now(UTC)
        with self._outbox.work(tenant_id) as work:
            if isinstance(came_to, Waits):
                self.take_back(work, told, came_to.why)
                repeat_due(work, due, after=came_to.delay)
                return
            self.note(work, told, came_to)
            if isinstance(came_to, Again):
                answer, schedule = came_to.answer, came_to.schedule
                delay = retry_delay(told.attempts, answer, now=now, schedule=schedule)
                repeat_due(work, due, after=delay)
            else:
                forget_due(work, due)
        tried = {"kind": self._kind, "attempts": told.attempts, "error": came_to.said}
        if isinstance(came_to, Again):
            log.info("not_told", **tried)
            return
        self.count(told, came_to, now - due.created_at)
        log.info("telling_ended", status=came_to.status, **tried)
