"""The edge keeps the promises of its own OpenAPI document, whatever it is sent."""

import json
from collections import Counter
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)
from sqlalchemy import text

from pipeline.intake import BODIES
from tests.integration.conftest import Database
from tests.integration.door import Door, bearer
from tests.integration.world import World

CLOUD_EVENT = "application/cloudevents+json"
OPERATIONS = [
    ("/v1/hooks/{source}", "POST"),
    ("/v1/runs", "POST"),
    ("/v1/runs/{run}", "GET"),
    ("/v1/runs/{run}/events", "GET"),
]
CALLERS = {"a person": bearer(), "a stranger": {}, "a forger": {"Authorization": "Bearer a.b.c"}}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented(
    database: Database, world: World, path: str, method: str, mode: GenerationMode
) -> None:
    limits = {"max_body_bytes": 256 * 1024, "max_json_depth": 32}
    door = Door(database.engine("awgp_ingest"), database.admin, changed=limits)
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", door.client.application)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        case=schema[path][method].as_strategy(generation_mode=mode),
        caller=st.sampled_from(sorted(CALLERS)),
    )
    def every_answer(case: Case[Any], caller: str) -> None:
        if mode is GenerationMode.POSITIVE and path == "/v1/runs" and isinstance(case.body, dict):
            case.body |= {"assistant": "booker"}  # a document cannot know who is registered
        case.call_and_validate(headers=CALLERS[caller])

    every_answer()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_a_source_takes_is_answered_as_documented(
    database: Database, world: World, mode: GenerationMode
) -> None:
    door = Door(database.engine("awgp_ingest"), database.admin)
    with database.admin.begin() as connection:
        # Without a proof, so that what is made up comes as far as its body.
        connection.execute(
            text(
                "UPDATE awgp.sources SET intake = CAST(:intake AS jsonb), unsigned_at = now(),"
                " unsigned_reason = 'a test', unsigned_by_person_id = owner_person_id"
                " WHERE source_id = :id"
            ),
            {"intake": json.dumps({"bodies": BODIES}), "id": world.acme.source_id},
        )
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", door.client.application)
    statuses: Counter[int] = Counter()
    labels: Counter[str] = Counter()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=schema["/v1/hooks/{source}"]["POST"].as_strategy(generation_mode=mode))
    def every_answer(case: Case[Any]) -> None:
        case.path_parameters |= {"source": str(world.acme.source_id)}
        # Nothing has to be signed here; and a document cannot say all that makes a CloudEvent.
        if mode is GenerationMode.POSITIVE and case.media_type == CLOUD_EVENT:
            made_up: Any = case.body
            event = {"specversion": "1.0", "id": str(len(made_up)), "source": "/a", "type": "b"}
            case.body = cast("Any", event | {"data": made_up})
        unasked: list[Any] = [negative_data_rejection, positive_data_acceptance]
        answer = case.call_and_validate(excluded_checks=unasked)
        statuses[answer.status_code] += 1
        labels[case.media_type or ""] += answer.status_code == 202

    every_answer()
    if mode is GenerationMode.POSITIVE:
        assert statuses[202] > 10, statuses
        assert labels["application/octet-stream"] > 0, labels
        assert labels[CLOUD_EVENT] > 0, labels


def test_the_document_is_openapi_3_1_and_names_every_route(
    database: Database, world: World
) -> None:
    door = Door(database.engine("awgp_ingest"), database.admin)
    document = json.loads(door.client.get("/v1/openapi.json").data)
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {path for path, _ in OPERATIONS}
    for path in document["paths"].values():
        for method in {"get", "post"} & path.keys():
            problems = path[method]["responses"].keys() - {"200", "202", "204", "304"}
            for status in problems:
                content = path[method]["responses"][status]["content"]
                assert set(content) == {"application/problem+json"}
