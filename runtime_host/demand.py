"""How many sandboxes to keep warm, by what was asked for lately."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

Kind = TypeVar("Kind", bound=Hashable)

# Claims within so long count as one burst: about as long as it takes to start a sandbox.
BURST_SECONDS: Final = 0.5
# What was asked for stays wanted for so long.
RECENT_SECONDS: Final = 300.0
# Kinds remembered; the one that was asked for longest ago is forgotten first.
MAX_KINDS: Final = 64


@dataclass(slots=True)
class _Asked:
    last: float
    bursts: dict[int, int] = field(default_factory=dict)


class Demand(Generic[Kind]):
    """Remembers claims, by kind. Not for several threads at once.

    Each kind is wanted as often as it was in its largest burst lately. Where that is more than the
    ceiling, kinds take turns, the latest first. Where it is less than the floor, the kind asked for
    last makes it up, for as long as the host lives: nothing is wanted before the first claim.

    Args:
        floor: Sandboxes at the least, once there was a claim.
        ceiling: Sandboxes at the most, all kinds together.
    """

    def __init__(self, *, floor: int, ceiling: int) -> None:
        self._floor = min(floor, ceiling)
        self._ceiling = ceiling
        self._asked: dict[Kind, _Asked] = {}

    def note(self, kind: Kind, now: float) -> None:
        """One of this kind was asked for; `now` is of a clock that never runs backwards."""
        asked = self._asked.pop(kind, None) or _Asked(last=now)
        asked.last = now
        burst = int(now / BURST_SECONDS)
        asked.bursts[burst] = asked.bursts.get(burst, 0) + 1
        self._asked[kind] = asked
        if len(self._asked) > MAX_KINDS:
            del self._asked[next(iter(self._asked))]

    def wanted(self, now: float) -> dict[Kind, int]:
        """How many of each kind are to be kept; kinds that are not in it, none."""
        left = {kind: peak for kind in reversed(self._asked) if (peak := self._peak(kind, now))}
        total = min(self._ceiling, sum(left.values()))
        given: dict[Kind, int] = {}
        while sum(given.values()) < total:
            for kind in [kind for kind, count in left.items() if count > given.get(kind, 0)]:
                if sum(given.values()) < total:
                    given[kind] = given.get(kind, 0) + 1
        if self._asked and total < self._floor:
            latest = next(reversed(self._asked))
            given[latest] = given.get(latest, 0) + self._floor - total
        return given

    def _peak(self, kind: Kind, now: float) -> int:
        """The largest burst lately; older ones are forgotten here."""
        asked = self._asked[kind]
        oldest = int((now - RECENT_SECONDS) / BURST_SECONDS)
        asked.bursts = {at: count for at, count in asked.bursts.items() if at >= oldest}
        return max(asked.bursts.values(), default=0)
