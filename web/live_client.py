"""One client that is told what happens, with a bounded queue of what it has not taken yet.

Used by the hub's thread alone, but for what is fixed.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pipeline.identity import Identity
from web.access import Role
from web.live_speech import Closing, Speech

MOST_WAITING_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who watches which tenant, and until when that was granted.

    Args:
        session_id: Of a browser session; None for a bearer's token.
        expires_at: Seconds since 1970; None where the session says it.
    """

    identity: Identity
    tenant: str
    tenant_id: UUID
    roles: frozenset[Role]
    session_id: str | None = None
    expires_at: float | None = None

    @property
    def person(self) -> tuple[str, str]:
        return self.identity.issuer, self.identity.subject


class Client:
    """A connection that was taken over, and how to speak on it."""

    __slots__ = (
        "beat_at",
        "closing_at",
        "connection",
        "follows",
        "heard_at",
        "messages",
        "speech",
        "subscription",
        "waiting",
        "waiting_bytes",
        "waits_since",
    )

    def __init__(
        self, connection: socket.socket, speech: Speech, subscription: Subscription, *, now: float
    ) -> None:
        self.connection = connection
        self.speech = speech
        self.subscription = subscription
        self.follows: frozenset[str] = frozenset()
        self.waiting: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.waits_since = now
        self.beat_at = now
        self.heard_at = now
        self.messages = 0
        # When the connection is closed for good; set once it was told so.
        self.closing_at: float | None = None

    def take(self, frames: Sequence[bytes]) -> None:
        """Send what can be sent at once, and let the rest wait.

        Raises:
            OSError: The client is gone.
        """
        if self.waiting:
            self._wait(frames)
            return
        sent = self._send(b"".join(frames))
        for at, frame in enumerate(frames):
            if sent < len(frame):
                # The first that waits may be a part: it must be sent before anything else.
                self._wait([frame[sent:], *frames[at + 1 :]])
                return
            sent -= len(frame)

    def go_on(self) -> bool:
        """Send what waits; returns whether any of it went out. Raises: OSError."""
        progress = False
        while self.waiting:
            frame = self.waiting[0]
            sent = self._send(frame)
            progress = progress or sent > 0
            self.waiting_bytes -= sent
            if sent < len(frame):
                self.waiting[0] = frame[sent:]
                return progress
            self.waiting.popleft()
        return progress

    def say_farewell(self, closing: Closing) -> None:
        """Let nothing but the frame that is under way go before the last one. Raises: OSError."""
        first = [self.waiting[0]] if self.waiting else []
        self.waiting.clear()
        self.waiting_bytes = 0
        frames = [*first, self.speech.farewell(closing)]
        if first:
            self._wait(frames)
        else:
            self.take(frames)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.close()

    def _send(self, data: bytes) -> int:
        try:
            return self.connection.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _wait(self, frames: Sequence[bytes]) -> None:
        self.waiting.extend(frames)
        self.waiting_bytes += sum(map(len, frames))
