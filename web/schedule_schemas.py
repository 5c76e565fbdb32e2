"""Schedules, as the OpenAPI document says them."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from pipeline.schedule import (
    MOST_CHARACTERS,
    MOST_JITTER_SECONDS,
    MOST_ZONE_CHARACTERS,
    Missed,
    Timing,
)
from pipeline.schedule_store import Wanted
from web.schemas import Strict, Whole
from web.setup_schemas import A_NAME, PersonRef

_CRON: Final = "Five fields: minute, hour, day of the month, month, day of the week."
_ZONE: Final = "Of the IANA's time zones, in which the fields are read."
_MISSED: Final = (
    "What becomes of ticks that nobody was there to send: nothing (`skip`), a run of the latest"
    " (`once`), or a run of each (`all`, 100 at most)."
)
_PAYLOAD: Final = (
    "What is sent. In its texts `{{ tick }}`, `{{ local }}`, `{{ date }}`, `{{ time }}` and"
    " `{{ source }}` are replaced."
)
_WORDS: Final = "When it ticks, in English, in its zone."
_JITTER_HELP: Final = "A tick is sent up to so many seconds late; how late follows from the tick."


class TimingBody(Strict):
    cron = fields.String(
        required=True,
        validate=validate.Length(1, MOST_CHARACTERS),
        metadata={"description": _CRON},
    )
    zone = fields.String(
        load_default="UTC",
        validate=validate.Length(1, MOST_ZONE_CHARACTERS),
        metadata={"description": _ZONE},
    )


class ScheduleBody(TimingBody):
    jitter_seconds = Whole(
        load_default=0,
        validate=validate.Range(0, MOST_JITTER_SECONDS),
        metadata={"description": _JITTER_HELP},
    )
    missed = fields.String(
        load_default=Missed.SKIP.value,
        validate=validate.OneOf(list(Missed)),
        metadata={"description": _MISSED},
    )
    payload = fields.Dict(
        keys=fields.String(), load_default=dict, metadata={"description": _PAYLOAD}
    )


class NewScheduleBody(ScheduleBody):
    name = fields.String(required=True, validate=A_NAME)
    assistant = fields.String(required=True, validate=A_NAME)
    owner = fields.UUID(
        load_default=None,
        metadata={"description": "Who answers for it and cannot approve what it sends; you."},
    )


class Coming(Schema):
    tick = fields.AwareDateTime(required=True)
    send_at = fields.AwareDateTime(required=True)


class TimingRead(Schema):
    """What a cron expression says, before it is kept."""

    words = fields.String(required=True, metadata={"description": _WORDS})
    ticks = fields.List(
        fields.AwareDateTime(),
        required=True,
        metadata={"description": "The next five, without jitter."},
    )


class ScheduleChanged(Schema):
    at = fields.AwareDateTime(required=True)
    by = fields.Nested(PersonRef, required=True)


class ClockView(Schema):
    """When a source sends by the clock, and what."""

    words = fields.String(required=True, metadata={"description": _WORDS})
    cron = fields.String(required=True, metadata={"description": _CRON})
    zone = fields.String(required=True, metadata={"description": _ZONE})
    jitter_seconds = fields.Integer(required=True, metadata={"description": _JITTER_HELP})
    missed = fields.String(
        required=True,
        validate=validate.OneOf(list(Missed)),
        metadata={"description": _MISSED},
    )
    payload = fields.Dict(keys=fields.String(), required=True, metadata={"description": _PAYLOAD})
    next = fields.List(
        fields.Nested(Coming),
        required=True,
        metadata={"description": "The next five; none while it is deactivated."},
    )
    changed = fields.Nested(
        ScheduleChanged,
        required=True,
        metadata={"description": "Last, by whom: they cannot approve what it sends."},
    )


def wanted_of(body: dict[str, Any]) -> Wanted:
    return Wanted(
        timing=Timing(
            expression=body["cron"],
            zone=body["zone"],
            jitter_seconds=body["jitter_seconds"],
            missed=Missed(body["missed"]),
        ),
        payload=body["payload"],
    )
