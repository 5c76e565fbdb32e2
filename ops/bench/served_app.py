"""An app under gunicorn on a port of its own, as the product serves it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from ops.embedded.data_folder import DataFolder
from pipeline.errors import AwgpError

START_SECONDS: Final = 60.0
PRODUCT: Final = "python:ops.gunicorn_conf"
BARE: Final = "python:ops.bench.baseline_conf"


class AppDidNotStart(AwgpError):
    """gunicorn ended, or its app never became ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApp:
    """Where it is, and which process its workers belong to."""

    port: int
    master: int

    def memory_bytes(self) -> int:
        """What its processes hold; what they share counts once (Pss of proc(5))."""
        return sum(_pss(pid) for pid in (self.master, *self.workers()))

    def workers(self) -> tuple[int, ...]:
        """Their process ids."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return tuple(map(int, children.split()))

    def processor_seconds(self) -> float:
        """What its processes have used so far."""
        return sum(processor_seconds(pid) for pid in (self.master, *self.workers()))


@contextlib.contextmanager
def served_app(
    data: DataFolder,
    name: str,
    app: str,
    environment: Mapping[str, str],
    *,
    configuration: str,
    further: Sequence[str] = (),
) -> Iterator[ServedApp]:
    """Serve an app until the block is left.

    Args:
        further: Options of gunicorn's, after the configuration's.

    Raises:
        AppDidNotStart: With the last words of its log.
    """
    log = data.logs / f"bench-{name}.log"
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening, log.open("wb") as output:
        port = int(listening.getsockname()[1])
        told = {key: text.replace("{port}", str(port)) for key, text in environment.items()}
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", configuration, app),
                *("--bind", f"fd://{listening.fileno()}", "--no-control-socket"),
                *("--worker-tmp-dir", "/dev/shm", *further),  # noqa: S108
            ],
            env={"PATH": os.environ["PATH"], **told},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_ready(process, port, log)
            yield ServedApp(port=port, master=process.pid)
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-500:]
    raise AppDidNotStart(f"{log.stem} did not start: {words}")


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def processor_seconds(pid: int) -> float:
    """What a process has used so far, in its own code and in the kernel (stat of proc(5))."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
