"""Sources that send by the clock: when, and what. Everything else of them is as of any source.

An admin sets them up; who operates may stop one (`/deactivate`), because a flood cannot wait.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pipeline.registry_names import FieldInvalid
from pipeline.schedule import Timing, check_timing, next_ticks, words_of
from pipeline.schedule_store import add_schedule, change_schedule, find_schedule
from pipeline.source_change import owner_of
from web.access import PEOPLE_WHO_ADMINISTER
from web.endpoint import endpoint, make_blueprint
from web.schedule_schemas import (
    NewScheduleBody,
    ScheduleBody,
    TimingBody,
    TimingRead,
    wanted_of,
)
from web.services import acting
from web.setup_endpoint import Answer, adds, edits
from web.setup_schemas import acting_person
from web.source_answer import ONE, answer_with, match
from web.sources_schemas import SourceView

blueprint = make_blueprint("schedules", "Sources that send by the clock")


@adds(blueprint, "/v1/schedules", SourceView, NewScheduleBody, access=PEOPLE_WHO_ADMINISTER)
def create(body: dict[str, Any]) -> Answer:
    """Add a source that sends by the clock, from now on"""
    with acting() as work:
        by, actor = acting_person(work)
        source_id = add_schedule(
            work,
            name=body["name"],
            assistant=body["assistant"],
            wanted=wanted_of(body),
            owner=by if body["owner"] is None else owner_of(work, body["owner"]),
            by=by,
            actor=actor,
        )
        return answer_with(work, source_id, 201)


@endpoint(
    blueprint,
    "/v1/schedules/preview",
    method="POST",
    access=PEOPLE_WHO_ADMINISTER,
    status=200,
    answer=TimingRead,
    body=TimingBody,
)
def preview(body: dict[str, Any]) -> dict[str, Any]:
    """Say when a cron expression would send; nothing is kept"""
    timing = check_timing(Timing(expression=body["cron"], zone=body["zone"]))
    return {"words": words_of(timing), "ticks": next_ticks(timing, datetime.now(UTC))}


@edits(
    blueprint,
    f"{ONE}/schedule",
    SourceView,
    ScheduleBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def change(body: dict[str, Any], source_id: UUID) -> Answer:
    """Let it send at other times, or something else, from now on

    Who does cannot approve what it sends. What is not named goes back to its default.
    """
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        if find_schedule(work, source_id) is None:
            raise FieldInvalid("cron", "this source sends when it likes: it is no schedule")
        change_schedule(work, source_id, wanted_of(body), by=by, actor=actor)
        return answer_with(work, source_id)
