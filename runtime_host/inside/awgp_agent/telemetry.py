"""Structured events, in order with what the agent prints.

    from awgp_agent import telemetry

    telemetry.event("invoice.booked", {"amount": 1200, "currency": "EUR"})
    with telemetry.span("rates.fetch", {"base": "EUR"}) as attributes:
        attributes["count"] = len(rates)

Fields have OpenTelemetry's names. An event is a line of output: it counts towards `output_bytes`,
is kept and shown with the run, and goes nowhere else. Needs no grant. Standard library only.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time

__all__ = ("SEVERITIES", "event", "span")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Scalar = str | bool | int | float
    Value = Scalar | Sequence[Scalar]

SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
STDOUT = 1
MARK = b"\x1e"
# As the host cuts lines; a longer one would be text.
MAX_EVENT_BYTES = 8 * 1024 - 2
MAX_ATTRIBUTES = 32
MAX_ITEMS = 32
MAX_NAME, MAX_KEY = 128, 64
MAX_WHOLE = 2**53 - 1
NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-")


def event(
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    severity: str = "INFO",
    body: str = "",
) -> None:
    """Tell that something happened.

    Args:
        name: Letters, digits and `_.:/-`, at most 128, a letter first: what kind of event it is.
        attributes: At most 32, names as above up to 64; texts, numbers, booleans, or lists of them.
        severity: One of `SEVERITIES`.
        body: For a person.

    Raises:
        ValueError: Something is not what it must be, or the event is over 8 KiB; nothing is told.
    """
    _tell(_event(name, attributes or {}, severity, body))


class span:  # noqa: N801  # used as a function
    """Tell how long something took, once it is over; an exception makes it an ERROR.

    Gives a dict of attributes to add to. Raises what `event` does, at its end.
    """

    def __init__(self, name: str, attributes: Mapping[str, Value] | None = None) -> None:
        self._name = name
        self._attributes: dict[str, Value] = dict(attributes or {})
        self._start = 0

    def __enter__(self) -> dict[str, Value]:
        self._start = time.time_ns()
        return self._attributes

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        end = max(self._start, time.time_ns())
        if kind is not None:
            self._attributes["exception.type"] = kind.__qualname__
        severity = "INFO" if kind is None else "ERROR"
        made = _event(self._name, self._attributes, severity, "")
        made["startTimeUnixNano"], made["endTimeUnixNano"] = str(self._start), str(end)
        _tell(made)


def _event(name: str, attributes: Mapping[str, Value], severity: str, body: str) -> dict[str, Any]:
    _check_name("the name of an event", name, MAX_NAME)
    if severity not in SEVERITIES:
        raise ValueError(f"a severity is one of {', '.join(SEVERITIES)}, not {severity!a}")
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"an event has at most {MAX_ATTRIBUTES} attributes")
    made: dict[str, Any] = {"eventName": name, "severityText": severity}
    if body:
        made["body"] = _text("the body", body)
    if attributes:
        made["attributes"] = {key: _value(key, value) for key, value in attributes.items()}
    return made


def _check_name(what: str, name: str, most: int) -> None:
    sound = isinstance(name, str) and 0 < len(name) <= most and NAME_LETTERS.issuperset(name)
    if not sound or not name[0].isalpha():
        raise ValueError(f"{what} is letters, digits and _.:/-, at most {most}, not {name!a}")


def _value(key: str, value: Value) -> Value:
    _check_name("the name of an attribute", key, MAX_KEY)
    if isinstance(value, (list, tuple)):
        if len(value) > MAX_ITEMS:
            raise ValueError(f"{key} has more than {MAX_ITEMS} values")
        return [_scalar(key, each) for each in value]
    return _scalar(key, value)  # type: ignore[arg-type]  # anything else is refused there


def _scalar(key: str, value: Scalar) -> Scalar:
    if isinstance(value, str):
        return _text(key, value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= MAX_WHOLE:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"{key} is a text, a number JSON holds, a boolean, or a list of them")


def _text(what: str, text: str) -> str:
    """What a host keeps: no NUL, no half of a surrogate pair."""
    if not isinstance(text, str):
        raise ValueError(f"{what} is a text")
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _tell(made: dict[str, Any]) -> None:
    packed = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    if len(packed) > MAX_EVENT_BYTES:
        raise ValueError(f"an event has at most {MAX_EVENT_BYTES} bytes, not {len(packed)}")
    # What was printed before it comes before it.
    if sys.stdout is not None:
        sys.stdout.flush()
    # One write, which a pipe keeps whole up to 4 KiB; a longer one may be cut up by a thread that
    # prints at the same time.
    rest = memoryview(MARK + packed + b"\n")
    while rest:
        rest = rest[os.write(STDOUT, rest) :]
