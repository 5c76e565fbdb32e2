"""Standard Webhooks: the published vector, and no changed message."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from pipeline.schemes import PlainMessage, SignatureInvalid, TimestampOutOfRange
from pipeline.schemes.standard_webhooks import StandardWebhooks, sign

# The reference libraries' own vector (standard-webhooks/standard-webhooks, libraries/*/tests).
SECRET_TEXT = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET = base64.b64decode(SECRET_TEXT)
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = "1614265330"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
TOLERANCE = timedelta(minutes=5)
NOW = datetime.fromtimestamp(int(TIMESTAMP), UTC)
OTHER = b"another secret of enough bytes"


def headers(**changed: str) -> dict[str, str]:
    known = {"id": EVENT_ID, "timestamp": TIMESTAMP, "signature": SIGNATURE} | changed
    return {f"webhook-{name}": value for name, value in known.items()}


def verify(
    given: dict[str, str],
    body: bytes = BODY,
    *,
    secrets: Sequence[bytes] = (SECRET,),
    now: datetime = NOW,
) -> str:
    message = PlainMessage(headers=given, body=body)
    failed = SignatureInvalid()
    for secret in secrets:
        try:
            verified = StandardWebhooks().verify(message, secret, now)
        except TimestampOutOfRange:
            raise
        except SignatureInvalid as error:
            failed = error
        else:
            return verified.event_id or ""
    raise failed


def test_the_published_vector_verifies_and_signs() -> None:
    assert verify(headers()) == EVENT_ID
    assert sign(SECRET, EVENT_ID, TIMESTAMP, BODY) == SIGNATURE


@given(
    event=st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters=".\x7f"))
    .filter(bool)
    .map(lambda text: text[:255]),
    body=st.binary(max_size=200),
    secret=st.binary(min_size=24, max_size=64),
)
def test_any_signed_message_verifies(event: str, body: bytes, secret: bytes) -> None:
    signature = sign(secret, event, TIMESTAMP, body)
    assert verify(headers(id=event, signature=signature), body, secrets=[secret]) == event


@given(text=st.text(max_size=100))
def test_senders_who_use_the_reference_library_are_understood(text: str) -> None:
    signature = Webhook(base64.b64encode(SECRET).decode()).sign(EVENT_ID, NOW, text)
    assert verify(headers(signature=signature), text.encode())


def test_one_right_signature_of_several_is_enough() -> None:
    several = f"v1,AAAA v1a,hnO3f9T8 {sign(OTHER, EVENT_ID, TIMESTAMP, BODY)} {SIGNATURE}"
    assert verify(headers(signature=several)) == EVENT_ID


def test_either_live_secret_verifies_and_none_refuses() -> None:
    assert verify(headers(), secrets=[OTHER, SECRET]) == EVENT_ID
    for secrets in ([OTHER], []):
        with pytest.raises(SignatureInvalid):
            verify(headers(), secrets=secrets)


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": ""},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": "v2," + SIGNATURE.removeprefix("v1,")},
        {"signature": SIGNATURE.rstrip("=")},
        {"signature": SIGNATURE + "="},
        {"signature": SIGNATURE[:-2] + "F="},  # other bits where base64 has none to spare
        {"signature": "v1,"},
        {"signature": ","},
        {"signature": "v1,é"},
        {"signature": " ".join(["v1,AAAA"] * 10 + [SIGNATURE])},
        {"timestamp": TIMESTAMP + ".0"},
        {"timestamp": "0" + TIMESTAMP},
        {"timestamp": "+" + TIMESTAMP},
        {"timestamp": TIMESTAMP + " "},
        {"timestamp": "１６１４２６５３３０"},  # noqa: RUF001  # digits, but not ours
        {"timestamp": "nan"},
        {"timestamp": "9" * 400},
        {"id": ""},
        {"id": "a" * 256},
        {"id": "msg é"},
    ],
)
def test_another_spelling_of_a_header_is_another_message(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(headers(**changed))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing: str) -> None:
    given = headers()
    del given[missing]
    with pytest.raises(SignatureInvalid):
        verify(given)


def test_parts_cannot_be_moved_over_the_full_stop_between_them() -> None:
    event, body = "a.1614265330", b"x"
    signature = sign(SECRET, event, TIMESTAMP, body)
    moved = headers(id="a", timestamp=TIMESTAMP, signature=signature)
    assert sign(SECRET, "a", TIMESTAMP, f"{TIMESTAMP}.x".encode()) == signature
    with pytest.raises(SignatureInvalid):
        verify(headers(id=event, signature=signature), body)
    assert verify(moved, f"{TIMESTAMP}.x".encode()) == "a"  # which is what was signed


@settings(max_examples=500)
@given(data=st.data())
def test_no_mutated_message_is_accepted(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["id", "timestamp", "signature", "body"]))
    original = {
        "id": EVENT_ID.encode(),
        "timestamp": TIMESTAMP.encode(),
        "signature": SIGNATURE.encode(),
        "body": BODY,
    }[name]
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, len(original)))
    mutated = original[:start] + data.draw(st.binary(max_size=4)) + original[end:]
    assume(mutated != original)
    # A further signature beside the right one changes nothing, by the specification.
    assume(name != "signature" or SIGNATURE not in mutated.decode("latin-1").split(" "))
    changed = {} if name == "body" else {name: mutated.decode("latin-1")}
    with pytest.raises(SignatureInvalid):
        verify(headers(**changed), mutated if name == "body" else BODY)


@given(seconds=st.integers(-10_000, 10_000))
def test_only_the_tolerated_times_are_accepted(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    if abs(timedelta(seconds=seconds)) <= TOLERANCE:
        assert verify(headers(), now=now)
        return
    with pytest.raises(TimestampOutOfRange):
        verify(headers(), now=now)
    # A forger is not told that the time was wrong.
    with pytest.raises(SignatureInvalid):
        verify(headers(signature="v1,AAAA"), now=now)


def test_a_time_that_no_calendar_holds_is_out_of_range_too() -> None:
    stamp = "9" * 12
    signed = headers(timestamp=stamp, signature=sign(SECRET, EVENT_ID, stamp, BODY))
    with pytest.raises(TimestampOutOfRange):
        verify(signed)
