"""`awgp worker QUEUE...`: serve queues with the Dramatiq command, in this process's place."""

import os
import sys

import click

from actors.worker import make_worker
from pipeline.run import Stage

# Whoever fetches a message of these must work on it now: a fetched one waits in no other worker's
# reach, and scaling out would do nothing.
ONE_AT_A_TIME = frozenset({Stage.EXECUTE, Stage.POST_ACTION})


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

    \b
    Examples:
      awgp worker policy hold
      awgp worker execute --processes 2 --threads 8
    """
    arguments = worker_arguments(queues, processes, threads)
    environ = {**os.environ, **worker_environ(queues, threads)}
    # A thread holds one connection, and renews its lease on another.
    environ.setdefault("AWGP_DATABASE_POOL_SIZE", str(max(8, 2 * threads)))
    # Said here in one line; the Dramatiq command would say it in a traceback.
    make_worker(environ)
    os.execve(sys.executable, [sys.executable, *arguments], environ)  # noqa: S606  # no shell


def worker_arguments(queues: tuple[str, ...], processes: int, threads: int) -> list[str]:
    """The Dramatiq command line, after the interpreter."""
    return [
        # Our own log takes what Dramatiq says; actors/worker.py sets it up.
        *("-m", "dramatiq", "actors.worker:broker", "--skip-logging"),
        *("--processes", str(processes), "--threads", str(threads)),
        *("--queues", *queues),
    ]


def worker_environ(queues: tuple[str, ...], threads: int) -> dict[str, str]:
    """What the Dramatiq command must find in the environment beside our own settings."""
    environ = {"AWGP_QUEUES": " ".join(queues)}
    if ONE_AT_A_TIME & {Stage(queue) for queue in queues}:
        # Dramatiq fetches twice its threads otherwise. It counts what is being worked on among
        # what it has fetched (brokers/redis.py), so this is one a thread and none in waiting.
        environ["dramatiq_queue_prefetch"] = str(threads)
    return environ
