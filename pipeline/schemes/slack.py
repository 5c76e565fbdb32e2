"""Slack: events, slash commands, interactions.

    x-slack-request-timestamp   seconds since 1970
    x-slack-signature           `v0=` + hexadecimal HMAC-SHA-256(signing secret,
                                "v0:" || timestamp || ":" || body)

https://docs.slack.dev/authentication/verifying-requests-from-slack. When an address is entered,
Slack asks for a challenge back (`url_verification`), signed like everything; it gets it, and no run
is made. An event keeps its `event_id`, in the body, at every retry.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import (
    About,
    Message,
    Reply,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
    whole_seconds,
)
from pipeline.schemes.checks import (
    SECONDS,
    fingerprint,
    header,
    hex_mac,
    in_time,
    malformed,
    same,
    text_in,
)
from pipeline.schemes.secret_forms import TextSecret
from pipeline.schemes.settings import TOLERANCE

TIME_HEADER: Final = "x-slack-request-timestamp"
HEADER: Final = "x-slack-signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack(Scheme):
    """Scheme `slack`."""

    tolerance_seconds: int = 300

    about: ClassVar = About(
        name="slack",
        title="Slack",
        secret=TextSecret(made_here=False, hint="the app's signing secret"),
        where="Enter the app's signing secret (Basic Information) here, then the address at Slack.",
        guide="receive-from-slack",
        settings=(TOLERANCE,),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        given, stamp = header(message, HEADER), header(message, TIME_HEADER)
        if not SECONDS.fullmatch(stamp):
            raise malformed(TIME_HEADER)
        content = _content(stamp, message.body)
        if not same(given, f"v0={hex_mac(secret, content)}"):
            raise SignatureInvalid
        return Verified(
            event_id=text_in(message.body, "event_id"),
            fingerprint=fingerprint(content),
            timestamp=in_time(int(stamp), now, self.tolerance_seconds),
            reply=_challenge(message.body),
        )

    def sign(self, request: Request, secret: bytes) -> Signed:
        stamp = whole_seconds(request.now)
        signature = hex_mac(secret, _content(stamp, request.body))
        sent = {TIME_HEADER: stamp, HEADER: f"v0={signature}"}
        return Signed(url=request.url, headers=sent)


def _content(stamp: str, body: bytes) -> bytes:
    return f"v0:{stamp}:".encode() + body


def _challenge(body: bytes) -> Reply | None:
    if b"url_verification" not in body or text_in(body, "type") != "url_verification":
        return None
    challenge = text_in(body, "challenge")
    return None if challenge is None else Reply(members={"challenge": challenge})
