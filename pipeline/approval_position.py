"""Where someone stands towards an approval: may they vote now, and if not, why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.approval import Requirement, Rule


class WhyNot(StrEnum):
    """Why a vote would be refused; the first that applies."""

    NOT_OPEN = "not-open"
    EXPIRED = "expired"
    NOT_A_PERSON = "not-a-person"
    EXCLUDED = "excluded"
    VOTED = "voted"
    NOT_QUALIFIED = "not-qualified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks.

    Args:
        person_id: None where the tenant does not know them yet.
        groups: Their voting groups in the tenant.
        is_person: A machine never votes.
    """

    person_id: UUID | None
    groups: frozenset[str]
    is_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is between one viewer and one approval.

    Args:
        excluded_because: Why four eyes keeps them out; None where it does not.
        voted: Their vote that counts: approve or reject.
    """

    status: str
    opened_at: datetime
    expires_at: datetime
    requirement: Requirement
    excluded_because: str | None
    voted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The answer: `why_not` and `detail` are None where a vote would count."""

    can_vote: bool
    why_not: WhyNot | None = None
    detail: str | None = None


CAN_VOTE = Position(can_vote=True)


def position(viewer: Viewer, standing: Standing, now: datetime) -> Position:
    """Whether a vote of the viewer would count now."""
    why_not = _closed(standing, now) or _kept_out(viewer, standing)
    if why_not is not None:
        return why_not
    rules = standing.requirement.rules
    if not qualifying(rules, viewer.groups, standing.opened_at, now):
        wanted = sorted({group for rule in rules for group in rule.groups})
        return _no(WhyNot.NOT_QUALIFIED, f"you are in none of the groups asked: {_few(wanted)}")
    return CAN_VOTE


def _closed(standing: Standing, now: datetime) -> Position | None:
    if standing.status != "open":
        return _no(WhyNot.NOT_OPEN, f"it is {standing.status}; nothing is left to decide")
    if now >= standing.expires_at:
        return _no(WhyNot.EXPIRED, "its time has passed; nothing will run")
    return None


def _kept_out(viewer: Viewer, standing: Standing) -> Position | None:
    if not viewer.is_person:
        return _no(WhyNot.NOT_A_PERSON, "this takes a person's own judgement")
    if standing.excluded_because is not None:
        because = standing.excluded_because
        return _no(WhyNot.EXCLUDED, f"four eyes: you are the {because}, so another person decides")
    if standing.voted is not None:
        return _no(WhyNot.VOTED, f"you have voted: {standing.voted}")
    return None


def qualifying(
    rules: Iterable[Rule], groups: Iterable[str], opened_at: datetime, now: datetime
) -> tuple[str, ...]:
    """The names of the rules a vote of someone in these groups counts towards now."""
    theirs, after = frozenset(groups), now - opened_at
    return tuple(rule.name for rule in rules if rule.qualifies(theirs, after))


def _no(why_not: WhyNot, detail: str) -> Position:
    return Position(can_vote=False, why_not=why_not, detail=detail)


def _few(groups: list[str]) -> str:
    return ", ".join(groups[:12]) + (", ..." if len(groups) > 12 else "")
