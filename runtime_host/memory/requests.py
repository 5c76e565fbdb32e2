"""What can be asked of a memory, read strictly: by a gateway, and again by who owns the memory."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.gateway_call import Refused
from pipeline.strict_json import canonical
from runtime_host.gateway.refusal import CallRefused
from runtime_host.memory.engine import Condition, Dense, Sparse, Vector

MAX_ENTRIES_A_CALL: Final = 256
MAX_ENTRY_BYTES: Final = 32 * 1024
MAX_ID_CHARACTERS: Final = 200
MAX_TEXT_CHARACTERS: Final = 16 * 1024
MAX_DIMENSIONS: Final = 4096
MAX_HITS: Final = 100
USUAL_HITS: Final = 10
MAX_CONDITIONS: Final = 16
MAX_DEPTH: Final = 12
USUAL: Final = "default"
# Of a request with its vectors: more goes in parts.
MAX_ASKED_BYTES: Final = 16 * 1024 * 1024
UPSERT, SEARCH, DELETE, GET, COUNT = "upsert", "search", "delete", "get", "count"
# Where an agent's own fields are among what is kept, so that none is ever one of ours.
PAYLOAD: Final = "payload"

_COLLECTION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,5}")
_INDEX: Final = 2**32
_WHOLE: Final = 2**63
_BOUNDS: Final = frozenset({"gte", "gt", "lte", "lt"})
_FIELDS: Final = {
    UPSERT: {"collection", "entries"},
    SEARCH: {"collection", "vector", "filter", "limit"},
    DELETE: {"collection", "ids", "filter"},
    GET: {"collection", "ids"},
    COUNT: {"collection", "filter"},
}
_ENTRY: Final = frozenset({"id", "text", "vector", PAYLOAD})
OPERATIONS: Final = tuple(_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing to remember."""

    id: str
    vector: Vector
    text: str = ""
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, whole and sound.

    Args:
        ids: None where none are said.
    """

    operation: str
    collection: str
    entries: tuple[Entry, ...] = ()
    vector: Vector = ()
    conditions: tuple[Condition, ...] = ()
    ids: tuple[str, ...] | None = None
    limit: int = USUAL_HITS


def read(operation: str, values: Mapping[str, Any]) -> Asked:
    """Read a request, its texts made into vectors.

    Raises:
        CallRefused: It is none; names the field.
    """
    known = _FIELDS[operation]
    if not set(values) <= known:
        raise malformed(f"the body is an object of {', '.join(sorted(known))}")
    collection = values.get("collection", USUAL)
    if not isinstance(collection, str) or not _COLLECTION.fullmatch(collection):
        raise malformed("collection is small letters, digits and hyphens, at most 40")
    limit = values.get("limit", USUAL_HITS)
    if type(limit) is not int or not 1 <= limit <= MAX_HITS:
        raise malformed(f"limit is a whole number, 1 to {MAX_HITS}")
    asked = Asked(
        operation=operation,
        collection=collection,
        entries=_entries(values["entries"]) if "entries" in values else (),
        vector=_vector(values["vector"]) if "vector" in values else (),
        conditions=_conditions(values.get("filter", {})),
        ids=_ids(values["ids"]) if "ids" in values else None,
        limit=limit,
    )
    _check_whole(asked)
    return asked


def malformed(detail: str) -> CallRefused:
    """What a request is refused with that is none."""
    return CallRefused(Refused.MALFORMED, detail)


def _check_whole(asked: Asked) -> None:
    if asked.operation == UPSERT and not asked.entries:
        raise malformed("entries are missing")
    if asked.operation == SEARCH and not asked.vector:
        raise malformed("a search has a text or a vector")
    if asked.operation == GET and asked.ids is None:
        raise malformed("ids are missing")
    if asked.operation == DELETE and asked.ids is None and not asked.conditions:
        raise malformed("say which: ids, a filter or both")


def _entries(values: object) -> tuple[Entry, ...]:
    if not isinstance(values, list) or len(values) > MAX_ENTRIES_A_CALL:
        raise malformed(f"entries is a list of at most {MAX_ENTRIES_A_CALL}")
    entries = tuple(_entry(each) for each in values)
    if len({each.id for each in entries}) != len(entries):
        raise malformed("an id is there twice")
    return entries


def _entry(values: object) -> Entry:
    if not isinstance(values, dict) or not set(values) <= _ENTRY:
        raise malformed(f"an entry is an object of {', '.join(sorted(_ENTRY))}")
    text, payload = values.get("text", ""), values.get(PAYLOAD, {})
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARACTERS:
        raise malformed(f"text is a text of at most {MAX_TEXT_CHARACTERS} characters")
    if not isinstance(payload, dict) or not _is_plain(payload):
        raise malformed("payload is an object, its whole numbers of 64 bits at most")
    if len(canonical([text, payload])) > MAX_ENTRY_BYTES:
        raise malformed(f"text and payload of an entry are {MAX_ENTRY_BYTES} bytes at most")
    if "vector" not in values:
        raise malformed("an entry has a text or a vector")
    (name,) = _ids([values.get("id")])
    return Entry(id=name, vector=_vector(values["vector"]), text=text, payload=payload)


def _ids(values: object) -> tuple[str, ...]:
    sound = isinstance(values, list) and len(values) <= MAX_ENTRIES_A_CALL
    if not sound or not isinstance(values, list) or not all(map(_is_id, values)):
        raise malformed(
            f"an id is a text of 1 to {MAX_ID_CHARACTERS} characters; {MAX_ENTRIES_A_CALL} at most"
        )
    return tuple(values)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_ID_CHARACTERS


def _is_plain(value: object) -> bool:
    """Whether engines keep it as it is."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return not isinstance(value, int) or -_WHOLE <= value < _WHOLE


def _vector(values: object) -> Vector:
    if isinstance(values, dict) and set(values) == {"indices", "values"}:
        return _sparse(values["indices"], values["values"])
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_DIMENSIONS:
        raise malformed(f"a vector is a list of 1 to {MAX_DIMENSIONS} numbers")
    return _numbers(values)


def _sparse(indices: object, values: object) -> Sparse:
    if not isinstance(indices, list) or not isinstance(values, list):
        raise malformed("a sparse vector has indices and values, lists")
    if not len(indices) == len(values) == len(set(map(str, indices))) <= MAX_TEXT_CHARACTERS:
        raise malformed("a sparse vector has as many values as indices, each of those once")
    if not all(type(each) is int and 0 <= each < _INDEX for each in indices):
        raise malformed("an index of a sparse vector is a whole number below 2^32")
    return Sparse(indices=tuple(indices), values=_numbers(values))


def _numbers(values: list[Any]) -> Dense:
    """Raises: CallRefused, where one is no number that engines can reckon with."""
    if not all(type(each) in {int, float} and abs(each) <= 1e9 for each in values):
        raise malformed("a vector's numbers lie between -1e9 and 1e9")
    numbers = tuple(map(float, values))
    if not all(map(math.isfinite, numbers)):
        raise malformed("a vector's numbers are finite")
    return numbers


def _conditions(values: object) -> tuple[Condition, ...]:
    if not isinstance(values, dict) or len(values) > MAX_CONDITIONS:
        raise malformed(f"filter is an object of at most {MAX_CONDITIONS} fields")
    return tuple(_condition(name, said) for name, said in values.items())


def _condition(name: str, said: object) -> Condition:
    if not _FIELD.fullmatch(name):
        raise malformed(f"filter: {name[:80]!a} is no field of letters, digits, _ and -")
    key = f"{PAYLOAD}.{name}"
    if _is_value(said):
        return Condition(key=key, equals=(said,))  # type: ignore[arg-type]  # _is_value looked
    if isinstance(said, dict) and set(said) == {"any"}:
        return Condition(key=key, equals=_any(name, said["any"]))
    if isinstance(said, dict) and said and set(said) <= _BOUNDS:
        if all(type(each) in {int, float} and abs(each) < _WHOLE for each in said.values()):
            bounds = {bound: float(each) for bound, each in said.items()}
            return Condition(key=key, **bounds)  # type: ignore[arg-type]  # its bounds alone
        raise malformed(f"filter.{name}: a bound is a number")
    raise malformed(
        f'filter.{name}: a text, a whole number, true or false, {{"any": [...]}} or bounds as'
        ' {"gte": 1, "lt": 5}'
    )


def _any(name: str, values: object) -> tuple[str | int | bool, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_HITS:
        raise malformed(f"filter.{name}.any is a list of 1 to {MAX_HITS}")
    if not all(map(_is_value, values)) or {type(each) for each in values} not in ({str}, {int}):
        raise malformed(f"filter.{name}.any is a list of texts, or one of whole numbers")
    return tuple(values)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_CHARACTERS
    return isinstance(value, int) and -_WHOLE <= value < _WHOLE  # a bool, too
