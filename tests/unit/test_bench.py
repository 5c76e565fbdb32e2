"""The benches' own arithmetic: a wrong figure is worse than none."""

import base64
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ops.bench.ingest import Tally
from ops.bench.ingest_load import BenchFailed
from ops.bench.load_client import Load, LoadFailed, Plan, is_whole, requests_of
from ops.bench.report import json_line, percentile, print_report
from pipeline.schemes import PlainMessage
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.strict_json import parse_object

RAW = (b"0123456789abcdef0123456789abcdef", b"f" * 32)
SECRETS = tuple(base64.b64encode(each).decode() for each in RAW)
ANSWER = b"HTTP/1.1 202 ACCEPTED\r\nContent-Length: 4\r\n\r\n{  }"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@given(values=st.lists(st.floats(0, 1e6), min_size=1), share=st.floats(0, 1))
def test_a_percentile_lies_among_the_values(values: list[float], share: float) -> None:
    assert percentile(values, share) in values


def test_the_last_line_is_one_line_of_json() -> None:
    written = io.StringIO()
    print_report(
        "ingest",
        columns=["view", "a heading " * 20],
        rows=[["ingest", "1"]],
        figures={"ratio": 0.12345, "n": 7, "p99_ms": None},
        settings={"fsync": "on"},
        console=Console(file=written, width=40),
    )
    last = written.getvalue().splitlines()[-1]
    assert json.loads(last) == {
        "bench": "ingest",
        "ratio": 0.123,
        "n": 7,
        "p99_ms": None,
        "settings": {"fsync": "on"},
    }
    assert last == json_line("ingest", {"ratio": 0.12345, "n": 7, "p99_ms": None}, {"fsync": "on"})


def test_the_client_signs_what_the_edge_accepts_and_never_one_event_twice() -> None:
    sources = tuple(zip(("/v1/hooks/a", "/v1/hooks/b"), SECRETS, strict=True))
    plan = Plan(
        port=1, sources=sources, connections=1, seconds=1, rate=0, most=6, label="ingest_r0"
    )
    events = []
    for number, request in enumerate(requests_of(plan)):
        head, _, body = request.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        assert line == f"POST {sources[number % 2][0]} HTTP/1.1"
        assert int(headers["content-length"]) == len(body)
        message = PlainMessage(headers=headers, body=body)
        verified = StandardWebhooks().verify(message, RAW[number % 2], datetime.now(UTC))
        parse_object(body, max_depth=8)
        events.append(verified.event_id)
    assert len(set(events)) == 6
    assert len(set(requests_of(replace(plan, most=100, again=0.2)))) == 80


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_an_answer_is_whole_when_its_last_byte_is_there(cut: int) -> None:
    assert is_whole(ANSWER)
    assert not is_whole(ANSWER[:cut])


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nsome"])
def test_an_answer_that_ends_nowhere_is_an_error(answer: bytes) -> None:
    with pytest.raises(LoadFailed):
        is_whole(answer)


def test_a_refused_request_spoils_the_bench_and_a_warm_up_counts_for_the_check_alone() -> None:
    tally = Tally()
    tally.add(Load(seconds=1.0, statuses={"202": 9}, latencies_ms=[], runs=["a"]), counted=False)
    tally.add(Load(seconds=2.0, statuses={"202": 10}, latencies_ms=[], runs=["b"]), counted=True)
    assert (tally.per_second, tally.runs) == (5.0, ["a", "b"])
    with pytest.raises(BenchFailed, match="503"):
        tally.add(
            Load(seconds=1.0, statuses={"202": 9, "503": 1}, latencies_ms=[], runs=[]),
            counted=True,
        )
