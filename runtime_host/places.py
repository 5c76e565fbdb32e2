"""The places for sandboxes on this machine, given out fairly between tenants."""

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Waiter:
    number: int
    called: bool = False


class Places:
    """So many at once. Whose tenant has the fewest goes first, then who waits longest.

    So a tenant that sends a hundred at once delays another's one by one place's time, not by a
    hundred.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._taken: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[_Waiter]] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    def take(self, tenant: Hashable, patience: float) -> bool:
        """Get a place, or not within so many seconds."""
        deadline = time.monotonic() + patience
        with self._changed:
            mine = _Waiter(next(self._numbers))
            self._waiting.setdefault(tenant, deque()).append(mine)
            self._call()
            while not mine.called:
                left = deadline - time.monotonic()
                if left <= 0:
                    self._leave(tenant, mine)
                    return False
                self._changed.wait(left)
        return True

    def give_back(self, tenant: Hashable) -> None:
        """A place that was taken is free again."""
        with self._changed:
            self._taken[tenant] -= 1
            if not self._taken[tenant]:
                del self._taken[tenant]
            self._free += 1
            self._call()

    def waiting(self) -> int:
        """How many wait now."""
        with self._changed:
            return sum(len(queue) for queue in self._waiting.values())

    def _call(self) -> None:
        """Give every free place to whose turn it is."""
        while self._free and self._waiting:
            tenant = min(self._waiting, key=lambda t: (self._taken[t], self._waiting[t][0].number))
            waiter = self._waiting[tenant][0]
            waiter.called = True
            self._leave(tenant, waiter)
            self._taken[tenant] += 1
            self._free -= 1
            self._changed.notify_all()

    def _leave(self, tenant: Hashable, waiter: _Waiter) -> None:
        self._waiting[tenant].remove(waiter)
        if not self._waiting[tenant]:
            del self._waiting[tenant]
