"""What most schemes check alike: headers, equality, times, and what names a message."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from pipeline.refusal import Refusal
from pipeline.schemes import Message, SignatureInvalid, TimestampOutOfRange
from pipeline.source_refusals import RefusalKind
from pipeline.strict_json import parse_object

# Two secrets live at once, each may sign under several versions; more is someone guessing.
MAX_SIGNATURES: Final = 10
SECONDS = re.compile(r"[1-9][0-9]{9}")
_SEPARATOR: Final = b"\x00"
_ID = re.compile(r"[!-~]{1,255}")
# Deeper than any event of theirs; the edge has its own, smaller limit.
_DEPTH: Final = 100


def header(message: Message, name: str) -> str:
    """A header the proof cannot do without.

    Raises:
        SignatureInvalid: It is missing or empty; the hint names it.
    """
    value = message.headers.get(name, "")
    if not value:
        raise missing(name)
    return value


def missing(*names: str) -> SignatureInvalid:
    return SignatureInvalid(RefusalKind.SIGNATURE_MISSING, f"without {', '.join(names)}")


def malformed(name: str) -> SignatureInvalid:
    return SignatureInvalid(RefusalKind.SIGNATURE_MISSING, f"{name} has not the form it should")


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells neither where they differ nor a length."""
    return hmac.compare_digest(_digest(one), _digest(other))


def any_same(expected: Iterable[str], given: Sequence[str]) -> bool:
    """Compare every pair, so that the time taken tells nothing of which one matched."""
    found = False
    for wanted in expected:
        for each in given:
            found |= hmac.compare_digest(wanted.encode(), each.encode("utf-8", "replace"))
    return found


def in_time(seconds: float, now: datetime, tolerance_seconds: int) -> datetime:
    """The time a rightly signed message names.

    Raises:
        TimestampOutOfRange: It is further from now than is tolerated.
    """
    # Compared as numbers: a time past the year 9999 is no datetime.
    early = seconds - now.timestamp()
    if abs(early) > tolerance_seconds:
        way = "ahead of" if early > 0 else "behind"
        raise TimestampOutOfRange(f"its time is {abs(early):.0f} s {way} ours")
    return datetime.fromtimestamp(seconds, UTC)


def fingerprint(*parts: bytes) -> str:
    """Names what was signed; parts cannot be moved over their borders."""
    digest = hashlib.sha256()
    for each in parts:
        digest.update(str(len(each)).encode() + _SEPARATOR + each)
    return f"sha256:{digest.hexdigest()}"


def text_in(body: bytes, name: str) -> str | None:
    """A short visible text that a JSON body has under a name; None where it has none."""
    try:
        found = parse_object(body, max_depth=_DEPTH).get(name)
    except Refusal:
        return None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def id_in(message: Message, name: str) -> str | None:
    """The sender's id of an event in a header; None where there is none that could be one."""
    found = message.headers.get(name, "")
    return found if _ID.fullmatch(found) else None


def hex_mac(secret: bytes, content: bytes) -> str:
    """HMAC-SHA-256 in small hexadecimal letters."""
    return hmac.new(secret, content, hashlib.sha256).hexdigest()


def base64_mac(secret: bytes, content: bytes) -> str:
    """HMAC-SHA-256 in base64."""
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
