"""What it takes to approve, and what votes come to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.approval import (
    DEFAULT_RULE,
    DEFAULT_RULE_NAME,
    MAX_REASON,
    MAX_SECONDS,
    Escalation,
    Outcome,
    Reason,
    Requirement,
    Rule,
    RuleInvalid,
    Verdict,
    combine,
)
from pipeline.tally import Vote, VoteRefused, check_vote, tally

DIGEST = b"\x01" * 32
STALE = b"\x02" * 32
CFO = Rule(
    name="cfo",
    version=4,
    quorum=1,
    groups=("northwind-cfo",),
    reason=Reason.REQUIRED,
    expires_in_seconds=3600,
    remind=(600, 1800),
    escalate=(Escalation(after_seconds=1800, to=("holding-admins",)),),
    execution_expires_in_seconds=600,
)
TWO = Rule(
    name="two-directors",
    version=1,
    quorum=2,
    groups=("directors", "holding-admins"),
    reason=Reason.OPTIONAL,
    expires_in_seconds=7200,
    execution_expires_in_seconds=300,
)
WRITTEN = CFO.as_json()


def vote(person: str, *groups: str, verdict: Verdict = Verdict.APPROVE, **changes: Any) -> Vote:
    made = Vote(
        person_id=person, verdict=verdict, groups=frozenset(groups), reason="fine", digest=DIGEST
    )
    return replace(made, **changes)


def test_the_default_rule_asks_one_approver_within_a_day() -> None:
    assert (DEFAULT_RULE.name, DEFAULT_RULE.quorum) == (DEFAULT_RULE_NAME, 1)
    assert (DEFAULT_RULE.groups, DEFAULT_RULE.expires_in_seconds) == (("approver",), 86_400)


def test_a_rule_reads_back_as_written() -> None:
    for rule in (CFO, TWO, DEFAULT_RULE):
        assert Rule.from_mapping(json.loads(json.dumps(rule.as_json()))) == rule
    short = {key: value for key, value in WRITTEN.items() if key not in {"remind", "escalate"}}
    assert Rule.from_mapping(short) == replace(CFO, remind=(), escalate=())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "CFO"}, "name"),
        ({"name": 7}, "name"),
        ({"version": 0}, "version"),
        ({"version": 1.0}, "version"),
        ({"quorum": 0}, "quorum"),
        ({"quorum": True}, "quorum"),
        ({"quorum": "1"}, "quorum"),
        ({"quorum": 101}, "quorum"),
        ({"groups": []}, "groups"),
        ({"groups": ["a", "a"]}, "groups"),
        ({"groups": "approver"}, "groups"),
        ({"groups": [""]}, "groups"),
        ({"groups": ["a b"]}, "groups"),
        ({"reason": "maybe"}, "reason"),
        ({"reason": True}, "reason"),
        ({"expires_in_seconds": 0}, "expires_in_seconds"),
        ({"expires_in_seconds": MAX_SECONDS + 1}, "expires_in_seconds"),
        ({"expires_in_seconds": None}, "expires_in_seconds"),
        ({"execution_expires_in_seconds": 0.5}, "execution_expires_in_seconds"),
        ({"remind": [600, 300]}, "remind"),
        ({"remind": [60, "soon"]}, "remind.1"),
        ({"remind": 600}, "remind"),
        ({"escalate": [{"after_seconds": 0, "to": ["a"]}]}, "escalate.0.after_seconds"),
        ({"escalate": [{"after_seconds": 60, "to": []}]}, "escalate.0.to"),
        ({"escalate": [{"after_seconds": 60}]}, "escalate.0.to"),
        ({"escalate": ["x"]}, "escalate.0"),
        (
            {"stages": [{"quorum": 1, "groups": ["a"]}, {"quorum": 0, "groups": ["a"]}]},
            "stages.1.quorum",
        ),
        ({"stages": [{"quorum": 1, "groups": ["a", 2]}]}, "stages.0.groups"),
        ({"reject_reasons": ["no order", " "]}, "reject_reasons.1"),
        ({"reauthenticate": {"acr": "gold"}}, "reauthenticate.max_age_seconds"),
        ({"anyone": True}, "anyone"),
    ],
)
def test_a_faulty_rule_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleInvalid, match=f"^{field}: "):
        Rule.from_mapping(WRITTEN | changes)


@pytest.mark.parametrize("missing", sorted(set(WRITTEN) - {"remind", "escalate"}))
def test_a_missing_field_is_named(missing: str) -> None:
    with pytest.raises(RuleInvalid, match=f"^{missing}: is missing"):
        Rule.from_mapping({key: value for key, value in WRITTEN.items() if key != missing})


def test_a_combination_takes_the_shortest_times_and_the_strictest_reason() -> None:
    both = combine([TWO, CFO, TWO])
    assert [rule.name for rule in both.rules] == ["cfo", "two-directors"]
    assert both.expires_in_seconds == 3600
    assert both.execution_expires_in_seconds == 300
    assert both.reason is Reason.REQUIRED
    assert combine([TWO]).reason is Reason.OPTIONAL
    assert Requirement.from_mapping(json.loads(json.dumps(both.as_json()))) == both


def test_a_requirement_nobody_asks_anything_in_cannot_exist() -> None:
    with pytest.raises(RuleInvalid, match="name one at least"):
        combine([])
    with pytest.raises(RuleInvalid, match="name one at least"):
        Requirement.from_mapping({"rules": []})
    with pytest.raises(RuleInvalid, match="sorted by name, each once"):
        Requirement(rules=(CFO, CFO))
    with pytest.raises(RuleInvalid, match="twice and differs"):
        combine([CFO, replace(CFO, quorum=2)])


def test_one_vote_counts_towards_each_rule_its_voter_qualifies_for() -> None:
    both = combine([CFO, TWO])
    votes = [vote("ann", "northwind-cfo", "directors")]
    counted = tally(both, votes, digest=DIGEST)
    assert counted.outcome is Outcome.OPEN
    assert [(count.rule, count.needed, count.have) for count in counted.rules] == [
        ("cfo", 1, 1),
        ("two-directors", 2, 1),
    ]
    assert tally(both, [*votes, vote("bob", "directors")], digest=DIGEST).outcome is (
        Outcome.APPROVED
    )


def test_all_rules_must_be_met() -> None:
    both = combine([CFO, TWO])
    votes = [vote("ann", "directors"), vote("bob", "directors"), vote("cat", "directors")]
    assert tally(both, votes, digest=DIGEST).outcome is Outcome.OPEN


def test_no_votes_leave_it_open() -> None:
    assert tally(combine([DEFAULT_RULE]), [], digest=DIGEST).outcome is Outcome.OPEN


def test_a_person_counts_once_however_often_they_vote() -> None:
    votes = [vote("ann", "directors"), vote("ann", "holding-admins")]
    counted = tally(combine([TWO]), votes, digest=DIGEST)
    assert (counted.outcome, counted.rules[0].have) == (Outcome.OPEN, 1)


def test_one_reject_rejects_whatever_else_was_said() -> None:
    votes = [vote(name, "directors") for name in ("ann", "bob", "cat")]
    stop = vote("dan", "directors", verdict=Verdict.REJECT)
    for place in range(4):
        mixed = [*votes[:place], stop, *votes[place:]]
        assert tally(combine([TWO]), mixed, digest=DIGEST).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("faulty", "why"),
    [
        (vote("bob", "directors", digest=STALE), "another action"),
        (vote("bob", "approver"), "none of the groups asked: directors, holding-admins"),
        (vote("bob"), "none of the groups"),
        (vote("bob", "directors", reason="x" * (MAX_REASON + 1)), "shorten it"),
    ],
)
def test_an_approval_that_cannot_count_is_refused_and_left_out(faulty: Vote, why: str) -> None:
    required = combine([TWO])
    with pytest.raises(VoteRefused, match=why):
        check_vote(required, faulty, digest=DIGEST)
    votes = [vote("ann", "directors"), faulty]
    assert tally(required, votes, digest=DIGEST).outcome is Outcome.OPEN


def test_a_vote_without_the_required_reason_is_refused() -> None:
    for reason in ("", "  "):
        silent = vote("ann", "northwind-cfo", reason=reason)
        with pytest.raises(VoteRefused, match="needs a reason"):
            check_vote(combine([CFO]), silent, digest=DIGEST)
        assert tally(combine([CFO]), [silent], digest=DIGEST).outcome is Outcome.OPEN
    check_vote(combine([TWO]), vote("ann", "directors", reason=""), digest=DIGEST)


def test_a_reject_of_an_earlier_action_does_not_stop_this_one() -> None:
    stale = vote("ann", "directors", verdict=Verdict.REJECT, digest=STALE)
    votes = [stale, vote("bob", "directors"), vote("cat", "directors")]
    assert tally(combine([TWO]), votes, digest=DIGEST).outcome is Outcome.APPROVED


VOTES = st.lists(
    st.builds(
        Vote,
        person_id=st.sampled_from("abcdef"),
        verdict=st.sampled_from(Verdict),
        groups=st.frozensets(st.sampled_from(["northwind-cfo", "directors", "holding-admins"])),
        reason=st.sampled_from(["", "fine"]),
        digest=st.sampled_from([DIGEST, STALE]),
    ),
    max_size=12,
)


@given(votes=VOTES, order=st.randoms())
def test_the_order_of_votes_never_matters(votes: list[Vote], order: Any) -> None:
    shuffled = list(votes)
    order.shuffle(shuffled)
    required = combine([CFO, TWO])
    assert tally(required, votes, digest=DIGEST) == tally(required, shuffled, digest=DIGEST)


@given(votes=VOTES)
def test_approval_always_has_enough_different_persons_behind_every_rule(votes: list[Vote]) -> None:
    if tally(combine([CFO, TWO]), votes, digest=DIGEST).outcome is not Outcome.APPROVED:
        return
    sound = [v for v in votes if v.digest == DIGEST and v.reason]
    assert all(v.verdict is Verdict.APPROVE for v in votes if v.digest == DIGEST)
    for rule in (CFO, TWO):
        assert len({v.person_id for v in sound if v.groups & set(rule.groups)}) >= rule.quorum
