"""Whether a request proves that it comes from its source, and what exactly it lacks.

1. Each live secret is tried, the newest first; a scheme without secrets is asked once.
2. A right proof of the wrong time is that, whatever other secrets say.
3. Where none holds, the error that says most is kept for the source's own people.
4. A source that an admin lets send unsigned lets in what proves nothing; what does prove something
   counts as ever.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ingest.sources import Source
from pipeline.ids import random_bytes
from pipeline.schemes import Message, SignatureInvalid, TimestampOutOfRange, Verified
from pipeline.schemes.standard_webhooks import StandardWebhooks
from pipeline.source_refusals import RefusalKind

UNSIGNED: Final = Verified()
# What a request for a source that is not there is held against, so that it takes as long.
_DECOY: Final = StandardWebhooks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proven, and by which secret; None of either where an unsigned request is let in."""

    secret_id: UUID | None
    verified: Verified
    unsigned: bool = False


def verify(source: Source, message: Message, now: datetime) -> Proof:
    """Return the proof in a request.

    Raises:
        SignatureInvalid: There is none; a stranger is told no more than that.
        TimestampOutOfRange: There is one, for another time.
    """
    try:
        return _proof(source, message, now)
    except SignatureInvalid:
        if source.unsigned:
            return Proof(secret_id=None, verified=UNSIGNED, unsigned=True)
        raise


def pretend(message: Message, now: datetime) -> None:
    """Do for a source that is not there what is done for one that is.

    Raises:
        SignatureInvalid: Always.
    """
    _DECOY.verify(message, random_bytes(32), now)
    raise SignatureInvalid


def _proof(source: Source, message: Message, now: datetime) -> Proof:
    if source.scheme.about.secret is None:
        return Proof(secret_id=None, verified=source.scheme.verify(message, b"", now))
    failed = SignatureInvalid(RefusalKind.SECRET_MISSING)
    for secret_id, secret in zip(source.secret_ids, source.secrets, strict=True):
        try:
            verified = source.scheme.verify(message, secret, now)
        except TimestampOutOfRange:
            raise
        except SignatureInvalid as error:
            failed = error
        else:
            return Proof(secret_id=secret_id, verified=verified)
    raise failed
