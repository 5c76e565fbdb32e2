"""Dead letters, as the OpenAPI document says them."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.dead_letters import STATES
from pipeline.run import Stage, Status
from web.names import NAME
from web.queues_schemas import reason_field
from web.schemas import LARGEST_PAGE, PAGE, PLAIN_TEXT, Page, Strict, Whole

MOST_AT_ONCE: Final = 100
CURSOR: Final = r"^[0-9]{1,20}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
STAGES: Final = [stage.value for stage in Stage]
A_PART: Final = [validate.Length(min=1, max=200), PLAIN_TEXT]
AN_ASSISTANT: Final = validate.Regexp(f"^{NAME}$", error="No assistant can have this name.")


class Narrowed(Strict):
    """What narrows dead letters."""

    stage = fields.String(
        load_default=None,
        validate=validate.OneOf(STAGES),
        metadata={"description": "Where it was given up."},
    )
    assistant = fields.String(
        load_default=None, validate=AN_ASSISTANT, metadata={"pattern": f"^{NAME}$"}
    )
    error = fields.String(
        load_default=None,
        validate=A_PART,
        metadata={"description": "A part of the error, in any case."},
    )
    run = fields.UUID(load_default=None)
    since = fields.AwareDateTime(load_default=None, metadata={"description": "Given up since."})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "Given up until."})


class DeadLettersQuery(Narrowed):
    state = fields.String(load_default="open", validate=validate.OneOf(list(STATES)))
    cursor = fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))


class WhyBody(Strict):
    reason = reason_field(required=True)


class ManyBody(Narrowed):
    reason = reason_field(required=True)
    limit = Whole(
        load_default=MOST_AT_ONCE,
        validate=validate.Range(1, MOST_AT_ONCE),
        metadata={"description": "How many this call does at most."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Regexp(CURSOR, error="Not a `next` of this endpoint."),
        metadata={
            "description": "`next` of the call before, to go on; repeat its other members.",
            "pattern": CURSOR,
        },
    )


class DeadLetterView(Schema):
    """A run that was given up at a stage, and why."""

    id = fields.UUID(required=True, attribute="dead_letter_id")
    run_id = fields.UUID(required=True)
    epoch = fields.Integer(required=True)
    stage = fields.Enum(Stage, by_value=True, required=True, attribute="queue")
    assistant = fields.String(required=True)
    run_status = fields.Enum(Status, by_value=True, required=True)
    state = fields.String(required=True, validate=validate.OneOf(["open", "replayed", "discarded"]))
    error = fields.String(required=True)
    failures = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    replayed_at = fields.AwareDateTime(required=True, allow_none=True)
    discarded_at = fields.AwareDateTime(required=True, allow_none=True)


class DeadLetterPage(Page):
    items = fields.List(fields.Nested(DeadLetterView), required=True)


class DeadLetterStory(DeadLetterView):
    """One of them, with every other time its run was given up."""

    others = fields.List(fields.Nested(DeadLetterView), required=True)


class SkippedView(Schema):
    reason = fields.String(required=True)
    count = fields.Integer(required=True)


class ManyView(Schema):
    """What one call did."""

    done = fields.Integer(required=True)
    skipped = fields.List(
        fields.Nested(SkippedView),
        required=True,
        metadata={"description": "Those it could not be done to; they hold up no other."},
    )
    left = fields.Integer(required=True, metadata={"description": "How many come after these."})
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`cursor` to go on with; null when all are through."},
    )
