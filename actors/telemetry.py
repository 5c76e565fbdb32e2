"""What agents write, brought to who looks on while they write it; thirty milliseconds late.

An execution that is over sooner is told of by its stored output alone, so the many short ones cost
nothing. Lines come from whoever wrote the agent: of a flood only the last of each moment are kept,
and a server that is out of reach makes nobody wait.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import redis
import structlog

from pipeline.execution import ExecutionSpec, OutputLine
from pipeline.live_log import write_lines
from pipeline.live_publisher import PAUSE_SECONDS, Publisher

log = structlog.get_logger()

GATHER_SECONDS: Final = 0.03
MOST_AT_ONCE: Final = 200
"""Lines of one execution in that time."""

OnLine = Callable[[OutputLine], None]


@dataclass(slots=True, eq=False)
class _Writing:
    """An execution under way, with the lines nobody was told yet."""

    spec: ExecutionSpec
    lines: deque[OutputLine] = field(default_factory=lambda: deque(maxlen=MOST_AT_ONCE))
    was_told: bool = False
    telling: threading.Lock = field(default_factory=threading.Lock)


class Telemetry:
    """One thread for all executions of a process, from the first line on."""

    def __init__(
        self,
        client: "redis.Redis",
        publisher: Publisher,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._client = client
        self._publisher = publisher
        self._monotonic = monotonic
        self._gather_seconds = gather_seconds
        self._lock = threading.Lock()
        self._writing: set[_Writing] = set()
        self._came = threading.Event()
        self._thread: threading.Thread | None = None
        self._paused_until = float("-inf")

    @contextmanager
    def of(self, spec: ExecutionSpec) -> Iterator[OnLine]:
        """Give what takes an execution's lines while the block lasts."""
        writing = _Writing(spec)
        with self._lock:
            self._writing.add(writing)

        def on_line(line: OutputLine) -> None:
            writing.lines.append(line)
            if not self._came.is_set():
                self._begin()

        try:
            yield on_line
        finally:
            with self._lock:
                self._writing.discard(writing)
            self._end(writing)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
                self._thread.start()
        self._came.set()

    def _run(self) -> None:
        while True:
            self._came.wait()
            time.sleep(self._gather_seconds)
            self._came.clear()
            with self._lock:
                writing = [each for each in self._writing if each.lines]
            for each in writing:
                self._tell(each)

    def _tell(self, writing: _Writing) -> None:
        with writing.telling:  # the last lines are told by another thread
            self._send(writing)

    def _end(self, writing: _Writing) -> None:
        with writing.telling:
            if writing.was_told:
                self._send(writing)

    def _send(self, writing: _Writing) -> None:
        lines = [writing.lines.popleft() for _ in range(len(writing.lines))]
        if not lines or self._monotonic() < self._paused_until:
            return
        spec = writing.spec
        try:
            write_lines(
                self._client,
                tenant_id=spec.tenant_id,
                run_id=spec.run_id,
                execution_id=spec.execution_id,
                lines=lines,
                announce=bool(self._publisher.watched_of([spec.tenant_id])),
            )
            writing.was_told = True
        except (redis.RedisError, OSError) as error:
            self._paused_until = self._monotonic() + PAUSE_SECONDS
            log.warning("telemetry_not_sent", error=type(error).__name__)
