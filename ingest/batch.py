"""Commit several tenants' requests in one transaction, each tenant's under its own setting.

    BEGIN
      set_config('app.current_tenant', tenant 1)     for each tenant, then
      insert key, run, payload, record, handoff      one statement for each of its requests
    COMMIT

All of it goes out at once (libpq's pipeline mode) and comes back at once: one round trip. Row
security judges every statement by the one tenant that is set while it runs, as it does when
requests come alone. The statement asks again whether the source, its assistant and the very secret
that verified are still live, so what a process remembers of them opens nothing.

Whatever is not inserted (the key is taken, the source was switched off) and every batch that fails
is left to the path for one request, which finds out why and says so.
"""

import hmac
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
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

_ENTER: Final = """
    SELECT set_config('app.current_tenant', %s, true), set_config('lock_timeout', %s, true),
        set_config('plan_cache_mode', 'force_generic_plan', true)"""
_INSERT: Final = """
    WITH key AS (
        INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)
        SELECT %(tenant)s, %(scope)s, %(key)s, %(digest)b, %(run)s
        WHERE EXISTS (
            SELECT FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
            WHERE s.tenant_id = %(tenant)s AND s.source_id = %(source)s AND s.kind = 'webhook'
                AND s.scheme = %(scheme)s AND s.assistant_id = %(assistant)s
                AND s.active AND a.active)
            AND %(secret)s IN (
                SELECT x.secret_id FROM source_secrets x
                WHERE x.tenant_id = %(tenant)s AND x.source_id = %(source)s
                    AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
                ORDER BY x.created_at DESC, x.secret_id DESC LIMIT %(live)s)
        ON CONFLICT DO NOTHING RETURNING run_id),
    run AS (
        INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin,
            traceparent)
        SELECT %(tenant)s, run_id, %(assistant)s, %(source)s, 'source', %(origin)s, %(trace)s
        FROM key),
    payload AS (
        INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)
        SELECT %(tenant)s, run_id, 1, %(content_type)s, %(payload)b, %(digest_key)b FROM key),
    record AS (
        INSERT INTO audit_pending (tenant_id, record) SELECT %(tenant)s, %(record)s FROM key),
    handoff AS (
        INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at,
            traceparent)
        SELECT %(tenant)s, %(handoff)s, run_id, 1, %(stage)s, clock_timestamp() + %(grace)s,
            %(trace)s FROM key)
    SELECT run_id FROM key"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A verified webhook with all that will be written of it.

    Attributes:
        secret_id: The secret that verified it; it must still be live at the commit.
    """

    tenant_id: UUID
    incoming: Incoming
    scheme: str
    secret_id: UUID
    run_id: UUID
    digest_key: bytes
    handoff_id: UUID
    record: AuditRecord

    @property
    def identity(self) -> tuple[UUID, str, str | None]:
        return self.tenant_id, self.incoming.scope, self.incoming.key


class _Undone(Exception):
    """A statement failed, and with it the whole transaction.

    Args:
        tenant_id: Whose statement it was; None where it was the commit.
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
        if not isinstance(cause, psycopg.errors.LockNotAvailable) or undone.tenant_id is None:
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
    sent: list[tuple[UUID, psycopg.Cursor[Any]]] = []
    try:
        with connection.pipeline():
            connection.execute("BEGIN")
            for tenant_id, group in groupby(arrivals, key=lambda each: each.tenant_id):
                connection.execute(_ENTER, [str(tenant_id), str(LOCK_PATIENCE_MS)])
                sent.extend(
                    (tenant_id, connection.execute(_INSERT, _values(each))) for each in group
                )
            committed = connection.execute("COMMIT")
        if committed.statusmessage != "COMMIT":
            raise psycopg.InternalError("the transaction was not committed")
    except psycopg.Error as error:
        failed = (tenant_id for tenant_id, cursor in sent if cursor.pgresult is None)
        raise _Undone(next(failed, None)) from error
    return {row[0] for _, cursor in sent for row in cursor.fetchall()}


def _values(arrival: Arrival) -> dict[str, object]:
    incoming = arrival.incoming
    return {
        "tenant": arrival.tenant_id,
        "scope": incoming.scope,
        "key": incoming.key,
        "digest": incoming.body_digest,
        "run": arrival.run_id,
        "source": incoming.requester_id,
        "scheme": arrival.scheme,
        "assistant": incoming.assistant_id,
        "secret": arrival.secret_id,
        "live": LIVE_SECRETS,
        "origin": Jsonb(dict(incoming.origin)),
        "trace": incoming.traceparent,
        "content_type": CONTENT_TYPE,
        "payload": incoming.payload,
        "digest_key": arrival.digest_key,
        "record": Jsonb(arrival.record.to_json()),
        "handoff": arrival.handoff_id,
        "stage": Stage.POLICY.value,
        "grace": FAST_PATH_GRACE,
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
