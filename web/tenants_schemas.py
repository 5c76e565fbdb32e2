"""Tenants and visits, as the OpenAPI document says it."""

from datetime import timedelta
from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.visit import LONGEST, LONGEST_REASON
from web.schemas import LARGEST_PAGE, PAGE, WORDS, Page, Strict

MOST_MINUTES: Final = LONGEST // timedelta(minutes=1)


class TenantQuery(Strict):
    cursor = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^[a-z][a-z0-9-]{1,38}$"),
        metadata={"description": "`next` of the page before."},
    )
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class RateView(Schema):
    per_minute = fields.Integer(required=True)
    burst = fields.Integer(required=True, metadata={"description": "At once, at most."})


class TenantView(Schema):
    id = fields.UUID(required=True, attribute="tenant_id")
    tenant = fields.String(
        required=True, attribute="slug", metadata={"description": "Its short name."}
    )
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["holding", "subsidiary"]))
    created_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    rate = fields.Nested(
        RateView,
        required=True,
        allow_none=True,
        metadata={"description": "Of all its senders together; null: as the edge's settings say."},
    )
    open_approvals = fields.Integer(required=True)
    moving_runs = fields.Integer(
        required=True, metadata={"description": "Runs that have not come to their end."}
    )
    dead_letters = fields.Integer(
        required=True, metadata={"description": "Failed runs nobody has looked after yet."}
    )


class TenantPage(Schema):
    items = fields.List(fields.Nested(TenantView), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`cursor` of the next page."}
    )


class VisitBody(Strict):
    reason = fields.String(
        required=True,
        validate=[
            validate.Length(max=LONGEST_REASON),
            WORDS,
        ],
        metadata={"description": "Why; the tenant reads it."},
    )
    minutes = fields.Integer(load_default=MOST_MINUTES, validate=validate.Range(1, MOST_MINUTES))


class VisitView(Schema):
    id = fields.UUID(required=True, attribute="visit_id")
    person_id = fields.UUID(required=True)
    name = fields.String(required=True, attribute="display_name")
    reason = fields.String(required=True)
    begun_at = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    lasts = fields.Boolean(required=True, metadata={"description": "Whether they act here now."})


class VisitPage(Page):
    items = fields.List(fields.Nested(VisitView), required=True)
