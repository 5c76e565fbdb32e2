"""HTTP Basic (RFC 7617): a user's name and the secret as password, in one spelling.

Nothing is signed, as with a secret in a header (header_token.py).
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pipeline.schemes import About, Message, Request, Scheme, SignatureInvalid, Signed, Verified
from pipeline.schemes.checks import header, same
from pipeline.schemes.secret_forms import TextSecret
from pipeline.schemes.settings import Setting

HEADER: Final = "authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBasic(Scheme):
    """Scheme `http-basic`."""

    username: str

    about: ClassVar = About(
        name="http-basic",
        title="HTTP Basic",
        secret=TextSecret(),
        where="Have the sender use the secret that is made here as its password.",
        guide="receive-with-a-header",
        settings=(
            Setting(
                name="username",
                label="User name",
                help="What the sender calls itself.",
                required=True,
                pattern=r"[!-9;-~]{1,100}",
                takes="1 to 100 visible ASCII characters without a colon",
            ),
        ),
    )

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del now
        if not same(header(message, HEADER), self._value(secret)):
            raise SignatureInvalid
        return Verified(caller=self.username)

    def sign(self, request: Request, secret: bytes) -> Signed:
        return Signed(url=request.url, headers={HEADER: self._value(secret)})

    def _value(self, secret: bytes) -> str:
        told = base64.b64encode(self.username.encode() + b":" + secret).decode()
        return f"Basic {told}"
