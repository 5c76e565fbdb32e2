"""What the edge turns away from a source: the kinds, what each means, and the record of them.

The record is for the source's own people: a sender is told less. It holds counts, and of the last
few of each kind the time and a hint of ours; nothing of what a request held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from psycopg.types.json import Jsonb

from pipeline.setup_rows import Row, rows
from pipeline.work import Work

RECENT: Final = 20


class RefusalKind(StrEnum):
    """Why a request of a source was turned away."""

    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_WRONG = "signature-wrong"
    SECRET_MISSING = "secret-missing"  # noqa: S105  # the name of a reason
    CALLER_NOT_ALLOWED = "caller-not-allowed"
    SETTINGS_INVALID = "settings-invalid"
    TIMESTAMP_OUT_OF_RANGE = "timestamp-out-of-range"
    SOURCE_INACTIVE = "source-inactive"
    BODY_INVALID = "body-invalid"
    BODY_NOT_TAKEN = "body-not-taken"
    EVENT_ID_MISSING = "event-id-missing"
    MAPPING_FAILED = "mapping-failed"
    CALLBACK_NOT_ALLOWED = "callback-not-allowed"
    RATE_EXCEEDED = "rate-exceeded"
    ID_REUSED = "id-reused"
    IGNORED = "ignored"


MEANINGS: Final = {
    RefusalKind.CALLBACK_NOT_ALLOWED: (
        "It asked to be called back where this source's list of callbacks does not allow it."
    ),
    RefusalKind.SIGNATURE_MISSING: (
        "What its scheme needs is missing or malformed: it does not sign, it signs in another way,"
        " or something on its way drops headers."
    ),
    RefusalKind.SIGNATURE_WRONG: (
        "No live secret made this signature: the sender has an old secret or another source's, or"
        " the body was changed on its way. Or somebody is guessing."
    ),
    RefusalKind.SECRET_MISSING: (
        "It has no live secret, so nothing can prove anything: give it one."
    ),
    RefusalKind.CALLER_NOT_ALLOWED: (
        "Rightly proven who it is, and that one is not on this source's list."
    ),
    RefusalKind.SETTINGS_INVALID: (
        "This release cannot use the source's settings; everything is refused until they are"
        " changed."
    ),
    RefusalKind.TIMESTAMP_OUT_OF_RANGE: (
        "Rightly signed, for a time too far from ours (5 minutes, unless the source says"
        " otherwise): the sender's clock is wrong, or it sends an old message again without"
        " signing it anew."
    ),
    RefusalKind.SOURCE_INACTIVE: "Rightly signed, but the source or its assistant is switched off.",
    RefusalKind.BODY_INVALID: (
        "Rightly signed, but the body is not what it is labelled as (a JSON object, a form, a"
        " CloudEvent), or nested deeper than is allowed."
    ),
    RefusalKind.BODY_NOT_TAKEN: (
        "Rightly signed, but longer than this source takes, or of a kind that it does not take."
    ),
    RefusalKind.EVENT_ID_MISSING: (
        "Rightly signed, but without an id where the source is set up to have one."
    ),
    RefusalKind.MAPPING_FAILED: (
        "Rightly signed, but the source's mapping cannot be applied: the place in it is named."
    ),
    RefusalKind.RATE_EXCEEDED: "Rightly signed, but more than this source or its tenant may send.",
    RefusalKind.ID_REUSED: (
        "An event id came again with another body: ids must name one event for ever."
    ),
    RefusalKind.IGNORED: "Accepted, and no rule of the source's mapping takes it: no run was made.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How often one source was refused for one reason since the last note; `recent` newest first.

    `recent` are times with a hint of ours, or none.
    """

    source_id: UUID
    kind: RefusalKind
    refused: int
    recent: Sequence[tuple[datetime, str | None]]


def note_refusals(work: Work, refusals: Sequence[Refusals]) -> None:
    """Add to the record; the oldest of the recent ones fall out."""
    # In one order everywhere, so that two processes never wait for each other.
    for each in sorted(refusals, key=lambda one: (str(one.source_id), one.kind)):
        work.execute(
            "INSERT INTO source_refusals (tenant_id, source_id, kind, refused, first_at, last_at,"
            " recent) VALUES (:tenant, :source, :kind, :refused, :first, :last, :recent)"
            " ON CONFLICT (tenant_id, source_id, kind) DO UPDATE SET"
            " refused = source_refusals.refused + excluded.refused,"
            " last_at = greatest(source_refusals.last_at, excluded.last_at),"
            " recent = jsonb_path_query_array(excluded.recent || source_refusals.recent,"
            " CAST(:kept AS jsonpath))",
            tenant=work.tenant_id,
            source=each.source_id,
            kind=each.kind.value,
            refused=each.refused,
            first=each.recent[-1][0],
            last=each.recent[0][0],
            recent=Jsonb([_line(*one) for one in each.recent[:RECENT]]),
            kept=f"$[0 to {RECENT - 1}]",
        )


def note_use(work: Work, secret_id: UUID, at: datetime) -> None:
    """Say that a sender signed with this secret at a time."""
    work.execute(
        "UPDATE source_secrets SET last_used_at = :at WHERE secret_id = :id"
        " AND (last_used_at IS NULL OR last_used_at < :at)",
        id=secret_id,
        at=at,
    )


def list_refusals(work: Work, source_id: UUID) -> list[Row]:
    """The record of a source with what each kind means, the latest first."""
    found = rows(
        work,
        "SELECT kind, refused, first_at, last_at, recent FROM source_refusals"
        " WHERE source_id = :source ORDER BY last_at DESC",
        source=source_id,
    )
    return [row | {"means": MEANINGS[RefusalKind(row["kind"])]} for row in found]


def _line(at: datetime, hint: str | None) -> dict[str, str | None]:
    return {"at": at.astimezone(UTC).isoformat(), "hint": hint}
