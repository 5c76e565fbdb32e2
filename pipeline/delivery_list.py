"""Deliveries as people look for them: every attempt, and one with all that was answered."""

from typing import Any, Final
from uuid import UUID

from pipeline.errors import AwgpError
from pipeline.resending import Which
from pipeline.setup_rows import Row, one_row, rows
from pipeline.target_view import text_of
from pipeline.work import Work

_COLUMNS: Final = """
    SELECT d.delivery_id AS id, d.run_id, d.epoch, d.position, d.attempt, t.name AS target,
        d.target_version AS version, d.idempotency_key, d.outcome, d.status_code, d.error,
        d.duration_ms, d.attempted_at, d.resending_id IS NOT NULL AS replayed,
        octet_length(d.response) AS response_bytes
    FROM deliveries d JOIN targets t ON t.tenant_id = d.tenant_id AND t.target_id = d.target_id"""
# Their ids are in the order they were written down in (RFC 9562, version 7).
_PAGE: Final = f"""{_COLUMNS}
    WHERE (CAST(:before AS uuid) IS NULL OR d.delivery_id < :before)
        AND (CAST(:delivery AS uuid) IS NULL OR d.delivery_id = :delivery)
        AND (CAST(:run AS uuid) IS NULL OR d.run_id = :run)
        AND (CAST(:target AS text) IS NULL OR t.name = :target)
        AND (CAST(:outcome AS text) IS NULL OR d.outcome = :outcome)
        AND (CAST(:since AS timestamptz) IS NULL OR d.attempted_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR d.attempted_at <= :until)
    ORDER BY d.delivery_id DESC LIMIT :limit"""
_ONE: Final = f"""
    SELECT one.*, d.response, v.url FROM ({_COLUMNS}) AS one
    JOIN deliveries d ON d.delivery_id = one.id
    JOIN target_versions v ON v.tenant_id = d.tenant_id AND v.target_id = d.target_id
        AND v.version = d.target_version
    WHERE one.id = :id"""  # noqa: S608  # constant parts


class DeliveryUnknown(AwgpError):
    """No delivery has this id."""


def deliveries_page(work: Work, which: Which, *, before: UUID | None, limit: int) -> list[Row]:
    """Attempts, newest first."""
    values: dict[str, Any] = which.values()
    return rows(work, _PAGE, before=before, limit=limit, **values)


def show_delivery(work: Work, delivery_id: UUID) -> Row:
    """One attempt with what was answered, as text.

    Raises:
        DeliveryUnknown: As it says.
    """
    found = one_row(work, _ONE, id=delivery_id)
    if found is None:
        raise DeliveryUnknown(f"no delivery {delivery_id}")
    return found | {"response": text_of(found["response"])}
