"""What becomes of a run whose attempt is over, in the transaction that settles it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from actors.attempt import Attempt
from pipeline.cancel import KILLED, settle_if_open
from pipeline.execution import ExecutionResult, ExitReason
from pipeline.execution_store import finish_execution, settle_as_never_launched, times_lost
from pipeline.handoff import Handoff, ask_kill, backoff, retry_later
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, dead_letter, load_run, move, stage_failed
from pipeline.work import Actor, Work

OUTCOME_UNKNOWN: Final = "outcome unknown"
# A bundle whose reruns are safe is still not run for ever.
MAX_LOST: Final = 3
HOST_PAUSE_CEILING: Final = timedelta(seconds=30)


def end(work: Work, attempt: Attempt, result: ExecutionResult) -> None:
    asked = ask_kill(work, attempt.handoff)
    run = load_run(work, attempt.handoff.run_id, lock=True)
    killer: UUID | None = asked.scalar_one()
    result = _by_whom(result, killer)
    finish_execution(work, attempt.spec.execution_id, result, digest_key=attempt.digest_key)
    if killer is not None:
        end_killed(work, run, attempt.handoff, killer)
        return
    if result.reason in {ExitReason.INTERRUPTED, ExitReason.HOST_LOST}:
        _end_interrupted(work, run, attempt)
        return
    work.finish(attempt.handoff)
    if result.reason is ExitReason.OK:
        move(work, run, Status.EXECUTED, stage=Stage.EXECUTE)
        return
    code = f": exit code {result.exit_code}" if result.reason is ExitReason.ERROR else ""
    move(work, run, Status.FAILED, stage=Stage.EXECUTE, reason=f"agent {result.reason}{code}")


def _by_whom(result: ExecutionResult, killer: UUID | None) -> ExecutionResult:
    """The host knows that it was killed, and not for whom."""
    if result.reason is not ExitReason.KILLED:
        return result
    if killer is not None:
        return replace(result, detail=KILLED)
    return replace(result, reason=ExitReason.INTERRUPTED)


def end_killed(work: Work, run: StoredRun, handoff: Handoff, killer: UUID) -> None:
    """End a run as a person wanted it, whatever its agent had come to: nothing is delivered."""
    work.finish(handoff)
    actor = Actor(type="person", id=str(killer))
    move(work, run, Status.CANCELLED, stage=Stage.EXECUTE, actor=actor, reason=KILLED)


def end_if_killed(work: Work, handoff: Handoff) -> bool:
    """End a run whose execution failed on our side, where a person wants it ended; say whether.

    Raises:
        LeaseLost: Another claim was made since.
    """
    if handoff.stage is not Stage.EXECUTE:
        return False
    killer: UUID | None = ask_kill(work, handoff).scalar_one()
    if killer is None:
        return False
    run = load_run(work, handoff.run_id, lock=True)
    settle_if_open(work, run)
    end_killed(work, run, handoff, killer)
    return True


def end_unlaunched(work: Work, attempt: Attempt, why: str, *, counted: bool) -> None:
    """Give an attempt back that never ran, unless a person wants the run ended.

    Args:
        counted: Whether this was a failure of the run.
    """
    if _end_if_killed_before_launch(work, attempt, why) is None:
        return
    if counted:
        stage_failed(work, attempt.handoff, why)
    else:
        wait_for_host(work, attempt.handoff, attempt.number)


def end_refused(work: Work, attempt: Attempt, why: str, error: str) -> None:
    """End a run whose launch is refused for good."""
    run = _end_if_killed_before_launch(work, attempt, why)
    if run is not None:
        end_failed(work, run, attempt.handoff, f"launch refused: {error}")


def _end_if_killed_before_launch(work: Work, attempt: Attempt, why: str) -> StoredRun | None:
    """Settle an attempt that never ran; None where a person wanted its run ended, which it is."""
    asked = ask_kill(work, attempt.handoff)
    run = load_run(work, attempt.handoff.run_id, lock=True)
    settle_as_never_launched(work, attempt.spec.execution_id, why)
    killer: UUID | None = asked.scalar_one()
    if killer is None:
        return run
    end_killed(work, run, attempt.handoff, killer)
    return None


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
