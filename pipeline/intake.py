"""What a source takes: kinds of bodies, how long and deep, what names an event, how many a minute.

{"bodies": ["json", "form"],                which; by its scheme where it is left out
 "json_member": "payload",                  of a form: what holds JSON, if it is there
 "event_id": {"header": "X-Event-Id"},      or {"pointer": "/id"}; by its scheme, else
 "max_body_bytes": 65536,                   never above the edge's own
 "max_json_depth": 16,                      as above
 "rate": {"per_minute": 600, "burst": 100}}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonpointer

from pipeline.rate import Rate, read_rate
from pipeline.registry_names import FieldInvalid
from pipeline.template import read_pointer

JSON: Final = "json"
FORM: Final = "form"
RAW: Final = "raw"
CLOUDEVENTS: Final = "cloudevents"
BODIES: Final = (JSON, FORM, RAW, CLOUDEVENTS)
# What senders of a scheme send; every other sends JSON.
_OF_SCHEME: Final[Mapping[str, frozenset[str]]] = {
    "slack": frozenset({JSON, FORM}),
    "twilio": frozenset({JSON, FORM}),
}
_MOST_BYTES: Final = 64 * 1024 * 1024
_DEEPEST: Final = 128
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_MEMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_NAMES: Final = frozenset(
    {"bodies", "json_member", "event_id", "max_body_bytes", "max_json_depth", "rate"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What one source takes.

    Attributes:
        id_header: The header, in lower case, or
        id_pointer: the place in the event that names it for ever.
        max_body_bytes: Bytes; None is as the edge's.
    """

    bodies: frozenset[str]
    json_member: str | None = None
    id_header: str | None = None
    id_pointer: jsonpointer.JsonPointer | None = None
    max_body_bytes: int | None = None
    max_json_depth: int | None = None
    rate: Rate | None = None

    @property
    def names_events(self) -> bool:
        return self.id_header is not None or self.id_pointer is not None


def read_intake(scheme: str, given: Mapping[str, Any]) -> Intake:
    """Check what a source of a scheme is to take.

    Raises:
        FieldInvalid: Names what cannot be kept.
    """
    for name in given:
        if name not in _NAMES:
            raise FieldInvalid(f"intake.{name[:64]}", f"there are {', '.join(sorted(_NAMES))}")
    header, pointer = _event_id(given.get("event_id"))
    rate = given.get("rate")
    return Intake(
        bodies=_bodies(scheme, given.get("bodies")),
        json_member=_member(given.get("json_member")),
        id_header=header,
        id_pointer=pointer,
        max_body_bytes=_number("max_body_bytes", given.get("max_body_bytes"), _MOST_BYTES),
        max_json_depth=_number("max_json_depth", given.get("max_json_depth"), _DEEPEST),
        rate=None if rate is None else read_rate("intake.rate", rate),
    )


def _bodies(scheme: str, given: object) -> frozenset[str]:
    if given is None:
        return _OF_SCHEME.get(scheme, frozenset({JSON}))
    if not isinstance(given, list) or not given or not all(each in BODIES for each in given):
        raise FieldInvalid("intake.bodies", f"some of {', '.join(BODIES)}")
    return frozenset(given)


def _member(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not _MEMBER.fullmatch(given):
        raise FieldInvalid("intake.json_member", "the name of a form's member, such as payload")
    return given


def _event_id(given: object) -> tuple[str | None, jsonpointer.JsonPointer | None]:
    if given is None:
        return None, None
    if not isinstance(given, Mapping) or set(given) not in ({"header"}, {"pointer"}):
        raise FieldInvalid("intake.event_id", '{"header": "X-Event-Id"} or {"pointer": "/id"}')
    if "pointer" in given:
        pointer = read_pointer("intake.event_id.pointer", given["pointer"])
        if not pointer.parts:
            raise FieldInvalid("intake.event_id.pointer", "a JSON pointer such as /id")
        return None, pointer
    header = given["header"]
    if not isinstance(header, str) or not _HEADER.fullmatch(header):
        raise FieldInvalid("intake.event_id.header", "a header's name, such as X-Event-Id")
    return header.lower(), None


def _number(name: str, given: object, most: int) -> int | None:
    if given is None:
        return None
    if type(given) is not int or not 1 <= given <= most:
        raise FieldInvalid(f"intake.{name}", f"a whole number from 1 to {most}")
    return given
