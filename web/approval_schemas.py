"""Approvals as people read them, as the OpenAPI document says it."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate

from pipeline.approval_list import CURSOR_PATTERN, MOST_COUNTED, STATUSES, Place, Sort
from pipeline.approval_position import WhyNot
from pipeline.approval_risk import Level
from web.bundles_schemas import BundleSignerView
from web.schemas import (
    LARGEST_PAGE,
    PAGE,
    ApprovalView,
    HexBytes,
    PayloadView,
    RuleCountView,
)

ME: Final = "me"
NAME: Final = validate.Regexp(r"^[a-z][a-z0-9-]{0,62}$", error="Must be a short name.")
SHORT_PAGE: Final = (
    " A page may be shorter than `limit`, or empty, while `next` names another: a request reads a"
    " bounded number of rows."
)


class ApprovalsQuery(Schema):
    """Filters; each narrows the list."""

    for_ = fields.String(
        data_key="for",
        load_default=None,
        validate=validate.OneOf([ME]),
        metadata={"description": "`me`: what waits for the caller, who may vote on it now."},
    )
    status = fields.List(
        fields.String(validate=validate.OneOf(STATUSES)),
        load_default=lambda: ["open"],
        metadata={"description": "One or several; `open` where not given."},
    )
    assistant = fields.String(
        load_default=None, validate=NAME, metadata={"description": "Its name."}
    )
    rule = fields.String(
        load_default=None, validate=NAME, metadata={"description": "A rule's name."}
    )
    source = fields.UUID(load_default=None)
    requester = fields.UUID(
        load_default=None, metadata={"description": "The person or client that asked."}
    )
    sort = fields.String(
        load_default=None,
        validate=validate.OneOf([each.value for each in Sort]),
        metadata={
            "description": "`expires`: what expires next first, as is the default with `for=me`;"
            " `newest`: what was opened last first, the default otherwise."
        },
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Regexp(CURSOR_PATTERN, error="Is not the `next` of a page."),
        metadata={"description": "`next` of the page before, in the same order."},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))

    @post_load
    def read_cursor(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        given["after"] = None if given["cursor"] is None else _place(given["cursor"])
        return given


def _place(cursor: str) -> Place:
    try:
        return Place.read(cursor)
    except ValueError as error:
        raise ValidationError(str(error), "cursor") from error


class WaitingQuery(Schema):
    for_ = fields.String(
        data_key="for",
        load_default=ME,
        validate=validate.OneOf([ME]),
        metadata={"description": "Whose: there is only `me`."},
    )


class WaitingView(Schema):
    count = fields.Integer(
        required=True, metadata={"description": f"What waits; {MOST_COUNTED} at most."}
    )
    more = fields.Boolean(
        required=True, metadata={"description": "There may be more than were counted."}
    )


class RequesterView(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(["source", "person", "client"]))
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class HeldByView(Schema):
    policy = fields.String(required=True, metadata={"description": "The policy's `@id`."})
    description = fields.String(required=True, allow_none=True)
    rule = fields.String(
        required=True, allow_none=True, metadata={"description": "Its `@hold`, if it has one."}
    )


class RiskReasonView(Schema):
    code = fields.String(required=True)
    points = fields.Integer(required=True)
    text = fields.String(required=True)


class RiskView(Schema):
    """Points for facts. It decides nothing."""

    level = fields.Enum(Level, by_value=True, required=True)
    score = fields.Integer(required=True)
    reasons = fields.List(fields.Nested(RiskReasonView), required=True)


class LoanView(Schema):
    """A vote that was lent to the caller: name the lender as `on_behalf_of`."""

    lender_id = fields.UUID(required=True)
    lender = fields.String(required=True)


class PositionView(Schema):
    """Whether a vote of the caller's would count now."""

    can_vote = fields.Boolean(required=True)
    itself = fields.Boolean(
        required=True, metadata={"description": "Their own vote; otherwise only one of `via`."}
    )
    via = fields.List(
        fields.Nested(LoanView),
        required=True,
        metadata={"description": "Votes lent to them that would count."},
    )
    why_not = fields.Enum(WhyNot, by_value=True, required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)


class ApprovalLine(Schema):
    id = fields.UUID(required=True, attribute="approval_id")
    run_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    tenant = fields.String(required=True)
    assistant = fields.String(required=True)
    requester = fields.Nested(RequesterView, required=True)
    source = fields.String(
        required=True, allow_none=True, metadata={"description": "Its name, if one asked."}
    )
    summary = fields.String(
        required=True,
        metadata={"description": "The payload in one line of plain text: show it as text."},
    )
    rules = fields.List(fields.String(), required=True)
    progress = fields.List(fields.Nested(RuleCountView), required=True)
    held_by = fields.List(fields.Nested(HeldByView), required=True)
    policy_version = fields.Integer(required=True, allow_none=True)
    risk = fields.Nested(RiskView, required=True)
    opened_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    digest = HexBytes(required=True)
    can_vote = fields.Boolean(required=True, attribute="position.can_vote")
    via = fields.List(
        fields.Nested(LoanView),
        required=True,
        attribute="position.via",
        metadata={"description": "Votes lent to the caller that would count."},
    )
    why_not = fields.Enum(
        WhyNot, by_value=True, required=True, allow_none=True, attribute="position.why_not"
    )
    why_not_detail = fields.String(required=True, allow_none=True, attribute="position.detail")
    my_vote = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["approve", "reject"])
    )


class ApprovalPage(Schema):
    items = fields.List(fields.Nested(ApprovalLine), required=True)
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`cursor` of the next page." + SHORT_PAGE},
    )


class WhoAsksView(Schema):
    """Who asks, and from where."""

    requester = fields.Nested(RequesterView, required=True)
    source_kind = fields.String(required=True, allow_none=True)
    source_scheme = fields.String(required=True, allow_none=True)
    origin = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "What the edge noted of the request."},
    )
    received_at = fields.AwareDateTime(required=True)
    traceparent = fields.String(required=True, allow_none=True)


class ComparedFileView(Schema):
    path = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    executable = fields.Boolean(required=True)
    change = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["added", "removed", "changed"]),
        metadata={"description": "Since the last approved bundle; null where nothing changed."},
    )


class LastApprovedView(Schema):
    approval_id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    decided_at = fields.AwareDateTime(required=True)
    bundle_digest = fields.String(required=True)


class ApprovalBundleView(Schema):
    digest = fields.String(required=True)
    files = fields.List(
        fields.Nested(ComparedFileView),
        required=True,
        allow_none=True,
        metadata={"description": "Null where the bundle cannot be read."},
    )
    last_approved = fields.Nested(
        LastApprovedView,
        required=True,
        allow_none=True,
        metadata={"description": "The assistant's last approval before this one."},
    )
    changed = fields.Boolean(
        required=True, metadata={"description": "Another bundle than was last approved."}
    )
    signers = fields.List(fields.Nested(BundleSignerView), required=True)
    unsigned_because = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why it will not be launched for want of a signature."},
    )


class OtherPayloadView(PayloadView):
    run_id = fields.UUID(required=True)
    approval_id = fields.UUID(required=True, allow_none=True)
    epoch = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)


class SandboxWordsView(Schema):
    """What the sandbox allows, a list of sentences a subject."""

    network = fields.List(fields.String(), required=True)
    files = fields.List(fields.String(), required=True)
    syscalls = fields.List(fields.String(), required=True)
    limits = fields.List(fields.String(), required=True)


class PostActionView(Schema):
    position = fields.Integer(required=True)
    target_id = fields.UUID(required=True)
    name = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    url = fields.String(required=True)
    template = fields.String(required=True, allow_none=True)


class PossibleVoterView(Schema):
    person_id = fields.UUID(required=True)
    name = fields.String(required=True)
    rules = fields.List(fields.String(), required=True)


class ApprovalDetailView(ApprovalView):
    """The question with everything its digest covers, and what surrounds it."""

    line = fields.Nested(
        ApprovalLine, required=True, metadata={"description": "As the list shows it."}
    )
    asked = fields.Nested(WhoAsksView, required=True)
    assistant_version = fields.String(
        required=True, metadata={"description": "The assistant's id, @, and the version."}
    )
    bundle = fields.Nested(ApprovalBundleView, required=True)
    payload_before_edit = fields.Nested(OtherPayloadView, required=True, allow_none=True)
    previous_payload = fields.Nested(
        OtherPayloadView,
        required=True,
        allow_none=True,
        metadata={"description": "What was approved last of the same assistant and source."},
    )
    sandbox = fields.Nested(SandboxWordsView, required=True)
    post_actions = fields.List(fields.Nested(PostActionView), required=True)
    can_still_vote = fields.List(fields.Nested(PossibleVoterView), required=True)
    me = fields.Nested(PositionView, required=True)
    my_vote = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["approve", "reject"])
    )


class ApprovalFileQuery(Schema):
    path = fields.String(
        load_default="awgp.toml",
        validate=validate.Length(1, 255),
        metadata={"description": "The manifest where not given."},
    )


class ApprovalFileView(Schema):
    """A file of the bundle, as text: never as markup."""

    path = fields.String(required=True)
    size = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null: it was removed."}
    )
    text = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where it is no text."}
    )
    text_cut = fields.Boolean(required=True)
    change = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["added", "removed", "changed"]),
        metadata={"description": "Since the last approved bundle; null where nothing changed."},
    )
    diff = fields.String(
        required=True, allow_none=True, metadata={"description": "Unified, where both are text."}
    )
    diff_cut = fields.Boolean(required=True)
