"""A run's five stages with their times, from what each stage wrote down when it did its part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pipeline.run import STAGE_OF, Stage, Status


class StageState(StrEnum):
    """How far one stage is with a run, in its latest epoch."""

    WAITING = "waiting"
    WORKING = "working"
    PEOPLE = "people"
    DONE = "done"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """One stage. `detail` says in a few words what came of it."""

    stage: Stage
    state: StageState
    started_at: datetime | None
    ended_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    started_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str | None = None
    went_on: bool = False


_STAGES: Final = (Stage.POLICY, Stage.HOLD, Stage.EXECUTE, Stage.POST_ACTION, Stage.AUDIT)
# The stage a run is at, by its status, where no handoff says so.
_AT: Final[Mapping[Status, Stage]] = {
    **STAGE_OF,
    Status.HELD: Stage.HOLD,
    Status.EXECUTING: Stage.EXECUTE,
    Status.COMPLETED: Stage.AUDIT,
}


def timeline(story: Mapping[str, Any]) -> tuple[StageLine, ...]:
    """Of a run as `run_detail.load_story` gives it."""
    spans = {
        Stage.POLICY: _policy(story),
        Stage.HOLD: _hold(story),
        Stage.EXECUTE: _execute(story),
        Stage.POST_ACTION: _post_action(story),
        Stage.AUDIT: _audit(story),
    }
    reached = _AT[Status(story["status"])]
    return tuple(_line(stage, spans[stage], reached, story) for stage in _STAGES)


def _line(stage: Stage, span: _Span, reached: Stage, story: Mapping[str, Any]) -> StageLine:
    return StageLine(
        stage=stage,
        state=_state(stage, span, reached, story),
        started_at=span.started_at,
        ended_at=span.ended_at,
        detail=span.detail,
    )


def _state(stage: Stage, span: _Span, reached: Stage, story: Mapping[str, Any]) -> StageState:
    if stage is reached and not (stage is Stage.AUDIT and story["sealed_at"] is not None):
        if Status(story["status"]) is Status.HELD:
            return StageState.PEOPLE
        handoff = story["handoff"]
        return StageState.WORKING if handoff and handoff["worked_on"] else StageState.WAITING
    if span.ended_at is not None:
        return StageState.DONE if span.went_on else StageState.STOPPED
    if span.started_at is not None:
        return StageState.STOPPED
    passed = _STAGES.index(stage) < _STAGES.index(reached)
    return StageState.SKIPPED if passed else StageState.AHEAD


def _of_epoch(rows: Sequence[Mapping[str, Any]], epoch: int) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["epoch"] == epoch]


def _policy(story: Mapping[str, Any]) -> _Span:
    found = _of_epoch(story["decisions"], story["epoch"])
    if not found:
        return _Span()
    began = story["received_at"] if story["epoch"] == 1 else None
    decided = found[0]
    return _Span(
        started_at=began,
        ended_at=decided["decided_at"],
        detail=decided["code"],
        went_on=decided["verdict"] != "deny",
    )


def _hold(story: Mapping[str, Any]) -> _Span:
    found = _of_epoch(story["approvals"], story["epoch"])
    if not found:
        decided = _of_epoch(story["decisions"], story["epoch"])
        if decided and decided[0]["verdict"] == "auto" and story["status"] != Status.PERMITTED:
            at = decided[0]["decided_at"]
            return _Span(started_at=at, ended_at=at, detail="auto", went_on=True)
        return _Span()
    approval = found[0]
    return _Span(
        started_at=approval["opened_at"],
        ended_at=approval["decided_at"],
        detail=approval["status"],
        went_on=approval["status"] == "approved",
    )


def _execute(story: Mapping[str, Any]) -> _Span:
    found = _of_epoch(story["executions"], story["epoch"])
    if not found:
        return _Span()
    last = found[0]
    return _Span(
        started_at=found[-1]["started_at"],
        ended_at=last["finished_at"],
        detail=last["exit_reason"],
        went_on=last["exit_reason"] == "ok",
    )


def _post_action(story: Mapping[str, Any]) -> _Span:
    found = _of_epoch(story["deliveries"], story["epoch"])
    if not found:
        return _Span()
    times = [each["attempted_at"] for each in found]
    delivered = sum(each["outcome"] == "delivered" for each in found)
    return _Span(
        started_at=min(times),
        ended_at=max(times),
        detail=f"{delivered} delivered in {len(found)} attempts",
        went_on=story["status"] in {Status.DELIVERED, Status.COMPLETED},
    )


def _audit(story: Mapping[str, Any]) -> _Span:
    if story["sealed_at"] is None:
        return _Span()
    return _Span(ended_at=story["sealed_at"], detail="sealed", went_on=True)
