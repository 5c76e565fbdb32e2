"""Who the caller is, as the OpenAPI document says it."""

from marshmallow import Schema, fields, validate


class TenantRoles(Schema):
    tenant = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    voting_groups = fields.List(fields.String(), required=True)


class OwnVisitView(Schema):
    """A visit that lasts."""

    id = fields.UUID(required=True, attribute="visit_id")
    tenant = fields.String(required=True)
    until = fields.AwareDateTime(required=True)


class SessionTimes(Schema):
    id = fields.String(required=True)
    began_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(
        required=True, metadata={"description": "Then one signs in again, however busy."}
    )
    idle_seconds = fields.Integer(
        required=True, metadata={"description": "Unused for so long, it ends earlier."}
    )


class MeView(Schema):
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["human", "client"]))
    name = fields.String(required=True)
    holding = fields.Boolean(
        required=True, metadata={"description": "One who looks into every tenant."}
    )
    tenants = fields.List(fields.Nested(TenantRoles), required=True)
    visits = fields.List(
        fields.Nested(OwnVisitView),
        required=True,
        metadata={"description": "Where one of the holding may act now, as operator and admin."},
    )
    authenticated_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "The last proof of who they are, where the provider says."},
    )
    acr = fields.String(
        required=True, allow_none=True, metadata={"description": "How they proved it."}
    )
    csrf_token = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "For `X-CSRF-Token`; null with an access token, which needs none."
        },
    )
    trace_url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where a trace is looked at; its id takes `{trace_id}`'s place."},
    )
    session = fields.Nested(
        SessionTimes, required=True, allow_none=True, metadata={"description": "The browser's own."}
    )
