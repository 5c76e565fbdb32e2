"""Stage 5 of 5: seal what happened into the tenant's chain, and sign its new head.

delivered -> completed
denied, rejected, expired, failed and cancelled runs keep their status and get sealed_at

One message seals everything that waits for its tenant, so a burst costs few transactions. The
signature comes after the commit, and again with every checkpoint that is due while idle.
"""

from datetime import timedelta
from uuid import UUID

import dramatiq
from sqlalchemy import text

from actors.stage import declare_due, declare_stage, repeat_due, take_due
from audit_export.log_store import sign_head
from audit_export.signer import Signer
from pipeline.fault_points import reached
from pipeline.outbox import Outbox
from pipeline.queue_state import OPEN
from pipeline.run import Stage
from pipeline.seal import seal


def declare(
    broker: dramatiq.Broker, outbox: Outbox, signer: Signer, *, interval: timedelta
) -> None:
    """Declare the stage's actors on a broker; connects to nothing.

    Args:
        interval: Between two checkpoints of an idle tenant.
    """
    declare_stage(
        broker,
        Stage.AUDIT,
        lambda tenant, handoff: seal_for(outbox, signer, tenant, handoff),
        outbox=outbox,
    )
    declare_due(
        broker,
        Stage.AUDIT,
        lambda tenant, due: checkpoint_due(outbox, signer, tenant, due, interval),
    )


def seal_for(outbox: Outbox, signer: Signer, tenant_id: UUID, handoff_id: UUID) -> None:
    """Seal the tenant of a handoff, unless it was sealed along or the queue takes nothing."""
    with outbox.work(tenant_id) as work:
        waiting = work.execute(
            f"SELECT 1 FROM handoffs WHERE handoff_id = :id AND stage = :stage AND {OPEN}",  # noqa: S608  # constant parts
            id=handoff_id,
            stage=Stage.AUDIT.value,
        ).one_or_none()
    if waiting is None:
        return
    seal_and_sign(outbox, signer, tenant_id)


def seal_and_sign(outbox: Outbox, signer: Signer, tenant_id: UUID) -> None:
    """Seal until nothing waits, then sign the head."""
    reached("audit.claimed")
    more = True
    while more:
        with outbox.work(tenant_id) as work:
            sealed = seal(work)
            more = sealed.more
            reached("audit.before_commit")
        reached("audit.committed")
    sign_head(outbox, signer, tenant_id)
    reached("audit.signed")


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
