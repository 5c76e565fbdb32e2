"""One attempt at a post-action: what is sent, how it is signed, and what an answer means.

The request is a Standard Webhooks message. Its id, `msg_<run>_<position>`, is the same for every
attempt and every epoch on purpose: a receiver that keeps it sees a retry, and a replay, for what
it is. The body has no time and no attempt in it, so the same delivery is the same bytes.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pipeline.body_template import render_body
from pipeline.courier import Answer
from pipeline.handoff import backoff
from pipeline.target_settings import JSON, TargetSettings

EXECUTED: Final = "run.executed"
TEST: Final = "target.test"
RETRY_FIRST: Final = timedelta(seconds=2)
RETRY_CEILING: Final = timedelta(minutes=15)
RETRY_AFTER_CEILING: Final = timedelta(hours=1)
# Not now, says the receiver: timeout, conflict, too early, too many.
TEMPORARY: Final = frozenset({408, 409, 425, 429})


class Outcome(StrEnum):
    """What became of an attempt; the value is what the database says."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REFUSED = "refused"


def message_id(run_id: UUID, position: int) -> str:
    """The webhook-id and Idempotency-Key of every attempt at this position."""
    return f"msg_{run_id.hex}_{position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """What a message says.

    Args:
        run: Its id.
        tenant: Its slug.
        result: Sound JSON in UTF-8, as the runtime host checked it.
        type: What happened.
    """

    run: str
    tenant: str
    assistant: str
    position: int
    result: bytes | None
    type: str = EXECUTED

    def head(self) -> dict[str, Any]:
        """Without the result."""
        return {
            "type": self.type,
            "run": self.run,
            "tenant": self.tenant,
            "assistant": self.assistant,
            "position": self.position,
        }


def body_of(content: MessageContent, template: str, settings: TargetSettings) -> bytes:
    """What a target receives: what its template makes, or the message as it is.

    Raises:
        TemplateFailed: The template makes nothing of this result.
    """
    if not template:
        return message_body(content)
    result = None if content.result is None else json.loads(content.result)
    values = content.head() | {"result": result}
    return render_body(template, values, as_json=settings.makes_json)


def content_type_of(template: str, settings: TargetSettings) -> str:
    """The type of what `body_of` makes."""
    return settings.content_type if template else JSON


def message_body(content: MessageContent) -> bytes:
    """The JSON of a message; the agent's result stands in it byte for byte."""
    opened = json.dumps(content.head(), ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return opened + b',"result":' + (content.result or b"null") + b"}"


def signed_headers(
    body: bytes,
    *,
    key: bytes,
    message: str,
    at: datetime,
    content_type: str = JSON,
    further: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a Standard Webhooks message (symmetric, v1).

    Args:
        message: Its `message_id`.
        at: Now, aware; receivers accept a few minutes around it.
        further: What the target asks for besides.
    """
    seconds = str(int(at.timestamp()))
    signed = hmac.digest(key, f"{message}.{seconds}.".encode() + body, hashlib.sha256)
    return {
        **(further or {}),
        "Content-Type": content_type,
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
    if settings.lacks_body and settings.lacks_body.encode() in answer.body:
        return False
    return fits and settings.expect_body.encode() in answer.body


def retry_delay(
    attempt: int, answer: Answer, *, now: datetime, schedule: Sequence[int] | None = None
) -> timedelta:
    """How long to wait after the `attempt`-th (from 1): backoff, or longer when asked to.

    Args:
        schedule: Seconds after each attempt, in place of the backoff; never less, and up to a
            tenth more, so that retries do not herd. The last one goes on.
    """
    if schedule:
        seconds = schedule[min(attempt, len(schedule)) - 1]
        own = timedelta(seconds=seconds * random.uniform(1.0, 1.1))  # noqa: S311  # not a secret
    else:
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
