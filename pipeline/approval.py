"""What it takes to approve: named rules, the requirement they make together, and the count.

Several named rules must all be met; one vote counts towards each rule its voter qualifies for;
one reject rejects. The database counts the same way before a run becomes approved. Who may not
vote at all (four eyes) is no field of a rule: it holds for every one, and the database refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn

from pipeline.errors import AwgpError

DEFAULT_RULE_NAME: Final = "default"
RULE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
MAX_SECONDS: Final = 90 * 24 * 3600
MAX_QUORUM: Final = 100
MAX_REASON: Final = 2000  # characters

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


class RuleInvalid(AwgpError):
    """An approval rule or requirement is refused; the message names the field."""


class Reason(StrEnum):
    """Whether a voter must say why."""

    OPTIONAL = "optional"
    REQUIRED = "required"


def _refuse(name: str, fix: str) -> NoReturn:
    raise RuleInvalid(f"{name}: {fix}")


def _check_keys(given: object, known: set[str], needed: set[str]) -> None:
    if not isinstance(given, Mapping):
        _refuse("rule", "must be an object")
    for name in sorted(str(key) for key in given if key not in known):
        _refuse(name, "is not known; remove it")
    for name in sorted(needed - set(given)):
        _refuse(name, "is missing")


def _check_int(name: str, value: object, most: int) -> None:
    # bool is an int to Python, and 1.0 equals 1: neither is a count or a time here.
    if type(value) is not int or not 1 <= value <= most:
        _refuse(name, f"must be a whole number from 1 to {most}")


def _check_groups(name: str, groups: tuple[str, ...]) -> None:
    if not groups or len(set(groups)) != len(groups):
        _refuse(name, "name one group at least, each once")
    for group in groups:
        if not _GROUP.fullmatch(group):
            _refuse(name, "a group is letters, digits and . _ : / - only")


def _string(name: str, value: object) -> str:
    return value if isinstance(value, str) else _refuse(name, "must be a string")


def _list(name: str, value: object) -> list[Any]:
    return value if isinstance(value, list) else _refuse(name, "must be a list")


def _strings(name: str, value: object) -> tuple[str, ...]:
    return tuple(_string(name, one) for one in _list(name, value))


def _reason(value: object) -> Reason:
    if value not in list(Reason):
        _refuse("reason", f"must be one of {', '.join(Reason)}")
    return Reason(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Ask these groups as well, this many seconds after the hold opened."""

    after_seconds: int
    to: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the form `Rule.from_mapping` reads."""
        return {"after_seconds": self.after_seconds, "to": list(self.to)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named, versioned approval rule.

    A voter in any of `groups` qualifies. `expires_in_seconds` counts from the hold's opening,
    `execution_expires_in_seconds` from the approval to the launch; `remind` holds seconds after
    the opening, ascending.
    """

    name: str
    version: int
    quorum: int
    groups: tuple[str, ...]
    reason: Reason
    expires_in_seconds: int
    remind: tuple[int, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    execution_expires_in_seconds: int

    def __post_init__(self) -> None:
        """Refuse a rule nobody could meet or everybody would."""
        if not RULE_NAME.fullmatch(self.name):
            _refuse("name", "small letters, digits and - only")
        _check_groups("groups", self.groups)
        _check_int("version", self.version, 2**31 - 1)
        _check_int("quorum", self.quorum, MAX_QUORUM)
        _check_int("expires_in_seconds", self.expires_in_seconds, MAX_SECONDS)
        _check_int("execution_expires_in_seconds", self.execution_expires_in_seconds, MAX_SECONDS)
        for seconds in self.remind:
            _check_int("remind", seconds, MAX_SECONDS)
        for step in self.escalate:
            _check_int("escalate.after_seconds", step.after_seconds, MAX_SECONDS)
            _check_groups("escalate.to", step.to)
        if list(self.remind) != sorted(set(self.remind)):
            _refuse("remind", "must ascend")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Rule:
        """Read a rule from JSON. `remind` and `escalate` may be left out.

        Raises:
            RuleInvalid: A field is missing, unknown, or of another type; the message names it.
        """
        known = set(cls.__dataclass_fields__)
        _check_keys(given, known, known - {"remind", "escalate"})
        return cls(
            name=_string("name", given["name"]),
            version=given["version"],
            quorum=given["quorum"],
            groups=_strings("groups", given["groups"]),
            reason=_reason(given["reason"]),
            expires_in_seconds=given["expires_in_seconds"],
            remind=tuple(_list("remind", given.get("remind", []))),
            escalate=tuple(_escalation(x) for x in _list("escalate", given.get("escalate", []))),
            execution_expires_in_seconds=given["execution_expires_in_seconds"],
        )

    def as_json(self) -> dict[str, Any]:
        """Return the form `from_mapping` reads, every field present."""
        return {
            "name": self.name,
            "version": self.version,
            "quorum": self.quorum,
            "groups": list(self.groups),
            "reason": str(self.reason),
            "expires_in_seconds": self.expires_in_seconds,
            "remind": list(self.remind),
            "escalate": [step.as_json() for step in self.escalate],
            "execution_expires_in_seconds": self.execution_expires_in_seconds,
        }

    def qualifies(self, groups: Iterable[str]) -> bool:
        """Whether a person in these groups may vote under this rule."""
        return not set(self.groups).isdisjoint(groups)


def _escalation(given: Mapping[str, Any]) -> Escalation:
    _check_keys(given, {"after_seconds", "to"}, {"after_seconds", "to"})
    return Escalation(after_seconds=given["after_seconds"], to=_strings("escalate.to", given["to"]))


# What a permit without an annotation asks for. Four eyes come with every rule.
DEFAULT_RULE: Final = Rule(
    name=DEFAULT_RULE_NAME,
    version=1,
    quorum=1,
    groups=("approver",),
    reason=Reason.OPTIONAL,
    expires_in_seconds=24 * 3600,
    execution_expires_in_seconds=3600,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Rules that must all be met, one at least, sorted by name. Made by `combine`."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse a requirement without rules: it would be met by nobody's vote."""
        names = [rule.name for rule in self.rules]
        if not names:
            _refuse("rules", "name one at least")
        if names != sorted(set(names)):
            _refuse("rules", "must be sorted by name, each once")

    @property
    def expires_in_seconds(self) -> int:
        """The shortest of the rules'."""
        return min(rule.expires_in_seconds for rule in self.rules)

    @property
    def execution_expires_in_seconds(self) -> int:
        """The shortest of the rules'."""
        return min(rule.execution_expires_in_seconds for rule in self.rules)

    @property
    def reason(self) -> Reason:
        """Required if any rule requires it."""
        required = any(rule.reason is Reason.REQUIRED for rule in self.rules)
        return Reason.REQUIRED if required else Reason.OPTIONAL

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Requirement:
        """Read what `as_json` wrote.

        Raises:
            RuleInvalid: The message names the field.
        """
        _check_keys(given, {"rules"}, {"rules"})
        return cls(rules=tuple(Rule.from_mapping(rule) for rule in _list("rules", given["rules"])))

    def as_json(self) -> dict[str, Any]:
        """Return the form that is stored and that the action digest covers."""
        return {"rules": [rule.as_json() for rule in self.rules]}


def combine(rules: Iterable[Rule]) -> Requirement:
    """Make the requirement that all these rules be met; the same rule twice counts once.

    Raises:
        RuleInvalid: There is no rule, or two of one name differ.
    """
    by_name: dict[str, Rule] = {}
    for rule in rules:
        if by_name.setdefault(rule.name, rule) != rule:
            _refuse("rules", f"{rule.name} is there twice and differs")
    return Requirement(rules=tuple(rule for _, rule in sorted(by_name.items())))


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
