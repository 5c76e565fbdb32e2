"""What goes in and comes out about notices, as the OpenAPI document says it."""

from typing import Any

from marshmallow import Schema, fields, validate

from pipeline.notice import (
    LONGEST_ADDRESS,
    MAX_NAMED,
    MAX_RECIPIENTS,
    WANTABLE,
    ChannelWanted,
    Event,
    Kind,
    NoticeStatus,
)
from web.schemas import LARGEST_PAGE, PAGE, Page, Strict
from web.setup_schemas import A_NAME, NamePage


class WantedEvent(fields.String):
    """One of what can be asked for."""

    def __init__(self, **further: Any) -> None:
        names = [event.value for event in WANTABLE]
        super().__init__(validate=validate.OneOf(names), **further)


class ChannelBody(Strict):
    """A channel, whole: an edit replaces all of it."""

    name = fields.String(required=True, validate=A_NAME)
    kind = fields.Enum(Kind, by_value=True, required=True)
    target = fields.String(
        load_default=None,
        allow_none=True,
        validate=A_NAME,
        metadata={"description": "Of a webhook: the target's name. It is signed as results are."},
    )
    recipients = fields.List(
        fields.String(validate=validate.Length(min=3, max=LONGEST_ADDRESS)),
        load_default=[],
        validate=validate.Length(max=MAX_RECIPIENTS),
        metadata={"description": "Of mail: addresses."},
    )
    to_people = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Of mail: also those it is up to: who can still decide; once it is"
            " decided, who asked and who voted."
        },
    )
    events = fields.List(WantedEvent(), required=True, validate=validate.Length(1, len(WANTABLE)))
    rules = fields.List(
        fields.String(validate=A_NAME),
        load_default=[],
        validate=validate.Length(max=MAX_NAMED),
        metadata={"description": "Names of approval rules; empty is every one."},
    )
    assistants = fields.List(
        fields.String(validate=A_NAME),
        load_default=[],
        validate=validate.Length(max=MAX_NAMED),
        metadata={"description": "Names of assistants; empty is every one."},
    )
    with_payload = fields.Boolean(
        load_default=False, metadata={"description": "The payload goes along. It leaves AWGP."}
    )
    active = fields.Boolean(load_default=True)


class ChannelView(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    target = fields.String(required=True, allow_none=True)
    recipients = fields.List(fields.String(), required=True)
    to_people = fields.Boolean(required=True)
    events = fields.List(fields.String(), required=True)
    rules = fields.List(fields.String(), required=True)
    assistants = fields.List(fields.String(), required=True)
    with_payload = fields.Boolean(required=True)
    active = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    last_status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([status.value for status in NoticeStatus]),
        metadata={"description": "Of the last notice that is kept; null without one."},
    )
    etag = fields.String(
        required=True, metadata={"description": "Of this state: what `If-Match` of its edit says."}
    )


class ChannelPage(NamePage):
    items = fields.List(fields.Nested(ChannelView), required=True)


class NoticesQuery(Strict):
    cursor = fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, LARGEST_PAGE))
    channel = fields.UUID(load_default=None, metadata={"description": "Of this channel alone."})
    status = fields.String(
        load_default=None, validate=validate.OneOf([status.value for status in NoticeStatus])
    )


class NoticeView(Schema):
    id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True)
    channel = fields.String(required=True, metadata={"description": "Its name."})
    event = fields.String(required=True, validate=validate.OneOf([each.value for each in Event]))
    run_id = fields.UUID(required=True, allow_none=True)
    approval_id = fields.UUID(required=True, allow_none=True)
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in NoticeStatus])
    )
    attempts = fields.Integer(required=True)
    told = fields.Integer(required=True, metadata={"description": "How many have the mail."})
    last_error = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class NoticePage(Page):
    items = fields.List(fields.Nested(NoticeView), required=True)


class TestView(Schema):
    __test__ = False

    notice_id = fields.UUID(
        required=True, metadata={"description": "What became of it: GET /v1/notices."}
    )


def wanted(body: dict[str, Any]) -> ChannelWanted:
    """A body as what the pipeline takes."""
    lists = {name: tuple(body[name]) for name in ("recipients", "rules", "assistants")}
    events = tuple(dict.fromkeys(Event(name) for name in body["events"]))
    return ChannelWanted(**{**body, **lists, "events": events})
