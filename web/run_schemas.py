"""Runs as people read them, as the OpenAPI document says it."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline import agent_event
from pipeline.run import Stage, Status
from pipeline.run_timeline import StageState
from web.approval_schemas import NAME, HeldByView, RequesterView
from web.schemas import LONGEST_REASON, PLAIN_TEXT, Page, PageQuery, Strict

STATUSES: Final = validate.OneOf([status.value for status in Status])
PREFIX: Final = validate.Regexp(r"^[0-9a-fA-F-]{1,36}$", error="Must be hex digits and dashes.")
MOST_AFTER: Final = 2**31 - 1


class RunsQuery(PageQuery):
    """Filters; each narrows the list."""

    status = fields.List(
        fields.String(validate=STATUSES),
        load_default=list,
        metadata={"description": "One or several; any where not given."},
    )
    assistant = fields.String(
        load_default=None, validate=NAME, metadata={"description": "Its name."}
    )
    source = fields.UUID(load_default=None)
    requester = fields.UUID(
        load_default=None, metadata={"description": "The person or client that asked."}
    )
    since = fields.AwareDateTime(load_default=None, metadata={"description": "Came then or later."})
    until = fields.AwareDateTime(
        load_default=None, metadata={"description": "Came then or earlier."}
    )
    q = fields.String(
        load_default=None, validate=PREFIX, metadata={"description": "How the run's id begins."}
    )
    has_dead_letter = fields.Boolean(
        load_default=None,
        metadata={"description": "A dead letter waits that was neither replayed nor discarded."},
    )


class RunLine(Schema):
    id = fields.UUID(required=True, attribute="run_id")
    epoch = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    reason = fields.String(required=True, allow_none=True)
    assistant = fields.String(required=True)
    source_id = fields.UUID(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    requester = fields.String(required=True, metadata={"description": "Its kind and id."})
    requester_name = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    sealed = fields.Boolean(required=True)
    has_dead_letter = fields.Boolean(required=True)


class RunPage(Page):
    items = fields.List(fields.Nested(RunLine), required=True)


class CancelBody(Strict):
    may_be_left_out = True

    reason = fields.String(
        load_default="",
        validate=[validate.Length(max=LONGEST_REASON), PLAIN_TEXT],
        metadata={"description": "Kept encrypted in the audit trail, and nowhere else."},
    )


class MovedView(Schema):
    id = fields.UUID(required=True, attribute="run_id")
    epoch = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=True, required=True)


class RunStageView(Schema):
    stage = fields.Enum(Stage, by_value=True, required=True)
    state = fields.Enum(StageState, by_value=True, required=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)


class RunDecisionView(Schema):
    """What the policy said, in one epoch."""

    epoch = fields.Integer(required=True)
    verdict = fields.String(required=True)
    code = fields.String(required=True)
    policy_version = fields.Integer(required=True, allow_none=True)
    policies = fields.List(fields.Nested(HeldByView), required=True)
    hold_rules = fields.List(fields.String(), required=True, allow_none=True)
    auto_reason = fields.String(required=True, allow_none=True)
    errors = fields.List(fields.String(), required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True)


class RunVoteView(Schema):
    person_id = fields.UUID(required=True)
    name = fields.String(required=True)
    verdict = fields.String(required=True)
    reason = fields.String(required=True)
    voted_at = fields.String(required=True)


class RunApprovalView(Schema):
    id = fields.UUID(required=True, attribute="approval_id")
    epoch = fields.Integer(required=True)
    status = fields.String(required=True)
    digest = fields.String(required=True)
    opened_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    execution_expires_at = fields.AwareDateTime(required=True, allow_none=True)
    votes = fields.List(fields.Nested(RunVoteView), required=True)


class RunExecutionView(Schema):
    """One attempt in a sandbox. What an agent wrote is text, never markup."""

    id = fields.UUID(required=True, attribute="execution_id")
    epoch = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    exit_reason = fields.String(required=True, allow_none=True)
    exit_code = fields.Integer(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)
    peak_memory_bytes = fields.Integer(required=True, allow_none=True)
    cpu_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Processor time of the whole sandbox."},
    )
    start_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "What the sandbox took before the agent began."},
    )
    bytes_in = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Bundle and payload."}
    )
    bytes_out = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Output and result."}
    )
    truncated = fields.Boolean(required=True)
    started_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)
    output_bytes = fields.Integer(required=True, allow_none=True)
    result_bytes = fields.Integer(required=True, allow_none=True)
    result = fields.Raw(
        required=True, allow_none=True, metadata={"description": "Where it is whole."}
    )
    result_text = fields.String(
        required=True, allow_none=True, metadata={"description": "Its beginning, where it is not."}
    )


class RunDeliveryView(Schema):
    """One attempt at a post-action. What a receiver answered is text, never markup."""

    id = fields.UUID(required=True, attribute="delivery_id")
    epoch = fields.Integer(required=True)
    position = fields.Integer(required=True)
    attempt = fields.Integer(required=True)
    target_id = fields.UUID(required=True)
    target = fields.String(required=True)
    target_version = fields.Integer(required=True)
    url = fields.String(required=True)
    outcome = fields.String(required=True)
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True)
    attempted_at = fields.AwareDateTime(required=True)
    response_bytes = fields.Integer(required=True, allow_none=True)
    response = fields.String(
        required=True, allow_none=True, metadata={"description": "Its beginning."}
    )


class RunCallbackView(Schema):
    """What its sender was told of the run's end."""

    id = fields.UUID(required=True, attribute="callback_id")
    epoch = fields.Integer(required=True)
    url = fields.String(required=True)
    target = fields.String(required=True)
    status = fields.String(required=True, metadata={"description": "due, delivered or given_up."})
    attempts = fields.Integer(required=True)
    status_code = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class RunDeadLetterView(Schema):
    id = fields.UUID(required=True, attribute="dead_letter_id")
    epoch = fields.Integer(required=True)
    stage = fields.String(required=True)
    error = fields.String(required=True)
    failures = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    replayed_at = fields.AwareDateTime(required=True, allow_none=True)
    discarded_at = fields.AwareDateTime(required=True, allow_none=True)


class RunHandoffView(Schema):
    """Where the run is due."""

    stage = fields.String(required=True)
    worked_on = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    not_before = fields.AwareDateTime(required=True, allow_none=True)
    failures = fields.Integer(required=True)
    last_error = fields.String(required=True, allow_none=True)
    kill_asked_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When a person wanted its execution ended."},
    )
    kill_by = fields.String(
        required=True, allow_none=True, metadata={"description": "Who that was."}
    )


class RunPayloadView(Schema):
    content_type = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    whole = fields.Boolean(required=True, metadata={"description": "False: this is its beginning."})
    base64 = fields.String(required=True)
    json = fields.Raw(metadata={"description": "Parsed, where it is whole and JSON."})
    epoch = fields.Integer(required=True)
    editor = fields.String(
        required=True, allow_none=True, metadata={"description": "Who edited it, if anyone did."}
    )


class RunView(Schema):
    id = fields.UUID(required=True, attribute="run_id")
    epoch = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=True, required=True)
    reason = fields.String(required=True, allow_none=True)
    tenant = fields.String(required=True)
    assistant_id = fields.UUID(required=True)
    assistant = fields.String(required=True)
    requester = fields.Nested(RequesterView, required=True)
    source_kind = fields.String(required=True, allow_none=True)
    origin = fields.Dict(keys=fields.String(), required=True)
    traceparent = fields.String(required=True, allow_none=True)
    received_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    sealed_at = fields.AwareDateTime(required=True, allow_none=True)
    stages = fields.List(fields.Nested(RunStageView), required=True)
    payload = fields.Nested(RunPayloadView, required=True)
    decisions = fields.List(fields.Nested(RunDecisionView), required=True)
    approvals = fields.List(fields.Nested(RunApprovalView), required=True)
    executions = fields.List(fields.Nested(RunExecutionView), required=True)
    deliveries = fields.List(fields.Nested(RunDeliveryView), required=True)
    callbacks = fields.List(fields.Nested(RunCallbackView), required=True)
    dead_letters = fields.List(fields.Nested(RunDeadLetterView), required=True)
    handoff = fields.Nested(RunHandoffView, required=True, allow_none=True)
    can_replay = fields.Boolean(
        required=True, metadata={"description": "It failed and its end is sealed."}
    )
    can_cancel = fields.Boolean(
        required=True,
        metadata={
            "description": "It is held or approved, or executing and nobody wants it ended yet."
        },
    )


class RunLogQuery(Schema):
    execution = fields.UUID(
        load_default=None, metadata={"description": "The latest where not given."}
    )
    after = fields.Integer(
        load_default=-1,
        validate=validate.Range(-1, MOST_AFTER),
        metadata={"description": "The last sequence that is known; -1 from the beginning."},
    )


class RunLogLineView(Schema):
    """One line, as an agent wrote it: text, never markup."""

    sequence = fields.Integer(required=True)
    stream = fields.String(
        required=True, validate=validate.OneOf(["stdout", "stderr", agent_event.STREAM])
    )
    offset_ms = fields.Integer(required=True, metadata={"description": "Since the launch."})
    text = fields.String(
        required=True, metadata={"description": "Of an event, its JSON: docs/reference/events.md."}
    )


class RunLogView(Schema):
    execution_id = fields.UUID(required=True, allow_none=True)
    epoch = fields.Integer(required=True, allow_none=True)
    attempt = fields.Integer(required=True, allow_none=True)
    lines = fields.List(fields.Nested(RunLogLineView), required=True)
    after = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Ask on with it; null when nothing follows now."},
    )
    ended = fields.Boolean(required=True, metadata={"description": "No more will come."})
    truncated = fields.Boolean(required=True)
