"""Who the caller is to us."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.identity import Identity, is_of_the_holding, tenants_of
from pipeline.visit import OwnVisit, visits_of
from web.access import (
    SIGNED_IN,
    came_by_session,
    current_doors,
    current_identity,
    roles_in,
    voting_groups,
)
from web.endpoint import endpoint, make_blueprint
from web.me_schemas import MeView
from web.services import services
from web.session_cookie import BrowserSession, current_session

blueprint = make_blueprint("me", "Who you are here")


@endpoint(blueprint, "/v1/me", access=SIGNED_IN, status=200, answer=MeView)
def me() -> dict[str, Any]:
    """Say who the caller is, in which tenants, what they are there, and how long they are in"""
    identity = current_identity()
    opened = current_session() if came_by_session() else None
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "kind": identity.kind,
        "name": identity.name,
        "holding": is_of_the_holding(identity),
        "tenants": tenants(identity),
        "visits": visits(identity),
        "authenticated_at": _when(identity.authenticated_at),
        "acr": identity.acr,
        "csrf_token": None if opened is None else current_doors().sessions.csrf_token(opened),
        "trace_url": services().trace_url,
        "session": None if opened is None else session_times(opened),
    }


def tenants(identity: Identity) -> list[dict[str, Any]]:
    return [
        {
            "tenant": slug,
            "roles": sorted(roles_in(identity, slug)),
            "voting_groups": sorted(voting_groups(identity, slug)),
        }
        for slug in tenants_of(identity)
    ]


def visits(identity: Identity) -> Sequence[OwnVisit]:
    if not is_of_the_holding(identity):
        return ()
    return visits_of(services().holding.engine, identity)


def session_times(opened: BrowserSession) -> dict[str, Any]:
    store, began = current_doors().sessions.store, opened["person"]["began"]
    return {
        "id": opened.id,
        "began_at": _when(began),
        "ends_at": _when(began + store.lifetime),
        "idle_seconds": store.idle,
    }


def _when(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
