"""How a gateway refuses: a name a program can tell apart, and a sentence for its author."""

from typing import Final

from pipeline.errors import AwgpError
from pipeline.gateway_call import Refused

STATUSES: Final = {
    Refused.MALFORMED: 400,
    Refused.TOO_LARGE: 413,
    Refused.NOT_FOUND: 404,
    Refused.NOT_ALLOWED: 403,
    Refused.CREDENTIAL_MISSING: 403,
    Refused.ADDRESS_REFUSED: 403,
    Refused.BUDGET_SPENT: 429,
    Refused.ANSWER_TOO_LARGE: 502,
    Refused.ANSWER_BROKEN: 502,
    Refused.UNREACHABLE: 502,
    Refused.TIMED_OUT: 504,
    Refused.FAILED: 500,
}


class CallRefused(AwgpError):
    """A call is not carried out, or brought nothing back."""

    def __init__(self, why: Refused, detail: str) -> None:
        super().__init__(detail)
        self.why = why
