"""Waiting for queues to be drained, at a terminal."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import Engine

from pipeline.queue_change import Change, Drain, look_at_drain
from pipeline.queue_state import QueueState
from pipeline.run import Stage
from pipeline.work import Actor

LOOK_SECONDS: Final = 0.25


def follow_drains(
    engine: Engine,
    drains: Sequence[Change],
    *,
    by: Actor,
    on_look: Callable[[Drain], None],
    deadline: float | None = None,
) -> Mapping[Stage, Drain]:
    """Wait until what was due before each drain is done, and pause each queue then.

    Ends early where somebody else resumed or paused the queue meanwhile.

    Args:
        drains: What `set_queue` returned, of queues that drain.
        deadline: Of time.monotonic; what is not done by then is left draining.
    """
    waiting = {each.queue: each for each in drains}
    found: dict[Stage, Drain] = {}
    totals: dict[Stage, int] = {}
    while waiting:
        for queue, drain in list(waiting.items()):
            with engine.begin() as connection:
                look = look_at_drain(connection, drain.after, by=by)
            total = totals.setdefault(queue, look.left)
            found[queue] = replace(look, total=max(total, look.left))
            on_look(found[queue])
            if look.state is not QueueState.DRAINING:
                del waiting[queue]
        if waiting:
            if deadline is not None and time.monotonic() >= deadline:
                break
            time.sleep(LOOK_SECONDS)
    return found


@contextmanager
def left_draining(queues: Sequence[Stage], say: Callable[[str], None]) -> Iterator[None]:
    """Say what an interrupted wait leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        names = " ".join(queue.value for queue in queues)
        say(
            f"not waiting any longer; {names} may still be draining: `awgp drain {names}` waits"
            f" again, `awgp resume {names}` takes work again"
        )
        raise
