"""The control plane keeps the promises of its own OpenAPI document, whatever it is sent.

A few cases of each operation and mode, or a tenth of AWGP_TEST_CASES: there are ten times as many
operations as at the edge.
"""

import os
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.integration.conftest import Database
from tests.integration.control_plane import (
    HELD_BY_TWO,
    ControlPlane,
    documented_app,
    machine,
    open_control_plane,
    person,
    token,
)
from tests.integration.world import World

MANY = int(os.environ.get("AWGP_TEST_CASES", "0")) // 10
OPERATIONS = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/me"),
    ("GET", "/v1/sessions"),
    ("DELETE", "/v1/sessions"),
    ("DELETE", "/v1/sessions/{session_id}"),
    ("GET", "/v1/persons/{person_id}/sessions"),
    ("DELETE", "/v1/persons/{person_id}/sessions"),
    ("GET", "/v1/tenants"),
    ("GET", "/v1/tenants/{tenant}"),
    ("GET", "/v1/tenants/{tenant}/visits"),
    ("POST", "/v1/tenants/{tenant}/visits"),
    ("DELETE", "/v1/tenants/{tenant}/visits/{visit_id}"),
    ("GET", "/v1/approvals"),
    ("GET", "/v1/approvals/count"),
    ("GET", "/v1/approvals/{approval_id}"),
    ("GET", "/v1/approvals/{approval_id}/files"),
    ("POST", "/v1/approvals/{approval_id}/votes"),
    ("POST", "/v1/approvals/{approval_id}/edit"),
    ("POST", "/v1/approvals/{approval_id}/withdraw"),
    ("POST", "/v1/approvals/{approval_id}/break-glass"),
    ("POST", "/v1/approvals/decisions"),
    ("POST", "/v1/decision-links"),
    ("GET", "/v1/delegations"),
    ("POST", "/v1/delegations"),
    ("POST", "/v1/delegations/{delegation_id}/revoke"),
    ("GET", "/d/{token}"),
    ("GET", "/v1/reviews"),
    ("POST", "/v1/reviews/{review_id}/close"),
    ("GET", "/v1/runs"),
    ("GET", "/v1/runs/{run_id}"),
    ("GET", "/v1/runs/{run_id}/log"),
    ("GET", "/v1/runs/{run_id}/calls"),
    ("GET", "/v1/runs/{run_id}/audit"),
    ("POST", "/v1/runs/{run_id}/cancel"),
    ("POST", "/v1/runs/{run_id}/replay"),
    ("GET", "/v1/assistants"),
    ("POST", "/v1/assistants"),
    ("GET", "/v1/assistants/{assistant}"),
    ("GET", "/v1/assistants/{assistant}/versions/{version}"),
    ("POST", "/v1/assistants/{assistant}/versions"),
    ("GET", "/v1/sandboxes"),
    ("GET", "/v1/assistants/{assistant}/sandbox"),
    ("POST", "/v1/assistants/{assistant}/sandbox/preview"),
    ("POST", "/v1/assistants/{assistant}/versions/{version}/restore"),
    ("POST", "/v1/assistants/{assistant}/activate"),
    ("POST", "/v1/assistants/{assistant}/deactivate"),
    ("POST", "/v1/bundles"),
    ("GET", "/v1/targets"),
    ("POST", "/v1/targets"),
    ("GET", "/v1/targets/{target}"),
    ("POST", "/v1/targets/{target}/versions"),
    ("POST", "/v1/targets/{target}/secret"),
    ("DELETE", "/v1/targets/{target}"),
    ("POST", "/v1/targets/{target}/header"),
    ("POST", "/v1/targets/{target}/disable"),
    ("POST", "/v1/targets/{target}/enable"),
    ("POST", "/v1/targets/{target}/preview"),
    ("POST", "/v1/targets/{target}/test"),
    ("POST", "/v1/targets/preview"),
    ("GET", "/v1/deliveries"),
    ("GET", "/v1/deliveries/{delivery_id}"),
    ("POST", "/v1/deliveries/replay/preview"),
    ("POST", "/v1/deliveries/replay"),
    ("GET", "/v1/author-keys"),
    ("POST", "/v1/author-keys"),
    ("POST", "/v1/author-keys/{key}/revoke"),
    ("GET", "/v1/credentials"),
    ("POST", "/v1/credentials"),
    ("GET", "/v1/credentials/{credential}"),
    ("PUT", "/v1/credentials/{credential}"),
    ("DELETE", "/v1/credentials/{credential}"),
    ("GET", "/v1/approval-rules"),
    ("POST", "/v1/approval-rules"),
    ("GET", "/v1/approval-rules/{rule}"),
    ("POST", "/v1/approval-rules/{rule}/versions"),
    ("DELETE", "/v1/approval-rules/{rule}"),
    ("GET", "/v1/source-schemes"),
    ("GET", "/v1/sources"),
    ("POST", "/v1/sources"),
    ("GET", "/v1/sources/{source_id}"),
    ("POST", "/v1/sources/{source_id}/secrets"),
    ("DELETE", "/v1/sources/{source_id}/secrets/{secret_id}"),
    ("POST", "/v1/sources/{source_id}/activate"),
    ("POST", "/v1/sources/{source_id}/deactivate"),
    ("DELETE", "/v1/sources/{source_id}"),
    ("PUT", "/v1/sources/{source_id}/settings"),
    ("PUT", "/v1/sources/{source_id}/schedule"),
    ("POST", "/v1/schedules"),
    ("POST", "/v1/schedules/preview"),
    ("PUT", "/v1/sources/{source_id}/unsigned"),
    ("DELETE", "/v1/sources/{source_id}/unsigned"),
    ("PUT", "/v1/sources/{source_id}/intake"),
    ("PUT", "/v1/sources/{source_id}/mapping"),
    ("DELETE", "/v1/sources/{source_id}/mapping"),
    ("POST", "/v1/sources/{source_id}/mapping-tests"),
    ("PUT", "/v1/sources/{source_id}/callbacks"),
    ("POST", "/v1/tenants"),
    ("POST", "/v1/tenants/{tenant}/close"),
    ("PUT", "/v1/tenants/{tenant}/rate"),
    ("GET", "/v1/persons"),
    ("GET", "/v1/persons/{person_id}"),
    ("POST", "/v1/persons/{person_id}/remove"),
    ("POST", "/v1/persons/{person_id}/restore"),
    ("GET", "/v1/bundles"),
    ("GET", "/v1/bundles/{bundle}"),
    ("GET", "/v1/bundles/{bundle}/file"),
    ("GET", "/v1/bundles/{bundle}/diff"),
    ("GET", "/v1/bundles/{bundle}/content"),
    ("POST", "/v1/policies"),
    ("GET", "/v1/policies/active"),
    ("GET", "/v1/policies"),
    ("GET", "/v1/policies/{version}"),
    ("GET", "/v1/policies/{version}/diff"),
    ("POST", "/v1/policies/check"),
    ("POST", "/v1/policies/explain"),
    ("POST", "/v1/policies/{version}/dry-run"),
    ("POST", "/v1/policies/{version}/activate"),
    ("GET", "/v1/queues"),
    ("GET", "/v1/queues/history"),
    ("GET", "/v1/queues/{queue}"),
    ("POST", "/v1/queues/{queue}/pause"),
    ("POST", "/v1/queues/{queue}/resume"),
    ("POST", "/v1/queues/{queue}/drain"),
    ("PUT", "/v1/queues/{queue}/scale"),
    ("GET", "/v1/dead-letters"),
    ("GET", "/v1/dead-letters/{dead_letter_id}"),
    ("POST", "/v1/dead-letters/{dead_letter_id}/replay"),
    ("POST", "/v1/dead-letters/{dead_letter_id}/discard"),
    ("POST", "/v1/dead-letters/replay"),
    ("POST", "/v1/dead-letters/discard"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/audit/{sequence}"),
    ("POST", "/v1/audit/{sequence}/reveal"),
    ("GET", "/v1/audit/checkpoints"),
    ("GET", "/v1/audit/fingerprint"),
    ("GET", "/v1/audit/verifier"),
    ("POST", "/v1/audit/verify"),
    ("GET", "/v1/exports"),
    ("POST", "/v1/exports"),
    ("GET", "/v1/exports/trail/download"),
    ("GET", "/v1/exports/{first}/download"),
    ("GET", "/v1/notice-channels"),
    ("POST", "/v1/notice-channels"),
    ("GET", "/v1/notice-channels/{channel_id}"),
    ("PUT", "/v1/notice-channels/{channel_id}"),
    ("DELETE", "/v1/notice-channels/{channel_id}"),
    ("POST", "/v1/notice-channels/{channel_id}/test"),
    ("GET", "/v1/notices"),
]
# Not sent as JSON; and what takes nothing cannot be given something wrong.
PACKED = {"/v1/bundles"}
# Set-up names what is there, and says more than a schema can: a rule's fields, a URL's parts.
JUDGED = (
    "/assistants",
    "/targets",
    "/targets/preview",
    "/versions",
    "/sandbox/preview",
    "/approval-rules",
    "/author-keys",
    # Headers that are the gateway's own, values that are plain.
    "/credentials",
    "/{credential}",
    "/sources",
    "/tenants",
    "/explain",
    "/delegations",
    # What a terminal can show on one line.
    "/revoke",
    # What cron understands, and a time zone there is.
    "/schedule",
    "/schedules",
    "/schedules/preview",
    # At the own origin of a target there is.
    "/callbacks",
    # Its last entry is not before its first.
    "/verify",
    # An address for mail, a target for webhooks.
    "/notice-channels",
    "/{channel_id}",
)
# Parts this control plane was not told of: they answer 503, and say which setting is missing.
UNTOLD = ("/fingerprint", "/download")
CASES = [(method, path) for method, path in OPERATIONS if path not in PACKED]
CALLERS = {
    "ben": {"Authorization": f"Bearer {person('acme', 'ben')}"},
    "admin": {
        "Authorization": f"Bearer {token('acme-olga', groups=['acme-admins'], roles=['approver'])}"
    },
    "of another tenant": {"Authorization": f"Bearer {person('globex', 'ben')}"},
    "machine": {"Authorization": f"Bearer {machine('acme')}"},
    "forger": {"Authorization": "Bearer a.b.c"},
    "stranger": {},
}


@pytest.fixture
def plane(database: Database, world: World) -> ControlPlane:
    return open_control_plane(database, world)


@pytest.fixture(scope="module")
def documented() -> Flask:
    return documented_app()


@pytest.fixture(scope="module")
def whole_schema(documented: Flask) -> BaseSchema:
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", documented)
    # What is too long for the document may be too long to be read at all.
    schema.config.checks.negative_data_rejection.expected_statuses.append("413")
    return schema


@pytest.fixture
def schema(
    whole_schema: BaseSchema,
    documented: Flask,
    plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
) -> BaseSchema:
    """Read once for all; who answers is this test's control plane."""
    monkeypatch.setattr(documented, "wsgi_app", plane.app.wsgi_app)
    return whole_schema


@pytest.mark.parametrize(("method", "path"), CASES)
def test_every_answer_is_as_documented(
    schema: BaseSchema, plane: ControlPlane, method: str, path: str
) -> None:
    for mode in GenerationMode:
        if path.startswith("/v1/") or mode is GenerationMode.POSITIVE:
            answers_as_documented(schema, plane, method, path, mode)


def answers_as_documented(
    schema: BaseSchema, plane: ControlPlane, method: str, path: str, mode: GenerationMode
) -> None:
    """Send what the document allows, or what it does not, as each of the callers."""
    held = plane.held(HELD_BY_TWO)

    @settings(max_examples=MANY or 6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        case=schema[path][method].as_strategy(generation_mode=mode),
        caller=st.sampled_from(sorted(CALLERS)),
        known=st.booleans(),
    )
    def every_answer(case: Case[Any], caller: str, known: bool) -> None:
        if known and mode is GenerationMode.POSITIVE:
            # A document cannot know which ids and digests there are.
            given_ids = {"approval_id": held["id"], "run_id": held["run_id"]}
            case.path_parameters |= {
                name: given_ids[name] for name in case.path_parameters.keys() & given_ids
            }
            if isinstance(case.body, dict) and path.startswith("/v1/approvals/"):
                case.body |= {"digest": held["digest"]}
        # Nor what a policy is, nor that an edit has one payload, which the policy then judges.
        judged = path.endswith(("/edit", "/policies", *JUDGED))
        excluded: list[Any] = [positive_data_acceptance] if judged else []
        if path.endswith(UNTOLD):
            excluded.append(not_a_server_error)
        case.call_and_validate(headers=CALLERS[caller], excluded_checks=excluded)

    every_answer()


def patterns_in(part: Any) -> Iterator[str]:
    """Every pattern that stands anywhere in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from patterns_in(each)


def test_every_pattern_in_the_document_can_be_read_outside_python(documented: Flask) -> None:
    found = set(patterns_in(documented.test_client().get("/v1/openapi.json").get_json()))
    assert len(found) > 5
    for pattern in found:
        jsonschema_rs.validator_for({"type": "string", "pattern": pattern})


def test_the_document_names_every_route_with_its_access(documented: Flask) -> None:
    document = documented.test_client().get("/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    named = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations.keys() - {"parameters"}
    }
    assert named == set(OPERATIONS)
    for method, path in OPERATIONS:
        operation = document["paths"][path][method.lower()]
        assert operation["security"] == (
            [{"bearer": []}, {"session": []}] if path.startswith("/v1/") else []
        )
        assert operation["summary"]
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response == {"$ref": "#/components/responses/Problem"}, (path, status)
