"""Call senders back when their runs are over: the same doors and turns as the post-actions.

A callback goes to an address of the sender's, with the secret of the target at the same origin
(pipeline/callback_store.py). How the target itself fares is not asked, and nothing is said of it:
the address is another, and so may be who answers there.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from actors.fairness import FairTurns
from actors.sender import Sender, Waits
from actors.telling import GIVEN_UP, Again, Over, Teller, judged
from pipeline import metrics
from pipeline.callback_store import (
    CALLBACK,
    Callback,
    begin_callback,
    delivery_of,
    note_callback,
    take_back_callback,
)
from pipeline.courier import Courier
from pipeline.delivery_store import TargetSecretMissing
from pipeline.envelope import KeyRing
from pipeline.outbox import Outbox
from pipeline.registry_names import NotSetUp
from pipeline.work import Work


class Caller(Teller[Callback]):
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
        super().__init__(outbox, kind=CALLBACK, max_attempts=max_attempts)
        self._keyring = keyring
        self._sender = Sender(outbox, courier, turns)
        self._public_url = public_url

    def begin(self, work: Work, subject_id: UUID) -> Callback | None:
        return begin_callback(work, subject_id)

    def attempt(self, tenant_id: UUID, told: Callback) -> Over | Again | Waits:
        structlog.contextvars.bind_contextvars(run_id=str(told.run_id))
        try:
            with self._outbox.work(tenant_id) as work:
                to = delivery_of(work, self._keyring, told)
        except (NotSetUp, TargetSecretMissing) as error:
            return Over(status=GIVEN_UP, said=str(error))
        sent = self._sender.send_elsewhere(to, told.body(self._public_url))
        return judged(sent, to.settings.retry_seconds)

    def take_back(self, work: Work, told: Callback, why: str) -> None:
        take_back_callback(work, told, why)

    def note(self, work: Work, told: Callback, came_to: Over | Again) -> None:
        ended = came_to.status if isinstance(came_to, Over) else None
        note_callback(work, told, came_to.answer, came_to.said, ended=ended)

    def count(self, told: Callback, over: Over, lasted: timedelta) -> None:
        del told
        metrics.CALLBACKS.labels(over.status).inc()
        metrics.CALLBACK_SECONDS.labels(over.status).observe(max(lasted.total_seconds(), 0))
