"""Standard Webhooks (https://www.standardwebhooks.com, version 1.0.0 of the specification).

    webhook-id          one id an event, the same at every retry
    webhook-timestamp   whole seconds since 1970, of this attempt
    webhook-signature   space-separated list of `v1,` + base64(HMAC-SHA-256(secret, content))
                        and of `v1a,` + base64(Ed25519(private key, content))
    content = id || "." || timestamp || "." || body

A secret `whsec_…` counts for `v1` alone and a public key `whpk_…` for `v1a` alone. The headers
enter the content as they were sent, so another spelling of the same time or id is another message.
The `standardwebhooks` package is not used: it reads the time as a float and signs its whole
seconds, takes base64 with foreign characters in it, so a changed header can still verify, and knows
no `v1a`.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.schemes import (
    About,
    CannotSign,
    Message,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
    whole_seconds,
)
from pipeline.schemes.checks import MAX_SIGNATURES, any_same, in_time, malformed, missing
from pipeline.schemes.secret_forms import PUBLIC_KEY, WebhookSecret
from pipeline.schemes.settings import TOLERANCE

VERSION: Final = "v1"
KEY_VERSION: Final = "v1a,"
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
# Printable ASCII without the full stop that separates the parts of what is signed.
_EVENT_ID = re.compile(r"[!-,/-~-]{1,255}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardWebhooks(Scheme):
    """Scheme `standard-webhooks`."""

    tolerance_seconds: int = 300

    about: ClassVar = About(
        name="standard-webhooks",
        title="Standard Webhooks",
        secret=WebhookSecret(),
        where="Give the sender the secret that is made here, or enter the sender's public key.",
        guide="send-a-webhook",
        settings=(TOLERANCE,),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        """Check the three headers and the body; see `Scheme.verify`."""
        headers = message.headers
        event_id = headers.get("webhook-id", "")
        stamp = headers.get("webhook-timestamp", "")
        listed = headers.get("webhook-signature", "")
        if not (_EVENT_ID.fullmatch(event_id) and _TIMESTAMP.fullmatch(stamp) and listed):
            raise _incomplete(event_id, stamp, listed)
        given = listed.split(" ")
        if len(given) > MAX_SIGNATURES:
            raise malformed("webhook-signature")
        if secret.startswith(PUBLIC_KEY):
            _check_key(secret, _content(event_id, stamp, message.body), given)
        elif not any_same([sign(secret, event_id, stamp, message.body)], given):
            raise SignatureInvalid
        at = in_time(int(stamp), now, self.tolerance_seconds)
        return Verified(event_id=event_id, timestamp=at)

    def sign(self, request: Request, secret: bytes) -> Signed:
        if secret.startswith(PUBLIC_KEY):
            raise CannotSign("its secret is a public key: only the sender can sign")
        stamp = whole_seconds(request.now)
        values = (request.event_id, stamp, sign(secret, request.event_id, stamp, request.body))
        return Signed(url=request.url, headers=dict(zip(HEADERS, values, strict=True)))


def sign(secret: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """One entry of `webhook-signature`; the headers are ASCII."""
    mac = hmac.new(secret, _content(event_id, timestamp, body), hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(mac).decode()}"


def _content(event_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{event_id}.{timestamp}.".encode("ascii") + body


def _check_key(secret: bytes, content: bytes, given: Sequence[str]) -> None:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(secret.removeprefix(PUBLIC_KEY)))
    for each in given:
        if not each.startswith(KEY_VERSION):
            continue
        text = each.removeprefix(KEY_VERSION)
        try:
            signature = base64.b64decode(text, validate=True)
            key.verify(signature, content)
        except (InvalidSignature, binascii.Error, ValueError):
            continue
        # One spelling of one signature.
        if base64.b64encode(signature).decode() == text:
            return
    raise SignatureInvalid


def _incomplete(*values: str) -> SignatureInvalid:
    lacking = [name for name, value in zip(HEADERS, values, strict=True) if not value]
    if lacking:
        return missing(*lacking)
    return malformed("webhook-id or webhook-timestamp")
