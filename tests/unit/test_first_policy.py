"""The policy a first tenant starts under."""

from datetime import UTC, datetime

import pytest

from ops.assistant_template import TEMPLATES, sample_request
from ops.first_policy import FIELDS, RULE, first_policy, first_rule, first_tests
from pipeline.approval import Rule
from pipeline.policy import AssistantRef, PolicyRequest, Principal, PrincipalType, Verdict, decide
from pipeline.policy_context import ContextFields
from pipeline.policy_set import PolicySet
from pipeline.policy_trial import read_tests, run_tests

POLICY = PolicySet.parse(first_policy("one"), ContextFields.from_mapping(FIELDS))


def request(payload: str, **changes: str) -> PolicyRequest:
    principal = Principal(
        type=PrincipalType(changes.get("kind", "Source")), id=changes.get("by", "inbox")
    )
    return PolicyRequest(
        principal=principal,
        assistant=AssistantRef(tenant=changes.get("tenant", "one"), name="bot", version=1),
        payload_json=payload.encode(),
        received_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        origin="webhook",
    )


def test_it_names_the_rule_it_comes_with_and_its_own_tests_pass() -> None:
    assert POLICY.hold_rules == (RULE,)
    assert Rule.from_mapping(first_rule().as_json()) == first_rule()
    outcomes = run_tests(POLICY, read_tests(first_tests("one", "bot")))
    assert [each.passed for each in outcomes] == [True] * 4


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_templates_sample_runs_by_itself(template: str) -> None:
    assert decide(POLICY, request(sample_request(template))).verdict is Verdict.AUTO


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"kind": "Person", "by": "someone"}, Verdict.HOLD),
        ({"by": "another-source"}, Verdict.HOLD),
        ({"tenant": "another"}, Verdict.DENY),
    ],
)
def test_only_its_own_source_is_trusted_with_small_amounts(
    changes: dict[str, str], verdict: Verdict
) -> None:
    small = request('{"amount_cents": 1}', **changes)
    assert decide(POLICY, small).verdict is verdict


@pytest.mark.parametrize("payload", ['{"amount_cents": "1"}', '{"amount_cents": 1.0}', "x"])
def test_an_amount_that_is_none_is_denied(payload: str) -> None:
    assert decide(POLICY, request(payload)).verdict is Verdict.DENY
