"""Sources, as the OpenAPI document says them."""

from typing import Final

from marshmallow import Schema, fields, validate

from pipeline.schemes.registry import SCHEMES
from pipeline.source_change import LONGEST_OVERLAP
from pipeline.source_refusals import RefusalKind
from web.schedule_schemas import ClockView
from web.schemas import PLAIN_TEXT, Strict, Whole
from web.setup_schemas import A_NAME, NamePage, NamePageQuery, PersonRef, RunRef, RunsSummary

LONGEST_EVENT: Final = 256 * 1024
A_DAY: Final = 24 * 3600
SECRET_HELP: Final = (
    "What was made, in the form of its scheme; null where nothing was. Told this once; nobody can"  # noqa: S105
    " read it again."
)


class SourcesQuery(NamePageQuery):
    active = fields.Boolean(load_default=None, truthy={"true"}, falsy={"false"})


class SourceBody(Strict):
    name = fields.String(required=True, validate=A_NAME)
    assistant = fields.String(required=True, validate=A_NAME)
    scheme = fields.String(load_default="standard-webhooks", validate=validate.OneOf(SCHEMES))
    settings = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        load_default=dict,
        metadata={"description": "Of its scheme, by the names that /v1/source-schemes lists."},
    )
    secret = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=2048),
        metadata={"description": "One that its sender has already; else one is made, or awaited."},
    )
    owner = fields.UUID(
        load_default=None,
        metadata={"description": "Who answers for it and cannot approve what it sends; you."},
    )


class RotationBody(Strict):
    overlap_seconds = Whole(
        load_default=A_DAY,
        validate=validate.Range(0, int(LONGEST_OVERLAP.total_seconds())),
        metadata={"description": "How long the older secrets live on at most."},
    )
    secret = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=2048),
        metadata={"description": "One that its sender has already; needed where that makes them."},
    )


class SettingsBody(Strict):
    settings = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={"description": "All of them; what is not named goes back to its default."},
    )


class IntakeBody(Strict):
    intake = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={
            "description": "All of it; what is not named goes back to its default."
            " docs/reference/source-mapping.md."
        },
    )


class CallbackEntry(Strict):
    url = fields.String(
        required=True,
        validate=validate.Length(min=1, max=2048),
        metadata={"description": "It, and what lies under it, may be called."},
    )
    target = fields.String(
        required=True,
        validate=validate.Length(min=1, max=64),
        metadata={"description": "A target at the same origin; its secret signs."},
    )


class CallbacksBody(Strict):
    callbacks = fields.List(
        fields.Nested(CallbackEntry),
        required=True,
        validate=validate.Length(max=20),
        metadata={"description": "All of them."},
    )


class CallbackLine(Schema):
    url = fields.String(required=True)
    target = fields.String(required=True)


class MappingBody(Strict):
    mapping = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "{rules: [...]}; docs/reference/source-mapping.md."},
    )


class MappingTestBody(Strict):
    body = fields.String(
        required=True,
        validate=validate.Length(max=LONGEST_EVENT),
        metadata={"description": "The event's body, as its sender sends it."},
    )
    headers = fields.Dict(
        keys=fields.String(validate=validate.Length(max=100)),
        values=fields.String(validate=validate.Length(max=4096)),
        load_default=dict,
        metadata={"description": "Of the request; Content-Type is application/json by default."},
    )
    mapping = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "To try in place of the source's own."},
    )


class WouldBecome(Schema):
    """What one event would become."""

    outcome = fields.String(required=True, validate=validate.OneOf(["run", "ignored", "refused"]))
    rule = fields.String(required=True, allow_none=True)
    assistant = fields.String(required=True, allow_none=True)
    payload = fields.Raw(required=True, allow_none=True)
    context = fields.Dict(keys=fields.String(), required=True)
    problem = fields.String(
        required=True, allow_none=True, metadata={"description": "Names the place in the mapping."}
    )


class MappingTested(Schema):
    events = fields.List(fields.Nested(WouldBecome), required=True)


class TakingChanged(Schema):
    at = fields.AwareDateTime(required=True)
    by = fields.Nested(PersonRef, required=True)


class UnsignedBody(Strict):
    reason = fields.String(
        required=True,
        validate=[validate.Length(min=1, max=200), PLAIN_TEXT],
        metadata={"description": "Kept in the audit trail and shown with the source."},
    )


class SchemeSetting(Schema):
    name = fields.String(required=True)
    label = fields.String(required=True)
    help = fields.String(required=True)
    kind = fields.String(
        required=True, validate=validate.OneOf(["text", "header", "choice", "number", "list"])
    )
    required = fields.Boolean(required=True)
    default = fields.Raw(required=True, allow_none=True)
    choices = fields.List(fields.String(), required=True)
    least = fields.Integer(required=True)
    most = fields.Integer(required=True)


class SchemeView(Schema):
    """One way to prove who sends."""

    name = fields.String(required=True, validate=validate.OneOf(SCHEMES))
    title = fields.String(required=True)
    where = fields.String(
        required=True, metadata={"description": "What to do with the secret, in a sentence."}
    )
    guide = fields.String(required=True, metadata={"description": "Its page in docs/how-to."})
    secret = fields.String(
        required=True,
        validate=validate.OneOf(["made-here", "given", "none"]),
        metadata={"description": "Who makes its secrets: we do, its sender does, or none."},
    )
    secret_hint = fields.String(required=True, allow_none=True)
    settings = fields.List(fields.Nested(SchemeSetting), required=True)


class SchemeList(Schema):
    items = fields.List(fields.Nested(SchemeView), required=True)


class AssistantOfSource(Schema):
    name = fields.String(required=True)
    active = fields.Boolean(required=True)


class SourceLine(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["webhook", "cron"]),
        metadata={"description": "`cron` sends by the clock and has no address of its own."},
    )
    scheme = fields.String(required=True)
    active = fields.Boolean(required=True)
    unsigned = fields.Boolean(
        required=True, metadata={"description": "Whether it may send without any proof."}
    )
    assistant = fields.Nested(AssistantOfSource, required=True)
    owner = fields.Nested(PersonRef, required=True)
    url = fields.String(
        required=True,
        metadata={"description": "Where it sends to; a path where AWGP_INGEST_URL is not set."},
    )
    live_secrets = fields.Integer(required=True)
    last_event_at = fields.AwareDateTime(required=True, allow_none=True)
    last_refusal_at = fields.AwareDateTime(required=True, allow_none=True)
    refused = fields.Integer(required=True, metadata={"description": "In all."})
    created_at = fields.AwareDateTime(required=True)


class SourcePage(NamePage):
    items = fields.List(fields.Nested(SourceLine), required=True)


class SecretLine(Schema):
    """A secret without the secret."""

    id = fields.UUID(required=True)
    live = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    last_used_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When its sender last signed with it, to the minute."},
    )
    rotated_by = fields.Nested(PersonRef, required=True)


class EventLine(RunRef):
    event = fields.String(
        required=True, allow_none=True, metadata={"description": "Its sender's id of it."}
    )


class RefusalMoment(Schema):
    at = fields.String(required=True, metadata={"format": "date-time"})
    hint = fields.String(required=True, allow_none=True)


class RefusalLine(Schema):
    """What was turned away for one reason; nothing of what it held is kept."""

    kind = fields.String(required=True, validate=validate.OneOf(list(RefusalKind)))
    means = fields.String(required=True)
    refused = fields.Integer(required=True)
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    recent = fields.List(fields.Nested(RefusalMoment), required=True)


class UnsignedBecause(Schema):
    reason = fields.String(required=True)
    since = fields.AwareDateTime(required=True)
    by = fields.Nested(PersonRef, required=True)


class SourceView(SourceLine):
    settings = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={"description": "Of its scheme."},
    )
    unsigned_because = fields.Nested(UnsignedBecause, required=True, allow_none=True)
    secrets = fields.List(fields.Nested(SecretLine), required=True)
    events = fields.List(fields.Nested(EventLine), required=True)
    runs = fields.Nested(RunsSummary, required=True)
    refusals = fields.List(fields.Nested(RefusalLine), required=True)
    intake = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "What it takes."}
    )
    mapping = fields.Dict(
        keys=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "What its events become; null: each is taken as it comes."},
    )
    taking_changed = fields.Nested(TakingChanged, required=True, allow_none=True)
    ignored = fields.Integer(
        required=True, metadata={"description": "Events that no rule of its mapping took, in all."}
    )
    last_ignored_at = fields.AwareDateTime(required=True, allow_none=True)
    callbacks = fields.List(
        fields.Nested(CallbackLine),
        required=True,
        metadata={"description": "Where its senders may be called back."},
    )
    schedule = fields.Nested(ClockView, required=True, allow_none=True)
    ignored_lately = fields.List(
        fields.String(metadata={"format": "date-time"}),
        required=True,
        metadata={"description": "When, the latest first; nothing of what they held is kept."},
    )
    sample = fields.String(
        required=True,
        metadata={
            "description": "Shell lines that define `send BODY`, which does as a sender of its"
            " scheme; the secret stands in it only where it is told."
        },
    )


class SourceWithSecret(SourceView):
    secret = fields.String(required=True, allow_none=True, metadata={"description": SECRET_HELP})


class SourceRemoved(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    removed = fields.Boolean(required=True)
