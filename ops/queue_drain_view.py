"""A drain as a person follows it: a bar a queue, and what came of it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from pipeline.queue_change import Change, Drain
from pipeline.queue_state import QueueState
from pipeline.run import Stage


def drained(change: Change, drain: Drain) -> dict[str, object]:
    return {
        "queue": change.queue.value,
        "before": change.before.state.value,
        "after": drain.state.value,
        "done": drain.total - drain.left,
        "left": drain.left,
    }


def outcome_line(drain: Drain) -> str:
    name = drain.queue.value
    done = f"{drain.total - drain.left} done"
    if drain.state is QueueState.PAUSED:
        return f"{name}: {done}; paused. `awgp resume {name}` takes work again"
    if drain.state is QueueState.DRAINING:
        return f"{name}: {done}, {drain.left} left; it goes on draining. `awgp queues` shows why"
    return f"{name}: {done}, {drain.left} left; somebody resumed it meanwhile"


@contextmanager
def drain_bars(changes: Sequence[Change], *, quiet: bool) -> "Iterator[Follow]":
    # Without a terminal there is nobody to watch it, and rich would leave an empty line.
    hidden = quiet or not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as bars:
        tasks = {each.queue: bars.add_task(each.queue.value, total=None) for each in changes}
        yield Follow(bars, tasks)


class Follow:
    """Moves a drain's bar."""

    def __init__(self, bars: Progress, tasks: dict[Stage, TaskID]) -> None:
        self._bars = bars
        self._tasks = tasks

    def __call__(self, drain: Drain) -> None:
        done = drain.total - drain.left
        self._bars.update(self._tasks[drain.queue], total=drain.total, completed=done)
