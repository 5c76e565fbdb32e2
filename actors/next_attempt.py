"""Whether a run is launched now, once more, or never: decided as its lease is taken."""

from collections.abc import Callable

from actors.attempt import Attempt
from actors.outcome import MAX_LOST, end_failed, end_killed, end_unknown, wait_for_host
from actors.stage import pass_on
from pipeline.approval_time import forget_lapse
from pipeline.cancel import settle_if_open
from pipeline.credentials import open_credentials
from pipeline.envelope import KeyRing
from pipeline.execution import ExecutionSpec
from pipeline.execution_store import (
    TOO_LATE,
    StoredExecution,
    ask_standing,
    last_execution,
    may_no_longer_start,
    settle_as_lost,
    start_execution,
    times_lost,
)
from pipeline.handoff import Handoff
from pipeline.launch import PolicyMissing, ask_launch, check_launch, hold_again
from pipeline.launch_verdict import Deny, Go, LaunchVerdict
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, move
from pipeline.work import Work


class NextAttempt:
    """Decides what comes next for a run that is due.

    Args:
        check: Whether what was approved may still be launched.
        again: Holds a run again, at the next epoch.
        keyring: Opens the credentials that gateways need; without it they refuse what needs one.
    """

    def __init__(
        self,
        *,
        check: Callable[[Work, StoredRun], LaunchVerdict] = check_launch,
        again: Callable[[Work, StoredRun, str], None] = hold_again,
        keyring: KeyRing | None = None,
    ) -> None:
        self._check = check
        self._again = again
        self._keyring = keyring

    def decide(
        self,
        work: Work,
        run: StoredRun,
        handoff: Handoff,
        host_is_there: bool,
        leased_at: float,
    ) -> Attempt | None:
        if run.epoch != handoff.epoch or run.status not in {Status.APPROVED, Status.EXECUTING}:
            work.finish(handoff)
            pass_on(work, run)
            return None
        if handoff.kill_by is not None:
            settle_if_open(work, run)
            end_killed(work, run, handoff, handoff.kill_by)
            return None
        ask_standing(work, run)
        ask_launch(work, run)
        last = last_execution(work, run)
        if run.status is Status.APPROVED or last is None:
            go = self._first_launch(work, run, handoff, host_is_there)
            number = 1
        else:
            go = self._next_launch(work, run, handoff, last, host_is_there)
            number = last.attempt + 1
        if go is None:
            return None
        if run.status is Status.APPROVED:
            forget_lapse(work, run)
            run = move(work, run, Status.EXECUTING, stage=Stage.EXECUTE, keep_handoff=True)
        return self._write_down(work, run, handoff, go, number, leased_at)

    def _first_launch(
        self, work: Work, run: StoredRun, handoff: Handoff, host_is_there: bool
    ) -> Go | None:
        if may_no_longer_start(work, run):
            forget_lapse(work, run)
            work.finish(handoff)
            move(work, run, Status.EXPIRED, stage=Stage.EXECUTE, reason=TOO_LATE)
            return None
        verdict = self._check(work, run)
        if isinstance(verdict, Go):
            return _if_there(host_is_there, work, handoff, verdict)
        forget_lapse(work, run)
        work.finish(handoff)
        if isinstance(verdict, Deny):
            move(work, run, Status.DENIED, stage=Stage.EXECUTE, reason=verdict.reason)
            return None
        try:
            self._again(work, run, verdict.reason)
        except PolicyMissing as error:
            move(work, run, Status.DENIED, stage=Stage.EXECUTE, reason=str(error))
        return None

    def _next_launch(
        self,
        work: Work,
        run: StoredRun,
        handoff: Handoff,
        last: StoredExecution,
        host_is_there: bool,
    ) -> Go | None:
        verdict = self._check(work, run)
        if not last.settled:
            settle_as_lost(work, last.execution_id, "its worker died")
            safe = isinstance(verdict, Go) and verdict.rerun_is_safe
            if not safe or times_lost(work, run) >= MAX_LOST:
                end_unknown(work, run, handoff)
                return None
        if may_no_longer_start(work, run):
            end_failed(work, run, handoff, TOO_LATE)
            return None
        if not isinstance(verdict, Go):
            end_failed(work, run, handoff, verdict.reason)
            return None
        return _if_there(host_is_there, work, handoff, verdict)

    def _write_down(
        self,
        work: Work,
        run: StoredRun,
        handoff: Handoff,
        go: Go,
        number: int,
        leased_at: float,
    ) -> Attempt:
        execution_id = start_execution(
            work, run, handoff, action_digest=go.action_digest, attempt=number
        )
        spec = ExecutionSpec(
            tenant_id=run.tenant_id,
            run_id=run.run_id,
            execution_id=execution_id,
            fence=handoff.fence,
            bundle=go.bundle,
            bundle_digest=go.bundle_digest,
            payload=go.payload,
            payload_digest=go.payload_digest,
            runtime=go.runtime,
            runtime_digest=go.runtime_digest,
            entrypoint=go.entrypoint,
            limits=go.limits,
            environment=go.environment,
            scope=go.scope,
            syscalls=go.syscalls,
            credentials=open_credentials(work, self._keyring, go.scope),
            assistant_id=run.assistant_id,
        )
        return Attempt(
            handoff=handoff,
            spec=spec,
            number=number,
            digest_key=go.digest_key,
            rerun_is_safe=go.rerun_is_safe,
            leased_at=leased_at,
        )


def _if_there(host_is_there: bool, work: Work, handoff: Handoff, go: Go) -> Go | None:
    if not host_is_there:
        wait_for_host(work, handoff)
        return None
    return go
