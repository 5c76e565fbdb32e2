"""Commit several tenants' requests in one transaction, each tenant's under its own setting.

    accept_together(...)      for each request: its tenant is set, then key, run, payload,
                              record and handoff are inserted, a statement each

It is one statement, and so one round trip and one transaction. The function has its caller's
rights, so row security judges every statement by the one tenant that is set while it runs, as it
does when requests come alone. It asks again whether the source, its assistant and the very secret
that verified are still live, so what a process remembers of them opens nothing.

Whatever is not inserted (the key is taken, the source was switched off) and every batch that fails
is left to the path for one request, which finds out why and says so.
"""

import hmac
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ingest.accept import CONTENT_TYPE, Accepted, Incoming
from ingest.kept_connection import KeptConnection
from ingest.sources import LIVE_SECRETS
from pipeline.audit import AuditRecord
from pipeline.handoff import FAST_PATH_GRACE
from pipeline.run import Stage

# How long a batch waits for a row that someone else has locked: what one such row can cost those
# who have nothing to do with it.
LOCK_PATIENCE_MS: Final = 50
# ... and no more often than this: its tenant's requests go one by one for so long.
ASIDE_SECONDS: Final = 1.0

# ops/migrations/versions/0002_accept.sql
_ACCEPT: Final = "SELECT accept_together(%s, %b, %s, %s)"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A verified webhook with all that will be written of it.

    Attributes:
        scheme_version: Of the scheme as it verified; it must still be that at the commit.
        secret_id: The secret that verified it, which must still be live then; None where the
            source needs none.
    """

    tenant_id: UUID
    incoming: Incoming
    scheme: str
    scheme_version: int
    secret_id: UUID | None
    run_id: UUID
    digest_key: bytes
    handoff_id: UUID
    record: AuditRecord

    @property
    def identity(self) -> tuple[UUID, str, str, str]:
        """What two sends of one event share; one that names no event shares nothing."""
        alone = "" if self.incoming.key is not None else str(self.run_id)
        return self.tenant_id, self.incoming.scope, self.incoming.key or "", alone


class _Undone(Exception):
    """The transaction failed.

    Args:
        tenant_id: Whose row was locked, where that was the reason.
    """

    def __init__(self, tenant_id: UUID | None) -> None:
        super().__init__("the batch was rolled back")
        self.tenant_id = tenant_id


class BatchWriter:
    """Writes batches. `is_aside` says whose requests are to go one by one for the moment."""

    def __init__(self, engine: Engine, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = KeptConnection(engine)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._aside: dict[UUID, float] = {}
        self._all_aside_until = float("-inf")

    def is_aside(self, tenant_id: UUID) -> bool:
        now = self._monotonic()
        return now < self._all_aside_until or now < self._aside.get(tenant_id, now)

    def write(self, arrivals: Sequence[Arrival]) -> list[Accepted | None]:
        """Commit them all, or nothing; None for each that was not inserted.

        Of several with one key the first is inserted; one that is the same request gets its run.
        """
        # In one order everywhere, so that two processes never wait for each other.
        ordered = sorted(arrivals, key=lambda each: each.identity)
        firsts: dict[object, Arrival] = {}
        for each in ordered:
            firsts.setdefault(each.identity, each)
        inserted = self._insert(list(firsts.values()))
        return [_answer(each, firsts[each.identity], inserted) for each in arrivals]

    def _insert(self, arrivals: Sequence[Arrival]) -> set[UUID]:
        """Return the runs that were made; none where the transaction failed."""
        try:
            with self._connection.taken() as connection:
                return _transaction(connection, arrivals)
        except _Undone as undone:
            self._set_aside(undone)
        except (psycopg.Error, SQLAlchemyError) as error:
            # No connection to be had: each finds out by itself, at once and not after one another.
            log.warning("batch_not_begun", error=type(error).__name__)
            self._all_aside_until = self._monotonic() + ASIDE_SECONDS
        return set()

    def _set_aside(self, undone: _Undone) -> None:
        cause = undone.__cause__
        log.warning(
            "batch_failed",
            error=type(cause).__name__,
            sqlstate=getattr(cause, "sqlstate", None),
            tenant_id=None if undone.tenant_id is None else str(undone.tenant_id),
        )
        if undone.tenant_id is None:
            return
        now = self._monotonic()
        with self._lock:
            self._aside = {each: until for each, until in self._aside.items() if until > now}
            self._aside[undone.tenant_id] = now + ASIDE_SECONDS


def _transaction(connection: "psycopg.Connection[Any]", arrivals: Sequence[Arrival]) -> set[UUID]:
    """One round trip; durable when it returns.

    Raises:
        _Undone: Nothing was written, as far as this side can know.
    """
    values = [
        Jsonb([_item(each) for each in arrivals]),
        [each.incoming.payload for each in arrivals],
        LIVE_SECRETS,
        str(LOCK_PATIENCE_MS),
    ]
    try:
        # A statement by itself is a transaction by itself: it is durable when it has answered.
        made = connection.execute(_ACCEPT, values)
    except psycopg.errors.LockNotAvailable as error:
        raise _Undone(_tenant_in(error)) from error
    except psycopg.Error as error:
        raise _Undone(None) from error
    return {row[0] for row in made.fetchall()}


def _tenant_in(error: psycopg.Error) -> UUID | None:
    """Whose row was locked, as the function says it; a lock taken at the commit names nobody."""
    try:
        return UUID(error.diag.message_detail or "")
    except ValueError:
        return None


def _item(arrival: Arrival) -> dict[str, object]:
    """A request's columns as accept_together names them; bytes are in hexadecimal."""
    incoming = arrival.incoming
    return {
        "tenant": str(arrival.tenant_id),
        "source": str(incoming.requester_id),
        "secret": None if arrival.secret_id is None else str(arrival.secret_id),
        "assistant": str(incoming.assistant_id),
        "scheme": arrival.scheme,
        "scheme_version": arrival.scheme_version,
        "scope": incoming.scope,
        "key": incoming.key,
        "request_digest": incoming.body_digest.hex(),
        "run": str(arrival.run_id),
        "origin": dict(incoming.origin),
        "traceparent": incoming.traceparent,
        "content_type": CONTENT_TYPE,
        "digest_key": arrival.digest_key.hex(),
        "record": arrival.record.to_json(),
        "handoff": str(arrival.handoff_id),
        "stage": Stage.POLICY.value,
        "grace": f"{FAST_PATH_GRACE.total_seconds()} seconds",
    }


def _answer(arrival: Arrival, first: Arrival, inserted: set[UUID]) -> Accepted | None:
    if first.run_id not in inserted:
        return None
    if arrival is first:
        return Accepted(run_id=first.run_id, is_new=True)
    # The statement vouched for the first one's secret alone.
    same_secret = arrival.secret_id == first.secret_id
    same_body = hmac.compare_digest(arrival.incoming.body_digest, first.incoming.body_digest)
    if not (same_secret and same_body):
        return None
    return Accepted(run_id=first.run_id, is_new=False)
