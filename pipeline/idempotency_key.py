"""`Idempotency-Key` as draft-ietf-httpapi-idempotency-key-header-07 has it: a string of RFC 9651.

    Idempotency-Key: "8e03978e-40d5-43e8-bc93-6894a57f9324"

Many clients leave out the quotes; that is taken as the same key.
"""

import re
from typing import Any, Final

import http_sf

from pipeline.refusal import Refusal

NAME: Final = "Idempotency-Key"
_BARE: Final = re.compile(r"[!#-~]{1,255}")
_VALUE: Final = re.compile(r"[ -~]{1,255}")
_TAKES: Final = "takes a string of 1 to 255 visible ASCII characters, in double quotes"


class IdempotencyKeyInvalid(Refusal):
    """The header is no key."""

    def __init__(self) -> None:
        super().__init__(f"{NAME} {_TAKES}", field=NAME)


def read_key(header: str) -> str:
    """Raises: IdempotencyKeyInvalid."""
    if _BARE.fullmatch(header):
        return header
    try:
        item: Any = http_sf.parse(header.encode("ascii"), tltype="item")
    except (http_sf.StructuredFieldError, UnicodeEncodeError) as error:
        raise IdempotencyKeyInvalid from error
    value = item[0]
    if type(value) is not str or not _VALUE.fullmatch(value):
        raise IdempotencyKeyInvalid
    return value
