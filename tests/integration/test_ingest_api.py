"""The edge keeps the promises of its own OpenAPI document, whatever it is sent.

AWGP_TEST_CASES says how many cases are made of each operation and mode, with every check there is;
`make e2e` makes thousands.
"""

import io
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from sqlalchemy import text

from ingest.api_schemas import EVENT_BODIES
from pipeline.callback import HEADER as CALLBACK
from pipeline.intake import BODIES
from tests.integration.conftest import Database
from tests.integration.door import Door, bearer, signed
from tests.integration.world import World

CASES = int(os.environ.get("AWGP_TEST_CASES", "0"))
OPERATIONS = [
    ("/v1/hooks/{source}", "POST"),
    ("/v1/runs", "POST"),
    ("/v1/runs/{run}", "GET"),
    ("/v1/runs/{run}/events", "GET"),
]
KINDS_OF_BODIES = len(EVENT_BODIES["content"])
CALLERS = {"a person": bearer(), "a stranger": {}, "a forger": {"Authorization": "Bearer a.b.c"}}
LIMITS = {"max_body_bytes": 256 * 1024, "max_json_depth": 32}

pytestmark = pytest.mark.timeout(300 + CASES)


def cases(few: int) -> settings:
    suppressed = list(HealthCheck)
    return settings(max_examples=CASES or few, deadline=None, suppress_health_check=suppressed)


def answered_as_documented(case: Case[Any], headers: dict[str, str] | None = None) -> int:
    """Hold the answer to every check; returns its status.

    A PostgreSQL that says nothing for 0.7 s, on a machine with more to do than this, is answered
    503 on purpose (ingest/gate.py). Who sends comes back, as it says; but not for ever.
    """
    for _ in range(5):
        answer = case.call(headers=headers)
        if answer.status_code != 503:
            break
    case.validate_response(answer, headers=headers)
    return answer.status_code


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_documented(
    database: Database, world: World, path: str, method: str, mode: GenerationMode
) -> None:
    door = Door(database.engine("awgp_ingest"), database.admin, changed=LIMITS)
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", door.client.application)

    @cases(40)
    @given(
        case=schema[path][method].as_strategy(generation_mode=mode),
        caller=st.sampled_from(sorted(CALLERS)),
    )
    def every_answer(case: Case[Any], caller: str) -> None:
        if mode is GenerationMode.POSITIVE and path == "/v1/runs" and isinstance(case.body, dict):
            case.body |= {"assistant": "booker"}  # a document cannot know who is registered
        answered_as_documented(case, CALLERS[caller])

    every_answer()


class Signer:
    """Between a client and the edge: signs what is really sent, as its source's sender would."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.signs = True
        self._sent = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.signs and environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read()
            self._sent += 1
            headers = signed(body, event=f"evt_{self._sent}")
            del headers["Content-Type"]
            environ["wsgi.input"] = io.BytesIO(body)
            environ |= {f"HTTP_{name.upper().replace('-', '_')}": headers[name] for name in headers}
        answer: Iterable[bytes] = self.app(environ, start_response)
        return answer


def negated(case: Case[Any]) -> set[ParameterLocation]:
    """Which parts of a case break the document."""
    assert case.meta is not None
    parts = case.meta.components.items()
    return {part for part, made in parts if made.mode is GenerationMode.NEGATIVE}


_numbers = itertools.count()


def name_anew(body: Any) -> None:
    """A document cannot know which CloudEvents came before, with other data."""
    for event in body if isinstance(body, list) else [body]:
        if isinstance(event, dict) and event.get("specversion") == "1.0":
            event["id"] = f"{str(event['id'])[:4000]}{next(_numbers)}"


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_a_source_takes_is_answered_as_documented(
    database: Database, world: World, mode: GenerationMode
) -> None:
    door = Door(database.engine("awgp_ingest"), database.admin, changed=LIMITS)
    with database.admin.begin() as connection:
        connection.execute(
            text("UPDATE awgp.sources SET intake = CAST(:intake AS jsonb) WHERE source_id = :id"),
            {"intake": json.dumps({"bodies": BODIES}), "id": world.acme.source_id},
        )
    signer = Signer(door.client.application)
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", signer)
    statuses: Counter[int] = Counter()
    labels: Counter[str] = Counter()

    @cases(100)
    @given(case=schema["/v1/hooks/{source}"]["POST"].as_strategy(generation_mode=mode))
    def every_answer(case: Case[Any]) -> None:
        broken = negated(case)
        if ParameterLocation.PATH not in broken:
            case.path_parameters |= {"source": str(world.acme.source_id)}
        # A header that is broken stays so; all else is signed, so that it comes as far as its body.
        signer.signs = ParameterLocation.HEADER not in broken
        if mode is GenerationMode.POSITIVE:
            case.headers.pop(CALLBACK, None)  # nor whom a source's owner lets be called back
            name_anew(case.body)
        status = answered_as_documented(case)
        statuses[status] += 1
        labels[case.media_type or ""] += status == 202

    every_answer()
    if mode is GenerationMode.POSITIVE:
        assert set(statuses) == {202}, statuses
        # Which body a case has is chance; of so many each kind has some.
        assert CASES < 500 or len(labels) == KINDS_OF_BODIES, labels


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
