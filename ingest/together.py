"""Accept a webhook together with those that come at the same moment.

This path only ever says yes, or that a limit is met. It verifies with what is remembered of the
source, joins a batch and returns the run; wherever anything is not as expected, it returns None and
the request takes the path for one request (ingest/hooks.py), which reads everything anew and has
the say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import dramatiq
from sqlalchemy import Engine

from ingest.accept import DIGEST_KEY_BYTES, Accepted, Incoming, received
from ingest.batch import Arrival, BatchWriter
from ingest.event import Event
from ingest.rates import Ask, Standing
from ingest.source_rates import SourceRates
from ingest.sources import RememberedSources, Source
from ingest.taking import Limits, take
from ingest.verification import Proof, verify
from pipeline.bounded_connection import begin_to_wait
from pipeline.coalesce import Coalescer
from pipeline.handoff import message
from pipeline.ids import random_bytes, uuid7
from pipeline.live import Happened
from pipeline.live_publisher import Publisher
from pipeline.refusal import Refusal
from pipeline.run import Stage
from pipeline.sending import send_all

# More than a process has threads (ops/gunicorn_conf.py).
MOST_TOGETHER: Final = 64
# A batch takes milliseconds; one that takes this long hangs in the network.
PATIENCE_SECONDS: Final = 0.7
# About what a request's own work takes, so that several arrive meanwhile.
LINGER_SECONDS: Final = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event that was counted.

    Attributes:
        accepted: None where it is refused by a limit, or has to be looked at by itself.
    """

    standing: Standing
    accepted: Accepted | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """An arrival, and what its source and tenant are to be charged for it."""

    arrival: Arrival
    ask: Ask


class Together:
    """The way in for events of sources that are known by now.

    Args:
        used: Told, after each, the tenant, the secret that verified it, and when.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        limits: Limits,
        rates: SourceRates,
        broker: dramatiq.Broker,
        live: Publisher | None = None,
        used: Callable[[UUID, UUID, datetime], None] = lambda *_: None,
    ) -> None:
        self._used = used
        self.sources = RememberedSources()
        self._limits = limits
        self._rates = rates
        self._broker = broker
        self._live = live
        self._writer = BatchWriter(engine)
        self._coalescer: Coalescer[_Counted, Outcome] = Coalescer(
            self._commit,
            after=self._send_handoffs,
            most=MOST_TOGETHER,
            patience_seconds=PATIENCE_SECONDS,
            linger_seconds=LINGER_SECONDS,
        )

    def accept(self, event: Event, now: datetime) -> Outcome | None:
        """Return the run, durable; None where the event must be looked at by itself."""
        source = self.sources.get(event.source_id)
        if source is None or not source.active or self._writer.is_aside(event.tenant_id):
            return None
        try:
            proof = verify(source, event, now)
            if proof.verified.reply is not None:
                return None
            taking = take(event, source, proof, self._limits)
        except Refusal:
            return None
        # What is remembered of a mapping may be out of date, so it ignores nothing.
        if taking.is_batch or taking.incoming[0] is None:
            return None
        begin_to_wait()
        outcome = self._coalescer.submit(
            _Counted(
                arrival=_arrival(event, source, proof, taking.incoming[0]),
                ask=self._rates.ask(event.tenant_id, source),
            )
        )
        if outcome is not None and outcome.accepted is not None and proof.secret_id is not None:
            self._used(event.tenant_id, proof.secret_id, now)
        return outcome

    def _commit(self, counted: Sequence[_Counted]) -> list[Outcome]:
        standings = self._rates.charge([each.ask for each in counted])
        allowed = [
            each.arrival
            for each, standing in zip(counted, standings, strict=True)
            if standing.allowed
        ]
        written = iter(self._writer.write(allowed) if allowed else ())
        return [
            Outcome(standing=standing, accepted=next(written) if standing.allowed else None)
            for standing in standings
        ]

    def _send_handoffs(
        self, counted: Sequence[_Counted], answers: Sequence[Outcome | None]
    ) -> None:
        fresh = [
            each.arrival
            for each, answer in zip(counted, answers, strict=True)
            if answer is not None and answer.accepted is not None and answer.accepted.is_new
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


def _arrival(event: Event, source: Source, proof: Proof, incoming: Incoming) -> Arrival:
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
