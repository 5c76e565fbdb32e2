"""Where tables and bars go: stdout for what was asked for, stderr for how far it is."""

import sys
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PIPED_WIDTH: Final = 250
"""Characters of a line where nobody looks: what is piped is read by programs, so not cut."""


def table_console() -> Console:
    """As wide as the terminal; wide enough for any row where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def progress_bars(*, quiet: bool) -> Progress:
    """Bars of how many of how many. Without a terminal there is nobody to watch them."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        # Rich would leave an empty line.
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
    )
