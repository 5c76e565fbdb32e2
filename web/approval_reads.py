"""What waits for people, as they look at it: the list, the badge's count, one with all it covers.

Reading never decides.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pipeline.approval_detail import ApprovalDetail, OtherPayload, load_detail
from pipeline.approval_line import ApprovalLine, load_lines
from pipeline.approval_list import Asked, Sort, count_waiting, find_approvals
from pipeline.approval_position import Viewer, viewer_of
from pipeline.approval_view import load_approval
from pipeline.author_keys import signers_of, unsigned_because
from pipeline.identity import person_id_of
from pipeline.sandbox_words import in_words
from pipeline.work import Work
from web.access import READERS, current_caller
from web.approval_bundle import Listings, compare, show_file
from web.approval_schemas import (
    ME,
    ApprovalDetailView,
    ApprovalFileQuery,
    ApprovalFileView,
    ApprovalPage,
    ApprovalsQuery,
    WaitingQuery,
    WaitingView,
)
from web.approvals import ETAG, Answer, answer, shown_payload
from web.endpoint import endpoint, make_blueprint
from web.services import reading

blueprint = make_blueprint("inbox", "What waits for people")

_listings = Listings()


@endpoint(
    blueprint,
    "/v1/approvals",
    access=READERS,
    status=200,
    answer=ApprovalPage,
    query=ApprovalsQuery,
)
def list_approvals(query: dict[str, Any]) -> dict[str, Any]:
    """List approvals: what waits for the caller, or the tenant's by filter"""
    with reading() as work:
        viewer = _viewer(work)
        found = find_approvals(work, viewer, _asked(query))
        items = load_lines(work, viewer, found.approval_ids)
    return {"items": items, "next": None if found.after is None else found.after.cursor()}


@endpoint(
    blueprint,
    "/v1/approvals/count",
    access=READERS,
    status=200,
    answer=WaitingView,
    query=WaitingQuery,
)
def count(query: dict[str, Any]) -> dict[str, Any]:
    """Count what waits for the caller"""
    del query
    with reading() as work:
        found, more = count_waiting(work, _viewer(work))
    return {"count": found, "more": more}


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>",
    access=READERS,
    status=200,
    answer=ApprovalDetailView,
    problems=[404],
    headers=ETAG,
)
def show(approval_id: UUID) -> Answer:
    """Show an approval with everything its digest covers, and what a person weighs"""
    with reading() as work:
        body, status, headers = answer(load_approval(work, approval_id))
        (line,) = load_lines(work, _viewer(work), [approval_id])
        return body | _surroundings(work, line, load_detail(work, line)), status, headers


@endpoint(
    blueprint,
    "/v1/approvals/<uuid:approval_id>/files",
    access=READERS,
    status=200,
    answer=ApprovalFileView,
    query=ApprovalFileQuery,
    problems=[404],
)
def show_bundle_file(query: dict[str, Any], approval_id: UUID) -> dict[str, Any]:
    """Show one file of the bundle, and how it differs from the last approved one"""
    with reading() as work:
        load_approval(work, approval_id)
        (line,) = load_lines(work, _viewer(work), [approval_id])
        last = load_detail(work, line).last_approved
        text, change = show_file(
            work,
            query["path"],
            digest=line.action["bundle_digest"],
            before=None if last is None else last.bundle_digest,
        )
    return {
        "path": query["path"],
        "size": None if text is None else text.size,
        "text": None if text is None else text.text,
        "text_cut": False if text is None else text.cut,
        "change": None if change is None else change.change.value,
        "diff": None if change is None else change.diff,
        "diff_cut": False if change is None else change.cut,
    }


def _viewer(work: Work) -> Viewer:
    """The caller, as the tenant knows them."""
    caller = current_caller()
    return viewer_of(
        work,
        person_id_of(work, caller.identity),
        caller.voting_groups,
        is_person=caller.identity.kind == "human",
    )


def _asked(query: Mapping[str, Any]) -> Asked:
    for_me = query["for_"] == ME
    default = Sort.EXPIRES if for_me else Sort.NEWEST
    return Asked(
        statuses=tuple(sorted(set(query["status"]))),
        for_viewer=for_me,
        assistant=query["assistant"],
        rule=query["rule"],
        source_id=query["source"],
        requester_person_id=query["requester"],
        sort=default if query["sort"] is None else Sort(query["sort"]),
        after=query["after"],
        limit=query["limit"],
    )


def _surroundings(work: Work, line: ApprovalLine, detail: ApprovalDetail) -> dict[str, Any]:
    return {
        "line": line,
        "asked": {
            "requester": line.requester,
            **{name: getattr(detail, name) for name in _ASKED},
        },
        "assistant_version": line.action["assistant_version"],
        "bundle": _bundle(work, detail),
        "payload_before_edit": _payload(detail.payload_before_edit),
        "previous_payload": _payload(detail.previous_payload),
        "sandbox": in_words(line.action),
        "post_actions": detail.post_actions,
        "can_still_vote": detail.can_still_vote,
        "me": line.position,
        "my_vote": line.my_vote,
    }


_ASKED: Final = ("source_kind", "source_scheme", "origin", "received_at", "traceparent")


def _bundle(work: Work, detail: ApprovalDetail) -> dict[str, Any]:
    last = detail.last_approved
    files = _listings.files(work, detail.bundle_digest)
    before = None if last is None else _listings.files(work, last.bundle_digest)
    return {
        "digest": detail.bundle_digest,
        "files": None if files is None else compare(files, before),
        "last_approved": last,
        "changed": last is not None and last.bundle_digest != detail.bundle_digest,
        "signers": signers_of(work, detail.bundle_digest),
        "unsigned_because": unsigned_because(work, detail.bundle_digest),
    }


def _payload(other: OtherPayload | None) -> dict[str, Any] | None:
    if other is None:
        return None
    named = {each.name: getattr(other, each.name) for each in dataclasses.fields(other)}
    return named | shown_payload(other.content, other.content_type)
