"""Targets, as the OpenAPI document says them."""

from marshmallow import Schema, fields, validate

from pipeline.body_template import MAX_SOURCE
from pipeline.circuit import Standing
from pipeline.target_settings import (
    LONGEST_OPEN_SECONDS,
    LONGEST_RETRY_SECONDS,
    LONGEST_TIMEOUT_SECONDS,
    MOST_AT_ONCE,
    MOST_FAILURES,
    MOST_RETRIES,
)
from web.schemas import PLAIN_TEXT, Strict, Whole
from web.setup_schemas import A_NAME, NamePage

STATUS = validate.Range(100, 599)
TEXT = validate.Length(max=1000)
SECRET_HELP = "`whsec_` and base64 (Standard Webhooks). Told this once; nobody can read it again."  # noqa: S105


HEADER_HELP = "Told this once, where it was made for the target; null where it was given or kept."


class Expectation(Strict):
    status = fields.List(
        Whole(validate=STATUS),
        metadata={"description": "Statuses that mean delivered; any 2xx where there is none."},
    )
    body_contains = fields.String(
        validate=TEXT,
        metadata={"description": "What the answer has to contain to mean delivered."},
    )
    body_lacks = fields.String(
        validate=TEXT,
        metadata={"description": "What means not yet where the answer contains it."},
    )


class CircuitBody(Strict):
    failures = Whole(
        validate=validate.Range(1, MOST_FAILURES),
        metadata={"description": "In a row, after which it is left alone; 10 by default."},
    )
    open_seconds = Whole(
        validate=validate.Range(1, LONGEST_OPEN_SECONDS),
        metadata={"description": "For how long at first; 30 by default, twice as long each time."},
    )


class TargetSettingsBody(Strict):
    allow_private = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "It may be http and on a private address."},
    )
    expect = fields.Nested(Expectation)
    retry_status = fields.List(
        Whole(validate=STATUS),
        metadata={"description": "Statuses that mean not yet, though they look final."},
    )
    header = fields.String(
        validate=validate.Length(max=64),
        metadata={
            "description": "The name of a header that carries its header value, such as the one"
            " of N8N's header authentication. The message is signed besides."
        },
    )
    content_type = fields.String(
        validate=validate.Length(max=120),
        metadata={"description": "Of what its template makes; application/json by default."},
    )
    timeout_seconds = Whole(validate=validate.Range(1, LONGEST_TIMEOUT_SECONDS))
    retry_seconds = fields.List(
        Whole(validate=validate.Range(1, LONGEST_RETRY_SECONDS)),
        validate=validate.Length(max=MOST_RETRIES),
        metadata={
            "description": "The wait before each further attempt; an empty list asks once."
            " Without it, as AWGP_DELIVERY_ATTEMPTS says, with growing waits."
        },
    )
    concurrency = Whole(
        validate=validate.Range(1, MOST_AT_ONCE),
        metadata={"description": "Deliveries under way at once, of all workers."},
    )
    circuit = fields.Nested(CircuitBody)


class TargetVersionBody(Strict):
    url = fields.String(required=True, validate=validate.Length(1, 2000))
    settings = fields.Nested(TargetSettingsBody, load_default=dict)
    template = fields.String(
        load_default="",
        validate=[validate.Length(max=MAX_SOURCE), PLAIN_TEXT],
        metadata={"description": "Makes the body; empty sends the message as it is."},
    )
    header_value = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(8, 1000),
        metadata={"description": "Of its header. Kept encrypted, never shown; made if left out."},
    )


class TargetBody(TargetVersionBody):
    name = fields.String(required=True, validate=A_NAME)


class HeaderBody(Strict):
    may_be_left_out = True

    header_value = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(8, 1000),
        metadata={"description": "The new one; made, and told this once, if left out."},
    )


class SwitchBody(Strict):
    reason = fields.String(required=True, validate=[validate.Length(1, 300), PLAIN_TEXT])


class TargetTestBody(Strict):
    may_be_left_out = True

    result = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={"description": "The result to send, any JSON; a sample where not given."},
    )
    run = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "Send this run's result instead."},
    )


class TargetDraftBody(TargetVersionBody):
    """A target that is not kept."""

    result = fields.Raw(load_default=None, allow_none=True)
    run = fields.UUID(load_default=None, allow_none=True)


class PreviewView(Schema):
    """A request that was not made. Secrets are left out of it."""

    method = fields.String(required=True)
    url = fields.String(required=True)
    headers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    body = fields.String(required=True)
    body_bytes = fields.Integer(required=True)
    problem = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why its template makes no body of this."},
    )


class TargetTestAsked(Schema):
    id = fields.UUID(required=True)
    preview = fields.Nested(PreviewView, required=True)


class CircuitView(Schema):
    """The circuit breaker: open, nothing is sent; half-open, one delivery is, to see."""

    standing = fields.String(
        required=True, validate=validate.OneOf([each.value for each in Standing])
    )
    failures = fields.Integer(required=True, metadata={"description": "In a row."})
    open_until = fields.AwareDateTime(required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)


class TargetHealth(Schema):
    """Of the last deliveries to it."""

    counted = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    retried = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    last_at = fields.AwareDateTime(required=True, allow_none=True)
    last_delivered_at = fields.AwareDateTime(required=True, allow_none=True)
    typical_ms = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The median."}
    )


class TargetLine(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    version = fields.Integer(required=True)
    url = fields.String(required=True)
    settings = fields.Dict(required=True)
    template = fields.String(required=True)
    secret_since_at = fields.AwareDateTime(required=True, allow_none=True)
    header_since_at = fields.AwareDateTime(required=True, allow_none=True)
    disabled_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Switched off since then; what is delivered to it waits."},
    )
    disabled_because = fields.String(required=True, allow_none=True)
    circuit = fields.Nested(CircuitView, required=True)
    waiting = fields.Integer(
        required=True,
        metadata={"description": "Runs that wait for it to take deliveries; counted to 1000."},
    )
    assistants = fields.List(
        fields.String(), required=True, metadata={"description": "Active ones that deliver to it."}
    )
    health = fields.Nested(TargetHealth, required=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)


class TargetPage(NamePage):
    items = fields.List(fields.Nested(TargetLine), required=True)


class TargetVersionView(Schema):
    version = fields.Integer(required=True)
    url = fields.String(required=True)
    settings = fields.Dict(required=True)
    template = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class DeliveryLine(Schema):
    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    position = fields.Integer(required=True)
    version = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    outcome = fields.String(
        required=True, validate=validate.OneOf(["delivered", "retry", "refused"])
    )
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True)
    attempted_at = fields.AwareDateTime(required=True)
    replayed = fields.Boolean(required=True, metadata={"description": "A person asked for it."})
    response_bytes = fields.Integer(required=True, allow_none=True)


class TargetTestView(Schema):
    """A test of a target, and what came of it."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["due", "delivered", "failed"]))
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)
    body = fields.String(required=True)
    response = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class TargetView(TargetLine):
    """A target with its versions and the last deliveries to it."""

    versions = fields.List(fields.Nested(TargetVersionView), required=True)
    deliveries = fields.List(fields.Nested(DeliveryLine), required=True)
    tests = fields.List(fields.Nested(TargetTestView), required=True)


class TargetSaved(TargetView):
    header_value = fields.String(
        required=True, allow_none=True, metadata={"description": HEADER_HELP}
    )


class TargetWithSecret(TargetSaved):
    secret = fields.String(required=True, metadata={"description": SECRET_HELP})


class Removed(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    removed = fields.Boolean(required=True)
