"""The work itself: who runs, what waits too long, what failed."""

from collections.abc import Iterator
from typing import Final

from ops.doctor import broker
from ops.doctor.check import Check, fail, listed, ok, skipped, warn
from ops.doctor.keys import DATABASE, tenants
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.processes import QUEUES
from ops.services import SERVICES
from pipeline.heartbeat import living_workers

SUBJECT: Final = "work"
STOPPED: Final = "nothing is running; `awgp up` starts it"
OVERDUE_SECONDS: Final = 60
# A record is sealed with its run's last step or by the interval: far longer means nobody seals.
SEALING_GRACE_SECONDS: Final = 60
SEALING_FAIL_FACTOR: Final = 10
EXPORT_GRACE_SECONDS: Final = 300
EXPORT_RETRIES: Final = 3


def processes(system: System) -> Iterator[Check]:
    if not system.is_running or system.data is None:
        yield skipped("processes", STOPPED if system.data else "no data folder on this machine")
        return
    broken = [state for state in system.states if state.state != "RUNNING"]
    for state in broken:
        said = f"{state.state.lower()}, and should run"
        yield fail(
            f"process {state.name}",
            said,
            f"see {system.data.logs}/{state.name}.log, then `awgp up`",
        )
    names = {state.name for state in system.states}
    wanted = [service.name for service in SERVICES if system.is_embedded(service.name)]
    if names - {service.name for service in SERVICES}:
        wanted += ["runtime-host", "relay", "ingest", "web"]
    missing = [name for name in wanted if name not in names]
    if missing:
        yield fail("processes", f"{listed(missing)} not among them", "`awgp down`, then `awgp up`")
    if not broken and not missing:
        yield ok("processes", f"{len(system.states)} run")


def heartbeats(system: System) -> Iterator[Check]:
    """Each queue needs a worker that says so; its key dies 15 s after it."""
    with broker.connected(system, "relay") as client:
        found = living_workers(client)
    served = {queue for each in found for queue in each.queues}
    missing = [queue for queue in QUEUES if queue not in served]
    if not missing:
        yield ok("workers", f"{len(found)} serve {len(QUEUES)} queues")
        return
    said = f"nobody serves {listed(missing)}"
    started = {state.name.rpartition("-")[0] for state in system.states}
    if started & set(missing):
        yield fail("workers", said, "see the workers' logs; they may not reach the broker")
    else:
        yield warn("workers", said, f"`awgp scale {missing[0]}=1`, or `awgp worker {missing[0]}`")


def overdue(system: System) -> Iterator[Check]:
    """What should have been sent a minute ago; a paused queue's waits on purpose."""
    with system.as_login("awgp_relay") as connection:
        rows = connection.execute(
            "SELECT 'handoffs', count(*), extract(epoch FROM clock_timestamp() - min(next_send_at))"
            " FROM handoffs h WHERE next_send_at < clock_timestamp() - make_interval(secs => %s)"
            " AND NOT EXISTS (SELECT 1 FROM queue_states q WHERE q.queue = h.stage"
            " AND q.state <> 'running')"
            " UNION ALL SELECT 'due', count(*),"
            " extract(epoch FROM clock_timestamp() - min(next_send_at))"
            " FROM due d WHERE next_send_at < clock_timestamp() - make_interval(secs => %s)"
            " AND NOT EXISTS (SELECT 1 FROM queue_states q"
            " WHERE q.queue = split_part(d.kind, '.', 1) AND q.state <> 'running')",
            [OVERDUE_SECONDS, OVERDUE_SECONDS],
        ).fetchall()
    late = [f"{count} {table}, the oldest {age:.0f} s" for table, count, age in rows if count]
    if not late:
        yield ok("relay", f"nothing is overdue for more than {OVERDUE_SECONDS} s")
        return
    said = f"the relay is not sending: overdue are {' and '.join(late)}"
    if system.is_running:
        yield fail("relay", said, "see relay.log; does it reach PostgreSQL and the broker?")
    else:
        yield warn("relay", said, "`awgp relay` must run, or `awgp up`")


def sealing(system: System) -> Iterator[Check]:
    """How long the oldest record of any tenant has waited to be sealed."""
    with system.as_login("awgp_operator") as connection:
        ((oldest,),) = connection.execute(
            "SELECT extract(epoch FROM clock_timestamp() - min(since))::float8 FROM sealing_waits()"
        ).fetchall()
    interval = system.settings.seal_interval_seconds
    name, limit = "sealing", 2 * interval + SEALING_GRACE_SECONDS
    if oldest is None or oldest <= limit:
        said = "nothing waits" if oldest is None else f"the oldest record waits {oldest:.0f} s"
        yield ok(name, said)
        return
    said = f"the oldest record has waited {oldest:.0f} s to be sealed"
    mend = "see audit-1.log: does an audit worker run, and does its signer refuse?"
    is_long = system.is_running and oldest > SEALING_FAIL_FACTOR * limit
    yield (fail if is_long else warn)(name, said, mend)


def exports(system: System) -> Iterator[Check]:
    """Of each tenant: whether what was sealed leaves for the object store in time."""
    limit = 2 * system.settings.export_interval_seconds + EXPORT_GRACE_SECONDS
    late, failing = [], _failing_exports(system)
    with system.as_login("awgp_auditor") as connection:
        for tenant in tenants(system):
            with connection.transaction():
                connection.execute("SELECT set_config('app.current_tenant', %s, true)", [tenant])
                row = connection.execute(
                    'SELECT extract(epoch FROM clock_timestamp() - "timestamp")::float8'
                    " FROM audit_log WHERE sequence = 1 + (SELECT coalesce(max(last_sequence), 0)"
                    " FROM audit_segments)"
                ).fetchone()
            if row is not None and row[0] > limit:
                late.append(f"{tenant} for {row[0] / 3600:.1f} h")
    mend = "see export-1.log: does it reach the bucket, and does it trust the signer's key?"
    said = "; ".join(
        [
            *([f"not exported: {listed(late)}"] if late else []),
            *([f"sent {EXPORT_RETRIES} times and more: {listed(failing)}"] if failing else []),
        ]
    )
    if not said:
        yield ok("exports", "every tenant's log is exported in time")
    else:
        yield (fail if system.is_running else warn)("exports", said, mend)


def _failing_exports(system: System) -> list[str]:
    with system.as_login("awgp_relay") as connection:
        rows = connection.execute(
            "SELECT tenant_id FROM due WHERE kind = 'export.run' AND sends >= %s", [EXPORT_RETRIES]
        )
        return [str(row[0]) for row in rows]


def dead_letters(system: System) -> Iterator[Check]:
    with system.as_login("awgp_operator") as connection:
        ((count,),) = connection.execute(
            "SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL AND discarded_at IS NULL"
        ).fetchall()
    if count:
        yield warn("dead letters", f"{count} wait for a person", "`awgp dead list`")
    else:
        yield ok("dead letters", "none")


PROBES: Final = (
    Probe(subject=SUBJECT, name="processes", ask=processes),
    Probe(subject=SUBJECT, name="workers", ask=heartbeats, needs=("broker: reachable",)),
    *(
        Probe(subject=SUBJECT, name=name, ask=ask, needs=(DATABASE,))
        for name, ask in (
            ("relay", overdue),
            ("sealing", sealing),
            ("exports", exports),
            ("dead letters", dead_letters),
        )
    ),
)
