"""The runtime host of this machine, as the stage `execute` sees it."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from pipeline.execution import ExecutionResult, ExecutionSpec, OutputLine

# Not now, says the host; nothing is wrong with the run.
NOT_NOW: Final = frozenset({"busy", "stopping"})
# May be cured by another try: counted, so that it is not tried for ever.
PERHAPS_LATER: Final = frozenset({"sandbox_failed", "already_running"})


class Running(Protocol):
    """A sandbox at work; leaving the block ends it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def renew(self, seconds: float) -> None: ...
    def kill(self) -> None: ...
    def wait(self, on_line: Callable[[OutputLine], None] | None = None) -> ExecutionResult: ...


class Host(Protocol):
    """The runtime host of this machine. Raises HostUnavailable and LaunchRefused."""

    def describe(self) -> object: ...
    def launch(self, spec: ExecutionSpec, lease_seconds: float) -> Running: ...
