"""Units of work that come at the same time share one transaction: its commit, its round trips.

Each keeps a conversation of its own, under its own tenant. They are carried on in turn, each by a
greenlet of the thread that leads: where one waits for an answer the next goes on, until all wait,
and then everything they asked goes out at once. So a piece of work reads as if it were alone, and
one that is alone is.

Where any of them fails, nothing of the transaction happened and each is done again by itself: what
is wrong with one run costs the others a second go and nothing else.
"""

import contextvars
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import dramatiq
from greenlet import getcurrent, greenlet
from sqlalchemy import Connection, Engine

from pipeline.answer import Asked, for_nobody
from pipeline.coalesce import Coalescer
from pipeline.conversation import ENTER_TENANT, exchange
from pipeline.live import Happened
from pipeline.work import Work

Value = TypeVar("Value")

MOST: Final = 16
# How long a transaction of several waits for a lock: who meets one waits for it by himself.
SHORT_LOCKS: Final = "SELECT set_config('lock_timeout', '100ms', true)"
# How long work that is not begun waits for what is under way. What is in a transaction waits for
# what comes of it: done by itself it would find the run taken, by a transaction that may commit.
PATIENCE_SECONDS: Final = 0.5
# How long the one that leads waits for company where it had some a moment ago, as PostgreSQL does
# with commit_delay: a thread that waits leaves the processor to those that are about to come.
LINGER_SECONDS: Final = 0.002


@dataclass(slots=True, kw_only=True)
class _Task:
    """A piece of work, with the log's context of the thread that brought it."""

    tenant_id: UUID
    do: Callable[[Work], Any]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What came of a task, and what is to be sent for it."""

    value: Any = None
    error: BaseException | None = None
    messages: Sequence["dramatiq.Message[None]"] = ()
    happened: Sequence[Happened] = ()


class GroupCommit:
    """Runs pieces of work of one process.

    Args:
        send: Given the messages of what was committed, and what to tell of it.
    """

    def __init__(
        self,
        engine: Engine,
        send: Callable[[Sequence["dramatiq.Message[None]"], Sequence[Happened]], None],
    ) -> None:
        self._engine = engine
        self._send = send
        self._together: Coalescer[_Task, _Done] = Coalescer(
            self._commit,
            after=self._after,
            most=MOST,
            patience_seconds=PATIENCE_SECONDS,
            linger_seconds=LINGER_SECONDS,
            leaves_batches=False,
        )

    @property
    def waiting(self) -> int:
        """How many pieces of work wait to be begun."""
        return self._together.waiting

    def run(self, tenant_id: UUID, do: Callable[[Work], Value]) -> Value:
        """Return what `do` returned, once that is durable.

        Args:
            do: Acts through its unit of work alone, for it may be called twice.

        Raises:
            Whatever `do` or the database raised; nothing happened then.
        """
        task = _Task(tenant_id=tenant_id, do=do)
        done = self._together.submit(task)
        if done is None:
            done = self._alone(task)
            self._send(done.messages, done.happened)
        for variable, bound in task.context.items():
            variable.set(bound)
        if done.error is not None:
            raise done.error
        value: Value = done.value
        return value

    def _commit(self, tasks: Sequence[_Task]) -> Sequence[_Done]:
        if len(tasks) == 1:
            return [self._alone(tasks[0])]
        with self._engine.begin() as connection:
            in_order = sorted(tasks, key=lambda task: task.tenant_id)
            voices = {id(task): _Voice(connection, task) for task in in_order}
            try:
                _carry_on(connection, list(voices.values()))
            finally:
                for voice in voices.values():
                    voice.end()
        return [voices[id(task)].done() for task in tasks]

    def _alone(self, task: _Task) -> _Done:
        try:
            with self._engine.begin() as connection:
                work = Work(connection, task.tenant_id)
                value = task.context.run(task.do, work)
                work.complete()
        except BaseException as error:  # noqa: BLE001  # it is the caller's, in its own thread
            return _Done(error=error)
        return _Done(value=value, messages=work.messages(), happened=[work.happened()])

    def _after(self, _tasks: Sequence[_Task], answers: Sequence[_Done | None]) -> None:
        done = [each for each in answers if each is not None]
        self._send(
            [each for one in done for each in one.messages],
            [each for one in done for each in one.happened],
        )


class _Voice:
    """One task's part in a shared transaction."""

    def __init__(self, connection: Connection, task: _Task) -> None:
        self.tenant_id = task.tenant_id
        self.asked: list[Asked] = []
        self._work = Work(connection, task.tenant_id, exchange_with=self._ask)
        self._do = task.do
        self._value: Any = None
        self._hub = getcurrent()
        self._greenlet = greenlet(self._speak)
        self._greenlet.gr_context = task.context

    def go_on(self) -> bool:
        """Run until it asks something or has ended; returns whether it asked."""
        self.asked = []
        self._greenlet.switch()
        return not self._greenlet.dead

    def end(self) -> None:
        """Let go of what it holds, if it is not through."""
        if not self._greenlet.dead and self._greenlet:
            self._greenlet.throw()

    def done(self) -> _Done:
        return _Done(
            value=self._value,
            messages=self._work.messages(),
            happened=[self._work.happened()],
        )

    def _speak(self) -> None:
        self._value = self._do(self._work)
        self._work.complete()

    def _ask(self, asked: list[Asked]) -> None:
        self.asked = asked
        self._hub.switch()


def _carry_on(connection: Connection, voices: Sequence[_Voice]) -> None:
    """Let all come to their end, sending what they ask between whiles in one go."""
    asked = [for_nobody(SHORT_LOCKS)]
    waiting = [voice for voice in voices if voice.go_on()]
    while waiting:
        # Whose tenant was heard last is not known: one may have spoken for itself since.
        heard: UUID | None = None
        for voice in waiting:
            if voice.tenant_id != heard:
                asked.append(for_nobody(ENTER_TENANT, tenant=str(voice.tenant_id)))
                heard = voice.tenant_id
            asked += voice.asked
        exchange(connection, asked)
        asked = []
        waiting = [voice for voice in waiting if voice.go_on()]
