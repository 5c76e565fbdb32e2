"""An attempt at an execution: a launch that is written down and about to happen."""

from dataclasses import dataclass, field

from pipeline.execution import ExecutionSpec
from pipeline.handoff import Handoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A launch that is written down and about to happen. `leased_at` is of time.monotonic."""

    handoff: Handoff
    spec: ExecutionSpec
    number: int
    digest_key: bytes = field(repr=False)
    rerun_is_safe: bool
    leased_at: float
