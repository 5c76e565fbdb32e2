"""How queues stand, as whoever asks may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from sqlalchemy import Connection, Engine, text

from pipeline.heartbeat import WorkerBeat, in_flight_by_queue, living_workers
from pipeline.known_tenants import tenant_slugs
from pipeline.queue_history import FIELDS, newest_sample
from pipeline.queue_look import QueueLook, shares_of, sum_of
from pipeline.queue_state import (
    QueueFigures,
    QueueStanding,
    QueueState,
    due_before,
    own_queue_figures,
    queue_figures,
    queue_standings,
)
from pipeline.run import Stage
from pipeline.wanted_processes import WantedNumber, numbers_wanted
from web.access import Role, current_caller
from web.preconditions import etag_of
from web.services import reading, services

MACHINE = "machine"
TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the database says at a moment. `left` is of drains, where the whole is seen."""

    at: datetime
    standings: Mapping[Stage, QueueStanding]
    figures: Sequence[QueueFigures]
    wanted: Mapping[str, WantedNumber]
    shares: Sequence[QueueLook]
    left: Mapping[Stage, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the broker's server says of workers. `wrong` is why it says nothing."""

    beats: Sequence[WorkerBeat] | None
    sample: Mapping[str, Sequence[float | None]]
    wrong: str | None


def sees_the_machine() -> bool:
    """Whether the caller is of the holding, and so sees every tenant's share."""
    return Role.HOLDING in current_caller().roles


def look_at_queues() -> dict[str, Any]:
    """Every queue as the caller may see it.

    Raises:
        MachineUnmanaged: The holding asks, and the login for it was not given.
    """
    whole = sees_the_machine()
    if whole:
        seen = _the_machine(services().operations.machine)
    else:
        with reading() as work:
            seen = _own_share(work.connection)
    heard = _hear(services().operations.transport)
    names = _names(services().holding.engine, seen) if whole else {}
    items = [
        {**_queue(seen, heard, queue, whole=whole), "changed_by_name": names.get(queue)}
        for queue in seen.standings
    ]
    scope = MACHINE if whole else TENANT
    return {"at": seen.at, "scope": scope, "broker": heard.wrong, "items": items}


def look_at_queue(queue: Stage) -> dict[str, Any]:
    """One of them.

    Raises:
        MachineUnmanaged: As `look_at_queues`.
    """
    found: dict[str, Any] = next(
        each for each in look_at_queues()["items"] if each["queue"] is queue
    )
    return found


def etag_of_wanted(wanted: WantedNumber | None) -> str:
    """What an edit of a queue's number of processes is based on."""
    return etag_of({} if wanted is None else wanted.state)


def _the_machine(engine: Engine) -> Seen:
    with engine.connect() as connection:
        standings, figures = queue_standings(connection), queue_figures(connection)
        at = _clock(connection)
        drains = [each for each in standings.values() if each.state is QueueState.DRAINING]
        return Seen(
            at=at,
            standings=standings,
            figures=figures,
            wanted=numbers_wanted(connection),
            shares=shares_of(standings, figures, tenant_slugs(connection), at),
            left={
                each.queue: due_before(connection, each.queue, each.changed_at) for each in drains
            },
        )


def _names(engine: Engine, seen: Seen) -> dict[Stage, str]:
    """What the people are called who changed queues; users at the machine are none of them."""
    query = text(
        "SELECT CAST(person_id AS text), display_name FROM persons WHERE tenant_id IN"
        " (SELECT tenant_id FROM tenants WHERE kind = 'holding')"
        " AND CAST(person_id AS text) = ANY(:ids)"
    )
    by = {queue: each.changed_by for queue, each in seen.standings.items()}
    with engine.connect() as connection:
        found = connection.execute(query, {"ids": list(by.values())})
        called = {row[0]: row[1] for row in found}
    return {queue: called[person] for queue, person in by.items() if person in called}


def _own_share(connection: Connection) -> Seen:
    return Seen(
        at=_clock(connection),
        standings=queue_standings(connection),
        figures=own_queue_figures(connection),
        wanted=numbers_wanted(connection),
        shares=(),
        left={},
    )


def _hear(client: "redis.Redis | None") -> Heard:
    if client is None:
        return Heard(beats=None, sample={}, wrong="AWGP_REDIS_URL is not set")
    try:
        return Heard(beats=living_workers(client), sample=newest_sample(client), wrong=None)
    except redis.RedisError as error:
        return Heard(beats=None, sample={}, wrong=type(error).__name__)


def _queue(seen: Seen, heard: Heard, queue: Stage, *, whole: bool) -> dict[str, Any]:
    standing = seen.standings[queue]
    look = sum_of(standing, [each for each in seen.figures if each.queue is queue], seen.at)
    wanted = seen.wanted.get(queue.value)
    return {
        **_share(look),
        "queue": queue,
        "state": standing.state,
        "changed_at": standing.changed_at,
        "changed_by": standing.changed_by,
        "reason": standing.reason,
        "drain_left": seen.left.get(queue),
        "workers": _workers(heard, queue),
        "rate": _rate(heard, queue) if whole else None,
        "in_flight": _in_flight(look, heard) if whole else look.in_flight,
        "wanted": wanted,
        "etag": etag_of_wanted(wanted),
        "tenants": [
            {**_share(each), "tenant": each.tenant} for each in seen.shares if each.queue is queue
        ],
    }


def _share(look: QueueLook) -> dict[str, Any]:
    return {
        "depth": look.depth,
        "oldest_seconds": look.oldest_seconds,
        "in_flight": look.in_flight,
        "retrying": look.retrying,
        "dead": look.dead,
    }


def _in_flight(look: QueueLook, heard: Heard) -> int:
    # A lease and the message its worker is at are one piece of work.
    said = in_flight_by_queue(list(heard.beats or ())).get(look.queue.value, 0)
    return max(look.in_flight, said)


def _workers(heard: Heard, queue: Stage) -> int | None:
    if heard.beats is None:
        return None
    return sum(queue.value in each.queues for each in heard.beats)


def _rate(heard: Heard, queue: Stage) -> float | None:
    figures = heard.sample.get(queue.value)
    return None if figures is None else figures[FIELDS.index("rate")]


def _clock(connection: Connection) -> datetime:
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found
