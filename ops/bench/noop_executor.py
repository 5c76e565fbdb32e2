"""A runtime host that runs nothing, so that a bench measures the trunk and not the sandboxes.

It lives outside the wheel and no setting of the product selects it.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, OutputLine

_RESULT: Final = ExecutionResult(
    reason=ExitReason.OK,
    exit_code=0,
    result=b'{"booked":4200}',
    lines=(),
    truncated=False,
    duration_ms=0,
    peak_memory_bytes=None,
    detail="nothing was run: this is a bench",
)


class UnsafeNoOpExecutor:
    """Takes `runtime_host.client.HostClient`'s place; every launch ends well.

    Args:
        seconds: How long each takes.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def describe(self) -> object:
        return None

    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> "NothingRunning":
        del spec, lease_seconds
        return NothingRunning(self._seconds)


class NothingRunning:
    """A launch that does nothing, for so long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """There is nothing to end."""

    def renew(self, seconds: float) -> None:
        """There is nothing to keep alive."""

    def kill(self) -> None:
        """There is nothing to kill."""

    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult:
        del on_line
        if self._seconds:
            time.sleep(self._seconds)
        return _RESULT
