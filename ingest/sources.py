"""Webhook sources as the edge needs them: whose they are, their scheme, their live secrets."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from ingest.accept import PATIENCE_MS
from pipeline.callback import Allowed, read_allowlist
from pipeline.envelope import KeyRing
from pipeline.intake import JSON, Intake, read_intake
from pipeline.mapping import Mapping as EventMapping
from pipeline.mapping import read_mapping
from pipeline.rate import Rate, read_rate
from pipeline.refusal import Refusal
from pipeline.registry import SOURCE_SECRET
from pipeline.registry_names import FieldInvalid
from pipeline.schemes import Means, Scheme, SignatureInvalid
from pipeline.schemes.registry import build_scheme
from pipeline.schemes.unusable import Unusable
from pipeline.work import Work

# During a rotation the old and the new one live; older ones are forgotten even if never expired.
LIVE_SECRETS: Final = 2
REMEMBERED: Final = 4096
# The tenant of a source that is not there: it has nothing, so nothing is found in it.
NOBODY: Final = UUID(int=0)
# Opened secrets stay in memory no longer than this after they were read, while webhooks come.
REMEMBERED_SECONDS: Final = 60.0

# The lock timeout ends with the transaction, like the tenant (pipeline/database.py).
_FIND = """
    SELECT s.assistant_id, s.scheme, s.active AND a.active, x.secret_id, x.envelope,
        s.scheme_settings, s.scheme_version, s.unsigned_at IS NOT NULL, s.intake, s.mapping,
        CASE WHEN s.mapping IS NOT NULL THEN (
            SELECT jsonb_object_agg(m.name, m.assistant_id) FROM assistants m
            WHERE m.tenant_id = s.tenant_id AND m.active AND m.name IN (
                SELECT jsonb_array_elements(s.mapping -> 'rules') ->> 'assistant')) END,
        t.rate, s.callbacks, set_config('lock_timeout', :patience, true)
    FROM sources s JOIN tenants t USING (tenant_id)
    JOIN assistants a USING (tenant_id, assistant_id)
    LEFT JOIN source_secrets x ON x.tenant_id = s.tenant_id AND x.source_id = s.source_id
        AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
    WHERE s.source_id = :source AND s.kind = 'webhook'
    ORDER BY x.created_at DESC, x.secret_id DESC LIMIT :live"""


_JSON_ALONE: Final = Intake(bodies=frozenset({JSON}))


class SourceUnknown(SignatureInvalid):
    """No webhook source has this id; answered as a request that proves nothing."""


class SourceInactive(Refusal):
    """The source, or its assistant, is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`secrets` are the live ones, newest first, and `secret_ids` the ids of their rows.

    Attributes:
        scheme_version: Grows whenever how it proves itself is changed.
        unsigned: Whether an admin lets it send without any proof.
        mapping: None where every event is taken as it comes.
        assistants: Those that the mapping may choose, by name; active ones alone.
        callbacks: Where its senders may be called back.
        unusable: Why what is kept cannot be used, for its people.
        tenant_rate: Of all that its tenant's senders send; None is as the edge's.
    """

    source_id: UUID
    assistant_id: UUID
    scheme_name: str
    scheme: Scheme
    scheme_version: int
    unsigned: bool
    active: bool
    secret_ids: tuple[UUID, ...]
    secrets: tuple[bytes, ...] = field(repr=False)
    intake: Intake = _JSON_ALONE
    mapping: EventMapping | None = None
    assistants: Mapping[str, UUID] = field(default_factory=dict)
    callbacks: tuple[Allowed, ...] = ()
    unusable: str | None = None
    tenant_rate: Rate | None = None


class SourceTenants:
    """Which tenant a source belongs to. It never changes, so what was found is remembered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._found: OrderedDict[UUID, UUID] = OrderedDict()

    def remembered(self, source_id: UUID) -> UUID | None:
        """Return None of a source nobody asked for yet, and of one that is not there."""
        with self._lock:
            return self._found.get(source_id)

    def tenant_of(self, source_id: UUID) -> UUID:
        """Return NOBODY where there is no such source: what follows is the same for all."""
        found = self.remembered(source_id)
        if found is not None:
            return found
        with self._engine.begin() as connection:
            tenant_id: UUID | None = connection.execute(
                text("SELECT resolve_source(:source)"), {"source": source_id}
            ).scalar()
        if tenant_id is None:
            return NOBODY
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


def load_source(
    work: Work, keyring: KeyRing, source_id: UUID, means: Means | None = None
) -> Source:
    """Read a source with its live secrets, which are decrypted here.

    Args:
        means: What its scheme asks others with; None where nothing is verified with it.

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
    first = rows[0]
    return Source(
        source_id=source_id,
        assistant_id=first[0],
        scheme_name=first[1],
        scheme=_scheme(first[1], first[5], means),
        scheme_version=first[6],
        unsigned=first[7],
        active=first[2],
        secret_ids=tuple(secret_id for secret_id, _ in sealed),
        secrets=tuple(opened),
        assistants={name: UUID(value) for name, value in (first[10] or {}).items()},
        callbacks=read_allowlist(first[12]),
        **_taking(first[1], first[8], first[9], first[11]),
    )


def _taking(
    scheme: str,
    intake: Mapping[str, Any],
    mapping: Mapping[str, Any] | None,
    rate: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What a source takes and makes of it, compiled."""
    try:
        return {
            "intake": read_intake(scheme, intake),
            "mapping": None if mapping is None else read_mapping(mapping),
            "tenant_rate": None if rate is None else read_rate("rate", rate),
        }
    except FieldInvalid as error:
        # Kept by a newer release, say: nothing is accepted, and its owner is told why.
        return {"unusable": str(error)}


def _scheme(name: str, settings: Mapping[str, Any], means: Means | None) -> Scheme:
    try:
        return build_scheme(name, settings, means)
    except FieldInvalid as error:
        # Kept by a newer release, say: nothing is accepted, and its owner is told why.
        return Unusable(because=str(error))
