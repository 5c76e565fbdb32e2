"""The two ways to tell a client: WebSocket messages, and server-sent events for who has none.

What is told is made once for all clients of a kind. Clients say little: which runs they follow.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

MOST_FOLLOWED: Final = 8
LONGEST_MESSAGE: Final = 1024
# RFC 6455, section 7.4.1, and ours above 4000.
NOTHING_WRONG: Final = 1000
BAD_MESSAGE: Final = 1008
TOO_LONG: Final = 1009
_RUN: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Why a client is sent away, and under which name that is counted."""

    code: int
    reason: str
    counted: str


RESUME: Final = Closing(code=4008, reason="too slow: resume from your last id", counted="slow")
SIGN_IN: Final = Closing(code=4401, reason="signed out", counted="signed_out")
CHANGED: Final = Closing(code=4010, reason="your rights changed: come in anew", counted="changed")
NO_RIGHT: Final = Closing(code=4403, reason="no right to this tenant", counted="no_right")
RESTART: Final = Closing(code=1012, reason="this process ends: resume elsewhere", counted="restart")
SILENT: Final = Closing(code=4408, reason="nothing heard for too long", counted="silent")
GONE: Final = Closing(code=NOTHING_WRONG, reason="", counted="left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """The client wants to be told of lines these runs write, and of no others."""

    runs: frozenset[str]


class Reply(bytes):
    """What the protocol itself answers."""


class Speech(Protocol):
    """How one client is spoken to."""

    form: ClassVar[str]
    may_be_silent: ClassVar[bool]

    def told(self, event_id: str, text: str) -> bytes: ...
    def heartbeat(self) -> bytes: ...
    def farewell(self, closing: Closing) -> bytes: ...
    def heard(self, data: bytes) -> Iterator["Follow | Reply | Closing"]: ...


class WebSocketSpeech:
    """RFC 6455 after the handshake, without extensions: compressing costs memory a socket."""

    __slots__ = ("_connection", "_message")

    form: ClassVar[str] = "websocket"
    may_be_silent: ClassVar[bool] = False
    _encoder: ClassVar[Connection] = Connection(ConnectionType.SERVER)
    _beat: ClassVar[bytes] = _encoder.send(Message(data='{"kind":"heartbeat"}')) + _encoder.send(
        Ping()
    )

    def __init__(self) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._message = ""

    def told(self, event_id: str, text: str) -> bytes:
        del event_id  # it is in the text
        return self._encoder.send(Message(data=text))

    def heartbeat(self) -> bytes:
        return self._beat

    def farewell(self, closing: Closing) -> bytes:
        try:
            return self._connection.send(CloseConnection(code=closing.code, reason=closing.reason))
        except LocalProtocolError:
            return b""

    def heard(self, data: bytes) -> Iterator[Follow | Reply | Closing]:
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                if isinstance(event, Ping):
                    yield Reply(self._connection.send(event.response()))
                elif isinstance(event, CloseConnection):
                    yield GONE
                    return
                elif isinstance(event, TextMessage):
                    yield from self._read(event)
                elif isinstance(event, Message):
                    yield _bad("a message is text")
        except (RemoteProtocolError, LocalProtocolError):
            yield _bad("not a WebSocket frame")

    def _read(self, event: TextMessage) -> Iterator[Follow | Closing]:
        self._message += event.data
        if len(self._message) > LONGEST_MESSAGE:
            yield Closing(code=TOO_LONG, reason="a message is short", counted="bad_message")
        elif event.message_finished:
            message, self._message = self._message, ""
            yield read_message(message)


class EventStreamSpeech:
    """`text/event-stream`; the client cannot answer, so that it is there shows when it is told."""

    __slots__ = ()

    form: ClassVar[str] = "sse"
    may_be_silent: ClassVar[bool] = True

    def told(self, event_id: str, text: str) -> bytes:
        named = f"id: {event_id}\n" if event_id else ""
        return f"{named}data: {text}\n\n".encode()

    def heartbeat(self) -> bytes:
        return b'data: {"kind":"heartbeat"}\n\n'

    def farewell(self, closing: Closing) -> bytes:
        said = json.dumps({"code": closing.code, "reason": closing.reason})
        return f"event: close\ndata: {said}\n\n".encode()

    def heard(self, data: bytes) -> Iterator[Follow | Reply | Closing]:
        del data
        yield _bad("nothing is read here")


def read_message(text: str) -> Follow | Closing:
    """What a client says: `{"follow": [run ids]}`."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return _bad("a message is JSON")
    if (
        not isinstance(said, dict)
        or set(said) != {"follow"}
        or not isinstance(said["follow"], list)
    ):
        return _bad('a message is {"follow": [run ids]}')
    runs = follow(said["follow"])
    return _bad(f"follow {MOST_FOLLOWED} run ids at most") if runs is None else Follow(runs=runs)


def follow(runs: Sequence[object]) -> frozenset[str] | None:
    """The runs to follow; None where these are no run ids, or too many."""
    found = frozenset(each for each in runs if isinstance(each, str) and _RUN.fullmatch(each))
    return found if len(found) == len(runs) <= MOST_FOLLOWED else None


def _bad(reason: str) -> Closing:
    return Closing(code=BAD_MESSAGE, reason=reason, counted="bad_message")
