"""`awgp worker QUEUE...`: serve queues with the Dramatiq command, run in this very process.

What the queues need is imported once, here: Dramatiq forks its worker processes from us, and they
inherit it.
"""

# ruff: noqa: PLC0415  # Dramatiq reads its environment when it is imported

import gc
import os
import runpy
import sys

import click

from ops.metrics_folder import forget_counts
from pipeline.run import Stage
from pipeline.settings import METRICS_FOLDER, read_settings

# Whoever fetches a message of these must work on it now: a fetched one waits in no other worker's
# reach, and scaling out would do nothing.
ONE_AT_A_TIME = frozenset({Stage.EXECUTE, Stage.POST_ACTION})

SETTLE_SECONDS = 6
"""What work that was cut short may take to be written down; see `actors/stopping.py`."""


@click.command("worker")
@click.argument(
    "queues",
    nargs=-1,
    required=True,
    metavar="QUEUE...",
    type=click.Choice([s.value for s in Stage]),
)
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="To start.")
@click.option(
    "--threads", type=click.IntRange(1), default=4, show_default=True, help="Of each process."
)
def command(queues: tuple[str, ...], processes: int, threads: int) -> None:
    """Serve one or more queues: policy hold execute post_action audit export.

    SIGTERM stops it in order: nothing more is fetched, what was fetched and not begun goes back
    to its queue at once, and what is being worked on has AWGP_STOP_SECONDS to end.

    \b
    Examples:
      awgp worker policy hold
      awgp worker execute --processes 2 --threads 8
    """
    os.environ.update(worker_environ(queues, threads))
    # A thread holds one connection, and renews its lease on another.
    os.environ.setdefault("AWGP_DATABASE_POOL_SIZE", str(max(8, 2 * threads)))
    forget_counts(os.environ.get(METRICS_FOLDER))
    # Only now: the metrics' files are opened, and the prefetch is read, by an import.
    from actors.worker import make_worker

    # Said here in one line; the Dramatiq command would say it in a traceback.
    make_worker(os.environ)
    seconds = read_settings(os.environ).stop_seconds + SETTLE_SECONDS
    sys.argv = ["dramatiq", *dramatiq_arguments(queues, processes, threads, seconds)]
    gc.freeze()  # so that no collection touches, and copies, the memory the processes share
    # Its command line is what Dramatiq promises to keep, so it is what we use of it.
    runpy.run_module("dramatiq", run_name="__main__", alter_sys=True)


def dramatiq_arguments(
    queues: tuple[str, ...], processes: int, threads: int, shutdown_seconds: int
) -> list[str]:
    """What the Dramatiq command is told.

    Args:
        shutdown_seconds: After which a worker that is told to stop waits for no work any more.
    """
    return [
        # Our own log takes what Dramatiq says; actors/worker.py sets it up.
        *("actors.worker:broker", "--skip-logging"),
        *("--processes", str(processes), "--threads", str(threads)),
        *("--worker-shutdown-timeout", str(1000 * shutdown_seconds)),
        *("--queues", *queues),
    ]


def worker_environ(queues: tuple[str, ...], threads: int) -> dict[str, str]:
    """What the Dramatiq command must find in the environment beside our own settings."""
    environ = {
        "AWGP_QUEUES": " ".join(queues),
        # Milliseconds until a consumer looks for a broker again that went away; 3000 otherwise.
        "dramatiq_restart_delay": "500",
    }
    if ONE_AT_A_TIME & {Stage(queue) for queue in queues}:
        # Dramatiq fetches twice its threads otherwise. It counts what is being worked on among
        # what it has fetched (brokers/redis.py), so this is one a thread and none in waiting.
        environ["dramatiq_queue_prefetch"] = str(threads)
    return environ
