"""What the edge notes beside its work: who was refused and why, which secrets are in use.

Nobody waits for it. It is gathered in memory, within bounds, and written by a thread of its own
about once a second: however many refusals come, a source costs a row a kind and second. What was
gathered when a process dies is lost; it tells people what to mend and proves nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.accept import KeyReused
from ingest.event import Event
from ingest.rates import RateExceeded
from ingest.sources import SourceInactive
from ingest.taking import EventIdMissing
from pipeline.callback import CallbackNotAllowed
from pipeline.cloud_events import CloudEventInvalid
from pipeline.event_body import FormInvalid
from pipeline.mapping import MappingFailed
from pipeline.outbox import Outbox
from pipeline.refusal import Refusal
from pipeline.request_body import BodyTooLarge
from pipeline.request_label import MediaTypeUnsupported
from pipeline.schemes import SignatureInvalid
from pipeline.source_refusals import RECENT, RefusalKind, Refusals, note_refusals, note_use
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep

PAUSE_SECONDS: Final = 1.0
# A secret that was noted is not noted again within this.
USE_EVERY_SECONDS: Final = 60.0
# What waits to be written; more than that is not noted.
MOST_WAITING: Final = 1024
LONGEST_HINT: Final = 500
_KINDS: Final[dict[type[Refusal], RefusalKind]] = {
    SourceInactive: RefusalKind.SOURCE_INACTIVE,
    JsonInvalid: RefusalKind.BODY_INVALID,
    JsonTooDeep: RefusalKind.BODY_INVALID,
    JsonNotAnObject: RefusalKind.BODY_INVALID,
    FormInvalid: RefusalKind.BODY_INVALID,
    CloudEventInvalid: RefusalKind.BODY_INVALID,
    MediaTypeUnsupported: RefusalKind.BODY_NOT_TAKEN,
    BodyTooLarge: RefusalKind.BODY_NOT_TAKEN,
    EventIdMissing: RefusalKind.EVENT_ID_MISSING,
    CallbackNotAllowed: RefusalKind.CALLBACK_NOT_ALLOWED,
    RateExceeded: RefusalKind.RATE_EXCEEDED,
    KeyReused: RefusalKind.ID_REUSED,
}

log = structlog.get_logger()


@dataclass(slots=True)
class _Gathered:
    refused: int = 0
    recent: deque[tuple[datetime, str | None]] = field(default_factory=lambda: deque(maxlen=RECENT))


class Notebook:
    """One a process, asked by any thread.

    Args:
        background: Written by a thread of its own; else by who calls `flush`.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        background: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._background = background
        self._outbox = outbox
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._refused: dict[tuple[UUID, UUID, RefusalKind], _Gathered] = {}
        self._used: dict[tuple[UUID, UUID], datetime] = {}
        self._not_before: dict[UUID, float] = {}
        self._something = threading.Event()
        self._writer: threading.Thread | None = None

    def refused(self, event: Event, refusal: Refusal, at: datetime) -> None:
        """Note that an event was refused, where that is its sender's or its source's doing."""
        found = classify(refusal)
        if found is None:
            return
        self._gather(event, found[0], found[1], at, 1)

    def ignored(self, event: Event, at: datetime, number: int) -> None:
        """Note that no rule of its source's mapping took an event, or several of a batch."""
        self._gather(event, RefusalKind.IGNORED, None, at, number)

    def _gather(
        self, event: Event, kind: RefusalKind, hint: str | None, at: datetime, number: int
    ) -> None:
        key = (event.tenant_id, event.source_id, kind)
        with self._lock:
            if key not in self._refused and len(self._refused) >= MOST_WAITING:
                return
            gathered = self._refused.setdefault(key, _Gathered())
            gathered.refused += number
            gathered.recent.appendleft((at, hint))
        self._wake()

    def used(self, tenant_id: UUID, secret_id: UUID, at: datetime) -> None:
        """Note that a sender signed with a secret; to the minute."""
        now = self._monotonic()
        if self._not_before.get(secret_id, 0.0) > now:
            return
        with self._lock:
            if len(self._not_before) >= MOST_WAITING:
                self._not_before.clear()
            self._not_before[secret_id] = now + USE_EVERY_SECONDS
            self._used[tenant_id, secret_id] = at
        self._wake()

    def flush(self) -> None:
        """Write what was gathered; what the database does not take is given up."""
        with self._lock:
            refused, self._refused = self._refused, {}
            used, self._used = self._used, {}
        for key, found in refused.items():
            self._log(*key, found)
        for tenant_id in sorted({*(key[0] for key in refused), *(key[0] for key in used)}):
            try:
                self._write(tenant_id, refused, used)
            except (SQLAlchemyError, psycopg.Error) as error:
                log.warning("notes_lost", tenant_id=str(tenant_id), error=type(error).__name__)

    def _log(self, tenant_id: UUID, source_id: UUID, kind: RefusalKind, found: _Gathered) -> None:
        # Nobody has to mend what was ignored.
        is_ignored = kind is RefusalKind.IGNORED
        tell = log.info if is_ignored else log.warning
        tell(
            "hooks_ignored" if is_ignored else "hooks_refused",
            tenant_id=str(tenant_id),
            source_id=str(source_id),
            kind=kind.value,
            refused=found.refused,
            hint=found.recent[0][1],
        )

    def _write(
        self,
        tenant_id: UUID,
        refused: dict[tuple[UUID, UUID, RefusalKind], _Gathered],
        used: dict[tuple[UUID, UUID], datetime],
    ) -> None:
        with self._outbox.work(tenant_id) as work:
            note_refusals(
                work,
                [
                    Refusals(
                        source_id=source_id,
                        kind=kind,
                        refused=gathered.refused,
                        recent=list(gathered.recent),
                    )
                    for (tenant, source_id, kind), gathered in refused.items()
                    if tenant == tenant_id
                ],
            )
            for (tenant, secret_id), at in sorted(used.items()):
                if tenant == tenant_id:
                    note_use(work, secret_id, at)

    def _wake(self) -> None:
        if self._background and self._writer is None:
            self._start()
        self._something.set()

    def _start(self) -> None:
        # In the process that serves: threads do not survive a fork.
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._go_on, name="notes", daemon=True)
                self._writer.start()

    def _go_on(self) -> None:
        pause = threading.Event()
        while True:
            self._something.wait()
            self._something.clear()
            pause.wait(PAUSE_SECONDS)
            self.flush()


def classify(refusal: Refusal) -> tuple[RefusalKind, str | None] | None:
    """What a refusal is in the record, and a hint; None for what is of the moment."""
    if isinstance(refusal, SignatureInvalid):
        return refusal.kind, refusal.hint
    if isinstance(refusal, MappingFailed):
        return RefusalKind.MAPPING_FAILED, refusal.hint[:LONGEST_HINT]
    kind = _KINDS.get(type(refusal))
    return None if kind is None else (kind, None)
