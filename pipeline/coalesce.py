"""Let requests that come at the same time share one commit.

Whoever comes while nobody commits leads: it takes everything that waits, commits it as one batch
and hands on what each was answered. Who comes meanwhile waits, and the first of those leads next.
So a request alone waits for nobody. Under load a leader lingers a moment for the others, as
PostgreSQL does with commit_delay: where the processor is the limit, that time is not lost.

What this promises, whatever a batch does:

- every request gets its own answer, or None: "nothing was done for you here, do it by yourself";
- an error, or a leader that is killed by one, ends no one else's wait without an answer;
- nobody waits for another's batch longer than `patience_seconds`: who is not yet in one leads in
  place of the one that hangs, who is in it goes by itself. What was done then must be found
  again, so only what may be done twice (it has an idempotency key) may be submitted. Anything else
  stays in its batch (`leaves_batches=False`), whose every wait must then have a bound.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

Item = TypeVar("Item")
Answer = TypeVar("Answer")

log = structlog.get_logger()


class _Waiter(Generic[Item, Answer]):
    """One request. Its bell rings when it was answered, and when it is to lead."""

    __slots__ = ("answer", "bell", "is_over", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: Answer | None = None
        self.is_over = False
        # A lock as a bell: the cheapest there is, and a request needs one.
        self.bell = threading.Lock()
        self.bell.acquire()

    def ring(self) -> None:
        """Also where it rang before and was not heard yet: told to lead, then taken along."""
        if self.bell.locked():
            self.bell.release()


class Coalescer(Generic[Item, Answer]):
    """Turns concurrent `submit` calls of one process into batches.

    Args:
        commit: Does a batch at once and returns an answer for each, in order; None for one it
            left undone. Durable when it returns. An exception means that all are undone.
        after: Given the items and answers of a batch once everybody has been told.
        most: Items in one batch.
        patience_seconds: How long a request waits for a batch that is not its own to lead.
        linger_seconds: How long a leader waits for company, where there was some a moment ago.
        leaves_batches: Whether who is in a batch that hangs goes by itself.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Answer | None]],
        *,
        after: Callable[[Sequence[Item], Sequence[Answer | None]], None],
        most: int,
        patience_seconds: float,
        linger_seconds: float = 0.0,
        leaves_batches: bool = True,
    ) -> None:
        self._commit = commit
        self._after = after
        self._most = most
        self._patience_seconds = patience_seconds
        self._linger_seconds = linger_seconds
        self._leaves_batches = leaves_batches
        self._has_company = False
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item, Answer]] = []
        self._leader: _Waiter[Item, Answer] | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait to be taken into a batch."""
        return len(self._waiting)

    def submit(self, item: Item) -> Answer | None:
        """Return what the batch answered for this item; None where it is to be done alone."""
        waiter: _Waiter[Item, Answer] = _Waiter(item)
        with self._lock:
            leads = self._leader is None
            if leads:
                self._leader = waiter
            else:
                self._waiting.append(waiter)
        if leads or self._is_to_lead(waiter):
            self._lead(waiter)
        return waiter.answer

    def _is_to_lead(self, waiter: _Waiter[Item, Answer]) -> bool:
        """Wait for an answer (False) or for the lead (True).

        Who leads waits no longer, from that moment on, so that no other takes it along: it would be
        done twice.
        """
        try:
            while waiter.bell.acquire(timeout=self._patience_seconds):
                if waiter.is_over:
                    return False
                # Where another took it along before it heard that it was to lead, it rings again.
                if self._leader is waiter and self._takes_the_lead(waiter):
                    return True
        except BaseException:
            self._leave(waiter)
            raise
        if self._takes_the_lead(waiter):
            log.warning("batch_overtaken", patience_seconds=self._patience_seconds)
            return True
        while not (waiter.is_over or self._leaves_batches):
            waiter.bell.acquire()
        return False  # answered by now, or in a batch that hangs

    def _takes_the_lead(self, waiter: _Waiter[Item, Answer]) -> bool:
        """Not where another has taken it along."""
        with self._lock:
            if waiter not in self._waiting:
                return False
            self._waiting.remove(waiter)
            self._leader = waiter
            return True

    def _leave(self, waiter: _Waiter[Item, Answer]) -> None:
        """Give up waiting, and the lead if it came this moment."""
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            self._pass_on(waiter)

    def _lead(self, leader: _Waiter[Item, Answer]) -> None:
        if self._has_company and self._linger_seconds:
            time.sleep(self._linger_seconds)
        with self._lock:
            others = self._waiting[: self._most - 1]
            del self._waiting[: self._most - 1]
            batch = [leader, *others]
        self._has_company = len(batch) > 1
        items = [each.item for each in batch]
        answers: Sequence[Answer | None] = [None] * len(batch)
        try:
            answers = self._committed(items)
        finally:
            with self._lock:
                for each, answer in zip(batch, answers, strict=True):
                    each.answer = answer
                    each.is_over = True
                self._pass_on(leader)
            for each in others:
                each.ring()
        self._after(items, answers)

    def _committed(self, items: Sequence[Item]) -> Sequence[Answer | None]:
        try:
            answers = self._commit(items)
        except Exception as error:  # noqa: BLE001  # whoever it hits does it alone, and tells
            log.warning("batch_undone", size=len(items), error=type(error).__name__)
            return [None] * len(items)
        if len(answers) != len(items):
            log.error("batch_miscounted", size=len(items), answers=len(answers))
            return [None] * len(items)
        return answers

    def _pass_on(self, leader: _Waiter[Item, Answer]) -> None:
        """Let the first that waits lead; the lock is held. One that was overtaken leads no more."""
        if self._leader is not leader:
            return
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.ring()
