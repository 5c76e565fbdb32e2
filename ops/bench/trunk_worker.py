"""The composition root of a bench's worker: all five stages, with nothing run in `execute`.

    dramatiq ops.bench.trunk_worker:broker --queues policy hold execute post_action audit

As the product has it, the first four stages use the login awgp_worker and sealing uses
awgp_sealer; broker, middleware, polling and leases are its own. Two things differ: one process
serves all queues, as the baseline's does, and `execute` asks UnsafeNoOpExecutor, but in the bench
that is about sandboxes.
"""

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import dramatiq

from actors import audit, execute, hold, policy, post_action
from actors.broker import make_broker, make_redis
from actors.middleware import Heartbeat
from actors.sandbox_host import Host
from actors.telemetry import Telemetry
from audit_export.from_settings import make_signer
from ops.bench.noop_executor import UnsafeNoOpExecutor
from pipeline.courier import Courier
from pipeline.database import make_engine
from pipeline.envelope import KeyRing
from pipeline.event_log import configure_event_log
from pipeline.fast_path import quick_client
from pipeline.live_publisher import make_publisher
from pipeline.outbox import Outbox
from pipeline.run import Stage
from pipeline.settings import read_settings
from runtime_host.client import HostClient

QUEUES: Final = tuple(stage.value for stage in Stage if stage is not Stage.EXPORT)
ENVIRONMENTS: Final = "BENCH_ENVIRONMENTS"
"""JSON: what a worker and what a sealer of the product is told (`process_environment`)."""
RUNTIME_SOCKET: Final = "BENCH_RUNTIME_SOCKET"
"""Where a real runtime host answers, for a bench that is about sandboxes."""
LAUNCH_SECONDS: Final = "BENCH_LAUNCH_SECONDS"
"""How long a launch takes that does nothing."""


def make_trunk_worker(environ: Mapping[str, str]) -> dramatiq.Broker:
    """Connects to nothing yet."""
    told = json.loads(environ[ENVIRONMENTS])
    worker, sealer = read_settings(told["worker"]), read_settings(told["sealer"])
    configure_event_log(worker.env)
    broker = make_broker(worker, Heartbeat(make_redis(worker), QUEUES))
    outbox = Outbox(
        make_engine(worker.database, pool_size=worker.database_pool_size),
        broker,
        make_publisher(worker),
    )
    sealing = Outbox(
        make_engine(sealer.database, pool_size=sealer.database_pool_size),
        broker,
        make_publisher(sealer),
    )
    policy.declare(broker, outbox)
    hold.declare(broker, outbox)
    host = _host(environ)
    telemetry = None
    if isinstance(host, HostClient) and outbox.live is not None:
        telemetry = Telemetry(quick_client(worker), outbox.live)
    execute.declare(broker, outbox, host, lease=worker.lease, telemetry=telemetry)
    post_action.declare(
        broker,
        outbox,
        KeyRing.from_text(worker.kek),
        Courier(timeout_seconds=worker.delivery_timeout_seconds),
        lease=worker.lease,
        max_attempts=worker.delivery_attempts,
    )
    interval = timedelta(seconds=sealer.seal_interval_seconds)
    audit.declare(broker, sealing, make_signer(sealer), interval=interval)
    return broker


def _host(environ: Mapping[str, str]) -> Host:
    if socket := environ.get(RUNTIME_SOCKET):
        return HostClient(Path(socket))
    return UnsafeNoOpExecutor(float(environ.get(LAUNCH_SECONDS, "0")))


def __getattr__(name: str) -> dramatiq.Broker:
    """Make `broker` when the Dramatiq command asks for it, once a process."""
    if name != "broker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    broker = globals()["broker"] = make_trunk_worker(os.environ)
    return broker
