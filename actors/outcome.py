"""What becomes of a run whose attempt is over, in the transaction that settles it."""

from datetime import timedelta
from typing import Final

from actors.attempt import Attempt
from pipeline.execution import ExecutionResult, ExitReason
from pipeline.execution_store import finish_execution, times_lost
from pipeline.handoff import Handoff, backoff, retry_later
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, dead_letter, load_run, move
from pipeline.work import Work

OUTCOME_UNKNOWN: Final = "outcome unknown"
# A bundle whose reruns are safe is still not run for ever.
MAX_LOST: Final = 3
HOST_PAUSE_CEILING: Final = timedelta(seconds=30)


def end(work: Work, attempt: Attempt, result: ExecutionResult) -> None:
    run = load_run(work, attempt.handoff.run_id, lock=True)
    finish_execution(work, attempt.spec.execution_id, result, digest_key=attempt.digest_key)
    if result.reason in {ExitReason.KILLED, ExitReason.HOST_LOST}:
        _end_interrupted(work, run, attempt)
        return
    work.finish(attempt.handoff)
    if result.reason is ExitReason.OK:
        move(work, run, Status.EXECUTED, stage=Stage.EXECUTE)
        return
    code = f": exit code {result.exit_code}" if result.reason is ExitReason.ERROR else ""
    move(work, run, Status.FAILED, stage=Stage.EXECUTE, reason=f"agent {result.reason}{code}")


def _end_interrupted(work: Work, run: StoredRun, attempt: Attempt) -> None:
    if not attempt.rerun_is_safe or times_lost(work, run) >= MAX_LOST:
        end_unknown(work, run, attempt.handoff)
        return
    delay = backoff(attempt.number)
    error = "interrupted; its bundle says a rerun is safe"
    retry_later(work, attempt.handoff, delay=delay, error=error, counted=False)


def end_unknown(work: Work, run: StoredRun, handoff: Handoff) -> None:
    end_failed(work, run, handoff, OUTCOME_UNKNOWN)


def end_failed(work: Work, run: StoredRun, handoff: Handoff, reason: str) -> None:
    """End the run with a dead letter, for a person to look at."""
    work.finish(handoff)
    dead_letter(work, run, handoff, reason)
    move(work, run, Status.FAILED, stage=Stage.EXECUTE, reason=reason)


def wait_for_host(work: Work, handoff: Handoff, tries: int = 1) -> None:
    """Give the claim back until the host can take it; no failure of the run."""
    retry_later(
        work,
        handoff,
        delay=backoff(tries, ceiling=HOST_PAUSE_CEILING),
        error="waiting for the runtime host",
        counted=False,
    )


def lost(why: str) -> ExecutionResult:
    return ExecutionResult(
        reason=ExitReason.HOST_LOST,
        exit_code=None,
        result=None,
        lines=(),
        truncated=True,
        duration_ms=0,
        peak_memory_bytes=None,
        detail=why,
    )
