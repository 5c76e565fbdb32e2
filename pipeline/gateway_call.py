"""One call an agent made through its gateway, as it is counted and audited: digests, no content.

    request  = SHA-256("awgp.gateway.request.v1" 0x00 || method 0x20 URL 0x0A
               || each header as name ": " value 0x0A || 0x0A || body)
    response = SHA-256("awgp.gateway.response.v1" 0x00 || status || 0x0A || body)

Headers are the agent's own, in its order; what the host adds is no part of it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from pipeline.errors import AwgpError

REQUEST_TAG: Final = b"awgp.gateway.request.v1\0"
RESPONSE_TAG: Final = b"awgp.gateway.response.v1\0"
MAX_TEXT: Final = 400
UNFINISHED: Final = "unfinished"
# Told of a request's method and URL, at an author's desk alone.
VISIT: Final = "visit"


class Refused(StrEnum):
    """Why a call came to nothing. Documented in docs/reference/gateway.md."""

    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    NOT_FOUND = "not-found"
    NOT_ALLOWED = "not-allowed"
    CREDENTIAL_MISSING = "credential-missing"
    ADDRESS_REFUSED = "address-refused"
    BUDGET_SPENT = "budget-spent"
    ANSWER_TOO_LARGE = "answer-too-large"
    ANSWER_BROKEN = "answer-broken"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    FAILED = "failed"


class GatewayCallInvalid(AwgpError):
    """What should tell of a call does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCall:
    """A request that left, or was refused.

    Args:
        number: Counts from 1 within an execution.
        offset_ms: Since the gateway was given its scope.
        destination: Scheme, host and port; where it was to go, not what of. Empty of a URL that
            could not be read.
        request: 64 hex digits.
        response: 64 hex digits; empty without an answer.
        status: Of the answer, also of one that was cut off; None without one.
        error: Why nothing was brought back, of `Refused`; UNFINISHED where the execution ended
            first.
        bytes_in: Of the answer's body, as far as it came.
        tokens: Of a model, where one was asked.
    """

    number: int
    offset_ms: int
    method: str
    destination: str
    request: str
    bytes_out: int
    status: int | None = None
    error: str = ""
    response: str = ""
    bytes_in: int = 0
    duration_ms: int = 0
    tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "GatewayCall":
        """Read what a gateway told; every field is looked at.

        Raises:
            GatewayCallInvalid: It is none.
        """
        if set(values) != {each.name for each in fields(cls)}:
            raise GatewayCallInvalid("a call has other fields")
        for name, value in values.items():
            kind = int if name in _NUMBERS else str
            nothing = name == "status" and value is None
            if not nothing and type(value) is not kind:
                raise GatewayCallInvalid(f"{name} of a call is not what it must be")
            if kind is str and len(value) > MAX_TEXT:
                raise GatewayCallInvalid(f"{name} of a call is too long")
            if name in {"request", "response"} and not _DIGEST.fullmatch(value):
                raise GatewayCallInvalid(f"{name} of a call is no digest")
            if name == "error" and value not in _ERRORS:
                raise GatewayCallInvalid("error of a call is not one of ours")
        return cls(**values)


_DIGEST: Final = re.compile(r"[0-9a-f]{64}|")
_ERRORS: Final = frozenset({"", UNFINISHED, *Refused})
_NUMBERS: Final = frozenset(
    {"number", "offset_ms", "bytes_out", "status", "bytes_in", "duration_ms", "tokens"}
)


def request_digest(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> str:
    """64 hex digits over what an agent sent."""
    lines = "".join(f"{name}: {value}\n" for name, value in headers)
    return hashlib.sha256(REQUEST_TAG + f"{method} {url}\n{lines}\n".encode() + body).hexdigest()


def response_digest(status: int, body: bytes) -> str:
    """64 hex digits over what came back, as the agent was given it."""
    return hashlib.sha256(RESPONSE_TAG + f"{status}\n".encode() + body).hexdigest()
