"""JSON made of an event: literal values, and pointers (RFC 6901) to what the event holds.

    "/data/object"                            the whole value there
    {"$pointer": "/data/id"}                  the value there, wherever a value may stand
    {"$pointer": "/note", "default": null}    ... or this where there is none
    {"$header": "x-github-event"}             a header of the request
    anything else                             itself

A member `$pointer` or `$header` makes an object one of these, so no literal object has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonpointer

from pipeline.errors import AwgpError
from pipeline.registry_names import FieldInvalid

POINTER: Final = "$pointer"
HEADER: Final = "$header"
DEFAULT: Final = "default"
DEEPEST: Final = 16
MOST_PARTS: Final = 256
MOST_REFERENCES: Final = 64
LONGEST_POINTER: Final = 500

_NOTHING: Final = object()


class NotInEvent(AwgpError):
    """The event lacks what a template asks for.

    Args:
        field: Where in the template; with
        what: the pointer or header, which is the template's own.
    """

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: the event has nothing at {what}")


def read_pointer(field: str, text: object) -> jsonpointer.JsonPointer:
    """Raises: FieldInvalid."""
    if not isinstance(text, str) or len(text) > LONGEST_POINTER:
        raise FieldInvalid(field, "a JSON pointer such as /data/id")
    try:
        return jsonpointer.JsonPointer(text)
    except jsonpointer.JsonPointerException as error:
        raise FieldInvalid(field, "a JSON pointer such as /data/id") from error


def look(pointer: jsonpointer.JsonPointer, event: Any, default: Any = None) -> Any:
    """The value at a pointer, or `default`."""
    found = pointer.resolve(event, default)
    return default if isinstance(found, jsonpointer.EndOfList) else found


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was found sound.

    Args:
        field: Its place in the mapping, for what is said of it.
    """

    field: str
    _made_of: Any

    def fill(self, event: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """Raises: NotInEvent."""
        return _fill(self._made_of, event, headers)


@dataclass(frozen=True, slots=True)
class _Pointed:
    field: str
    pointer: jsonpointer.JsonPointer
    default: Any = _NOTHING


@dataclass(frozen=True, slots=True)
class _Named:
    field: str
    header: str
    default: Any = _NOTHING


@dataclass(slots=True)
class _Size:
    """How much was read of a template: each reference may copy a whole event."""

    values: int = 0
    references: int = 0


def read_template(field: str, source: Any) -> Template:
    """Check a template.

    Raises:
        FieldInvalid: Names the place in it that cannot be.
    """
    parts = _Size()
    if isinstance(source, str):
        return Template(field, _Pointed(field, read_pointer(field, source)))
    return Template(field, _read(field, source, 0, parts))


def _read(field: str, value: Any, depth: int, parts: _Size) -> Any:
    parts.values += 1
    if depth > DEEPEST or parts.values > MOST_PARTS:
        raise FieldInvalid(field, f"at most {MOST_PARTS} values, {DEEPEST} deep in one another")
    if isinstance(value, Mapping):
        if POINTER in value or HEADER in value:
            parts.references += 1
            if parts.references > MOST_REFERENCES:
                raise FieldInvalid(field, f"at most {MOST_REFERENCES} pointers and headers")
            return _reference(field, value)
        return {
            name: _read(f"{field}.{name}", part, depth + 1, parts) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_read(f"{field}[{at}]", part, depth + 1, parts) for at, part in enumerate(value)]
    return value


def _reference(field: str, value: Mapping[str, Any]) -> _Pointed | _Named:
    named = POINTER if POINTER in value else HEADER
    if set(value) - {named, DEFAULT}:
        raise FieldInvalid(field, f"beside `{named}` stands `{DEFAULT}` alone")
    default = value.get(DEFAULT, _NOTHING)
    if named == POINTER:
        return _Pointed(field, read_pointer(f"{field}.{POINTER}", value[POINTER]), default)
    header = value[HEADER]
    if not isinstance(header, str) or not header or len(header) > 100:
        raise FieldInvalid(f"{field}.{HEADER}", "a header's name")
    return _Named(field, header.lower(), default)


def _fill(made_of: Any, event: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    if isinstance(made_of, _Pointed):
        found = look(made_of.pointer, event, made_of.default)
        if found is _NOTHING:
            raise NotInEvent(made_of.field, made_of.pointer.path)
        return found
    if isinstance(made_of, _Named):
        found = headers.get(made_of.header, made_of.default)
        if found is _NOTHING:
            raise NotInEvent(made_of.field, f"header {made_of.header}")
        return found
    if isinstance(made_of, dict):
        return {name: _fill(part, event, headers) for name, part in made_of.items()}
    if isinstance(made_of, list):
        return [_fill(part, event, headers) for part in made_of]
    return made_of
