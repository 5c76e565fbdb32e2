"""What was exported of a tenant, and when the next export is, within the tenant's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from audit_export.segment import segment_name
from pipeline.errors import AwgpError
from pipeline.work import Work

KIND: Final = "export.run"
FILES: Final = ("jsonl.gz", "leaves", "manifest.json")
_COLUMNS: Final = (
    "first_sequence, last_sequence, bytes, exported_at, locked_until, manifest_sha256,"
    " checkpoint_key"
)


class ExportNotFound(AwgpError):
    """No exported segment begins with this entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """A segment that counts. `bytes` is None where it was exported before they were counted."""

    first_sequence: int
    last_sequence: int
    bytes: int | None
    exported_at: datetime
    locked_until: datetime | None
    manifest_sha256: str
    checkpoint_key: str

    @property
    def id(self) -> int:
        return self.first_sequence

    @property
    def entries(self) -> int:
        return self.last_sequence - self.first_sequence + 1

    @property
    def files(self) -> list[str]:
        """Its files' names below the tenant's folder."""
        return [segment_name(self.first_sequence, self.last_sequence, kind) for kind in FILES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the next export is. `running` once a worker was told of it."""

    next_at: datetime | None
    running: bool
    exported: int
    signed: int


def list_segments(work: Work, *, before: int | None, limit: int) -> list[StoredSegment]:
    """Newest first."""
    rows = work.execute(
        f"SELECT {_COLUMNS} FROM audit_segments WHERE tenant_id = :tenant"  # noqa: S608  # constant parts
        " AND (CAST(:before AS bigint) IS NULL OR first_sequence < :before)"
        " ORDER BY first_sequence DESC LIMIT :limit",
        tenant=work.tenant_id,
        before=before,
        limit=limit,
    )
    return [StoredSegment(**dict(zip(StoredSegment.__slots__, row, strict=True))) for row in rows]


def load_segment(work: Work, first: int) -> StoredSegment:
    """Raises: ExportNotFound."""
    found = list_segments(work, before=first + 1, limit=1)
    if not found or found[0].first_sequence != first:
        raise ExportNotFound(f"no export begins with entry {first}")
    return found[0]


def exported_ranges(work: Work) -> list[tuple[int, int]]:
    """First and last entry of every segment that counts, in order."""
    rows = work.execute(
        "SELECT first_sequence, last_sequence FROM audit_segments WHERE tenant_id = :tenant"
        " ORDER BY first_sequence",
        tenant=work.tenant_id,
    )
    return [(row[0], row[1]) for row in rows]


def progress(work: Work) -> tuple[int, int]:
    """How many entries are exported, and how many are signed."""
    row = work.execute(
        "SELECT coalesce((SELECT max(last_sequence) FROM audit_segments WHERE tenant_id = :tenant),"
        " 0), coalesce((SELECT tree_size FROM audit_checkpoints WHERE tenant_id = :tenant"
        " ORDER BY checkpoint_id DESC LIMIT 1), 0)",
        tenant=work.tenant_id,
    ).one()
    return row[0], row[1]


def schedule_of(work: Work) -> Schedule:
    """As awgp_web."""
    exported, signed = progress(work)
    row = work.execute(
        "SELECT next_send_at, sends > 0 FROM due WHERE kind = :kind ORDER BY next_send_at LIMIT 1",
        kind=KIND,
    ).one_or_none()
    return Schedule(
        next_at=None if row is None or row[1] else row[0],
        running=row is not None and row[1],
        exported=exported,
        signed=signed,
    )


def ask_for_export(work: Work) -> bool:
    """Bring the tenant's next export forward to now; as awgp_web.

    Returns:
        Whether that changed anything: one that is due or under way already is enough.
    """
    return bool(
        work.execute(
            "UPDATE due SET next_send_at = clock_timestamp() WHERE kind = :kind"
            " AND sends = 0 AND next_send_at > clock_timestamp()",
            kind=KIND,
        ).rowcount
    )
