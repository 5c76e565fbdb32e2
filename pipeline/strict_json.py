"""JSON as two readers could not disagree about it (RFC 8259, RFC 7493).

Refused: what is not UTF-8, a byte order mark, a name twice in one object, NaN and Infinity,
numbers no double can hold, lone surrogates, and more nesting than the limit. Depth is counted
before anything is built.
"""

import json
import math
import re
from typing import Any, Final, NoReturn

from pipeline.refusal import Refusal

# A whole string, a quote that opens none (the text is broken there), or a bracket. The possessive
# quantifiers keep this linear.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
_ESCAPED_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class JsonInvalid(Refusal):
    """The text is not JSON, or JSON that readers would read differently."""


class JsonTooDeep(Refusal):
    """Objects and arrays stand deeper in one another than the limit."""


class JsonNotAnObject(Refusal):
    """Valid JSON, but no object."""


def parse_object(text: bytes, *, max_depth: int) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        JsonInvalid: Says what is wrong and, where known, at which line and column.
        JsonTooDeep: Names the limit.
        JsonNotAnObject: The outermost value is something else.
    """
    value = parse(text, max_depth=max_depth)
    if not isinstance(value, dict):
        raise JsonNotAnObject("the body must be a JSON object", field="body")
    return value


def parse(text: bytes, *, max_depth: int) -> Any:
    """Read any JSON value; raises as `parse_object`."""
    check_depth(text, max_depth)
    try:
        value = _DECODER.decode(text.decode("utf-8"))
        if _ESCAPED_SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(f"byte {error.start} is not UTF-8") from error
    except UnicodeEncodeError as error:
        raise _invalid("a string holds half of a surrogate pair") from error
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg}, line {error.lineno} column {error.colno}") from error
    except ValueError as error:  # an integer with more digits than Python reads
        raise _invalid("a number has too many digits") from error
    return value


def check_depth(text: bytes, limit: int) -> None:
    """Raises: JsonTooDeep."""
    if text.count(b"[") + text.count(b"{") <= limit:
        return  # it could not be, wherever they stand
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > limit:
                raise JsonTooDeep(
                    f"the body nests objects and arrays deeper than {limit}", field="body"
                )
        elif token in b"]}":
            depth -= 1
        elif token == b'"':
            return  # an open string: the parser will say where


def canonical(value: Any) -> bytes:
    """One byte form of a parsed value: sorted names, no spaces, UTF-8."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _invalid("an object has a name twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _invalid(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _invalid("a number is too large")
    return number


def _invalid(what: str) -> JsonInvalid:
    return JsonInvalid(f"the body is not valid JSON: {what}", field="body")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
)
