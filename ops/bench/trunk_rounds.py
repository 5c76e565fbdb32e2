"""One round of each side: send what is due, wait until all of it is through, check what is left."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import dramatiq
import redis
from sqlalchemy import Connection, Engine, text

from audit_export.from_settings import make_signer_key
from audit_export.verify_database import verify_tenant
from ops.bench import raw_chain
from ops.bench.trunk_tenants import BenchTenant, accept_runs
from ops.embedded.data_folder import DataFolder
from ops.login_engine import login_engine
from pipeline.errors import AwgpError
from pipeline.handoff import FAST_PATH_GRACE
from pipeline.settings import Settings

POLL_SECONDS = 0.05
ROUND_SECONDS = 900.0
SIGNED_SECONDS = 60.0
PAUSE = text("UPDATE awgp.queue_states SET state = 'paused' WHERE queue = 'policy'")
OPEN = text("UPDATE awgp.queue_states SET state = 'running' WHERE queue = 'policy'")
ACCEPTED_NOW = text(
    "WITH moved AS (UPDATE awgp.handoffs SET next_send_at = clock_timestamp() + :grace)"
    " SELECT clock_timestamp()"
)


class BenchFailed(AwgpError):
    """What was measured did not do its work, so its figure would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """`seconds` from the first message sent to the last run through."""

    runs: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.runs / self.seconds


def raw_round(broker: dramatiq.Broker, client: "redis.Redis", count: int) -> Round:
    """Send `count` messages through the chain without a database."""
    started = time.perf_counter()
    for number in range(count):
        broker.enqueue(raw_chain.first_message(number))
    raw_chain.wait_until_done(client, ROUND_SECONDS)
    return Round(runs=count, seconds=time.perf_counter() - started)


def trunk_round(
    data: DataFolder,
    admin: Engine,
    broker: dramatiq.Broker,
    tenants: Sequence[BenchTenant],
    count: int,
) -> Round:
    """Accept `count` runs, then send them and wait until each is sealed, by the database's clock.

    Raises:
        BenchFailed: Some run did not complete.
    """
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(PAUSE)  # or the relay would begin before the clock does
        messages = accept_runs(data, tenants, count)
        connection.execute(OPEN)
        started = connection.execute(ACCEPTED_NOW, {"grace": FAST_PATH_GRACE}).scalar_one()
        for message in messages:
            broker.enqueue(message)
        _wait_until_through(connection)
        completed, ended = connection.execute(
            text(
                "SELECT count(*), max(sealed_at) FROM awgp.runs"
                " WHERE sealed_at >= :started AND status = 'completed'"
            ),
            {"started": started},
        ).one()
    if completed != count:
        raise BenchFailed(f"{completed} of {count} runs were completed")
    return Round(runs=count, seconds=(ended - started).total_seconds())


def check_nothing_left(data: DataFolder, admin: Engine, tenants: Sequence[BenchTenant]) -> int:
    """Verify every tenant's chain, and that nothing is pending; return the entries verified.

    Raises:
        BenchFailed: Names what is wrong.
    """
    deadline = time.monotonic() + SIGNED_SECONDS
    # The last records are sealed and signed beside the runs, a moment later.
    while (left := _left(admin)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if left:
        raise BenchFailed(left)
    public = make_signer_key(Settings(checkpoint_key=data.secret("checkpoint.key")))
    auditor = login_engine(data, "awgp_auditor")
    entries = 0
    try:
        for tenant in tenants:
            report = verify_tenant(auditor, tenant.tenant_id, public)
            while report.uncovered and report.first_bad is None and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
                report = verify_tenant(auditor, tenant.tenant_id, public)
            if report.first_bad is not None or report.uncovered:
                raise BenchFailed(f"{tenant.slug}: {report.first_bad}, {report.uncovered} unsigned")
            entries += report.entries
    finally:
        auditor.dispose()
    return entries


def _left(admin: Engine) -> str:
    """What is still there, in words; empty is right."""
    with admin.connect() as connection:
        for table in ("handoffs", "audit_pending", "dead_letters"):
            left = connection.execute(text(f"SELECT count(*) FROM awgp.{table}")).scalar_one()  # noqa: S608  # our own names
            if left:
                return f"{left} rows were left in {table}"
    return ""


def tenant_ids(tenants: Sequence[BenchTenant]) -> list[UUID]:
    return [tenant.tenant_id for tenant in tenants]


def _wait_until_through(connection: Connection) -> None:
    """Every run that is not sealed has a handoff."""
    deadline = time.monotonic() + ROUND_SECONDS
    waiting = text("SELECT EXISTS (SELECT 1 FROM awgp.handoffs)")
    while connection.execute(waiting).scalar_one():
        if time.monotonic() > deadline:
            raise BenchFailed(f"runs were still on their way after {ROUND_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
