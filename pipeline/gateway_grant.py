"""One place an execution may go, and on which terms; how rules are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.errors import AwgpError
from pipeline.reach import Reach, ReachInvalid, read_reach

MAX_RULES: Final = 20
MAX_GRANTS: Final = 64

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


class SandboxPolicyInvalid(AwgpError):
    """A field of what is asked for or allowed is not what it must be."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name}: {rule}")
        self.field = name
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What a gateway puts into requests: a header and its whole value, which nobody is shown."""

    header: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A place on the network, and on which terms.

    Args:
        private: It may be at a private address, and `http`; at the machine itself where its host
            lets it, too; never at a link-local or metadata one.
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


def read_grants(values: object, known: set[str], most: int = MAX_RULES) -> tuple[Grant, ...]:
    """Read a list of rules that have these fields.

    Raises:
        SandboxPolicyInvalid: Names what is unknown or malformed.
    """
    if not isinstance(values, list | tuple) or len(values) > most:
        raise SandboxPolicyInvalid("network", f"a list of at most {most} rules")
    return tuple(_placed(at, each, known) for at, each in enumerate(values))


def _placed(at: int, rule: object, known: set[str]) -> Grant:
    """Say which of several rules is the wrong one: the first is 0, as in JSON."""
    try:
        return _grant(rule, known)
    except SandboxPolicyInvalid as error:
        name = error.field.replace("network", f"network.{at}", 1)
        raise SandboxPolicyInvalid(name, error.rule) from error


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
