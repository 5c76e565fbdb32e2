"""Follow one run from outside: which stages it has passed, and what came of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from ops.terminal_text import one_line
from pipeline.run import TERMINAL, Stage, Status

POLL_SECONDS: Final = 0.03

# A run passes these in this order; a poll may miss some of them.
_ORDER: Final = (
    Status.RECEIVED,
    Status.PERMITTED,
    Status.HELD,
    Status.APPROVED,
    Status.EXECUTING,
    Status.EXECUTED,
    Status.DELIVERING,
    Status.DELIVERED,
    Status.COMPLETED,
)
_PASSED_AT: Final[Mapping[Stage, Status]] = {
    Stage.POLICY: Status.PERMITTED,
    Stage.HOLD: Status.APPROVED,
    Stage.EXECUTE: Status.EXECUTED,
    Stage.POST_ACTION: Status.DELIVERED,
    Stage.AUDIT: Status.COMPLETED,
}


class Watched(Protocol):
    """Reads a run as `ingest.run_view.view_run` shows it."""

    def __call__(self, run_id: UUID) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePassed:
    """A stage a run was seen to have passed, or to wait at.

    `seconds` is when it was seen, from when following began; `said` is what a person is told.
    """

    stage: Stage
    said: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far a run was seen to come. `in_time` is False when the wait ended before it did."""

    view: Mapping[str, Any]
    stages: tuple[StagePassed, ...]
    seconds: float
    in_time: bool

    @property
    def status(self) -> Status:
        return Status(self.view["status"])


def follow(
    watched: Watched,
    run_id: UUID,
    *,
    wait_seconds: float,
    began: float,
    told: Callable[[StagePassed], None],
) -> Followed:
    """Follow a run until it has ended or waits for people.

    Args:
        began: A reading of `time.monotonic()` that all seconds count from.
        told: Called once for each stage, in order.
    """
    deadline = time.monotonic() + wait_seconds
    seen: list[StagePassed] = []
    while True:
        view = watched(run_id)
        now = time.monotonic()
        for stage, said in passed(view)[len(seen) :]:
            seen.append(StagePassed(stage=stage, said=said, seconds=now - began))
            told(seen[-1])
        done = Status(view["status"]) in TERMINAL | {Status.HELD}
        if done or now >= deadline:
            return Followed(view=view, stages=tuple(seen), seconds=now - began, in_time=done)
        time.sleep(POLL_SECONDS)


def passed(view: Mapping[str, Any]) -> list[tuple[Stage, str]]:
    """Return the stages a run has passed for certain, in order, each with what to say of it."""
    status = Status(view["status"])
    if status not in _ORDER:
        return []
    reached = _ORDER.index(status)
    found = [
        (stage, _said(stage, view))
        for stage, at in _PASSED_AT.items()
        if _ORDER.index(at) <= reached
    ]
    if status is Status.HELD:
        found.append((Stage.HOLD, "waits for a person"))
    return found


def _said(stage: Stage, view: Mapping[str, Any]) -> str:
    if stage is Stage.POLICY:
        return "permitted"
    if stage is Stage.HOLD:
        return "no person is needed" if view["approval"] is None else "a person approved"
    if stage is Stage.EXECUTE:
        took = (view["execution"] or {}).get("duration_ms")
        return "ran in gVisor" + (f" for {took} ms" if took is not None else "")
    if stage is Stage.POST_ACTION:
        sent = len({each["position"] for each in view["deliveries"]})
        return f"{sent} delivered" if sent else "no target to tell"
    return "sealed"


def ending(view: Mapping[str, Any]) -> str:
    """Return what became of a run, in a line."""
    reason = view["reason"] or (view["execution"] or {}).get("exit_reason")
    plain = one_line(str(reason)) if reason else ""
    return f"{view['status']}: {plain}" if plain and plain != "ok" else str(view["status"])
