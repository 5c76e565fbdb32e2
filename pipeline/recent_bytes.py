"""The latest used of what is large and never changes, up to so many bytes."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")


class RecentBytes(Generic[Key]):
    """Asked by any thread.

    Args:
        most: Bytes kept in all; what is larger by itself is not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Key, content: bytes) -> bytes:
        """Keep it if there is room; returns it."""
        with self._lock:
            if key not in self._kept and len(content) <= self._most:
                self._kept[key] = content
                self._size += len(content)
            while self._size > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest)
        return content
