"""Follow what a sandbox says and decide why it ended.

The launcher's frames tell what happened inside; the driver tells what happened outside. The
first cause to be known wins, because what follows it is usually its effect.
"""

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.execution import ExecutionResult, ExitReason, Limits, OutputLine, Usage
from pipeline.syscalls import ANY, Syscalls
from runtime_host.confinement import violation
from runtime_host.output import (
    FrameReader,
    FramesBroken,
    LineCutter,
    OutputExceeded,
    ResultRefused,
    checked_result,
)

MAX_DETAIL_CHARACTERS = 500
# What the launcher can mark; anything else is not its word.
MARKS = frozenset({b"disk", b"processes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the driver knows of the end.

    Args:
        noise: What runsc itself wrote to its stderr.
        oom_kills: How often the kernel killed inside the sandbox for want of memory.
        capped_by_group: Whether a cgroup held the memory cap.
        cpu_ms: Processor time of the sandbox since the launch; None where not measured.
        bytes_in: What it was given.
    """

    duration_ms: int
    peak_memory_bytes: int | None
    noise: bytes
    oom_kills: int
    capped_by_group: bool
    cpu_ms: int | None = None
    bytes_in: int | None = None


class Transcript:
    """All that one sandbox said, as it says it.

    Args:
        tell: Called with each line at once.
        nonce: What the sandbox said when it was ready; empty while it has not said it.
    """

    def __init__(
        self,
        limits: Limits,
        tell: Callable[[OutputLine], None],
        *,
        nonce: str = "",
        syscalls: Syscalls = ANY,
    ) -> None:
        self.over = False
        self._tell = tell
        self._nonce = nonce
        self._syscalls = syscalls
        self._begun_ms: int | None = None
        self._bytes_out = 0
        self._frames = FrameReader()
        self._cutter = LineCutter(limits.output_bytes)
        self._lines: list[OutputLine] = []
        self._stopped: tuple[ExitReason, str] | None = None
        self._marks: set[str] = set()
        self._result: bytes | None = None
        self._refused: str | None = None
        self._end: dict[str, object] | None = None

    @property
    def judged(self) -> bool:
        """Whether anything is known beyond that the sandbox is gone: a start, a reason, a word."""
        began = self._begun_ms is not None
        return began or self._stopped is not None or self._refused is not None

    @property
    def told_its_end(self) -> bool:
        """Whether the launcher told how the agent ended, before there was a reason to kill it."""
        return self._end is not None and self._stopped is None

    def stop(self, reason: ExitReason, detail: str) -> None:
        """The sandbox is to be killed for this; only the first call counts."""
        if self._stopped is None and self._end is None:
            self._stopped = (reason, detail)
        self.over = True

    def feed(self, data: bytes, offset_ms: int) -> None:
        """Take bytes of the sandbox's stdout."""
        try:
            for kind, body in self._frames.feed(data):
                self._take(kind, body, offset_ms)
        except OutputExceeded as exc:
            self.stop(ExitReason.OUTPUT, str(exc))
        except (FramesBroken, ValueError, RecursionError):
            self.stop(ExitReason.ERROR, "the sandbox broke its protocol")

    def result(self, ending: Ending) -> ExecutionResult:
        """The verdict; ends the last lines."""
        for line in self._cutter.rest(ending.duration_ms):
            self._keep(line)
        reason, detail, exit_code = self._verdict(ending)
        return ExecutionResult(
            reason=reason,
            exit_code=exit_code,
            result=self._result if reason is ExitReason.OK else None,
            lines=tuple(self._lines),
            truncated=reason is ExitReason.OUTPUT,
            duration_ms=ending.duration_ms,
            peak_memory_bytes=ending.peak_memory_bytes,
            detail=_plain(detail)[:MAX_DETAIL_CHARACTERS],
            sandbox=self._nonce,
            usage=Usage(
                cpu_ms=ending.cpu_ms,
                start_ms=self._begun_ms,
                bytes_in=ending.bytes_in,
                bytes_out=self._bytes_out,
            ),
        )

    def _take(self, kind: bytes, body: bytes, offset_ms: int) -> None:
        if kind == b"A":
            self._meet(body.hex())
        elif kind == b"S":
            self._begun_ms = offset_ms
        elif kind in {b"O", b"E"}:
            stream = "stdout" if kind == b"O" else "stderr"
            self._bytes_out += len(body)
            for line in self._cutter.feed(stream, body, offset_ms):
                self._keep(line)
        elif kind == b"P" and body in MARKS:
            self._marks.add(body.decode())
        elif kind == b"F":
            self._result = body
            self._bytes_out += len(body)
        elif kind == b"R":
            self._refused = body[:MAX_DETAIL_CHARACTERS].decode("utf-8", "replace")
            self.over = True
        elif kind == b"X":
            end = json.loads(body)
            if not isinstance(end, dict) or end.get("nonce", "") != self._nonce:
                raise FramesBroken("the sandbox is not the one that was ready")
            self._end = end
            self.over = True

    def _meet(self, nonce: str) -> None:
        if self._nonce or not nonce:
            raise FramesBroken("a sandbox is ready once")
        self._nonce = nonce

    def _keep(self, line: OutputLine) -> None:
        self._lines.append(line)
        self._tell(line)

    def _verdict(self, ending: Ending) -> tuple[ExitReason, str, int | None]:
        if self._stopped is not None:
            reason, detail = self._stopped
            if self._marks:
                detail += f"; reached inside: {', '.join(sorted(self._marks))}"
            return reason, detail, None
        exit_code = self._exit_code()
        if exit_code == 0:
            return *self._finished(), exit_code
        if ending.oom_kills:
            return ExitReason.MEMORY, "the sandbox ran out of its memory", exit_code
        if self._refused is not None:
            return ExitReason.ERROR, f"the bundle was refused: {self._refused}", None
        if exit_code is None:
            return ExitReason.ERROR, _unexplained(ending.noise), None
        return *self._failed(exit_code, ending), exit_code

    def _exit_code(self) -> int | None:
        code = (self._end or {}).get("exit_code")
        return code if type(code) is int and -255 <= code <= 255 else None

    def _failed(self, exit_code: int, ending: Ending) -> tuple[ExitReason, str]:
        how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        # A signal of its own says more than a mark, which stays once it was reached.
        if -exit_code == signal.SIGSYS:
            told = violation(reversed(self._lines), self._syscalls)
            return ExitReason.POLICY_VIOLATION, f"{how}: {told}"
        if "disk" in self._marks:
            return ExitReason.DISK, f"{how} after its disk was full"
        if "processes" in self._marks:
            return ExitReason.PROCESSES, f"{how} after it had all its processes"
        last = self._lines[-1].text if self._lines else ""
        if not ending.capped_by_group and last.startswith("MemoryError"):
            return ExitReason.MEMORY, f"{how} when its address space was used up"
        return ExitReason.ERROR, how

    def _finished(self) -> tuple[ExitReason, str]:
        problem = (self._end or {}).get("problem")
        if problem is not None:
            return ExitReason.ERROR, str(problem)
        if self._result is None:
            return ExitReason.OK, "done, without a result.json"
        try:
            checked_result(self._result)
        except ResultRefused as exc:
            return ExitReason.ERROR, str(exc)
        return ExitReason.OK, "done"


def _plain(text: str) -> str:
    """Without what neither the socket nor the database can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _unexplained(noise: bytes) -> str:
    said = noise.decode("utf-8", "replace").strip().splitlines()
    return f"the sandbox ended without a word{': ' + said[-1] if said else ''}"
