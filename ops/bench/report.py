"""What every bench ends with: a table for people, and as the last line one line of JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

DURABILITY: Final = ("fsync", "synchronous_commit", "full_page_writes")
"""Without these a figure of a database means nothing; they are read from the server, live."""


def read_settings(engine: Engine) -> dict[str, str]:
    """Ask the server that was measured how durable its commits are."""
    with engine.connect() as connection:
        return {
            name: str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in DURABILITY
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed, by nearest rank.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values, so no percentile")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 10_000) // 10_000))
    return ordered[rank - 1]


def json_line(
    bench: str,
    figures: Mapping[str, float | int | None],
    settings: Mapping[str, str],
) -> str:
    """Return the last line: `{"bench": ..., figures..., "settings": {...}}`, floats to 0.001."""
    rounded = {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in figures.items()
    }
    return json.dumps({"bench": bench, **rounded, "settings": dict(settings)})


def print_report(
    bench: str,
    *,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    figures: Mapping[str, float | int | None],
    settings: Mapping[str, str],
    console: Console | None = None,
) -> None:
    """Print the table and the line of JSON to stdout.

    Args:
        columns: Headings; the first column names its row, the others are aligned right.
        figures: The members of the JSON between `bench` and `settings`, in order.
        settings: From `read_settings`, of the server that was measured.
        console: In place of stdout.
    """
    console = console or Console()
    table = Table(title=f"bench {bench}")
    for number, heading in enumerate(columns):
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    # Not through the console, which would wrap it.
    console.file.write(json_line(bench, figures, settings) + "\n")
    console.file.flush()
