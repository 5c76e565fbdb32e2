"""Where someone stands towards an approval: may they vote now, and if not, why.

It is judged by what judges a vote when it is cast; what is asked of the voter besides (a reason, a
fresh proof of who they are) is asked then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.approval import Requirement, Rule, Verdict
from pipeline.delegation import IN_FORCE
from pipeline.tally import Vote, turns_taken
from pipeline.work import Work


class WhyNot(StrEnum):
    """Why a vote would be refused; the first that applies."""

    NOT_OPEN = "not-open"
    EXPIRED = "expired"
    NOT_A_PERSON = "not-a-person"
    EXCLUDED = "excluded"
    VOTED = "voted"
    NOT_QUALIFIED = "not-qualified"
    NOT_YOUR_TURN = "not-your-turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """Groups somebody lent the viewer, of those they are in themselves."""

    lender_id: UUID
    lender: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks.

    Args:
        person_id: None where the tenant does not know them yet.
        groups: Their voting groups in the tenant.
        is_person: A machine never votes.
        loans: Votes they were lent, in force now.
    """

    person_id: UUID | None
    groups: frozenset[str]
    is_person: bool
    loans: tuple[Loan, ...] = ()

    @property
    def people(self) -> list[UUID]:
        """Whose places in an approval matter to them."""
        own = [] if self.person_id is None else [self.person_id]
        return [*own, *(loan.lender_id for loan in self.loans)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What there is between one viewer and one approval.

    Args:
        places: Of the viewer's `people`, those who are excluded, with the reason, or whose vote
            is used, with None.
        votes: Those that stand.
    """

    status: str
    opened_at: datetime
    expires_at: datetime
    requirement: Requirement
    digest: bytes
    places: dict[UUID, str | None]
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The answer: `why_not` and `detail` are None where a vote would count.

    `via` are the loans that would count; where `itself` is false, they are the only way.
    """

    can_vote: bool
    itself: bool = False
    via: tuple[Loan, ...] = ()
    why_not: WhyNot | None = None
    detail: str | None = None


def viewer_of(
    work: Work, person_id: UUID | None, groups: frozenset[str], *, is_person: bool
) -> Viewer:
    """A viewer with the votes they were lent."""
    rows = work.execute(
        "SELECT d.delegator_person_id, p.display_name, d.groups, p.groups FROM delegations d"  # noqa: S608  # constant parts
        " JOIN persons p ON p.tenant_id = d.tenant_id AND p.person_id = d.delegator_person_id"
        " WHERE d.tenant_id = :tenant AND d.delegate_person_id = :person"
        f" AND p.removed_at IS NULL AND {IN_FORCE} ORDER BY d.delegation_id",
        tenant=work.tenant_id,
        person=person_id,
    )
    loans = tuple(
        Loan(lender_id=row[0], lender=row[1], groups=frozenset(row[2]) & frozenset(row[3]))
        for row in rows
    )
    return Viewer(person_id=person_id, groups=groups, is_person=is_person, loans=loans)


def position(viewer: Viewer, standing: Standing, now: datetime) -> Position:
    """Whether a vote of the viewer, or one they were lent, would count now."""
    why_not = _closed(standing, now) or _kept_out(viewer, standing)
    if why_not is not None and why_not.why_not is not WhyNot.VOTED:
        return why_not
    via = tuple(
        loan
        for loan in viewer.loans
        if loan.lender_id not in standing.places and _counts(standing, loan.groups, now)
    )
    itself = why_not is None and _counts(standing, viewer.groups, now)
    if itself or via:
        return Position(can_vote=True, itself=itself, via=via)
    return why_not or _not_asked(standing, viewer.groups, now)


def _closed(standing: Standing, now: datetime) -> Position | None:
    if standing.status != "open":
        return _no(WhyNot.NOT_OPEN, f"it is {standing.status}; nothing is left to decide")
    if now >= standing.expires_at:
        return _no(WhyNot.EXPIRED, "its time has passed; nothing will run")
    return None


def _kept_out(viewer: Viewer, standing: Standing) -> Position | None:
    if not viewer.is_person:
        return _no(WhyNot.NOT_A_PERSON, "this takes a person's own judgement")
    if viewer.person_id not in standing.places:
        return None
    because = standing.places[viewer.person_id]
    if because is None:
        return _no(WhyNot.VOTED, "your vote stands; withdraw it to vote anew")
    return _no(WhyNot.EXCLUDED, f"four eyes: you are the {because}, so another person decides")


def _counts(standing: Standing, groups: frozenset[str], now: datetime) -> bool:
    vote = Vote(
        person_id="",
        verdict=Verdict.APPROVE,
        groups=groups,
        digest=standing.digest,
        cast_after=now - standing.opened_at,
    )
    return bool(turns_taken(standing.requirement, vote, standing.votes, standing.digest))


def _not_asked(standing: Standing, groups: frozenset[str], now: datetime) -> Position:
    rules, after = standing.requirement.rules, now - standing.opened_at
    if qualifying(rules, groups, standing.opened_at, now):
        return _no(WhyNot.NOT_YOUR_TURN, "others are asked now, before or in the place of you")
    asked = {
        group
        for rule in rules
        for at in range(len(rule.turns))
        for group in rule.groups_of(at, after)
    }
    return _no(WhyNot.NOT_QUALIFIED, f"you are in none of the groups asked: {_few(sorted(asked))}")


def qualifying(
    rules: Iterable[Rule], groups: Iterable[str], opened_at: datetime, now: datetime
) -> tuple[str, ...]:
    """The names of the rules that ask someone in these groups, now or in a later turn."""
    theirs, after = frozenset(groups), now - opened_at
    return tuple(rule.name for rule in rules if rule.qualifies(theirs, after))


def _no(why_not: WhyNot, detail: str) -> Position:
    return Position(can_vote=False, why_not=why_not, detail=detail)


def _few(groups: list[str]) -> str:
    return ", ".join(groups[:12]) + (", ..." if len(groups) > 12 else "")
