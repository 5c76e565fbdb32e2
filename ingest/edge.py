"""What the views of the edge work with, and the answers to what they raise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from flask import Response, jsonify, request

from ingest.accept import Accepted, EventInFlight, KeyReused, RequestInFlight
from ingest.following import Following
from ingest.notebook import Notebook
from ingest.sources import SourceInactive, SourceTenants
from ingest.together import Together
from pipeline.bearer import BearerVerifier
from pipeline.envelope import KeyRing
from pipeline.identity import IDENTITY_PROBLEMS
from pipeline.outbox import Outbox
from pipeline.refusal import ProblemTable, Refusal
from pipeline.request_body import BodyCutShort, BodyTooLarge, MediaTypeUnsupported
from pipeline.run import Status
from pipeline.run_store import RunNotFound
from pipeline.schemes import Means, SignatureInvalid
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep

log = structlog.get_logger()


class RequestInvalid(Refusal):
    """A member or header of the request is missing, unknown or malformed; `field` names it."""


class AssistantUnknown(Refusal):
    """The tenant has no active assistant of this name."""


PROBLEMS: Final[ProblemTable] = {
    **IDENTITY_PROBLEMS,
    SignatureInvalid: (401, "signature-invalid"),
    SourceInactive: (403, "source-inactive"),
    RunNotFound: (404, "run-not-found"),
    RequestInFlight: (409, "request-in-flight"),
    BodyCutShort: (400, "body-cut-short"),
    BodyTooLarge: (413, "body-too-large"),
    MediaTypeUnsupported: (415, "media-type-unsupported"),
    JsonInvalid: (400, "json-invalid"),
    JsonTooDeep: (422, "json-too-deep"),
    JsonNotAnObject: (422, "json-not-an-object"),
    RequestInvalid: (422, "request-invalid"),
    AssistantUnknown: (422, "assistant-unknown"),
    KeyReused: (422, "idempotency-key-reused"),
    EventInFlight: (503, "event-in-flight"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The parts of one app, made once by its composition root. `now` gives aware times."""

    outbox: Outbox
    together: Together
    notebook: Notebook
    source_tenants: SourceTenants
    keyring: KeyRing
    verifier: BearerVerifier
    means: Means
    following: Following
    max_body_bytes: int
    max_json_depth: int
    now: Callable[[], datetime]


def accepted_response(accepted: Accepted, tenant_id: UUID) -> Response:
    """202, the same for every send of one request: what was accepted, not how far it got since."""
    run_id = str(accepted.run_id)
    log.info(
        "run_received" if accepted.is_new else "run_received_again",
        run_id=run_id,
        tenant_id=str(tenant_id),
    )
    # As url_for says it, which takes longer than everything else here.
    location = f"{request.script_root}/v1/runs/{run_id}"
    response = jsonify(run=run_id, status=Status.RECEIVED.value, links={"run": location})
    response.status_code = 202
    response.headers["Location"] = location
    return response
