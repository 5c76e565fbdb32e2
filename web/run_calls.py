"""What the agent of a run called through its gateway, as the sealed trail has it."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from pipeline.gateway_calls_view import CallsPage, load_calls
from web.access import READERS
from web.endpoint import endpoint, make_blueprint
from web.run_schemas import MOST_AFTER
from web.services import reading

blueprint = make_blueprint("run-calls", "What agents called through their gateways")


class CallsQuery(Schema):
    execution = fields.UUID(
        load_default=None, metadata={"description": "The latest where not given."}
    )
    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MOST_AFTER),
        metadata={"description": "The last number that is known; 0 from the beginning."},
    )


class GatewayCallView(Schema):
    """A call, without what was said in it."""

    number = fields.Integer(
        required=True, metadata={"description": "From 1 within an execution, in order."}
    )
    offset_ms = fields.Integer(required=True, metadata={"description": "Since the launch."})
    method = fields.String(required=True)
    destination = fields.String(
        required=True,
        metadata={"description": "Scheme, host and port; empty of a URL that cannot be read."},
    )
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the answer; null without."}
    )
    error = fields.String(
        required=True,
        metadata={
            "description": "Why nothing came back: docs/reference/gateway.md; empty if it did."
        },
    )
    bytes_out = fields.Integer(required=True, metadata={"description": "The body it sent."})
    bytes_in = fields.Integer(required=True, metadata={"description": "The answer's, as it came."})
    duration_ms = fields.Integer(required=True)
    tokens = fields.Integer(required=True, metadata={"description": "Of a model."})


class CallsView(Schema):
    execution_id = fields.UUID(required=True, allow_none=True)
    epoch = fields.Integer(required=True, allow_none=True)
    attempt = fields.Integer(required=True, allow_none=True)
    calls = fields.List(fields.Nested(GatewayCallView), required=True)
    after = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Ask on with it; null when nothing follows now."},
    )
    complete = fields.Boolean(
        required=True,
        metadata={"description": "It is over and all its calls are sealed: no more will come."},
    )
    not_known = fields.Boolean(
        required=True,
        metadata={"description": "It was lost with its host: what it called is not known."},
    )


@endpoint(
    blueprint,
    "/v1/runs/<uuid:run_id>/calls",
    access=READERS,
    status=200,
    answer=CallsView,
    query=CallsQuery,
    problems=[404],
)
def show_calls(query: dict[str, Any], run_id: UUID) -> CallsPage:
    """Show where an execution's calls went and what came of each, once that is sealed"""
    with reading() as work:
        return load_calls(work, run_id, execution_id=query["execution"], after=query["after"])
