"""W3C Trace Context, level 1: take the caller's trace or begin one."""

import re

import structlog
from flask import Flask, g, request

from pipeline.ids import random_bytes

_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(header: str | None) -> str:
    """Return a valid traceparent: the header's if it is one, a fresh one otherwise."""
    if header is not None and _VALID.fullmatch(header):
        return header
    made = random_bytes(24).hex()
    return f"00-{made[:32]}-{made[32:]}-01"


def trace_requests(app: Flask) -> None:
    """Give each request its trace (`current_traceparent`) and each log line its id."""

    @app.before_request
    def begin() -> None:
        g.traceparent = begin_trace(request.headers.get("traceparent"))


def begin_trace(header: str | None) -> str:
    """Return a request's traceparent; what this thread logs from now on has its id."""
    found = traceparent_of(header)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(stage="ingest", trace_id=found.split("-")[1])
    return found


def current_traceparent() -> str:
    """The trace of the request being answered; the run and its messages carry it on."""
    found: str = g.traceparent
    return found
