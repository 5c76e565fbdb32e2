"""What an attack is: a bundle, the limits it meets, and how it must end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.execution import ExecutionResult, ExitReason
from runtime_host.bundle import pack
from runtime_host.verdict import MAX_DETAIL_CHARACTERS

OK, ERROR, TIMEOUT = ExitReason.OK, ExitReason.ERROR, ExitReason.TIMEOUT
MEMORY, PROCESSES = ExitReason.MEMORY, ExitReason.PROCESSES
DISK, OUTPUT = ExitReason.DISK, ExitReason.OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An agent's program, or a whole bundle.

    Args:
        reasons: Any of these is right; several where the machine's speed decides which is first.
        says: Words of the detail a person reads.
        limits: Instead of the small ones.
    """

    reasons: tuple[ExitReason, ...]
    program: str = ""
    bundle: bytes = b""
    says: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)

    def packed(self) -> bytes:
        return self.bundle or pack({"main.py": self.program.encode()})

    def check(self, result: ExecutionResult) -> None:
        """The right end, told in words that are safe to show, and no more kept than is allowed."""
        assert result.reason in self.reasons, result
        assert self.says in result.detail, result.detail
        assert result.detail.isprintable()
        assert len(result.detail) <= MAX_DETAIL_CHARACTERS
        assert (result.result is None) or result.reason is OK
        assert len(result.lines) <= 10_000
        assert all("\0" not in line.text and "\n" not in line.text for line in result.lines)
