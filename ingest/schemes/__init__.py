"""How senders prove that a webhook is theirs. A scheme is one module here and one entry below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from pipeline.refusal import Refusal

TOLERANCE: Final = timedelta(minutes=5)


class SignatureInvalid(Refusal):
    """Nothing proves who sent this. Which part is wrong is told to nobody."""

    def __init__(self) -> None:
        super().__init__("the signature headers are missing or do not match this message")


class TimestampOutOfRange(Refusal):
    """Rightly signed, but for another time; said only to who holds the secret."""

    def __init__(self) -> None:
        minutes = int(TOLERANCE.total_seconds() // 60)
        super().__init__(f"the message is signed for a time more than {minutes} minutes from now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a signature covers besides the body.

    `event_id` is what repeated sends of one event share; a scheme whose senders give none makes
    it from the exact signed message, so that two honest identical events stay two.
    """

    event_id: str
    timestamp: datetime


class Scheme(Protocol):
    """Checks one message. It holds no state and reads no clock."""

    def verify(
        self, secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Verified:
        """Check a message against each live secret.

        Args:
            secrets: The live ones, newest first; none at all is refused like a wrong one.
            headers: By name in lower case.
            body: The bytes as received.
            now: Aware.

        Raises:
            SignatureInvalid: A part is missing or malformed, or no secret made this signature.
            TimestampOutOfRange: The signature is right and the time is not.
        """
        ...
