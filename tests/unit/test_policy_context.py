"""What a policy can see: declared fields, typed, and nothing read loosely."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy_context import (
    MAX_SET_MEMBERS,
    MAX_STRING_BYTES,
    ContextFields,
    ContextFieldsInvalid,
    ContextInvalid,
    build_context,
    parsed_schema,
)

DECLARED = {
    "amount": {"pointer": "/invoice/amount_cents", "type": "long"},
    "tags": {"pointer": "/tags", "type": "set of string"},
    "urgent": {"pointer": "/urgent", "type": "bool"},
    "vendor": {"pointer": "/invoice/lines/0/a~1b~0c", "type": "string"},
}
FIELDS = ContextFields.from_mapping(DECLARED)
NOW = datetime(2026, 11, 23, 23, 30, 1, 234567, tzinfo=UTC)


def payload_of(payload: Any, fields: ContextFields = FIELDS) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return build_context(fields, raw, NOW, "webhook")["payload"]


def test_a_declaration_reads_back_as_written_and_makes_a_schema_cedar_accepts() -> None:
    assert FIELDS.as_json() == DECLARED
    assert ContextFields.from_mapping(dict(reversed(DECLARED.items()))) == FIELDS
    assert "amount?: Long" in FIELDS.schema_text()
    parsed_schema(FIELDS)
    parsed_schema(ContextFields())


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ({"Amount": {"pointer": "/a", "type": "long"}}, "small letters"),
        ({"in": {"pointer": "/a", "type": "long"}}, "no word of Cedar"),
        ({"a\n": {"pointer": "/a", "type": "long"}}, "small letters"),
        ({"a": {"pointer": "a", "type": "long"}}, "`pointer`"),
        ({"a": {"pointer": "", "type": "long"}}, "`pointer`"),
        ({"a": {"pointer": "/~2", "type": "long"}}, "`pointer`"),
        ({"a": {"pointer": "/a", "type": "float"}}, "`type` must be one of long, string"),
        ({"a": {"pointer": "/a", "type": ["long"]}}, "`type`"),
        ({"a": {"pointer": "/a"}}, "exactly `pointer`"),
        ({"a": "/a"}, "exactly `pointer`"),
        ({f"f{n}": {"pointer": "/a", "type": "long"} for n in range(65)}, "64 at most"),
    ],
)
def test_a_faulty_declaration_is_refused_by_name(declared: dict[str, Any], fault: str) -> None:
    with pytest.raises(ContextFieldsInvalid, match=fault):
        ContextFields.from_mapping(declared)


def test_found_fields_are_taken_and_missing_ones_left_out() -> None:
    assert payload_of(
        {
            "invoice": {"amount_cents": 2**63 - 1, "lines": [{"a/b~c": "ACME"}]},
            "tags": ["a", "b"],
            "urgent": False,
            "other": None,
        }
    ) == {"amount": 2**63 - 1, "vendor": "ACME", "tags": ["a", "b"], "urgent": False}
    assert payload_of({"invoice": []}) == {}
    assert payload_of({"invoice": {"lines": [[]]}, "tags": []}) == {"tags": []}
    assert payload_of([1]) == payload_of(3) == payload_of(None) == {}


@pytest.mark.parametrize(
    "payload",
    [
        {"invoice": {"amount_cents": 1.0}},
        {"invoice": {"amount_cents": None}},
        {"invoice": {"amount_cents": True}},
        {"invoice": {"amount_cents": "1"}},
        {"invoice": {"amount_cents": 2**63}},
        {"invoice": {"amount_cents": -(2**63) - 1}},
        b'{"invoice": {"amount_cents": 1e2}}',
        {"urgent": 1},
        {"tags": "a"},
        {"tags": ["a", 1]},
        {"tags": [{"__entity": {"type": "Person", "id": "x"}}]},
        {"tags": ["a"] * (MAX_SET_MEMBERS + 1)},
        {"invoice": {"lines": [{"a/b~c": "x" * (MAX_STRING_BYTES + 1)}]}},
        {"invoice": {"lines": [{"a/b~c": "é" * (MAX_STRING_BYTES // 2 + 1)}]}},
        b'{"invoice": {"lines": [{"a/b~c": "\\ud800"}]}}',
    ],
)
def test_a_field_of_another_type_or_size_is_refused(payload: Any) -> None:
    with pytest.raises(ContextInvalid, match=r"payload field \w+ \(.*\) is no "):
        payload_of(payload)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"urgent": false, "urgent": true}',
        b'{"x": {"a": 1, "\\u0061": 2}}',
        b'{"x": NaN}',
        b'{"x": -Infinity}',
        b"1" * 5000,
        b"[" * 200_000,
    ],
)
def test_a_payload_two_readers_could_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(ContextInvalid):
        payload_of(raw)


def test_a_payload_no_field_is_declared_for_is_not_read() -> None:
    assert payload_of(b"\xff not JSON", ContextFields()) == {}


def test_time_is_utc_whatever_zone_it_came_in() -> None:
    moved = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    expected = {
        "at": {"__extn": {"fn": "datetime", "arg": "2026-11-23T23:30:01.234Z"}},
        "weekday": 1,
        "hour": 23,
    }
    for at in (NOW, moved):
        assert build_context(FIELDS, b"{}", at, "api")["time"] == expected
    with pytest.raises(ContextInvalid, match="time zone"):
        build_context(FIELDS, b"{}", NOW.replace(tzinfo=None), "api")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(amount=JSON, tags=JSON, urgent=JSON)
def test_whatever_comes_only_declared_types_get_through(
    amount: Any, tags: Any, urgent: Any
) -> None:
    payload = {"invoice": {"amount_cents": amount}, "tags": tags, "urgent": urgent}
    try:
        seen = payload_of(payload)
    except ContextInvalid:
        return
    assert type(seen["amount"]) is int
    assert type(seen["urgent"]) is bool
    assert all(type(tag) is str for tag in seen["tags"])
