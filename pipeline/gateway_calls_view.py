"""The calls of an execution as readers of its run see them, from the sealed trail, by pages."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pipeline.run_store import RunNotFound
from pipeline.work import Work

MOST_CALLS: Final = 200

_EXECUTION: Final = """
    SELECT e.execution_id, e.epoch, e.attempt, e.finished_at IS NOT NULL
    FROM runs r LEFT JOIN LATERAL (SELECT * FROM executions e
        WHERE e.tenant_id = r.tenant_id AND e.run_id = r.run_id
            AND e.execution_id = coalesce(CAST(:execution AS uuid), e.execution_id)
        ORDER BY e.epoch DESC, e.attempt DESC LIMIT 1) e ON true
    WHERE r.tenant_id = :tenant AND r.run_id = :run"""
_CALLS: Final = """
    SELECT call FROM audit_log, jsonb_array_elements(CAST(metadata AS jsonb) -> 'calls') AS call
    WHERE tenant_id = :tenant AND resource_id = :execution AND resource_type = 'execution'
        AND action = 'execute:gateway:called' AND CAST(call ->> 'number' AS integer) > :after
    ORDER BY CAST(call ->> 'number' AS integer) LIMIT :limit"""
# As `execution_store` writes it of an execution that was lost.
UNKNOWN: Final = "unknown"
_END: Final = """
    SELECT coalesce(CAST(after_state AS jsonb) ->> 'gateway_calls', '') FROM audit_log
    WHERE tenant_id = :tenant AND resource_id = :execution AND action = 'execute:execution:ended'
    ORDER BY sequence DESC LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPage:
    """Calls of one execution, in the order they were made.

    Args:
        execution_id: None before anything was launched.
        calls: As `GatewayCall` tells them, with commitments for digests.
        after: The number to ask on from; None when no more are sealed now.
        complete: The execution is over and all its calls are in the sealed trail.
        not_known: It was lost with its host, and so was what it called: none of it is told.
    """

    execution_id: UUID | None
    epoch: int | None
    attempt: int | None
    calls: tuple[dict[str, Any], ...]
    after: int | None
    complete: bool
    not_known: bool


def load_calls(work: Work, run_id: UUID, *, execution_id: UUID | None, after: int) -> CallsPage:
    """Calls with a number above `after` of one execution, the latest where none is named.

    Raises:
        RunNotFound: As it says.
    """
    row = work.execute(
        _EXECUTION, tenant=work.tenant_id, run=run_id, execution=execution_id
    ).one_or_none()
    if row is None:
        raise RunNotFound(f"no run {run_id}")
    found, epoch, attempt, over = row
    calls = _calls(work, found, after) if found else []
    end = _sealed_end(work, found) if over else None
    return CallsPage(
        execution_id=found,
        epoch=epoch,
        attempt=attempt,
        calls=tuple(calls[:MOST_CALLS]),
        after=calls[MOST_CALLS - 1]["number"] if len(calls) > MOST_CALLS else None,
        complete=end is not None and end != UNKNOWN,
        not_known=end == UNKNOWN,
    )


def _calls(work: Work, execution_id: UUID, after: int) -> list[dict[str, Any]]:
    found = work.execute(
        _CALLS,
        tenant=work.tenant_id,
        execution=str(execution_id),
        after=after,
        limit=MOST_CALLS + 1,
    )
    return [row[0] for row in found]


def _sealed_end(work: Work, execution_id: UUID) -> str | None:
    """What the sealed end says of its calls, mostly nothing; None where no end is sealed yet."""
    found: str | None = work.execute(
        _END, tenant=work.tenant_id, execution=str(execution_id)
    ).scalar_one_or_none()
    return found
