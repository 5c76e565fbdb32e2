"""What surrounds every message: what its log lines carry, what is measured, who is alive."""

# ruff: noqa: ARG002  # the signatures are Dramatiq's

import os
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.middleware import Middleware

from actors.work_in_hand import WorkInHand
from pipeline import metrics
from pipeline.heartbeat import BEAT_SECONDS, LIFE_SECONDS, WorkerBeat, beat_key, beat_value

log = structlog.get_logger()


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
    """Count and time messages by stage; those that found a run to work on apart."""

    def __init__(self) -> None:
        self._started = threading.local()

    def before_process_message(
        self, broker: dramatiq.Broker, message: dramatiq.MessageProxy
    ) -> None:
        self._started.at = time.monotonic()
        self._started.waited = max(0.0, time.time() - message.message_timestamp / 1000)

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        stage = message.actor_name
        seconds = time.monotonic() - getattr(self._started, "at", time.monotonic())
        metrics.MESSAGE_SECONDS.labels(stage).observe(seconds)
        metrics.MESSAGES.labels(stage, "raised" if exception else "done").inc()
        # A stage binds the run to the log once it has claimed it. Many a message claims nothing:
        # it was sent again, and the first one was in time.
        if "run_id" in structlog.contextvars.get_contextvars():
            metrics.STAGE_WAIT_SECONDS.labels(stage).observe(getattr(self._started, "waited", 0.0))
            metrics.STAGE_SECONDS.labels(stage).observe(seconds)


class Heartbeat(Middleware):
    """Keep a key per worker process alive, so that anyone can see who serves which queues.

    What it says is in pipeline/heartbeat.py. It dies LIFE_SECONDS after a killed process, and is
    removed by one that stops.
    """

    def __init__(
        self, client: "redis.Redis", queues: tuple[str, ...], hand: WorkInHand | None = None
    ) -> None:
        self._client = client
        self._queues = queues
        self._hand = hand or WorkInHand()
        self._started_at = datetime.now(UTC)
        self._beat_at = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def silent_seconds(self) -> float:
        """How long ago the broker last took a beat; infinite before the first."""
        return time.monotonic() - self._beat_at

    def before_process_message(
        self, broker: dramatiq.Broker, message: dramatiq.MessageProxy
    ) -> None:
        self._hand.begin(message.queue_name)

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        self._hand.end()

    def after_skip_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        self._hand.end()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._thread.start()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._stop.set()
        self._thread.join(BEAT_SECONDS)
        try:
            self._client.delete(self._key)
        except redis.RedisError as error:
            log.warning("heartbeat_missed", error=type(error).__name__)

    @property
    def _key(self) -> str:
        return beat_key(socket.gethostname(), os.getpid())

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self._client.set(self._key, beat_value(self._said()), ex=LIFE_SECONDS)
                self._beat_at = time.monotonic()
            except redis.RedisError as error:
                log.warning("heartbeat_missed", error=type(error).__name__)
            self._stop.wait(BEAT_SECONDS)

    def _said(self) -> WorkerBeat:
        return WorkerBeat(
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=self._queues,
            in_flight=self._hand.by_queue(),
            done=self._hand.done,
            started_at=self._started_at,
        )


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a W3C traceparent; None when there is none."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None
