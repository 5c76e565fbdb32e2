"""What the views of the edge work with, and the answers to what they raise."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from flask import Response, jsonify, request

from ingest.accept import Accepted, EventInFlight, KeyReused, RequestInFlight
from ingest.following import Following
from ingest.gate import DatabaseAway
from ingest.notebook import Notebook
from ingest.rates import RateExceeded, Standing
from ingest.source_rates import SourceRates
from ingest.sources import SourceInactive, SourceTenants
from ingest.taking import EventIdMissing, Limits
from ingest.together import Together
from pipeline.bearer import BearerVerifier
from pipeline.callback import CallbackNotAllowed
from pipeline.cloud_events import CloudEventInvalid
from pipeline.envelope import KeyRing
from pipeline.event_body import FormInvalid
from pipeline.idempotency_key import IdempotencyKeyInvalid
from pipeline.identity import IDENTITY_PROBLEMS
from pipeline.mapping import MappingFailed
from pipeline.outbox import Outbox
from pipeline.refusal import ProblemTable, Refusal
from pipeline.request_body import BodyCutShort, BodyTooLarge
from pipeline.request_label import MediaTypeUnsupported
from pipeline.run import Status
from pipeline.run_store import RunNotFound
from pipeline.schemes import Means, SignatureInvalid
from pipeline.strict_json import JsonInvalid, JsonNotAnObject, JsonTooDeep

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
IGNORED: Final = {"status": "ignored"}

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
    DatabaseAway: (503, "database-unavailable"),
    EventInFlight: (503, "event-in-flight"),
    FormInvalid: (400, "form-invalid"),
    CloudEventInvalid: (422, "cloudevent-invalid"),
    EventIdMissing: (422, "event-id-missing"),
    CallbackNotAllowed: (422, "callback-not-allowed"),
    MappingFailed: (422, "mapping-failed"),
    IdempotencyKeyInvalid: (422, "request-invalid"),
    RateExceeded: (429, "rate-exceeded"),
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
    limits: Limits
    rates: SourceRates
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of a request's events; None of each that is ignored."""

    accepted: tuple[Accepted | None, ...]
    is_batch: bool
    standing: Standing


def log_received(accepted: Accepted, tenant_id: UUID) -> None:
    """Say in the log what became a run, or was one."""
    log.info(
        "run_received" if accepted.is_new else "run_received_again",
        run_id=str(accepted.run_id),
        tenant_id=str(tenant_id),
    )


def accepted_response(accepted: Accepted, standing: Standing | None = None) -> Response:
    """202, the same for every send of one request: what was accepted, not how far it got since."""
    body, headers = accepted_answer(accepted, standing, root=request.script_root)
    return Response(body, status=202, headers=headers)


def accepted_answer(
    accepted: Accepted, standing: Standing | None, *, root: str = ""
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a 202.

    Args:
        root: What stands before every path of the app.
    """
    told = _told(accepted, root)
    headers = {"Content-Type": "application/json", "Location": told["links"]["run"]}
    if standing is not None:
        headers |= standing.headers()
    return _ENCODER.encode(told).encode() + b"\n", headers


def answered(answer: Answered) -> Response:
    """202 for a webhook: a run, `ignored`, or each event of a batch in order."""
    if not answer.is_batch and answer.accepted[0] is not None:
        return accepted_response(answer.accepted[0], answer.standing)
    root = request.script_root
    told = [IGNORED if each is None else _told(each, root) for each in answer.accepted]
    response = jsonify({"status": "received", "events": told} if answer.is_batch else told[0])
    response.status_code = 202
    response.headers.update(answer.standing.headers())
    return response


def _told(accepted: Accepted, root: str) -> dict[str, Any]:
    run_id = str(accepted.run_id)
    # As url_for says it, which takes longer than everything else here.
    location = f"{root}/v1/runs/{run_id}"
    return {"run": run_id, "status": Status.RECEIVED.value, "links": {"run": location}}
