"""CloudEvents 1.0 over HTTP (https://github.com/cloudevents/spec, v1.0.2): what each mode holds.

- structured: `application/cloudevents+json`, one event as the JSON format has it;
- batch: `application/cloudevents-batch+json`, an array of them;
- binary: the attributes are headers `ce-…`, percent-encoded UTF-8; the body is the data.

Every event is read to the object that the JSON format has for it. What the specification demands is
demanded: specversion 1.0, id, source and type, and names of small letters and digits.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from pipeline.refusal import Refusal
from pipeline.strict_json import parse

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
VERSION_HEADER: Final = "ce-specversion"
MOST_EVENTS: Final = 100

_PREFIX: Final = "ce-"
_REQUIRED: Final = ("id", "source", "type")
_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
_SOURCE: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,1000}")
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,4096}")


class CloudEventInvalid(Refusal):
    """The body or headers are no CloudEvent; `field` names the attribute."""


def read_structured(value: object, where: str = "") -> dict[str, Any]:
    """Check an event in the JSON format.

    Args:
        where: Its place in a batch, such as `/3`.

    Raises:
        CloudEventInvalid: As it says.
    """
    if not isinstance(value, dict):
        raise CloudEventInvalid("a CloudEvent is a JSON object", field=where or "body")
    _check(value, where)
    if "data" in value and "data_base64" in value:
        raise _invalid(where, "data_base64", "stands in place of data, not beside it")
    return value


def read_batch(value: object) -> list[dict[str, Any]]:
    """Check a batch.

    Raises:
        CloudEventInvalid: Names the event by its place.
    """
    if not isinstance(value, list):
        raise CloudEventInvalid("a batch is a JSON array of CloudEvents", field="body")
    if not 1 <= len(value) <= MOST_EVENTS:
        raise CloudEventInvalid(f"a batch holds 1 to {MOST_EVENTS} events", field="body")
    return [read_structured(each, f"/{at}") for at, each in enumerate(value)]


def read_binary(headers: Mapping[str, str], body: bytes, *, max_depth: int) -> dict[str, Any]:
    """Make one event of headers and body.

    Args:
        headers: By name in lower case.

    Raises:
        CloudEventInvalid: Names the attribute.
        JsonInvalid, JsonTooDeep: Of data labelled as JSON.
    """
    event: dict[str, Any] = {}
    for name in headers:
        if name.startswith(_PREFIX):
            event[name.removeprefix(_PREFIX)] = _decoded(name, headers[name])
    label = headers.get("content-type")
    if label:
        event["datacontenttype"] = label
    _check(event, "")
    if not body:
        return event
    return event | _data(label, body, max_depth)


def key_of(event: Mapping[str, Any]) -> str:
    """What two sends of one event share: `source` and `id` are unique together."""
    return f"ce {event['source']} {event['id']}"


def _data(label: str | None, body: bytes, max_depth: int) -> dict[str, Any]:
    media = (label or "application/json").partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        return {"data": parse(body, max_depth=max_depth)}
    if media.startswith("text/"):
        try:
            return {"data": body.decode("utf-8")}
        except UnicodeDecodeError:
            pass
    return {"data_base64": base64.b64encode(body).decode()}


def _decoded(name: str, value: str) -> str:
    try:
        return unquote(value.strip().strip('"'), errors="strict")
    except UnicodeDecodeError as error:
        raise CloudEventInvalid(f"{name} is not percent-encoded UTF-8", field=name) from error


def _check(event: Mapping[str, Any], where: str) -> None:
    if event.get("specversion") != "1.0":
        raise _invalid(where, "specversion", 'must be "1.0"')
    for name in _REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not _TEXT.fullmatch(value):
            raise _invalid(where, name, "is needed, a text")
    if not _SOURCE.fullmatch(event["source"]):
        raise _invalid(where, "source", "must be a URI reference")
    for name in event:
        if not _NAME.fullmatch(name) and name != "data_base64":
            raise _invalid(where, name[:64], "attributes are named by small letters and digits")


def _invalid(where: str, name: str, fix: str) -> CloudEventInvalid:
    field = f"{where}/{name}" if where else name
    return CloudEventInvalid(f"{field}: {fix}", field=field)
