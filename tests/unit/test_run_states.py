"""The state table: legal moves, the rest refused, and no way around the epoch."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipeline.cancel import CANCELLABLE
from pipeline.run import (
    ALLOWED,
    RAISES_EPOCH,
    STAGE_OF,
    TERMINAL,
    IllegalMove,
    Run,
    Stage,
    Status,
    check_move,
    state_diagram,
)

A_RUN = Run(
    tenant_id=UUID("018f0000-0000-7000-8000-000000000001"),
    run_id=UUID("018f0000-0000-7000-8000-000000000002"),
    epoch=1,
    status=Status.RECEIVED,
)
DESIGNED = """
received -> permitted denied failed
permitted -> held approved failed
held -> approved rejected expired cancelled held
approved -> executing held denied expired cancelled failed
executing -> executed failed cancelled
executed -> delivering delivered
delivering -> delivered failed
delivered -> completed
failed -> received
"""
LEGAL = {
    (Status(old), Status(new))
    for old, targets in (line.split(" -> ") for line in DESIGNED.strip().splitlines())
    for new in targets.split()
}


def test_a_person_may_end_whatever_can_be_cancelled() -> None:
    assert {old for old in Status if Status.CANCELLED in ALLOWED[old]} == CANCELLABLE


@pytest.mark.parametrize("old", Status)
@pytest.mark.parametrize("new", Status)
def test_exactly_the_designed_moves_are_legal(old: Status, new: Status) -> None:
    if (old, new) in LEGAL:
        check_move(old, new)
    else:
        with pytest.raises(IllegalMove, match=f"from {old} to {new}"):
            check_move(old, new)


def test_every_status_has_a_row_and_every_ended_one_but_failed_is_a_dead_end() -> None:
    assert set(ALLOWED) == set(Status)
    assert {status for status in Status if not ALLOWED[status]} == TERMINAL - {Status.FAILED}


def test_every_status_is_reachable_and_every_status_reaches_an_end() -> None:
    reached = {Status.RECEIVED}
    while grown := {new for old in reached for new in ALLOWED[old]} - reached:
        reached |= grown
    assert reached == set(Status)
    ends = set(TERMINAL)
    while grown := {old for old in Status if ALLOWED[old] & ends} - ends:
        ends |= grown
    assert ends == set(Status)


def test_an_approval_is_the_only_door_to_execution() -> None:
    assert {old for old in Status if Status.EXECUTING in ALLOWED[old]} == {Status.APPROVED}
    assert {old for old in Status if Status.APPROVED in ALLOWED[old]} == {
        Status.PERMITTED,
        Status.HELD,
    }


def test_a_run_that_ended_waits_for_sealing_and_a_completed_one_for_nothing() -> None:
    for status in TERMINAL - {Status.COMPLETED}:
        assert STAGE_OF[status] is Stage.AUDIT
    assert set(Status) - set(STAGE_OF) == {Status.HELD, Status.EXECUTING, Status.COMPLETED}


def test_the_diagram_draws_every_move_of_the_table_and_no_other() -> None:
    lines = [line.strip() for line in state_diagram().splitlines()]
    drawn = {tuple(line.split(" : ")[0].split(" --> ")) for line in lines if "-->" in line}
    assert drawn == {(str(old), str(new)) for old, new in LEGAL} | {("[*]", "received")} | {
        (str(status), "[*]") for status in TERMINAL
    }
    assert "failed --> received : replay, epoch + 1" in lines


class Passage(RuleBasedStateMachine):
    """Drive a run by any sequence of wished-for moves."""

    def __init__(self) -> None:
        super().__init__()
        self.run = A_RUN
        self.epochs_due = 1
        self.approved_in: int | None = None

    @rule(new=st.sampled_from(Status))
    def wish(self, new: Status) -> None:
        old = self.run
        if (old.status, new) not in LEGAL:
            with pytest.raises(IllegalMove):
                old.moved_to(new)
            return
        self.run = old.moved_to(new)
        self.epochs_due += (old.status, new) in RAISES_EPOCH
        if new is Status.APPROVED:
            self.approved_in = self.run.epoch

    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        if ALLOWED[self.run.status]:
            self.wish(data.draw(st.sampled_from(sorted(ALLOWED[self.run.status]))))

    @invariant()
    def the_epoch_counts_edits_drifts_and_replays(self) -> None:
        assert self.run.epoch == self.epochs_due

    @invariant()
    def nothing_executes_without_an_approval_of_its_own_epoch(self) -> None:
        if self.run.status in {Status.EXECUTING, Status.EXECUTED, Status.DELIVERING}:
            assert self.approved_in == self.run.epoch

    @invariant()
    def identity_never_changes(self) -> None:
        assert (self.run.tenant_id, self.run.run_id) == (A_RUN.tenant_id, A_RUN.run_id)


TestPassage = Passage.TestCase
