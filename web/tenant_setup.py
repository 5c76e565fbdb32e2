"""Subsidiaries opened and closed by the people of the holding; recorded in the tenant's trail."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.registry_names import FieldInvalid
from pipeline.tenant_setup import close_subsidiary, open_subsidiary
from web.access import THE_HOLDING_ITSELF, current_identity
from web.endpoint import endpoint, make_blueprint
from web.schemas import Strict
from web.services import services

blueprint = make_blueprint("tenant-setup", "Subsidiaries, opened and closed by the holding")

A_SLUG: Final = validate.Regexp(
    r"^[a-z][a-z0-9-]{1,38}$", error="2 to 39 small letters, digits and -, a letter first."
)


class TenantBody(Strict):
    slug = fields.String(
        required=True, validate=A_SLUG, metadata={"description": "It never changes."}
    )
    name = fields.String(required=True, validate=validate.Length(1, 200))


class TenantOpened(Schema):
    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)


class ClosingBody(Strict):
    confirm = fields.String(
        required=True,
        validate=A_SLUG,
        metadata={"description": "The tenant's short name again: it cannot be undone."},
    )


class TenantClosedView(Schema):
    slug = fields.String(required=True)
    closed = fields.Boolean(required=True)
    sources_stopped = fields.Integer(required=True)


@endpoint(
    blueprint,
    "/v1/tenants",
    method="POST",
    access=THE_HOLDING_ITSELF,
    status=201,
    answer=TenantOpened,
    body=TenantBody,
    problems=[403, 409],
)
def open_one(body: dict[str, Any]) -> dict[str, Any]:
    """Open a subsidiary: its trail begins, its people come by the groups SLUG-operators, -admins"""
    tenant_id = open_subsidiary(services().outbox, current_identity(), **body)
    return {"id": tenant_id, "kind": "subsidiary", **body}


@endpoint(
    blueprint,
    "/v1/tenants/<name:tenant>/close",
    method="POST",
    access=THE_HOLDING_ITSELF,
    status=200,
    answer=TenantClosedView,
    body=ClosingBody,
    problems=[403, 404, 409],
)
def close(body: dict[str, Any], tenant: str) -> dict[str, Any]:
    """Close a subsidiary for ever: its sources stop, its trail and its exports go on"""
    if body["confirm"] != tenant:
        raise FieldInvalid("confirm", f"say {tenant}, the tenant that will be closed for ever")
    stopped = close_subsidiary(services().outbox, current_identity(), tenant)
    return {"slug": tenant, "closed": True, "sources_stopped": stopped}
