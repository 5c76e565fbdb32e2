"""Counts an app's requests, and answers for its worker process at the ops address.

Laid around the app from outside, so that neither the edge nor the control plane has a path that
tells how it is doing to whoever finds it.
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from flask import Flask, Response, request
from prometheus_client import Counter, Histogram
from werkzeug.test import Client

from pipeline import metrics
from pipeline.exposition import Cached, Exposition, Health

Wsgi = Callable[..., Iterable[bytes]]

BEGAN: Final = "awgp.began"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOT_COUNTED: Final = frozenset({"/healthz", "/readyz"})
NO_ROUTE: Final = "none"
STUCK_SECONDS: Final = 120.0
ASKED_EVERY_SECONDS: Final = 1.0


class RequestsInHand:
    """When each thread began the request it is at."""

    def __init__(
        self,
        inner: Wsgi,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._began: dict[int, float] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        thread = threading.get_ident()
        environ[BEGAN] = self._began[thread] = self._clock()
        try:
            return self._inner(environ, start_response)
        finally:
            self._began.pop(thread, None)

    def nothing_stuck(self) -> str | None:
        now = self._clock()
        stuck = sum(now - began > STUCK_SECONDS for began in list(self._began.values()))
        return f"{stuck} requests have taken {STUCK_SECONDS:.0f} s" if stuck else None


def observe(app: Flask, service: str, address: str, *, folder: str | None) -> Exposition:
    """Count what the app answers from now on, and serve its health.

    Args:
        service: What the app is called in its metrics.
        address: `HOST:PORT`; siblings may share it.
        folder: Where siblings keep what they count.

    Raises:
        SettingInvalid: The address is none.
    """
    in_hand = count_requests(app, service)
    health = Health(
        alive={"requests": in_hand.nothing_stuck},
        # However many ask: no probe is worth a connection of its own.
        ready={"app": Cached(lambda: _ready(app), seconds=ASKED_EVERY_SECONDS)},
    )
    exposition = Exposition(address, health, folder=folder)
    exposition.start()
    return exposition


def count_requests(app: Flask, service: str) -> RequestsInHand:
    """Count and time what the app answers from now on, by route."""
    in_hand = RequestsInHand(_counting(app.wsgi_app, service))
    app.wsgi_app = in_hand  # type: ignore[method-assign]  # Flask's own way to wrap it
    app.after_request(_name_route)
    return in_hand


def _name_route(response: Response) -> Response:
    if request.url_rule is not None:
        request.environ[metrics.ROUTE] = request.url_rule.rule
    return response


def _counting(app: Wsgi, service: str) -> Wsgi:
    """Count each answer when it begins: some never end."""

    def counting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, *rest: Any) -> Any:
            route = environ.get(metrics.ROUTE, NO_ROUTE)
            if route not in NOT_COUNTED:
                requests, seconds = _meters(service, environ["REQUEST_METHOD"], route, status[:3])
                requests.inc()
                seconds.observe(time.monotonic() - environ[BEGAN])
            return start_response(status, *rest)

        return app(environ, start)

    return counting


# Few: a route has one or two methods and some statuses.
@lru_cache(maxsize=2048)
def _meters(service: str, method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    if method not in METHODS:
        method = "other"
    return (
        metrics.HTTP_REQUESTS.labels(service, method, route, status),
        metrics.HTTP_SECONDS.labels(service, method, route),
    )


def _ready(app: Flask) -> str | None:
    status = Client(app).get("/readyz").status_code
    return None if status == 200 else f"it answers {status} to /readyz"
