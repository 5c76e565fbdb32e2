"""What an agent may do beyond its sandbox: what its bundle asks for, within what the tenant allows.

    asked (the manifest)  x  allowed (the assistant's version)  ->  granted

Nothing is granted that only one of the two says. Without either there is no network at all, and so
no gateway. What is granted is part of the action digest, as `gateway_scopes`; the approver sees it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pipeline.gateway_scope import (
    BUDGET_RANGES,
    MAX_GRANTS,
    USUAL,
    Budget,
    Grant,
    SandboxPolicyInvalid,
    Scope,
    read_grants,
)
from pipeline.llm_scope import Llm, check_tokens
from pipeline.memory_scope import Memory, check_entries
from pipeline.reach import Reach, meet
from pipeline.syscalls import ANY, FIELD, Syscalls

MAX_VARIABLES: Final = 64
MAX_VALUE_CHARACTERS: Final = 1024

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
# The host sets these itself, or they would change how the interpreter runs.
RESERVED: Final = frozenset({"HOME", "LANG", "PATH", "TZ"})
RESERVED_STARTS: Final = ("AWGP_", "GCONV_", "GLIBC_", "LD_", "NODE_", "PYTHON")

# A ceiling that is not said is open.
OPEN: Final = Budget(**{name: high for name, (_, high) in BUDGET_RANGES.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a bundle asks for in its manifest.

    Args:
        variables: Names.
        tokens: 0 asks for no model.
        entries: 0 asks for no memory.
    """

    reaches: tuple[Reach, ...] = ()
    variables: frozenset[str] = frozenset()
    budget: Budget = USUAL
    tokens: int = 0
    syscalls: Syscalls = ANY
    entries: int = 0

    def as_json(self) -> dict[str, Any]:
        """What the manifest keeps; empty where nothing is asked for."""
        said: dict[str, Any] = {}
        if self.reaches:
            said["network"] = [Grant(reach=each).as_json() for each in self.reaches]
        if self.variables:
            said["environment"] = sorted(self.variables)
        if self.budget != USUAL:
            said["gateway"] = self.budget.as_json()
        if self.tokens:
            said["llm"] = {"tokens": self.tokens}
        if self.syscalls != ANY:
            said[FIELD] = self.syscalls.as_json()
        if self.entries:
            said["memory"] = {"entries": self.entries}
        return said

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Asked":
        """Read what a manifest asks for beyond its limits, as TOML or as it is kept.

        Raises:
            SandboxPolicyInvalid: Names what is unknown or malformed.
        """
        grants = read_grants(values.get("network", []), {"url", "methods"})
        names = values.get("environment", [])
        if not isinstance(names, list) or len(names) > MAX_VARIABLES:
            raise SandboxPolicyInvalid("environment", f"a list of at most {MAX_VARIABLES} names")
        for name in names:
            check_variable(name)
        return cls(
            reaches=tuple(each.reach for each in grants),
            variables=frozenset(names),
            budget=Budget.from_mapping(_object("gateway", values), USUAL),
            tokens=_tokens(values),
            syscalls=Syscalls.from_mapping(_object(FIELD, values)),
            entries=_entries(values),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a tenant allows an assistant: nothing, unless it says so."""

    grants: tuple[Grant, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = OPEN
    llm: Llm | None = None
    syscalls: Syscalls = ANY
    memory: Memory | None = None

    def as_json(self) -> dict[str, Any]:
        """What an assistant's version keeps beside its limits; empty where nothing is allowed."""
        said: dict[str, Any] = {}
        if self.grants:
            said["network"] = [each.as_json() for each in self.grants]
        if self.variables:
            said["environment"] = dict(sorted(self.variables.items()))
        if self.budget != OPEN:
            said["gateway"] = self.budget.as_json()
        if self.llm is not None:
            said["llm"] = self.llm.as_json()
        if self.syscalls != ANY:
            said[FIELD] = self.syscalls.as_json()
        if self.memory is not None:
            said["memory"] = self.memory.as_json()
        return said

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Allowed":
        """Read all that a tenant says, such as `network`, `environment` and `memory`.

        Raises:
            SandboxPolicyInvalid: Names what is unknown or malformed.
        """
        variables = _object("environment", values)
        if len(variables) > MAX_VARIABLES:
            raise SandboxPolicyInvalid("environment", f"at most {MAX_VARIABLES} variables")
        for name, value in variables.items():
            check_variable(name, value)
        llm = Llm.from_mapping(values["llm"]) if values.get("llm") else None
        return cls(
            grants=read_grants(
                values.get("network", []), {"url", "methods", "private", "credential"}
            ),
            variables=dict(variables),
            budget=Budget.from_mapping(_object("gateway", values), OPEN),
            llm=llm,
            memory=_memory(values["memory"], llm) if values.get("memory") else None,
            syscalls=Syscalls.from_mapping(_object(FIELD, values)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The intersection."""

    scope: Scope
    variables: Mapping[str, str]
    syscalls: Syscalls = ANY


def granted(asked: Asked, allowed: Allowed) -> Granted:
    """What the bundle asks for and the tenant allows."""
    found = {
        replace(grant, reach=both)
        for grant in allowed.grants
        for reach in asked.reaches
        if (both := meet(grant.reach, reach)) is not None
    }
    grants = sorted((each for each in found if not _is_covered(each, found)), key=_order)
    scope = Scope(
        grants=tuple(grants[:MAX_GRANTS]),
        budget=asked.budget.within(allowed.budget),
        llm=allowed.llm.within(asked.tokens) if allowed.llm and asked.tokens else None,
        memory=allowed.memory.within(asked.entries) if allowed.memory and asked.entries else None,
    )
    given = {name: allowed.variables[name] for name in allowed.variables if name in asked.variables}
    return Granted(
        scope=scope,
        variables=dict(sorted(given.items())),
        syscalls=asked.syscalls.within(allowed.syscalls),
    )


def granted_to(manifest: Mapping[str, Any], sandbox_policy: Mapping[str, Any]) -> Granted:
    """The same, of a bundle's manifest and an assistant's version as they are kept."""
    return granted(Asked.from_mapping(manifest), Allowed.from_mapping(sandbox_policy))


def check_variable(name: object, value: object = "") -> None:
    """Let a variable pass that an agent may be given.

    Raises:
        SandboxPolicyInvalid: Its name or value is not allowed.
    """
    if (
        not isinstance(name, str)
        or not _VARIABLE.fullmatch(name)
        or name in RESERVED
        or name.startswith(RESERVED_STARTS)
    ):
        raise SandboxPolicyInvalid(
            "environment",
            f"the variable {str(name)[:80]!a} is not allowed: capitals, digits and _, and none of"
            f" {', '.join(sorted(RESERVED))}, {', '.join(f'{each}*' for each in RESERVED_STARTS)}",
        )
    if not isinstance(value, str) or "\0" in value or len(value) > MAX_VALUE_CHARACTERS:
        raise SandboxPolicyInvalid(
            "environment", f"the value of {name} is a text of {MAX_VALUE_CHARACTERS} at most"
        )


def _is_covered(grant: Grant, among: Iterable[Grant]) -> bool:
    """Whether another on the same terms allows all of it."""
    return any(
        other != grant
        and replace(other, reach=grant.reach) == grant
        and other.reach.covers(grant.reach)
        for other in among
    )


def _order(grant: Grant) -> tuple[object, ...]:
    return grant.reach.url, grant.reach.sorted_methods, grant.private, grant.credential


def _object(name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    found = values.get(name, {})
    if not isinstance(found, Mapping):
        raise SandboxPolicyInvalid(name, "an object")
    return found


def _tokens(values: Mapping[str, Any]) -> int:
    asked = _object("llm", values)
    if not asked:
        return 0
    if set(asked) != {"tokens"}:
        raise SandboxPolicyInvalid("llm", "tokens, and nothing else")
    return check_tokens(asked["tokens"])


def _entries(values: Mapping[str, Any]) -> int:
    asked = _object("memory", values)
    if not asked:
        return 0
    if set(asked) != {"entries"}:
        raise SandboxPolicyInvalid("memory", "entries, and nothing else")
    return check_entries(asked["entries"])


def _memory(values: object, llm: Llm | None) -> Memory:
    memory = Memory.from_mapping(values)
    if memory.model and (llm is None or memory.model not in llm.models):
        raise SandboxPolicyInvalid("memory.model", "one of the models of llm")
    return memory
