"""The options that say which dead letters are meant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

import click
from sqlalchemy import Engine

from ops.time_options import Moment
from pipeline.dead_letters import Chosen
from pipeline.known_tenants import refuse_unknown, tenant_slugs
from pipeline.run import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the options said; slugs are not looked up yet."""

    run: UUID | None
    queue: Stage | None
    error: str | None
    tenant: str | None
    since: datetime | None
    until: datetime | None

    def choose(
        self, engine: Engine, ids: tuple[UUID, ...] = (), *, everything: bool = False
    ) -> tuple[Chosen, Mapping[UUID, str]]:
        """Which are meant, and the tenants' slugs.

        Raises:
            TenantUnknown: No tenant has this slug.
        """
        with engine.connect() as connection:
            names = tenant_slugs(connection)
        if self.tenant is not None:
            refuse_unknown(self.tenant, names.values())
        chosen = Chosen(
            ids=ids,
            run=self.run,
            queue=self.queue,
            error=self.error,
            tenant_id=next((key for key, slug in names.items() if slug == self.tenant), None),
            since=self.since,
            until=self.until,
            everything=everything,
        )
        return chosen, names


def dead_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command takes a `Filters` as `filters`."""

    @click.option("--run", type=click.UUID, metavar="RUN", help="Of this run.")
    @click.option(
        "--queue", type=click.Choice([stage.value for stage in Stage]), help="Given up there."
    )
    @click.option("--error", metavar="TEXT", help="Whose error holds this text.")
    @click.option("--tenant", metavar="SLUG", help="Of this tenant.")
    @click.option("--since", type=Moment(), help="Given up since: 2h, 7d or 2026-11-23T06:00Z.")
    @click.option("--until", type=Moment(), help="Given up until then.")
    @wraps(command)
    def with_filters(
        *,
        run: UUID | None,
        queue: str | None,
        error: str | None,
        tenant: str | None,
        since: datetime | None,
        until: datetime | None,
        **given: Any,
    ) -> Any:
        filters = Filters(
            run=run,
            queue=None if queue is None else Stage(queue),
            error=error,
            tenant=tenant,
            since=since,
            until=until,
        )
        return command(filters=filters, **given)

    return with_filters
