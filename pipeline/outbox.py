"""Opens units of work and, once each has committed, sends the messages it left behind.

One that cannot be sent is the relay's to send.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import dramatiq
from sqlalchemy import Engine

from pipeline.group_commit import GroupCommit
from pipeline.live import Happened
from pipeline.live_publisher import Publisher
from pipeline.sending import send_all
from pipeline.work import Work

Value = TypeVar("Value")


class Outbox:
    """The way of one process to the database and, from there, to the broker.

    Args:
        live: Told what was committed, for who looks on.
    """

    def __init__(
        self, engine: Engine, broker: dramatiq.Broker, live: Publisher | None = None
    ) -> None:
        self.engine = engine
        self.broker = broker
        self.live = live
        self._group = GroupCommit(engine, self.send)

    @contextmanager
    def work(self, tenant_id: UUID) -> Iterator[Work]:
        """Commit and send on leaving; on any error roll back and send nothing."""
        with self.engine.begin() as connection:
            work = Work(connection, tenant_id)
            yield work
            work.complete()
        self.send(work.messages(), [work.happened()])

    def together(self, tenant_id: UUID, do: Callable[[Work], Value]) -> Value:
        """Do a piece of work with what else comes at this moment; return what it returned.

        Args:
            do: Acts through its unit of work alone, for it may be called twice.

        Raises:
            Whatever `do` or the database raised; nothing happened then, and nothing is sent.
        """
        return self._group.run(tenant_id, do)

    def send(
        self, messages: Sequence["dramatiq.Message[None]"], happened: Sequence[Happened] = ()
    ) -> None:
        """Send what is already durable. A broker out of reach is no error: the relay repeats."""
        send_all(self.broker, messages)
        if self.live is not None:
            self.live.publish(happened)
