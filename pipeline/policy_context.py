"""What a policy can see of a request: a closed, typed context and the schema that says so.

A tenant declares the fields its policies may read: a name, a type, and a JSON pointer into the
payload, or that the source's mapping gives it (pipeline/mapping.py): `context.payload.<name>` and
`context.mapped.<name>`. Apart, because what a mapping gives need not be what the assistant reads.
The Cedar schema is generated from that declaration with every field optional, so a policy that
reads a field without asking `has` first does not validate. Money is integer minor units: there
are no floats and no nulls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NoReturn

import cedarpy

from pipeline.errors import AwgpError

SCHEMA: Final = """\
entity Tenant;
entity Assistant in [Tenant] = { tenant: String, name: String, version: Long };
entity Source, Person, Client;

action run appliesTo {
  principal: [Source, Person, Client],
  resource: [Assistant],
  context: {
    origin: String,
    time: { at: datetime, weekday: Long, hour: Long },
    payload: {%(payload)s},%(mapped)s
  },
};
"""

MAX_FIELDS: Final = 64
MAX_STRING_BYTES: Final = 4096
MAX_SET_MEMBERS: Final = 256
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1  # Cedar's Long

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_POINTER = re.compile(r"(/([^~/]|~[01])*)+")
_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_RESERVED = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has"})
_ABSENT: Final = object()


class ContextFieldsInvalid(AwgpError):
    """The declaration of payload fields is refused; the message names every fault."""


class ContextInvalid(AwgpError):
    """This request's context cannot be built, so no policy may be asked: it is denied.

    The message names fields and types, never values: it is recorded in the audit trail.
    """


class FieldType(StrEnum):
    """A payload field's type, as the declaration spells it."""

    LONG = "long"
    STRING = "string"
    BOOL = "bool"
    STRINGS = "set of string"


_CEDAR_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.LONG: "Long",
    FieldType.STRING: "String",
    FieldType.BOOL: "Bool",
    FieldType.STRINGS: "Set<String>",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextField:
    """One field. `pointer` is an RFC 6901 JSON pointer into the payload; None: it is mapped."""

    name: str
    pointer: str | None
    type: FieldType


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFields:
    """The payload fields a policy set may read, sorted by name."""

    fields: tuple[ContextField, ...] = ()

    @classmethod
    def from_mapping(cls, declared: Mapping[str, Any]) -> ContextFields:
        """Read `{"amount": {"pointer": "/invoice/amount_cents", "type": "long"}, ...}`.

        In place of `pointer` may stand `"mapped": true`.

        Raises:
            ContextFieldsInvalid: With every fault found, a line each.
        """
        faults = [fault for name, field in declared.items() for fault in _faults(name, field)]
        if len(declared) > MAX_FIELDS:
            faults.append(f"{len(declared)} fields; declare {MAX_FIELDS} at most")
        if faults:
            raise ContextFieldsInvalid("\n".join(faults))
        return cls(
            fields=tuple(
                ContextField(name=name, pointer=field.get("pointer"), type=FieldType(field["type"]))
                for name, field in sorted(declared.items())
            )
        )

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the declaration in the form `from_mapping` reads."""
        return {
            field.name: ({"mapped": True} if field.pointer is None else {"pointer": field.pointer})
            | {"type": str(field.type)}
            for field in self.fields
        }

    def schema_text(self) -> str:
        """Return the Cedar schema these fields make."""
        mapped = _attributes([field for field in self.fields if field.pointer is None])
        return SCHEMA % {
            "payload": _attributes([field for field in self.fields if field.pointer is not None]),
            "mapped": f"\n    mapped: {{{mapped}}}," if mapped else "",
        }


@lru_cache(maxsize=256)
def parsed_schema(fields: ContextFields) -> cedarpy.Schema:
    """Return the schema of these fields as a parsed handle; parsing it is the costly part."""
    return cedarpy.Schema.from_str(fields.schema_text())


def build_context(
    fields: ContextFields,
    payload_json: bytes,
    received_at: datetime,
    origin: str,
    mapped: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the Cedar context of one request, in Cedar's JSON form.

    A field the payload lacks is left out. `time` is UTC; `weekday` is 1 (Monday) to 7.

    Args:
        payload_json: The payload as received; read only if a field is declared.
        received_at: An aware time.
        mapped: What the source's mapping gave.

    Raises:
        ContextInvalid: The payload is not JSON, says a key twice, or a field has another type
            than declared (a float, a null), or is too large; or the time is naive.
    """
    if received_at.tzinfo is None:
        raise ContextInvalid("received_at has no time zone")
    at = received_at.astimezone(UTC)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    return {
        "origin": origin,
        "time": {
            "at": {"__extn": {"fn": "datetime", "arg": stamp}},
            "weekday": at.isoweekday(),
            "hour": at.hour,
        },
        "payload": _selected(fields, payload_json),
        **_mapped(fields, mapped or {}),
    }


def _attributes(fields: list[ContextField]) -> str:
    listed = "".join(f"\n      {field.name}?: {_CEDAR_TYPES[field.type]}," for field in fields)
    return listed + "\n    " if listed else ""


def _selected(fields: ContextFields, payload_json: bytes) -> dict[str, Any]:
    pointed = [(field, field.pointer) for field in fields.fields if field.pointer is not None]
    payload = _parse(payload_json) if pointed else None
    found = ((field, _resolve(payload, pointer)) for field, pointer in pointed)
    return {field.name: _checked(field, value) for field, value in found if value is not _ABSENT}


def _mapped(fields: ContextFields, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    wanted = [field for field in fields.fields if field.pointer is None]
    if not wanted:
        return {}
    found = {
        field.name: _checked(field, given[field.name]) for field in wanted if field.name in given
    }
    return {"mapped": found}


def _faults(name: object, field: object) -> list[str]:
    where = f"field {name!r}"
    faults = []
    if not is_context_name(name):
        faults.append(f"{where}: use small letters, digits and _, and no word of Cedar's own")
    if not isinstance(field, Mapping) or set(field) not in (
        {"pointer", "type"},
        {"mapped", "type"},
    ):
        return [*faults, f"{where}: give exactly `pointer` (or `mapped`) and `type`"]
    pointer = field.get("pointer")
    if "mapped" in field and field["mapped"] is not True:
        faults.append(f"{where}: `mapped` is true, or not there")
    if "pointer" in field and not (isinstance(pointer, str) and _POINTER.fullmatch(pointer)):
        faults.append(f"{where}: `pointer` must be a JSON pointer such as /invoice/amount_cents")
    if field["type"] not in list(FieldType):
        faults.append(f"{where}: `type` must be one of {', '.join(FieldType)}")
    return faults


def _parse(payload_json: bytes) -> Any:
    """Parse JSON that means the same to every reader: no key twice, no NaN, UTF-8."""
    try:
        return json.loads(
            payload_json.decode("utf-8"),
            object_pairs_hook=_object_without_repeats,
            parse_constant=_refuse_constant,
        )
    except RecursionError as error:
        raise ContextInvalid("the payload is nested too deeply to read its fields") from error
    except ValueError as error:
        # The parser's own message may quote the payload; only its kind is told.
        raise ContextInvalid("the payload is not JSON in UTF-8, or has numbers too long") from error


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        # Readers differ on which one counts, so the policy may see another than the agent.
        raise ContextInvalid("the payload has an object with the same key twice")
    return made


def _refuse_constant(_: str) -> NoReturn:
    raise ContextInvalid("the payload has NaN or Infinity, which JSON does not know")


def _resolve(payload: Any, pointer: str) -> Any:
    """Follow an RFC 6901 pointer; a path that ends early is absent."""
    value = payload
    for raw in pointer.split("/")[1:]:
        token = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _ARRAY_INDEX.fullmatch(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            return _ABSENT
    return value


def _checked(field: ContextField, value: Any) -> Any:
    fits = {
        FieldType.LONG: lambda: is_long(value),
        FieldType.STRING: lambda: is_short_string(value),
        FieldType.BOOL: lambda: type(value) is bool,
        FieldType.STRINGS: lambda: (
            isinstance(value, list)
            and len(value) <= MAX_SET_MEMBERS
            and all(is_short_string(member) for member in value)
        ),
    }
    if not fits[field.type]():
        place = "mapped" if field.pointer is None else field.pointer
        raise ContextInvalid(f"payload field {field.name} ({place}) is no {field.type}")
    return value


def is_context_name(name: object) -> bool:
    """Whether a policy can name it."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and name not in _RESERVED


def is_long(value: Any) -> bool:
    """Whether it is one of Cedar's numbers."""
    return type(value) is int and LONG_MIN <= value <= LONG_MAX


def is_short_string(value: Any) -> bool:
    """Whether it is a text short enough for a policy to read."""
    if not isinstance(value, str) or len(value) > MAX_STRING_BYTES:
        return False
    try:
        return len(value.encode("utf-8")) <= MAX_STRING_BYTES
    except UnicodeEncodeError:  # a lone surrogate
        return False
