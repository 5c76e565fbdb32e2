"""What sources take, and what their events become."""

from typing import Any
from uuid import UUID

from pipeline.callback_store import change_callbacks
from pipeline.source_taking import change_intake, change_mapping, try_mapping
from web.access import PEOPLE_WHO_ADMINISTER, READERS
from web.endpoint import endpoint, make_blueprint
from web.services import acting, reading
from web.setup_endpoint import Answer, edits
from web.setup_schemas import acting_person
from web.source_answer import ONE, answer_with, match
from web.sources_schemas import (
    CallbacksBody,
    IntakeBody,
    MappingBody,
    MappingTestBody,
    MappingTested,
    SourceView,
)

blueprint = make_blueprint("source-taking", "What sources take, and what their events become")


@edits(
    blueprint,
    f"{ONE}/intake",
    SourceView,
    IntakeBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def take(body: dict[str, Any], source_id: UUID) -> Answer:
    """Change what a source takes: bodies, sizes, ids and rate

    Who does cannot approve what it sends.
    """
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        change_intake(work, source_id, body["intake"], by=by, actor=actor)
        return answer_with(work, source_id)


@edits(
    blueprint,
    f"{ONE}/mapping",
    SourceView,
    MappingBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def map_events(body: dict[str, Any], source_id: UUID) -> Answer:
    """Change what a source's events become; who does cannot approve what it sends"""
    return _map(source_id, body["mapping"])


@edits(blueprint, f"{ONE}/mapping", SourceView, access=PEOPLE_WHO_ADMINISTER, method="DELETE")
def map_no_more(source_id: UUID) -> Answer:
    """Take each of a source's events as it comes"""
    return _map(source_id, None)


@edits(
    blueprint,
    f"{ONE}/callbacks",
    SourceView,
    CallbacksBody,
    access=PEOPLE_WHO_ADMINISTER,
    method="PUT",
)
def allow_callbacks(body: dict[str, Any], source_id: UUID) -> Answer:
    """Change where a source's senders may be called back"""
    with acting() as work:
        _, actor = acting_person(work)
        match(work, source_id)
        change_callbacks(work, source_id, body["callbacks"], actor=actor)
        return answer_with(work, source_id)


@endpoint(
    blueprint,
    f"{ONE}/mapping-tests",
    method="POST",
    access=READERS,
    status=200,
    answer=MappingTested,
    body=MappingTestBody,
    problems=[404],
)
def test_mapping(body: dict[str, Any], source_id: UUID) -> dict[str, Any]:
    """Show what an event would become; nothing is kept or run"""
    headers = {name.lower(): value for name, value in body["headers"].items()}
    with reading() as work:
        events = try_mapping(
            work,
            source_id,
            headers={"content-type": "application/json"} | headers,
            body=body["body"].encode("utf-8", "surrogatepass"),
            mapping=body["mapping"],
        )
    return {"events": events}


def _map(source_id: UUID, mapping: dict[str, Any] | None) -> Answer:
    with acting() as work:
        by, actor = acting_person(work)
        match(work, source_id)
        change_mapping(work, source_id, mapping, by=by, actor=actor)
        return answer_with(work, source_id)
