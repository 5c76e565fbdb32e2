"""From the text of a policy set to its policies, each with its line.

cedarpy names no lines and recurses on the C stack, so a source is cut into policies here, bounded
before cedarpy sees a byte, and parsed policy by policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NoReturn

import cedarpy

from pipeline.errors import AwgpError

# 20,000 open brackets or a 64 KB sum kill the process; a 32 KB one does not (cedarpy 4.12.2, a
# thread's 8 MiB stack). Tests take the deepest policies these limits allow through cedarpy.
MAX_SOURCE_BYTES: Final = 256 * 1024
MAX_POLICY_BYTES: Final = 8 * 1024
MAX_NESTING: Final = 50
MAX_POLICIES: Final = 500
MAX_TREE_DEPTH: Final = 400  # of Cedar's JSON form; an operator adds 2: a chain of some 190

# Strings and comments as Cedar's lexer has them; a semicolon outside both ends a policy.
_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*)|(?P<string>"(?:\\.|[^"\\])*")|(?P<open>[(\[{])|(?P<close>[)\]}])'
    r'|(?P<end>;)|(?P<quote>")|(?P<other>[^\s"/;(){}\[\]]+|/)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProblem:
    """One fault. `line` counts from 1; `policy_id` is None where the policy has none."""

    line: int
    policy_id: str | None
    message: str
    fix: str

    def __str__(self) -> str:
        named = f", policy {self.policy_id!r}" if self.policy_id else ""
        return f"line {self.line}{named}: {self.message}; {self.fix}"


class PolicyInvalid(AwgpError):
    """The set is refused. `problems` holds every fault found, in the order of the source."""

    def __init__(self, problems: tuple[PolicyProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """One policy as written and as Cedar read it. `body` is Cedar's JSON form."""

    line: int
    text: str
    body: Mapping[str, Any]
    is_template: bool

    @property
    def annotations(self) -> Mapping[str, str | None]:
        """The annotations by name; one written without a value is None."""
        return self.body.get("annotations") or {}

    @property
    def policy_id(self) -> str | None:
        """The `@id`, if it has one."""
        return self.annotations.get("id")

    def problem(self, message: str, fix: str) -> PolicyProblem:
        """Make a problem that names this policy."""
        return PolicyProblem(line=self.line, policy_id=self.policy_id, message=message, fix=fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    line: int
    text: str
    depth: int
    open_string: bool


def read_policies(source: str) -> tuple[PolicyText, ...]:
    """Cut a source into policies and parse each.

    Raises:
        PolicyInvalid: With every policy that is out of bounds; if none is, with every policy
            that does not parse.
    """
    statements = _bounded_statements(source)
    policies: list[PolicyText] = []
    problems: list[PolicyProblem] = []
    for one in statements:
        try:
            policies += _parse(one)
        except ValueError as error:
            message = f"does not parse: {' '.join(str(error).split())}"
            fix = "correct it, and end each policy with a semicolon"
            problems.append(PolicyProblem(line=one.line, policy_id=None, message=message, fix=fix))
    if problems:
        raise PolicyInvalid(tuple(problems))
    if len(policies) != len(statements):
        # Decisions find policies by position, so a cut at odds with Cedar's reading must stop.
        _refuse(1, "cannot be cut into policies", "end each policy with one semicolon")
    return tuple(policies)


def _parse(statement: _Statement) -> list[PolicyText]:
    tree = cedarpy.policies_to_json_str(statement.text)
    if _depth(tree) > MAX_TREE_DEPTH:
        raise ValueError("a chain of operators is too long; compare with a set instead")
    document = json.loads(tree)
    return [
        PolicyText(line=statement.line, text=statement.text, body=body, is_template=is_template)
        for part, is_template in (("staticPolicies", False), ("templates", True))
        for body in document[part].values()
    ]


def _bounded_statements(source: str) -> tuple[_Statement, ...]:
    if any("\ud800" <= char <= "\udfff" for char in source):
        _refuse(1, "has characters that are no text", "save it as UTF-8")
    if len(source.encode()) > MAX_SOURCE_BYTES:
        _refuse(1, f"the set is larger than {MAX_SOURCE_BYTES} bytes", "write fewer policies")
    statements = tuple(_cut(source))
    problems = [
        PolicyProblem(line=one.line, policy_id=None, message=message, fix=fix)
        for one in statements
        for message, fix in _bounds(one)
    ]
    if problems:
        raise PolicyInvalid(tuple(problems))
    if len(statements) > MAX_POLICIES:
        _refuse(
            statements[MAX_POLICIES].line,
            f"the set has more than {MAX_POLICIES} policies",
            "write fewer policies",
        )
    return statements


def _bounds(one: _Statement) -> Iterator[tuple[str, str]]:
    if one.open_string:
        yield "has a string that does not end", 'close it with "'
    if one.depth > MAX_NESTING:
        yield f"nests deeper than {MAX_NESTING} brackets", "split it into several policies"
    if len(one.text.encode()) > MAX_POLICY_BYTES:
        yield f"is longer than {MAX_POLICY_BYTES} bytes", "split it into several policies"


def _depth(tree: str) -> int:
    """Return how deep a JSON text nests, without the recursion of parsing it."""
    steps = ({"open": 1, "close": -1}.get(t.lastgroup or "", 0) for t in _TOKEN.finditer(tree))
    return max(accumulate(steps), default=0)


def _cut(source: str) -> Iterator[_Statement]:
    """Cut at semicolons outside strings and comments; Cedar has none inside a policy."""
    start: int | None = None
    depth = deepest = 0
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind == "comment":
            continue
        start = token.start() if start is None else start
        depth += (kind == "open") - (kind == "close")
        deepest = max(deepest, depth)
        if kind in {"end", "quote"}:
            yield _statement(source, start, token.end(), deepest, open_string=kind == "quote")
            if kind == "quote":  # nobody can tell what follows from what is in the string
                return
            start, depth, deepest = None, 0, 0
    if start is not None:
        yield _statement(source, start, len(source), deepest)


def _statement(
    source: str, start: int, end: int, depth: int, *, open_string: bool = False
) -> _Statement:
    return _Statement(
        line=source.count("\n", 0, start) + 1,
        text=source[start:end],
        depth=depth,
        open_string=open_string,
    )


def _refuse(line: int, message: str, fix: str) -> NoReturn:
    raise PolicyInvalid((PolicyProblem(line=line, policy_id=None, message=message, fix=fix),))
