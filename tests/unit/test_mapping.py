"""What an event becomes by a source's mapping, and what a mapping may be."""

import contextlib
import re
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.condition import (
    LONGEST,
    Asked,
    ConditionFailed,
    ConditionInvalid,
    read_condition,
)
from pipeline.mapping import Mapped, MappingFailed, read_mapping
from pipeline.registry_names import FieldInvalid

EVENT = {
    "type": "invoice.paid",
    "amount": 1200,
    "labels": ["urgent", "eu"],
    "data": {"id": "in_7", "note": None, "a/b": {"~": 1}},
}
HEADERS = {"x-github-event": "push"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def mapped(*rules: dict[str, Any], event: dict[str, Any] = EVENT) -> Mapped | None:
    named = [{"name": f"rule-{at}"} | rule for at, rule in enumerate(rules)]
    return read_mapping({"rules": named}).apply(event, HEADERS)


def holds(text: str, event: dict[str, Any] = EVENT) -> bool:
    return read_condition(text).holds(Asked(event, HEADERS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.type == 'invoice.paid' && event.amount > 1000", True),
        ("event.type.startsWith('invoice.') && !event.type.endsWith('.paid')", False),
        ("'urgent' in event.labels", True),
        ("headers['x-github-event'] == 'push'", True),
        ("has(event.zip) && event.zip == 1", False),
        ("event.data.note == null", True),
        ("event.nosuch == 1 || true", True),
        ("event.type.matches('^inv[a-z]+[.](paid|void)$')", True),
    ],
)
def test_a_condition_is_asked_about_event_and_headers(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1 to 500 characters"),
        ("true ||\ntrue", "on one line"),
        ("true || " * 70 + "true", "1 to 500 characters"),
        ("event.labels.exists(l, l == 'eu')", "no loops"),
        ("event.labels . map ( l, l).size() > 0", "no loops"),
        ("+".join(["event.type"] * 10) + " == ''", "8 times +"),
        ("event.type ==", "column 1[0-9]"),
        ("evnt.type == 'x'", "undeclared reference to 'evnt"),
        ("1 == 'x'", "no matching overload"),
        ("headers['a']", "true or false"),
        ("'text'", "true or false"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(ConditionInvalid, match=fault.replace("+", r"\+")):
        read_condition(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("event.nosuch == 1", "lacks"),
        ("event.type > 5", "different types"),
        ("event.amount", "neither true nor false"),
        ("1 / (event.amount - 1200) == 1", "neither true nor false"),
    ],
)
def test_a_condition_that_is_neither_fails_and_quotes_nothing(text: str, why: str) -> None:
    with pytest.raises(ConditionFailed, match=why) as failed:
        holds(text)
    assert "invoice.paid" not in str(failed.value)


def test_a_number_of_more_than_64_bits_fails_the_condition() -> None:
    with pytest.raises(ConditionFailed, match="64 bits"):
        holds("event.n == 1", {"n": 2**64})


def test_the_costliest_condition_on_the_largest_event_is_quick() -> None:
    event = {"s": "ab" * 100_000}
    texts = " || ".join(["event.s.matches('(a|b|ab)*c$')"] * (LONGEST // 34))
    assert holds(texts, event) is False
    assert holds("+".join(["event.s"] * 8) + " == ''", event) is False


def test_conditions_are_asked_by_many_threads_at_once() -> None:
    condition = read_condition("event.who == headers['who'] && 'x' in event.list")
    wrong: list[int] = []

    def ask(who: int) -> None:
        for _ in range(300):
            event = {"who": str(who), "list": ["x"]}
            if not condition.holds(Asked(event, {"who": str(who)})):
                wrong.append(who)

    threads = [threading.Thread(target=ask, args=(who,)) for who in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


@given(event=st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_no_event_breaks_a_condition(event: dict[str, Any]) -> None:
    asked = Asked(event, HEADERS)
    for text in ("event.a == event.b", "has(event.a) && event.a == 1", "event == {}"):
        with contextlib.suppress(ConditionFailed):
            assert read_condition(text).holds(asked) in (True, False)


def test_the_first_rule_that_holds_takes_the_event() -> None:
    paid, other = {"when": "event.amount > 1000", "assistant": "booker"}, {"assistant": "filer"}
    assert mapped(paid, other) == Mapped(
        rule="rule-0", assistant="booker", payload=None, context={}
    )
    assert mapped(paid, other, event={"amount": 5}) == Mapped(
        rule="rule-1", assistant="filer", payload=None, context={}
    )
    assert mapped(paid, event={"amount": 5}) is None


def test_payload_and_context_are_made_of_pointers_headers_and_literals() -> None:
    found = mapped(
        {
            "payload": {
                "id": {"$pointer": "/data/id"},
                "odd": {"$pointer": "/data/a~1b/~0"},
                "first": [{"$pointer": "/labels/0"}, "literal", 7],
                "kind": {"$header": "X-GitHub-Event"},
                "none": {"$pointer": "/nowhere", "default": None},
            },
            "context": {"amount_cents": {"$pointer": "/amount"}, "labels": {"$pointer": "/labels"}},
        }
    )
    assert found is not None
    assert found.payload == {
        "id": "in_7",
        "odd": 1,
        "first": ["urgent", "literal", 7],
        "kind": "push",
        "none": None,
    }
    assert found.context == {"amount_cents": 1200, "labels": ["urgent", "eu"]}
    whole = mapped({"payload": "/data"})
    assert whole is not None
    assert whole.payload == EVENT["data"]


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"when": "event.nosuch == 1"}, r"rules\[0\]\.when: it asks for something"),
        ({"payload": {"a": {"$pointer": "/nowhere"}}}, r"rules\[0\]\.payload\.a: .* /nowhere"),
        ({"payload": {"a": [{"$header": "X-No"}]}}, r"rules\[0\]\.payload\.a\[0\]: .* header x-no"),
        ({"payload": {"a": {"$pointer": "/labels/-"}}}, r"rules\[0\]\.payload\.a"),
        ({"payload": {"a": {"$pointer": "/type/0"}}}, r"rules\[0\]\.payload\.a"),
        ({"payload": "/type"}, r"rules\[0\]\.payload: what it makes is no object"),
        ({"context": {"x": {"$pointer": "/data"}}}, r"rules\[0\]\.context\.x: a whole number"),
        ({"context": {"x": 1.5}}, r"rules\[0\]\.context\.x"),
        ({"context": {"x": None}}, r"rules\[0\]\.context\.x"),
    ],
)
def test_what_cannot_be_said_for_certain_fails_and_names_its_place(
    rule: dict[str, Any], hint: str
) -> None:
    with pytest.raises(MappingFailed) as failed:
        mapped(rule)
    assert "mapping cannot be applied" in str(failed.value)
    assert re.search(hint, failed.value.hint)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ([], "mapping"),
        ({}, "mapping"),
        ({"rules": []}, "mapping.rules"),
        ({"rules": [{"name": "a"}] * 51}, "mapping.rules"),
        ({"rules": ["a"]}, "rules[0]"),
        ({"rules": [{"name": "a", "colour": 1}]}, "rules[0]"),
        ({"rules": [{"name": "A"}]}, "rules[0].name"),
        ({"rules": [{}]}, "rules[0].name"),
        ({"rules": [{"name": "a", "when": "true"}, {"name": "a"}]}, "rules[1].name"),
        ({"rules": [{"name": "a"}, {"name": "b"}]}, "rules[0].when"),
        ({"rules": [{"name": "a", "when": "event."}]}, "rules[0].when"),
        ({"rules": [{"name": "a", "when": 5}]}, "rules[0].when"),
        ({"rules": [{"name": "a", "assistant": "No Name"}]}, "rules[0].assistant"),
        ({"rules": [{"name": "a", "payload": 5}]}, "rules[0].payload"),
        ({"rules": [{"name": "a", "payload": "data"}]}, "rules[0].payload"),
        ({"rules": [{"name": "a", "payload": {"x": {"$pointer": "x"}}}]},
         "rules[0].payload.x.$pointer"),
        ({"rules": [{"name": "a", "payload": {"x": {"$pointer": "/x", "y": 1}}}]},
         "rules[0].payload.x"),
        ({"rules": [{"name": "a", "payload": {"x": {"$header": ""}}}]},
         "rules[0].payload.x.$header"),
        ({"rules": [{"name": "a", "payload": {"x": list(range(300))}}]}, "rules[0].payload.x[254]"),
        ({"rules": [{"name": "a", "context": {"Amount": 1}}]}, "rules[0].context.Amount"),
        ({"rules": [{"name": "a", "context": {"if": 1}}]}, "rules[0].context.if"),
        ({"rules": [{"name": "a", "context": []}]}, "rules[0].context"),
    ],
)  # fmt: skip
def test_what_is_no_mapping_is_refused_by_its_place(mapping: object, field: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        read_mapping(mapping)
    assert refused.value.field == field
