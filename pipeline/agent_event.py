"""A structured event an agent tells, in the names of OpenTelemetry: a line of its output, marked.

    0x1E JSON 0x0A        a record of RFC 7464, on stdout

What is no sound event stays the line it is. An event is its agent's unverified word, as every line
is: it is kept and shown, and nothing acts on it.
"""

import json
import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn

from pipeline.errors import AwgpError

STREAM: Final = "event"
MARK: Final = b"\x1e"
MAX_ATTRIBUTES: Final = 32
# Of its one form, which may be longer than what was written.
MAX_BYTES: Final = 8 * 1024
MAX_ITEMS: Final = 32
# What every reader of JSON holds exactly.
MAX_WHOLE: Final = 2**53 - 1

_FIELDS: Final = frozenset(
    {"eventName", "severityText", "body", "attributes", "startTimeUnixNano", "endTimeUnixNano"}
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,127}")
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}")
_NANOSECONDS: Final = re.compile(r"[0-9]{1,19}")


class Severity(StrEnum):
    """OpenTelemetry's `severityText`, without its grades."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"


class _Unsound(AwgpError):
    """It is no event."""


def read_event(unverified: bytes) -> str | None:
    """The event in what followed a mark, as JSON of one form; None where it is none."""
    try:
        values = json.loads(
            unverified.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse
        )
        event = _packed(_checked(values))
        return event if len(event.encode()) <= MAX_BYTES else None
    except (_Unsound, ValueError, RecursionError):
        return None


def shortened(event: str, most: int) -> str:
    """The same event in so many characters: without its attributes, which are counted instead."""
    if len(event) <= most:
        return event
    values = json.loads(event)
    values["droppedAttributesCount"] = len(values.pop("attributes", {}))
    body = values.get("body", "")
    while len(_packed(values)) > most and body:
        body = body[: len(body) // 2]
        values["body"] = f"{body} […]"
    return _packed(values)


def in_words(event: str) -> str:
    """One line for a person; not yet fit for a terminal."""
    values = json.loads(event)
    said = [values.get("severityText", Severity.INFO.value), values["eventName"]]
    if "endTimeUnixNano" in values:
        took = int(values["endTimeUnixNano"]) - int(values["startTimeUnixNano"])
        said.append(f"({took / 1e6:.1f} ms)")
    if values.get("body"):
        said.append(values["body"])
    said += [f"{key}={_shown(value)}" for key, value in values.get("attributes", {}).items()]
    return " ".join(said)


def _packed(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _checked(values: object) -> dict[str, Any]:
    if not isinstance(values, dict) or not set(values) <= _FIELDS:
        raise _Unsound
    name, body = values.get("eventName"), values.get("body", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(body, str):
        raise _Unsound
    event: dict[str, Any] = {
        "eventName": name,
        "severityText": Severity(values.get("severityText", Severity.INFO)).value,
    }
    if body:
        event["body"] = _sound_text(body)
    if attributes := _attributes(values.get("attributes", {})):
        event["attributes"] = attributes
    return event | _times(values)


def _times(values: Mapping[str, Any]) -> dict[str, str]:
    """Both or none, as texts, since a double does not hold them."""
    found = {
        name: values[name] for name in ("startTimeUnixNano", "endTimeUnixNano") if name in values
    }
    if not found:
        return {}
    if len(found) != 2 or not all(
        isinstance(each, str) and _NANOSECONDS.fullmatch(each) for each in found.values()
    ):
        raise _Unsound
    if int(found["endTimeUnixNano"]) < int(found["startTimeUnixNano"]):
        raise _Unsound
    return found


def _attributes(values: object) -> dict[str, Any]:
    if not isinstance(values, dict) or len(values) > MAX_ATTRIBUTES:
        raise _Unsound
    for key, value in values.items():
        if not _KEY.fullmatch(key):
            raise _Unsound
        items = value if isinstance(value, list) else [value]
        if len(items) > MAX_ITEMS or not all(_is_plain(each) for each in items):
            raise _Unsound
    return values


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return bool(_sound_text(value)) or not value
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= MAX_WHOLE
    return isinstance(value, float) and math.isfinite(value)


def _sound_text(text: str) -> str:
    text.encode("utf-8")  # half of a surrogate pair is a ValueError
    if "\0" in text:
        raise _Unsound
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Unsound
    return made


def _refuse(_: str) -> NoReturn:
    raise _Unsound
