"""Standard Webhooks, symmetric (https://www.standardwebhooks.com, spec of 2024).

    webhook-id          one id an event, the same at every retry
    webhook-timestamp   whole seconds since 1970, of this attempt
    webhook-signature   space-separated list of `v1,` + base64(HMAC-SHA-256(secret, content))
    content = id || "." || timestamp || "." || body

The headers enter the content as they were sent, so another spelling of the same time or id is
another message. The `standardwebhooks` package is not used: it reads the time as a float and
signs its whole seconds, and takes base64 with foreign characters in it, so a changed header can
still verify.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.schemes import TOLERANCE, SignatureInvalid, TimestampOutOfRange, Verified

VERSION: Final = "v1"
# Two secrets live at once, each may sign under several versions; more is someone guessing.
MAX_SIGNATURES: Final = 10
# Printable ASCII without the full stop that separates the parts of what is signed.
_EVENT_ID = re.compile(r"[!-,/-~-]{1,255}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")


class StandardWebhooks:
    """Scheme `standard-webhooks`."""

    def verify(
        self, secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Verified:
        """Check the three headers and the body; see `Scheme.verify`."""
        event_id = headers.get("webhook-id", "")
        stamp = headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "").split(" ")
        if not (_EVENT_ID.fullmatch(event_id) and _TIMESTAMP.fullmatch(stamp)):
            raise SignatureInvalid
        if len(given) > MAX_SIGNATURES or not _matches(
            [sign(secret, event_id, stamp, body) for secret in secrets], given
        ):
            raise SignatureInvalid
        # Compared as numbers: a time past the year 9999 is no datetime.
        if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            raise TimestampOutOfRange
        return Verified(event_id=event_id, timestamp=datetime.fromtimestamp(int(stamp), UTC))


def sign(secret: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    """One entry of `webhook-signature`; the headers are ASCII."""
    content = f"{event_id}.{timestamp}.".encode("ascii") + body
    mac = hmac.new(secret, content, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(mac).decode()}"


def _matches(expected: Sequence[str], given: Sequence[str]) -> bool:
    """Compare every pair, so that the time taken tells nothing of which one matched."""
    found = False
    for wanted in expected:
        for each in given:
            found |= hmac.compare_digest(wanted.encode(), each.encode("utf-8", "replace"))
    return found
