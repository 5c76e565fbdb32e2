"""One attempt at a post-action: what is sent, how it is signed, and what an answer means.

The request is a Standard Webhooks message. Its id, `msg_<run>_<position>`, is the same for every
attempt and every epoch on purpose: a receiver that keeps it sees a retry, and a replay, for what
it is. The body has no time and no attempt in it, so the same delivery is the same bytes.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pipeline.courier import Answer
from pipeline.errors import AwgpError
from pipeline.handoff import backoff

RETRY_FIRST: Final = timedelta(seconds=2)
RETRY_CEILING: Final = timedelta(minutes=15)
RETRY_AFTER_CEILING: Final = timedelta(hours=1)
# Not now, says the receiver: timeout, conflict, too early, too many.
TEMPORARY: Final = frozenset({408, 409, 425, 429})


class TargetSettingsInvalid(AwgpError):
    """A target's settings say something we do not know; the message names the field."""


class Outcome(StrEnum):
    """What became of an attempt; the value is what the database says."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """How a target wants to be treated.

    Args:
        allow_private: Its URL may be http and lead to a private or loopback address.
        expect_status: Statuses that mean delivered; empty means any 2xx.
        expect_body: Must stand in the answer, too; empty asks for nothing.
        retry_status: Statuses that mean "not yet" though they look final.
    """

    allow_private: bool = False
    expect_status: frozenset[int] = frozenset()
    expect_body: str = ""
    retry_status: frozenset[int] = frozenset()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TargetSettings":
        """Read `{allow_private, expect: {status, body_contains}, retry_status}`, each optional.

        Raises:
            TargetSettingsInvalid: Names what is unknown or malformed.
        """
        expect = values.get("expect", {})
        if not isinstance(expect, Mapping):
            raise TargetSettingsInvalid("a target's expect is an object")
        unknown = (set(values) - {"allow_private", "expect", "retry_status"}) | (
            set(expect) - {"status", "body_contains"}
        )
        if unknown:
            raise TargetSettingsInvalid(f"a target's settings know no {sorted(unknown)}")
        private, body = values.get("allow_private", False), expect.get("body_contains", "")
        if not isinstance(private, bool) or not isinstance(body, str):
            raise TargetSettingsInvalid("allow_private is true or false, body_contains a text")
        return cls(
            allow_private=private,
            expect_status=_statuses("expect.status", expect.get("status", [])),
            expect_body=body,
            retry_status=_statuses("retry_status", values.get("retry_status", [])),
        )


def _statuses(name: str, values: object) -> frozenset[int]:
    if isinstance(values, list) and all(type(v) is int and 100 <= v <= 599 for v in values):
        return frozenset(values)
    raise TargetSettingsInvalid(f"a target's {name} is a list of HTTP statuses")


def message_id(run_id: UUID, position: int) -> str:
    """The webhook-id and Idempotency-Key of every attempt at this position."""
    return f"msg_{run_id.hex}_{position}"


def message_body(
    *, run_id: UUID, tenant: str, assistant: str, position: int, result: bytes | None
) -> bytes:
    """The JSON a target receives; the agent's result stands in it byte for byte.

    Args:
        tenant: Its slug.
        result: Sound JSON in UTF-8, as the runtime host checked it.
    """
    head = {
        "type": "run.executed",
        "run": str(run_id),
        "tenant": tenant,
        "assistant": assistant,
        "position": position,
    }
    opened = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return opened + b',"result":' + (result or b"null") + b"}"


def signed_headers(
    body: bytes,
    *,
    key: bytes,
    message: str,
    at: datetime,
) -> dict[str, str]:
    """The headers of a Standard Webhooks message (symmetric, v1).

    Args:
        message: Its `message_id`.
        at: Now, aware; receivers accept a few minutes around it.
    """
    seconds = str(int(at.timestamp()))
    signed = hmac.digest(key, f"{message}.{seconds}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        "Idempotency-Key": message,
    }


def judge_answer(answer: Answer, settings: TargetSettings) -> Outcome:
    """Say what an answer means for a delivery."""
    if answer.refused:
        return Outcome.REFUSED
    if answer.status is None:
        return Outcome.RETRY
    if _as_expected(answer, answer.status, settings):
        return Outcome.DELIVERED
    if answer.status in settings.retry_status or answer.status in TEMPORARY:
        return Outcome.RETRY
    # A redirect is not followed: where it leads is not what people agreed to.
    return Outcome.REFUSED if 300 <= answer.status < 500 else Outcome.RETRY


def _as_expected(answer: Answer, status: int, settings: TargetSettings) -> bool:
    fits = status in settings.expect_status if settings.expect_status else 200 <= status < 300
    return fits and settings.expect_body.encode() in answer.body


def retry_delay(attempt: int, answer: Answer, *, now: datetime) -> timedelta:
    """How long to wait after the `attempt`-th (from 1): backoff, or longer when asked to."""
    own = backoff(attempt - 1, first=RETRY_FIRST, ceiling=RETRY_CEILING)
    return max(own, asked_delay(answer.retry_after, now=now))


def asked_delay(retry_after: str | None, *, now: datetime) -> timedelta:
    """Read Retry-After (RFC 9110, 10.2.3): seconds or a date; at most RETRY_AFTER_CEILING.

    What cannot be read asks for nothing.
    """
    said = (retry_after or "").strip()
    if said.isascii() and said.isdigit():
        # Any number this long is past the ceiling, and may be past what a timedelta holds.
        asked = timedelta(seconds=int(said[:9])) if len(said) <= 9 else RETRY_AFTER_CEILING
    else:
        try:
            moment = parsedate_to_datetime(said)
        except (ValueError, TypeError, IndexError, OverflowError):
            return timedelta(0)
        asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta(0)), RETRY_AFTER_CEILING)
