"""The gateway's side of HTTP: one request a connection, framed by one length, or nothing happens.

A connection's first request is its last, so there is no second that somebody else could read
otherwise than we do: what follows the first refuses it, too, before it is carried out.
"""

import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import h11

from pipeline.errors import AwgpError
from pipeline.gateway_call import Refused
from runtime_host.gateway.refusal import STATUSES, CallRefused

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 8 * 1024 * 1024
READ_BYTES: Final = 64 * 1024
REQUEST_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 60.0
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
END_OF_HEAD: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length"
_LENGTH = re.compile(rb"[^:]+:[ \t]*[0-9]{1,10}[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A request, whole."""

    method: str
    path: str
    body: bytes


Handle = Callable[[Knock], Any]


class Gone(AwgpError):
    """Whoever asked went away, or was silent for too long."""


def guarded(handle: Handle, tell: Callable[[Exception], None]) -> Handle:
    """With what it does not expect told of, and answered, too.

    Args:
        tell: Called with what was raised beside CallRefused.
    """

    def guard(knock: Knock) -> Any:
        try:
            return handle(knock)
        except CallRefused:
            raise
        except Exception as error:
            tell(error)
            raise CallRefused(Refused.FAILED, "the gateway failed at this request") from error

    return guard


def answer_one(connection: socket.socket, handle: Handle) -> None:
    """Serve a connection: read its one request, answer, close.

    Args:
        handle: Returns what is answered as JSON; raises CallRefused.
    """
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    with connection:
        try:
            try:
                status, media, told = 200, JSON, handle(_read(connection, http))
            except CallRefused as error:
                status, media = STATUSES[error.why], PROBLEM
                told = {"type": f"urn:awgp:gateway:{error.why}", "status": status}
                told |= {"title": error.why.replace("-", " "), "detail": str(error)}
            _write(connection, http, status, media, told)
        except (Gone, OSError, h11.LocalProtocolError):
            return


def _read(connection: socket.socket, http: h11.Connection) -> Knock:
    until = time.monotonic() + REQUEST_SECONDS
    http.receive_data(_sound_head(connection, until))
    asked: h11.Request | None = None
    body = bytearray()
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            raise CallRefused(Refused.MALFORMED, "this is no sound HTTP/1.1") from error
        if event is h11.NEED_DATA:
            http.receive_data(_receive(connection, until))
        elif isinstance(event, h11.Request):
            asked = event
            _check(event)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and asked is not None:
            break
        else:
            raise Gone("the connection ended")
    if http.trailing_data[0]:
        raise CallRefused(Refused.MALFORMED, "one request a connection: something follows it")
    return Knock(
        method=asked.method.decode("ascii"), path=asked.target.decode("ascii"), body=bytes(body)
    )


def _sound_head(connection: socket.socket, until: float) -> bytes:
    """What was read up to and past a head that says its length once.

    As it came: a parser takes two lengths that are the same for one, and a line feed for an end.
    """
    read = bytearray()
    while END_OF_HEAD not in read:
        piece = _receive(connection, until)
        read += piece
        if not piece or len(read) > MAX_HEAD_BYTES + READ_BYTES:
            raise CallRefused(Refused.MALFORMED, "this is no sound HTTP/1.1")
    head = bytes(read[: read.index(END_OF_HEAD)])
    lines = head.split(b"\r\n")[1:]
    names = [line.partition(b":")[0].lower() for line in lines]
    if b"\n" in head.replace(b"\r\n", b"") or names.count(b"host") != 1:
        raise CallRefused(Refused.MALFORMED, "lines end with CR LF, and there is one Host")
    for name in (b"transfer-encoding", b"upgrade", b"expect"):
        if name in names:
            raise CallRefused(
                Refused.MALFORMED, f"no {name.decode()} here: say the length in Content-Length"
            )
    lengths = [line for line, name in zip(lines, names, strict=True) if name == LENGTH]
    if len(lengths) > 1 or not all(_LENGTH.fullmatch(line) for line in lengths):
        raise CallRefused(Refused.MALFORMED, "at most one Content-Length, a number")
    return bytes(read)


def _receive(connection: socket.socket, until: float) -> bytes:
    left = until - time.monotonic()
    if left <= 0:
        raise Gone("the request took too long")
    connection.settimeout(left)
    try:
        return connection.recv(READ_BYTES)
    except TimeoutError as error:
        raise Gone("the request took too long") from error


def _check(request: h11.Request) -> None:
    """Let a request pass that we would read the body of."""
    lengths = [int(value) for name, value in request.headers if name == LENGTH]
    if request.http_version != b"1.1":
        raise CallRefused(Refused.MALFORMED, "speak HTTP/1.1")
    if request.method != b"GET" and not lengths:
        raise CallRefused(Refused.MALFORMED, "the request says no Content-Length")
    if max(lengths, default=0) > MAX_BODY_BYTES:
        raise CallRefused(Refused.TOO_LARGE, f"a request has at most {MAX_BODY_BYTES} bytes")


def _write(
    connection: socket.socket, http: h11.Connection, status: int, media: str, told: Any
) -> None:
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    headers = [
        ("Content-Type", media),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    said = http.send(h11.Response(status_code=status, headers=headers)) or b""
    said += http.send(h11.Data(data=body)) or b""
    connection.settimeout(ANSWER_SECONDS)
    connection.sendall(said + (http.send(h11.EndOfMessage()) or b""))
