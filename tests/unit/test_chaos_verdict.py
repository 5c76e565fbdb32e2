"""The verdict of chaos notices each promise that is broken, and names the run."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ops.chaos.checks import UNKNOWN, Evidence, judge, requests_per_key, true_times
from ops.chaos.killers import Kill
from ops.chaos.outside import Acknowledgement, weights
from ops.chaos.plan import KINDS, Plan, short_plan, strikes
from ops.chaos.records import RunRecord
from ops.chaos.report import Outcome
from ops.chaos.world import Sender

AT = 1_800_000_000.0
SAFE, ONCE = UUID(int=1), UUID(int=2)
MOVES = (
    (None, "received"),
    ("received", "permitted"),
    ("permitted", "approved"),
    ("approved", "executing"),
    ("executing", "executed"),
    ("executed", "delivering"),
    ("delivering", "delivered"),
    ("delivered", "completed"),
)
UNKNOWN_MOVES = (*MOVES[:4], ("executing", "failed"), ("failed", "failed"))


def sender(source_id: UUID, *, safe: bool) -> Sender:
    return Sender(
        tenant="acme", name="s", source_id=source_id, secret=b"", safe=safe, real=False, held=False
    )


def acknowledged(run: str, event: str) -> Acknowledgement:
    return Acknowledgement(
        event=event, source=str(SAFE), status=202, run=run, sent_at=AT, acked_at=AT, tries=1
    )


def completed(run: str, event: str, source: UUID) -> RunRecord:
    began = datetime.fromtimestamp(AT, UTC)
    return RunRecord(
        run=run,
        tenant="acme",
        event=event,
        source=str(source),
        status="completed",
        reason=None,
        sealed=True,
        executions=((1, "ok", began, began),),
    )


def launched(run: str, execution: str) -> list[dict[str, Any]]:
    line = {"run": run, "execution": execution, "real": False}
    return [{**line, "what": "launched", "at": AT}, {**line, "what": "ended", "at": AT + 0.1}]


def request(run: str, key: str | None = None) -> dict[str, Any]:
    return {
        "key": key or f"msg_{run}_0",
        "run": run,
        "path": "/acme",
        "body": "b",
        "same_key": True,
        "verdict": "ok",
    }


def evidence() -> Evidence:
    """Two runs that went well: `again` of an assistant whose reruns are safe, `once` of another."""
    return Evidence(
        acknowledged=[acknowledged("again", "e1"), acknowledged("once", "e2")],
        runs=[completed("again", "e1", SAFE), completed("once", "e2", ONCE)],
        senders=[sender(SAFE, safe=True), sender(ONCE, safe=False)],
        launches=[*launched("again", "x1"), *launched("once", "x2")],
        received=[request("again"), request("once")],
        moves={"again": MOVES, "once": MOVES},
        kills=[Kill(kind="execute", how="tree", killed_at=AT + 500)],
        offsets=[(0.0, 0.0)],
    )


def with_unknown(run: str, *, killed_at: float) -> Evidence:
    """`run` failed because nobody knows how it went; an execute worker was killed at a moment."""
    good = evidence()
    began = datetime.fromtimestamp(AT, UTC)
    runs = [
        replace(each, status="failed", reason=UNKNOWN, executions=((1, "host_lost", began, None),))
        if each.run == run
        else each
        for each in good.runs
    ]
    return replace(
        good,
        runs=runs,
        received=[each for each in good.received if each["run"] != run],
        moves={**good.moves, run: UNKNOWN_MOVES},
        kills=[Kill(kind="execute", how="tree", killed_at=killed_at)],
    )


def test_what_holds_is_found_to_hold() -> None:
    verdict = judge(evidence())
    assert verdict.broken == []
    assert (verdict.acknowledged, verdict.completed) == (2, 2)
    assert (verdict.lost, verdict.duplicate_effects, verdict.outcome_unknown) == (0, 0, 0)


def test_a_run_that_is_gone_or_not_sealed_is_lost_and_named() -> None:
    good = evidence()
    gone = judge(replace(good, runs=good.runs[1:]))
    assert gone.lost == 1
    assert any("again" in each for each in gone.broken)
    unsealed = judge(replace(good, runs=[replace(good.runs[0], sealed=False), good.runs[1]]))
    assert unsealed.lost == 1


@pytest.mark.parametrize(
    "change",
    [
        {"received": [request("again"), request("again", "msg_other_0"), request("once")]},
        {"received": [request("again"), {**request("again"), "body": "c"}, request("once")]},
        {"launches": [*launched("once", "x2"), *launched("once", "x3")]},
        {"acknowledged": [acknowledged("again", "e1"), acknowledged("once", "e1")]},
        {"runs": [completed("again", "e1", SAFE), completed("once", "e1", SAFE)]},
    ],
    ids=["two-keys", "two-bodies", "unsafe-twice", "two-answers", "two-runs"],
)
def test_an_effect_that_a_receiver_would_apply_twice_is_counted(change: dict[str, Any]) -> None:
    verdict = judge(replace(evidence(), **change))
    assert verdict.duplicate_effects == 1
    assert verdict.broken != []


def test_a_rerun_of_what_is_safe_is_no_duplicate() -> None:
    good = evidence()
    verdict = judge(replace(good, launches=[*good.launches, *launched("again", "x4")]))
    assert (verdict.duplicate_effects, verdict.broken) == (0, [])


def test_an_unknown_outcome_is_right_only_under_a_kill_and_where_a_rerun_is_not_safe() -> None:
    right = judge(with_unknown("once", killed_at=AT + 0.05))
    assert (right.outcome_unknown, right.broken) == (1, [])
    late = with_unknown("once", killed_at=AT + 60)
    assert judge(late).broken != []
    # On a busy machine whoever kills may be the last to note when.
    slow = [replace(each, struck_at=AT + 0.05) for each in late.kills]
    assert judge(replace(late, kills=slow)).broken == []


def with_stopped(**changes: Any) -> Evidence:
    """`once` was cancelled, because somebody stopped it and was told so."""
    good = evidence()
    stopped = replace(good.runs[1], status="cancelled", reason="killed by a person")
    moves = (*MOVES[:4], ("executing", "cancelled"), ("cancelled", "cancelled"))
    told = frozenset({"once"})
    right = {
        "runs": [good.runs[0], stopped],
        "received": [request("again")],
        "moves": {"again": MOVES, "once": moves},
        "stopped": told,
        "told_stopped": told,
    }
    return replace(good, **{**right, **changes})


def test_a_run_that_somebody_stopped_is_cancelled_and_not_delivered() -> None:
    assert judge(with_stopped()).broken == []
    nobody: frozenset[str] = frozenset()
    for change in (
        {"stopped": nobody, "told_stopped": nobody},
        {"received": [request("again"), request("once")]},
        {"told_stopped": frozenset({"once", "again"})},
    ):
        assert len(judge(with_stopped(**change)).broken) == 1, change


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize(("killed_at", "right"), [(AT + 3, True), (AT + 60, False)])
def test_an_execution_is_in_doubt_until_it_is_settled(
    killed_at: float, right: bool, noted: bool
) -> None:
    found = with_unknown("once", killed_at=killed_at)
    began, settled = (datetime.fromtimestamp(each, UTC) for each in (AT, AT + 8))
    runs = [
        replace(each, executions=((1, "host_lost", began, settled),))
        if each.run == "once"
        else each
        for each in found.runs
    ]
    launches = [each for each in found.launches if noted or each["run"] != "once"]
    assert (judge(replace(found, runs=runs, launches=launches)).broken == []) is right
    assert judge(with_unknown("again", killed_at=AT + 0.05)).broken != []


@pytest.mark.parametrize(
    "change",
    [
        {"moves": {"again": MOVES, "once": (*MOVES[:3], *MOVES[4:])}},
        {"moves": {"again": MOVES, "once": MOVES[:-1]}},
        {"moves": {"again": MOVES}},
        {"received": [request("again")]},
        {"received": [request("again"), request("once"), request("nobody")]},
        {"received": [request("again"), request("once"), {**request("x"), "verdict": "forged"}]},
        {"received": [request("again"), {**request("once"), "same_key": False}]},
    ],
    ids=["gap", "no-end", "no-trail", "undelivered", "strange", "forged", "other-key"],
)
def test_a_gap_or_a_wrong_delivery_is_named(change: dict[str, Any]) -> None:
    assert len(judge(replace(evidence(), **change)).broken) == 1


def test_requests_are_counted_by_how_often_their_key_came() -> None:
    seen = [request("a"), request("a"), request("b")]
    assert requests_per_key(seen) == {"1": 1, "2": 1}


def test_a_time_of_a_stepped_clock_is_put_back_on_the_machines() -> None:
    offsets = [(0.0, 0.0), (AT, 40.0), (AT + 100, 0.0)]
    assert true_times(datetime.fromtimestamp(AT + 50, UTC), offsets) == [AT + 10]


def test_the_seed_names_the_order_and_every_kind_comes_in_every_round() -> None:
    def first(seed: int, count: int) -> list[tuple[int, tuple[str, ...]]]:
        given = strikes(Plan(seed=seed))
        return [next(given) for _ in range(count)]

    assert first(7, 40) == first(7, 40)
    assert first(7, 40) != first(8, 40)
    struck = [kind for done, kinds in first(7, 80) if done < 3 for kind in kinds]
    assert {kind: struck.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 3)


def test_two_kinds_of_one_part_are_not_killed_at_one_moment() -> None:
    for seed in range(40):
        for done, kinds in strikes(Plan(seed=seed)):
            parts = [kind.partition("_")[0] for kind in kinds]
            assert len(set(parts)) == len(parts)
            if done == 3:
                break


def test_a_plan_ends_by_time_or_by_what_is_done() -> None:
    assert Plan(seed=1, minutes=2).is_over(seconds=121, rounds=0, acknowledged=0)
    assert not Plan(seed=1).is_over(seconds=9999, rounds=3, acknowledged=4999)
    assert not Plan(seed=1).is_over(seconds=9999, rounds=2, acknowledged=5000)
    assert short_plan(1).is_over(seconds=1, rounds=1, acknowledged=150)


def test_the_shares_of_the_load_add_up() -> None:
    senders = [sender(UUID(int=n), safe=bool(n % 2)) for n in range(4)]
    chosen = [replace(senders[0], real=True), replace(senders[1], held=True), *senders[2:]]
    assert sum(weights(chosen)) == pytest.approx(1)


def test_a_part_that_stays_away_and_a_late_return_break_a_promise() -> None:
    gone = Kill(kind="relay", how="tree", killed_at=AT)
    late = replace(gone, ready_at=AT + 1, ack_seconds=0.1, run_seconds=5.5)
    outcome = Outcome(
        verdict=judge(evidence()),
        kills=[gone, late],
        receiver_requests=2,
        requests_per_key={"1": 2},
        left=["file x"],
    )
    assert len(outcome.broken(timed=True)) == 3
    assert len(outcome.broken(timed=False)) == 2
