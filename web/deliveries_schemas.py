"""Deliveries, as the OpenAPI document says them."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.delivery import Outcome
from pipeline.resending import MOST_AT_ONCE
from web.names import NAME
from web.queues_schemas import reason_field
from web.schemas import LARGEST_PAGE, PAGE, Page, Strict, Whole

OUTCOMES: Final = validate.OneOf([each.value for each in Outcome])
A_TARGET: Final = validate.Regexp(f"^{NAME}$", error="No target can have this name.")


class Narrowed(Strict):
    """What narrows deliveries."""

    run = fields.UUID(load_default=None)
    target = fields.String(load_default=None, validate=A_TARGET, metadata={"pattern": f"^{NAME}$"})
    outcome = fields.String(load_default=None, validate=OUTCOMES)
    since = fields.AwareDateTime(load_default=None, metadata={"description": "Attempted since."})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "Attempted until."})


class DeliveriesQuery(Narrowed):
    cursor = fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class NarrowedBody(Narrowed):
    """Deliveries to send again; at least one member, and `outcome` is the last attempt's."""

    delivery = fields.UUID(load_default=None, metadata={"description": "This one alone."})


class ReplayBody(NarrowedBody):
    count = Whole(
        required=True,
        validate=validate.Range(0, MOST_AT_ONCE),
        metadata={"description": "What the preview counted; where it is another, nothing is sent."},
    )
    reason = reason_field(required=True)


class DeliveryView(Schema):
    """One attempt at a post-action."""

    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True)
    position = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    target = fields.String(required=True)
    version = fields.Integer(required=True)
    idempotency_key = fields.String(required=True)
    outcome = fields.String(required=True, validate=OUTCOMES)
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True)
    attempted_at = fields.AwareDateTime(required=True)
    replayed = fields.Boolean(required=True, metadata={"description": "A person asked for it."})
    response_bytes = fields.Integer(required=True, allow_none=True)


class DeliveriesPage(Page):
    items = fields.List(fields.Nested(DeliveryView), required=True)


class DeliveryStory(DeliveryView):
    """With what was answered. A receiver wrote that: it is text, never markup."""

    url = fields.String(required=True)
    response = fields.String(required=True, allow_none=True)


class PlannedView(Schema):
    """The last attempt at what would be sent again."""

    run_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True)
    position = fields.Integer(required=True)
    target = fields.String(required=True)
    outcome = fields.String(required=True, validate=OUTCOMES)
    attempted_at = fields.AwareDateTime(required=True)


class PlanView(Schema):
    count = fields.Integer(
        required=True, metadata={"description": "How many would be sent again; counted to 2000."}
    )
    skipped = fields.Integer(
        required=True,
        metadata={"description": "Under way just now, or their target was removed."},
    )
    most = fields.Integer(
        required=True, metadata={"description": "How many can be sent again at once."}
    )
    first = fields.List(fields.Nested(PlannedView), required=True)


class ReplayView(Schema):
    replayed = fields.Integer(required=True)
