"""A small audit trail to test with: a log in memory, a store in a folder, and an export of both.

Everything is derived from fixed keys, ids and times, so that two builds are the same bytes.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit_export.export import ExportedSegment, ExportReport, beginning, export_tenant
from audit_export.object_store import ObjectDiffers, ObjectMissing, StoredObject
from audit_export.segment import LogPoint
from audit_export.signer import Signer
from pipeline.audit import AuditRecord, Head, body, chain_hash, genesis
from pipeline.merkle import leaf_hash, tree_root

TENANT = UUID("0a0a0a0a-0000-4000-8000-000000000001")
OTHER_TENANT = UUID("0b0b0b0b-0000-4000-8000-000000000002")
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY_NAME = "awgp.example/holding"


def private_key(seed: int = 1) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def record(number: int, tenant_id: UUID = TENANT) -> AuditRecord:
    """The `number`th thing that happened; text outside ASCII included."""
    return AuditRecord(
        id=UUID(int=tenant_id.int ^ (number << 32)),
        occurred_at=START + timedelta(seconds=number),
        tenant_id=tenant_id,
        actor_type="service",
        actor_id="policy",
        action="policy:run:permitted",
        resource_type="run",
        resource_id=f"run-{number}",
        before={"status": "received"},
        after={"status": "permitted"},
        metadata={"note": f"Grüße {number} €", "amount": number * 100},
    )


def sealed_body(number: int, tenant_id: UUID = TENANT) -> bytes:
    moment = START + timedelta(seconds=number, milliseconds=5)
    return body(record(number, tenant_id), sequence=number, sealed_at=moment)


@dataclass
class MemoryLog:
    """A sealed log that grows, with the checkpoints signed over it: a `LogReader`."""

    tenant_id: UUID = TENANT
    sealed: list[bytes] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    exported: list[ExportedSegment] = field(default_factory=list)

    def grow(self, count: int) -> None:
        for _ in range(count):
            self.sealed.append(sealed_body(len(self.sealed) + 1, self.tenant_id))

    def head(self, size: int | None = None) -> Head:
        taken = self.sealed[:size]
        chain = genesis(self.tenant_id)
        for item in taken:
            chain = chain_hash(chain, item)
        return Head(
            size=len(taken), root=tree_root(leaf_hash(item) for item in taken), chain_hash=chain
        )

    def since(self, first: int, last: int) -> Iterator[bytes]:
        return iter(self.sealed[first - 1 : last])

    def sign(self, signer: Signer) -> str:
        note = signer.sign(self.tenant_id, self.head(), self.since)
        self.checkpoints.append(note)
        return note

    def last_exported(self, tenant_id: UUID) -> LogPoint:
        return self.exported[-1].after if self.exported else beginning(tenant_id)

    def bodies(self, tenant_id: UUID, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        assert tenant_id == self.tenant_id
        for sequence in range(first, last + 1):
            if sequence <= len(self.sealed) and self.sealed[sequence - 1]:
                yield sequence, self.sealed[sequence - 1]

    def latest_checkpoint(self, tenant_id: UUID) -> str | None:
        assert tenant_id == self.tenant_id
        return self.checkpoints[-1] if self.checkpoints else None

    def record_segment(self, segment: ExportedSegment) -> None:
        self.exported.append(segment)


@dataclass
class FolderStore:
    """An object store in a folder: an `ObjectStore` that can be told to die after n puts."""

    folder: Path
    puts_left: int | None = None

    def put_locked(
        self, key: str, body: bytes | Path, retain_until: datetime, sha256: str
    ) -> StoredObject:
        data = body if isinstance(body, bytes) else body.read_bytes()
        assert hashlib.sha256(data).hexdigest() == sha256
        path = self.folder / key
        created = not path.exists()
        if not created and path.read_bytes() != data:
            raise ObjectDiffers(f"{key} already holds other bytes")
        if created and self.puts_left is not None:
            if self.puts_left == 0:
                raise InterruptedError("killed")
            self.puts_left -= 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return StoredObject(
            key=key, size=len(data), sha256=sha256, created=created, locked_until=retain_until
        )

    def read_back(self, key: str) -> Iterator[bytes]:
        path = self.folder / key
        if not path.exists():
            raise ObjectMissing(f"{key} is not there")
        yield path.read_bytes()

    def keys(self, prefix: str) -> Iterator[str]:
        names = (str(path.relative_to(self.folder)) for path in self.folder.rglob("*.*"))
        yield from sorted(name for name in names if name.startswith(prefix))


def make_signer(folder: Path, seed: int = 1) -> Signer:
    """A signer whose clock moves on by a minute with every look."""
    return Signer(
        private_key=private_key(seed), key_name=KEY_NAME, folder=folder, clock=ticking_clock()
    )


def ticking_clock() -> Callable[[], datetime]:
    looks = iter(range(1_000_000))
    return lambda: START + timedelta(hours=1, minutes=next(looks))


def export(
    log: MemoryLog, signer: Signer, store: FolderStore, *, max_entries: int = 100
) -> ExportReport:
    return export_tenant(
        log.tenant_id,
        log=log,
        signer=signer.public,
        store=store,
        retention=timedelta(days=1),
        max_entries=max_entries,
        rewind_notes=signer.rewind_notes(log.tenant_id),
        clock=lambda: START,
    )


def build_export(
    folder: Path, signer: Signer, *, tenant_id: UUID = TENANT, batches: tuple[int, ...] = (5, 4)
) -> MemoryLog:
    """Grow, sign and export a log batch by batch: one checkpoint and one segment each."""
    log, store = MemoryLog(tenant_id=tenant_id), FolderStore(folder)
    for count in batches:
        log.grow(count)
        log.sign(signer)
        export(log, signer, store)
    return log
