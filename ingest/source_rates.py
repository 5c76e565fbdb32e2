"""Which limits hold for whom: a source's own, its tenant's, and the edge's where there are none."""

from collections.abc import Sequence
from uuid import UUID

from ingest.rates import SOURCE, TENANT, Ask, Bucket, RateExceeded, Rates, Standing
from ingest.sources import Source
from pipeline.rate import Rate


class SourceRates:
    """The limits of the senders of one edge.

    Args:
        source_rate: Of a source (and of a person or client at /v1/runs) that has none of its own.
        tenant_rate: Of a tenant that has none of its own.
    """

    def __init__(self, rates: Rates, *, source_rate: Rate, tenant_rate: Rate) -> None:
        self._rates = rates
        self._source_rate = source_rate
        self._tenant_rate = tenant_rate

    def ask(self, tenant_id: UUID, source: Source, *, cost: int = 1) -> Ask:
        """What an event of a source is to be charged for."""
        return self.ask_for(
            tenant_id, source.source_id, source.intake.rate, source.tenant_rate, cost=cost
        )

    def ask_for(
        self,
        tenant_id: UUID,
        sender_id: UUID,
        sender_rate: Rate | None,
        tenant_rate: Rate | None,
        *,
        cost: int = 1,
    ) -> Ask:
        """What a request of anybody is to be charged for."""
        return Ask(
            buckets=(
                Bucket(SOURCE, f"s:{sender_id}", sender_rate or self._source_rate),
                Bucket(TENANT, f"t:{tenant_id}", tenant_rate or self._tenant_rate),
            ),
            cost=cost,
        )

    def charge(self, asks: Sequence[Ask]) -> list[Standing]:
        """As `Rates.charge`."""
        return self._rates.charge(asks)

    def allow(self, ask: Ask) -> Standing:
        """Charge one request.

        Raises:
            RateExceeded: A limit is met.
        """
        (standing,) = self._rates.charge([ask])
        if not standing.allowed:
            raise RateExceeded(standing)
        return standing
