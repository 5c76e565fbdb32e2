"""Stage 3 of 5: run an approved action in a sandbox, once.

approved  -> executing (then below) | expired | denied (policy since) | held (drift: epoch + 1)
executing -> executed (hands off to post_action) | failed | cancelled (hand off to audit)

A launch is written down before it happens, under the fence of a lease. While the sandbox runs the
lease is renewed; the sandbox is killed a margin before a lease that could not be renewed ends.

What happened to an attempt whose worker or host died:
  it was never launched ......................... it is launched again
  it may have run, and its bundle says a rerun is safe ... it is launched again
  it may have run ............................... failed: outcome unknown, for a person to look at

A person's kill is a mark on the handoff: seen when the lease is renewed, which `Kills` hurries, and
looked for wherever an attempt is settled or made. The run ends as cancelled, whatever came of it.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import dramatiq
import structlog

from actors.attempt import Attempt
from actors.kills import Kills
from actors.lease import LeaseKeeper, lease_owner, trusted_seconds
from actors.next_attempt import NextAttempt
from actors.outcome import end, end_refused, end_unlaunched, lost
from actors.sandbox_host import NOT_NOW, PERHAPS_LATER, Host, Running
from actors.stage import INFRASTRUCTURE, OVERTAKEN, StageFailed, declare_stage
from actors.telemetry import Telemetry
from pipeline.envelope import KeyRing
from pipeline.execution import ExecutionResult, ExecutionSpec
from pipeline.fault_points import reached
from pipeline.gateway_record import count_calls
from pipeline.handoff import keep_claimed
from pipeline.launch import check_launch, hold_again
from pipeline.launch_verdict import LaunchVerdict
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.run_store import StoredRun, claim_run
from pipeline.work import Work
from runtime_host.client import HostUnavailable, LaunchRefused

log = structlog.get_logger()

# A result is worth waiting for a database that is away.
SETTLE_SECONDS = 60.0
SETTLE_PAUSE_SECONDS = 0.5


def declare(
    broker: dramatiq.Broker,
    outbox: Outbox,
    host: Host,
    *,
    lease: timedelta,
    telemetry: Telemetry | None = None,
    kills: Kills | None = None,
    keyring: KeyRing | None = None,
) -> dramatiq.Actor[[str, str], None]:
    """Declare the actor `execute`.

    Args:
        telemetry: Takes what agents write while they write it.
        kills: Hears at once that a person wants an execution ended.
    """
    executor = Executor(
        outbox, host, lease=lease, telemetry=telemetry, kills=kills, keyring=keyring
    )
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
        kills: Kills | None = None,
        keyring: KeyRing | None = None,
        check: Callable[[Work, StoredRun], LaunchVerdict] = check_launch,
        again: Callable[[Work, StoredRun, str], None] = hold_again,
    ) -> None:
        self._outbox = outbox
        self._host = host
        self._lease = lease
        self._telemetry = telemetry
        self._kills = kills
        self._next = NextAttempt(check=check, again=again, keyring=keyring)

    def execute(self, tenant_id: UUID, handoff_id: UUID) -> None:
        """Work on one handoff."""
        if self._kills is not None:
            self._kills.begin()
        host_is_there = self._host_is_there()
        leased_at = time.monotonic()

        def take(work: Work) -> Attempt | None:
            claimed = claim_run(work, handoff_id, Stage.EXECUTE)
            if claimed is None:
                return None
            handoff, run = claimed
            handoff = keep_claimed(work, handoff, owner=lease_owner(), lease=self._lease)
            structlog.contextvars.bind_contextvars(run_id=str(handoff.run_id))
            return self._next.decide(work, run, handoff, host_is_there, leased_at)

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
                self._settle(attempt, lost("the runtime host did not answer"))
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
                killed=running.kill,
            ) as keeper:
                if self._kills is not None:
                    self._kills.watch(attempt.handoff.run_id, keeper)
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
        def ended(work: Work) -> None:
            end(work, attempt, result)
            reached("execute.before_commit")

        give_up_at = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                self._outbox.together(attempt.handoff.tenant_id, ended)
                break
            except INFRASTRUCTURE as error:
                if time.monotonic() > give_up_at:
                    raise
                log.warning("result_waits", error=type(error).__name__)
                time.sleep(SETTLE_PAUSE_SECONDS)
        reached("execute.committed")
        count_calls(result.calls)
        log.info("execution_ended", reason=result.reason, duration_ms=result.duration_ms)

    def _refused(self, attempt: Attempt, error: LaunchRefused) -> None:
        if error.error in NOT_NOW | PERHAPS_LATER:
            counted = error.error in PERHAPS_LATER
            self._never_launched(attempt, str(error), counted=counted)
            return
        with self._outbox.work(attempt.handoff.tenant_id) as work:
            end_refused(work, attempt, str(error), error.error)

    def _never_launched(self, attempt: Attempt, why: str, *, counted: bool) -> None:
        log.warning("execution_not_launched", error=why)
        with self._outbox.work(attempt.handoff.tenant_id) as work:
            end_unlaunched(work, attempt, why, counted=counted)
