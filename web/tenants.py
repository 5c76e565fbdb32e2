"""Tenants, and the holding's visits to them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from pipeline.identity import TenantForbidden, is_of_the_holding, tenant_id_of, tenants_of
from pipeline.tenant_view import TenantLook, look_at_all, look_at_tenant
from pipeline.visit import Visit, begin_visit, end_visit, list_visits
from web.access import SIGNED_IN, Access, Role, current_caller, current_identity
from web.endpoint import endpoint, make_blueprint
from web.preconditions import ETAG
from web.schemas import Nothing, PageQuery
from web.services import acting, reading, services
from web.setup_endpoint import Answer, tagged
from web.tenants_schemas import (
    TenantPage,
    TenantQuery,
    TenantView,
    VisitBody,
    VisitPage,
    VisitView,
)

blueprint = make_blueprint("tenants", "Subsidiaries, and who of the holding acts in them")

READERS_OF_IT = Access(roles=frozenset(Role), in_path=True)
WHO_VISITS = Access(roles=frozenset({Role.HOLDING}), people_only=True, in_path=True)
WHO_ENDS_VISITS = Access(
    roles=frozenset({Role.HOLDING, Role.ADMIN}), people_only=True, in_path=True
)


@endpoint(
    blueprint, "/v1/tenants", access=SIGNED_IN, status=200, answer=TenantPage, query=TenantQuery
)
def list_tenants(query: dict[str, Any]) -> dict[str, Any]:
    """List the caller's tenants by their short names; the holding's people see all"""
    after, limit = query["cursor"], query["limit"]
    if is_of_the_holding(current_identity()):
        rows = list(look_at_all(services().holding.engine, after=after, limit=limit + 1))
    else:
        rows = own_tenants(after, limit + 1)
    items = rows[:limit]
    return {"items": items, "next": items[-1].slug if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/tenants/<name:tenant>",
    access=READERS_OF_IT,
    status=200,
    answer=TenantView,
    problems=[404],
    headers=ETAG,
)
def show_tenant(tenant: str) -> Answer:
    """Show a tenant, and how much goes on in it"""
    del tenant  # the guard let the caller into it
    with reading() as work:
        return answer_with(look_at_tenant(work))


@endpoint(
    blueprint,
    "/v1/tenants/<name:tenant>/visits",
    access=READERS_OF_IT,
    status=200,
    answer=VisitPage,
    query=PageQuery,
    problems=[404],
)
def list_all_visits(query: dict[str, Any], tenant: str) -> dict[str, Any]:
    """List the holding's visits to a tenant, newest first"""
    del tenant
    with reading() as work:
        rows = list_visits(work, before=query["cursor"], limit=query["limit"] + 1)
    items = rows[: query["limit"]]
    return {"items": items, "next": items[-1].visit_id if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/tenants/<name:tenant>/visits",
    method="POST",
    access=WHO_VISITS,
    status=201,
    answer=VisitView,
    body=VisitBody,
    problems=[404, 409],
)
def visit(body: dict[str, Any], tenant: str) -> Visit:
    """Act in a tenant, as operator and admin, for a reason it keeps, for a while"""
    del tenant
    with acting() as work:
        return begin_visit(
            work,
            services().keyring,
            current_identity(),
            reason=body["reason"],
            lasting=timedelta(minutes=body["minutes"]),
        )


@endpoint(
    blueprint,
    "/v1/tenants/<name:tenant>/visits/<uuid:visit_id>",
    method="DELETE",
    access=WHO_ENDS_VISITS,
    status=204,
    answer=Nothing,
    problems=[404],
)
def end(tenant: str, visit_id: UUID) -> None:
    """End one's own visit, or as one of the tenant's admins anyone's"""
    caller = current_caller()
    at_home = Role.ADMIN in caller.roles and tenant in tenants_of(caller.identity)
    with acting() as work:
        end_visit(work, caller.identity, visit_id, any_ones=at_home)


def answer_with(look: TenantLook) -> Answer:
    """A tenant, with the ETag that an edit of its limit names: how busy it is counts for none."""
    return tagged(asdict(look), state_of(look.rate))


def state_of(rate: Mapping[str, int] | None) -> dict[str, Any]:
    """What an edit of a tenant's limit is based on."""
    return {"rate": None if rate is None else dict(rate)}


def own_tenants(after: str | None, limit: int) -> list[TenantLook]:
    """Those of the caller's token that there are."""
    found: list[TenantLook] = []
    for slug in tenants_of(current_identity()):
        if (after is None or slug > after) and len(found) < limit:
            found += _look(slug)
    return found


def _look(slug: str) -> list[TenantLook]:
    outbox = services().outbox
    try:
        tenant_id = tenant_id_of(outbox.engine, slug)
    except TenantForbidden:
        return []  # a group may name a tenant that was never made
    with outbox.work(tenant_id) as work:
        return [look_at_tenant(work)]
