"""GET /healthz, /readyz and /metrics of one process, on an address of its own.

    /healthz   the process lives and nothing in it is stuck; if not, restart it
    /readyz    it can do its work now; if not, send it none
    /metrics   Prometheus' text format

The address is for those who run the process, never the one its clients use. Several processes of
one kind may be given the same: whoever binds it first answers, with the sums of all of them, and
when that one is gone another takes over within a moment.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from errno import EADDRINUSE
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from pipeline.settings import SettingInvalid

log = structlog.get_logger()

TAKE_OVER_SECONDS: Final = 0.25
REQUEST_SECONDS: Final = 5.0

# Says in a few plain words what is wrong; None where nothing is.
Check = Callable[[], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is asked before a process says that it is well.

    Attributes:
        alive: For /healthz. A check that fails means that only a restart will help.
        ready: For /readyz, beside the others.
    """

    alive: Mapping[str, Check] = field(default_factory=dict)
    ready: Mapping[str, Check] = field(default_factory=dict)


class Exposition:
    """Serves one process's health and metrics until stopped.

    Args:
        address: `HOST:PORT`.
        folder: Where this process and its siblings keep what they count; None for one by itself.
        collectors: Metrics that are worked out when they are asked for.

    Raises:
        SettingInvalid: The address is none.
    """

    def __init__(
        self,
        address: str,
        health: Health,
        *,
        folder: str | None = None,
        collectors: Sequence[Collector] = (),
    ) -> None:
        self._address = read_address(address)
        self._health = health
        self._registry = _registry(folder, collectors)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve from a thread of its own, as soon as the address is free."""
        threading.Thread(target=self._serve, name="exposition", daemon=True).start()

    def stop(self) -> None:
        """Let the address go."""
        with self._lock:
            self._stop.set()
        if self._server is not None:
            self._server.shutdown()

    def _serve(self) -> None:
        told = False
        while not self._stop.is_set():
            try:
                server = _bind(self._address, self._answer)
            except OSError as error:
                if error.errno != EADDRINUSE and not told:
                    log.warning("exposition_waits", error=error.strerror)
                    told = True
                self._stop.wait(TAKE_OVER_SECONDS)
                continue
            with server:
                with self._lock:
                    if self._stop.is_set():
                        return
                    # Who stops it from now on waits for its serving to end, so it must begin.
                    self._server = server
                server.serve_forever(poll_interval=TAKE_OVER_SECONDS)

    def _answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/healthz":
            return _verdict(self._health.alive)
        if path == "/readyz":
            return _verdict({**self._health.alive, **self._health.ready})
        return 404, "text/plain", b"there are /healthz, /readyz and /metrics\n"


def read_address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`; an IPv6 address stands in brackets.

    Raises:
        SettingInvalid: It is not of this form.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingInvalid(f"AWGP_OPS_ADDRESS is {text!r}; it takes HOST:PORT")
    return host, int(port)


class Cached:
    """Works something out at most once in `seconds`, however often and by however many asked."""

    def __init__(self, work: Callable[[], Any], *, seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._value: Any = None

    def __call__(self) -> Any:
        with self._lock:
            if time.monotonic() >= self._until:
                self._value = self._work()
                self._until = time.monotonic() + self._seconds
            return self._value


def _registry(folder: str | None, collectors: Sequence[Collector]) -> CollectorRegistry:
    if not folder and not collectors:
        return REGISTRY
    registry = CollectorRegistry(auto_describe=False)
    if folder:
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    for each in collectors:
        registry.register(each)
    return registry


def _verdict(checks: Mapping[str, Check]) -> tuple[int, str, bytes]:
    failed = {name: said for name, check in checks.items() if (said := _said(check)) is not None}
    body: dict[str, object] = {"status": "unwell", "failed": failed} if failed else {"status": "ok"}
    return 503 if failed else 200, "application/json", json.dumps(body).encode() + b"\n"


def _said(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # a check that cannot be made has failed
        log.warning("check_failed", error=type(error).__name__)
        return type(error).__name__


def _bind(
    address: tuple[str, int], answer: Callable[[str], tuple[int, str, bytes]]
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            status, kind, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "awgp"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            del format, args  # a probe every few seconds is no news

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            del request, client_address
            if isinstance(sys.exc_info()[1], ConnectionError):
                return  # whoever asked did not wait
            log.warning("exposition_failed", error=type(sys.exc_info()[1]).__name__)

    return Server(address, Handler)
