"""How a run fares, as its tenant's people and clients may read it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pipeline.run_store import RunNotFound
from pipeline.strict_json import JsonInvalid, JsonTooDeep, parse
from pipeline.work import Work

# A larger result is for the console; a poll must stay cheap.
MAX_RESULT_BYTES: Final = 16_384

_RUN = """
    SELECT r.run_id AS run, t.slug AS tenant, a.name AS assistant, r.status, r.epoch, r.reason,
        r.requester_kind AS requester, r.received_at, r.changed_at, r.sealed_at
    FROM runs r JOIN assistants a USING (tenant_id, assistant_id) JOIN tenants t USING (tenant_id)
    WHERE r.run_id = :run"""
_APPROVAL = """
    SELECT status, opened_at, expires_at, decided_at
    FROM approvals WHERE run_id = :run ORDER BY epoch DESC LIMIT 1"""
_EXECUTION = """
    SELECT attempt, exit_reason, exit_code, duration_ms, peak_memory_bytes, cpu_ms, start_ms,
        bytes_in, bytes_out, started_at, finished_at,
        octet_length(result) AS result_bytes,
        CASE WHEN octet_length(result) <= :most THEN result END AS result
    FROM executions WHERE run_id = :run ORDER BY epoch DESC, attempt DESC LIMIT 1"""
_DELIVERIES = """
    SELECT position, attempt, target_id AS target, outcome, status_code, attempted_at
    FROM deliveries WHERE run_id = :run AND epoch = :epoch ORDER BY position, attempt"""


def view_run(work: Work, run_id: UUID, *, max_depth: int) -> dict[str, Any]:
    """Read a run of the transaction's tenant, as `api_schemas.RunView` describes it.

    Raises:
        RunNotFound: The tenant has none of this id, whoever else may.
    """
    row = work.execute(_RUN, run=run_id).mappings().one_or_none()
    if row is None:
        raise RunNotFound(f"there is no run {run_id}")
    approval = work.execute(_APPROVAL, run=run_id).mappings().one_or_none()
    execution = work.execute(_EXECUTION, run=run_id, most=MAX_RESULT_BYTES).mappings().one_or_none()
    deliveries = work.execute(_DELIVERIES, run=run_id, epoch=row["epoch"]).mappings().all()
    return {
        **row,
        "approval": None if approval is None else dict(approval),
        "execution": None if execution is None else _execution(dict(execution), max_depth),
        "deliveries": [dict(each) for each in deliveries],
    }


def _execution(row: Mapping[str, Any], max_depth: int) -> dict[str, Any]:
    result = None if row["result"] is None else _result(bytes(row["result"]), max_depth)
    return {**row, "result": result}


def _result(content: bytes, max_depth: int) -> Any:
    """An agent wrote this: what is not plain JSON is not passed on."""
    try:
        return parse(content, max_depth=max_depth)
    except (JsonInvalid, JsonTooDeep):
        return None
