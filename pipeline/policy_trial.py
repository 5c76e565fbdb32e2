"""Requests written down as JSON, and the tests a policy set comes with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from pipeline.errors import AwgpError
from pipeline.policy import (
    AssistantRef,
    Decision,
    PolicyRequest,
    Principal,
    PrincipalType,
    Verdict,
    decide,
)
from pipeline.policy_set import PolicySet


class PolicyTestInvalid(AwgpError):
    """A test or a request as written is refused; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """A request and the answer its author expects. `rules` are the sorted hold rules."""

    name: str
    request: PolicyRequest
    verdict: Verdict
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTestOutcome:
    """What became of one test; `problem` is None if it passed."""

    name: str
    decision: Decision
    problem: str | None

    @property
    def passed(self) -> bool:
        """Whether the set answered as expected."""
        return self.problem is None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return {"name": self.name, "passed": self.passed, "problem": self.problem}


def read_request(given: object, where: str = "request") -> PolicyRequest:
    """Read `{principal: {type, id}, assistant: {tenant, name, version}, payload, received_at,
    origin}` and, where a mapping gave something, `mapped`; `payload` is any JSON, `received_at` ISO
    8601 with a zone.

    Raises:
        PolicyTestInvalid: The message names the field.
    """
    named = {"principal", "assistant", "payload", "received_at", "origin"}
    maps = isinstance(given, Mapping) and "mapped" in given
    request = _object(given, named | {"mapped"} if maps else named, where)
    principal = _object(request["principal"], {"type", "id"}, f"{where}.principal")
    asked = _object(request["assistant"], {"tenant", "name", "version"}, f"{where}.assistant")
    if principal["type"] not in list(PrincipalType):
        _refuse(f"{where}.principal.type", f"must be one of {', '.join(PrincipalType)}")
    if type(asked["version"]) is not int:
        _refuse(f"{where}.assistant.version", "must be a whole number")
    return PolicyRequest(
        principal=Principal(
            type=PrincipalType(principal["type"]),
            id=_text(principal["id"], f"{where}.principal.id"),
        ),
        assistant=AssistantRef(
            tenant=_text(asked["tenant"], f"{where}.assistant.tenant"),
            name=_text(asked["name"], f"{where}.assistant.name"),
            version=asked["version"],
        ),
        payload_json=json.dumps(request["payload"]).encode(),
        received_at=_time(request["received_at"], f"{where}.received_at"),
        origin=_text(request["origin"], f"{where}.origin"),
        mapped=_mapped(request["mapped"], f"{where}.mapped") if maps else {},
    )


def read_tests(given: object) -> tuple[PolicyTest, ...]:
    """Read `[{name, request, expect: {verdict, rules}}, ...]`; a hold, and no other, has `rules`.

    Raises:
        PolicyTestInvalid: The message names the test by its place and the field.
    """
    if not isinstance(given, list):
        _refuse("tests", "must be a list")
    return tuple(_read_test(test, f"tests[{index}]") for index, test in enumerate(given))


def run_tests(policy_set: PolicySet, tests: Iterable[PolicyTest]) -> list[PolicyTestOutcome]:
    """Ask the set each test's question and compare."""
    return [_run_test(policy_set, test) for test in tests]


def _run_test(policy_set: PolicySet, test: PolicyTest) -> PolicyTestOutcome:
    decision = decide(policy_set, test.request)
    problem = None
    if (decision.verdict, decision.hold_rules) != (test.verdict, test.rules):
        expected = _told(test.verdict, test.rules)
        problem = f"expected {expected}, got {_told(decision.verdict, decision.hold_rules)}"
        if decision.errors:
            problem += f" ({'; '.join(decision.errors)})"
    return PolicyTestOutcome(name=test.name, decision=decision, problem=problem)


def _told(verdict: Verdict, rules: tuple[str, ...]) -> str:
    return f"{verdict} under {', '.join(rules)}" if rules else str(verdict)


def _read_test(given: object, where: str) -> PolicyTest:
    test = _object(given, {"name", "request", "expect"}, where)
    expect = test["expect"]
    with_rules = isinstance(expect, Mapping) and "rules" in expect
    expect = _object(expect, {"verdict", "rules"} if with_rules else {"verdict"}, f"{where}.expect")
    if expect["verdict"] not in list(Verdict):
        _refuse(f"{where}.expect.verdict", f"must be one of {', '.join(Verdict)}")
    rules = expect.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        _refuse(f"{where}.expect.rules", "must be a list of rule names")
    if bool(rules) != (expect["verdict"] == Verdict.HOLD):
        _refuse(f"{where}.expect.rules", "name the rules of a hold, and none otherwise")
    return PolicyTest(
        name=_text(test["name"], f"{where}.name"),
        request=read_request(test["request"], f"{where}.request"),
        verdict=Verdict(expect["verdict"]),
        rules=tuple(sorted(rules)),
    )


def _object(given: object, keys: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        _refuse(where, "must be an object")
    if set(given) != keys:
        _refuse(where, f"must have exactly the keys {', '.join(sorted(keys))}")
    return given


def _mapped(value: object, where: str) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _refuse(where, "must be an object")


def _text(value: object, where: str) -> str:
    return value if isinstance(value, str) and value else _refuse(where, "must be a string")


def _time(value: object, where: str) -> datetime:
    try:
        read = datetime.fromisoformat(_text(value, where))
    except ValueError:
        _refuse(where, "must be a time such as 2026-11-23T09:00:00Z")
    return read if read.tzinfo else _refuse(where, "must name its zone, such as Z")


def _refuse(where: str, fix: str) -> NoReturn:
    raise PolicyTestInvalid(f"{where}: {fix}")
