"""What a run's agent printed: lines kept with its execution, a page at a time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import redis
import structlog

from pipeline.execution import OutputLine
from pipeline.live_log import read_log
from pipeline.run_store import RunNotFound
from pipeline.work import Work

MOST_LINES: Final = 500
MOST_CHARACTERS: Final = 512 * 1024

_EXECUTION: Final = """
    SELECT e.execution_id, e.epoch, e.attempt, e.finished_at IS NOT NULL, e.truncated, e.output
    FROM runs r LEFT JOIN LATERAL (SELECT * FROM executions e
        WHERE e.tenant_id = r.tenant_id AND e.run_id = r.run_id
            AND e.execution_id = coalesce(CAST(:execution AS uuid), e.execution_id)
        ORDER BY e.epoch DESC, e.attempt DESC LIMIT 1) e ON true
    WHERE r.tenant_id = :tenant AND r.run_id = :run"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLog:
    """A page of lines of one execution.

    Args:
        execution_id: None before anything was launched.
        after: The sequence to ask on from; None when nothing follows now.
        ended: No more lines will come than those kept.
        truncated: The agent wrote more than was kept.
    """

    execution_id: UUID | None
    epoch: int | None
    attempt: int | None
    lines: tuple[OutputLine, ...]
    after: int | None
    ended: bool
    truncated: bool


def load_log(work: Work, run_id: UUID, *, execution_id: UUID | None, after: int) -> RunLog:
    """Lines with a sequence above `after` of one execution, the latest where none is named.

    Raises:
        RunNotFound: As it says.
    """
    row = work.execute(
        _EXECUTION, tenant=work.tenant_id, run=run_id, execution=execution_id
    ).one_or_none()
    if row is None:
        raise RunNotFound(f"no run {run_id}")
    found, epoch, attempt, ended, truncated, output = row
    lines, more = cut(kept_lines(bytes(output or b""), after))
    return RunLog(
        execution_id=found,
        epoch=epoch,
        attempt=attempt,
        lines=lines,
        after=lines[-1].sequence if lines and more else None,
        ended=bool(ended),
        truncated=bool(truncated),
    )


def with_live_lines(log: RunLog, client: "redis.Redis", tenant_id: UUID, after: int) -> RunLog:
    """The same with what the agent has written so far, where it still runs.

    Lines come and go with the broker's server: without it the log stays as it is, and what is kept
    with the execution once it has ended is the whole.
    """
    if log.ended or log.execution_id is None:
        return log
    try:
        found = read_log(client, tenant_id, log.execution_id, after)
    except (redis.RedisError, OSError) as error:
        # Whoever looks asks again in a moment.
        structlog.get_logger().warning("live_log_unread", error=type(error).__name__)
        return log
    lines, _ = cut(iter(found.lines))
    return replace(log, lines=lines, after=lines[-1].sequence if lines else None)


def kept_lines(output: bytes, after: int) -> Iterator[OutputLine]:
    """Read what `execution_store.output_lines` wrote, from above a sequence on."""
    for packed in output.splitlines():
        line: dict[str, Any] = json.loads(packed)
        if line["sequence"] > after:
            yield OutputLine(**line)


def cut(lines: Iterator[OutputLine]) -> tuple[tuple[OutputLine, ...], bool]:
    """A page of lines, and whether more follow."""
    taken: list[OutputLine] = []
    characters = 0
    for line in lines:
        characters += len(line.text)
        if taken and (len(taken) == MOST_LINES or characters > MOST_CHARACTERS):
            return tuple(taken), True
        taken.append(line)
    return tuple(taken), False
