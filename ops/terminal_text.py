"""Text from elsewhere, made fit for a terminal: nothing in it moves a cursor or turns its reading.

Payloads, names and reasons are written by strangers. What is shown here is what a person decides
on, so control characters (C0, C1, escape) and invisible ones (bidirectional marks) are shown as
their code points.
"""

import json
from datetime import UTC, datetime
from typing import Any


def plain(text: str) -> str:
    """Return the text with whatever is not printable spelled out; line ends stay."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\u{ord(letter):04x}"
        for letter in text
    )


def one_line(text: str) -> str:
    """Return the text on one line, fit for a table."""
    return plain(" ".join(text.split()))


def pretty(value: Any) -> str:
    """Return JSON, indented, as a person reads it."""
    return plain(json.dumps(value, indent=2, ensure_ascii=False))


def moment(timestamp: str, now: datetime | None = None) -> str:
    """Return a time as UTC to the second, with how far away it is."""
    at = datetime.fromisoformat(timestamp).astimezone(UTC)
    seconds = (at - (now or datetime.now(UTC))).total_seconds()
    away = _span(abs(seconds))
    return f"{at:%Y-%m-%d %H:%M:%S}Z ({f'in {away}' if seconds >= 0 else f'{away} ago'})"


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
