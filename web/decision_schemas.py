"""Decisions, and what surrounds them, as the OpenAPI document says it."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.approval import MAX_PRESET, Verdict
from pipeline.break_glass import ReviewVerdict
from web.schemas import (
    DIGEST,
    DIGEST_HELP,
    LONGEST_REASON,
    PLAIN_TEXT,
    WORDS,
    ApprovalView,
    Page,
    PageQuery,
    Strict,
    VoteBody,
)

MOST_AT_ONCE = 50
SAID: Final = [validate.Length(min=1, max=LONGEST_REASON), WORDS]


class CastBody(VoteBody):
    reject_reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(min=1, max=MAX_PRESET), PLAIN_TEXT],
        metadata={"description": "One the rules offer; the requester is told it."},
    )
    on_behalf_of = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "The person who lent their vote; it is theirs that counts."},
    )


class Replaced(Schema):
    id = fields.UUID(required=True)
    digest = fields.String(required=True, metadata={"description": DIGEST_HELP})


class EditedView(ApprovalView):
    """The new question, and which one it takes the place of."""

    replaces = fields.Nested(Replaced, required=True)


class BatchItemBody(Strict):
    id = fields.UUID(required=True)
    digest = fields.String(required=True, validate=DIGEST, metadata={"description": DIGEST_HELP})


class BatchBody(Strict):
    verdict = fields.Enum(Verdict, by_value=True, required=True)
    reason = fields.String(
        load_default="", validate=[validate.Length(max=LONGEST_REASON), PLAIN_TEXT]
    )
    reject_reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(min=1, max=MAX_PRESET), PLAIN_TEXT],
    )
    approvals = fields.List(
        fields.Nested(BatchItemBody),
        required=True,
        validate=validate.Length(min=1, max=MOST_AT_ONCE),
    )


class BatchItem(Schema):
    id = fields.UUID(required=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(["decided", "counted", "refused"]),
        metadata={"description": "`counted`: the vote counts, and more are needed."},
    )
    status = fields.String(required=True, allow_none=True)
    problem = fields.Dict(
        required=True, allow_none=True, metadata={"description": "RFC 9457, of what was refused."}
    )


class BatchView(Schema):
    items = fields.List(fields.Nested(BatchItem), required=True)


class BreakGlassBody(Strict):
    digest = fields.String(required=True, validate=DIGEST, metadata={"description": DIGEST_HELP})
    reason = fields.String(required=True, validate=SAID)


class ReviewsQuery(PageQuery):
    status = fields.String(load_default="open", validate=validate.OneOf(["open", "closed"]))


class ReviewBody(Strict):
    verdict = fields.Enum(ReviewVerdict, by_value=True, required=True)
    note = fields.String(required=True, validate=SAID)


class ReviewView(Schema):
    """Somebody approved alone; open until another person has looked at it."""

    id = fields.UUID(required=True, attribute="review_id")
    approval_id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    person = fields.String(required=True)
    reason = fields.String(required=True)
    opened_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_by_id = fields.UUID(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    verdict = fields.Enum(ReviewVerdict, by_value=True, required=True, allow_none=True)
    note = fields.String(required=True)
    excluded_as = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "By what part in it four eyes keep you from closing it."},
    )


class ReviewPage(Page):
    items = fields.List(fields.Nested(ReviewView), required=True)


class DelegationsQuery(PageQuery):
    whose = fields.String(load_default="mine", validate=validate.OneOf(["mine", "all"]))
    status = fields.String(load_default="current", validate=validate.OneOf(["current", "all"]))


class DelegationBody(Strict):
    to = fields.UUID(required=True, metadata={"description": "The person who may vote."})
    groups = fields.List(
        fields.String(validate=validate.Length(min=1, max=128)),
        required=True,
        validate=validate.Length(min=1, max=MOST_AT_ONCE),
        metadata={"description": "Of your own voting groups (`GET /v1/me`)."},
    )
    ends_at = fields.AwareDateTime(
        required=True, metadata={"description": "Within 90 days from now."}
    )
    starts_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Now, where not given."}
    )
    reason = fields.String(
        load_default="", validate=[validate.Length(max=LONGEST_REASON), PLAIN_TEXT]
    )


class DelegationView(Schema):
    """Whose votes another person may give, with which groups, from when until when."""

    id = fields.UUID(required=True, attribute="delegation_id")
    from_id = fields.UUID(required=True, attribute="delegator_id")
    from_name = fields.String(required=True, attribute="delegator")
    to_id = fields.UUID(required=True, attribute="delegate_id")
    to_name = fields.String(required=True, attribute="delegate")
    groups = fields.List(fields.String(), required=True)
    reason = fields.String(required=True)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class DelegationPage(Page):
    items = fields.List(fields.Nested(DelegationView), required=True)


class LinkBody(Strict):
    token = fields.String(required=True, load_only=True, validate=validate.Length(max=200))
    verdict = fields.Enum(Verdict, by_value=True, required=True)
    digest = fields.String(required=True, validate=DIGEST, metadata={"description": DIGEST_HELP})
    reason = fields.String(
        load_default="", validate=[validate.Length(max=LONGEST_REASON), PLAIN_TEXT]
    )
    reject_reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(min=1, max=MAX_PRESET), PLAIN_TEXT],
    )
