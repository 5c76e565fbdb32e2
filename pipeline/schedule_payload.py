"""What a schedule sends: a JSON object in whose strings a few placeholders stand.

`{{ tick }}` and its like are replaced by text, once; what they are replaced by is not looked at
again. There is nothing else to say in them, so nothing to fence in.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pipeline.registry_names import FieldInvalid
from pipeline.schedule import name_of, read_zone
from pipeline.strict_json import canonical

MOST_BYTES: Final = 64 * 1024
MOST_DEPTH: Final = 16
_PLACE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
NAMES: Final = ("tick", "local", "date", "time", "source")


def check_payload(payload: Mapping[str, Any]) -> None:
    """Raises: FieldInvalid: It is too large or deep, or names what is not there."""
    _walk(payload, _known, MOST_DEPTH)
    try:
        size = len(canonical(dict(payload)))
    except (ValueError, TypeError) as error:
        raise FieldInvalid("payload", "this is not JSON") from error
    if size > MOST_BYTES:
        raise FieldInvalid("payload", f"a payload has {MOST_BYTES} bytes at most")


def fill_payload(payload: Mapping[str, Any], *, source: str, zone: str, tick: datetime) -> bytes:
    """The JSON a tick sends, in its one form."""
    local = tick.astimezone(read_zone(zone))
    values = {
        "tick": name_of(tick),
        "local": local.isoformat(timespec="seconds"),
        "date": local.date().isoformat(),
        "time": local.strftime("%H:%M"),
        "source": source,
    }

    def fill(text: str) -> str:
        return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)

    return canonical(_walk(payload, fill, MOST_DEPTH))


def _known(text: str) -> str:
    if "\x00" in text:
        raise FieldInvalid("payload", "a text holds a character 0, which nothing can keep")
    for found in _PLACE.finditer(text):
        if found[1] not in NAMES:
            known = ", ".join(NAMES)
            raise FieldInvalid("payload", f"there is no {found[0]}; there are {known}")
    return text


def _walk(value: Any, change: Any, depth: int) -> Any:
    """The same JSON with its strings, not its names, changed."""
    if depth < 0:
        raise FieldInvalid("payload", f"a payload is {MOST_DEPTH} levels deep at most")
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        if any("\x00" in name for name in value):
            raise FieldInvalid("payload", "a name holds a character 0, which nothing can keep")
        return {name: _walk(each, change, depth - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, change, depth - 1) for each in value]
    return value
