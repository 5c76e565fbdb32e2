"""Which stages a run is seen to pass, however seldom one looks."""

from typing import Any
from uuid import UUID

import pytest

from ops.run_following import ending, follow, passed
from pipeline.run import Stage, Status

RUN = UUID(int=7)


def view(status: Status, **more: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"approval": None, "execution": None, "deliveries": [], "reason": None}
    return {"status": status.value, **shown, **more}


def followed(*views: dict[str, Any], wait_seconds: float = 60) -> tuple[list[Stage], bool]:
    left = list(views)
    told: list[Stage] = []
    result = follow(
        lambda _run: left.pop(0) if len(left) > 1 else left[0],
        RUN,
        wait_seconds=wait_seconds,
        began=0,
        told=lambda each: told.append(each.stage),
    )
    assert told == [each.stage for each in result.stages]
    return told, result.in_time


ALL = [Stage.POLICY, Stage.HOLD, Stage.EXECUTE, Stage.POST_ACTION, Stage.AUDIT]


def test_every_stage_is_told_once_however_many_were_missed() -> None:
    assert followed(view(Status.RECEIVED), view(Status.COMPLETED)) == (ALL, True)
    slowly = [view(each) for each in (Status.PERMITTED, Status.PERMITTED, Status.EXECUTED)]
    assert followed(*slowly, view(Status.DELIVERED), view(Status.COMPLETED)) == (ALL, True)


def test_following_ends_where_a_person_is_waited_for() -> None:
    assert followed(view(Status.RECEIVED), view(Status.HELD)) == ([Stage.POLICY, Stage.HOLD], True)


@pytest.mark.parametrize(
    "status",
    [Status.DENIED, Status.REJECTED, Status.EXPIRED, Status.FAILED, Status.CANCELLED],
)
def test_what_ends_otherwise_ends_the_following(status: Status) -> None:
    assert followed(view(Status.PERMITTED), view(status)) == ([Stage.POLICY], True)


def test_a_wait_that_is_over_says_so() -> None:
    assert followed(view(Status.EXECUTING), wait_seconds=0) == (ALL[:2], False)


def test_what_is_said_of_a_stage_is_what_the_run_shows() -> None:
    approved = view(
        Status.COMPLETED,
        approval={"status": "approved"},
        execution={"duration_ms": 12, "exit_reason": "ok"},
        deliveries=[{"position": 0}, {"position": 0}, {"position": 1}],
    )
    said = dict(passed(approved))
    assert said[Stage.HOLD] == "a person approved"
    assert said[Stage.EXECUTE] == "ran in gVisor for 12 ms"
    assert said[Stage.POST_ACTION] == "2 delivered"
    assert ending(approved) == "completed"
    alone = dict(passed(view(Status.COMPLETED)))
    assert alone[Stage.HOLD] == "no person is needed"
    assert alone[Stage.POST_ACTION] == "no target to tell"


def test_an_ending_says_why_on_one_plain_line() -> None:
    assert ending(view(Status.FAILED, reason="no\n\x1b[2Jmore")) == "failed: no \\u001b[2Jmore"
    timeout = view(Status.FAILED, execution={"exit_reason": "timeout"})
    assert ending(timeout) == "failed: timeout"
