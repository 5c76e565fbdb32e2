"""What a faulty connection does: values, one a direction."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from pipeline.errors import AwgpError


class FaultUnknown(AwgpError):
    """There is no such fault, or its numbers make none."""


class Direction(StrEnum):
    """Which way bytes go: up from client to server, down from server to client."""

    UP = "up"
    DOWN = "down"


class Ending(StrEnum):
    """How a connection ends, or stays without anything passing."""

    CLOSE = "close"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the bytes of one direction; by default nothing.

    Attributes:
        latency_seconds: Before each piece that arrives together is passed on.
        jitter_seconds: Up to this much is added, evenly spread.
        bytes_per_second: 0 for no limit.
        silent: Nothing passes, and what came is kept until the fault ends.
        cut_after_bytes: So many pass, of a connection, counted from when this was asked for.
        cut_once_seen: Act once these bytes have passed. They must be readable: no TLS between.
        ending: What either cut does.
    """

    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    bytes_per_second: int = 0
    silent: bool = False
    cut_after_bytes: int | None = None
    cut_once_seen: bytes = b""
    ending: Ending = Ending.RESET

    def __post_init__(self) -> None:
        """Raises: FaultUnknown."""
        amounts = (self.latency_seconds, self.jitter_seconds, self.bytes_per_second)
        if any(amount < 0 for amount in amounts) or (self.cut_after_bytes or 0) < 0:
            raise FaultUnknown("a fault's numbers are 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens in both directions. `number` tells one plan from the one before."""

    number: int = 0
    up: Fault = field(default_factory=Fault)
    down: Fault = field(default_factory=Fault)

    def of(self, direction: Direction) -> Fault:
        return self.up if direction is Direction.UP else self.down

    def with_fault(self, fault: Fault, direction: Direction | None) -> "Plan":
        """The next plan: this fault in one direction, or in both (None)."""
        following = replace(self, number=self.number + 1)
        if direction is not Direction.DOWN:
            following = replace(following, up=fault)
        if direction is not Direction.UP:
            following = replace(following, down=fault)
        return following
