"""POST /v1/hooks/{source}: a signed event becomes a run."""

from uuid import UUID

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from ingest import api_schemas as api
from ingest.accept import accept_all
from ingest.edge import Answered, Edge, accepted_response, answered, log_received
from ingest.event import Event, event_of
from ingest.rates import RateExceeded, Standing
from ingest.short_way import tried
from ingest.sources import SourceInactive, SourceUnknown, load_source
from ingest.taking import take
from ingest.traceparent import current_traceparent
from ingest.verification import pretend, verify
from pipeline.metrics import EVENTS_IGNORED
from pipeline.refusal import Refusal
from pipeline.request_body import read_bytes
from pipeline.schemes import Reply

DOCUMENTATION = {
    "summary": "Send an event",
    "description": "Proven by the source's scheme: the headers here are those of Standard"
    " Webhooks, a source of another scheme takes others. Answered once it is"
    " durable. Sent again with the same id and body it is the same run; with another body it is"
    " refused. What a source takes is its own setting: JSON, forms, CloudEvents (binary,"
    " structured, and batches, which are accepted whole or not at all), or anything. An event that"
    " no rule of its source's mapping takes is `ignored`.",
    "parameters": [*api.SIGNATURE_HEADERS, api.CALLBACK],
    "requestBody": api.EVENT_BODIES,
    "responses": {
        **api.HOOK_PROBLEMS,
        "200": api.CHALLENGE_ANSWERED,
        "401": api.problem("Nothing proves that this comes from a source; why is not told."),
        "403": api.problem("The source is switched off."),
        "404": api.problem("This is no address a source could have."),
        "422": api.problem(
            "The body is too deep, no object or no CloudEvent, has no id or cannot be mapped, the"
            " callback is not allowed, or the id came with another body."
        ),
        "429": api.TOO_MANY,
    },
}


def hooks_blueprint(edge: Edge) -> Blueprint:
    blueprint = Blueprint("hooks", __name__, url_prefix="/v1", description="Webhooks in")

    def receive_hook(source: UUID) -> Response:
        return receive(edge, source)

    api.add_operation(
        blueprint,
        "POST",
        "/hooks/<uuid:source>",
        receive_hook,
        answers=(202, api.HookAnswer, api.LOCATION | api.RATE_LIMIT),
        documentation=DOCUMENTATION,
    )
    return blueprint


def receive(edge: Edge, source_id: UUID) -> Response:
    """Read, verify, validate, deduplicate and commit; only then answer."""
    body = read_bytes(request, limit=edge.limits.max_body_bytes)
    event = event_of(
        request.environ,
        edge.source_tenants.tenant_of(source_id),
        source_id,
        body,
        current_traceparent(),
    )
    was_tried, outcome = tried(request.environ)
    if not was_tried:
        outcome = edge.together.accept(event, edge.now())
    if outcome is not None and outcome.accepted is not None:
        return accepted_response(outcome.accepted, outcome.standing)
    try:
        answer = accept_alone(edge, event, None if outcome is None else outcome.standing)
    except Refusal as refusal:
        edge.notebook.refused(event, refusal, edge.now())
        raise
    if isinstance(answer, Reply):
        return jsonify(answer.members)
    for each in answer.accepted:
        if each is not None:
            log_received(each, event.tenant_id)
    ignored = sum(each is None for each in answer.accepted)
    if ignored:
        EVENTS_IGNORED.inc(ignored)
        edge.notebook.ignored(event, edge.now(), ignored)
    return answered(answer)


def accept_alone(edge: Edge, event: Event, standing: Standing | None) -> Answered | Reply:
    """A request in a transaction of its own; whatever is refused is refused here.

    Args:
        standing: Of an event that was counted already.

    Raises:
        Refusal: See edge.PROBLEMS; nothing was written.
    """
    now = edge.now()
    if standing is not None and not standing.allowed:
        raise RateExceeded(standing)
    with edge.outbox.work(event.tenant_id) as work:
        try:
            source = load_source(work, edge.keyring, event.source_id, edge.means)
        except SourceUnknown:
            pretend(event, now)
            raise
        edge.together.sources.put(source)
        proof = verify(source, event, now)
        # Said only to who proved to be its sender.
        if not source.active:
            raise SourceInactive("this source is switched off")
        if proof.verified.reply is not None:
            return proof.verified.reply
        taking = take(event, source, proof, edge.limits)
        if standing is None:
            ask = edge.rates.ask(event.tenant_id, source, cost=len(taking.incoming))
            standing = edge.rates.allow(ask)
        accepted = accept_all(work, taking.incoming)
    if proof.secret_id is not None:
        edge.notebook.used(event.tenant_id, proof.secret_id, now)
    return Answered(accepted=accepted, is_batch=taking.is_batch, standing=standing)
