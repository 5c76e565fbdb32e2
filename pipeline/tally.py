"""What votes come to. The database counts the same way before a run becomes approved.

Votes are taken in the order they were cast. Each counts towards the turn a rule has come to at
that moment, where its voter's groups are asked in it; a later turn begins once the one before has
its quorum. So a vote that is withdrawn takes with it what was said in the turns after it, until it
is said again. One vote counts towards each rule it fits; one reject rejects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from pipeline.approval import MAX_REASON, Outcome, Reason, Requirement, Rule, Verdict
from pipeline.errors import AwgpError
from pipeline.refusal import Refusal


class VoteRefused(AwgpError):
    """This vote cannot count towards this requirement; the message says why."""


class NotYourTurn(VoteRefused):
    """The voter is asked later, when those before them have agreed."""


class ReasonMissing(VoteRefused, Refusal):
    """A rule asks for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's answer.

    Args:
        groups: The voter's at the time, or those they were lent.
        digest: Of the action they saw.
        cast_after: Since the question was opened.
        proven_before: How long before the vote its caster proved who they are; None: unknown.
        acr: How they proved it.
        on_behalf_of: Who lent the vote; then it is theirs that counts.
        preset: The reject reason they named.
    """

    person_id: str
    verdict: Verdict
    groups: frozenset[str]
    reason: str = ""
    digest: bytes
    cast_after: timedelta = timedelta(0)
    proven_before: timedelta | None = None
    acr: str | None = None
    on_behalf_of: str | None = None
    preset: str | None = None

    @property
    def persons(self) -> frozenset[str]:
        """Whom it uses up: none of them counts again."""
        return frozenset({self.person_id, self.on_behalf_of or self.person_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCount:
    """How far one turn is; `groups` are asked from its beginning."""

    groups: tuple[str, ...]
    needed: int
    have: int

    @property
    def is_met(self) -> bool:
        """Whether enough persons approved."""
        return self.have >= self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How far one rule is. `have` counts persons, not votes, over all its turns."""

    rule: str
    turns: tuple[TurnCount, ...]

    @property
    def needed(self) -> int:
        return sum(turn.needed for turn in self.turns)

    @property
    def have(self) -> int:
        return sum(turn.have for turn in self.turns)

    @property
    def is_met(self) -> bool:
        """Whether enough persons approved in every turn."""
        return all(turn.is_met for turn in self.turns)

    @property
    def turn(self) -> int:
        """The place of the turn it has come to; as many as there are when all were taken."""
        return sum(turn.is_met for turn in self.turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes come to, and per rule how they add up."""

    outcome: Outcome
    rules: tuple[RuleCount, ...]


def check_vote(
    requirement: Requirement, vote: Vote, *, digest: bytes, before: Iterable[Vote] = ()
) -> None:
    """Let a vote pass that can count. Whether its caster proved who they are lately is asked
    elsewhere (pipeline/reauthentication.py).

    Args:
        before: The votes that stand.

    Raises:
        VoteRefused: It names another action, its voter qualifies for no rule, its reason is
            longer than `MAX_REASON`, or its preset is none of the rules'.
        ReasonMissing: A rule asks for one.
        NotYourTurn: Others are asked first.
    """
    if vote.digest != digest:
        raise VoteRefused("the vote names another action than the one now held; look at it again")
    fitting = [rule for rule in requirement.rules if rule.qualifies(vote.groups, vote.cast_after)]
    if not fitting:
        wanted = sorted({group for rule in requirement.rules for group in _asked(rule, vote)})
        raise VoteRefused(f"the voter is in none of the groups asked: {', '.join(wanted)}")
    if len(vote.reason) > MAX_REASON:
        raise VoteRefused(f"the reason is longer than {MAX_REASON} characters; shorten it")
    if vote.preset is not None and vote.preset not in requirement.reject_reasons:
        raise VoteRefused("no rule offers this reject reason; name one of theirs, or say it freely")
    if not _says_why(requirement, vote):
        raise ReasonMissing("this approval needs a reason; give one", field="reason")
    stand = list(before)
    if vote.verdict is Verdict.APPROVE and not turns_taken(requirement, vote, stand, digest):
        _refuse_for_now(requirement, fitting, vote, stand)


def _refuse_for_now(
    requirement: Requirement, fitting: Iterable[Rule], vote: Vote, before: Sequence[Vote]
) -> NoReturn:
    asked = (_now_asked(requirement, rule, vote, before) for rule in fitting)
    first = sorted(frozenset[str]().union(*asked))
    if not first:
        raise VoteRefused("enough of those you could vote with have agreed; others are asked now")
    raise NotYourTurn(f"it is not your turn yet: {', '.join(first)} decide first")


def turns_taken(
    requirement: Requirement, vote: Vote, before: Iterable[Vote], digest: bytes
) -> tuple[Rule, ...]:
    """The rules in which an approval would count now, were its caster's proof fresh enough."""
    stand = [each for each in before if each.digest == digest]
    found = []
    for rule in requirement.rules:
        turn = count_rule(requirement, rule, stand).turn
        if turn < len(rule.turns) and rule.groups_of(turn, vote.cast_after) & vote.groups:
            found.append(rule)
    return tuple(found)


def tally(requirement: Requirement, votes: Iterable[Vote], *, digest: bytes) -> Tally:
    """Count the votes on the action of this digest; votes on any other are left out.

    A person counts once. A reject always counts, since stopping is the safe side.
    """
    on_this = [vote for vote in votes if vote.digest == digest]
    rules = tuple(count_rule(requirement, rule, on_this) for rule in requirement.rules)
    outcome = Outcome.OPEN
    if any(vote.verdict is Verdict.REJECT for vote in on_this):
        outcome = Outcome.REJECTED
    elif all(rule.is_met for rule in rules):
        outcome = Outcome.APPROVED
    return Tally(outcome=outcome, rules=rules)


def count_rule(requirement: Requirement, rule: Rule, votes: Sequence[Vote]) -> RuleCount:
    """Let the approvals take the rule's turns, in the order they were cast."""
    turns, have, used = rule.turns, [0] * len(rule.turns), set[str]()
    turn = 0
    for vote in sorted(votes, key=_order):
        if turn == len(turns):
            break
        if used & vote.persons or not _fits(requirement, rule, turn, vote):
            continue
        used |= vote.persons
        have[turn] += 1
        turn += have[turn] >= turns[turn].quorum
    return RuleCount(
        rule=rule.name,
        turns=tuple(
            TurnCount(groups=each.groups, needed=each.quorum, have=count)
            for each, count in zip(turns, have, strict=True)
        ),
    )


def proven_enough(rule: Rule, vote: Vote) -> bool:
    """Whether the caster's proof of who they are is as fresh and of the kind the rule asks."""
    asked = rule.reauthenticate
    if asked is None:
        return True
    fresh = vote.proven_before is not None and vote.proven_before <= timedelta(
        seconds=asked.max_age_seconds
    )
    return fresh and asked.acr in {None, vote.acr}


def _fits(requirement: Requirement, rule: Rule, turn: int, vote: Vote) -> bool:
    return (
        vote.verdict is Verdict.APPROVE
        and len(vote.reason) <= MAX_REASON
        and _says_why(requirement, vote)
        and not rule.groups_of(turn, vote.cast_after).isdisjoint(vote.groups)
        and proven_enough(rule, vote)
    )


def _order(vote: Vote) -> tuple[object, ...]:
    return vote.cast_after, vote.person_id, sorted(vote.groups), vote.reason


def _says_why(requirement: Requirement, vote: Vote) -> bool:
    says = bool(vote.reason.strip()) or (vote.verdict is Verdict.REJECT and vote.preset is not None)
    return says or requirement.reason is not Reason.REQUIRED


def _asked(rule: Rule, vote: Vote) -> frozenset[str]:
    turns = range(len(rule.turns))
    return frozenset[str]().union(*(rule.groups_of(at, vote.cast_after) for at in turns))


def _now_asked(
    requirement: Requirement, rule: Rule, vote: Vote, before: Sequence[Vote]
) -> frozenset[str]:
    count = count_rule(requirement, rule, before)
    met = count.turn == len(rule.turns)
    return frozenset() if met else rule.groups_of(count.turn, vote.cast_after)
