"""What surrounds every message: what its log lines carry, what is measured, who is alive."""

# ruff: noqa: ARG002  # the signatures are Dramatiq's

import os
import socket
import threading
import time
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.middleware import Middleware
from prometheus_client import Counter, Histogram

log = structlog.get_logger()

MESSAGES = Counter("awgp_messages_total", "Messages worked on.", ["stage", "outcome"])
SECONDS = Histogram(
    "awgp_message_seconds",
    "Seconds a message took.",
    ["stage"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
HEARTBEAT_SECONDS = 5
HEARTBEAT_LIFE_SECONDS = 3 * HEARTBEAT_SECONDS


class BindContext(Middleware):
    """Bind tenant, stage and trace id to every log line of a message. Ids, never payloads."""

    def before_process_message(
        self, broker: dramatiq.Broker, message: dramatiq.MessageProxy
    ) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            tenant_id=message.args[0] if message.args else None,
            stage=message.actor_name,
            trace_id=trace_id(message.options.get("traceparent")),
        )

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        structlog.contextvars.clear_contextvars()


class MeasureMessages(Middleware):
    """Count and time messages by stage."""

    def __init__(self) -> None:
        self._started = threading.local()

    def before_process_message(
        self, broker: dramatiq.Broker, message: dramatiq.MessageProxy
    ) -> None:
        self._started.at = time.monotonic()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        started: float = getattr(self._started, "at", time.monotonic())
        SECONDS.labels(message.actor_name).observe(time.monotonic() - started)
        MESSAGES.labels(message.actor_name, "raised" if exception else "done").inc()


class Heartbeat(Middleware):
    """Keep a key per worker process alive, so that anyone can see which queues are served.

    `awgp:worker:<host>:<pid>` holds the queues and dies HEARTBEAT_LIFE_SECONDS after its process.
    """

    def __init__(self, client: "redis.Redis", queues: tuple[str, ...]) -> None:
        self._client = client
        self._queues = " ".join(queues)
        self._stop = threading.Event()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._stop.set()

    def _beat(self) -> None:
        key = f"awgp:worker:{socket.gethostname()}:{os.getpid()}"
        while not self._stop.is_set():
            try:
                self._client.set(key, self._queues, ex=HEARTBEAT_LIFE_SECONDS)
            except redis.RedisError as error:
                log.warning("heartbeat_missed", error=type(error).__name__)
            self._stop.wait(HEARTBEAT_SECONDS)


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a W3C traceparent; None when there is none."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None
