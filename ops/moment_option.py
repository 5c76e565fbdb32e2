"""A moment on the command line: ISO 8601, or how long ago."""

# ruff: noqa: ARG002  # the signature is click's

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """`2h` is two hours ago; `2026-11-23T06:00Z` is that moment; without a zone it is UTC."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        said = str(value).strip()
        if ago := re.fullmatch(r"([0-9]{1,6})([smhdw])", said):
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        try:
            at = datetime.fromisoformat(said)
        except ValueError:
            self.fail(f"{said!r} is neither like 30m, 2h or 7d nor like 2026-11-23T06:00Z")
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
