"""The arithmetic of ticks: in order, in time, the same whoever asks, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.registry_names import FieldInvalid
from pipeline.schedule import (
    LATE,
    MOST_MADE_UP,
    Missed,
    Timing,
    check_timing,
    next_ticks,
    reckon,
    send_at,
    ticks_after,
    words_of,
)
from pipeline.schedule_payload import check_payload, fill_payload

SOURCE = UUID(int=7)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}"),
        st.lists(number, min_size=1, max_size=3).map(lambda some: ",".join(map(str, some))),
        st.integers(1, most).map(lambda step: f"*/{step}"),
    )


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(
    " ".join
)
TIMINGS = st.builds(
    Timing,
    expression=EXPRESSIONS,
    zone=ZONES,
    jitter_seconds=st.integers(0, 3600),
    missed=st.sampled_from(Missed),
)


@given(TIMINGS, MOMENTS)
def test_ticks_come_later_in_order_and_on_whole_minutes(timing: Timing, after: datetime) -> None:
    ticks = list(islice(ticks_after(timing, after), 5))
    assert len(ticks) == 5
    assert all(one < two for one, two in pairwise([after, *ticks]))
    assert all(each.tzinfo is UTC and each.second == each.microsecond == 0 for each in ticks)


@given(TIMINGS, MOMENTS)
def test_from_any_moment_between_two_ticks_the_next_is_the_same(
    timing: Timing, after: datetime
) -> None:
    first, second = next_ticks(timing, after, 2)
    assert next_ticks(timing, first, 1) == [second]
    halfway = first + (second - first) / 2
    assert next_ticks(timing, halfway, 1) == [second]


@given(TIMINGS, MOMENTS)
def test_jitter_is_bounded_and_the_same_whoever_asks(timing: Timing, tick: datetime) -> None:
    at = send_at(timing, SOURCE, tick)
    assert timedelta(0) <= at - tick <= timedelta(seconds=timing.jitter_seconds)
    assert at == send_at(timing, SOURCE, tick)


@given(TIMINGS, MOMENTS, st.integers(0, 3 * 24 * 60))
def test_nothing_is_sent_early_or_twice_and_nothing_is_forgotten(
    timing: Timing, after: datetime, minutes: int
) -> None:
    (first,) = next_ticks(timing, after, 1)
    now = first + timedelta(minutes=minutes)
    found = reckon(timing, SOURCE, first, now)
    assert all(first <= each and send_at(timing, SOURCE, each) <= now for each in found.run)
    assert list(found.run) == sorted(set(found.run))
    assert found.next_tick is not None
    assert send_at(timing, SOURCE, found.next_tick) > now
    between = []
    for each in ticks_after(timing, first - timedelta(seconds=1)):
        if each >= found.next_tick:
            break
        between.append(each)
    assert len(found.run) + found.missed == len(between)
    if timing.missed is Missed.ALL:
        assert list(found.run) == between[-MOST_MADE_UP:]
    else:
        assert list(found.run) in ([], between[-1:])
    if timing.missed is Missed.ONCE:
        assert list(found.run) == between[-1:]
    again = reckon(timing, SOURCE, found.next_tick, now)
    assert (again.run, again.missed, again.next_tick) == ((), 0, found.next_tick)


def test_a_tick_is_missed_when_it_is_late() -> None:
    timing = Timing(expression="0 * * * *", zone="UTC")
    (first,) = next_ticks(timing, datetime(2026, 5, 1, tzinfo=UTC), 1)
    assert reckon(timing, SOURCE, first, first + LATE).run == (first,)
    late = reckon(timing, SOURCE, first, first + LATE + timedelta(seconds=1))
    assert (late.run, late.missed) == ((), 1)
    assert reckon(timing, SOURCE, first, first - timedelta(seconds=1)).run == ()


def test_after_years_away_no_more_is_made_up_for_than_is_bearable() -> None:
    timing = Timing(expression="*/5 * * * *", zone="UTC", missed=Missed.ALL)
    first = datetime(2020, 1, 1, tzinfo=UTC)
    found = reckon(timing, SOURCE, first, datetime(2026, 1, 1, tzinfo=UTC))
    assert len(found.run) == MOST_MADE_UP
    assert found.run[-1] == datetime(2026, 1, 1, tzinfo=UTC)


BERLIN = [
    # The clocks move forward at 2:00 on 2026-03-29 and back at 3:00 on 2026-10-25.
    ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
    ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ("0 7 * * *", "2026-03-28T12:00", ["2026-03-29T05:00", "2026-03-30T05:00"]),
    ("0 * * * *", "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T02:00"]),
    (
        "*/30 * * * *",
        "2026-10-25T00:15",
        ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"],
    ),
    # Asked within the hour that comes twice, the second time.
    ("30 2 * * *", "2026-10-25T01:10", ["2026-10-26T01:30"]),
]


@pytest.mark.parametrize(("expression", "after", "expected"), BERLIN)
def test_an_hour_that_is_skipped_or_comes_twice(
    expression: str, after: str, expected: list[str]
) -> None:
    timing = Timing(expression=expression, zone="Europe/Berlin")
    began = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_ticks(timing, began, len(expected))
    assert [each.strftime("%Y-%m-%dT%H:%M") for each in found] == expected


@pytest.mark.parametrize(
    ("expression", "zone", "jitter", "wrong"),
    [
        ("* * * *", "UTC", 0, "cron"),
        ("* * * * * *", "UTC", 0, "cron"),
        ("60 * * * *", "UTC", 0, "cron"),
        ("@daily", "UTC", 0, "cron"),
        ("0 0 31 2 *", "UTC", 0, "cron"),
        ("* " * 5 + " " * 300, "UTC", 0, "cron"),
        ("0 0 * * *", "Europe/Nowhere", 0, "zone"),
        ("0 0 * * *", "../../etc/passwd", 0, "zone"),
        ("0 0 * * *", "", 0, "zone"),
        ("0 0 * * *", "UTC", 3601, "jitter_seconds"),
        ("0 0 * * *", "UTC", -1, "jitter_seconds"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(
    expression: str, zone: str, jitter: int, wrong: str
) -> None:
    with pytest.raises(FieldInvalid) as refused:
        check_timing(Timing(expression=expression, zone=zone, jitter_seconds=jitter))
    assert refused.value.field == wrong


@given(st.text(alphabet="0123456789*/,-#LWMONJANé \t", max_size=30), ZONES)
def test_whatever_is_written_is_refused_or_ticks(expression: str, zone: str) -> None:
    try:
        timing = check_timing(Timing(expression=expression, zone=zone))
    except FieldInvalid:
        return
    assert next_ticks(timing, datetime(2026, 1, 1, tzinfo=UTC), 1)


def test_a_payload_is_filled_once_with_texts() -> None:
    payload = {"day": "of {{ date }} {{time}}", "n": 3, "list": [{"by": "{{source}}"}], "t": "{x}"}
    check_payload(payload)
    tick = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    filled = fill_payload(payload, source="{{tick}}", zone="Europe/Berlin", tick=tick)
    assert filled == (b'{"day":"of 2026-07-02 00:30","list":[{"by":"{{tick}}"}],"n":3,"t":"{x}"}')


@pytest.mark.parametrize(
    "payload",
    [
        {"a": "{{ secrets }}"},
        {"a": "{{ tick.__class__ }}"},
        {"a": "\x00"},
        {"\x00": 1},
        {"a": "x" * 70_000},
        {"a": float("nan")},
    ],
)
def test_a_payload_that_cannot_be_kept_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(FieldInvalid, match="payload"):
        check_payload(payload)


@given(TIMINGS)
def test_whatever_ticks_can_be_told_in_words(timing: Timing) -> None:
    assert words_of(timing)


def test_two_kinds_of_days_are_told_as_they_count() -> None:
    def said(expression: str) -> str:
        return words_of(Timing(expression=expression, zone="UTC"))

    assert said("0 7 * * 1-5") == "At 07:00 on Monday through Friday"
    assert said("0 0 1,15 * 1") == "At 00:00 on the first and the 15th day of month and on Monday"
    assert said("0 0 */2 * 1") == "At 00:00 on every second day of month if it's on Monday"
    with pytest.raises(FieldInvalid):
        said("0 0 * * 9")
