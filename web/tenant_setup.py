"""Subsidiaries opened, limited and closed by the holding's people; the tenant's trail says so."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.identity import TenantForbidden, tenant_id_of
from pipeline.rate import MOST, read_rate
from pipeline.registry_names import FieldInvalid, NotSetUp
from pipeline.tenant_setup import close_subsidiary, limit_subsidiary, open_subsidiary
from pipeline.tenant_view import look_at_tenant
from web.access import THE_HOLDING_ITSELF, current_identity
from web.endpoint import endpoint, make_blueprint
from web.preconditions import ETAG, etag_of, require_match
from web.schemas import Strict, Whole
from web.services import services
from web.setup_endpoint import Answer
from web.tenants import answer_with, state_of
from web.tenants_schemas import TenantView

blueprint = make_blueprint("tenant-setup", "Subsidiaries: the holding opens, limits, closes them")

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


class RateIn(Strict):
    per_minute = Whole(required=True, validate=validate.Range(1, MOST))
    burst = Whole(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, MOST),
        metadata={"description": "At once, at most; without it, a minute's worth."},
    )


class LimitBody(Strict):
    rate = fields.Nested(
        RateIn,
        required=True,
        allow_none=True,
        metadata={"description": "Of all its senders together; null: as the edge's settings say."},
    )


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
    "/v1/tenants/<name:tenant>/rate",
    method="PUT",
    access=THE_HOLDING_ITSELF,
    status=200,
    answer=TenantView,
    body=LimitBody,
    problems=[403, 404, 409],
    headers=ETAG,
    edits=True,
)
def limit(body: dict[str, Any], tenant: str) -> Answer:
    """Limit how many requests all senders of a subsidiary may send together

    It counts within a minute. What a single source may send is its own setting.
    """
    rate = None if body["rate"] is None else read_rate("rate", body["rate"])
    outbox = services().outbox
    try:
        tenant_id = tenant_id_of(outbox.engine, tenant)
    except TenantForbidden as error:
        raise NotSetUp(f"there is no tenant {tenant!r}") from error
    with outbox.work(tenant_id) as work:
        before = limit_subsidiary(work, current_identity(), rate)
        require_match(etag_of(state_of(before)))  # refused, all of it is undone
        return answer_with(look_at_tenant(work))


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
