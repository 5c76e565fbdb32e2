"""Accept a webhook together with those that come at the same moment.

This path only ever says yes. It verifies with what is remembered of the source, joins a batch and
returns the run; wherever anything is not as expected, it returns None and the request takes the
path for one request (ingest/hooks.py), which reads everything anew and has the say.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import dramatiq
from sqlalchemy import Engine

from ingest.accept import DIGEST_KEY_BYTES, Accepted, Incoming, received
from ingest.batch import Arrival, BatchWriter
from ingest.sources import RememberedSources, Source
from ingest.verification import Proof, verify
from pipeline.coalesce import Coalescer
from pipeline.handoff import message
from pipeline.ids import random_bytes, uuid7
from pipeline.live import Happened
from pipeline.live_publisher import Publisher
from pipeline.refusal import Refusal
from pipeline.run import Stage
from pipeline.sending import send_all
from pipeline.strict_json import parse_object

# More than a process has threads (ops/gunicorn_conf.py).
MOST_TOGETHER: Final = 64
# A batch takes milliseconds; one that takes this long hangs in the network.
PATIENCE_SECONDS: Final = 1.0
# About what a request's own work takes, so that several arrive meanwhile.
LINGER_SECONDS: Final = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook as it came, nothing of it verified: a `Message` of pipeline/schemes.

    Attributes:
        headers: By name in lower case.
        ask_url: Gives the address it was sent to; few schemes ask.
        through_proxy: Whether a named proxy handed it on.
    """

    tenant_id: UUID
    source_id: UUID
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    traceparent: str
    ask_url: Callable[[], str] = lambda: ""
    through_proxy: bool = False

    @property
    def url(self) -> str:
        return self.ask_url()


def incoming_of(event: Event, source: Source, proof: Proof) -> Incoming:
    """What is accepted of an event that proves whose it is."""
    verified = proof.verified
    origin = {"kind": "webhook", "scheme": source.scheme_name, "event": verified.event_id}
    if verified.caller is not None:
        origin["caller"] = verified.caller
    return Incoming(
        assistant_id=source.assistant_id,
        requester="source",
        requester_id=event.source_id,
        payload=event.body,
        body_digest=hashlib.sha256(event.body).digest(),
        key=verified.key,
        origin=origin if not proof.unsigned else origin | {"unsigned": True},
        traceparent=event.traceparent,
    )


class Together:
    """The way in for events of sources that are known by now.

    Args:
        used: Told, after each, the tenant, the secret that verified it, and when.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_json_depth: int,
        broker: dramatiq.Broker,
        live: Publisher | None = None,
        used: Callable[[UUID, UUID, datetime], None] = lambda *_: None,
    ) -> None:
        self._used = used
        self.sources = RememberedSources()
        self._max_json_depth = max_json_depth
        self._broker = broker
        self._live = live
        self._writer = BatchWriter(engine)
        self._coalescer: Coalescer[Arrival, Accepted] = Coalescer(
            self._writer.write,
            after=self._send_handoffs,
            most=MOST_TOGETHER,
            patience_seconds=PATIENCE_SECONDS,
            linger_seconds=LINGER_SECONDS,
        )

    def accept(self, event: Event, now: datetime) -> Accepted | None:
        """Return the run, durable; None where the event must be looked at by itself."""
        source = self.sources.get(event.source_id)
        if source is None or not source.active or self._writer.is_aside(event.tenant_id):
            return None
        try:
            proof = verify(source, event, now)
            parse_object(event.body, max_depth=self._max_json_depth)
        except Refusal:
            return None
        if proof.verified.reply is not None:
            return None
        accepted = self._coalescer.submit(_arrival(event, source, proof))
        if accepted is not None and proof.secret_id is not None:
            self._used(event.tenant_id, proof.secret_id, now)
        return accepted

    def _send_handoffs(
        self, arrivals: Sequence[Arrival], answers: Sequence[Accepted | None]
    ) -> None:
        fresh = [
            each
            for each, answer in zip(arrivals, answers, strict=True)
            if answer is not None and answer.is_new
        ]
        if not fresh:
            return
        send_all(
            self._broker,
            [
                message(Stage.POLICY, each.tenant_id, each.handoff_id, each.incoming.traceparent)
                for each in fresh
            ],
        )
        if self._live is not None:
            self._live.publish(
                [Happened(tenant_id=each.tenant_id, records=[each.record]) for each in fresh]
            )


def _arrival(event: Event, source: Source, proof: Proof) -> Arrival:
    incoming = incoming_of(event, source, proof)
    run_id = uuid7()
    digest_key = random_bytes(DIGEST_KEY_BYTES)
    return Arrival(
        tenant_id=event.tenant_id,
        incoming=incoming,
        scheme=source.scheme_name,
        scheme_version=source.scheme_version,
        secret_id=proof.secret_id,
        run_id=run_id,
        digest_key=digest_key,
        handoff_id=uuid7(),
        record=received(event.tenant_id, incoming, run_id, digest_key),
    )
