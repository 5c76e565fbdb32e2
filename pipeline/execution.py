"""One attempt to run a bundle in a sandbox: what goes in, what bounds it, what comes out.

A sandbox takes an `ExecutionSpec`, holds it to its `Limits` and gives an `ExecutionResult`,
whose `ExitReason` says why it ended. How the sandbox does it is not known here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from pipeline.errors import AwgpError
from pipeline.gateway_call import GatewayCall
from pipeline.gateway_scope import Injection, Scope
from pipeline.syscalls import ANY, Syscalls

KIB = 1024
MIB = 1024 * KIB


class LimitsInvalid(AwgpError):
    """A limit is unknown, not a number, or out of its range."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class ExitReason(StrEnum):
    """Why an execution ended; only `ok` counts as done."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    OUTPUT = "output"
    POLICY_VIOLATION = "policy_violation"
    """It did what its sandbox ends an agent for; the detail says what."""
    KILLED = "killed"
    """By a person; of a runtime host, by whoever it works for."""
    INTERRUPTED = "interrupted"
    """By no person: its worker or its host stopped, or its lease was lost."""
    HOST_LOST = "host_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one execution may use. A limit that is passed ends the execution.

    Args:
        wall_seconds: Seconds from launch to end, the sandbox's own start included.
        memory_bytes: Bytes for the agent's processes; the sandbox's kernel comes on top.
        processes: Processes and threads of the agent at one time.
        disk_bytes: Bytes in /tmp; /output and /dev/shm are small and fixed.
        open_files: File descriptors a process.
        output_bytes: Bytes of stdout and stderr together.

    Raises:
        LimitsInvalid: A value is out of the range in `RANGES`.
    """

    wall_seconds: float = 60.0
    memory_bytes: int = 256 * MIB
    processes: int = 64
    disk_bytes: int = 64 * MIB
    open_files: int = 256
    output_bytes: int = 1 * MIB

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                between = f"{_shown(name, low)} to {_shown(name, high)}"
                raise LimitsInvalid(f"limits.{name}", f"must be {between}; it is {value}")

    def within(self, ceiling: "Limits") -> "Limits":
        """The smaller of the two, limit by limit."""
        return replace(
            self,
            **{f.name: min(getattr(self, f.name), getattr(ceiling, f.name)) for f in fields(self)},
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> "Limits":
        """Read limits from parsed TOML or JSON; what is absent keeps its default.

        Raises:
            LimitsInvalid: A name is unknown or a value is not a number in its range.
        """
        return cls(**{name: _number(name, value) for name, value in values.items()})  # type: ignore[arg-type]  # _number keeps each field's type

    def as_json(self) -> dict[str, int]:
        """Integers only, because this enters an RFC 8785 digest; the wall is in milliseconds."""
        return {
            "wall_ms": round(self.wall_seconds * 1000),
            "memory_bytes": self.memory_bytes,
            "processes": self.processes,
            "disk_bytes": self.disk_bytes,
            "open_files": self.open_files,
            "output_bytes": self.output_bytes,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "Limits":
        """The inverse of `as_json`: every field is required.

        Raises:
            LimitsInvalid: A field is missing, unknown, not an integer or out of range.
        """
        expected = set(cls().as_json())
        if set(values) != expected:
            raise LimitsInvalid("limits", f"must have exactly the fields {sorted(expected)}")
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, int):
                raise LimitsInvalid(f"limits.{name}", "must be a whole number")
        rest = {name: value for name, value in values.items() if name != "wall_ms"}
        wall_ms = values["wall_ms"]
        return cls.from_mapping({"wall_seconds": int(str(wall_ms)) / 1000, **rest})


# Lowest and highest value of each limit. The floors are what a bare interpreter needs.
RANGES: dict[str, tuple[float, float]] = {
    "wall_seconds": (0.1, 24 * 3600.0),
    "memory_bytes": (16 * MIB, 64 * 1024 * MIB),
    "processes": (1, 4096),
    "disk_bytes": (64 * KIB, 16 * 1024 * MIB),
    "open_files": (16, 65536),
    "output_bytes": (1 * KIB, 64 * MIB),
}


def _shown(name: str, value: float) -> str:
    """As the API takes it, and sizes as people read them too."""
    if not name.endswith("_bytes"):
        return f"{value:g}"
    unit, called = (MIB, "MiB") if value >= MIB else (KIB, "KiB")
    return f"{value} ({value // unit} {called})"


def _number(name: str, value: object) -> float | int:
    if name not in RANGES:
        raise LimitsInvalid(f"limits.{name}", f"is unknown; the limits are {', '.join(RANGES)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LimitsInvalid(f"limits.{name}", "must be a number")
    if name == "wall_seconds":
        return float(value)
    if not isinstance(value, int):
        raise LimitsInvalid(f"limits.{name}", "must be a whole number")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSpec:
    """Everything a sandbox needs, with the digests the approval covered.

    Args:
        fence: The claim this launch happens under; it grows with every claim.
        bundle: The tar.gz itself; `bundle_digest` is `sha256:` over exactly these bytes.
        payload: The bytes the agent reads at /input/request.json; `payload_digest` likewise.
        runtime_digest: Of the root file system, as `runtime` had it when people decided.
        entrypoint: File in the bundle, then its arguments.
        environment: Added to what the agent sees; names of the host's own are refused.
        scope: What it may do through its gateway; without a grant it has none.
        credentials: By name, those its scope names; for the gateway alone.
        syscalls: The profile of system calls.
        assistant_id: Whose memory it has; None for one that remembers nothing.
    """

    tenant_id: UUID
    run_id: UUID
    execution_id: UUID
    fence: int
    bundle: bytes
    bundle_digest: str
    payload: bytes
    payload_digest: str
    runtime: str
    runtime_digest: str
    entrypoint: tuple[str, ...]
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    credentials: Mapping[str, Injection] = field(default_factory=dict, repr=False)
    syscalls: Syscalls = ANY
    assistant_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """One line an agent wrote, without its newline; a long line comes as several.

    Args:
        sequence: Counts from 0 over both streams, in the order the host saw them.
        stream: `stdout`, `stderr`, or `event`.
        offset_ms: Milliseconds since launch, on the host's monotonic clock.
        text: Valid Unicode without NUL; other bytes are replaced by U+FFFD. Of an event, its JSON.
    """

    sequence: int
    stream: str
    offset_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an execution took beside its memory; None where it was not measured.

    Args:
        cpu_ms: Processor time of the whole sandbox since the launch, gVisor's included.
        start_ms: From the launch until the agent began: what the sandbox itself takes.
        bytes_in: Of bundle and payload.
        bytes_out: Of stdout, stderr and result.json.
    """

    cpu_ms: int | None = None
    start_ms: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None


UNMEASURED: Final = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """How an execution ended.

    Args:
        exit_code: Of the entrypoint; negative for the signal that ended it; None when it
            never ended by itself.
        result: /output/result.json as written, checked to be sound JSON; None without one.
        lines: What was written, up to the output limit; `truncated` when something is missing.
        peak_memory_bytes: Of the whole sandbox, its kernel included; None where not measured.
        detail: One plain sentence for a person.
        sandbox: What the sandbox named itself at its start, at random; empty where it said nothing.
        warm: Whether it had been started before the run came.
        calls: What went out through its gateway.
    """

    reason: ExitReason
    exit_code: int | None
    result: bytes | None
    lines: tuple[OutputLine, ...]
    truncated: bool
    duration_ms: int
    peak_memory_bytes: int | None
    detail: str
    sandbox: str = ""
    warm: bool = False
    calls: tuple[GatewayCall, ...] = ()
    usage: Usage = UNMEASURED


class Sandbox(Protocol):
    """Where an execution happens. Nothing of one execution is there for the next."""

    def run(
        self, spec: ExecutionSpec, *, on_line: Callable[[OutputLine], None] | None = None
    ) -> ExecutionResult:
        """Run one spec to its end; lines are also told as they come."""
