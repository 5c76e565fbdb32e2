"""How closely an approval deserves to be looked at: points for facts, each with its reason.

It decides nothing. It is added up from what is stored, the same way every time, and says why:

    3  nothing of this assistant was ever approved
    3  its bundle is another than when it was last approved
    2  it may reach the network
    1  what it leaves is sent somewhere
    1  the rules ask for two people or more
    1  the payload was edited
    1  it was asked before (an edit, a drift, a replay)
    1  the payload is 64 KiB or more
    1  it may run for ten minutes or more, or take a gibibyte of memory or more

0 to 2 points are low, 3 and 4 medium, 5 and more high.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pipeline.approval import Requirement
from pipeline.execution import KIB, MIB

MEDIUM_FROM: Final = 3
HIGH_FROM: Final = 5
LARGE_PAYLOAD_BYTES: Final = 64 * KIB
LONG_WALL_MS: Final = 10 * 60 * 1000
LARGE_MEMORY_BYTES: Final = 1024 * MIB


class Level(StrEnum):
    """How much the facts add up to."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an approval without opening its bundle.

    Args:
        action: What its digest covers.
        last_approved_bundle: The digest the assistant had when it was last approved before;
            None when it never was.
        payload_epoch: The one the payload was brought or edited in.
    """

    action: Mapping[str, Any]
    requirement: Requirement
    last_approved_bundle: str | None
    payload_bytes: int
    payload_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReason:
    """One fact and its points."""

    code: str
    points: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The sum, and what it is made of, the weightiest first."""

    level: Level
    score: int
    reasons: tuple[RiskReason, ...]


def assess(facts: Facts) -> Risk:
    """Add the points up."""
    reasons = [*_of_the_bundle(facts), *_of_its_reach(facts.action), *_of_the_request(facts)]
    score = sum(each.points for each in reasons)
    level = Level.LOW
    if score >= MEDIUM_FROM:
        level = Level.HIGH if score >= HIGH_FROM else Level.MEDIUM
    ordered = sorted(reasons, key=lambda each: -each.points)
    return Risk(level=level, score=score, reasons=tuple(ordered))


def allows_network(action: Mapping[str, Any]) -> bool:
    """Whether the gateway lets it out; what it remembers leads to no other machine."""
    scopes = action.get("gateway_scopes", {})
    return bool(scopes.get("fetch") or scopes.get("llm"))


def _of_the_bundle(facts: Facts) -> list[RiskReason]:
    if facts.last_approved_bundle is None:
        return [_reason("first-time", 3, "nothing of this assistant was ever approved")]
    if facts.last_approved_bundle != facts.action.get("bundle_digest"):
        text = "its bundle is another than when it was last approved"
        return [_reason("bundle-changed", 3, text)]
    return []


def _of_its_reach(action: Mapping[str, Any]) -> list[RiskReason]:
    found = []
    if allows_network(action):
        found.append(_reason("network", 2, "it may reach the network"))
    if targets := len(action.get("targets", ())):
        said = "a target" if targets == 1 else f"{targets} targets"
        found.append(_reason("post-actions", 1, f"what it leaves is sent to {said}"))
    limits = action.get("limits", {})
    if limits.get("wall_ms", 0) >= LONG_WALL_MS:
        found.append(_reason("long", 1, "it may run for ten minutes or more"))
    elif limits.get("memory_bytes", 0) >= LARGE_MEMORY_BYTES:
        found.append(_reason("large", 1, "it may take a gibibyte of memory or more"))
    return found


def _of_the_request(facts: Facts) -> list[RiskReason]:
    found = []
    if any(rule.quorum > 1 for rule in facts.requirement.rules) or len(facts.requirement.rules) > 1:
        found.append(_reason("several-people", 1, "the rules ask for two people or more"))
    if facts.payload_epoch > 1:
        found.append(_reason("edited", 1, "the payload was edited"))
    if facts.action.get("epoch", 1) > 1:
        found.append(_reason("asked-before", 1, "it was asked before: an edit, a drift, a replay"))
    if facts.payload_bytes >= LARGE_PAYLOAD_BYTES:
        size = f"the payload is {facts.payload_bytes // KIB} KiB"
        found.append(_reason("large-payload", 1, size))
    return found


def _reason(code: str, points: int, text: str) -> RiskReason:
    return RiskReason(code=code, points=points, text=text)
