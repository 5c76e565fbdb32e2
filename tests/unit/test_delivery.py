"""What is sent, how it is signed, what an answer means, how long to wait."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from pipeline.courier import Answer
from pipeline.delivery import (
    RETRY_AFTER_CEILING,
    RETRY_CEILING,
    MessageContent,
    Outcome,
    asked_delay,
    judge_answer,
    message_body,
    message_id,
    retry_delay,
    signed_headers,
)
from pipeline.target_settings import TargetSettings

RUN = UUID("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def body(result: bytes | None = b'{"a": 1.50}') -> bytes:
    content = MessageContent(
        run=str(RUN), tenant="acme", assistant="bööker", position=0, result=result
    )
    return message_body(content)


def test_the_agents_result_stands_in_the_body_byte_for_byte() -> None:
    assert b'"result":{"a": 1.50}}' in body()
    assert json.loads(body()) == {
        "type": "run.executed",
        "run": str(RUN),
        "tenant": "acme",
        "assistant": "bööker",
        "position": 0,
        "result": {"a": 1.5},
    }
    assert json.loads(body(None))["result"] is None


def test_the_standards_own_library_verifies_the_signature() -> None:
    key = b"k" * 32
    headers = signed_headers(body(), key=key, message="msg_1", at=datetime.now(UTC))
    assert Webhook(base64.b64encode(key).decode()).verify(body(), headers) == json.loads(body())
    assert headers["Idempotency-Key"] == headers["webhook-id"]


def test_a_message_id_names_run_and_position_and_nothing_else() -> None:
    assert message_id(RUN, 3) == f"msg_{RUN.hex}_3"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (302, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (401, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (408, Outcome.RETRY),
        (409, Outcome.RETRY),
        (410, Outcome.REFUSED),
        (425, Outcome.RETRY),
        (429, Outcome.RETRY),
        (500, Outcome.RETRY),
        (503, Outcome.RETRY),
    ],
)
def test_a_status_means_what_it_says(status: int, outcome: Outcome) -> None:
    assert judge_answer(Answer(status=status), TargetSettings()) is outcome


def test_a_target_says_what_it_expects() -> None:
    settings = TargetSettings.from_json(
        {"expect": {"status": [202], "body_contains": "started"}, "retry_status": [404]}
    )
    assert judge_answer(Answer(status=202, body=b"it started"), settings) is Outcome.DELIVERED
    assert judge_answer(Answer(status=202, body=b"starting up"), settings) is Outcome.RETRY
    assert judge_answer(Answer(status=200, body=b"it started"), settings) is Outcome.RETRY
    assert judge_answer(Answer(status=404), settings) is Outcome.RETRY
    assert judge_answer(Answer(status=410), settings) is Outcome.REFUSED
    lacks = TargetSettings.from_json({"expect": {"body_lacks": "starting up"}})
    assert judge_answer(Answer(status=200, body=b"n8n is starting up"), lacks) is Outcome.RETRY
    assert judge_answer(Answer(status=200, body=b"ok"), lacks) is Outcome.DELIVERED


def test_no_answer_is_tried_again_and_a_refused_address_is_not() -> None:
    assert judge_answer(Answer(status=None, error="x"), TargetSettings()) is Outcome.RETRY
    refused = Answer(status=None, error="x", refused=True)
    assert judge_answer(refused, TargetSettings()) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        (" 7 ", 7),
        ("-7", 0),
        ("7.5", 0),
        ("999999", 3600),
        ("9" * 400, 3600),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("Sat, 31 Jan 2099 11:00:00 GMT", 3600),
        ("soon", 0),
        ("٣", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_capped(
    said: str | None, seconds: int
) -> None:
    assert asked_delay(said, now=NOW) == timedelta(seconds=seconds)


@given(st.text(max_size=80))
def test_no_retry_after_makes_us_fail_or_wait_longer_than_the_cap(said: str) -> None:
    assert timedelta(0) <= asked_delay(said, now=NOW) <= RETRY_AFTER_CEILING


@given(st.integers(min_value=1, max_value=1000), st.integers(min_value=0, max_value=10_000))
def test_a_retry_waits_at_least_as_long_as_asked(attempt: int, asked: int) -> None:
    answer = Answer(status=503, retry_after=str(asked))
    delay = retry_delay(attempt, answer, now=NOW)
    assert min(timedelta(seconds=asked), RETRY_AFTER_CEILING) <= delay
    assert delay <= max(RETRY_CEILING, RETRY_AFTER_CEILING)


@given(
    st.lists(st.integers(1, 86_400), min_size=1, max_size=30),
    st.integers(min_value=1, max_value=60),
    st.none() | st.integers(0, 10_000),
)
def test_a_schedule_is_kept_to_a_tenth_and_gives_way_to_the_receiver(
    schedule: list[int], attempt: int, asked: int | None
) -> None:
    answer = Answer(status=503, retry_after=None if asked is None else str(asked))
    delay = retry_delay(attempt, answer, now=NOW, schedule=schedule)
    own = timedelta(seconds=schedule[min(attempt, len(schedule)) - 1])
    asked_for = min(timedelta(seconds=asked or 0), RETRY_AFTER_CEILING)
    assert max(own, asked_for) <= delay <= max(own * 1.1001, asked_for)
    settings = TargetSettings.from_json({"retry_seconds": schedule})
    assert settings.attempts(8) == len(schedule) + 1
    assert TargetSettings().attempts(8) == 8


def test_what_the_target_asks_for_goes_along_and_never_over_our_own_headers() -> None:
    headers = signed_headers(
        b"x",
        key=b"k" * 32,
        message="msg_1",
        at=NOW,
        content_type="text/plain",
        further={"X-Key": "v", "webhook-id": "forged", "Content-Type": "forged"},
    )
    assert (headers["X-Key"], headers["Content-Type"]) == ("v", "text/plain")
    assert headers["webhook-id"] == "msg_1"
