"""GitHub (and Gitea or Forgejo, which send the same header).

    x-hub-signature-256   `sha256=` + hexadecimal HMAC-SHA-256(secret, body)

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. The header of the
past with SHA-1 is not looked at. `x-github-delivery` is not signed: whoever has one delivery could
send it again under another, so the same body is the same event.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.checks import fingerprint, header, hex_mac, same
from pipeline.schemes.secret_forms import TextSecret

HEADER: Final = "x-hub-signature-256"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub(Scheme):
    """Scheme `github`."""

    about: ClassVar = About(
        name="github",
        title="GitHub",
        secret=TextSecret(),
        where="Enter the secret that is made here under Webhooks, Secret; content type JSON.",
        guide="receive-from-github",
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del now
        if not same(header(message, HEADER), _signature(secret, message.body)):
            raise SignatureInvalid
        return Verified(fingerprint=fingerprint(message.body))

    def sign(self, request: Request, secret: bytes) -> Signed:
        signature = _signature(secret, request.body)
        sent = {HEADER: signature, "x-github-delivery": request.event_id, "x-github-event": "ping"}
        return Signed(url=request.url, headers=sent)


def _signature(secret: bytes, body: bytes) -> str:
    return f"sha256={hex_mac(secret, body)}"
