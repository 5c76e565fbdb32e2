"""The edge keeps the promises of its own OpenAPI document, whatever it is sent."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from tests.integration.conftest import Database
from tests.integration.door import Door, bearer
from tests.integration.world import World

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
