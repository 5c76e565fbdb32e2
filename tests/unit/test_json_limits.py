"""Bodies: what is read, what is refused before anything is built of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.refusal import Refusal
from pipeline.strict_json import (
    JsonInvalid,
    JsonNotAnObject,
    JsonTooDeep,
    canonical,
    parse,
    parse_object,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=JSON, ascii_only=st.booleans())
def test_any_json_is_read_as_python_reads_it(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse(text, max_depth=100) == value


@given(value=st.dictionaries(st.text(), JSON))
def test_the_canonical_form_is_one_form(value: dict[str, object]) -> None:
    reordered = dict(reversed(value.items()))
    assert canonical(value) == canonical(reordered)
    assert parse_object(canonical(value), max_depth=100) == value


@given(text=st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ue0d8 1-.+ea', max_size=60))
def test_whatever_comes_is_read_or_refused_by_name(text: bytes | str) -> None:
    raw = text if isinstance(text, bytes) else text.encode()
    try:
        value = parse(raw, max_depth=8)
    except Refusal:
        return
    assert json.loads(raw) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a" 1}',
        b'{"a": 01}',
        b'{"a": 1} {}',
        b'{"a": 1}x',
        b'{"a": "\n"}',
        b'{"a": "\\x"}',
        b'{"a": "open',
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xc0\xaf"}',
        b'{"a": "\\ud800"}',
        b'{"\\uDFFF": 1}',
        b'{"a": "\\ude00\\ud83d"}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 1}',
        b'{"b": [{"a": 1, "a": 2}]}',
        '{"a": 1}'.encode("utf-16"),
        b"\x00",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: bytes) -> None:
    with pytest.raises(JsonInvalid):
        parse_object(text, max_depth=8)


@pytest.mark.parametrize("text", [b"[]", b"1", b'"a"', b"null", b"true"])
def test_the_outermost_value_is_an_object(text: bytes) -> None:
    with pytest.raises(JsonNotAnObject):
        parse_object(text, max_depth=8)


@pytest.mark.parametrize(
    "text", [b'{"a": "\\ud83d\\ude00"}', b'{"a": "\\u0000"}', b'{"a": 1e308}', b'{"a": "[[[[[["}']
)
def test_what_is_only_odd_is_read(text: bytes) -> None:
    assert parse_object(text, max_depth=2) == json.loads(text)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_the_limit_itself_is_allowed_and_one_more_is_not(opening: bytes, closing: bytes) -> None:
    with pytest.raises(JsonTooDeep) as caught:
        parse(opening * 33 + b"1" + closing * 33, max_depth=32)
    assert parse(opening * 32 + b"1" + closing * 32, max_depth=32)
    assert "32" in str(caught.value)


def test_brackets_in_strings_are_no_depth_and_quotes_in_strings_end_nothing() -> None:
    text = json.dumps({"a": '"[[[[', "b": "\\", "c": ["]]]", '\\"{{{{']}).encode()
    assert parse_object(text, max_depth=2)["a"] == '"[[[['


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 1_000_000,
        b'"' + b'\\"' * 500_000,  # a string that never ends: looked at once
        b'{"a":' * 200_000,
        b"[]" * 500_000,
        b'"' * 1_000_001,
    ],
)
def test_a_hostile_body_costs_no_more_than_reading_it(text: bytes) -> None:
    with pytest.raises((JsonInvalid, JsonTooDeep)):
        parse(text, max_depth=32)
