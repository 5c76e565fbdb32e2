"""What waits for people: decide it, edit it. What they look at first is in `approval_reads`."""

import base64
import contextlib
import json
from typing import Any
from uuid import UUID

from pipeline.approval_edit import edit_payload
from pipeline.approval_store import cast_vote, withdraw_vote
from pipeline.approval_view import StoredApproval, load_approval, tally_of
from pipeline.identity import remember_person
from pipeline.reauthentication import proof_of
from pipeline.strict_json import JsonInvalid, JsonTooDeep, parse
from web.access import PEOPLE_OF_THE_TENANT, current_caller
from web.decision_schemas import CastBody, EditedView
from web.edited_payload import is_json
from web.endpoint import endpoint, make_blueprint
from web.schemas import ApprovalView, EditBody
from web.services import acting, services

blueprint = make_blueprint("approvals", "Questions to people, and their answers")

ETAG = {"ETag": {"description": "The digest, quoted.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}

Answer = tuple[dict[str, Any], int, dict[str, str]]


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>/votes",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=ApprovalView,
    body=CastBody,
    problems=[404, 409, 410],
    headers=ETAG,
)
def vote(body: dict[str, Any], approval_id: UUID) -> Answer:
    """Approve or reject, once, as oneself or with a vote one was lent

    The vote that meets the requirement decides, and so does one reject. The same vote again
    changes nothing.
    """
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        voted = cast_vote(
            work,
            services().keyring,
            approval_id,
            person_id=person_id,
            display_name=caller.identity.name,
            groups=caller.voting_groups,
            verdict=body["verdict"],
            digest=bytes.fromhex(body["digest"]),
            reason=body["reason"],
            preset=body["reject_reason"],
            proof=proof_of(caller.identity),
            lent_by=body["on_behalf_of"],
        )
        return answer(voted)


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>/withdraw",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=ApprovalView,
    problems=[404, 409, 410],
    headers=ETAG,
)
def withdraw(approval_id: UUID) -> Answer:
    """Take one's vote back while nothing is decided; one may vote anew"""
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        return answer(withdraw_vote(work, approval_id, person_id=person_id))


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>/edit",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=201,
    answer=EditedView,
    body=EditBody,
    problems=[404, 409, 410],
    headers=ETAG | LOCATION,
)
def edit(body: dict[str, Any], approval_id: UUID) -> Answer:
    """Replace the payload: votes are void, the question is asked anew, its editor cannot vote"""
    caller = current_caller()
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        asked = load_approval(work, approval_id)
        content = services().payloads.content(body, asked.content_type)
        new_id = edit_payload(
            work,
            approval_id,
            person_id=person_id,
            digest=bytes.fromhex(body["digest"]),
            content=content,
        )
        shown, _, headers = answer(load_approval(work, new_id))
    shown["replaces"] = {"id": approval_id, "digest": asked.digest.hex()}
    return shown, 201, headers | {"Location": f"/v1/approvals/{new_id}"}


def answer(approval: StoredApproval) -> Answer:
    body = {
        "id": approval.approval_id,
        "run_id": approval.run_id,
        "epoch": approval.epoch,
        "status": approval.status,
        "opened_at": approval.opened_at,
        "expires_at": approval.expires_at,
        "decided_at": approval.decided_at,
        "digest": approval.digest.hex(),
        "action": json.loads(approval.action),
        "action_base64": base64.b64encode(approval.action).decode(),
        "payload": shown_payload(approval.payload, approval.content_type),
        "requirement": approval.requirement.as_json(),
        "tally": tally_of(approval),
        "votes": approval.votes,
        "excluded": approval.excluded,
    }
    return body, 200, {"ETag": f'"{approval.digest.hex()}"'}


def shown_payload(content: bytes, content_type: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "content_type": content_type,
        "size": len(content),
        "base64": base64.b64encode(content).decode(),
    }
    if is_json(content_type):
        # What was accepted is strict JSON; were it not, the bytes are shown, and they count.
        with contextlib.suppress(JsonInvalid, JsonTooDeep):
            shown["json"] = parse(content, max_depth=services().payloads.max_depth)
    return shown
