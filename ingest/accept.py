"""Accept a request: run, payload, key, handoff and audit record commit together, or nothing does.

The same key with the same body is the same run, however often and however many at once. Two at
the same instant meet at the unique index: the second waits there for the first to commit.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

import psycopg.errors
from psycopg.types.json import Jsonb
from sqlalchemy import Row
from sqlalchemy.exc import OperationalError

from pipeline.audit import AuditRecord
from pipeline.identity import ask_open
from pipeline.ids import random_bytes, uuid7
from pipeline.refusal import Refusal
from pipeline.run import Stage, Status
from pipeline.work import Work

CONTENT_TYPE: Final = "application/json"
DIGEST_KEY_BYTES: Final = 32
# How long a second sender of the same key waits for the first one's outcome.
PATIENCE_MS: Final = 500

_CLAIM_KEY = """
    key AS (INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)
        VALUES (:tenant, :scope, :key, :request_digest, :run)
        ON CONFLICT DO NOTHING RETURNING run_id),"""
_NO_KEY = """
    key AS (SELECT CAST(:run AS uuid) AS run_id),"""
_INSERT = """
    run AS (INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind,
            requester_person_id, origin, traceparent)
        SELECT :tenant, run_id, :assistant, CAST(:source AS uuid), :kind, CAST(:person AS uuid),
            :origin, CAST(:traceparent AS text) FROM key RETURNING run_id),
    payload AS (INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload,
            digest_key)
        SELECT :tenant, run_id, 1, :content_type, :payload, :digest_key FROM run)
    SELECT run_id FROM key"""


class KeyReused(Refusal):
    """The key was used for another body; nothing was changed."""


class EventInFlight(Refusal):
    """The same event is being accepted by another request this moment."""


class RequestInFlight(EventInFlight):
    """The same Idempotency-Key is being worked on by another request this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request found good. `key` is None where its sender does not deduplicate."""

    assistant_id: UUID
    requester: Literal["source", "person", "client"]
    requester_id: UUID
    payload: bytes = field(repr=False)
    body_digest: bytes
    key: str | None
    origin: Mapping[str, Any]
    traceparent: str

    @property
    def scope(self) -> str:
        """Whose keys these are: two senders may use the same one."""
        return f"{self.requester}:{self.requester_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """`is_new` is False for a request that was accepted before."""

    run_id: UUID
    is_new: bool


def accept(work: Work, incoming: Incoming) -> Accepted:
    """Make the run, or find the one that was made of the same request before.

    Raises:
        KeyReused: The key came with another body before.
        EventInFlight: Another request holds the key, for longer than PATIENCE_MS.
        TenantClosed: It was closed this moment; at the latest when the transaction ends.
    """
    run_id = uuid7()
    digest_key = random_bytes(DIGEST_KEY_BYTES)
    if not _insert(work, incoming, run_id, digest_key):
        return _accepted_before(work, incoming)
    # It may have waited for the tenant's closing.
    ask_open(work)
    work.records.append(received(work.tenant_id, incoming, run_id, digest_key))
    work.hand_off(run_id, 1, Stage.POLICY, traceparent=incoming.traceparent)
    return Accepted(run_id=run_id, is_new=True)


def accept_all(work: Work, incoming: Sequence[Incoming | None]) -> tuple[Accepted | None, ...]:
    """Accept each of a request's events, all of them or none; None stays None.

    Raises:
        As `accept`.
    """
    # In one order everywhere, so that two requests never wait for each other.
    order = sorted(
        range(len(incoming)), key=lambda at: (each.key or "") if (each := incoming[at]) else ""
    )
    found: dict[int, Accepted] = {}
    for at in order:
        each = incoming[at]
        if each is not None:
            found[at] = accept(work, each)
    return tuple(found.get(at) for at in range(len(incoming)))


def received(tenant_id: UUID, incoming: Incoming, run_id: UUID, digest_key: bytes) -> AuditRecord:
    """The audit record of a run's first moment."""
    # Unguessable without the payload's key, so that erasing the payload erases its meaning.
    commitment = hmac.new(digest_key, incoming.payload, hashlib.sha256).hexdigest()
    return AuditRecord(
        id=uuid7(),
        occurred_at=datetime.now(UTC),
        tenant_id=tenant_id,
        actor_type=incoming.requester,
        actor_id=str(incoming.requester_id),
        action="ingest:run:received",
        resource_type="run",
        resource_id=str(run_id),
        after={"status": Status.RECEIVED.value, "epoch": 1},
        metadata={
            "assistant": str(incoming.assistant_id),
            "commitment": commitment,
            "content_type": CONTENT_TYPE,
            "size": len(incoming.payload),
            "origin": "webhook" if incoming.requester == "source" else "api",
        },
    )


def _insert(work: Work, incoming: Incoming, run_id: UUID, digest_key: bytes) -> bool:
    """One statement: key, run and payload. False where the key is taken."""
    is_source = incoming.requester == "source"
    key = {"scope": incoming.scope, "key": incoming.key, "request_digest": incoming.body_digest}
    try:
        row: Row[Any] | None = work.execute(
            "WITH" + (_NO_KEY if incoming.key is None else _CLAIM_KEY) + _INSERT,
            **({} if incoming.key is None else key),
            tenant=work.tenant_id,
            run=run_id,
            assistant=incoming.assistant_id,
            source=incoming.requester_id if is_source else None,
            kind=incoming.requester,
            person=None if is_source else incoming.requester_id,
            origin=Jsonb(dict(incoming.origin)),
            traceparent=incoming.traceparent,
            content_type=CONTENT_TYPE,
            payload=incoming.payload,
            digest_key=digest_key,
        ).one_or_none()
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise EventInFlight(
                "the same event is being accepted this moment; send it again",
                headers={"Retry-After": "1"},
            ) from error
        raise
    return row is not None


def _accepted_before(work: Work, incoming: Incoming) -> Accepted:
    digest, run_id = work.execute(
        "SELECT request_digest, run_id FROM idempotency_keys WHERE scope = :scope AND key = :key",
        scope=incoming.scope,
        key=incoming.key,
    ).one()
    if not hmac.compare_digest(bytes(digest), incoming.body_digest):
        raise KeyReused("this event id or Idempotency-Key came with another body before")
    return Accepted(run_id=run_id, is_new=False)
