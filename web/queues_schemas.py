"""Queues, as the OpenAPI document says them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.queue_state import QueueState
from pipeline.run import Stage
from pipeline.wanted_processes import MOST_OF_A_KIND
from web.schemas import PLAIN_TEXT, Strict, Whole

LONGEST_REASON: Final = 500
LONGEST_HISTORY_MINUTES: Final = 24 * 60
REASON: Final = [validate.Length(min=1, max=LONGEST_REASON), PLAIN_TEXT]
SCOPES: Final = ("tenant", "machine")


def reason_field(**further: Any) -> fields.String:
    """Why, as the audit trail keeps it."""
    help_ = {"description": "Why; kept in the audit trail."}
    return fields.String(validate=REASON, metadata=help_, **further)


class HistoryQuery(Strict):
    minutes = fields.Integer(
        load_default=60,
        validate=validate.Range(1, LONGEST_HISTORY_MINUTES),
        metadata={"description": "How far back."},
    )


class ReasonBody(Strict):
    reason = reason_field(required=True)


class ScaleBody(Strict):
    processes = Whole(
        required=True,
        validate=validate.Range(0, MOST_OF_A_KIND),
        metadata={"description": "How many are to run from now on."},
    )
    reason = reason_field(required=True)


class Share(Schema):
    """What waits and what failed."""

    depth = fields.Integer(
        required=True, metadata={"description": "What is due now, worked on or not."}
    )
    oldest_seconds = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "How long the oldest that nobody works on has been due."},
    )
    in_flight = fields.Integer(required=True)
    retrying = fields.Integer(
        required=True, metadata={"description": "What failed before and waits for its next try."}
    )
    dead = fields.Integer(required=True, metadata={"description": "Open dead letters."})


class TenantShare(Share):
    tenant = fields.String(required=True)


class WantedView(Schema):
    """How many processes are wanted, and who said so."""

    processes = fields.Integer(required=True, attribute="number")
    changed_at = fields.AwareDateTime(required=True)
    changed_by = fields.String(required=True)
    reason = fields.String(required=True)


class QueueView(Share):
    """How a queue stands: all of it for the holding, the tenant's share for its own people."""

    queue = fields.Enum(Stage, by_value=True, required=True)
    state = fields.Enum(QueueState, by_value=True, required=True)
    changed_at = fields.AwareDateTime(required=True)
    changed_by = fields.String(
        required=True, metadata={"description": "A person's id, or the user at the machine."}
    )
    changed_by_name = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What that person is called; for the holding."},
    )
    reason = fields.String(required=True)
    drain_left = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Of a drain, what is left to work off; for the holding."},
    )
    workers = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Processes that serve it now; null where nobody can say."},
    )
    rate = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Messages worked on a second; for the holding."},
    )
    wanted = fields.Nested(
        WantedView,
        required=True,
        allow_none=True,
        metadata={"description": "null where nobody ever said."},
    )
    etag = fields.String(
        required=True, metadata={"description": "For If-Match, to scale it; without quotes."}
    )
    tenants = fields.List(
        fields.Nested(TenantShare),
        required=True,
        metadata={"description": "Each tenant's share, largest first; for the holding."},
    )


class QueuesView(Schema):
    at = fields.AwareDateTime(required=True)
    scope = fields.String(
        required=True,
        validate=validate.OneOf(SCOPES),
        metadata={"description": "Whether the figures are one tenant's or the whole machine's."},
    )
    broker = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What is wrong with the broker; null when it answers."},
    )
    items = fields.List(fields.Nested(QueueView), required=True)


class HistoryFigures(Schema):
    queue = fields.Enum(Stage, by_value=True, required=True)
    depth = fields.Integer(required=True)
    in_flight = fields.Integer(required=True)
    retrying = fields.Integer(required=True)
    dead = fields.Integer(required=True)
    oldest_seconds = fields.Float(required=True, allow_none=True)
    workers = fields.Integer(required=True, allow_none=True)
    rate = fields.Float(required=True, allow_none=True)


class HistoryPoint(Schema):
    at = fields.AwareDateTime(required=True)
    queues = fields.List(fields.Nested(HistoryFigures), required=True)


class HistoryView(Schema):
    scope = fields.String(required=True, validate=validate.OneOf(SCOPES))
    step_seconds = fields.Integer(
        required=True,
        metadata={
            "description": "How far apart points are; each says the highest figures around it."
        },
    )
    items = fields.List(fields.Nested(HistoryPoint), required=True)
