"""Who the bearer of a token is to us."""

from typing import Any

from pipeline.identity import tenants_of
from web.access import SIGNED_IN, current_identity, roles_in, voting_groups
from web.endpoint import endpoint, make_blueprint
from web.schemas import MeView

blueprint = make_blueprint("me", "Who you are here")


@endpoint(blueprint, "/v1/me", access=SIGNED_IN, status=200, answer=MeView)
def me() -> dict[str, Any]:
    """Say who the bearer is, in which tenants, and what they are there"""
    identity = current_identity()
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "kind": identity.kind,
        "name": identity.name,
        "tenants": [
            {
                "tenant": slug,
                "roles": sorted(roles_in(identity, slug)),
                "voting_groups": sorted(voting_groups(identity, slug)),
            }
            for slug in tenants_of(identity)
        ],
    }
