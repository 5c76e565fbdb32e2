"""The composition root of a worker: the actors of the queues it serves, and what they need.

    dramatiq actors.worker:broker --queues hold

`AWGP_QUEUES` names the queues (`awgp worker` sets it). A process builds what its queues need and
nothing more, so it holds no secret that is not theirs. Importing this module builds nothing; the
broker is made when the Dramatiq command asks for it.
"""

# ruff: noqa: PLC0415  # a process loads its own stages only: no S3 client beside a sandbox

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import dramatiq
from prometheus_client.registry import Collector

from actors.broker import make_broker, make_redis
from actors.middleware import Heartbeat
from actors.stopping import StopInOrder
from actors.work_in_hand import WorkInHand
from actors.worker_health import ServeHealth, WorkerParts
from pipeline import metrics
from pipeline.database import make_engine
from pipeline.errors import AwgpError
from pipeline.event_log import configure_event_log
from pipeline.exposition import Check
from pipeline.fault_points import arm
from pipeline.live_publisher import make_publisher
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.settings import METRICS_FOLDER, SettingInvalid, Settings, read_settings

if TYPE_CHECKING:
    from runtime_host.client import HostClient

PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every stage gets."""

    settings: Settings
    broker: dramatiq.Broker
    outbox: Outbox
    checks: dict[str, Check] = field(default_factory=dict)
    """What a queue needs beside database and broker, for /readyz."""
    collectors: list[Collector] = field(default_factory=list)
    """What a queue shows beside what it counts, for /metrics."""


def make_worker(environ: Mapping[str, str]) -> dramatiq.Broker:
    """Build a broker with the actors of AWGP_QUEUES declared on it. Connects to nothing yet.

    Raises:
        SettingInvalid: A setting these queues need is missing or wrong; names it.
    """
    settings = read_settings(environ)
    configure_event_log(settings.env)
    queues = read_queues(settings)
    if settings.fault_point:
        arm(settings.fault_point)
    client, hand = make_redis(settings), WorkInHand()
    heartbeat = Heartbeat(client, tuple(queue.value for queue in queues), hand)
    stopping = StopInOrder(grace_seconds=settings.stop_seconds)
    broker = make_broker(settings, heartbeat, stopping)
    engine = make_engine(settings.database, pool_size=settings.database_pool_size)
    outbox = Outbox(engine, broker, make_publisher(settings))
    parts = Parts(settings=settings, broker=broker, outbox=outbox)
    for queue in queues:
        DECLARE[queue](parts)
    if settings.ops_address:
        metrics.begin_at_zero(queues)
        health = WorkerParts(
            engine=engine,
            client=client,
            heartbeat=heartbeat,
            hand=hand,
            stopping=stopping,
            further=parts.checks,
            collectors=parts.collectors,
        )
        folder = environ.get(METRICS_FOLDER)
        broker.add_middleware(ServeHealth(settings.ops_address, health, folder=folder))
    return broker


def read_queues(settings: Settings) -> tuple[Stage, ...]:
    """The queues AWGP_QUEUES names, apart by spaces or commas.

    Raises:
        SettingInvalid: It names none, or one that is not.
    """
    names = settings.queues.replace(",", " ").split()
    try:
        queues = tuple(dict.fromkeys(Stage(name) for name in names))
    except ValueError as error:
        known = ", ".join(DECLARE)
        raise SettingInvalid(f"AWGP_QUEUES: {error}; the queues are {known}") from error
    if not queues:
        raise SettingInvalid("AWGP_QUEUES names no queue; `awgp worker QUEUE...` sets it")
    return queues


def _policy(parts: Parts) -> None:
    from actors import policy, ticks

    policy.declare(parts.broker, parts.outbox)
    ticks.declare(parts.broker, parts.outbox)


def _hold(parts: Parts) -> None:
    from actors import hold

    hold.declare(parts.broker, parts.outbox)


def _execute(parts: Parts) -> None:
    from actors import execute
    from actors.kills import WAIT_SECONDS, Kills
    from actors.sandbox_gauges import SandboxGauges
    from actors.telemetry import Telemetry
    from pipeline.envelope import KeyRing
    from pipeline.fast_path import quick_client
    from runtime_host.client import HostClient

    settings = parts.settings
    if not settings.runtime_socket:
        raise SettingInvalid("AWGP_RUNTIME_SOCKET is not set; execute needs the runtime host")
    host = HostClient(Path(settings.runtime_socket))
    parts.checks["runtime_host"] = lambda: _host_answers(host)
    parts.collectors.append(SandboxGauges(host))
    live = parts.outbox.live
    telemetry = None if live is None else Telemetry(quick_client(settings), live)
    kills = None
    if settings.redis_url:
        kills = Kills(quick_client(settings, answer_seconds=2 * WAIT_SECONDS))
    execute.declare(
        parts.broker,
        parts.outbox,
        host,
        lease=settings.lease,
        telemetry=telemetry,
        kills=kills,
        keyring=KeyRing.from_text(settings.kek) if settings.kek else None,
    )


def _host_answers(host: "HostClient") -> str | None:
    try:
        host.describe()
    except AwgpError as error:
        return str(error)
    return None


def _post_action(parts: Parts) -> None:
    from actors import callbacks, notices, post_action, resend
    from actors.fairness import FairTurns
    from actors.sender import Sender
    from pipeline.courier import Courier
    from pipeline.envelope import KeyRing
    from pipeline.mail import Mailer, mail_server

    settings = parts.settings
    if not settings.kek:
        raise SettingInvalid("AWGP_KEK is not set; post_action opens target secrets with it")
    courier = Courier(timeout_seconds=settings.delivery_timeout_seconds)
    keyring, turns, mail = KeyRing.from_text(settings.kek), FairTurns(), mail_server(settings)
    post_action.declare(
        parts.broker,
        parts.outbox,
        keyring,
        courier,
        lease=settings.lease,
        max_attempts=settings.delivery_attempts,
        turns=turns,
    )
    sender = notices.NoticeSender(
        parts.outbox,
        keyring,
        courier,
        mailer=None if mail is None else Mailer(mail),
        public_url=settings.public_url,
        turns=turns,
        max_attempts=settings.delivery_attempts,
    )
    again = resend.Resender(
        parts.outbox,
        keyring,
        Sender(parts.outbox, courier, turns),
        max_attempts=settings.delivery_attempts,
    )
    caller = callbacks.Caller(
        parts.outbox,
        keyring,
        courier,
        public_url=settings.public_url,
        turns=turns,
        max_attempts=settings.delivery_attempts,
    )
    handlers = {**sender.handlers(), **again.handlers(), **caller.handlers()}
    resend.declare(parts.broker, parts.outbox, handlers)


def _audit(parts: Parts) -> None:
    from actors import audit
    from audit_export.from_settings import make_signer

    interval = timedelta(seconds=parts.settings.seal_interval_seconds)
    audit.declare(parts.broker, parts.outbox, make_signer(parts.settings), interval=interval)


def _export(parts: Parts) -> None:
    from actors import export
    from audit_export.from_settings import make_signer_key, make_store

    settings = parts.settings
    plan = export.Export(
        signer=make_signer_key(settings),
        store=make_store(settings),
        retention=timedelta(days=settings.s3_retention_days),
        interval=timedelta(seconds=settings.export_interval_seconds),
    )
    export.declare(parts.broker, parts.outbox, plan)


DECLARE: Final[Mapping[Stage, Callable[[Parts], None]]] = MappingProxyType(
    {
        Stage.POLICY: _policy,
        Stage.HOLD: _hold,
        Stage.EXECUTE: _execute,
        Stage.POST_ACTION: _post_action,
        Stage.AUDIT: _audit,
        Stage.EXPORT: _export,
    }
)


def end_with_the_master() -> None:
    """Let a worker process stop in order when the master that forked it is killed (prctl(2))."""
    master = multiprocessing.parent_process()
    if master is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != master.pid:
        # It died before we asked to be told.
        os.kill(os.getpid(), signal.SIGTERM)


def __getattr__(name: str) -> dramatiq.Broker:
    """Make `broker` when the Dramatiq command asks for it, once a process."""
    if name != "broker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    end_with_the_master()
    broker = globals()["broker"] = make_worker(os.environ)
    return broker
