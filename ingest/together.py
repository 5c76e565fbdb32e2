"""Accept a webhook together with those that come at the same moment.

This path only ever says yes, or that a limit is met. It joins a batch, is verified there with what
is remembered of its source, and returns the run; wherever anything is not as expected, it returns
None and the request takes the path for one request (ingest/hooks.py), which reads everything anew
and has the say.

Who leads a batch does the work of all that are in it, one after another: a processor does the same
work many times in a row in half the time that it takes to do it now and then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import dramatiq
import structlog
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
# Several arrive meanwhile under load. Three times as long gives a few per cent more at the peak,
# and at half of it makes everybody wait twice as long.
LINGER_SECONDS: Final = 0.001
# What takes a millisecond to read.
LARGE_BYTES: Final = 65_536

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event that was counted.

    Attributes:
        arrival: As it was, or would have been, written.
        accepted: None where it is refused by a limit, or has to be looked at by itself.
    """

    arrival: Arrival
    standing: Standing
    accepted: Accepted | None

    @property
    def is_new(self) -> bool:
        return self.accepted is not None and self.accepted.is_new


@dataclass(frozen=True, slots=True)
class _Asked:
    """An event of a source that is known, and when it came."""

    event: Event
    source: Source
    now: datetime


@dataclass(frozen=True, slots=True)
class _Counted:
    """A proven event as it will be written, and what its source and tenant are charged for it."""

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
        self._coalescer: Coalescer[_Asked | _Counted, Outcome] = Coalescer(
            self._commit,
            after=self._tell,
            most=MOST_TOGETHER,
            patience_seconds=PATIENCE_SECONDS,
            linger_seconds=LINGER_SECONDS,
        )

    def accept(self, event: Event, now: datetime) -> Outcome | None:
        """Return the run, durable; None where the event must be looked at by itself."""
        source = self.sources.get(event.source_id)
        if source is None or not source.active or self._writer.is_aside(event.tenant_id):
            return None
        asked = _Asked(event, source, now)
        item = self._proven(asked) if _takes_long(asked) else asked
        if item is None:
            return None
        begin_to_wait()
        return self._coalescer.submit(item)

    def _commit(self, asked: Sequence[_Asked | _Counted]) -> list[Outcome | None]:
        counted = [each if isinstance(each, _Counted) else self._proven(each) for each in asked]
        outcomes = iter(self._written([each for each in counted if each is not None]))
        return [None if each is None else next(outcomes) for each in counted]

    def _written(self, counted: Sequence[_Counted]) -> list[Outcome]:
        standings = self._rates.charge([each.ask for each in counted])
        allowed = [
            each.arrival
            for each, standing in zip(counted, standings, strict=True)
            if standing.allowed
        ]
        written = iter(self._writer.write(allowed) if allowed else ())
        return [
            Outcome(
                arrival=each.arrival,
                standing=standing,
                accepted=next(written) if standing.allowed else None,
            )
            for each, standing in zip(counted, standings, strict=True)
        ]

    def _proven(self, asked: _Asked) -> _Counted | None:
        """What becomes of an event; None where that is to be found out by itself."""
        event, source = asked.event, asked.source
        try:
            proof = verify(source, event, asked.now)
            if proof.verified.reply is not None:
                return None
            taking = take(event, source, proof, self._limits)
        except Refusal:
            return None
        # What is remembered of a mapping may be out of date, so it ignores nothing.
        if taking.is_batch or taking.incoming[0] is None:
            return None
        return _Counted(
            _arrival(event, source, proof, taking.incoming[0]),
            self._rates.ask(event.tenant_id, source),
        )

    def _tell(
        self, _asked: Sequence[_Asked | _Counted], outcomes: Sequence[Outcome | None]
    ) -> None:
        """Say of each what was accepted, to the log, the broker and who watches."""
        accepted = [each for each in outcomes if each is not None and each.accepted is not None]
        if not accepted:
            return
        for outcome in accepted:
            arrival = outcome.arrival
            if arrival.secret_id is not None:
                self._used(arrival.tenant_id, arrival.secret_id, arrival.record.occurred_at)
        # The trace is each run's own, not that of who leads.
        log.info("runs_received", runs=[_logged(each) for each in accepted], trace_id=None)
        fresh = [each.arrival for each in accepted if each.is_new]
        if fresh:
            self._send_handoffs(fresh)

    def _send_handoffs(self, fresh: Sequence[Arrival]) -> None:
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


def _takes_long(asked: _Asked) -> bool:
    """Whether others should not wait for it: it is large, or proven by asking somebody."""
    return len(asked.event.body) > LARGE_BYTES or asked.source.scheme.about.secret is None


def _logged(outcome: Outcome) -> dict[str, object]:
    arrival, accepted = outcome.arrival, outcome.accepted
    return {
        "run_id": None if accepted is None else str(accepted.run_id),
        "tenant_id": str(arrival.tenant_id),
        "trace_id": arrival.incoming.traceparent.split("-")[1],
        "again": not outcome.is_new,
    }


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
