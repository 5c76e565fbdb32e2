"""Queues: how they stand and stood, and, for the holding, whether they give work away.

A queue is shared by all tenants: a tenant's people see their own share of it, and only the
holding's change it. What they change is on record in the holding's trail.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import redis
import structlog

from pipeline.identity import actor_of, ensure_person
from pipeline.queue_change import holding_of, set_queue, tell_all
from pipeline.queue_history import FIELDS, Point, read_history, step_seconds
from pipeline.queue_state import QueueState
from pipeline.run import Stage
from pipeline.wanted_processes import lock_number, want_number
from pipeline.work import Actor
from web.access import PEOPLE_OF_THE_HOLDING, READERS, current_caller
from web.endpoint import View, endpoint, make_blueprint
from web.preconditions import ETAG, header, require_match
from web.queue_look import (
    MACHINE,
    TENANT,
    etag_of_wanted,
    look_at_queue,
    look_at_queues,
    sees_the_machine,
)
from web.queues_schemas import (
    HistoryQuery,
    HistoryView,
    QueuesView,
    QueueView,
    ReasonBody,
    ScaleBody,
)
from web.services import services

blueprint = make_blueprint("queues", "What waits for the stages, and whether they take it")
log = structlog.get_logger()

ONE: Final = f"/v1/queues/<any({','.join(Stage)}):queue>"
Answer = tuple[dict[str, Any], int, dict[str, str]]


def changes(verb: str) -> Callable[[View], View]:
    """Whether a queue gives work away: for people of the holding, who may say why."""
    return endpoint(
        blueprint,
        f"{ONE}/{verb}",
        method="POST",
        access=PEOPLE_OF_THE_HOLDING,
        status=200,
        answer=QueueView,
        body=ReasonBody,
        problems=[404],
        headers=ETAG,
    )


@endpoint(blueprint, "/v1/queues", access=READERS, status=200, answer=QueuesView)
def list_queues() -> dict[str, Any]:
    """Show how every queue stands

    The holding sees the whole machine and each tenant's share; others their tenant's share.
    """
    return look_at_queues()


@endpoint(
    blueprint,
    "/v1/queues/history",
    access=READERS,
    status=200,
    answer=HistoryView,
    query=HistoryQuery,
)
def history(query: dict[str, Any]) -> dict[str, Any]:
    """Show how queues stood over the last minutes, up to a day

    Kept by the broker's server; while that is away, or was emptied, there is none.
    """
    whole = sees_the_machine()
    return {
        "scope": MACHINE if whole else TENANT,
        "step_seconds": step_seconds(query["minutes"]),
        "items": [_point(each) for each in _history(query["minutes"], whole=whole)],
    }


@endpoint(
    blueprint, ONE, access=READERS, status=200, answer=QueueView, problems=[404], headers=ETAG
)
def show(queue: str) -> Answer:
    """Show how one queue stands"""
    return _answer(Stage(queue))


@changes("pause")
def pause(body: dict[str, Any], queue: str) -> Answer:
    """Let a queue give away no work: what is being worked on ends, the rest waits"""
    return _set(Stage(queue), QueueState.PAUSED, body["reason"])


@changes("resume")
def resume(body: dict[str, Any], queue: str) -> Answer:
    """Let a queue give away work again, and make what waits due at once"""
    return _set(Stage(queue), QueueState.RUNNING, body["reason"])


@changes("drain")
def drain(body: dict[str, Any], queue: str) -> Answer:
    """Let a queue work off what is due now and nothing newer; then it is paused

    The answer does not wait for it: `state` becomes `paused` and `drain_left` null when it is over.
    """
    return _set(Stage(queue), QueueState.DRAINING, body["reason"])


@endpoint(
    blueprint,
    f"{ONE}/scale",
    method="PUT",
    access=PEOPLE_OF_THE_HOLDING,
    status=200,
    answer=QueueView,
    body=ScaleBody,
    problems=[404],
    headers=ETAG,
    edits=True,
)
def scale(body: dict[str, Any], queue: str) -> Answer:
    """Say how many processes serve a queue from now on

    It is a wish: the scaler of the machine, or the cluster's autoscaler, makes it so within
    seconds; `workers` says how many there are.
    """
    machine = services().operations.machine
    by = _somebody_of_the_holding()
    with machine.begin() as connection:
        require_match(etag_of_wanted(lock_number(connection, queue)))
        want_number(connection, queue, body["processes"], by=by, reason=body["reason"])
    _tell()
    return _answer(Stage(queue))


def _set(queue: Stage, to: QueueState, reason: str) -> Answer:
    machine = services().operations.machine
    set_queue(machine, queue, to, by=_somebody_of_the_holding(), reason=reason)
    _tell()
    return _answer(queue)


def _somebody_of_the_holding() -> Actor:
    """Who is calling, as the holding's trail names them.

    Raises:
        PersonRemoved, TenantClosed: Of the holding.
    """
    identity = current_caller().identity
    with services().outbox.work(_holding()) as work:
        return actor_of(identity, ensure_person(work, identity))


def _holding() -> UUID:
    """Whose trail it is; the tenant that is looked at where there is no holding."""
    with services().operations.machine.connect() as connection:
        return holding_of(connection) or current_caller().tenant_id


def _tell() -> None:
    """Tell who looks on."""
    tell_all(services().operations.machine, services().outbox.live)


def _answer(queue: Stage) -> Answer:
    found = look_at_queue(queue)
    return found, 200, header(found["etag"])


def _history(minutes: int, *, whole: bool) -> list[Point]:
    client = services().operations.transport
    if client is None:
        return []
    try:
        return read_history(client, minutes, None if whole else current_caller().tenant_id)
    except redis.RedisError as error:
        log.warning("queue_history_not_read", error=type(error).__name__)
        return []


def _point(point: Point) -> dict[str, Any]:
    return {
        "at": point.at,
        "queues": [
            {"queue": queue, **dict(zip(FIELDS, figures, strict=True))}
            for queue, figures in point.queues.items()
        ],
    }
