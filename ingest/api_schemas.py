"""What the edge's API takes and gives, for its OpenAPI document and its own checks."""

# a schema's Meta is marshmallow's

from collections.abc import Callable
from typing import Any, Final

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from pipeline.problem import CONTENT_TYPE
from pipeline.run import Status

BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]
BEARER_SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the identity provider, for this API.",
}


def header(name: str, description: str, *, required: bool, pattern: str) -> dict[str, Any]:
    """An OpenAPI header parameter."""
    return {
        "in": "header",
        "name": name,
        "required": required,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }


SIGNATURE_HEADERS: Final = [
    header("webhook-id", "One id an event.", required=True, pattern="^[!-,/-~-]{1,255}$"),
    header("webhook-timestamp", "Seconds since 1970.", required=True, pattern="^[1-9][0-9]{0,11}$"),
    header(
        "webhook-signature",
        "`v1,` and base64, several separated by spaces.",
        required=True,
        pattern="^[!-~]{1,200}( [!-~]{1,200}){0,9}$",
    ),
]
CALLBACK: Final = header(
    "AWGP-Callback",
    "Where the sender is told how the run ended; on the source's allowlist.",
    required=False,
    pattern="^https?://[!-~]{1,2000}$",
)
TENANT: Final = header(
    "AWGP-Tenant",
    "The tenant's slug; needed only by those who belong to several.",
    required=False,
    pattern="^[a-z][a-z0-9-]{1,38}$",
)
IDEMPOTENCY_KEY: Final = header(
    "Idempotency-Key",
    "The same key with the same body is the same run. A string in double quotes (RFC 9651).",
    required=False,
    pattern='^"[!#-[^-~]{1,255}"$',
)
IF_NONE_MATCH: Final = header(
    "If-None-Match", "An ETag you hold.", required=False, pattern="^[!-~]{1,255}$"
)
PREFER: Final = header(
    "Prefer",
    "`wait=20`: answer once the run is not as in If-None-Match or, without one, is over; or in 20"
    " seconds (RFC 7240).",
    required=False,
    pattern="^wait=[0-9]{1,3}$",
)
LAST_EVENT: Final = header(
    "Last-Event-ID", "The id of the last state you had.", required=False, pattern="^[!-~]{1,255}$"
)
LOCATION: Final = {"Location": {"schema": {"type": "string"}, "description": "The run."}}
ETAG: Final = {
    "ETag": {"schema": {"type": "string"}, "description": "Of this state of the run."},
    "Preference-Applied": {
        "schema": {"type": "string"},
        "description": "`wait=` and the seconds, where you were or would have been let wait.",
    },
}
RETRY_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def problem(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """An OpenAPI response that is a problem."""
    return {
        "description": description,
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        **({"headers": headers} if headers else {}),
    }


CHALLENGE: Final = {"WWW-Authenticate": {"schema": {"type": "string"}}}
UNAVAILABLE: Final = problem("Not now: come back after `Retry-After`.", RETRY_AFTER)
BODY_PROBLEMS: Final = {
    "400": problem("The body is not JSON, or not the JSON every reader reads alike."),
    "408": problem("Not all of the request came within 10 seconds."),
    "413": problem("The body is too large."),
    "415": problem("The body is not labelled as JSON."),
    "503": UNAVAILABLE,
}


CHALLENGE_ANSWERED: Final = {
    "description": "The challenge that was sent, of a source whose sender asks for one (Slack).",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["challenge"],
                "properties": {"challenge": {"type": "string"}},
            }
        }
    },
}


RATE_LIMIT: Final = {
    "RateLimit": {"schema": {"type": "string"}, "description": "What is left, by policy."},
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "Requests and window."},
}
TOO_MANY: Final = problem("More than may be sent.", RETRY_AFTER | RATE_LIMIT)
HOOK_PROBLEMS: Final = BODY_PROBLEMS | {
    "400": problem("The body is not what it is labelled as, or not as every reader reads alike."),
    "415": problem("The source does not take such a body."),
}
# As pipeline/cloud_events.py has it; a test holds the two together.
_TEXT: Final = {
    "type": "string",
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$",
    "maxLength": 4096,
}
CLOUD_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": {
            "type": "string",
            "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]+$",
            "maxLength": 1000,
        },
        "type": _TEXT,
    },
    "propertyNames": {"pattern": "^([a-z0-9]{1,64}|data_base64)$"},
    "not": {"required": ["data", "data_base64"]},
}
# What is not the first comes where the source takes it.
EVENT_BODIES: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "additionalProperties": {"type": "string"}}
        },
        "application/cloudevents+json": {"schema": CLOUD_EVENT},
        "application/cloudevents-batch+json": {
            "schema": {"type": "array", "items": CLOUD_EVENT, "minItems": 1, "maxItems": 100}
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def body_of(schema: Any) -> dict[str, Any]:
    """An OpenAPI request body in JSON."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def add_operation(
    blueprint: Blueprint,
    method: str,
    rule: str,
    view: Callable[..., Response],
    *,
    answers: tuple[int, type[ma.Schema], dict[str, Any]],
    documentation: dict[str, Any],
) -> None:
    """Route a view and document it.

    Args:
        answers: Status, schema and headers of success; problems are in `documentation`.
    """
    status, schema, headers = answers
    described = blueprint.response(status, schema, headers=headers)(view)
    described = blueprint.doc(**documentation)(described)
    blueprint.add_url_rule(rule, view_func=described, methods=[method])


class RunRequest(ma.Schema):
    """A run asked for over the API."""

    assistant = fields.String(
        required=True, validate=validate.Regexp("^[a-z][a-z0-9-]{0,62}$", error="No such name.")
    )
    payload = fields.Dict(keys=fields.String(), required=True)


class Links(ma.Schema):
    run = fields.String(required=True)


class RunAccepted(ma.Schema):
    """What a sender is told, at every send of the same request."""

    run = fields.UUID(required=True)
    status = fields.String(required=True, validate=validate.Equal(Status.RECEIVED.value))
    links = fields.Nested(Links, required=True)


class HookOutcome(ma.Schema):
    """One event: a run, or `ignored`, and then no run."""

    status = fields.String(
        required=True, validate=validate.OneOf([Status.RECEIVED.value, "ignored"])
    )
    run = fields.UUID()
    links = fields.Nested(Links)


class HookAnswer(HookOutcome):
    """What a webhook's sender is told, at every send of the same request."""

    events = fields.List(
        fields.Nested(HookOutcome), metadata={"description": "Of a batch, in its order."}
    )


class ApprovalView(ma.Schema):
    status = fields.String(required=True)
    opened_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)
    decided_at = fields.DateTime(required=True, allow_none=True)


class ExecutionView(ma.Schema):
    attempt = fields.Integer(required=True)
    exit_reason = fields.String(required=True, allow_none=True)
    exit_code = fields.Integer(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)
    peak_memory_bytes = fields.Integer(required=True, allow_none=True)
    cpu_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Processor time of the whole sandbox."},
    )
    start_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "What the sandbox took before the agent began."},
    )
    bytes_in = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Bundle and payload."}
    )
    bytes_out = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Output and result."}
    )
    started_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    result = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "The agent's JSON; null when there is none or it is large."},
    )
    result_bytes = fields.Integer(required=True, allow_none=True)


class DeliveryView(ma.Schema):
    position = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    target = fields.UUID(required=True)
    outcome = fields.String(required=True)
    status_code = fields.Integer(required=True, allow_none=True)
    attempted_at = fields.DateTime(required=True)


class RunView(ma.Schema):
    """How a run fares."""

    run = fields.UUID(required=True)
    tenant = fields.String(required=True)
    assistant = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf([each.value for each in Status]))
    epoch = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    requester = fields.String(required=True)
    received_at = fields.DateTime(required=True)
    changed_at = fields.DateTime(required=True)
    sealed_at = fields.DateTime(required=True, allow_none=True)
    approval = fields.Nested(ApprovalView, required=True, allow_none=True)
    execution = fields.Nested(ExecutionView, required=True, allow_none=True)
    deliveries = fields.List(fields.Nested(DeliveryView), required=True)
