"""What an execution may do through its sandbox's gateway, and how much of it.

Covered by the action digest as `gateway_scopes`, told in words to who approves, and handed to the
gateway when a sandbox is claimed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from pipeline.gateway_grant import (
    MAX_GRANTS,
    MAX_RULES,
    Grant,
    Injection,
    SandboxPolicyInvalid,
    read_grants,
)
from pipeline.llm_scope import Llm
from pipeline.memory_scope import Memory
from pipeline.reach import Visit

__all__ = (
    "BUDGET_RANGES",
    "MAX_GRANTS",
    "MAX_RULES",
    "USUAL",
    "Budget",
    "Grant",
    "Injection",
    "SandboxPolicyInvalid",
    "Scope",
    "read_grants",
)

MIB: Final = 1024 * 1024

# Lowest and highest value of each.
BUDGET_RANGES: Final = {
    "calls": (1, 1000),
    "bytes": (1, 1024 * MIB),
    "answer_bytes": (1, 4 * MIB),
    "call_seconds": (1, 300),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one execution may use of the gateway.

    Args:
        calls: Requests that leave, those a redirect leads to included.
        bytes: Bodies of requests and answers together.
        answer_bytes: The body of one answer.
        call_seconds: From a call's first request to the last byte of its answer.

    Raises:
        SandboxPolicyInvalid: A value is out of its range.
    """

    calls: int = 100
    bytes: int = 16 * MIB
    answer_bytes: int = 4 * MIB
    call_seconds: int = 30

    def __post_init__(self) -> None:
        for name, (low, high) in BUDGET_RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SandboxPolicyInvalid(f"gateway.{name}", f"a whole number, {low} to {high}")

    def within(self, ceiling: "Budget") -> "Budget":
        """The smaller of the two, one by one."""
        return Budget(
            **{f.name: min(getattr(self, f.name), getattr(ceiling, f.name)) for f in fields(self)}
        )

    def as_json(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], usual: "Budget") -> "Budget":
        """Read what is said; what is not keeps the usual value.

        Raises:
            SandboxPolicyInvalid: A name is unknown or a value out of its range.
        """
        for name in values:
            if name not in BUDGET_RANGES:
                raise SandboxPolicyInvalid(
                    f"gateway.{name}", f"is not known; there are {', '.join(BUDGET_RANGES)}"
                )
        return replace(usual, **values)


USUAL: Final = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an execution may do through the gateway; without a grant there is no gateway."""

    grants: tuple[Grant, ...] = ()
    budget: Budget = USUAL
    llm: Llm | None = None
    memory: Memory | None = None

    def __bool__(self) -> bool:
        return self.goes_out or self.memory is not None

    @property
    def goes_out(self) -> bool:
        """Whether it reaches any other machine."""
        return bool(self.grants) or self.llm is not None

    @property
    def credentials(self) -> frozenset[str]:
        """Names of those it needs."""
        granted = (*self.grants, *(() if self.llm is None else (self.llm.grant,)))
        return frozenset(each.credential for each in granted if each.credential)

    def grant_for(self, method: str, visit: Visit) -> Grant | None:
        """The most particular grant a request lies within; None where it lies in none."""
        fitting = [each for each in self.grants if each.reach.allows(method, visit)]
        return max(fitting, key=_particular, default=None)

    def as_json(self) -> dict[str, Any]:
        """The form the action digest covers; empty without a grant."""
        if not self:
            return {}
        said = {
            "fetch": [each.as_json() for each in self.grants],
            "budget": self.budget.as_json(),
        }
        parts = {"llm": self.llm, "memory": self.memory}
        return said | {name: each.as_json() for name, each in parts.items() if each is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Scope":
        """The inverse of `as_json`.

        Raises:
            SandboxPolicyInvalid: It is not that form.
        """
        if not values:
            return cls()
        if set(values) - {"llm", "memory"} != {"fetch", "budget"} or set(values["budget"]) != set(
            BUDGET_RANGES
        ):
            raise SandboxPolicyInvalid("gateway_scopes", "fetch and budget, whole")
        known = {"url", "methods", "private", "credential"}
        return cls(
            grants=read_grants(values["fetch"], known, most=MAX_GRANTS),
            budget=Budget.from_mapping(values["budget"], USUAL),
            llm=Llm.from_mapping(values["llm"]) if "llm" in values else None,
            memory=Memory.from_mapping(values["memory"]) if "memory" in values else None,
        )


def _particular(grant: Grant) -> tuple[object, ...]:
    return len(grant.reach.path), grant.private, grant.credential
