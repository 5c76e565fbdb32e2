"""Messages that providers and their libraries publish, or that those libraries made.

Each says where it is from. `signed_headers` are those whose every letter counts.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.schemes import PlainMessage, Scheme
from pipeline.schemes.basic import HttpBasic
from pipeline.schemes.github import GitHub
from pipeline.schemes.gitlab import GitLab
from pipeline.schemes.header_token import HeaderToken
from pipeline.schemes.hmac_generic import GenericHmac
from pipeline.schemes.shopify import Shopify
from pipeline.schemes.slack import Slack
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.schemes.stripe import Stripe
from pipeline.schemes.twilio import Twilio

WHENEVER = 1_700_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One message, rightly signed. `at` is the time it names, where it names one."""

    name: str
    scheme: Scheme
    secret: bytes
    headers: Mapping[str, str]
    body: bytes
    url: str = "https://awgp.example/v1/hooks/7a3f"
    at: int | None = None
    signed_headers: tuple[str, ...] = field(default=())
    event_id: str | None = None

    @property
    def message(self) -> PlainMessage:
        return PlainMessage(headers=self.headers, body=self.body, url=self.url)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at or WHENEVER, UTC)


# standard-webhooks/standard-webhooks, libraries/*/tests; the v1a one is of svix/svix-webhooks,
# server/svix-server, test_asymmetric_key_signing.
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STANDARD_AT = 1614265330
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
PUBLIC_KEY = b"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def standard(name: str, scheme: Scheme, secret: bytes, signature: str) -> Vector:
    values = (STANDARD_ID, str(STANDARD_AT), signature)
    return Vector(
        name=name,
        scheme=scheme,
        secret=secret,
        headers=dict(zip(STANDARD_HEADERS, values, strict=True)),
        body=STANDARD_BODY,
        at=STANDARD_AT,
        signed_headers=STANDARD_HEADERS,
        event_id=STANDARD_ID,
    )


# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
GITHUB = Vector(
    name="github",
    scheme=GitHub(),
    secret=b"It's a Secret to Everybody",
    headers={
        "x-hub-signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    },
    body=b"Hello, World!",
    signed_headers=("x-hub-signature-256",),
)
# The payload and secret of stripe-python 16.1.0, tests/test_webhook.py; the header is what its
# WebhookSignature.generate_signature_header makes for that time.
STRIPE = Vector(
    name="stripe",
    scheme=Stripe(),
    secret=b"whsec_test_secret",
    headers={
        "stripe-signature": "t=1492774577,"
        "v1=d21d91b425674689e03346536b8fec6384a8721d43ebe269a1689a3ad22cba9c"
    },
    body=b"""{
  "id": "evt_test_webhook",
  "object": "event",
  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }
}""",
    at=1492774577,
    signed_headers=("stripe-signature",),
    event_id="evt_test_webhook",
)
# https://docs.slack.dev/authentication/verifying-requests-from-slack
SLACK = Vector(
    name="slack",
    scheme=Slack(),
    secret=b"8f742231b10e8888abcd99yyyzzz85a5",
    headers={
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
    body=(
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    ),
    at=1531420618,
    signed_headers=("x-slack-request-timestamp", "x-slack-signature"),
)
# Shopify publishes none; this one is of sqlpage/SQLPage, tests/sql_test_files.
SHOPIFY = Vector(
    name="shopify",
    scheme=Shopify(),
    secret=b"test-webhook-secret",
    headers={"x-shopify-hmac-sha256": "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw="},
    body=b'{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}',
    signed_headers=("x-shopify-hmac-sha256",),
)
# twilio/twilio-python, tests/unit/test_request_validator.py
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = Vector(
    name="twilio, a form",
    scheme=Twilio(),
    secret=b"12345",
    headers={
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    },
    body=b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    b"&Caller=%2B14158675309",
    url=TWILIO_URL,
    signed_headers=("x-twilio-signature",),
)
TWILIO_TWICE = Vector(
    name="twilio, a field twice",
    scheme=Twilio(),
    secret=b"12345",
    headers={
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    },
    body=b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234",
    url=TWILIO_URL,
    signed_headers=("x-twilio-signature",),
)
TWILIO_JSON = Vector(
    name="twilio, JSON",
    scheme=Twilio(),
    secret=b"12345",
    headers={
        "content-type": "application/json",
        "x-twilio-signature": "a9nBmqA0ju/hNViExpshrM61xv4=",
    },
    body=b'{"property": "value", "boolean": true}',
    url=f"{TWILIO_URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
    signed_headers=("x-twilio-signature",),
)
TWILIO_PORT = Vector(
    name="twilio, signed with the port",
    scheme=Twilio(),
    secret=b"12345",
    headers={**TWILIO_FORM.headers, "x-twilio-signature": "kvajT1Ptam85bY51eRf/AJRuM3w="},
    body=TWILIO_FORM.body,
    url=TWILIO_URL,
    signed_headers=("x-twilio-signature",),
)
# The generic one, set up as the providers above describe their own.
HMAC_GITHUB = Vector(
    name="hmac, as GitHub signs",
    scheme=GenericHmac(header="x-hub-signature-256", prefix="sha256="),
    secret=GITHUB.secret,
    headers=GITHUB.headers,
    body=GITHUB.body,
    signed_headers=GITHUB.signed_headers,
)
HMAC_SLACK = Vector(
    name="hmac, as Slack signs",
    scheme=GenericHmac(
        header="x-slack-signature",
        prefix="v0=",
        content="v0:{timestamp}:{body}",
        timestamp_header="x-slack-request-timestamp",
    ),
    secret=SLACK.secret,
    headers=SLACK.headers,
    body=SLACK.body,
    at=SLACK.at,
    signed_headers=SLACK.signed_headers,
)
HMAC_STANDARD = Vector(
    name="hmac, as Standard Webhooks signs",
    scheme=GenericHmac(
        header="webhook-signature",
        prefix="v1,",
        encoding="base64",
        key="base64",
        content="{id}.{timestamp}.{body}",
        timestamp_header="webhook-timestamp",
        id_header="webhook-id",
    ),
    secret=STANDARD_SECRET,
    headers=dict(zip(STANDARD_HEADERS, (STANDARD_ID, str(STANDARD_AT), V1), strict=True)),
    body=STANDARD_BODY,
    at=STANDARD_AT,
    signed_headers=STANDARD_HEADERS,
    event_id=STANDARD_ID,
)
# RFC 4231, test case 2 (SHA-384 and SHA-512); RFC 2202, test case 2 (SHA-1).
JEFE = b"what do ya want for nothing?"
RFC_4231_384 = Vector(
    name="hmac, RFC 4231 with SHA-384",
    scheme=GenericHmac(header="x-signature", algorithm="sha384"),
    secret=b"Jefe",
    headers={
        "x-signature": "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"
        "e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
    },
    body=JEFE,
    signed_headers=("x-signature",),
)
RFC_4231_512 = Vector(
    name="hmac, RFC 4231 with SHA-512",
    scheme=GenericHmac(header="x-signature", algorithm="sha512"),
    secret=b"Jefe",
    headers={
        "x-signature": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    },
    body=JEFE,
    signed_headers=("x-signature",),
)
RFC_2202 = Vector(
    name="hmac, RFC 2202 with SHA-1",
    scheme=GenericHmac(header="x-signature", algorithm="sha1"),
    secret=b"Jefe",
    headers={"x-signature": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    body=JEFE,
    signed_headers=("x-signature",),
)

SIGNED = (
    standard("standard-webhooks v1", StandardWebhooks(), STANDARD_SECRET, V1),
    standard("standard-webhooks v1a", StandardWebhooks(), PUBLIC_KEY, V1A),
    # gitlab-org/gitlab, merge request 230944: its signing token is Standard Webhooks.
    standard("gitlab, signed", GitLab(), STANDARD_SECRET, V1),
    GITHUB,
    STRIPE,
    SLACK,
    SHOPIFY,
    TWILIO_FORM,
    TWILIO_TWICE,
    TWILIO_JSON,
    TWILIO_PORT,
    HMAC_GITHUB,
    HMAC_SLACK,
    HMAC_STANDARD,
    RFC_4231_384,
    RFC_4231_512,
    RFC_2202,
)
# Nothing but the header is covered.
UNSIGNED = (
    # RFC 7617, section 2.
    Vector(
        name="http-basic",
        scheme=HttpBasic(username="Aladdin"),
        secret=b"open sesame",
        headers={"authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        body=b"{}",
        signed_headers=("authorization",),
    ),
    Vector(
        name="header-token",
        scheme=HeaderToken(header="authorization", prefix="Token "),
        secret=b"b3f1c4d5e6a7980",
        headers={"authorization": "Token b3f1c4d5e6a7980"},
        body=b"{}",
        signed_headers=("authorization",),
    ),
    Vector(
        name="gitlab, a token",
        scheme=GitLab(how="token"),
        secret=b"a-secret-token-of-ours",
        headers={
            "x-gitlab-token": "a-secret-token-of-ours",
            "idempotency-key": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
        },
        body=b"{}",
        signed_headers=("x-gitlab-token",),
        event_id="f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
    ),
)
