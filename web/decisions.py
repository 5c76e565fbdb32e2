"""Decide several alike questions with one gesture, each by the digest that was seen."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pipeline.approval_errors import ReauthenticationNeeded
from pipeline.approval_store import cast_vote
from pipeline.approval_view import StoredApproval, load_approval
from pipeline.identity import remember_person
from pipeline.problem import problem_body
from pipeline.reauthentication import proof_of
from pipeline.refusal import ProblemTable, Refusal
from pipeline.work import Work
from web.access import PEOPLE_OF_THE_TENANT, current_caller
from web.decision_schemas import BatchBody, BatchView
from web.endpoint import endpoint, make_blueprint
from web.hold_problems import HOLD_PROBLEMS
from web.services import acting, services

blueprint = make_blueprint("decisions", "Several alike questions decided at once")


class BatchMixed(Refusal):
    """The questions are not alike, or one is named twice; nothing was decided."""


PROBLEMS: Final[ProblemTable] = {BatchMixed: (422, "batch-mixed")}


@endpoint(
    blueprint,
    "/v1/approvals/decisions",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=BatchView,
    body=BatchBody,
    problems=[404],
)
def decide_alike(body: dict[str, Any]) -> dict[str, Any]:
    """Give the same answer to up to 50 questions under identical rules

    Each is decided by itself, and the answer says of each what became of it.
    """
    asked = body["approvals"]
    with acting() as work:
        check_alike(work, [each["id"] for each in asked])
    items: list[dict[str, Any]] = []
    for each in asked:
        try:
            voted = decide_one(body, each["id"], bytes.fromhex(each["digest"]))
        except tuple(HOLD_PROBLEMS) as error:
            if isinstance(error, ReauthenticationNeeded) and not items:
                raise
            items.append(refused(each["id"], error))
        else:
            items.append(told(voted))
    return {"items": items}


def check_alike(work: Work, approval_ids: Sequence[UUID]) -> None:
    """Let questions pass that ask for the same rules in the same versions.

    Raises:
        BatchMixed, ApprovalNotFound: Nothing was decided.
    """
    if len(set(approval_ids)) != len(approval_ids):
        raise BatchMixed("one approval is named twice", field="approvals")
    asked = {
        tuple((rule.name, rule.version) for rule in load_approval(work, each).requirement.rules)
        for each in approval_ids
    }
    if len(asked) > 1:
        raise BatchMixed(
            "these ask for different rules, so they are decided one by one", field="approvals"
        )


def decide_one(body: dict[str, Any], approval_id: UUID, digest: bytes) -> StoredApproval:
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        return cast_vote(
            work,
            services().keyring,
            approval_id,
            person_id=person_id,
            display_name=caller.identity.name,
            groups=caller.voting_groups,
            verdict=body["verdict"],
            digest=digest,
            reason=body["reason"],
            preset=body["reject_reason"],
            proof=proof_of(caller.identity),
        )


def told(voted: StoredApproval) -> dict[str, Any]:
    outcome = "counted" if voted.status == "open" else "decided"
    return {"id": voted.approval_id, "outcome": outcome, "status": voted.status, "problem": None}


def refused(approval_id: UUID, error: Exception) -> dict[str, Any]:
    status, slug = next(
        HOLD_PROBLEMS[each] for each in type(error).__mro__ if each in HOLD_PROBLEMS
    )
    members = error.members if isinstance(error, Refusal) else {}
    problem = problem_body(status, slug, str(error), **members)
    return {"id": approval_id, "outcome": "refused", "status": None, "problem": problem}
