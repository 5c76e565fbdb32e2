"""Emergencies: approve alone, and have another person look at it afterwards."""

from typing import Any, Final
from uuid import UUID

from pipeline.break_glass import Review, break_glass, close_review, list_reviews
from pipeline.identity import remember_person
from pipeline.reauthentication import proof_of
from web.access import READERS, Access, Role, current_caller
from web.approvals import ETAG, Answer, answer
from web.decision_schemas import (
    BreakGlassBody,
    ReviewBody,
    ReviewPage,
    ReviewsQuery,
    ReviewView,
)
from web.endpoint import endpoint, make_blueprint
from web.schemas import ApprovalView
from web.services import acting, reading, services

blueprint = make_blueprint("reviews", "Approvals of one person alone, and the look at them after")

WHO_BREAKS: Final = Access(roles=frozenset({Role.BREAK_GLASS}), people_only=True)
WHO_REVIEWS: Final = Access(
    roles=frozenset({Role.ADMIN, Role.APPROVER, Role.AUDITOR}), people_only=True
)


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>/break-glass",
    method="POST",
    access=WHO_BREAKS,
    status=200,
    answer=ApprovalView,
    body=BreakGlassBody,
    problems=[404, 409, 410],
    headers=ETAG,
)
def approve_alone(body: dict[str, Any], approval_id: UUID) -> Answer:
    """Approve at once in an emergency, and open a review that another person must close"""
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        approved = break_glass(
            work,
            services().keyring,
            approval_id,
            person_id=person_id,
            display_name=caller.identity.name,
            digest=bytes.fromhex(body["digest"]),
            reason=body["reason"],
            proof=proof_of(caller.identity),
        )
        return answer(approved)


@endpoint(
    blueprint,
    "/v1/reviews",
    access=READERS,
    status=200,
    answer=ReviewPage,
    query=ReviewsQuery,
)
def list_(query: dict[str, Any]) -> dict[str, Any]:
    """List reviews, newest first"""
    with reading() as work:
        rows = list_reviews(
            work,
            current_caller().identity,
            is_open=query["status"] == "open",
            before=query["cursor"],
            limit=query["limit"] + 1,
        )
    items = rows[: query["limit"]]
    return {"items": items, "next": items[-1].review_id if len(rows) > len(items) else None}


@endpoint(
    blueprint,
    "/v1/reviews/<uuid:review_id>/close",
    method="POST",
    access=WHO_REVIEWS,
    status=200,
    answer=ReviewView,
    body=ReviewBody,
    problems=[404, 409],
)
def close(body: dict[str, Any], review_id: UUID) -> Review:
    """Say, as another person who may decide on it, whether it was an emergency"""
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        return close_review(
            work,
            services().keyring,
            review_id,
            person_id=person_id,
            display_name=caller.identity.name,
            verdict=body["verdict"],
            note=body["note"],
        )
