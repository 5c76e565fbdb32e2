"""Stage 5 of 5: seal what happened into the tenant's chain, and sign its new head.

delivered -> completed
denied, rejected, expired, failed and cancelled runs keep their status and get sealed_at

One message seals everything that waits for its tenant, so a burst costs few transactions. The
signature comes after the commit, and again with every checkpoint that is due while idle.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import dramatiq
from sqlalchemy import text

from actors.stage import declare_due, declare_stage, repeat_due, take_due
from audit_export.log_store import sign_head
from audit_export.signer import Signer
from pipeline.fault_points import reached
from pipeline.live import RUN, SEALED
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.seal import Sealed, seal
from pipeline.work import Work

# How many sealed handoffs a process knows: their own messages come within moments.
REMEMBERED: Final = 10_000


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
    done at once instead, and the first thread seals once more unless it did so along: a burst costs
    few transactions, and a message whose run was sealed with another's costs none. A first thread
    that fails leaves the others' handoffs to the relay, as a killed one does.

    Args:
        seal_for: Seals a tenant for a handoff, or for None whatever waits; returns the handoffs of
            all the runs it sealed.
    """

    def __init__(self, seal_for: Callable[[UUID, UUID | None], Collection[UUID]]) -> None:
        self._seal_for = seal_for
        self._lock = threading.Lock()
        # Tenants being sealed -> for which handoffs another message came meanwhile.
        self._again: dict[UUID, set[UUID]] = {}
        # The latest sealed here, oldest first.
        self._sealed: OrderedDict[UUID, None] = OrderedDict()

    def seal(self, tenant_id: UUID, handoff_id: UUID) -> None:
        """Seal the tenant of a handoff, or leave it to the thread that is at it."""
        with self._lock:
            if handoff_id in self._sealed:
                return
            if tenant_id in self._again:
                self._again[tenant_id].add(handoff_id)
                return
            self._again[tenant_id] = set()
        try:
            sealed = self._seal_for(tenant_id, handoff_id)
            while self._goes_on(tenant_id, sealed):
                sealed = self._seal_for(tenant_id, None)
        except BaseException:
            with self._lock:
                self._again.pop(tenant_id, None)
            raise

    def _goes_on(self, tenant_id: UUID, sealed: Collection[UUID]) -> bool:
        with self._lock:
            self._sealed.update(dict.fromkeys(sealed))
            while len(self._sealed) > REMEMBERED:
                self._sealed.popitem(last=False)
            again = self._again.pop(tenant_id)
            goes_on = any(each not in self._sealed for each in again)
            if goes_on:
                self._again[tenant_id] = set()
            return goes_on


def seal_for(
    outbox: Outbox, signer: Signer, tenant_id: UUID, handoff_id: UUID | None = None
) -> Collection[UUID]:
    """Seal the tenant of a handoff, unless it was sealed along or the queue takes nothing.

    Args:
        handoff_id: None for whatever waits.

    Returns:
        The handoffs of the runs that were sealed.
    """
    entries, handoffs = _seal(outbox, tenant_id, handoff_id)
    if entries:
        sign_head(outbox, signer, tenant_id)
        reached("audit.signed")
    return handoffs


def seal_and_sign(outbox: Outbox, signer: Signer, tenant_id: UUID) -> None:
    """Seal until nothing waits, then sign the head, also one that was signed before."""
    _seal(outbox, tenant_id)
    sign_head(outbox, signer, tenant_id)
    reached("audit.signed")


def _seal(
    outbox: Outbox, tenant_id: UUID, handoff_id: UUID | None = None
) -> tuple[int, list[UUID]]:
    """Seal until nothing waits; return how many entries that made, and for which handoffs."""
    reached("audit.claimed")
    entries = 0
    handoffs: list[UUID] = []
    while True:
        with outbox.work(tenant_id) as work:
            sealed = seal(work, handoff_id)
            _announce(work, sealed)
            reached("audit.before_commit")
        reached("audit.committed")
        entries += sealed.entries
        handoffs += sealed.handoffs
        handoff_id = None
        if not sealed.more:
            return entries, handoffs


def _announce(work: Work, sealed: Sealed) -> None:
    if sealed.entries:
        work.announce(SEALED, sequence=sealed.head.size)
    for run_id in sealed.runs:
        work.announce(RUN, run_id=str(run_id))


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
