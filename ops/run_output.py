"""What an agent wrote, as the API tells it, and as a terminal may show it."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol
from uuid import UUID

import click

from ops.terminal_text import plain
from pipeline import agent_event

AGAIN_SECONDS: Final = 0.5
TRUNCATED: Final = "lines are missing: more was written than is kept"


class Ask(Protocol):
    """A page of a run's log, from above a sequence on."""

    def __call__(self, run_id: UUID, after: int = -1) -> dict[str, Any]: ...


def lines_of(
    ask: Ask, run_id: UUID, *, follow: bool, sleep: Callable[[float], None] = time.sleep
) -> Iterator[dict[str, Any]]:
    """Lines of the newest execution in their order; until it has ended, where they are followed.

    Those of one that still runs may have gaps. Before anything was launched nobody waits.
    """
    after = -1
    while True:
        page = ask(run_id, after)
        yield from page["lines"]
        if page["lines"]:
            after = page["lines"][-1]["sequence"]
        if page["ended"] and page["after"] is None:
            if page["truncated"]:
                click.echo(TRUNCATED, err=True)
            return
        if page["lines"] and page["after"] is not None:
            continue
        if not follow or page["execution_id"] is None:
            return
        sleep(AGAIN_SECONDS)


def line_in_words(offset_ms: int, stream: str, text: str) -> str:
    """One line, with nothing in it that a terminal would obey."""
    said = text
    if stream == agent_event.STREAM:
        try:
            said = agent_event.in_words(text)
        except (ValueError, LookupError, TypeError, AttributeError):
            said = text  # of a server that is newer than we are
    # A line is one: of its words none begins another.
    shown = plain(said).replace("\n", "\\u000a")
    return f"{offset_ms:>7} ms  {stream:<6}  {shown}"
