"""Links from notices: opening one decides nothing; deciding with one uses it up."""

from typing import Any

from flask import Response

from pipeline.approval_store import cast_vote
from pipeline.decision_link import LinkUnknown, read_token, use_link
from pipeline.identity import remember_person
from pipeline.reauthentication import proof_of
from web.access import ANYONE, PEOPLE_OF_THE_TENANT, current_caller
from web.approvals import ETAG, LOCATION, Answer, answer
from web.decision_schemas import LinkBody
from web.endpoint import endpoint, make_blueprint
from web.schemas import ApprovalView
from web.services import acting, services

blueprint = make_blueprint("decision-links", "Links from notices to a question")


@endpoint(
    blueprint,
    "/d/<token>",
    access=ANYONE,
    status=302,
    answer={"type": "string"},
    media_type="text/plain",
    problems=[404],
    headers=LOCATION,
)
def open_link(token: str) -> Response:
    """Go to the question's page; nothing is read, decided or used up

    The token goes on in the fragment, which no server sees and no referrer carries.
    """
    link = read_token(token)
    page = f"/approvals/{link.approval_id}?tenant={link.tenant}#link={link.text}"
    return Response(status=302, headers={"Location": page}, content_type="text/plain")


@endpoint(
    blueprint,
    "/v1/decision-links",
    method="POST",
    access=PEOPLE_OF_THE_TENANT,
    status=200,
    answer=ApprovalView,
    body=LinkBody,
    problems=[404, 409, 410],
    headers=ETAG,
)
def decide(body: dict[str, Any]) -> Answer:
    """Vote as oneself by a link that was made for oneself, and use it up"""
    caller, token = current_caller(), read_token(body["token"])
    if token.tenant != caller.tenant:
        raise LinkUnknown("no such link in this tenant")
    digest = bytes.fromhex(body["digest"])
    with acting() as work:
        person_id = remember_person(work, caller.identity, groups=caller.voting_groups)
        use_link(work, token, person_id=person_id, digest=digest)
        voted = cast_vote(
            work,
            services().keyring,
            token.approval_id,
            person_id=person_id,
            display_name=caller.identity.name,
            groups=caller.voting_groups,
            verdict=body["verdict"],
            digest=digest,
            reason=body["reason"],
            preset=body["reject_reason"],
            proof=proof_of(caller.identity),
        )
        return answer(voted)
