"""Shopify.

    x-shopify-hmac-sha256   base64 of HMAC-SHA-256(the app's client secret, body)

https://shopify.dev/docs/apps/build/webhooks/subscribe/https. No time and no id are signed
(`x-shopify-webhook-id` is not), so the same body is the same event.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.checks import base64_mac, fingerprint, header, same
from pipeline.schemes.secret_forms import TextSecret

HEADER: Final = "x-shopify-hmac-sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopify(Scheme):
    """Scheme `shopify`."""

    about: ClassVar = About(
        name="shopify",
        title="Shopify",
        secret=TextSecret(made_here=False, hint="the app's client secret"),
        where="Enter the app's client secret, or the one shown under Notifications, Webhooks.",
        guide="receive-from-shopify",
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del now
        if not same(header(message, HEADER), base64_mac(secret, message.body)):
            raise SignatureInvalid
        return Verified(fingerprint=fingerprint(message.body))

    def sign(self, request: Request, secret: bytes) -> Signed:
        return Signed(url=request.url, headers={HEADER: base64_mac(secret, request.body)})
