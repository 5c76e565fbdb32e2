"""Stage 5 of 5: seal what happened into the tenant's chain, and sign its new head.

delivered -> completed
denied, rejected, expired, failed and cancelled runs keep their status and get sealed_at

One message seals everything that waits for its tenant, so a burst costs few transactions. The
signature comes after the commit, and again with every checkpoint that is due while idle.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import dramatiq
from sqlalchemy import text

from actors.stage import declare_due, declare_stage, repeat_due, take_due
from audit_export.log_store import sign_head
from audit_export.signer import Signer
from pipeline.fault_points import reached
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.seal import seal


def declare(
    broker: dramatiq.Broker, outbox: Outbox, signer: Signer, *, interval: timedelta
) -> None:
    """Declare the stage's actors on a broker; connects to nothing.

    Args:
        interval: Between two checkpoints of an idle tenant.
    """
    sealer = Sealer(partial(seal_for, outbox, signer))
    declare_stage(broker, Stage.AUDIT, sealer.seal, outbox=outbox)
    declare_due(
        broker,
        Stage.AUDIT,
        lambda tenant, due: checkpoint_due(outbox, signer, tenant, due, interval),
    )


class Sealer:
    """Lets one thread of this process at a time seal a tenant, for all that come meanwhile.

    Sealing is serial per tenant, so a second thread would only wait for the first. Its message is
    done at once instead, and the first thread seals once more: a burst costs few transactions. A
    first thread that fails leaves the others' handoffs to the relay, as a killed one does.
    """

    def __init__(self, seal_for: Callable[[UUID, UUID | None], None]) -> None:
        self._seal_for = seal_for
        self._lock = threading.Lock()
        # Tenants being sealed -> whether another message came meanwhile.
        self._again: dict[UUID, bool] = {}

    def seal(self, tenant_id: UUID, handoff_id: UUID) -> None:
        """Seal the tenant of a handoff, or leave it to the thread that is at it."""
        with self._lock:
            if tenant_id in self._again:
                self._again[tenant_id] = True
                return
            self._again[tenant_id] = False
        try:
            self._seal_for(tenant_id, handoff_id)
            while self._goes_on(tenant_id):
                self._seal_for(tenant_id, None)
        except BaseException:
            with self._lock:
                self._again.pop(tenant_id, None)
            raise

    def _goes_on(self, tenant_id: UUID) -> bool:
        with self._lock:
            again = self._again.pop(tenant_id)
            if again:
                self._again[tenant_id] = False
            return again


def seal_for(
    outbox: Outbox, signer: Signer, tenant_id: UUID, handoff_id: UUID | None = None
) -> None:
    """Seal the tenant of a handoff, unless it was sealed along or the queue takes nothing.

    Args:
        handoff_id: None for whatever waits.
    """
    if _seal(outbox, tenant_id, handoff_id):
        sign_head(outbox, signer, tenant_id)
        reached("audit.signed")


def seal_and_sign(outbox: Outbox, signer: Signer, tenant_id: UUID) -> None:
    """Seal until nothing waits, then sign the head, also one that was signed before."""
    _seal(outbox, tenant_id)
    sign_head(outbox, signer, tenant_id)
    reached("audit.signed")


def _seal(outbox: Outbox, tenant_id: UUID, handoff_id: UUID | None = None) -> int:
    """Seal until nothing waits; return how many entries that made."""
    reached("audit.claimed")
    entries = 0
    while True:
        with outbox.work(tenant_id) as work:
            sealed = seal(work, handoff_id)
            reached("audit.before_commit")
        reached("audit.committed")
        entries += sealed.entries
        handoff_id = None
        if not sealed.more:
            return entries


def checkpoint_due(
    outbox: Outbox, signer: Signer, tenant_id: UUID, due_id: UUID, interval: timedelta
) -> None:
    """Seal and sign by time, so that a quiet tenant's records do not stay pending."""
    with outbox.work(tenant_id) as work:
        due = take_due(work, due_id)
        if due is None:
            return
        repeat_due(work, due, after=interval)
    with outbox.engine.begin() as connection:
        # The log's next month must be there whether or not anybody exports.
        connection.execute(text("SELECT ensure_audit_partitions()"))
    seal_and_sign(outbox, signer, tenant_id)
