"""Events that agents tell among their lines."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.run_output import line_in_words, lines_of
from pipeline.agent_event import in_words, read_event, shortened
from runtime_host.output import LineCutter

INSIDE = Path(__file__).parents[2] / "runtime_host/inside"
MARK = b"\x1e"
PROGRAM = """
import sys
from awgp_agent import telemetry
assert "awgp_agent._fetch" not in sys.modules
print("before")
telemetry.event("invoice.booked", {"amount": 12, "to": ["a", "b"], "late": False}, body="\u202e\\n")
print("half", end="")
try:
    with telemetry.span("rates.fetch") as attributes:
        attributes["count"] = 2.5
        raise KeyError("x")
except KeyError:
    print("after")
for name, attributes in (("", {}), ("a b", {}), ("a", {"x": None}), ("a", {"x": float("nan")}),
        ("a", {"x": 2**60}), ("a", {"x" * 65: 1}), ("a", {f"k{n}": 1 for n in range(33)}),
        ("a", {"x": "y" * 9000})):
    try:
        telemetry.event(name, attributes)
    except ValueError:
        continue
    print("told", name)
telemetry.event("odd", {"x": "\\ud800\\0"})
"""


def cut(written: bytes) -> list[tuple[str, str]]:
    cutter = LineCutter(1 << 20)
    lines = [*cutter.feed("stdout", written, 0), *cutter.rest(0)]
    return [(line.stream, line.text) for line in lines]


def test_the_library_tells_events_among_what_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(INSIDE), "PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    streams, texts = zip(*cut(done.stdout), strict=True)
    assert streams == ("stdout", "event", "stdout", "event", "stdout", "event")
    assert (texts[0], texts[2], texts[4]) == ("before", "half", "after")
    booked, fetched, odd = (json.loads(texts[at]) for at in (1, 3, 5))
    assert booked == {
        "eventName": "invoice.booked",
        "severityText": "INFO",
        "body": "\u202e\n",
        "attributes": {"amount": 12, "to": ["a", "b"], "late": False},
    }
    assert fetched["severityText"] == "ERROR"
    assert fetched["attributes"] == {"count": 2.5, "exception.type": "KeyError"}
    assert int(fetched["endTimeUnixNano"]) >= int(fetched["startTimeUnixNano"]) > 10**18
    assert odd["attributes"] == {"x": "?\ufffd"}
    shown = line_in_words(1, "event", texts[1])
    assert "\n" not in shown
    assert "INFO invoice.booked" in shown
    assert "amount=12" in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    "said",
    [
        b"", b"{}", b"[]", b"\xff", b'{"eventName":1}', b'{"eventName":"a b"}', b"[" * 5000,
        b'{"eventName":"a","x":1}', b'{"eventName":"a","eventName":"b"}',
        b'{"eventName":"a","severityText":"LOUD"}', b'{"eventName":"a","severityText":[]}',
        b'{"eventName":"a","body":"\\u0000"}', b'{"eventName":"a","body":"\\ud800"}',
        b'{"eventName":"a","attributes":{"b":NaN}}', b'{"eventName":"a","attributes":{"b":1e999}}',
        b'{"eventName":"a","attributes":{"b":9007199254740992}}',
        b'{"eventName":"a","attributes":{"b":{}}}', b'{"eventName":"a","attributes":{"":1}}',
        b'{"eventName":"a","startTimeUnixNano":"1"}',
        b'{"eventName":"a","startTimeUnixNano":"2","endTimeUnixNano":"1"}',
        b'{"eventName":"a","startTimeUnixNano":1,"endTimeUnixNano":2}',
    ],
)  # fmt: skip
def test_what_is_no_sound_event_stays_a_line(said: bytes) -> None:
    assert cut(MARK + said + b"\n") == [("stdout", "\x1e" + said.decode("utf-8", "replace"))]


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_nothing_but_an_event_is_one(before: bytes, said: bytes) -> None:
    for stream, text in cut(before + MARK + said + b"\n"):
        assert stream == "stdout" or read_event(text.encode()) == text
        assert "\0" not in text


def test_events_are_of_stdout_alone() -> None:
    told = list(LineCutter(100).feed("stderr", MARK + b'{"eventName":"a"}\n', 0))
    assert [line.stream for line in told] == ["stderr"]


def test_a_long_event_loses_its_attributes_while_it_is_told() -> None:
    event = read_event(
        b'{"eventName":"a","body":"%s","attributes":{"b":"%s","c":1}}' % (b"x" * 900, b"y" * 900)
    )
    assert event is not None
    cut_short = json.loads(shortened(event, 1024))
    assert cut_short["droppedAttributesCount"] == 2
    assert len(shortened(event, 1024)) <= 1024
    assert "attributes" not in cut_short
    assert in_words(shortened(event, 1024)).startswith("INFO a x")
    assert shortened(event, 5000) == event


def test_lines_are_asked_for_page_by_page_and_followed_to_the_end() -> None:
    run, asked, slept = uuid4(), list[int](), list[float]()

    def page(count: int, after: int | None, *, ended: bool) -> dict[str, object]:
        first = asked[-1] + 1
        lines = [{"sequence": first + n} for n in range(count)]
        told = {"lines": lines, "after": after, "ended": ended, "truncated": False}
        return {**told, "execution_id": "a"}

    def ask(run_id: UUID, after: int = -1) -> dict[str, object]:
        assert run_id == run
        asked.append(after)
        if len(asked) == 2:
            return page(0, None, ended=False)
        return page(2, after + 2 if len(asked) == 1 else None, ended=len(asked) > 1)

    lines = list(lines_of(ask, run, follow=True, sleep=slept.append))
    assert [line["sequence"] for line in lines] == [0, 1, 2, 3]
    assert (asked, len(slept)) == ([-1, 1, 1], 1)


def test_an_event_that_outgrows_its_line_is_none_and_only_so_many_are_read() -> None:
    numbers = ",".join(["1e15"] * 32)
    grown = ",".join(f'"{name}{n}":[{numbers}]' for n in range(16) for name in "ab")
    assert read_event(b'{"eventName":"a","attributes":{%s}}' % grown.encode()) is None
    event = MARK + b'{"eventName":"a"}\n'
    lines = list(LineCutter(1 << 20).feed("stdout", event * 1001, 0))
    assert [line.stream for line in lines] == ["event"] * 1000 + ["stdout"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"eventName":"a","attributes":[1]}',
    '{"eventName":"a","endTimeUnixNano":"x"}', "a\nb"])  # fmt: skip
def test_what_another_server_calls_an_event_is_shown_on_one_line(text: str) -> None:
    assert "\n" not in line_in_words(1, "event", text)
