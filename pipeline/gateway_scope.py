"""What an execution may do through its sandbox's gateway, and how much of it.

Covered by the action digest as `gateway_scopes`, told in words to who approves, and handed to the
gateway when a sandbox is claimed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.reach import Reach, ReachInvalid, Visit, read_reach

MIB: Final = 1024 * 1024
MAX_RULES: Final = 20
MAX_GRANTS: Final = 64

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")

# Lowest and highest value of each.
BUDGET_RANGES: Final = {
    "calls": (1, 1000),
    "bytes": (1, 1024 * MIB),
    "answer_bytes": (1, 16 * MIB),
    "call_seconds": (1, 300),
}


class SandboxPolicyInvalid(AwgpError):
    """A field of what is asked for or allowed is not what it must be."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name}: {rule}")
        self.field = name
        self.rule = rule


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
class Injection:
    """What a gateway puts into requests: a header and its whole value, which nobody is shown."""

    header: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A place on the network, and on which terms.

    Args:
        private: It may be at a loopback or private address, and `http`; never at a link-local or
            metadata one.
        credential: Name of the one that is put into requests; empty for none.
    """

    reach: Reach
    private: bool = False
    credential: str = ""

    def as_json(self) -> dict[str, Any]:
        """What is false is left out."""
        shown: dict[str, Any] = {
            "url": self.reach.url,
            "methods": list(self.reach.sorted_methods),
        }
        shown |= {"private": True} if self.private else {}
        return shown | ({"credential": self.credential} if self.credential else {})

    def in_words(self) -> str:
        """For a person."""
        terms = ", also inside the company's own network" if self.private else ""
        terms += f", with the credential {self.credential}" if self.credential else ""
        methods = ", ".join(self.reach.sorted_methods)
        return f"{methods} {self.reach.url} and what is below it{terms}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an execution may do through the gateway; without a grant there is no gateway."""

    grants: tuple[Grant, ...] = ()
    budget: Budget = USUAL

    def __bool__(self) -> bool:
        return bool(self.grants)

    def grant_for(self, method: str, visit: Visit) -> Grant | None:
        """The most particular grant a request lies within; None where it lies in none."""
        fitting = [each for each in self.grants if each.reach.allows(method, visit)]
        return max(fitting, key=_particular, default=None)

    def as_json(self) -> dict[str, Any]:
        """The form the action digest covers; empty without a grant."""
        if not self.grants:
            return {}
        return {
            "fetch": [each.as_json() for each in self.grants],
            "budget": self.budget.as_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Scope":
        """The inverse of `as_json`.

        Raises:
            SandboxPolicyInvalid: It is not that form.
        """
        if not values:
            return cls()
        if set(values) != {"fetch", "budget"} or set(values["budget"]) != set(BUDGET_RANGES):
            raise SandboxPolicyInvalid("gateway_scopes", "fetch and budget, whole")
        known = {"url", "methods", "private", "credential"}
        return cls(
            grants=read_grants(values["fetch"], known, most=MAX_GRANTS),
            budget=Budget.from_mapping(values["budget"], USUAL),
        )


def _particular(grant: Grant) -> tuple[object, ...]:
    return len(grant.reach.path), grant.private, grant.credential


def read_grants(values: object, known: set[str], most: int = MAX_RULES) -> tuple[Grant, ...]:
    """Read a list of rules that have these fields.

    Raises:
        SandboxPolicyInvalid: Names what is unknown or malformed.
    """
    if not isinstance(values, list | tuple) or len(values) > most:
        raise SandboxPolicyInvalid("network", f"a list of at most {most} rules")
    return tuple(_grant(each, known) for each in values)


def _grant(rule: object, known: set[str]) -> Grant:
    if not isinstance(rule, Mapping) or not isinstance(rule.get("url"), str):
        raise SandboxPolicyInvalid("network", 'each rule has a url, as "https://host/path/"')
    for name in rule:
        if name not in known:
            raise SandboxPolicyInvalid(
                f"network.{name}", f"is not known; there are {', '.join(sorted(known))}"
            )
    methods, private = rule.get("methods", ["GET"]), rule.get("private", False)
    credential = rule.get("credential", "")
    if not isinstance(methods, list | tuple) or not all(isinstance(m, str) for m in methods):
        raise SandboxPolicyInvalid("network.methods", "a list of methods")
    if not isinstance(private, bool):
        raise SandboxPolicyInvalid("network.private", "true or false")
    if not isinstance(credential, str) or (credential and not _NAME.fullmatch(credential)):
        raise SandboxPolicyInvalid("network.credential", "the name of a credential")
    try:
        reach = read_reach(rule["url"], methods)
    except ReachInvalid as error:
        raise SandboxPolicyInvalid("network", f"{rule['url'][:200]!a}: {error}") from error
    if "private" in known and reach.scheme == "http" and not private:
        raise SandboxPolicyInvalid(
            "network", f"{reach.url}: http is for the company's own network: private"
        )
    return Grant(reach=reach, private=private, credential=credential)
