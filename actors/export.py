"""By time: export what each tenant's latest checkpoint covers to S3, read back before it counts."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import dramatiq
import structlog
from sqlalchemy import text

from actors.stage import declare_due, repeat_due, take_due
from audit_export.checkpoint import SignerKey
from audit_export.export import ExportReport, export_tenant
from audit_export.log_store import LogStore, sole_export
from audit_export.object_store import ObjectStore
from pipeline.outbox import Outbox
from pipeline.run import Stage

log = structlog.get_logger()
MAX_ENTRIES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Where exports go and how long they are locked."""

    signer: SignerKey
    store: ObjectStore
    retention: timedelta
    interval: timedelta


def declare(broker: dramatiq.Broker, outbox: Outbox, export: Export) -> None:
    """Declare the actor on a broker; connects to nothing."""
    declare_due(broker, Stage.EXPORT, lambda tenant, due: export_due(outbox, export, tenant, due))


def export_due(outbox: Outbox, export: Export, tenant_id: UUID, due_id: UUID) -> None:
    """Export a tenant; whatever fails is tried again by the relay, and resumes where it was."""
    with outbox.work(tenant_id) as work:
        due = take_due(work, due_id)
    if due is None:
        return
    with outbox.engine.begin() as connection:
        connection.execute(text("SELECT ensure_audit_partitions()"))
    report = run_export(outbox, export, tenant_id)
    with outbox.work(tenant_id) as work:
        repeat_due(work, due, after=export.interval)
    log.info("exported", entries=report.entries, objects=report.objects, locked=report.locked)


def run_export(outbox: Outbox, export: Export, tenant_id: UUID) -> ExportReport:
    """Raises: what `export_tenant` raises."""
    log_store = LogStore(outbox=outbox)
    with sole_export(outbox.engine, tenant_id):
        return export_tenant(
            tenant_id,
            log=log_store,
            signer=export.signer,
            store=export.store,
            retention=export.retention,
            max_entries=MAX_ENTRIES,
            # Without them a rewound log could not be proven.
            rewind_notes=log_store.rewind_notes(tenant_id),
        )
