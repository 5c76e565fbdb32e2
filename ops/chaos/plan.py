"""How long, how much, and what is killed when: all of it from one seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

STAGES: Final = ("policy", "hold", "execute", "post_action", "audit", "export")
CLOCK: Final = "clock"
KINDS: Final = (
    *("ingest", "ingest_worker", "web", "relay", "runtime_host"),
    *STAGES,
    *("postgres", "postgres_backend", "valkey", "valkey_wiped", "s3", "oidc", CLOCK),
)
SHORT_KINDS: Final = (
    *("ingest", "relay", "runtime_host"),
    *STAGES,
    *("valkey_wiped", "postgres"),
)
CALMER: Final = 5
"""How much longer the pauses are once every kind had its turns, so that work gets done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One chaos run.

    Args:
        seed: Names the order and the moments of kills.
        minutes: How long the load goes on; None until `rounds` are done and enough acknowledged.
        rounds: How often each kind is killed at least, where no time is given.
        acknowledged: How many requests at least, where no time is given.
        kinds: What is killed.
        rate: New events a second.
        pause_seconds: Shortest and longest quiet between a recovery and the next kill.
        together: How often two kinds are killed at one moment.
        lease_seconds: How long an execution may be out of touch with the database.
    """

    seed: int
    minutes: float | None = None
    rounds: int = 3
    acknowledged: int = 5000
    kinds: tuple[str, ...] = KINDS
    rate: float = 20.0
    pause_seconds: tuple[float, float] = (0.5, 6.0)
    together: float = 0.25
    lease_seconds: int = 15

    def is_over(self, *, seconds: float, rounds: int, acknowledged: int) -> bool:
        """Whether the load may end."""
        if self.minutes is not None:
            return seconds >= self.minutes * 60
        return rounds >= self.rounds and acknowledged >= self.acknowledged

    def pause(self, chance: random.Random, rounds: int) -> float:
        """Seconds until the next kill: longer once every kind had its turns."""
        return chance.uniform(*self.pause_seconds) * (1 if rounds < self.rounds else CALMER)


def short_plan(seed: int) -> Plan:
    """What the test suite has time for."""
    return Plan(
        seed=seed,
        rounds=1,
        acknowledged=150,
        kinds=SHORT_KINDS,
        pause_seconds=(0.1, 0.5),
        together=0.6,
        lease_seconds=12,  # what tests share a machine with must not cost a lease
    )


def strikes(plan: Plan) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (rounds done before it, kinds to kill at one moment) for ever, in the seed's order."""
    chance = random.Random(f"strikes {plan.seed}")  # noqa: S311  # repeatable
    done = 0
    while True:
        left = list(plan.kinds)
        chance.shuffle(left)
        while left:
            pair = len(left) > 1 and chance.random() < plan.together and not _same_part(*left[:2])
            count = 2 if pair else 1
            yield done, tuple(left[:count])
            left = left[count:]
        done += 1


def _same_part(one: str, other: str) -> bool:
    """Whether there would be nothing left to kill: the edge and its worker, a server's two ways."""
    return one.partition("_")[0] == other.partition("_")[0]
