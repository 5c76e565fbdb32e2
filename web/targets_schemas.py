"""Targets, as the OpenAPI document says them."""

from marshmallow import Schema, fields, validate

from web.schemas import Strict
from web.setup_schemas import A_NAME, NamePage

STATUS = validate.Range(100, 599)
SECRET_HELP = "`whsec_` and base64 (Standard Webhooks). Told this once; nobody can read it again."  # noqa: S105


class Expectation(Strict):
    status = fields.List(
        fields.Integer(strict=True, validate=STATUS),
        metadata={"description": "Statuses that mean delivered; any 2xx where there is none."},
    )
    body_contains = fields.String(
        validate=validate.Length(max=1000),
        metadata={"description": "What the answer has to contain to mean delivered."},
    )


class TargetSettingsBody(Strict):
    allow_private = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "It may be http and on a private address."},
    )
    expect = fields.Nested(Expectation)
    retry_status = fields.List(
        fields.Integer(strict=True, validate=STATUS),
        metadata={"description": "Statuses that mean not yet, though they look final."},
    )


class TargetVersionBody(Strict):
    url = fields.String(required=True, validate=validate.Length(1, 2000))
    settings = fields.Nested(TargetSettingsBody, load_default=dict)


class TargetBody(TargetVersionBody):
    name = fields.String(required=True, validate=A_NAME)


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
    secret_since_at = fields.AwareDateTime(required=True, allow_none=True)
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
    run_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    outcome = fields.String(
        required=True, validate=validate.OneOf(["delivered", "retry", "refused"])
    )
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True)
    attempted_at = fields.AwareDateTime(required=True)


class TargetView(TargetLine):
    """A target with its versions and the last deliveries to it."""

    versions = fields.List(fields.Nested(TargetVersionView), required=True)
    deliveries = fields.List(fields.Nested(DeliveryLine), required=True)


class TargetWithSecret(TargetView):
    secret = fields.String(required=True, metadata={"description": SECRET_HELP})


class Removed(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    removed = fields.Boolean(required=True)
