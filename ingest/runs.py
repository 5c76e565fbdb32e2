"""POST /v1/runs, GET /v1/runs/{id} and its events: somebody asks for a run, or how one fares."""

import hashlib
from typing import Any, Literal
from uuid import UUID

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint

from ingest import api_schemas as api
from ingest.accept import PATIENCE_MS, EventInFlight, Incoming, RequestInFlight, accept
from ingest.edge import AssistantUnknown, Edge, RequestInvalid, accepted_response, log_received
from ingest.follower import EVENTS_TYPE, State
from ingest.following import Caller, answer_events, answer_poll, wants_events
from ingest.traceparent import current_traceparent
from pipeline.idempotency_key import NAME, read_key
from pipeline.identity import (
    TENANT_HEADER,
    Identity,
    choose_tenant,
    ensure_person,
    tenant_id_of,
)
from pipeline.rate import Rate, read_rate
from pipeline.request_body import read_json_bytes
from pipeline.strict_json import canonical, parse_object
from pipeline.work import Work

_FIND_ASSISTANT = """
    SELECT assistant_id, set_config('lock_timeout', :patience, true)
    FROM assistants WHERE name = :name AND active"""

_BEARER_PROBLEMS = {
    "400": api.problem("You belong to several tenants and named none."),
    "401": api.problem("The access token is missing or does not count.", api.CHALLENGE),
    "403": api.problem("You have no part in this tenant."),
    "503": api.UNAVAILABLE,
}
POST_DOCUMENTATION = {
    "summary": "Ask for a run",
    "description": "For operators and admins of a tenant and its clients. What is kept of"
    " `payload` is its one form in JSON: names sorted, no spaces, UTF-8.",
    "security": api.BEARER,
    "parameters": [api.TENANT, api.IDEMPOTENCY_KEY],
    "requestBody": api.body_of(api.RunRequest),
    "responses": {
        **_BEARER_PROBLEMS,
        **api.BODY_PROBLEMS,
        "409": api.problem("The same Idempotency-Key is being worked on.", api.RETRY_AFTER),
        "422": api.problem("A member or header is wrong; `field` names it."),
        "429": api.TOO_MANY,
    },
}
GET_DOCUMENTATION = {
    "summary": "See how a run fares",
    "description": "With `Accept: text/event-stream` it is followed instead, as under `/events`.",
    "security": api.BEARER,
    "parameters": [api.TENANT, api.IF_NONE_MATCH, api.PREFER],
    "responses": {
        **_BEARER_PROBLEMS,
        "304": {"description": "It is as you hold it."},
        "404": api.problem("Your tenant has no such run."),
    },
}
EVENTS_DOCUMENTATION = {
    "summary": "Follow a run to its end",
    "description": "Server-sent events `run`: the run's states, each as `GET /v1/runs/{run}` gives"
    " it, from the present one on. Ends when the run is over.",
    "security": api.BEARER,
    "parameters": [api.TENANT, api.LAST_EVENT],
    "responses": {
        **_BEARER_PROBLEMS,
        "204": {"description": "It is over, and you had its last state."},
        "404": api.problem("Your tenant has no such run."),
    },
}


def runs_blueprint(edge: Edge) -> Blueprint:
    blueprint = Blueprint("runs", __name__, url_prefix="/v1", description="Runs")

    def submit_run() -> Response:
        return submit(edge)

    def show_run(run: UUID) -> Response:
        return show(edge, run)

    api.add_operation(
        blueprint,
        "POST",
        "/runs",
        submit_run,
        answers=(202, api.RunAccepted, api.LOCATION | api.RATE_LIMIT),
        documentation=POST_DOCUMENTATION,
    )
    api.add_operation(
        blueprint,
        "GET",
        "/runs/<uuid:run>",
        show_run,
        answers=(200, api.RunView, api.ETAG),
        documentation=GET_DOCUMENTATION,
    )

    def follow_run(run: UUID) -> Response:
        return follow(edge, run)

    streamed = blueprint.response(200, {"type": "string"}, content_type=EVENTS_TYPE)(follow_run)
    blueprint.add_url_rule(
        "/runs/<uuid:run>/events",
        view_func=blueprint.doc(**EVENTS_DOCUMENTATION)(streamed),
        methods=["GET"],
    )
    return blueprint


def submit(edge: Edge) -> Response:
    """Check the token, read the body, then commit as a webhook is committed.

    The stored payload is the canonical JSON of the member `payload` (`strict_json.canonical`), not
    the bytes it was sent in; the idempotency digest is of the whole body as sent.
    """
    caller = _caller(edge)
    body = read_json_bytes(request, limit=edge.limits.max_body_bytes)
    asked = _run_request(parse_object(body, max_depth=edge.limits.max_json_depth))
    key = _idempotency_key()
    try:
        with edge.outbox.work(caller.tenant_id) as work:
            sender_id = ensure_person(work, caller.identity)
            standing = edge.rates.allow(
                edge.rates.ask_for(caller.tenant_id, sender_id, None, tenant_rate(work))
            )
            incoming = Incoming(
                assistant_id=_assistant_id(work, asked["assistant"]),
                requester=_requester(caller.identity),
                requester_id=sender_id,
                payload=canonical(asked["payload"]),
                body_digest=hashlib.sha256(body).digest(),
                key=key,
                origin={"kind": "api"},
                traceparent=current_traceparent(),
            )
            accepted = accept(work, incoming)
    except EventInFlight as error:
        raise RequestInFlight(
            "a request with this Idempotency-Key is being worked on",
            field="Idempotency-Key",
            headers=error.headers,
        ) from error
    log_received(accepted, caller.tenant_id)
    return accepted_response(accepted, standing)


def show(edge: Edge, run_id: UUID) -> Response:
    """A run of the caller's tenant; any other is not there."""
    if wants_events():
        return follow(edge, run_id)
    caller, state = _look(edge, run_id)
    return answer_poll(edge.following, caller, run_id, state)


def follow(edge: Edge, run_id: UUID) -> Response:
    """Its states from now on, for whoever may read it."""
    caller, state = _look(edge, run_id)
    return answer_events(edge.following, caller, run_id, state)


def _look(edge: Edge, run_id: UUID) -> tuple[Caller, State]:
    caller = _caller(edge)
    state = edge.following.looks.read(caller.tenant_id, run_id, caller.identity)
    return caller, state


def _caller(edge: Edge) -> Caller:
    identity, expires_at = edge.verifier.identify_until(request.headers.get("Authorization"))
    slug = choose_tenant(identity, request.headers.get(TENANT_HEADER))
    tenant_id = tenant_id_of(edge.outbox.engine, slug)
    return Caller(identity=identity, tenant_id=tenant_id, expires_at=expires_at)


def _requester(identity: Identity) -> Literal["person", "client"]:
    return "person" if identity.kind == "human" else "client"


def _run_request(body: dict[str, Any]) -> dict[str, Any]:
    try:
        asked: dict[str, Any] = api.RunRequest().load(body)
    except ma.ValidationError as error:
        field, messages = next(iter(dict(error.messages_dict).items()))
        first = messages[0] if isinstance(messages, list) else "it is not as described"
        raise RequestInvalid(f"{field}: {first}", field=str(field)) from error
    return asked


def _idempotency_key() -> str | None:
    header = request.headers.get(NAME)
    return None if header is None else read_key(header)


def tenant_rate(work: Work) -> Rate | None:
    """What a tenant's senders may send in all; None is as the edge's."""
    given = work.execute(
        "SELECT rate FROM tenants WHERE tenant_id = :tenant", tenant=work.tenant_id
    ).scalar_one()
    return None if given is None else read_rate("rate", given)


def _assistant_id(work: Work, name: str) -> UUID:
    row = work.execute(_FIND_ASSISTANT, name=name, patience=str(PATIENCE_MS)).one_or_none()
    if row is None:
        raise AssistantUnknown("the tenant has no active assistant of this name", field="assistant")
    found: UUID = row[0]
    return found
