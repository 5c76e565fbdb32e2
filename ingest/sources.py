"""Webhook sources as the edge needs them: whose they are, their scheme, their live secrets."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, text

from ingest.accept import PATIENCE_MS
from pipeline.envelope import KeyRing
from pipeline.refusal import Refusal
from pipeline.registry import SOURCE_SECRET
from pipeline.work import Work

# During a rotation the old and the new one live; older ones are forgotten even if never expired.
LIVE_SECRETS: Final = 2
REMEMBERED: Final = 4096
# Opened secrets stay in memory no longer than this after they were read, while webhooks come.
REMEMBERED_SECONDS: Final = 60.0

# The lock timeout ends with the transaction, like the tenant (pipeline/database.py).
_FIND = """
    SELECT s.assistant_id, s.scheme, s.active AND a.active, x.secret_id, x.envelope,
        set_config('lock_timeout', :patience, true)
    FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
    LEFT JOIN source_secrets x ON x.tenant_id = s.tenant_id AND x.source_id = s.source_id
        AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
    WHERE s.source_id = :source AND s.kind = 'webhook'
    ORDER BY x.created_at DESC, x.secret_id DESC LIMIT :live"""


class SourceUnknown(Refusal):
    """No webhook source has this id."""

    def __init__(self) -> None:
        super().__init__("there is no such source", field="source")


class SourceInactive(Refusal):
    """The source, or its assistant, is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`secrets` are the live ones, newest first, and `secret_ids` the ids of their rows."""

    source_id: UUID
    assistant_id: UUID
    scheme: str
    active: bool
    secret_ids: tuple[UUID, ...]
    secrets: tuple[bytes, ...] = field(repr=False)


class SourceTenants:
    """Which tenant a source belongs to. It never changes, so what was found is remembered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._found: OrderedDict[UUID, UUID] = OrderedDict()

    def tenant_of(self, source_id: UUID) -> UUID:
        """Raises: SourceUnknown."""
        with self._lock:
            found = self._found.get(source_id)
        if found is not None:
            return found
        with self._engine.begin() as connection:
            tenant_id: UUID | None = connection.execute(
                text("SELECT resolve_source(:source)"), {"source": source_id}
            ).scalar()
        if tenant_id is None:
            raise SourceUnknown
        with self._lock:
            self._found[source_id] = tenant_id
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return tenant_id


class RememberedSources:
    """Sources as they were last read, with their secrets opened.

    What is remembered may be out of date, so it only ever saves work: the statement that inserts
    asks whether it still holds (ingest/batch.py), and nothing is refused on its word.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found: OrderedDict[UUID, tuple[float, Source]] = OrderedDict()

    def get(self, source_id: UUID) -> Source | None:
        with self._lock:
            self._forget_old()
            found = self._found.get(source_id)
        return None if found is None else found[1]

    def put(self, source: Source) -> None:
        with self._lock:
            self._found.pop(source.source_id, None)
            self._found[source.source_id] = (self._monotonic() + REMEMBERED_SECONDS, source)
            self._forget_old()
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)

    def _forget_old(self) -> None:
        # In the order they were read, so the first that is young ends it.
        now = self._monotonic()
        while self._found and next(iter(self._found.values()))[0] <= now:
            self._found.popitem(last=False)


def load_source(work: Work, keyring: KeyRing, source_id: UUID) -> Source:
    """Read a source with its live secrets, which are decrypted here.

    Raises:
        SourceUnknown: As it says; it may have been removed since its tenant was remembered.
        EnvelopeInvalid: A secret was sealed under a key that is not on the ring.
    """
    rows = work.execute(_FIND, source=source_id, patience=str(PATIENCE_MS), live=LIVE_SECRETS).all()
    if not rows:
        raise SourceUnknown
    sealed = [(row[3], row[4]) for row in rows if row[3] is not None]
    opened = (
        keyring.open(envelope, tenant_id=work.tenant_id, row_id=secret_id, purpose=SOURCE_SECRET)
        for secret_id, envelope in sealed
    )
    return Source(
        source_id=source_id,
        assistant_id=rows[0][0],
        scheme=rows[0][1],
        active=rows[0][2],
        secret_ids=tuple(secret_id for secret_id, _ in sealed),
        secrets=tuple(opened),
    )
