"""Limits as they are written on the command line: NAME=VALUE, sizes with a unit or without."""

import re
from collections.abc import Sequence
from typing import Final

from pipeline.assistant_change import ceiling as of_limits
from pipeline.execution import RANGES, LimitsInvalid
from pipeline.registry_names import FieldInvalid

_UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_VALUE = re.compile(r"([0-9]{1,15})(\.[0-9]{1,3})?(KiB|MiB|GiB|)")


def ceiling(given: Sequence[str]) -> dict[str, int]:
    """Return the ceiling these limits make, in the form it is kept; a limit not named is open.

    Raises:
        FieldInvalid: One is unknown, twice there, not a number or out of its range.
    """
    found: dict[str, float] = {}
    for each in given:
        name, _, value = each.partition("=")
        if name not in RANGES or name in found:
            raise FieldInvalid("limit", f"{each!r}: one of {', '.join(RANGES)}, each once")
        found[name] = _number(name, value)
    try:
        return of_limits(found)
    except LimitsInvalid as error:
        raise FieldInvalid("limit", str(error)) from error


def _number(name: str, value: str) -> float:
    read = _VALUE.fullmatch(value)
    seconds = name == "wall_seconds"
    if read is None or (read[2] and not seconds) or (read[3] and not name.endswith("_bytes")):
        raise FieldInvalid(
            "limit", f"{name}={value}: a number, as wall_seconds=30, memory_bytes=128MiB"
        )
    return float(read[1] + read[2]) if read[2] else int(read[1]) * _UNITS[read[3]]
