"""One run with all that became of it: decisions, approvals, executions, deliveries, dead letters.

What an agent or a receiver wrote comes from outside: it is bounded, and never more than text.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pipeline.approval_line import held_by, policies_of
from pipeline.run_store import RunNotFound
from pipeline.work import Work

MOST_ROWS: Final = 200
MOST_RESULT_BYTES: Final = 64 * 1024
MOST_RESPONSE_BYTES: Final = 4 * 1024
MOST_PAYLOAD_BYTES: Final = 64 * 1024

Row = dict[str, Any]

_RUN: Final = """
    SELECT r.run_id, r.epoch, r.status, r.reason, r.origin, r.traceparent, r.received_at,
        r.changed_at, r.sealed_at, r.payload_epoch, r.assistant_id, r.source_id,
        r.requester_kind, r.requester_person_id, a.name AS assistant, s.name AS source,
        s.kind AS source_kind, p.display_name AS person, t.slug AS tenant
    FROM runs r JOIN tenants t USING (tenant_id)
    JOIN assistants a ON a.tenant_id = r.tenant_id AND a.assistant_id = r.assistant_id
    LEFT JOIN sources s ON s.tenant_id = r.tenant_id AND s.source_id = r.source_id
    LEFT JOIN persons p ON p.tenant_id = r.tenant_id AND p.person_id = r.requester_person_id
    WHERE r.tenant_id = :tenant AND r.run_id = :run"""
_DECISIONS: Final = """
    SELECT epoch, verdict, code, detail, policy_version, decided_at FROM policy_decisions
    WHERE tenant_id = :tenant AND run_id = :run ORDER BY epoch DESC LIMIT :most"""
_APPROVALS: Final = """
    SELECT a.approval_id, a.epoch, a.status, a.opened_at, a.expires_at, a.decided_at,
        a.execution_expires_at, encode(a.action_digest, 'hex') AS digest,
        coalesce((SELECT jsonb_agg(jsonb_build_object('person_id', v.person_id, 'name',
            p.display_name, 'verdict', v.verdict, 'reason', v.reason, 'voted_at', v.voted_at)
            ORDER BY v.voted_at) FROM votes v JOIN persons p USING (tenant_id, person_id)
            WHERE v.tenant_id = a.tenant_id AND v.approval_id = a.approval_id
            AND v.withdrawn_at IS NULL), '[]') AS votes
    FROM approvals a WHERE a.tenant_id = :tenant AND a.run_id = :run
    ORDER BY a.epoch DESC LIMIT :most"""
_EXECUTIONS: Final = """
    SELECT execution_id, epoch, attempt, exit_reason, exit_code, detail, duration_ms,
        peak_memory_bytes, cpu_ms, start_ms, bytes_in, bytes_out, truncated, started_at,
        finished_at, octet_length(output) AS output_bytes,
        octet_length(result) AS result_bytes, substring(result FOR :result) AS result
    FROM executions WHERE tenant_id = :tenant AND run_id = :run
    ORDER BY epoch DESC, attempt DESC LIMIT :most"""
_DELIVERIES: Final = """
    SELECT d.delivery_id, d.epoch, d.position, d.attempt, d.target_id, d.target_version,
        t.name AS target, v.url, d.outcome, d.status_code, d.error, d.duration_ms, d.attempted_at,
        octet_length(d.response) AS response_bytes, substring(d.response FOR :response) AS response
    FROM deliveries d
    JOIN target_versions v ON v.tenant_id = d.tenant_id AND v.target_id = d.target_id
        AND v.version = d.target_version
    JOIN targets t ON t.tenant_id = d.tenant_id AND t.target_id = d.target_id
    WHERE d.tenant_id = :tenant AND d.run_id = :run
    ORDER BY d.epoch DESC, d.position, d.attempt DESC LIMIT :most"""
_CALLBACKS: Final = """
    SELECT c.callback_id, c.epoch, c.url, t.name AS target, c.status, c.attempts, c.status_code,
        c.last_error AS error, c.created_at, c.finished_at
    FROM run_callbacks c JOIN targets t USING (tenant_id, target_id)
    WHERE c.tenant_id = :tenant AND c.run_id = :run ORDER BY c.epoch DESC LIMIT :most"""
_DEAD_LETTERS: Final = """
    SELECT dead_letter_id, epoch, stage, error, failures, created_at, replayed_at, discarded_at
    FROM dead_letters WHERE tenant_id = :tenant AND run_id = :run
    ORDER BY created_at DESC LIMIT :most"""
_HANDOFF: Final = """
    SELECT h.stage, h.created_at, h.not_before, h.failures, h.last_error,
        coalesce(h.lease_until > clock_timestamp(), false) AS worked_on, h.kill_asked_at,
        p.display_name AS kill_by
    FROM handoffs h
    LEFT JOIN persons p ON p.tenant_id = h.tenant_id AND p.person_id = h.kill_by_person_id
    WHERE h.tenant_id = :tenant AND h.run_id = :run"""
_PAYLOAD: Final = """
    SELECT y.content_type, octet_length(y.payload) AS size, substring(y.payload FOR :payload)
        AS content, y.epoch, y.editor_person_id, p.display_name AS editor
    FROM run_payloads y
    LEFT JOIN persons p ON p.tenant_id = y.tenant_id AND p.person_id = y.editor_person_id
    WHERE y.tenant_id = :tenant AND y.run_id = :run AND y.epoch = :epoch"""


def load_story(work: Work, run_id: UUID) -> Row:
    """The run and its rows, newest first each.

    Raises:
        RunNotFound: As it says.
    """
    run = _one(work, _RUN, run=run_id)
    if run is None:
        raise RunNotFound(f"no run {run_id}")
    decisions = _all(work, _DECISIONS, run=run_id)
    policies = policies_of(work, {each["policy_version"] for each in decisions})
    for each in decisions:
        detail: Mapping[str, Any] = each.pop("detail")
        each["policies"] = held_by(policies, each["policy_version"], detail)
        each |= {name: detail.get(name) for name in ("hold_rules", "auto_reason", "errors")}
    return {
        **run,
        "requester": _requester(run),
        "decisions": decisions,
        "approvals": _all(work, _APPROVALS, run=run_id),
        "executions": [
            each | _result(each)
            for each in _all(work, _EXECUTIONS, run=run_id, result=MOST_RESULT_BYTES)
        ],
        "deliveries": [
            each | {"response": _text(each["response"])}
            for each in _all(work, _DELIVERIES, run=run_id, response=MOST_RESPONSE_BYTES)
        ],
        "callbacks": _all(work, _CALLBACKS, run=run_id),
        "dead_letters": _all(work, _DEAD_LETTERS, run=run_id),
        "handoff": _one(work, _HANDOFF, run=run_id),
        "payload": _one(
            work, _PAYLOAD, run=run_id, epoch=run["payload_epoch"], payload=MOST_PAYLOAD_BYTES
        ),
    }


def _requester(run: Row) -> Row:
    source = run["requester_kind"] == "source"
    asked = run["source_id"] if source else run["requester_person_id"]
    name = (run["source"] if source else run["person"]) or str(asked)
    return {"kind": run["requester_kind"], "id": asked, "name": name}


def _result(row: Row) -> Row:
    """The result parsed, where it is whole and small; its beginning as text otherwise."""
    if row["result"] is None:
        return {"result": None, "result_text": None}
    content = bytes(row["result"])
    if row["result_bytes"] <= MOST_RESULT_BYTES:
        try:
            return {"result": json.loads(content), "result_text": None}
        except (ValueError, RecursionError):
            pass  # an agent wrote it: shown as text
    return {"result": None, "result_text": _text(content)}


def _text(content: bytes | None) -> str | None:
    return None if content is None else bytes(content).decode("utf-8", "replace")


def _one(work: Work, statement: str, **values: object) -> Row | None:
    row = work.execute(statement, tenant=work.tenant_id, **values).mappings().one_or_none()
    return None if row is None else dict(row)


def _all(work: Work, statement: str, **values: object) -> list[Row]:
    rows = work.execute(statement, tenant=work.tenant_id, most=MOST_ROWS, **values)
    return [dict(row) for row in rows.mappings()]
