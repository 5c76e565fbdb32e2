"""A circuit breaker: a target that does not take anything is left alone, and asked now and then.

```
closed     a delivery fails, the rules' failures in a row  -> open
open       its time is up                                  -> half-open
half-open  one delivery is sent as a probe; no other one is
             taken    -> closed
             fails    -> open, twice as long as the time before, up to LONGEST_OPEN
             unheard  -> half-open still: another is sent
any        a delivery is taken                             -> closed
```

A failure is an answer that says "not now", or none. Who refuses a delivery for good is there to say
so: that is no failure of the target.

This is the law, on values; pipeline/target_gate.py keeps them for all workers.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pipeline.target_settings import CircuitRules

LONGEST_OPEN: Final = timedelta(minutes=15)


class Standing(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of a target.

    Args:
        failures: In a row, since a delivery was taken.
        openings: In a row, since a delivery was taken; 0 is closed.
        probe_until: Until when the probe under way is waited for.
    """

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None

    @property
    def fares_well(self) -> bool:
        return self == WELL

    def standing(self, now: datetime) -> Standing:
        if self.open_until is None:
            return Standing.CLOSED
        return Standing.OPEN if now < self.open_until else Standing.HALF_OPEN

    def asks_for_a_probe(self, now: datetime) -> bool:
        """Whether the next delivery is one, and none is under way."""
        under_way = self.probe_until is not None and now < self.probe_until
        return self.standing(now) is Standing.HALF_OPEN and not under_way

    def closed_for(self, now: datetime) -> timedelta:
        """How long nothing is sent from now on; nothing where something may be."""
        until = max(filter(None, (self.open_until, self.probe_until)), default=now)
        return max(until - now, timedelta(0))


WELL: Final = Circuit()


def begin_probe(circuit: Circuit, *, until: datetime) -> Circuit:
    """Send one delivery to see; it is heard of until then, or another is sent."""
    return replace(circuit, probe_until=until)


def failed(
    circuit: Circuit,
    rules: CircuitRules,
    *,
    now: datetime,
    was_probe: bool,
    asked: timedelta = timedelta(0),
) -> Circuit:
    """What is known after a delivery was not taken.

    Args:
        asked: For how long the target asked to be left alone.
    """
    failures = circuit.failures + 1
    opens = circuit.open_until is None and failures >= rules.failures
    if not opens and not (was_probe and circuit.open_until is not None):
        # Counted; or it was sent before the circuit opened, and says nothing new.
        return replace(circuit, failures=failures)
    openings = circuit.openings + 1
    first = timedelta(seconds=rules.open_seconds)
    rest = max(min(first * 2 ** min(openings - 1, 20), LONGEST_OPEN), first, asked)
    return Circuit(failures=failures, openings=openings, open_until=now + rest)
