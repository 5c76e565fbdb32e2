"""Times on the command line: a span, or a moment."""

# ruff: noqa: ARG002  # the signature is click's

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Seconds of each."""


class Seconds(click.ParamType[int]):
    """A span of time: a whole number with s, m, h, d or w after it; seconds without."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw]?)", str(value))
        if found is None:
            self.fail(f"{value!r} is no span of time; say 90s, 30m, 24h or 7d", param, ctx)
        return int(found[1]) * UNITS[found[2] or "s"]


SECONDS: Final = Seconds()


def span(seconds: int) -> str:
    """Seconds as `Seconds` reads them, in days at most."""
    unit = next(unit for unit in "dhms" if seconds % UNITS[unit] == 0)
    return f"{seconds // UNITS[unit]}{unit}"


class Moment(click.ParamType[datetime]):
    """`2h` is two hours ago; `2026-11-23T06:00Z` is that moment; without a zone it is UTC."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        said = str(value).strip()
        try:
            if ago := re.fullmatch(r"([0-9]{1,6})([smhdw])", said):
                return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * UNITS[ago[2]])
            at = datetime.fromisoformat(said)
        except (ValueError, OverflowError):  # the calendar begins in the year 1
            self.fail(f"{said!r} is neither like 30m, 2h or 7d nor like 2026-11-23T06:00Z")
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
