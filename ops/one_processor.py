"""Keep a process of many threads on one processor.

Only one thread of an interpreter runs at a time, but wherever it woke: what it works with is
fetched anew from the other processor's cache each time the lock changes hands. A request of the
edge costs a sixth less processor time when its process stays where it is.
"""

import os
import random
from collections.abc import Iterable
from typing import Final

SETTING: Final = "AWGP_ONE_PROCESSOR"
OFF: Final = "off"


def stay_on_one_processor(siblings: Iterable[int]) -> int | None:
    """Keep this process, with all threads it begins, on the processor the fewest siblings have.

    Args:
        siblings: Process ids; one that ended meanwhile counts for nothing.

    Returns:
        The processor's number; None where that is switched off, or nothing to choose.
    """
    mine = sorted(os.sched_getaffinity(0))
    if os.environ.get(SETTING) == OFF or len(mine) == 1:
        return None
    taken = [number for pid in siblings for number in _kept_to(pid)]
    # Others of this machine choose as well: not all of them the first.
    random.shuffle(mine)
    chosen = min(mine, key=taken.count)
    os.sched_setaffinity(0, {chosen})
    return chosen


def _kept_to(pid: int) -> set[int]:
    """The one processor a process keeps to; nothing where it may use several, or is gone."""
    try:
        numbers = os.sched_getaffinity(pid)
    except ProcessLookupError:
        return set()
    return numbers if len(numbers) == 1 else set()
