"""A runtime host that runs nothing: it says what a test tells it to, and remembers its orders."""

# ruff: noqa: ARG002  # the signatures are the port's

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from actors.execute import Executor
from pipeline.approval import Verdict
from pipeline.approval_store import cast_vote
from pipeline.approval_view import load_approval
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine, Usage
from pipeline.run import Stage
from runtime_host.client import HostUnavailable
from tests.integration.conftest import Database
from tests.integration.stages import declared, rows, work_off
from tests.integration.world import KEYRING, TenantWorld, submit

PATIENCE_SECONDS = 60.0


def result(
    reason: ExitReason = ExitReason.OK,
    *,
    exit_code: int | None = 0,
    output: bytes | None = b'{"booked": 1}',
) -> ExecutionResult:
    return ExecutionResult(
        reason=reason,
        exit_code=exit_code,
        result=output if reason is ExitReason.OK else None,
        lines=(OutputLine(sequence=0, stream="stdout", offset_ms=3, text="booking 1"),),
        truncated=False,
        duration_ms=12,
        peak_memory_bytes=1024,
        detail="it ended",
        usage=Usage(cpu_ms=9, start_ms=5, bytes_in=700, bytes_out=24),
    )


class WorkerDied(BaseException):
    """What a SIGKILL leaves behind, as far as a database can tell: nothing more happens."""


@dataclass(slots=True)
class FakeRunning:
    """A sandbox that ends when its script says so."""

    script: Callable[["FakeRunning"], ExecutionResult]
    renewals: list[float] = field(default_factory=list)
    renewed: threading.Event = field(default_factory=threading.Event)
    killed: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.killed.set()

    def renew(self, seconds: float) -> None:
        self.renewals.append(seconds)
        self.renewed.set()

    def kill(self) -> None:
        self.killed.set()

    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult:
        return self.script(self)


Script = ExecutionResult | BaseException | Callable[[FakeRunning], ExecutionResult]


class FakeHost:
    """Each launch takes the next of its scripts: a result, what to raise, or what to do."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = deque(scripts)
        self.specs: list[ExecutionSpec] = []
        self.running: list[FakeRunning] = []
        self.is_there = True

    def describe(self) -> object:
        if not self.is_there:
            raise HostUnavailable("no runtime host answers")
        return None

    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> FakeRunning:
        self.specs.append(spec)
        script = self.scripts.popleft()
        if isinstance(script, BaseException):
            raise script
        if isinstance(script, ExecutionResult):
            ended = script
            self.running.append(FakeRunning(lambda _running: ended))
        else:
            self.running.append(FakeRunning(script))
        return self.running[-1]


def approved_run(database: Database, tenant: TenantWorld) -> UUID:
    """A run that ben approved, waiting at execute."""
    broker = declared(database)
    run_id = submit(database.outbox("awgp_ingest"), tenant, {"amount_cents": 1})
    work_off(database, broker, tenant, Stage.POLICY)
    work_off(database, broker, tenant, Stage.HOLD)
    found = rows(
        database, tenant, "SELECT approval_id FROM approvals WHERE run_id = :run", run=run_id
    )
    web = database.outbox("awgp_web")
    with web.work(tenant.tenant_id) as work:
        seen = load_approval(work, found[0][0]).digest
    with web.work(tenant.tenant_id) as work:
        cast_vote(
            work,
            KEYRING,
            found[0][0],
            person_id=tenant.persons["ben"],
            display_name="Ben",
            groups=frozenset({"approver"}),
            verdict=Verdict.APPROVE,
            digest=seen,
        )
    return run_id


def handoff_of(database: Database, tenant: TenantWorld, run_id: UUID) -> UUID:
    found = rows(
        database, tenant, "SELECT handoff_id FROM handoffs WHERE run_id = :run", run=run_id
    )
    handoff_id: UUID = found[0][0]
    return handoff_id


def execute(
    database: Database,
    tenant: TenantWorld,
    run_id: UUID,
    host: FakeHost,
    *,
    lease: timedelta = timedelta(seconds=15),
) -> None:
    """Deliver one message to the stage; a lease or pause before it has passed."""
    handoff_id = handoff_of(database, tenant, run_id)
    let_time_pass(database, tenant)
    executor = Executor(database.outbox("awgp_worker"), host, lease=lease)
    executor.execute(tenant.tenant_id, handoff_id)


def let_time_pass(database: Database, tenant: TenantWorld) -> None:
    """End every lease and every pause."""
    rows(
        database,
        tenant,
        "UPDATE handoffs SET lease_until = clock_timestamp() - interval '1 second',"
        " not_before = NULL RETURNING 1",
    )
