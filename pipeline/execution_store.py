"""Executions in the database: one row an attempt, from before its launch to its end."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pipeline import agent_event
from pipeline.answer import Answer
from pipeline.execution import ExecutionResult, ExitReason, OutputLine
from pipeline.gateway_record import record_calls
from pipeline.handoff import Handoff
from pipeline.ids import uuid7
from pipeline.run_store import StoredRun
from pipeline.work import SYSTEM, Actor, Work

# What is kept of an agent's output, as JSON lines; more is telemetry and gone.
MAX_OUTPUT_BYTES: Final = 4 * 1024 * 1024
# Whether an approval's time to start has passed, and the latest attempt; NULLs without either.
_STANDING: Final = """
    SELECT (SELECT clock_timestamp() >= execution_expires_at FROM approvals
        WHERE run_id = :run AND epoch = :epoch),
        e.execution_id, e.attempt, e.finished_at IS NOT NULL
    FROM (VALUES (1)) AS one LEFT JOIN LATERAL (
        SELECT execution_id, attempt, finished_at FROM executions
        WHERE run_id = :run AND epoch = :epoch ORDER BY attempt DESC LIMIT 1) e ON true"""
MAX_WHY: Final = 500
# What a person is told of an attempt that was let out and lost.
CALLS_UNKNOWN: Final = "what it sent through its gateway is in its host's log alone"
TOO_LATE: Final = "the approval's time to start had passed"
_US: Final = Actor(type="system", id=SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExecution:
    """An attempt.

    Args:
        settled: Its end is known: it never launched, or it is known to be lost. One that is not
            settled while nobody works on it may have done anything.
    """

    execution_id: UUID
    attempt: int
    settled: bool


def may_no_longer_start(work: Work, run: StoredRun) -> bool:
    """Whether the time in which this epoch's approval lets it start has passed."""
    return bool(ask_standing(work, run).one()[0])


def is_approved_by_people(work: Work, run: StoredRun) -> bool:
    """Whether this epoch has an approval, and not only a policy that lets it through."""
    return ask_standing(work, run).one()[0] is not None


def ask_standing(work: Work, run: StoredRun) -> Answer:
    """Bring along what `may_no_longer_start` and `last_execution` will read."""
    return work.recall(_STANDING, run=run.run_id, epoch=run.epoch)


def start_execution(
    work: Work, run: StoredRun, handoff: Handoff, *, action_digest: bytes, attempt: int
) -> UUID:
    """Write an attempt down before it is launched. The first consumes the approval, once."""
    execution_id = uuid7()
    work.ask(
        "INSERT INTO executions (tenant_id, execution_id, run_id, epoch, attempt, fence,"
        " action_digest) VALUES (:tenant, :id, :run, :epoch, :attempt, :fence, :digest)",
        tenant=work.tenant_id,
        id=execution_id,
        run=run.run_id,
        epoch=run.epoch,
        attempt=attempt,
        fence=handoff.fence,
        digest=action_digest,
    )
    work.record(
        _US,
        "execute:execution:started",
        ("execution", str(execution_id)),
        metadata={
            "run": str(run.run_id),
            "epoch": run.epoch,
            "attempt": attempt,
            "action_digest": action_digest.hex(),
        },
    )
    return execution_id


def last_execution(work: Work, run: StoredRun) -> StoredExecution | None:
    """The latest attempt of this epoch."""
    _, execution_id, attempt, settled = ask_standing(work, run).one()
    if execution_id is None:
        return None
    return StoredExecution(execution_id=execution_id, attempt=attempt, settled=settled)


def times_lost(work: Work, run: StoredRun) -> int:
    """How many attempts of this epoch ended without anyone knowing how."""
    return int(
        work.execute(
            "SELECT count(*) FROM executions"
            " WHERE run_id = :run AND epoch = :epoch AND exit_reason = ANY (:lost)",
            run=run.run_id,
            epoch=run.epoch,
            # Before there was `interrupted`, `killed` was said of it.
            lost=[
                ExitReason.HOST_LOST.value,
                ExitReason.INTERRUPTED.value,
                ExitReason.KILLED.value,
            ],
        ).scalar_one()
    )


def finish_execution(
    work: Work, execution_id: UUID, result: ExecutionResult, *, digest_key: bytes
) -> None:
    """Keep how an attempt ended, its result and its output.

    Args:
        digest_key: The run's, for the audit trail's commitment to the result: like the payload's
            it tells nobody anything once the key is erased.
    """
    output, cut = output_lines(result.lines)
    unknown = _unknown_calls(work, execution_id, result.reason)
    work.ask(
        "UPDATE executions SET exit_reason = :reason, exit_code = :code, result = :result,"
        " output = :output, truncated = :truncated, detail = :detail, duration_ms = :duration,"
        " peak_memory_bytes = :memory, cpu_ms = :cpu, start_ms = :start, bytes_in = :bytes_in,"
        " bytes_out = :bytes_out, finished_at = clock_timestamp() WHERE execution_id = :id",
        id=execution_id,
        reason=result.reason.value,
        code=result.exit_code,
        result=result.result,
        output=output,
        truncated=result.truncated or cut,
        detail=_with(result.detail, unknown),
        duration=result.duration_ms,
        memory=result.peak_memory_bytes,
        cpu=result.usage.cpu_ms,
        start=result.usage.start_ms,
        bytes_in=result.usage.bytes_in,
        bytes_out=result.usage.bytes_out,
    )
    after: dict[str, str | int | None] = {
        "exit_reason": result.reason.value,
        "exit_code": result.exit_code,
    }
    if result.result is not None:
        commitment = hmac.new(digest_key, result.result, hashlib.sha256)
        after["result_commitment"] = commitment.hexdigest()
    after |= unknown | _events(result.lines, digest_key)
    record_calls(work, execution_id, result.calls, digest_key=digest_key)
    _record_end(work, execution_id, {**after, "duration_ms": result.duration_ms})


def settle_as_lost(work: Work, execution_id: UUID, why: str) -> None:
    """Note that nobody knows what this attempt did."""
    _settle(work, execution_id, ExitReason.HOST_LOST, why)


def settle_as_never_launched(work: Work, execution_id: UUID, why: str) -> None:
    """Note that this attempt never ran: it has an end and no exit reason."""
    _settle(work, execution_id, None, f"never launched: {why}")


def last_result(work: Work, run: StoredRun) -> bytes | None:
    """What the agent left as its result in this epoch: sound JSON, or nothing."""
    found = ask_result(work, run).scalar_one_or_none()
    return None if found is None else bytes(found)


def ask_result(work: Work, run: StoredRun) -> Answer:
    """Bring along what `last_result` will read."""
    return work.recall(
        "SELECT result FROM executions WHERE run_id = :run AND epoch = :epoch"
        " AND exit_reason = :ok ORDER BY attempt DESC LIMIT 1",
        run=run.run_id,
        epoch=run.epoch,
        ok=ExitReason.OK.value,
    )


def output_lines(lines: tuple[OutputLine, ...]) -> tuple[bytes, bool]:
    """The output as JSON lines, up to MAX_OUTPUT_BYTES, and whether some did not fit."""
    kept = bytearray()
    for line in lines:
        each = {
            "sequence": line.sequence,
            "stream": line.stream,
            "offset_ms": line.offset_ms,
            "text": line.text,
        }
        packed = json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if len(kept) + len(packed) > MAX_OUTPUT_BYTES:
            return bytes(kept), True
        kept += packed
    return bytes(kept), False


def _events(lines: tuple[OutputLine, ...], digest_key: bytes) -> dict[str, str | int | None]:
    """How many events were told, and the commitment to them in their order."""
    told = [line.text for line in lines if line.stream == agent_event.STREAM]
    if not told:
        return {}
    commitment = hmac.new(digest_key, "\n".join(told).encode(), hashlib.sha256)
    return {"events": len(told), "events_commitment": commitment.hexdigest()}


def _unknown_calls(
    work: Work, execution_id: UUID, reason: ExitReason | None
) -> dict[str, str | int | None]:
    """What the trail says of an attempt that was let out and whose calls nobody told us."""
    if reason is not ExitReason.HOST_LOST:
        return {}
    action = work.execute(
        "SELECT action FROM executions JOIN actions USING (tenant_id, run_id, epoch)"
        " WHERE execution_id = :id",
        id=execution_id,
    ).scalar_one()
    return {"gateway_calls": "unknown"} if json.loads(bytes(action)).get("gateway_scopes") else {}


def _with(detail: str, unknown: Mapping[str, object]) -> str:
    """The detail a person reads."""
    return f"{detail}; {CALLS_UNKNOWN}".removeprefix("; ") if unknown else detail


def _settle(work: Work, execution_id: UUID, reason: ExitReason | None, why: str) -> None:
    unknown = _unknown_calls(work, execution_id, reason)
    work.execute(
        "UPDATE executions SET exit_reason = :reason, detail = :why,"
        " finished_at = clock_timestamp() WHERE execution_id = :id",
        id=execution_id,
        reason=None if reason is None else reason.value,
        why=_with(why[:MAX_WHY], unknown),
    )
    ended = "never_launched" if reason is None else reason.value
    _record_end(work, execution_id, {"exit_reason": ended, **unknown})


def _record_end(work: Work, execution_id: UUID, after: dict[str, str | int | None]) -> None:
    work.record(_US, "execute:execution:ended", ("execution", str(execution_id)), after=after)
