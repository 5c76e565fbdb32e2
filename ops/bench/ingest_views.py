"""The three apps under gunicorn, side by side, with the product's own configuration."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from ops.bench.ingest_baselines import DATABASE_URL_FILE, SENDERS_FILE
from ops.bench.ingest_world import BenchSource
from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import login_url
from ops.processes import process_environment
from pipeline.errors import AwgpError

START_SECONDS: Final = 30.0
APPS: Final[Mapping[str, str]] = {
    "ingest": "ingest.app:from_environ()",
    "bare": "ops.bench.ingest_baselines:bare()",
    "uncoalesced": "ops.bench.ingest_baselines:uncoalesced()",
}


class ViewDidNotStart(AwgpError):
    """gunicorn ended, or its app never became ready."""


@contextlib.contextmanager
def served_views(data: DataFolder, sources: Sequence[BenchSource]) -> Iterator[dict[str, int]]:
    """Serve every app on a port of its own; yields the ports."""
    baseline = _baseline_environment(data, sources)
    told = {**process_environment(data, "ingest"), "AWGP_ENV": "production"}
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                _served(data, name, app, told if name == "ingest" else baseline)
            )
            for name, app in APPS.items()
        }


def _baseline_environment(data: DataFolder, sources: Sequence[BenchSource]) -> dict[str, str]:
    senders = [
        {
            "tenant": str(each.tenant_id),
            "assistant": str(each.assistant_id),
            "source": str(each.source_id),
            "secret": each.secret_text,
        }
        for each in sources
    ]
    files = {
        SENDERS_FILE: (data.root / "senders.json", json.dumps(senders)),
        DATABASE_URL_FILE: (data.root / "baseline-url", login_url(data, "awgp_ingest")),
    }
    for path, content in files.values():
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
    return {name: str(path) for name, (path, _) in files.items()}


@contextlib.contextmanager
def _served(data: DataFolder, name: str, app: str, environment: Mapping[str, str]) -> Iterator[int]:
    log = data.logs / f"bench-{name}.log"
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening, log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", _configuration(name), app),
                *("--bind", f"fd://{listening.fileno()}", "--no-control-socket"),
                *("--worker-tmp-dir", "/dev/shm"),  # noqa: S108
            ],
            env={"PATH": os.environ["PATH"], **environment},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=output,
        )
        try:
            port = int(listening.getsockname()[1])
            _wait_until_ready(process, port, log)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _configuration(name: str) -> str:
    return f"python:{'ops.gunicorn_conf' if name == 'ingest' else 'ops.bench.baseline_conf'}"


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-500:]
    raise ViewDidNotStart(f"{log.stem} did not start: {words}")
