"""A secret in a header, as it is: N8N's header credentials, Paperless-ngx, and many others.

Nothing is signed, so whoever sees one request can send any other; take a scheme that signs where
the sender has one. Nor is there anything to tell repeats by: each request is an event of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.checks import header, same
from pipeline.schemes.secret_forms import TextSecret
from pipeline.schemes.settings import Setting

DEFAULT: Final = "x-awgp-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderToken(Scheme):
    """Scheme `header-token`."""

    header: str = DEFAULT
    prefix: str | None = None

    about: ClassVar = About(
        name="header-token",
        title="Secret in a header",
        secret=TextSecret(),
        where="Have the sender put the secret that is made here into the header.",
        guide="receive-with-a-header",
        settings=(
            Setting(
                name="header",
                label="Header",
                help="Which header holds the secret.",
                kind="header",
                default=DEFAULT,
            ),
            Setting(
                name="prefix",
                label="Before the secret",
                help="What stands before it in the header, such as `Bearer ` or `Token `.",
            ),
        ),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del now
        if not same(header(message, self.header), self._value(secret)):
            raise SignatureInvalid
        return Verified()

    def sign(self, request: Request, secret: bytes) -> Signed:
        return Signed(url=request.url, headers={self.header: self._value(secret)})

    def _value(self, secret: bytes) -> str:
        return (self.prefix or "") + secret.decode()
