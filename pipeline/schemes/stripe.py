"""Stripe.

    stripe-signature   `t=` seconds since 1970, then `v1=` hexadecimal HMAC-SHA-256(secret,
                       t || "." || body), as often as secrets are live; others are passed over
    secret             `whsec_…`, the text as it is shown

https://docs.stripe.com/webhooks/signature. An event keeps its `id`, in the body, at every retry.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import (
    About,
    Message,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
    whole_seconds,
)
from pipeline.schemes.checks import (
    MAX_SIGNATURES,
    SECONDS,
    any_same,
    fingerprint,
    header,
    hex_mac,
    in_time,
    malformed,
    text_in,
)
from pipeline.schemes.secret_forms import TextSecret
from pipeline.schemes.settings import TOLERANCE

HEADER: Final = "stripe-signature"
_PART = re.compile(r"([a-z][a-z0-9]{0,9})=([!-+\--~]{1,200})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe(Scheme):
    """Scheme `stripe`."""

    tolerance_seconds: int = 300

    about: ClassVar = About(
        name="stripe",
        title="Stripe",
        secret=TextSecret(made_here=False, hint="whsec_…, as Stripe shows it"),
        where="Add the endpoint at Stripe, reveal its signing secret and enter it here.",
        guide="receive-from-stripe",
        settings=(TOLERANCE,),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        stamp, given = _read(header(message, HEADER))
        content = _content(stamp, message.body)
        if not any_same([hex_mac(secret, content)], given):
            raise SignatureInvalid
        return Verified(
            event_id=text_in(message.body, "id"),
            fingerprint=fingerprint(content),
            timestamp=in_time(int(stamp), now, self.tolerance_seconds),
        )

    def sign(self, request: Request, secret: bytes) -> Signed:
        stamp = whole_seconds(request.now)
        signature = hex_mac(secret, _content(stamp, request.body))
        return Signed(url=request.url, headers={HEADER: f"t={stamp},v1={signature}"})


def _content(stamp: str, body: bytes) -> bytes:
    return f"{stamp}.".encode() + body


def _read(value: str) -> tuple[str, list[str]]:
    """The one time and the signatures of version 1.

    Raises:
        SignatureInvalid: It is not a list of that form.
    """
    parts = [_PART.fullmatch(each) for each in value.split(",")]
    found = [(each[1], each[2]) for each in parts if each is not None]
    stamps = [text for name, text in found if name == "t"]
    given = [text for name, text in found if name == "v1"]
    if len(found) != len(parts) or len(parts) > MAX_SIGNATURES + 1:
        raise malformed(HEADER)
    if len(stamps) != 1 or not SECONDS.fullmatch(stamps[0]) or not given:
        raise malformed(HEADER)
    return stamps[0], given
