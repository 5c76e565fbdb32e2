"""The audit log in PostgreSQL, as the signer and the export read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from audit_export.checkpoint import parse_checkpoint
from audit_export.export import ExportedSegment, beginning
from audit_export.segment import LogPoint
from audit_export.signer import Signer
from pipeline.answer import Answer
from pipeline.database import patiently, tenant_transaction
from pipeline.merkle import Frontier
from pipeline.outbox import Outbox
from pipeline.seal import current_head
from pipeline.work import Work

BATCH = 1000
BODIES = (
    "SELECT sequence, body FROM audit_log WHERE sequence BETWEEN :first AND :last ORDER BY sequence"
)
LOCK_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStore:
    """Reads a tenant's log and records what was exported (login awgp_exporter)."""

    outbox: Outbox

    def last_exported(self, tenant_id: UUID) -> LogPoint:
        with tenant_transaction(self.outbox.engine, tenant_id) as connection:
            row = connection.execute(
                text(
                    "SELECT last_sequence, chain_hash, frontier FROM audit_segments"
                    " ORDER BY last_sequence DESC LIMIT 1"
                )
            ).one_or_none()
        if row is None:
            return beginning(tenant_id)
        frontier = Frontier.from_bytes(bytes(row[2]))
        return LogPoint(sequence=row[0], chain_hash=bytes(row[1]), frontier=frontier)

    def bodies(self, tenant_id: UUID, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        return read_bodies(self.outbox.engine, tenant_id, first, last)

    def latest_checkpoint(self, tenant_id: UUID) -> str | None:
        with tenant_transaction(self.outbox.engine, tenant_id) as connection:
            return latest_note(connection)

    def rewind_notes(self, tenant_id: UUID) -> list[str]:
        """Every note that says the log was set back, oldest first: they must travel with it."""
        with tenant_transaction(self.outbox.engine, tenant_id) as connection:
            rows = connection.execute(
                text(
                    "SELECT note FROM audit_checkpoints"
                    " WHERE note LIKE '%' || chr(10) || 'rewind-from %' ORDER BY checkpoint_id"
                )
            ).all()
        return [row[0] for row in rows]

    def record_segment(self, segment: ExportedSegment) -> None:
        with self.outbox.work(segment.tenant_id) as work:
            work.execute(
                "INSERT INTO audit_segments (tenant_id, first_sequence, last_sequence,"
                " manifest_key, manifest_sha256, checkpoint_key, locked_until, chain_hash,"
                " frontier, bytes)"
                " VALUES (:tenant, :first, :last, :manifest, :sha256, :checkpoint, :locked,"
                " :chain, :frontier, :bytes) ON CONFLICT DO NOTHING",
                tenant=segment.tenant_id,
                first=segment.first_sequence,
                last=segment.last_sequence,
                manifest=segment.manifest_key,
                sha256=segment.manifest_sha256,
                checkpoint=segment.checkpoint_key,
                locked=segment.locked_until,
                chain=segment.after.chain_hash,
                frontier=segment.after.frontier.to_bytes(),
                bytes=segment.size,
            )


@contextmanager
def sole_export(engine: Engine, tenant_id: UUID) -> Iterator[None]:
    """Be the only export of a tenant meanwhile, or wait until one is over.

    Two at once could cut the log at different places, and segments that overlap stay locked in the
    store for years. The lock goes with its connection, so a killed export holds up nobody.

    Raises:
        sqlalchemy.exc.OperationalError: Another went on for longer than LOCK_TIMEOUT_SECONDS.
    """
    with engine.begin() as connection:
        # It waits for another, then says nothing while the export goes on.
        with patiently(connection, LOCK_TIMEOUT_SECONDS + 5):
            connection.execute(
                text("SELECT set_config('lock_timeout', :wait, true)"),
                {"wait": f"{LOCK_TIMEOUT_SECONDS}s"},
            )
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": f"export {tenant_id}"},
            )
        yield


def read_bodies(
    engine: Engine, tenant_id: UUID, first: int, last: int
) -> Iterator[tuple[int, bytes]]:
    """Yield (sequence, body) in order, BATCH in memory at a time; a missing one is not yielded."""
    while first <= last:
        upto = min(last, first + BATCH - 1)
        with tenant_transaction(engine, tenant_id) as connection:
            batch = read_batch(connection, first, upto)
        yield from batch
        first = upto + 1


def read_batch(connection: Connection, first: int, last: int) -> list[tuple[int, bytes]]:
    """The same from the tenant's open transaction, all at once."""
    rows = connection.execute(text(BODIES), {"first": first, "last": last})
    return [(sequence, bytes(body)) for sequence, body in rows]


def ask_batch(work: Work, first: int, last: int) -> Answer:
    """The same within a conversation."""
    return work.ask(BODIES, first=first, last=last)


def latest_note(connection: Connection) -> str | None:
    """The tenant's last signed checkpoint."""
    note: str | None = connection.execute(
        text("SELECT note FROM audit_checkpoints ORDER BY checkpoint_id DESC LIMIT 1")
    ).scalar_one_or_none()
    return note


def sign_head(outbox: Outbox, signer: Signer, tenant_id: UUID) -> str:
    """Sign a tenant's committed head and keep the note (login awgp_sealer).

    One signer at a time a tenant, the note included, so that the last note kept is the last signed.

    Raises:
        InconsistentHistory, RewindRefused: The log does not continue what was signed before.
    """
    with outbox.work(tenant_id) as work:
        work.ask(
            "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", name=f"sign {tenant_id}"
        )
        note = signer.sign(
            tenant_id,
            lambda: current_head(work),
            # On this connection: many tenants signed at once must not each wait for a second one.
            lambda first, last: (
                body
                for begin in range(first, last + 1, BATCH)
                for _, body in ask_batch(work, begin, min(last, begin + BATCH - 1)).all()
            ),
        )
        work.ask(
            "INSERT INTO audit_checkpoints (tenant_id, tree_size, note)"
            " VALUES (:tenant, :size, :note)",
            tenant=tenant_id,
            size=parse_checkpoint(note).size,
            note=note,
        )
    return note
