"""POST /v1/hooks/{source}: a signed event becomes a run."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from flask import Response, jsonify, request
from flask_smorest import Blueprint
from werkzeug.datastructures import Headers

from ingest import api_schemas as api
from ingest.accept import Accepted, accept
from ingest.edge import Edge, accepted_response
from ingest.named_proxies import came_through_proxy
from ingest.sources import SourceInactive, SourceUnknown, load_source
from ingest.together import Event, incoming_of
from ingest.traceparent import current_traceparent
from ingest.verification import pretend, verify
from pipeline.refusal import Refusal
from pipeline.request_body import read_json_bytes
from pipeline.schemes import Reply
from pipeline.strict_json import parse_object

DOCUMENTATION = {
    "summary": "Send an event",
    "description": "Proven by the source's scheme: the headers here are those of Standard"
    " Webhooks, a source of another scheme takes others. Answered once it is"
    " durable. Sent again with the same id and body it is the same run; with another body it is"
    " refused.",
    "parameters": api.SIGNATURE_HEADERS,
    "requestBody": api.body_of({"type": "object"}),
    "responses": {
        **api.BODY_PROBLEMS,
        "200": api.CHALLENGE_ANSWERED,
        "401": api.problem("Nothing proves that this comes from a source; why is not told."),
        "403": api.problem("The source is switched off."),
        "404": api.problem("This is no address a source could have."),
        "422": api.problem("The body is too deep or no object, or the id came with another body."),
    },
}


class HeadersByName(Mapping[str, str]):
    """A request's headers by name in lower case; each is looked up when it is asked for."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name, _ in self._headers)

    def __len__(self) -> int:
        return len(self._headers)


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
    event = Event(
        tenant_id=edge.source_tenants.tenant_of(source_id),
        source_id=source_id,
        headers=HeadersByName(request.headers),
        body=body,
        traceparent=current_traceparent(),
        ask_url=asked_url,
        through_proxy=came_through_proxy(request.environ),
    )
    accepted: Accepted | Reply | None = edge.together.accept(event, edge.now())
    if accepted is None:
        try:
            accepted = accept_alone(edge, event)
        except Refusal as refusal:
            edge.notebook.refused(event, refusal, edge.now())
            raise
    if isinstance(accepted, Reply):
        return jsonify(accepted.members)
    return accepted_response(accepted, event.tenant_id)


def asked_url() -> str:
    """The address as its sender asked for it: a path that is not decoded and encoded again."""
    asked = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI", "")
    return f"{request.scheme}://{request.host}{asked}"


def accept_alone(edge: Edge, event: Event) -> Accepted | Reply:
    """One event in a transaction of its own; whatever is refused is refused here.

    Raises:
        Refusal: See edge.PROBLEMS; nothing was written.
    """
    now = edge.now()
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
        parse_object(event.body, max_depth=edge.max_json_depth)
        answer = proof.verified.reply or accept(work, incoming_of(event, source, proof))
    if proof.secret_id is not None:
        edge.notebook.used(event.tenant_id, proof.secret_id, now)
    return answer
