"""Every scheme: the published messages verify, and no changed one does."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.registry_names import FieldInvalid
from pipeline.schemes import (
    CannotSign,
    PlainMessage,
    Request,
    SignatureInvalid,
    TimestampOutOfRange,
    Verified,
)
from pipeline.schemes.gitlab import GitLab
from pipeline.schemes.hmac_generic import GenericHmac
from pipeline.schemes.registry import SCHEMES, build_scheme
from pipeline.schemes.slack import Slack
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.schemes.twilio import Twilio
from pipeline.source_refusals import RefusalKind
from tests.unit.scheme_vectors import (
    PUBLIC_KEY,
    SIGNED,
    SLACK,
    STANDARD_SECRET,
    STRIPE,
    TWILIO_FORM,
    TWILIO_JSON,
    UNSIGNED,
    V1,
    V1A,
    Vector,
    standard,
)

ALL = (*SIGNED, *UNSIGNED)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOOK = "https://awgp.example/v1/hooks/7a3f"
# What each needs to be set up at all.
NEEDED: Mapping[str, Mapping[str, object]] = {
    "hmac": {"header": "X-Signature"},
    "http-basic": {"username": "erp"},
    "mtls": {"subjects": ["CN=erp,O=ACME"]},
    "oidc": {"issuer": "https://id.example", "audience": "awgp", "subjects": ["erp"]},
}

by_name = pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
timed = pytest.mark.parametrize(
    "vector", [each for each in ALL if each.at], ids=lambda vector: vector.name
)


def verify(vector: Vector, now: datetime | None = None, **changed: object) -> Verified:
    message = replace(vector.message, **changed)  # type: ignore[arg-type]  # fields of a message
    return vector.scheme.verify(message, vector.secret, now or vector.now)


def refused(vector: Vector, now: datetime | None = None, **changed: object) -> SignatureInvalid:
    with pytest.raises(SignatureInvalid) as error:
        verify(vector, now, **changed)
    return error.value


@by_name
def test_a_published_message_verifies(vector: Vector) -> None:
    verified = verify(vector)
    assert verified.event_id == vector.event_id
    assert (verified.timestamp is None) == (vector.at is None)
    if vector.at is not None:
        assert verified.timestamp == vector.now


@by_name
def test_another_secret_proves_nothing(vector: Vector) -> None:
    other = vector.secret[:-1] + bytes([vector.secret[-1] ^ 1])
    if vector.secret == PUBLIC_KEY:
        other = b"whpk_" + b"A" * 43 + b"="
    with pytest.raises(SignatureInvalid):
        vector.scheme.verify(vector.message, other, vector.now)


@by_name
def test_each_header_is_needed_and_its_absence_is_told_to_the_owner(vector: Vector) -> None:
    for name in vector.signed_headers:
        rest = {each: value for each, value in vector.headers.items() if each != name}
        error = refused(vector, headers=rest)
        assert error.kind is RefusalKind.SIGNATURE_MISSING
        assert name in (error.hint or "")


@by_name
def test_whoever_is_refused_reads_the_same_sentence(vector: Vector) -> None:
    name = vector.signed_headers[-1]
    answers = {
        str(refused(vector, headers={})),
        str(refused(vector, headers=dict(vector.headers) | {name: "x"})),
    }
    if vector.at is not None:
        answers.add(str(refused(vector, vector.now + timedelta(days=1))))
    assert len(answers) == 1


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_no_mutated_header_is_accepted(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(ALL))
    name = data.draw(st.sampled_from(vector.signed_headers))
    changed = mutated(data, vector.headers[name].encode()).decode("latin-1")
    assume(changed != vector.headers[name])
    # A further signature beside the right one changes nothing, where lists are the scheme's own.
    assume(not (isinstance(vector.scheme, StandardWebhooks | GitLab) and lists(changed, " ")))
    assume(not (vector is STRIPE and {*STRIPE.headers[name].split(",")} <= {*changed.split(",")}))
    refused(vector, headers=dict(vector.headers) | {name: changed})


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_no_mutated_body_is_accepted(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(SIGNED))
    changed = mutated(data, vector.body)
    assume(changed != vector.body)
    if isinstance(vector.scheme, Twilio) and vector.body[:1] != b"{":
        assume(signed_fields(changed) != signed_fields(vector.body))
    refused(vector, body=changed)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_mutated_address_is_accepted_where_it_is_signed(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from([TWILIO_FORM, TWILIO_JSON]))
    changed = mutated(data, vector.url.encode()).decode("latin-1")
    # With the scheme's port and without are two spellings of one address.
    assume(changed.replace(":443", "", 1) != vector.url)
    refused(vector, url=changed)


@timed
def test_a_time_may_differ_as_much_as_the_source_says(vector: Vector) -> None:
    for seconds in (300, -300):
        assert verify(vector, vector.now + timedelta(seconds=seconds))
    for seconds in (301, -301, 10_000_000):
        error = refused(vector, vector.now + timedelta(seconds=seconds))
        assert isinstance(error, TimestampOutOfRange)
        assert error.kind is RefusalKind.TIMESTAMP_OUT_OF_RANGE
    narrow = replace(vector, scheme=replace(vector.scheme, tolerance_seconds=10))  # type: ignore[type-var]  # each is a dataclass
    assert verify(narrow, vector.now + timedelta(seconds=10))
    assert isinstance(refused(narrow, vector.now + timedelta(seconds=11)), TimestampOutOfRange)


@timed
def test_a_forger_is_not_told_that_the_time_was_wrong(vector: Vector) -> None:
    error = refused(vector, vector.now + timedelta(days=1), body=vector.body + b" ")
    assert not isinstance(error, TimestampOutOfRange)


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector.name)
def test_the_same_signed_message_has_one_key_and_another_has_another(vector: Vector) -> None:
    assert verify(vector).key is not None
    assert verify(vector).key == verify(vector).key


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_what_a_scheme_signs_it_verifies(name: str) -> None:
    scheme = build_scheme(name, NEEDED.get(name, {}))
    form = scheme.form()
    request = Request(url=HOOK, body=b'{"amount_cents": 1}', event_id="evt_1", now=NOW)
    if form is None:
        with pytest.raises(CannotSign):
            scheme.sign(request, b"")
        return
    secret = form.make()
    assert form.read(form.tell(secret)) == secret
    signed = scheme.sign(request, secret)
    message = PlainMessage(headers=signed.headers, body=request.body, url=signed.url)
    assert scheme.verify(message, secret, NOW)


def test_a_list_may_hold_signatures_of_both_versions() -> None:
    for secret in (STANDARD_SECRET, PUBLIC_KEY):
        assert verify(standard("both", StandardWebhooks(), secret, f"v1,AAAA {V1A} {V1}"))
    # ... and a key of one kind proves nothing of the other.
    refused(standard("crossed", StandardWebhooks(), STANDARD_SECRET, V1A))
    refused(standard("crossed", StandardWebhooks(), PUBLIC_KEY, V1))


def test_stripe_signs_with_each_live_secret_and_with_versions_we_do_not_know() -> None:
    (value,) = STRIPE.headers.values()
    stamp, _, right = value.partition(",")
    for several in (f"{stamp},v1={'0' * 64},{right},v0=6ffbb59b", f"{right},{stamp}"):
        assert verify(STRIPE, headers={"stripe-signature": several})
    for wrong in (f"{stamp},{stamp},{right}", f"{stamp}", f"{stamp},v0={right[3:]}", f"{value},"):
        refused(STRIPE, headers={"stripe-signature": wrong})


def test_slack_gets_its_challenge_back_only_when_it_is_signed() -> None:
    asked = b'{"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv"}'
    signed = Slack().sign(Request(url=HOOK, body=asked, event_id="", now=NOW), SLACK.secret)
    message = PlainMessage(headers=signed.headers, body=asked, url=HOOK)
    reply = Slack().verify(message, SLACK.secret, NOW).reply
    assert reply is not None
    assert reply.members == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv"}
    with pytest.raises(SignatureInvalid):
        Slack().verify(message, b"another signing secret", NOW)
    assert verify(SLACK).reply is None


def test_two_twilio_forms_of_one_signature_are_one_event() -> None:
    moved = TWILIO_FORM.body.replace(b"Digits=1234", b"Digits1=234")
    assert verify(TWILIO_FORM, body=moved).key == verify(TWILIO_FORM).key


def test_twilio_s_address_may_be_given_where_a_proxy_shows_another() -> None:
    seen = TWILIO_FORM.url.replace("https://mycompany.com", "http://10.0.0.7:8080")
    refused(TWILIO_FORM, url=seen)
    given_address = replace(TWILIO_FORM, scheme=Twilio(url="https://mycompany.com/myapp.php"))
    assert verify(given_address, url=seen)
    refused(given_address, url=seen.replace("foo=1", "foo=2"))


@pytest.mark.parametrize(
    "url",
    ["https://[a/x", "https://a:99999/x", "https://a:/x", "https://:80/x", "ftp://a/x", "", "/x"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    refused(TWILIO_FORM, url=url)
    refused(TWILIO_JSON, url=url)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"header": None}, "settings.header"),
        ({"header": "Content-Length"}, "settings.header"),
        ({"header": "x y"}, "settings.header"),
        ({"algorithm": "md5"}, "settings.algorithm"),
        ({"encoding": "base32"}, "settings.encoding"),
        ({"content": "{timestamp}"}, "settings.content"),
        ({"content": "{body}{body}"}, "settings.content"),
        ({"content": "{body}.{time}"}, "settings.content"),
        ({"content": "{body"}, "settings.content"),
        ({"content": "{timestamp}.{body}"}, "settings.timestamp_header"),
        ({"content": "{id}.{body}"}, "settings.id_header"),
        ({"content": "{id}{body}", "id_header": "x-id"}, "settings.content"),
        ({"content": "{body}{id}", "id_header": "x-id"}, "settings.content"),
        ({"timestamp_header": "x-time"}, "settings.content"),
        ({"id_header": "x-signature"}, "settings.header"),
        ({"url": "https://a.example/x"}, "settings.url"),
        ({"url": "ftp://a.example/x", "content": "{url}{body}"}, "settings.url"),
        ({"url": "https://[a/x", "content": "{url}{body}"}, "settings.url"),
        ({"tolerance_seconds": 0}, "settings.tolerance_seconds"),
        ({"tolerance_seconds": True}, "settings.tolerance_seconds"),
        ({"tolerance_seconds": "60"}, "settings.tolerance_seconds"),
        ({"prefix": "é"}, "settings.prefix"),
        ({"unknown": 1}, "settings.unknown"),
    ],
)
def test_a_setting_that_cannot_be_kept_is_named(changed: dict[str, object], field: str) -> None:
    with pytest.raises(FieldInvalid) as error:
        build_scheme("hmac", {"header": "X-Signature"} | changed)
    assert error.value.field == field


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_a_scheme_needs_is_asked_for(name: str) -> None:
    assert build_scheme(name, NEEDED[name])
    for setting in NEEDED[name]:
        rest = {each: value for each, value in NEEDED[name].items() if each != setting}
        with pytest.raises(FieldInvalid) as error:
            build_scheme(name, rest)
        assert error.value.field == f"settings.{setting}"


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ("{id}.{timestamp}.{body}", {"timestamp_header": "x-t", "id_header": "x-i"}),
        ("{timestamp}{body}", {"timestamp_header": "x-t"}),
        ("{timestamp}{id}:{body}", {"timestamp_header": "x-t", "id_header": "x-i"}),
        ("{body}.{id}", {"id_header": "x-i"}),
        ("e:{id}.{body}", {"id_header": "x-i"}),
        ("{timestamp}.{body}.{id}", {"timestamp_header": "x-t", "id_header": "x-i"}),
        ("{body}|{timestamp}", {"timestamp_header": "x-t"}),
    ],
)
@settings(max_examples=50, deadline=None)
@given(body=st.text("1.:|e", max_size=14))
def test_a_signed_text_has_one_reading(content: str, headers: dict[str, str], body: str) -> None:
    scheme = GenericHmac(header="x-s", content=content, **headers)  # type: ignore[arg-type]  # texts
    secret, sent = b"k" * 32, body.encode()
    signed = scheme.sign(Request(url=HOOK, body=sent, event_id="e7", now=NOW), secret)
    first = {"{body}": body, "{timestamp}": signed.headers.get("x-t"), "{id}": "e7"}
    pieces = re.split(r"(\{[a-z]+\})", content)
    whole = "".join(first.get(each) or each for each in pieces if each != "{body}" or body)
    whole = whole if body else whole.replace("{body}", "")
    for reading in readings(pieces, whole):
        names = {"{timestamp}": "x-t", "{id}": "x-i"}
        given_headers = {names[part]: reading[part] for part in names if part in reading}
        message = PlainMessage(
            headers=given_headers | {"x-s": signed.headers["x-s"]},
            body=reading["{body}"].encode(),
        )
        if all(first[part] == value for part, value in reading.items()):
            assert scheme.verify(message, secret, NOW)
        else:
            with pytest.raises(SignatureInvalid):
                scheme.verify(message, secret, NOW)


def readings(pieces: list[str], text: str) -> Iterator[dict[str, str]]:
    """Every way to read a text as these pieces."""
    if not pieces:
        if not text:
            yield {}
        return
    piece, rest = pieces[0], pieces[1:]
    if not piece.startswith("{"):
        if text.startswith(piece):
            yield from readings(rest, text.removeprefix(piece))
        return
    for end in range(len(text) + 1):
        for others in readings(rest, text[end:]):
            yield {piece: text[:end]} | others


def mutated(data: st.DataObject, original: bytes) -> bytes:
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(len(original), start + 8)))
    return original[:start] + data.draw(st.binary(max_size=4)) + original[end:]


def lists(value: str, between: str) -> bool:
    """Whether a list still holds a right signature."""
    return bool({V1, V1A} & {*value.split(between)})


def signed_fields(body: bytes) -> str:
    """What Twilio signs of a form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True)
    except ValueError:
        return "\x00"
    return "".join(name + value for name, value in sorted(set(pairs)))
