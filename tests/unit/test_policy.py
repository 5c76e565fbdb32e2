"""What a policy set decides, by the real engine: deny by default, and whenever in doubt."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import cedarpy
import pytest

from pipeline.policy import (
    AssistantRef,
    DecisionCode,
    PolicyRequest,
    Principal,
    PrincipalType,
    Verdict,
    decide,
)
from pipeline.policy_context import ContextFields
from pipeline.policy_explain import explain
from pipeline.policy_set import PolicySet
from pipeline.policy_trial import PolicyTestInvalid, read_request, read_tests, run_tests

FIELDS = ContextFields.from_mapping(
    {
        "amount": {"pointer": "/amount_cents", "type": "long"},
        "vendor": {"pointer": "/vendor", "type": "string"},
        "tags": {"pointer": "/tags", "type": "set of string"},
    }
)
AUTO = '@id("auto") @auto("small change") permit (principal, action, resource);'
CFO = '@id("cfo") @hold("cfo") permit (principal, action, resource);'
PLAIN = '@id("plain") permit (principal, action, resource);'
FORBID = '@id("stop") forbid (principal, action, resource);'
# 4 * (2^63 - 1) overflows, which is how a validated condition still errs.
ERRS = "when { context.payload has amount && context.payload.amount * 9223372036854775807 > 5 };"
ERRING_FORBID = f'@id("stop") forbid (principal, action, resource) {ERRS}'
ERRING_HOLD = f'@id("cfo") @hold("cfo") permit (principal, action, resource) {ERRS}'
ERRING_AUTO = f'@id("more") @auto("x") permit (principal, action, resource) {ERRS}'


def ask(payload: Any = None, **changes: Any) -> PolicyRequest:
    request = PolicyRequest(
        principal=Principal(type=PrincipalType.SOURCE, id="erp"),
        assistant=AssistantRef(tenant="northwind", name="invoice-clerk", version=3),
        payload_json=json.dumps(payload or {"amount_cents": 4}).encode(),
        received_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
        origin="webhook",
    )
    return replace(request, **changes)


def of(*policies: str) -> PolicySet:
    return PolicySet.parse("\n".join(policies), FIELDS)


def test_an_empty_set_denies() -> None:
    decision = decide(PolicySet.parse(""), ask())
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.NO_PERMIT)


def test_what_no_permit_matches_is_denied() -> None:
    decision = decide(
        of('@id("a") @auto("x") permit (principal is Person, action, resource);'), ask()
    )
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.NO_PERMIT)
    assert decision.reasons == ()


def test_a_forbid_wins_over_every_permit() -> None:
    decision = decide(of(AUTO, CFO, PLAIN, FORBID), ask())
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.FORBIDDEN)
    assert decision.reasons == ("stop",)


def test_only_auto_lets_a_run_through() -> None:
    decision = decide(of(AUTO), ask())
    assert (decision.verdict, decision.auto_reason) == (Verdict.AUTO, "small change")
    assert (decision.reasons, decision.hold_rules) == (("auto",), ())


def test_a_permit_without_annotation_holds_by_the_default_rule() -> None:
    decision = decide(of(PLAIN), ask())
    assert (decision.verdict, decision.hold_rules) == (Verdict.HOLD, ("default",))


@pytest.mark.parametrize("others", [c for n in (1, 2) for c in combinations((CFO, PLAIN), n)])
def test_any_permit_that_holds_is_enough_to_hold(others: tuple[str, ...]) -> None:
    decision = decide(of(AUTO, *others), ask())
    assert decision.verdict is Verdict.HOLD
    assert decision.auto_reason is None


def test_several_holds_ask_for_all_their_rules_once_each_in_order() -> None:
    second = '@id("z") @hold("auditors") permit (principal, action, resource);'
    again = '@id("b") @hold("cfo") permit (principal, action, resource);'
    decision = decide(of(second, CFO, PLAIN, again, AUTO), ask())
    assert decision.hold_rules == ("auditors", "cfo", "default")
    assert decision.reasons == ("z", "cfo", "plain", "b", "auto")


def test_cedar_itself_allows_past_an_erring_forbid_which_is_why_we_look() -> None:
    """The ground this module stands on; if cedarpy changes it, we want to know."""
    answer = cedarpy.is_authorized(
        {
            "principal": 'Source::"erp"',
            "action": 'Action::"run"',
            "resource": 'Assistant::"a"',
            "context": {"payload": {"amount": 4}},
        },
        f"{AUTO}\n{ERRING_FORBID}",
        [],
    )
    assert answer.decision is cedarpy.Decision.Allow
    assert len(answer.diagnostics.errors) == 1


@pytest.mark.parametrize(
    ("erring", "name"),
    [(ERRING_FORBID, "stop"), (ERRING_HOLD, "cfo"), (ERRING_AUTO, "more")],
)
@pytest.mark.parametrize("sound", [AUTO, PLAIN, ""])
def test_an_erring_policy_denies_whatever_the_others_say(
    erring: str, name: str, sound: str
) -> None:
    policies = of(sound, erring)
    decision = decide(policies, ask())
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.POLICY_ERROR)
    assert decision.errors[0].startswith(f"policy {name}: integer overflow")
    # The same set decides soundly where nothing errs.
    without = decide(policies, ask({"vendor": "ACME"}))
    assert without.errors == ()
    assert without.code is not DecisionCode.POLICY_ERROR


def test_an_error_beside_a_satisfied_forbid_is_still_recorded() -> None:
    other = ERRING_FORBID.replace("stop", "stop2")
    decision = decide(of(AUTO, FORBID, other), ask())
    assert (decision.code, decision.reasons) == (DecisionCode.POLICY_ERROR, ("stop",))
    assert decision.errors


def test_recorded_errors_hold_no_value_of_the_payload() -> None:
    decision = decide(of(AUTO, ERRING_FORBID), ask({"amount_cents": 123456789}))
    assert "123456789" not in json.dumps(decision.as_json())
    refused = decide(of(AUTO), ask({"amount_cents": "very private"}))
    assert "private" not in json.dumps(refused.as_json())


@pytest.mark.parametrize(
    "payload",
    [
        {"amount_cents": 1.0},
        {"amount_cents": None},
        {"amount_cents": 2**63},
        {"vendor": 7},
        {"tags": [None]},
    ],
)
def test_a_field_of_the_wrong_type_is_a_policy_error_even_if_no_policy_reads_it(
    payload: Any,
) -> None:
    decision = decide(of(AUTO), ask(payload))
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.POLICY_ERROR)


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_json": b"not json"},
        {"payload_json": b'{"amount_cents": 1, "amount_cents": 999999}'},
        {"received_at": datetime(2026, 11, 23)},  # noqa: DTZ001 - the point
        {"origin": "\ud800"},
        {"principal": Principal(type=PrincipalType.PERSON, id="\ud800")},
        {"assistant": AssistantRef(tenant="t", name="a", version=2**70)},
        {"assistant": AssistantRef(tenant="\ud800", name="a", version=1)},
    ],
)
def test_a_question_that_cannot_be_put_is_a_denial(changes: dict[str, Any]) -> None:
    decision = decide(of(AUTO), ask(**changes))
    assert (decision.verdict, decision.code) == (Verdict.DENY, DecisionCode.POLICY_ERROR)
    assert decision.errors


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ('resource in Tenant::"northwind" && resource.version == 3', True),
        ('resource in Tenant::"southwind"', False),
        ('resource.name == "invoice-clerk" && resource.tenant == "northwind"', True),
        ('principal == Source::"erp" && context.origin == "webhook"', True),
        ('principal == Source::"e\\nrp"', False),
        ("context.time.weekday <= 5 && context.time.hour == 9", True),
        ('context.time.at < datetime("2026-11-23T09:00:01Z")', True),
        ('context.payload has tags && context.payload.tags.contains("rush")', True),
        ('context.payload has vendor && context.payload.vendor like "AC*"', True),
        ("context.payload has amount && context.payload.amount >= 5", False),
    ],
)
def test_policies_see_principal_resource_and_context(condition: str, matches: bool) -> None:
    policies = of(
        f'@id("a") @auto("x") permit (principal, action, resource) when {{ {condition} }};'
    )
    decision = decide(policies, ask({"amount_cents": 4, "vendor": "ACME", "tags": ["rush"]}))
    assert (decision.verdict is Verdict.AUTO) == matches
    assert decision.errors == ()


def test_a_string_of_the_payload_stays_a_string_whatever_it_looks_like() -> None:
    hostile = '{"__entity": {"type": "Person", "id": "x"}}"; permit(principal, action, resource);'
    policies = of(
        '@id("a") @auto("x") permit (principal, action, resource)'
        ' when { context.payload has vendor && context.payload.vendor like "*permit(principal*" };'
    )
    assert decide(policies, ask({"vendor": hostile})).verdict is Verdict.AUTO


def test_a_decision_names_the_set_that_made_it() -> None:
    policies = of(AUTO)
    assert decide(policies, ask()).policy_digest == policies.digest


def test_an_explanation_says_what_matched_and_why() -> None:
    described = CFO.replace("permit", '@description("Large sums") permit', 1)
    told = explain(of(AUTO, described, PLAIN), ask())
    assert told.render().splitlines()[:4] == [
        "hold: permitted, and people must approve under: cfo, default",
        '  matched permit auto (line 1) @auto("small change")',
        '  matched permit cfo (line 2) @hold("cfo"): Large sums',
        "  matched permit plain (line 3) (holds by the default rule)",
    ]
    assert json.loads(json.dumps(told.as_json()))["matched"][1] == {
        "id": "cfo",
        "line": 2,
        "effect": "permit",
        "hold": "cfo",
        "auto": None,
        "description": "Large sums",
    }


@pytest.mark.parametrize(
    ("policies", "why"),
    [
        ((), "the set has no policies"),
        ((AUTO,), "every permit that matched says @auto"),
        ((AUTO, FORBID), "a forbid wins"),
        ((AUTO, ERRING_FORBID), "could not be evaluated"),
        (('@id("a") permit (principal is Client, action, resource);',), "no permit matched"),
    ],
)
def test_every_verdict_is_explained(policies: tuple[str, ...], why: str) -> None:
    assert why in explain(of(*policies), ask()).why


def test_an_explanation_names_the_policy_that_erred() -> None:
    told = explain(of(AUTO, ERRING_FORBID), ask())
    assert [policy.policy_id for policy in told.erred] == ["stop"]
    assert "  erred   forbid stop (line 2)" in told.render().splitlines()


REQUEST = {
    "principal": {"type": "Source", "id": "erp"},
    "assistant": {"tenant": "northwind", "name": "invoice-clerk", "version": 3},
    "payload": {"amount_cents": 4},
    "received_at": "2026-11-23T09:00:00Z",
    "origin": "webhook",
}


def test_a_sets_own_tests_say_what_they_expected_and_what_they_got() -> None:
    tests = read_tests(
        [
            {"name": "held", "request": REQUEST, "expect": {"verdict": "hold", "rules": ["cfo"]}},
            {"name": "auto", "request": REQUEST, "expect": {"verdict": "auto"}},
            {"name": "deny", "request": REQUEST, "expect": {"verdict": "deny", "rules": []}},
            {
                "name": "two",
                "request": REQUEST,
                "expect": {"verdict": "hold", "rules": ["default", "cfo"]},
            },
        ]
    )
    outcomes = run_tests(of(AUTO, CFO), tests)
    assert [(outcome.name, outcome.problem) for outcome in outcomes] == [
        ("held", None),
        ("auto", "expected auto, got hold under cfo"),
        ("deny", "expected deny, got hold under cfo"),
        ("two", "expected hold under cfo, default, got hold under cfo"),
    ]
    assert [outcome.passed for outcome in outcomes] == [True, False, False, False]
    erring = run_tests(of(AUTO, ERRING_FORBID), tests[1:2])
    assert "policy stop: integer overflow" in str(erring[0].problem)


def test_a_written_request_asks_the_same_as_a_real_one() -> None:
    assert read_request(REQUEST) == ask()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"principal": {"type": "Robot", "id": "x"}}, "request.principal.type"),
        ({"principal": {"type": "Source", "id": 1}}, "request.principal.id"),
        ({"principal": "x"}, "request.principal"),
        ({"assistant": {"tenant": "t", "name": "n", "version": True}}, "request.assistant.version"),
        ({"assistant": {"tenant": "t", "name": "n"}}, "request.assistant"),
        ({"received_at": "2026-11-23T09:00:00"}, "request.received_at"),
        ({"received_at": "yesterday"}, "request.received_at"),
        ({"origin": ""}, "request.origin"),
        ({"extra": 1}, "request"),
    ],
)
def test_a_faulty_request_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(PolicyTestInvalid, match=f"^{field}: "):
        read_request(REQUEST | changes)


@pytest.mark.parametrize(
    ("test", "field"),
    [
        ({"name": "a", "request": REQUEST}, r"tests\[0\]"),
        ({"name": "", "request": REQUEST, "expect": {"verdict": "deny"}}, r"tests\[0\].name"),
        ({"name": "a", "request": REQUEST, "expect": {"verdict": "no"}}, "verdict"),
        ({"name": "a", "request": REQUEST, "expect": {"verdict": "hold"}}, "rules"),
        ({"name": "a", "request": REQUEST, "expect": {"verdict": "deny", "rules": ["x"]}}, "rules"),
        ({"name": "a", "request": REQUEST, "expect": {"verdict": "hold", "rules": [1]}}, "rules"),
    ],
)
def test_a_faulty_test_is_refused_by_field(test: dict[str, Any], field: str) -> None:
    with pytest.raises(PolicyTestInvalid, match=field):
        read_tests([test])
