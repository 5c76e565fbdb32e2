"""POST /v1/hooks/{source}: a signed event becomes a run."""

import hashlib
from uuid import UUID

from flask import Response, request
from flask_smorest import Blueprint

from ingest import api_schemas as api
from ingest.accept import Incoming, accept
from ingest.edge import Edge, accepted_response
from ingest.sources import SourceInactive, load_source
from ingest.traceparent import current_traceparent
from pipeline.request_body import read_json_bytes
from pipeline.strict_json import parse_object

DOCUMENTATION = {
    "summary": "Send an event",
    "description": "Signed by the source's scheme, here Standard Webhooks. Answered once it is"
    " durable. Sent again with the same id and body it is the same run; with another body it is"
    " refused.",
    "parameters": api.SIGNATURE_HEADERS,
    "requestBody": api.body_of({"type": "object"}),
    "responses": {
        **api.BODY_PROBLEMS,
        "401": api.problem("The signature does not hold, or not for this time."),
        "403": api.problem("The source is switched off."),
        "404": api.problem("There is no such source."),
        "422": api.problem("The body is too deep or no object, or the id came with another body."),
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
        answers=(202, api.RunAccepted, api.LOCATION),
        documentation=DOCUMENTATION,
    )
    return blueprint


def receive(edge: Edge, source_id: UUID) -> Response:
    """Read, verify, validate, deduplicate and commit; only then answer."""
    body = read_json_bytes(request, limit=edge.max_body_bytes)
    tenant_id = edge.source_tenants.tenant_of(source_id)
    with edge.outbox.work(tenant_id) as work:
        source = load_source(work, edge.keyring, source_id)
        verified = edge.schemes[source.scheme].verify(
            source.secrets,
            {name.lower(): value for name, value in request.headers.items()},
            body,
            edge.now(),
        )
        # Said only to who proved to be its sender.
        if not source.active:
            raise SourceInactive("this source is switched off")
        parse_object(body, max_depth=edge.max_json_depth)
        accepted = accept(
            work,
            Incoming(
                assistant_id=source.assistant_id,
                requester="source",
                requester_id=source_id,
                payload=body,
                body_digest=hashlib.sha256(body).digest(),
                key=verified.event_id,
                origin={"kind": "webhook", "scheme": source.scheme, "event": verified.event_id},
                traceparent=current_traceparent(),
            ),
        )
    return accepted_response(accepted, tenant_id)
