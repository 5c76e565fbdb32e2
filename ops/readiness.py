"""When a part of a running AWGP is ready, and waiting for it."""

import http.client
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from ops.embedded.data_folder import DataFolder
from ops.embedded.running import START_SECONDS, log_file, wait_until_ready
from ops.instances import ops_addresses
from ops.processes import SCALER, runtime_socket, web_urls
from ops.supervisor_client import ENDED, Supervisor

Report = Callable[[str, float], None]
"""Told the name of each part that is ready, and the seconds it took."""


def wait_for_apps(data: DataFolder, names: Sequence[str], report: Report) -> None:
    """Return when each of these processes answers that it is ready.

    Raises:
        AwgpError: One ended, or its time is up; the message quotes its last words.
    """
    supervisor = Supervisor(data)
    addresses = ops_addresses(data)
    for name in names:
        began = time.monotonic()
        wait_for(data, supervisor, name, _app_probe(data, supervisor, addresses, name))
        report(name, time.monotonic() - began)


def wait_for(
    data: DataFolder,
    supervisor: Supervisor,
    name: str,
    ready: Callable[[], bool],
    *,
    seconds: float = START_SECONDS,
) -> None:
    """Return when a part is ready.

    Raises:
        AwgpError: It ended, or its time is up; the message quotes its last words.
    """
    wait_until_ready(
        ready,
        is_alive=lambda: supervisor.state(name) not in ENDED,
        log=log_file(data, name),
        name=name,
        seconds=seconds,
    )


def _app_probe(
    data: DataFolder, supervisor: Supervisor, addresses: Mapping[str, str], name: str
) -> Callable[[], bool]:
    if name == "runtime-host":
        return lambda: _accepts(runtime_socket(data))
    if name == SCALER:
        return lambda: supervisor.state(name) == "RUNNING"
    base = web_urls(data)[name] if name in ("ingest", "web") else f"http://{addresses[name]}"
    return lambda: supervisor.state(name) == "RUNNING" and _answers(f"{base}/readyz")


def _answers(url: str) -> bool:
    # The socket listens long before a process behind it can answer. Asked many times a second, so
    # by the least there is: a client of httpx alone takes longer to make than the answer does.
    parsed = urlsplit(url)
    connection = http.client.HTTPConnection(parsed.netloc, timeout=5)
    try:
        connection.request("GET", parsed.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
