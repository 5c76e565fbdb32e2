"""What stands for a scheme whose settings do not count: it accepts nothing and says why."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.schemes import (
    About,
    CannotSign,
    Message,
    Request,
    Scheme,
    SignatureInvalid,
    Signed,
    Verified,
)
from pipeline.source_refusals import RefusalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable(Scheme):
    """`because` names the setting and what it takes."""

    because: str

    about: ClassVar = About(name="", title="", secret=None, where="", guide="")

    def verify(self, message: Message, secret: bytes, now: datetime) -> Verified:
        del message, secret, now
        raise SignatureInvalid(RefusalKind.SETTINGS_INVALID, self.because)

    def sign(self, request: Request, secret: bytes) -> Signed:
        del request, secret
        raise CannotSign(self.because)
