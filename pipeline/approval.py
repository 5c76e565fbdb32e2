"""What it takes to approve: named rules, and the requirement they make together.

Several named rules must all be met, each of them turn by turn; pipeline/tally.py counts. Who may
not vote at all (four eyes) is no field of a rule: it holds for every one, and the database refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NoReturn

from pipeline.errors import AwgpError

DEFAULT_RULE_NAME: Final = "default"
RULE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
MAX_SECONDS: Final = 90 * 24 * 3600
MAX_QUORUM: Final = 100
MAX_STAGES: Final = 10
MAX_REASON: Final = 2000  # characters
MAX_PRESET: Final = 200  # characters of a preset reason
MAX_PRESETS: Final = 20

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
# RFC 6749, appendix A.4, without what would need quoting in a header.
_ACR = re.compile(r"[!#-\[\]-~]{1,128}")
_PRESET = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")


class RuleInvalid(AwgpError):
    """An approval rule or requirement is refused; the message names the field."""


class Reason(StrEnum):
    """Whether a voter must say why."""

    OPTIONAL = "optional"
    REQUIRED = "required"


def _refuse(name: str, fix: str) -> NoReturn:
    raise RuleInvalid(f"{name}: {fix}")


def _check_keys(given: object, known: set[str], needed: set[str], place: str = "") -> None:
    """Within a rule, `place` says where: `stages.1`, counted from 0."""
    if not isinstance(given, Mapping):
        _refuse(place or "rule", "must be an object")
    before = f"{place}." if place else ""
    for name in sorted(str(key) for key in given if key not in known):
        _refuse(f"{before}{name}", "is not known; remove it")
    for name in sorted(needed - set(given)):
        _refuse(f"{before}{name}", "is missing")


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
class Turn:
    """So many persons of any of these groups; a rule's turns are taken one after the other."""

    quorum: int
    groups: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the form `Rule.from_mapping` reads."""
        return {"quorum": self.quorum, "groups": list(self.groups)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reauthentication:
    """Whoever approves proved who they are at most so long ago, and in this way if one is named."""

    max_age_seconds: int
    acr: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the form `Rule.from_mapping` reads."""
        return {"max_age_seconds": self.max_age_seconds} | ({"acr": self.acr} if self.acr else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named, versioned approval rule.

    A voter in any of `groups` qualifies; once `quorum` of them have agreed, each of `stages` is
    asked in its turn. `expires_in_seconds` counts from the hold's opening,
    `execution_expires_in_seconds` from the approval to the launch; `remind` holds seconds after
    the opening, ascending. Whoever rejects may name one of `reject_reasons`.
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
    stages: tuple[Turn, ...] = ()
    reauthenticate: Reauthentication | None = None
    reject_reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule nobody could meet or everybody would."""
        if not RULE_NAME.fullmatch(self.name):
            _refuse("name", "small letters, digits and - only")
        _check_groups("groups", self.groups)
        _check_int("version", self.version, 2**31 - 1)
        _check_int("quorum", self.quorum, MAX_QUORUM)
        _check_int("expires_in_seconds", self.expires_in_seconds, MAX_SECONDS)
        _check_int("execution_expires_in_seconds", self.execution_expires_in_seconds, MAX_SECONDS)
        for at, seconds in enumerate(self.remind):
            _check_int(f"remind.{at}", seconds, MAX_SECONDS)
        for at, step in enumerate(self.escalate):
            _check_int(f"escalate.{at}.after_seconds", step.after_seconds, MAX_SECONDS)
            _check_groups(f"escalate.{at}.to", step.to)
        if list(self.remind) != sorted(set(self.remind)):
            _refuse("remind", "must ascend")
        self._check_further()

    def _check_further(self) -> None:
        if len(self.stages) >= MAX_STAGES:
            _refuse("stages", f"a rule has {MAX_STAGES} at most, its first included")
        for at, turn in enumerate(self.stages):
            _check_int(f"stages.{at}.quorum", turn.quorum, MAX_QUORUM)
            _check_groups(f"stages.{at}.groups", turn.groups)
        if self.reauthenticate is not None:
            _check_int(
                "reauthenticate.max_age_seconds", self.reauthenticate.max_age_seconds, MAX_SECONDS
            )
            acr = self.reauthenticate.acr
            if acr is not None and not _ACR.fullmatch(acr):
                _refuse("reauthenticate.acr", "must be one value, without blanks or quotes")
        presets = self.reject_reasons
        if len(presets) > MAX_PRESETS or len(set(presets)) != len(presets):
            _refuse("reject_reasons", f"give {MAX_PRESETS} at most, each once")
        for at, preset in enumerate(presets):
            if not preset.strip() or len(preset) > MAX_PRESET or not _PRESET.fullmatch(preset):
                _refuse(f"reject_reasons.{at}", f"each is a line of 1 to {MAX_PRESET} characters")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Rule:
        """Read a rule from JSON. What has a default may be left out.

        Raises:
            RuleInvalid: A field is missing, unknown, or of another type; the message names it.
        """
        known = set(cls.__dataclass_fields__)
        _check_keys(given, known, known - _OPTIONAL)
        reauthenticate = given.get("reauthenticate")
        return cls(
            name=_string("name", given["name"]),
            version=given["version"],
            quorum=given["quorum"],
            groups=_strings("groups", given["groups"]),
            reason=_reason(given["reason"]),
            expires_in_seconds=given["expires_in_seconds"],
            remind=tuple(_list("remind", given.get("remind", []))),
            escalate=tuple(
                _escalation(f"escalate.{at}", step)
                for at, step in enumerate(_list("escalate", given.get("escalate", [])))
            ),
            execution_expires_in_seconds=given["execution_expires_in_seconds"],
            stages=tuple(
                _turn(f"stages.{at}", turn)
                for at, turn in enumerate(_list("stages", given.get("stages", [])))
            ),
            reauthenticate=None if reauthenticate is None else _reauthentication(reauthenticate),
            reject_reasons=_strings("reject_reasons", given.get("reject_reasons", [])),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the form `from_mapping` reads.

        The last three are there where they are set: a digest made before they were known covers
        the same bytes today.
        """
        further: dict[str, Any] = {}
        if self.stages:
            further["stages"] = [turn.as_json() for turn in self.stages]
        if self.reauthenticate is not None:
            further["reauthenticate"] = self.reauthenticate.as_json()
        if self.reject_reasons:
            further["reject_reasons"] = list(self.reject_reasons)
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
            **further,
        }

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The first one and those of `stages`, in order."""
        return (Turn(quorum=self.quorum, groups=self.groups), *self.stages)

    def groups_of(self, turn: int, after: timedelta) -> frozenset[str]:
        """Whose persons may take a turn, by its place, so long after the opening."""
        further = (
            step.to for step in self.escalate if after >= timedelta(seconds=step.after_seconds)
        )
        return frozenset(self.turns[turn].groups).union(*further)

    def qualifies(self, groups: Iterable[str], after: timedelta = timedelta(0)) -> bool:
        """Whether a person in these groups may vote in any of this rule's turns."""
        asked = (self.groups_of(at, after) for at in range(len(self.turns)))
        return not frozenset().union(*asked).isdisjoint(groups)


def _escalation(place: str, given: Mapping[str, Any]) -> Escalation:
    _check_keys(given, {"after_seconds", "to"}, {"after_seconds", "to"}, place)
    return Escalation(after_seconds=given["after_seconds"], to=_strings(f"{place}.to", given["to"]))


def _turn(place: str, given: Mapping[str, Any]) -> Turn:
    _check_keys(given, {"quorum", "groups"}, {"quorum", "groups"}, place)
    return Turn(quorum=given["quorum"], groups=_strings(f"{place}.groups", given["groups"]))


def _reauthentication(given: Mapping[str, Any]) -> Reauthentication:
    _check_keys(given, {"max_age_seconds", "acr"}, {"max_age_seconds"}, "reauthenticate")
    acr = given.get("acr")
    return Reauthentication(
        max_age_seconds=given["max_age_seconds"],
        acr=None if acr is None else _string("reauthenticate.acr", acr),
    )


_OPTIONAL: Final = {"remind", "escalate", "stages", "reauthenticate", "reject_reasons"}

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

    @property
    def reject_reasons(self) -> tuple[str, ...]:
        """Every rule's, in order, each once."""
        return tuple(dict.fromkeys(each for rule in self.rules for each in rule.reject_reasons))

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


class Verdict(StrEnum):
    """One person's answer."""

    APPROVE = "approve"
    REJECT = "reject"


class Outcome(StrEnum):
    """What the votes so far come to."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
