"""Votes on a held action, and what they come to.

One vote counts towards each rule its voter qualifies for; every rule must be met; one reject
rejects. The database counts the same way before it lets a run become approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pipeline.approval import Reason, Requirement
from pipeline.errors import AwgpError

MAX_REASON: Final = 2000  # characters


class VoteRefused(AwgpError):
    """This vote cannot count towards this requirement; the message says why."""


class Verdict(StrEnum):
    """One person's answer."""

    APPROVE = "approve"
    REJECT = "reject"


class Outcome(StrEnum):
    """What the votes so far come to."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's answer. `groups` are theirs at the time; `digest` is the action's they saw."""

    person_id: str
    verdict: Verdict
    groups: frozenset[str]
    reason: str = ""
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How far one rule is. `have` counts persons, not votes."""

    rule: str
    needed: int
    have: int

    @property
    def is_met(self) -> bool:
        """Whether enough persons approved."""
        return self.have >= self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes come to, and per rule how they add up."""

    outcome: Outcome
    rules: tuple[RuleCount, ...]


def check_vote(requirement: Requirement, vote: Vote, *, digest: bytes) -> None:
    """Let a vote pass that can count.

    Raises:
        VoteRefused: It names another action, its voter qualifies for no rule, or it lacks the
            reason the requirement asks for, or the reason is longer than `MAX_REASON`.
    """
    if vote.digest != digest:
        raise VoteRefused("the vote names another action than the one now held; look at it again")
    if not any(rule.qualifies(vote.groups) for rule in requirement.rules):
        wanted = sorted({group for rule in requirement.rules for group in rule.groups})
        raise VoteRefused(f"the voter is in none of the groups asked: {', '.join(wanted)}")
    if requirement.reason is Reason.REQUIRED and not vote.reason.strip():
        raise VoteRefused("this approval needs a reason; give one")
    if len(vote.reason) > MAX_REASON:
        raise VoteRefused(f"the reason is longer than {MAX_REASON} characters; shorten it")


def tally(requirement: Requirement, votes: Iterable[Vote], *, digest: bytes) -> Tally:
    """Count the votes on the action of this digest; votes on any other are left out.

    A person counts once. An approval that `check_vote` refuses does not count; a reject always
    does, since stopping is the safe side.
    """
    on_this = [vote for vote in votes if vote.digest == digest]
    approving = [vote for vote in on_this if _approves(requirement, vote, digest)]
    rules = tuple(
        RuleCount(
            rule=rule.name,
            needed=rule.quorum,
            have=len({vote.person_id for vote in approving if rule.qualifies(vote.groups)}),
        )
        for rule in requirement.rules
    )
    outcome = Outcome.OPEN
    if any(vote.verdict is Verdict.REJECT for vote in on_this):
        outcome = Outcome.REJECTED
    elif all(rule.is_met for rule in rules):
        outcome = Outcome.APPROVED
    return Tally(outcome=outcome, rules=rules)


def _approves(requirement: Requirement, vote: Vote, digest: bytes) -> bool:
    try:
        check_vote(requirement, vote, digest=digest)
    except VoteRefused:
        return False
    return vote.verdict is Verdict.APPROVE
