"""Votes lent to another person, for a time."""

from typing import Any
from uuid import UUID

from pipeline.delegation import Delegation, lend_vote, list_delegations, revoke_loan
from pipeline.identity import remember_person
from web.access import PEOPLE_OF_THE_TENANT, READERS, Role, current_caller
from web.decision_schemas import (
    DelegationBody,
    DelegationPage,
    DelegationsQuery,
    DelegationView,
)
from web.endpoint import endpoint, make_blueprint
from web.services import acting, reading

blueprint = make_blueprint("delegations", "Votes lent to another person, for a time")


@endpoint(
    blueprint,
    "/v1/delegations",
    access=READERS,
    status=200,
    answer=DelegationPage,
    query=DelegationsQuery,
)
def list_loans(query: dict[str, Any]) -> dict[str, Any]:
    """List who may vote for whom, newest first"""
    identity = current_caller().identity
    with reading() as work:
        person_id = None
        if query["whose"] == "mine":
            person_id = work.execute(
                "SELECT person_id FROM persons WHERE issuer = :issuer AND subject = :subject",
                issuer=identity.issuer,
                subject=identity.subject,
            ).scalar_one_or_none()
            if person_id is None:
                return {"items": [], "next": None}
        rows = list_delegations(
            work,
            person_id=person_id,
            in_force=query["status"] == "current",
            before=query["cursor"],
            limit=query["limit"] + 1,
        )
    items = rows[: query["limit"]]
    return {"items": items, "next": items[-1].delegation_id if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/delegations",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=201,
    answer=DelegationView,
    body=DelegationBody,
)
def lend(body: dict[str, Any]) -> Delegation:
    """Let another person vote with groups of one's own, until a time"""
    caller = current_caller()
    with acting() as work:
        by = remember_person(work, caller.identity, groups=caller.voting_groups)
        return lend_vote(work, by=by, **body)


@endpoint(
    blueprint,
    "/v1/delegations/<uuid:delegation_id>/revoke",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=DelegationView,
    problems=[404, 409],
)
def revoke(delegation_id: UUID) -> Delegation:
    """End it now: whoever lent, whoever was lent to, or an administrator"""
    caller = current_caller()
    with acting() as work:
        by = remember_person(work, caller.identity, groups=caller.voting_groups)
        return revoke_loan(work, delegation_id, by=by, may_any=Role.ADMIN in caller.roles)
