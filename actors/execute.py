"""Stage 3 of 5: run an approved action in a sandbox, once.

approved  -> executing (then below) | expired | denied (policy since) | held (drift: epoch + 1)
executing -> executed (hands off to post_action) | failed (hands off to audit)

A launch is written down before it happens, under the fence of a lease. While the sandbox runs the
lease is renewed; the sandbox is killed a margin before a lease that could not be renewed ends.

What happened to an attempt whose worker or host died:
  it was never launched ......................... it is launched again
  it may have run, and its bundle says a rerun is safe ... it is launched again
  it may have run ............................... failed: outcome unknown, for a person to look at
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Final, Protocol, Self
from uuid import UUID

import dramatiq
import structlog

from actors.lease import LeaseKeeper, lease_owner, trusted_seconds
from actors.stage import INFRASTRUCTURE, OVERTAKEN, StageFailed, declare_stage, pass_on
from actors.telemetry import Telemetry
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from pipeline.execution_store import (
    TOO_LATE,
    StoredExecution,
    ask_standing,
    finish_execution,
    last_execution,
    may_no_longer_start,
    settle_as_lost,
    settle_as_never_launched,
    start_execution,
    times_lost,
)
from pipeline.fault_points import reached
from pipeline.handoff import Handoff, backoff, keep_claimed, retry_later
from pipeline.launch import PolicyMissing, ask_launch, check_launch, hold_again
from pipeline.launch_verdict import Deny, Go, LaunchVerdict
from pipeline.outbox import Outbox
from pipeline.run import Stage, Status
from pipeline.run_store import StoredRun, claim_run, dead_letter, load_run, move, stage_failed
from pipeline.work import Work
from runtime_host.client import HostUnavailable, LaunchRefused

log = structlog.get_logger()

OUTCOME_UNKNOWN: Final = "outcome unknown"
# A bundle whose reruns are safe is still not run for ever.
MAX_LOST = 3
# Not now, says the host; nothing is wrong with the run.
NOT_NOW: Final = frozenset({"busy", "stopping"})
# May be cured by another try: counted, so that it is not tried for ever.
PERHAPS_LATER: Final = frozenset({"sandbox_failed", "already_running"})
HOST_PAUSE_CEILING = timedelta(seconds=30)
# A result is worth waiting for a database that is away.
SETTLE_SECONDS = 60.0
SETTLE_PAUSE_SECONDS = 0.5


class Running(Protocol):
    """A sandbox at work; leaving the block ends it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def renew(self, seconds: float) -> None: ...
    def kill(self) -> None: ...
    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult: ...


class Host(Protocol):
    """The runtime host of this machine. Raises HostUnavailable and LaunchRefused."""

    def describe(self) -> object: ...
    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> Running: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A launch that is written down and about to happen. `leased_at` is of time.monotonic."""

    handoff: Handoff
    spec: ExecutionSpec
    number: int
    digest_key: bytes = field(repr=False)
    rerun_is_safe: bool
    leased_at: float


def declare(
    broker: dramatiq.Broker,
    outbox: Outbox,
    host: Host,
    *,
    lease: timedelta,
    telemetry: Telemetry | None = None,
) -> dramatiq.Actor[[str, str], None]:
    """Declare the actor `execute`.

    Args:
        telemetry: Takes what agents write while they write it.
    """
    executor = Executor(outbox, host, lease=lease, telemetry=telemetry)
    return declare_stage(broker, Stage.EXECUTE, executor.execute, outbox=outbox)


class Executor:
    """Carries executions out, one a thread."""

    def __init__(
        self,
        outbox: Outbox,
        host: Host,
        *,
        lease: timedelta,
        telemetry: Telemetry | None = None,
        check: Callable[[Work, StoredRun], LaunchVerdict] = check_launch,
        again: Callable[[Work, StoredRun, str], None] = hold_again,
    ) -> None:
        self._outbox = outbox
        self._host = host
        self._lease = lease
        self._telemetry = telemetry
        self._check = check
        self._again = again

    def execute(self, tenant_id: UUID, handoff_id: UUID) -> None:
        """Work on one handoff."""
        host_is_there = self._host_is_there()
        leased_at = time.monotonic()

        def take(work: Work) -> Attempt | None:
            claimed = claim_run(work, handoff_id, Stage.EXECUTE)
            if claimed is None:
                return None
            handoff, run = claimed
            handoff = keep_claimed(work, handoff, owner=lease_owner(), lease=self._lease)
            structlog.contextvars.bind_contextvars(run_id=str(handoff.run_id))
            return self._next_attempt(work, run, handoff, host_is_there, leased_at)

        attempt = self._outbox.together(tenant_id, take)
        if attempt is None:
            return
        reached("execute.leased")
        try:
            self._launch(attempt)
        except (*OVERTAKEN, *INFRASTRUCTURE):
            raise
        except Exception as error:
            raise StageFailed(attempt.handoff, error) from error

    def _host_is_there(self) -> bool:
        try:
            self._host.describe()
        except HostUnavailable as error:
            log.warning("host_unavailable", error=str(error))
            return False
        return True

    # Deciding, in the transaction that takes the lease.

    def _next_attempt(
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
            run = move(work, run, Status.EXECUTING, stage=Stage.EXECUTE, keep_handoff=True)
        return self._write_down(work, run, handoff, go, number, leased_at)

    def _first_launch(
        self, work: Work, run: StoredRun, handoff: Handoff, host_is_there: bool
    ) -> Go | None:
        if may_no_longer_start(work, run):
            work.finish(handoff)
            move(work, run, Status.EXPIRED, stage=Stage.EXECUTE, reason=TOO_LATE)
            return None
        verdict = self._check(work, run)
        if isinstance(verdict, Go):
            return _if_there(host_is_there, work, handoff, verdict)
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
                _end_unknown(work, run, handoff)
                return None
        if may_no_longer_start(work, run):
            _end_failed(work, run, handoff, TOO_LATE)
            return None
        if not isinstance(verdict, Go):
            _end_failed(work, run, handoff, verdict.reason)
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
        )
        return Attempt(
            handoff=handoff,
            spec=spec,
            number=number,
            digest_key=go.digest_key,
            rerun_is_safe=go.rerun_is_safe,
            leased_at=leased_at,
        )

    # Running, under the lease and outside any transaction.

    def _launch(self, attempt: Attempt) -> None:
        seconds = trusted_seconds(self._lease, since=attempt.leased_at)
        if seconds <= 0:
            self._never_launched(attempt, "the lease had run out", counted=False)
            return
        try:
            running = self._host.launch(attempt.spec, seconds)
        except HostUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                # It may have been about to start.
                self._settle(attempt, _lost("the runtime host did not answer"))
            else:
                self._never_launched(attempt, str(error), counted=False)
        except LaunchRefused as error:
            self._refused(attempt, error)
        else:
            self._follow(attempt, running)

    def _follow(self, attempt: Attempt, running: Running) -> None:
        def renewed(seconds: float) -> None:
            try:
                running.renew(seconds)
            except HostUnavailable as error:
                log.warning("host_lost", error=str(error))  # `wait` ends with it

        with running:
            reached("execute.launched")
            log.info("execution_launched", execution_id=str(attempt.spec.execution_id))
            with LeaseKeeper(
                self._outbox.engine,
                attempt.handoff,
                self._lease,
                renewed=renewed,
                lost=running.kill,
            ):
                try:
                    result = self._wait(running, attempt.spec)
                except LaunchRefused as error:
                    self._refused(attempt, error)
                    return
                reached("execute.finished")
                self._settle(attempt, result)

    def _wait(self, running: Running, spec: ExecutionSpec) -> ExecutionResult:
        if self._telemetry is None:
            return running.wait()
        with self._telemetry.of(spec) as on_line:
            return running.wait(on_line)

    # Settling, in one transaction.

    def _settle(self, attempt: Attempt, result: ExecutionResult) -> None:
        def end(work: Work) -> None:
            _end(work, attempt, result)
            reached("execute.before_commit")

        give_up_at = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                self._outbox.together(attempt.handoff.tenant_id, end)
                break
            except INFRASTRUCTURE as error:
                if time.monotonic() > give_up_at:
                    raise
                log.warning("result_waits", error=type(error).__name__)
                time.sleep(SETTLE_PAUSE_SECONDS)
        reached("execute.committed")
        log.info("execution_ended", reason=result.reason, duration_ms=result.duration_ms)

    def _refused(self, attempt: Attempt, error: LaunchRefused) -> None:
        if error.error in NOT_NOW | PERHAPS_LATER:
            counted = error.error in PERHAPS_LATER
            self._never_launched(attempt, str(error), counted=counted)
            return
        with self._outbox.work(attempt.handoff.tenant_id) as work:
            run = load_run(work, attempt.handoff.run_id, lock=True)
            settle_as_never_launched(work, attempt.spec.execution_id, str(error))
            _end_failed(work, run, attempt.handoff, f"launch refused: {error.error}")

    def _never_launched(self, attempt: Attempt, why: str, *, counted: bool) -> None:
        log.warning("execution_not_launched", error=why)
        with self._outbox.work(attempt.handoff.tenant_id) as work:
            settle_as_never_launched(work, attempt.spec.execution_id, why)
            if counted:
                stage_failed(work, attempt.handoff, why)
            else:
                _wait_for_host(work, attempt.handoff, attempt.number)


def _end(work: Work, attempt: Attempt, result: ExecutionResult) -> None:
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
        _end_unknown(work, run, attempt.handoff)
        return
    delay = backoff(attempt.number)
    error = "interrupted; its bundle says a rerun is safe"
    retry_later(work, attempt.handoff, delay=delay, error=error, counted=False)


def _end_unknown(work: Work, run: StoredRun, handoff: Handoff) -> None:
    _end_failed(work, run, handoff, OUTCOME_UNKNOWN)


def _end_failed(work: Work, run: StoredRun, handoff: Handoff, reason: str) -> None:
    """End the run with a dead letter, for a person to look at."""
    work.finish(handoff)
    dead_letter(work, run, handoff, reason)
    move(work, run, Status.FAILED, stage=Stage.EXECUTE, reason=reason)


def _if_there(host_is_there: bool, work: Work, handoff: Handoff, go: Go) -> Go | None:
    if not host_is_there:
        _wait_for_host(work, handoff)
        return None
    return go


def _wait_for_host(work: Work, handoff: Handoff, tries: int = 1) -> None:
    """Give the claim back until the host can take it; no failure of the run."""
    retry_later(
        work,
        handoff,
        delay=backoff(tries, ceiling=HOST_PAUSE_CEILING),
        error="waiting for the runtime host",
        counted=False,
    )


def _lost(why: str) -> ExecutionResult:
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
