"""Where identifiers come from.

A run's id is a UUIDv7 made here, so that it sorts by time before any database has seen it. A
source's id is an address on the open internet, so it is 128 random bits and tells nothing.
"""

from __future__ import annotations

import secrets
import threading
import time
from uuid import UUID

_RANDOM_B_BITS = 62
_TICKS_PER_MILLISECOND = 4096  # rand_a, 12 bits

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> UUID:
    """Make a UUIDv7 (RFC 9562, 5.7), strictly increasing within this process.

    `rand_a` carries the fraction of the millisecond (RFC 9562, 6.2, method 3), so ids of one
    process sort in the order they were made, also when the clock stands still or steps back.
    Ids of several processes sort by their clocks.
    """
    global _last_tick  # noqa: PLW0603 - the order is a property of the process
    now = time.time_ns() * _TICKS_PER_MILLISECOND // 1_000_000
    with _lock:
        tick = _last_tick = max(now, _last_tick + 1)
    milliseconds, fraction = divmod(tick, _TICKS_PER_MILLISECOND)
    random_b = secrets.randbits(_RANDOM_B_BITS)
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | random_b)


def source_id() -> UUID:
    """Make a source's id: 128 random bits in a uuid's clothes, version and variant included.

    A version 4 would carry 122; the id is part of a webhook's address and guards it.
    """
    return UUID(bytes=secrets.token_bytes(16))
