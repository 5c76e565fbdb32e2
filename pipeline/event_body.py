"""Events out of a request, whatever its body is: each is a JSON object.

- JSON: the object as it came;
- a form: an object of texts, or the JSON in one of its members;
- CloudEvents: the event in its JSON format (pipeline/cloud_events.py);
- anything else: `{"content_type": …, "text": …}`, or `"base64"` where it is no UTF-8.

`stored` is what a run keeps of an event: JSON as it was received, byte for byte; else the one form
of what was made of it. It is also what two sends of one event are compared by, but for forms and
raw bodies, which are compared as they were received.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from pipeline.cloud_events import (
    BATCH,
    STRUCTURED,
    VERSION_HEADER,
    key_of,
    read_batch,
    read_binary,
    read_structured,
)
from pipeline.intake import CLOUDEVENTS, FORM, JSON, RAW, Intake
from pipeline.refusal import Refusal
from pipeline.request_label import MediaTypeUnsupported
from pipeline.strict_json import canonical, parse, parse_object

MOST_MEMBERS: Final = 500
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


class FormInvalid(Refusal):
    """The body is no form, or one that readers would read differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One event. `key` is what names it by itself, where it does."""

    value: dict[str, Any] = field(repr=False)
    stored: bytes = field(repr=False)
    digest: bytes
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What came in one request."""

    events: tuple[Came, ...]
    is_batch: bool = False


def read_events(
    headers: Mapping[str, str], body: bytes, intake: Intake, *, max_depth: int
) -> Events:
    """Read the events of a request.

    Args:
        headers: By name in lower case.

    Raises:
        MediaTypeUnsupported: The source does not take such a body.
        JsonInvalid, JsonTooDeep, JsonNotAnObject, FormInvalid, CloudEventInvalid: As they say.
    """
    label = headers.get("content-type", "")
    media = label if label == _JSON else label.partition(";")[0].strip().lower()
    if CLOUDEVENTS in intake.bodies:
        if media == BATCH:
            found = read_batch(_parsed_json(label, body, max_depth))
            return Events(events=tuple(_cloud_event(each) for each in found), is_batch=True)
        if media == STRUCTURED:
            return _one(_cloud_event(read_structured(_parsed_json(label, body, max_depth))))
        if VERSION_HEADER in headers:
            return _one(_cloud_event(read_binary(headers, body, max_depth=max_depth)))
    if JSON in intake.bodies and (media == _JSON or media.endswith("+json")):
        _check_charset(label)
        return _one(_as_it_came(parse_object(body, max_depth=max_depth), body))
    if FORM in intake.bodies and media == _FORM:
        return _one(_made(_form(body, intake.json_member, max_depth), body))
    if RAW in intake.bodies:
        return _one(_made(_raw(label, body), body))
    raise MediaTypeUnsupported(
        f"this source takes {', '.join(sorted(intake.bodies))}; say which by Content-Type",
        field="Content-Type",
    )


def _one(came: Came) -> Events:
    return Events(events=(came,))


def _as_it_came(value: dict[str, Any], body: bytes) -> Came:
    return Came(value=value, stored=body, digest=hashlib.sha256(body).digest())


def _made(value: dict[str, Any], body: bytes) -> Came:
    return Came(value=value, stored=canonical(value), digest=hashlib.sha256(body).digest())


def _cloud_event(value: dict[str, Any]) -> Came:
    stored = canonical(value)
    return Came(
        value=value, stored=stored, digest=hashlib.sha256(stored).digest(), key=key_of(value)
    )


def _parsed_json(label: str, body: bytes, max_depth: int) -> Any:
    _check_charset(label)
    return parse(body, max_depth=max_depth)


def _check_charset(label: str) -> None:
    """JSON is UTF-8, whatever it is labelled."""
    if ";" not in label:
        return
    for parameter in label.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise MediaTypeUnsupported("send JSON in UTF-8", field="Content-Type")


def _form(body: bytes, json_member: str | None, max_depth: int) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_MEMBERS,
        )
    except ValueError as error:
        raise FormInvalid(
            f"the body is no form of at most {MOST_MEMBERS} members in UTF-8", field="body"
        ) from error
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormInvalid("the form has a name twice", field="body")
    if json_member is not None and json_member in members:
        return parse_object(members[json_member].encode("utf-8"), max_depth=max_depth)
    return members


def _raw(label: str, body: bytes) -> dict[str, Any]:
    named = {"content_type": label or "application/octet-stream"}
    try:
        return named | {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return named | {"base64": base64.b64encode(body).decode()}
