"""Serve one sandbox at work: feed it, read it, keep its clock, hear whoever watches it."""

import os
import selectors
import time
from functools import partial
from typing import Protocol

from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine
from runtime_host.sandbox import Sandbox
from runtime_host.verdict import Ending, Transcript

# Kept of what a sandbox's holder complains of.
MAX_NOISE_BYTES = 64 * 1024
# How often the loop looks at what no descriptor tells: the clock and the memory group.
TICK_SECONDS = 0.1


class Watcher(Protocol):
    """Who follows a running sandbox. Called from the loop that serves it, never at once."""

    def descriptor(self) -> int | None:
        """What to wait on beside the sandbox."""

    def events(self) -> int:
        """Which of `selectors.EVENT_READ` and `EVENT_WRITE` to wait for."""

    def ready(self, events: int) -> str | None:
        """The descriptor is ready; an answer is why the sandbox must be killed."""

    def deadline(self) -> tuple[float, str]:
        """`time.monotonic()` at which the sandbox is killed unless renewed, and why it is."""

    def line(self, line: OutputLine) -> None:
        """The agent wrote this."""

    def over(self, result: ExecutionResult) -> None:
        """It ended so, and all of it is killed; what it was in is yet to be removed."""


class Loop:
    """One thread, one sandbox: feeds it, reads it, keeps its clock, hears its watcher."""

    def __init__(
        self, sandbox: Sandbox, spec: ExecutionSpec, started: float, watcher: Watcher
    ) -> None:
        self._sandbox = sandbox
        self._watcher = watcher
        self._started = started
        self._wall_until = started + spec.limits.wall_seconds
        self._transcript = Transcript(
            spec.limits, watcher.line, nonce=sandbox.nonce, syscalls=spec.syscalls
        )
        self._noise = bytearray()
        self._bytes_in = len(spec.bundle) + len(spec.payload)
        self._cpu_before_us = sandbox.cpu_us()
        self._selector = selectors.DefaultSelector()
        self._feed = memoryview(b"")

    def serve(self, feed: bytes) -> None:
        """Return when the agent has ended, the sandbox is gone, or it must be killed."""
        self._feed = memoryview(feed)
        descriptor = self._watcher.descriptor()
        with self._selector:
            self._selector.register(self._sandbox.stdin, selectors.EVENT_WRITE, self._write)
            for source in self._sandbox.sources:
                self._selector.register(source, selectors.EVENT_READ, partial(self._read, source))
            if descriptor is not None:
                self._selector.register(descriptor, selectors.EVENT_READ, self._hear)
            while not self._transcript.over:
                if descriptor is not None:
                    self._selector.modify(descriptor, self._watcher.events(), self._hear)
                for key, events in self._selector.select(self._wait()):
                    key.data(events)
                self._look_at_clock()

    def ending(self) -> ExecutionResult:
        """What the sandbox's end means; called once it is over and before it is removed."""
        return self._transcript.result(
            Ending(
                duration_ms=self._offset_ms(),
                oom_kills=self._sandbox.oom_kills(),
                peak_memory_bytes=self._sandbox.peak_bytes(),
                noise=bytes(self._noise),
                capped_by_group=self._sandbox.caps_memory,
                cpu_ms=self._cpu_ms(),
                bytes_in=self._bytes_in,
            )
        )

    def _cpu_ms(self) -> int | None:
        before, after = self._cpu_before_us, self._sandbox.cpu_us()
        return None if before is None or after is None else (after - before) // 1000

    @property
    def ended_itself(self) -> bool:
        """Whether the agent ended, and nobody ended it."""
        return self._transcript.told_its_end

    def died_unused(self) -> bool:
        """Whether the sandbox ended by itself before its launcher said that the agent starts.

        The launcher says so first and starts the agent then, so nothing of the agent has run.
        """
        return not self._transcript.judged and not self._sandbox.oom_kills()

    def _write(self, _: int) -> None:
        try:
            self._feed = self._feed[os.write(self._sandbox.stdin, self._feed[: 1024 * 1024]) :]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._feed = self._feed[:0]
        if not self._feed:
            # It stays open: its end would tell the launcher that this host is gone.
            self._selector.unregister(self._sandbox.stdin)

    def _read(self, source: int, _: int) -> None:
        heard = self._sandbox.read(source)
        self._noise += heard.noise[: MAX_NOISE_BYTES - len(self._noise)]
        if heard.frames and not self._transcript.over:
            self._transcript.feed(heard.frames, self._offset_ms())
        if heard.closed and source in self._selector.get_map():
            self._selector.unregister(source)
        if heard.ended:
            self._transcript.over = True

    def _hear(self, events: int) -> None:
        why = self._watcher.ready(events)
        if why is not None:
            self._transcript.stop(ExitReason.KILLED, why)

    def _wait(self) -> float:
        until = min(self._wall_until, self._watcher.deadline()[0])
        return max(0.0, min(TICK_SECONDS, until - time.monotonic()))

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self._sandbox.oom_kills():
            self._transcript.stop(ExitReason.MEMORY, "the sandbox ran out of its memory")
        elif now >= self._wall_until:
            self._transcript.stop(ExitReason.TIMEOUT, "the wall-clock limit passed")
        else:
            moment, why = self._watcher.deadline()
            if now >= moment:
                self._transcript.stop(ExitReason.KILLED, why)

    def _offset_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)
