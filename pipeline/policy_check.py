"""Say what is wrong with a policy set before anybody keeps it, and where."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.policy_context import ContextFields, ContextFieldsInvalid
from pipeline.policy_set import PolicySet
from pipeline.policy_source import PolicyInvalid, PolicyProblem
from pipeline.policy_trial import PolicyTestInvalid, read_tests, run_tests
from pipeline.policy_view import missing_rules, policy_line
from pipeline.setup_rows import Row
from pipeline.work import Work

# What Cedar's messages quote, but for its own name of a policy.
_QUOTED = re.compile(r"`(?!policy\d+`)([^`\n]{1,200})`")
_FIX_RULE: Final = "add the rule first, or correct the name"


def check_policy(
    work: Work,
    *,
    source: str,
    context_fields: Mapping[str, Any],
    tests: Sequence[Mapping[str, Any]],
) -> Row:
    """Everything that would be said of a set if it were added; nothing is kept.

    `problems` have the line, and the column where it can be told.
    """
    try:
        policy_set = PolicySet.parse(source, ContextFields.from_mapping(context_fields))
    except ContextFieldsInvalid as error:
        return _refused([_problem("context_fields", each) for each in str(error).splitlines()])
    except PolicyInvalid as error:
        return _refused([_located(source, each) for each in error.problems])
    missing = missing_rules(work, policy_set)
    problems = [
        _problem("source", f"no approval rule {name!r}; {_FIX_RULE}", line=policy.line)
        for policy in policy_set.policies
        for name in missing
        if policy.hold == name
    ]
    outcomes: list[Row] = []
    try:
        outcomes = [each.as_json() for each in run_tests(policy_set, read_tests(list(tests)))]
    except PolicyTestInvalid as error:
        problems.append(_problem("tests", str(error)))
    return {
        "accepted": not problems and all(each["passed"] for each in outcomes),
        "digest": policy_set.digest,
        "problems": problems,
        "policies": [policy_line(each) for each in policy_set.policies],
        "hold_rules": list(policy_set.rules_in_use),
        "tests": outcomes,
    }


def _refused(problems: list[Row]) -> Row:
    return {
        "accepted": False,
        "digest": None,
        "problems": problems,
        "policies": [],
        "hold_rules": [],
        "tests": [],
    }


def _problem(
    where: str,
    message: str,
    *,
    line: int | None = None,
    column: int | None = None,
    policy: str | None = None,
    fix: str | None = None,
) -> Row:
    return {
        "where": where,
        "line": line,
        "column": column,
        "policy": policy,
        "message": message,
        "fix": fix,
    }


def _located(source: str, problem: PolicyProblem) -> Row:
    """With the place of what Cedar quotes, where that stands in the policy just once."""
    line, column = problem.line, None
    match = _QUOTED.search(problem.message)
    if match is not None:
        start = _offset(source, problem.line)
        end = source.find(";", start)
        text = source[start : len(source) if end < 0 else end]
        if text.count(match[1]) == 1:
            before = text[: text.index(match[1])]
            line += before.count("\n")
            column = len(before) - (before.rfind("\n") + 1) + 1
    return _problem(
        "source",
        problem.message,
        line=line,
        column=column,
        policy=problem.policy_id,
        fix=problem.fix,
    )


def _offset(source: str, line: int) -> int:
    """Where a line begins, counted from 1."""
    at = 0
    for _ in range(line - 1):
        at = source.index("\n", at) + 1
    return at
