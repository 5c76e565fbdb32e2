"""Everything a process counts and times; docs/reference/metrics.md lists each, a test compares.

Labels have few values, known in advance: stages, outcomes, route templates. Never a tenant, a run,
a path as it was asked for, or anything of a payload. Counted where it happens and never taken
back, so a transaction that rolls back afterwards has been counted all the same.

A process of which several run side by side is told PROMETHEUS_MULTIPROC_DIR, a folder of its own,
before this module is imported; see `pipeline/exposition.py`.
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

MESSAGES = Counter("awgp_messages_total", "Messages worked on.", ["stage", "outcome"])
MESSAGE_SECONDS = Histogram(
    "awgp_message_seconds",
    "Seconds a message took.",
    ["stage"],
    buckets=(*_QUICK, 15, 60, 300),
)
STAGE_WAIT_SECONDS = Histogram(
    "awgp_stage_wait_seconds",
    "Seconds from when the message of a run was sent until a worker claimed the run.",
    ["stage"],
    buckets=(*_QUICK, 15, 60, 300, 1800),
)
STAGE_SECONDS = Histogram(
    "awgp_stage_seconds",
    "Seconds from the claim of a run until what came of it was committed.",
    ["stage"],
    buckets=(*_QUICK, 15, 60, 300),
)
RETRIES = Counter("awgp_retries_total", "Failures that are tried again.", ["stage"])
DEAD_LETTERS = Counter("awgp_dead_letters_total", "Runs given up to a person.", ["stage"])
LEASES_LOST = Counter("awgp_leases_lost_total", "Leases that someone else took over.", ["stage"])
CUT_SHORT = Counter("awgp_cut_short_total", "Work a stopping worker could not let end.", ["stage"])
RELAY_SENDS = Counter("awgp_relay_sends_total", "Messages the relay sent (again).", ["queue"])
NOTICES = Counter("awgp_notices_total", "Notices that are over.", ["kind", "outcome"])
CALLBACKS = Counter("awgp_callbacks_total", "Callbacks that are over.", ["outcome"])
CALLBACK_SECONDS = Histogram(
    "awgp_callback_seconds",
    "Seconds from when a run's end was sealed until its callback was over.",
    ["outcome"],
    buckets=(*_QUICK, 15, 60, 300, 1800, 7200, 43200),
)
TARGETS_DISABLED = Counter("awgp_targets_disabled_total", "Targets that said 410 Gone.")
CIRCUITS = Counter("awgp_target_circuits_total", "Circuits of targets that changed.", ["to"])
EVENTS_IGNORED = Counter(
    "awgp_events_ignored_total", "Events that no rule of their source's mapping took."
)
# What an answered request's route is called, in its WSGI environment.
ROUTE = "awgp.route"
GATEWAY_CALLS = Counter(
    "awgp_gateway_calls_total", "Calls agents made through their gateways.", ["outcome"]
)
HTTP_REQUESTS = Counter(
    "awgp_http_requests_total", "Requests answered.", ["service", "method", "route", "status"]
)
HTTP_SECONDS = Histogram(
    "awgp_http_request_seconds",
    "Seconds a request took.",
    ["service", "method", "route"],
    buckets=(*_QUICK, 15, 60),
)
LIVE_CONNECTIONS = Gauge(
    "awgp_live_connections", "Live connections open.", ["form"], multiprocess_mode="livesum"
)
LIVE_EVENTS = Counter("awgp_live_events_total", "Events told to clients.", ["form"])
LIVE_CLOSED = Counter("awgp_live_closed_total", "Live connections that ended.", ["reason"])


def begin_at_zero(stages: Iterable[str]) -> None:
    """Show what these stages count before the first of it happens, so that a rise is one."""
    for stage in stages:
        MESSAGES.labels(stage, "done")
        for counter in (RETRIES, DEAD_LETTERS, LEASES_LOST, CUT_SHORT):
            counter.labels(stage)
        for histogram in (MESSAGE_SECONDS, STAGE_WAIT_SECONDS, STAGE_SECONDS):
            histogram.labels(stage)
