"""Deliveries: every attempt at a post-action, what was answered, and sending them again."""

from typing import Any, Final
from uuid import UUID

from pipeline.delivery import Outcome
from pipeline.delivery_list import DeliveryUnknown, deliveries_page, show_delivery
from pipeline.refusal import ProblemTable
from pipeline.resending import (
    MOST_AT_ONCE,
    ReplayRefused,
    Which,
    plan_replay,
    replay_deliveries,
)
from web.access import PEOPLE_WHO_OPERATE, READERS
from web.deliveries_schemas import (
    DeliveriesPage,
    DeliveriesQuery,
    DeliveryStory,
    NarrowedBody,
    PlanView,
    ReplayBody,
    ReplayView,
)
from web.endpoint import endpoint, make_blueprint
from web.services import acting, reading
from web.setup_schemas import acting_person

blueprint = make_blueprint("deliveries", "Attempts at post-actions, and sending them again")

PROBLEMS: Final[ProblemTable] = {
    DeliveryUnknown: (404, "delivery-not-found"),
    ReplayRefused: (409, "replay-refused"),
}


@endpoint(
    blueprint,
    "/v1/deliveries",
    access=READERS,
    status=200,
    answer=DeliveriesPage,
    query=DeliveriesQuery,
)
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """List attempts at post-actions, newest first"""
    limit = query["limit"]
    with reading() as work:
        rows = deliveries_page(work, _which(query), before=query["cursor"], limit=limit + 1)
    items = rows[:limit]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


@endpoint(
    blueprint,
    "/v1/deliveries/<uuid:delivery_id>",
    access=READERS,
    status=200,
    answer=DeliveryStory,
    problems=[404],
)
def show(delivery_id: UUID) -> dict[str, Any]:
    """Show an attempt with all that was answered, up to 64 KiB"""
    with reading() as work:
        return show_delivery(work, delivery_id)


@endpoint(
    blueprint,
    "/v1/deliveries/replay/preview",
    method="POST",
    access=READERS,
    status=200,
    answer=PlanView,
    body=NarrowedBody,
    problems=[409],
)
def preview(body: dict[str, Any]) -> dict[str, Any]:
    """Count what a replay would send again; nothing is sent"""
    with reading() as work:
        plan = plan_replay(work, _which(body))
    return {
        "count": plan.count,
        "skipped": plan.skipped,
        "most": MOST_AT_ONCE,
        "first": plan.first,
    }


@endpoint(
    blueprint,
    "/v1/deliveries/replay",
    method="POST",
    access=PEOPLE_WHO_OPERATE,
    status=202,
    answer=ReplayView,
    body=ReplayBody,
    problems=[409],
)
def replay(body: dict[str, Any]) -> dict[str, Any]:
    """Send deliveries again, each under the id it had, as many as the preview counted

    Runs stay as they are. Of one that failed on its way out, what comes after is delivered too.
    """
    with acting() as work:
        _, actor = acting_person(work)
        made = replay_deliveries(
            work, _which(body), count=body["count"], reason=body["reason"], actor=actor
        )
    return {"replayed": len(made)}


def _which(given: dict[str, Any]) -> Which:
    outcome = given["outcome"]
    return Which(
        delivery=given.get("delivery"),
        run=given["run"],
        target=given["target"],
        outcome=None if outcome is None else Outcome(outcome),
        since=given["since"],
        until=given["until"],
    )
