"""Where identifiers come from.

A run's id is a UUIDv7 made here, so that it sorts by time before any database has seen it. A
source's id is an address on the open internet, so it is 128 random bits and tells nothing.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from uuid import UUID

_RANDOM_B_MASK = (1 << 62) - 1
_FETCHED_BYTES = 2048
_TICKS_PER_MILLISECOND = 4096  # rand_a, 12 bits

_lock = threading.Lock()
_last_tick = 0
_fetched = b""


def uuid7() -> UUID:
    """Make a UUIDv7 (RFC 9562, 5.7), strictly increasing within this process.

    `rand_a` carries the fraction of the millisecond (RFC 9562, 6.2, method 3), so ids of one
    process sort in the order they were made, also when the clock stands still or steps back.
    Ids of several processes sort by their clocks.
    """
    global _last_tick  # noqa: PLW0603 - the order is a property of the process
    now = time.time_ns() * _TICKS_PER_MILLISECOND // 1_000_000
    random_b = int.from_bytes(random_bytes(8)) & _RANDOM_B_MASK
    with _lock:
        tick = _last_tick = max(now, _last_tick + 1)
    milliseconds, fraction = divmod(tick, _TICKS_PER_MILLISECOND)
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | random_b)


def source_id() -> UUID:
    """Make a source's id: 128 random bits in a uuid's clothes, version and variant included.

    A version 4 would carry 122; the id is part of a webhook's address and guards it.
    """
    return UUID(bytes=secrets.token_bytes(16))


def random_bytes(count: int) -> bytes:
    """Return bytes of the operating system's randomness, each given out once.

    They are fetched many at a time: every fetch lets go of the interpreter's lock, which a busy
    process with several threads waits for longer than the bytes themselves take.
    """
    global _fetched  # noqa: PLW0603 - one store a process
    with _lock:
        if len(_fetched) < count:
            _fetched = os.urandom(max(count, _FETCHED_BYTES))
        given, _fetched = _fetched[:count], _fetched[count:]
    return given


def _forget_fetched() -> None:
    global _fetched, _lock
    _fetched, _lock = b"", threading.Lock()


# Parent and child would give out the same bytes.
os.register_at_fork(after_in_child=_forget_fetched)
