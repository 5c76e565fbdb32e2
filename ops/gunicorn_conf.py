"""How gunicorn serves the edge and the control plane.

    gunicorn --config python:ops.gunicorn_conf 'ingest.app:from_environ()'

Addresses and counts that differ by machine come from the command line (`--bind`, `--workers`).
AWGP_OPS_ADDRESS is where the workers answer for their health and metrics; each keeps to one
processor unless AWGP_ONE_PROCESSOR is `off`.
"""

import ctypes
import gc
import importlib
import os
import resource
import signal
from typing import Any, Final

from ops.metrics_folder import forget_counts
from ops.one_processor import stay_on_one_processor
from pipeline.settings import METRICS_FOLDER

PR_SET_PDEATHSIG: Final = 1

# gthread, and who sends slowly holds no thread.
worker_class = "ops.reading_worker.ReadingWorker"
workers = 2
# Most of a request's time is waiting, and more that wait together share a commit.
threads = 16
# One request, one connection at most, where it has to go by itself.
os.environ.setdefault("AWGP_DATABASE_POOL_SIZE", str(threads))
# The app is made in each worker: nothing with a connection is shared over a fork.
preload_app = False

timeout = 30
# Less than a supervisor waits before SIGKILL (ops/processes.py).
graceful_timeout = 15
keepalive = 5
max_requests = 0

# An access token fits; a header made to fill memory does not.
limit_request_line = 2048
limit_request_fields = 64
limit_request_field_size = 18_432

# Forwarded headers are judged by ingest.named_proxies alone.
forwarded_allow_ips = ""
proxy_allow_ips = ""
errorlog = "-"
accesslog = None
loglevel = "warning"


def on_starting(server: Any) -> None:
    """Import the app's code once, before the workers are forked: they inherit it."""
    # A connection is a file: who watches must not use up what requests need.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    forget_counts(os.environ.get(METRICS_FOLDER))
    importlib.import_module(_room(server.app.app_uri) + ".app")
    gc.freeze()  # so that no collection touches, and copies, the memory the workers share


def post_fork(server: Any, worker: Any) -> None:
    """Let no worker outlive a master that was killed (prctl(2)).

    It would keep the port for as long as connections to it last, accepting nothing, and the next
    master could not have it. Whoever asked through it asks again, as after any kill.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker.ppid:
        os.kill(os.getpid(), signal.SIGKILL)  # it died before we asked to be told
    stay_on_one_processor(server.WORKERS)


def post_worker_init(worker: Any) -> None:
    """Let the worker count its requests, and answer for itself where no client of its can ask."""
    address = os.environ.get("AWGP_OPS_ADDRESS")
    if address:
        observe = importlib.import_module("ops.observed_app").observe
        room = _room(worker.app.app_uri)
        observe(worker.wsgi, room, address, folder=os.environ.get(METRICS_FOLDER))


def worker_exit(server: Any, worker: Any) -> None:
    """Send who watches elsewhere, and end without looking for cycles in all there is.

    That would be most of the time a stop takes.
    """
    del server
    live = getattr(getattr(worker, "wsgi", None), "extensions", {}).get("awgp_live")
    if live is not None:
        live.stop()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """Count no connections of a worker that is gone."""
    del server
    if os.environ.get(METRICS_FOLDER):
        importlib.import_module("prometheus_client.multiprocess").mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    del server
    gc.freeze()


def _room(app_uri: str) -> str:
    return app_uri.partition(".")[0]
