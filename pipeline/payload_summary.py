"""A request's payload in one line, for a list: what stands at its top, plain and bounded."""

import json
from typing import Any, Final

from pipeline.plain_text import one_line

MOST_READ: Final = 4096
"""Bytes of a payload that are looked at; of a longer one, the beginning as text."""
MOST_CHARACTERS: Final = 160
_MOST_MEMBERS: Final = 8
_MOST_OF_A_VALUE: Final = 60


def summarise(unverified_payload: bytes, content_type: str, *, size: int) -> str:
    """One line of at most MOST_CHARACTERS.

    Args:
        unverified_payload: Its first MOST_READ bytes.
        size: Of the whole, in bytes.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if size <= MOST_READ and (media_type == "application/json" or media_type.endswith("+json")):
        try:
            return one_line(_json_line(json.loads(unverified_payload)), MOST_CHARACTERS)
        except (ValueError, RecursionError):
            pass  # it is shown as the text it is
    return one_line(unverified_payload.decode("utf-8", "replace"), MOST_CHARACTERS)


def _json_line(value: Any) -> str:
    if not isinstance(value, dict):
        return _short(value)
    parts = [
        f"{_short(name)}: {_short(part)}" for name, part in list(value.items())[:_MOST_MEMBERS]
    ]
    more = len(value) - len(parts)
    return ", ".join(parts) + (f" and {more} more" if more else "")


def _short(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value, _MOST_OF_A_VALUE)
    if isinstance(value, dict):
        return f"{{{len(value)} members}}" if value else "{}"
    if isinstance(value, list):
        return f"[{len(value)} items]" if value else "[]"
    return one_line(json.dumps(value), _MOST_OF_A_VALUE)
