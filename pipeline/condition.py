"""Conditions on events, in CEL (https://cel.dev), by Google's own library.

    event     the event, as the source's mapping sees it
    headers   its headers by name in lower case; none that carries a secret

What evaluation may cost is bounded by what an expression may be, because many tenants share a
process and the library bounds steps, not time or memory: no loops (`all exists exists_one map
filter`), few `+` (each makes a text as long as both), few characters. What is left takes time in
proportion to the event, which is bounded, too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

from pipeline.errors import AwgpError

LONGEST: Final = 500
MOST_PLUS: Final = 8
# CEL-C++ walks an event as deep as it is, on its caller's stack.
DEEPEST_EVENT: Final = 128
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_LOOP: Final = re.compile(r"\b(all|exists|exists_one|map|filter)\s*\(")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_WHERE: Final = re.compile(r"<input>:1:(\d+): ([^\n]*)")
_ENVIRONMENT: Final = cel.NewEnv(
    variables={
        "event": cel.Type.DYN,
        "headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
)


class ConditionInvalid(AwgpError):
    """The text is no condition; the message says what is wrong and at which column."""


class ConditionFailed(AwgpError):
    """The condition is neither true nor false for this event; the message quotes none of it."""


class Asked:
    """An event that conditions are asked about; it is read once for all of them."""

    def __init__(self, event: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.activation = _ENVIRONMENT.Activation({"event": event, "headers": headers})


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was found sound. Any thread may ask it."""

    text: str
    _expression: Any

    def holds(self, asked: Asked) -> bool:
        """Raises: ConditionFailed."""
        try:
            value = self._expression.eval(asked.activation)
            if value.type() == cel.Type.BOOL:
                return bool(value.value())
            said = str(value.value()) if value.type() == cel.Type.ERROR else ""
        except RuntimeError as error:
            said = str(error)
        raise ConditionFailed(_reason(said))


@lru_cache(maxsize=1024)
def read_condition(text: str) -> Condition:
    """Compile a condition and check its types.

    Raises:
        ConditionInvalid: As it says.
    """
    if not text.strip() or len(text) > LONGEST or _CONTROL.search(text):
        raise ConditionInvalid(f"1 to {LONGEST} characters of CEL on one line")
    if found := _LOOP.search(text):
        raise ConditionInvalid(
            f"no loops: `{found[1]}` is not for conditions; `x in list` asks a list"
        )
    if text.count("+") > MOST_PLUS:
        raise ConditionInvalid(f"at most {MOST_PLUS} times +")
    try:
        expression = _ENVIRONMENT.compile(text)
        if b"@result" in expression.serialize():
            raise ConditionInvalid("no loops")
    except RuntimeError as error:
        raise ConditionInvalid(_fault(str(error))) from error
    if expression.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ConditionInvalid("must be true or false")
    return Condition(text, expression)


def _fault(said: str) -> str:
    found = _WHERE.search(said)
    return f"column {found[1]}: {found[2]}" if found else "this is not CEL"


def _reason(said: str) -> str:
    """What failed, without what the event holds: the library's message may quote it."""
    for mark, reason in (
        ("Key not found", "it asks for something that the event lacks; ask has(...) first"),
        ("No matching overloads", "it compares or combines values of different types"),
        ("Integer value", "the event holds a number of more than 64 bits"),
    ):
        if mark in said:
            return reason
    return "it is neither true nor false for this event"
