"""How many requests are taken: a bucket of `burst`, filled again by `per_minute`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pipeline.registry_names import FieldInvalid

MOST: Final = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A limit; both are counts of requests."""

    per_minute: int
    burst: int

    @cached_property
    def seconds_each(self) -> float:
        """How long a request's place takes to be free again."""
        return 60 / self.per_minute

    @cached_property
    def window_seconds(self) -> int:
        """How long an empty bucket takes to be full."""
        return max(1, -(-60 * self.burst // self.per_minute))

    def as_json(self) -> dict[str, int]:
        return {"per_minute": self.per_minute, "burst": self.burst}


def read_rate(field: str, given: object) -> Rate:
    """Read `{per_minute, burst}`; without `burst` it is a minute's worth.

    Raises:
        FieldInvalid: Names what cannot be kept.
    """
    if not isinstance(given, Mapping) or not {"per_minute"} <= set(given) <= {
        "per_minute",
        "burst",
    }:
        raise FieldInvalid(field, '{"per_minute": 600, "burst": 100}')
    per_minute = _count(f"{field}.per_minute", given["per_minute"])
    burst = given.get("burst")
    return Rate(
        per_minute=per_minute,
        burst=per_minute if burst is None else _count(f"{field}.burst", burst),
    )


def _count(field: str, given: Any) -> int:
    if type(given) is not int or not 1 <= given <= MOST:
        raise FieldInvalid(field, f"a whole number from 1 to {MOST}")
    return given
