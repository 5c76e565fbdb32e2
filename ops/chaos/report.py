"""What chaos says: progress while it goes on, a table, and one line of JSON at the end."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from ops.chaos.checks import Verdict
from ops.chaos.killers import Kill

BACK_WITHIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One chaos run, judged.

    Args:
        facts: Further figures for the last line, by name.
        left: What was left behind.
    """

    verdict: Verdict
    kills: Sequence[Kill]
    receiver_requests: int
    requests_per_key: Mapping[str, int]
    left: Sequence[str]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def broken(self, *, timed: bool) -> list[str]:
        """Every promise that does not hold; how soon the service was back only where `timed`."""
        found = [*self.verdict.broken, *(f"left behind: {each}" for each in self.left)]
        for kill in self.kills:
            name = f"{kill.kind} ({kill.how})"
            if kill.ready_at is None:
                found.append(f"a killed part did not come back: {name}")
            elif kill.back_seconds is None:
                found.append(f"the service did not come back after {name}")
            elif timed and kill.back_seconds > BACK_WITHIN_SECONDS:
                found.append(f"the service was back only {kill.back_seconds:.1f} s after {name}")
        return found


def last_line(outcome: Outcome, *, timed: bool = True) -> str:
    """The verdict as one JSON object; what comes first is what is promised."""
    verdict = outcome.verdict
    said = {
        "acknowledged": verdict.acknowledged,
        "completed": verdict.completed,
        "outcome_unknown": verdict.outcome_unknown,
        "lost": verdict.lost,
        "duplicate_effects": verdict.duplicate_effects,
        "kills": dict(Counter(kill.kind for kill in outcome.kills)),
        "receiver_requests": outcome.receiver_requests,
        "requests_per_key": dict(outcome.requests_per_key),
        "broken": outcome.broken(timed=timed),
        "back_seconds": {
            kind: {"max": figures[-1], "median": round(median(figures), 2)}
            for kind, figures in _back(outcome.kills).items()
        },
        "left_behind": list(outcome.left),
        **outcome.facts,
    }
    return json.dumps(said)


def show_kills(console: Console, kills: Sequence[Kill]) -> None:
    """A row a kind: how often, how long it was away, how soon the service was back."""
    table = Table("killed", "times", "away, longest", "back after, median", "longest", box=None)
    back = _back(kills)
    for kind in sorted({kill.kind for kill in kills}):
        of_kind = [kill for kill in kills if kill.kind == kind]
        away = [kill.ready_at - kill.killed_at for kill in of_kind if kill.ready_at is not None]
        figures = back.get(kind, [])
        table.add_row(
            kind,
            str(len(of_kind)),
            f"{max(away):.1f} s" if away else "-",
            f"{median(figures):.2f} s" if figures else "-",
            f"{figures[-1]:.2f} s" if figures else "never",
        )
    console.print(table)


def _back(kills: Sequence[Kill]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for kill in kills:
        if kill.back_seconds is not None:
            found.setdefault(kill.kind, []).append(round(kill.back_seconds, 2))
    return {kind: sorted(figures) for kind, figures in sorted(found.items())}
