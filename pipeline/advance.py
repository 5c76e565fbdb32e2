"""Moving a run, as one statement: the fewer there are, the less a stage costs.

It deletes the handoff that brought the run here, moves the run, makes the next handoff and writes
the audit records down. Each part happens only if the one before it did, so the row it answers with
says how far it came: whether the next message may be sent, handoffs finished, runs moved.
"""

from functools import lru_cache
from typing import Final

from pipeline.run import Stage
from pipeline.waiting_line import LINED, PLACE_AHEAD

_FINISHED: Final = "DELETE FROM handoffs WHERE handoff_id = :handoff AND fence = :fence RETURNING 1"
_MOVED: Final = (
    "UPDATE runs SET status = :to, epoch = :epoch, reason = :reason,"
    " changed_at = clock_timestamp()"
    " WHERE run_id = :run AND status = :from AND epoch = :old_epoch"
)
_NEXT: Final = (
    "INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at, traceparent)"
    " SELECT :tenant, :next, :run, :epoch, :due, {when}, :traceparent FROM moved"
    " RETURNING next_send_at < 'infinity' AS let_in"
)
_AT_ONCE: Final = "clock_timestamp() + :grace"
_IN_LINE: Final = (
    f"CASE WHEN ({PLACE_AHEAD.format(stage=':due')}) THEN clock_timestamp() + :grace"
    " ELSE 'infinity' END"
)
_NOTED: Final = (
    "INSERT INTO audit_pending (tenant_id, record)"
    " SELECT :tenant, jsonb_array_elements(:records) FROM moved"
)


@lru_cache
def advance(*, finishes: bool, due: Stage | None) -> str:
    """The statement.

    Args:
        finishes: Whether a handoff brought the run here.
        due: The stage it is due at next.
    """
    parts = {}
    if finishes:
        parts["finished"] = _FINISHED
    condition = " AND EXISTS (SELECT FROM finished)" if finishes else ""
    parts["moved"] = f"{_MOVED}{condition} RETURNING 1"
    if due is not None:
        parts["next"] = _NEXT.format(when=_IN_LINE if due in LINED else _AT_ONCE)
    parts["noted"] = _NOTED
    named = ", ".join(f"{name} AS ({part})" for name, part in parts.items())
    let_in = "(SELECT let_in FROM next)" if due is not None else "NULL"
    finished = "(SELECT count(*) FROM finished)" if finishes else "1"
    return f"WITH {named} SELECT {let_in}, {finished}, (SELECT count(*) FROM moved)"  # noqa: S608  # constant parts
