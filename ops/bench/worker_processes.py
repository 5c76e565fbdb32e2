"""The worker processes of a bench: Dramatiq's own command, as `awgp worker` runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.bench import raw_chain, trunk_worker
from ops.commands.worker import worker_environ
from ops.embedded.data_folder import DataFolder
from ops.processes import process_environment

STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many processes of how many threads, and on which cores (None: any)."""

    processes: int
    threads: int
    cores: frozenset[int] | None = None


@contextmanager
def trunk_crew(
    data: DataFolder,
    crew: Crew,
    *,
    queues: Sequence[str] = trunk_worker.QUEUES,
    launch_seconds: float = 0.0,
    runtime_socket: str = "",
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the product's stages; every process serves all the queues given."""
    pool = str(max(8, 2 * crew.threads))
    told = {
        "worker": {**process_environment(data, "post_action"), "AWGP_DATABASE_POOL_SIZE": pool},
        "sealer": {**process_environment(data, "audit"), "AWGP_DATABASE_POOL_SIZE": pool},
    }
    environ = {
        **worker_environ(tuple(queues), crew.threads),
        trunk_worker.ENVIRONMENTS: json.dumps(told),
        trunk_worker.LAUNCH_SECONDS: str(launch_seconds),
        trunk_worker.RUNTIME_SOCKET: runtime_socket,
    }
    with _dramatiq(data, "ops.bench.trunk_worker:broker", crew, queues, environ) as started:
        yield started


@contextmanager
def raw_crew(data: DataFolder, crew: Crew) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the baseline's actors."""
    environ = process_environment(data, "policy")
    with _dramatiq(data, "ops.bench.raw_chain:broker", crew, raw_chain.HOPS, environ) as started:
        yield started


@contextmanager
def relay_process(data: DataFolder) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the product's relay."""
    command = [sys.executable, "-m", "ops.cli", "relay"]
    with _process(data, "relay", command, process_environment(data, "relay")) as started:
        yield started


@contextmanager
def _dramatiq(
    data: DataFolder, broker: str, crew: Crew, queues: Sequence[str], environ: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    command = [
        *(sys.executable, "-m", "dramatiq", broker, "--skip-logging"),
        *("--processes", str(crew.processes), "--threads", str(crew.threads)),
        *("--queues", *queues),
    ]
    name = broker.partition(":")[0].rpartition(".")[2]
    with _process(data, name, command, environ, cores=crew.cores) as started:
        yield started


@contextmanager
def _process(
    data: DataFolder,
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    cores: frozenset[int] | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    with (data.logs / f"{name}.log").open("ab") as log:
        started = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"], **environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if cores is not None:
        # Before it forks its workers, which inherit it.
        os.sched_setaffinity(started.pid, cores)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
