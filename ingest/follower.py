"""Somebody who waits for a run to change: a held connection and what it was promised.

Used by the watch's thread alone (ingest/run_watch.py).
"""

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final, Protocol
from uuid import UUID

from werkzeug.datastructures import ETags
from werkzeug.http import http_date

from pipeline.identity import Identity
from pipeline.run import TERMINAL, Status

RETRY_MS: Final = 1000
# A state is some 20 KiB at most; who leaves this much unread is not reading.
MOST_WAITING_BYTES: Final = 128 * 1024
EVENTS_TYPE: Final = "text/event-stream"
JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a run fares, as it is shown to everyone who may read it.

    Attributes:
        tag: Of these very bytes; an entity tag without its quotes.
    """

    status: Status
    sealed: bool
    tag: str
    body: bytes = field(repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more comes, unless somebody replays it."""
        return self.status in TERMINAL

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Cache-Control": "private, no-cache",
            "ETag": f'"{self.tag}"',
            "Vary": "Accept, Prefer",
        }


class Speech(Protocol):
    """How a follower is answered; bytes as they go over the connection."""

    form: ClassVar[str]

    def opening(self, state: State) -> tuple[bytes, bool]:
        """What is said at once, and whether that was all."""

    def told(self, state: State) -> tuple[bytes, bool]:
        """What is said of a state, and whether that was all."""

    def at_the_end(self, state: State) -> bytes:
        """What is said when the time is up."""

    def heartbeat(self) -> bytes:
        """What is said so that a silent connection is known to live."""


class Poll:
    """One answer: once the run is not as the caller holds it, or, if it holds nothing, is over.

    Args:
        held: The entity tags of If-None-Match.
    """

    form: ClassVar[str] = "poll"

    def __init__(self, held: ETags, applied: str) -> None:
        self._held = held
        self._applied = applied

    def is_answer(self, state: State) -> bool:
        """Whether this is what the caller waits for. A state that will not change is, too."""
        if not self._held:
            return state.over
        return not self._held.contains_weak(state.tag) or (state.over and state.sealed)

    def opening(self, state: State) -> tuple[bytes, bool]:
        return self.told(state)

    def told(self, state: State) -> tuple[bytes, bool]:
        return (self.at_the_end(state), True) if self.is_answer(state) else (b"", False)

    def at_the_end(self, state: State) -> bytes:
        headers = {**state.headers, "Preference-Applied": self._applied}
        if self._held.contains_weak(state.tag):
            return response_head("304 NOT MODIFIED", headers)
        sized = {"Content-Type": JSON_TYPE, "Content-Length": str(len(state.body)), **headers}
        return response_head("200 OK", sized) + state.body

    def heartbeat(self) -> bytes:
        return b""


class Events:
    """The run's states one after another, until it is over.

    Args:
        last: The id of the last state the caller had.
    """

    form: ClassVar[str] = "run-events"

    def __init__(self, last: str | None) -> None:
        self._last = last

    def opening(self, state: State) -> tuple[bytes, bool]:
        head = response_head(
            "200 OK",
            {
                "Content-Type": EVENTS_TYPE,
                "Cache-Control": "no-store",
                "Vary": "Accept, Prefer",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
            },
        )
        first, done = self.told(state)
        return head + f"retry: {RETRY_MS}\n\n".encode() + first, done

    def told(self, state: State) -> tuple[bytes, bool]:
        if state.tag == self._last:
            return b"", state.over
        self._last = state.tag
        return event_of(state), state.over

    def at_the_end(self, state: State) -> bytes:
        del state
        return b""

    def heartbeat(self) -> bytes:
        return b": there\n\n"


def event_of(state: State) -> bytes:
    """One state as a server-sent event; the body is a line of JSON."""
    return f"id: {state.tag}\nevent: run\ndata: ".encode() + state.body.strip() + b"\n\n"


def response_head(status: str, headers: Mapping[str, str]) -> bytes:
    """The head of an answer after which the connection is closed."""
    lines = {"Date": http_date(datetime.now(UTC)), **headers, "Connection": "close"}
    said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{said}\r\n".encode("latin-1")


@dataclass(slots=True, kw_only=True, eq=False)
class Follower:
    """A connection that was taken over.

    Attributes:
        until: When it is answered at the latest, on the watch's clock.
        state: The last one known.
        done: Everything was said; the connection ends once it is written.
    """

    connection: socket.socket
    tenant_id: UUID
    run_id: UUID
    identity: Identity
    speech: Speech
    until: float
    state: State
    beat_at: float = 0.0
    waiting: bytearray = field(default_factory=bytearray)
    done: bool = False

    def say(self, said: bytes, *, done: bool) -> None:
        """Send what can be sent, and keep the rest. Raises: OSError when the caller is gone."""
        self.done = self.done or done
        self.waiting += said
        self.go_on()
        if len(self.waiting) > MOST_WAITING_BYTES:
            raise OSError("it does not read")

    def go_on(self) -> None:
        """Raises: OSError."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while self.waiting:
                del self.waiting[: self.connection.send(self.waiting)]
