"""A client that watches, for tests: it waits for what it is told and notes how it ended."""

import base64
import json
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, Pong, TextMessage

PATIENCE_SECONDS = 60.0
# Closed after each test.
OPENED: list[socket.socket] = []


def go_away() -> None:
    """Close what is open. Else a server that stops waits some seconds for each to say farewell."""
    while OPENED:
        OPENED.pop().close()


@dataclass(slots=True)
class Watcher:
    """One open WebSocket."""

    connection: socket.socket
    protocol: Connection = field(default_factory=lambda: Connection(ConnectionType.CLIENT))
    told: list[dict[str, Any]] = field(default_factory=list)
    closed: int | None = None
    part: str = ""
    pings: int = 0
    pongs: int = 0

    def say(self, text: str) -> None:
        self.connection.sendall(self.protocol.send(Message(data=text)))

    def until(self, kind: str, **ids: object) -> dict[str, Any]:
        """Wait for an event; what came before it is in `told`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen = 0
        while True:
            for event in self.told[seen:]:
                seen += 1
                if event["kind"] == kind and ids.items() <= event.items():
                    return event
            if self.closed is not None or time.monotonic() > deadline:
                raise AssertionError(f"no {kind}, but {self.told}, closed {self.closed}")
            self.read(deadline)

    def until_heard(self) -> None:
        """Wait until the server has read all that was said."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        before = self.pongs
        self.connection.sendall(self.protocol.send(Ping()))
        while self.pongs == before:
            assert self.closed is None, self.told
            assert time.monotonic() < deadline, f"no answer to a ping, but {self.told}"
            self.read(deadline)

    def until_closed(self) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.closed is None:
            assert time.monotonic() < deadline, f"still open: {self.told}"
            self.read(deadline)
        return self.closed

    def read(self, deadline: float) -> None:
        self.connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.connection.recv(65536)
        except TimeoutError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = self.closed or 1006
            return
        self.protocol.receive_data(data)
        for event in self.protocol.events():
            if isinstance(event, TextMessage):
                self.part += event.data
                if event.message_finished:
                    self.told.append(json.loads(self.part))
                    self.part = ""
            elif isinstance(event, Ping):
                self.pings += 1
                self.connection.sendall(self.protocol.send(event.response()))
            elif isinstance(event, Pong):
                self.pongs += 1
            elif isinstance(event, CloseConnection):
                self.closed = event.code

    def close(self) -> None:
        self.connection.close()


def ask(
    base: str, path: str, bearer: str | None, **headers: str
) -> tuple[socket.socket, int, dict[str, str], bytes]:
    """Send a GET; returns the connection with status, headers and what came after them."""
    where = urlsplit(base)
    connection = socket.create_connection((where.hostname, where.port), PATIENCE_SECONDS)
    OPENED.append(connection)
    sent = {
        "Host": where.netloc,
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    if bearer is not None:
        sent["Authorization"] = f"Bearer {bearer}"
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {text}" for name, text in sent.items())]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(1)
        if not more:
            break
        got += more
    head = got.decode().split("\r\n")
    answered = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    status = int(head[0].split(" ")[1])
    body, length = b"", 0 if status == 101 else int(answered.get("content-length", "0"))
    while len(body) < length and (more := connection.recv(length - len(body))):
        body += more
    return connection, status, answered, body


def upgrade(
    base: str, bearer: str | None, query: str = "", **headers: str
) -> tuple[socket.socket, int, bytes]:
    key = base64.b64encode(os.urandom(16)).decode()
    asked = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Key": key,
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Extensions": "permessage-deflate",
    }
    connection, status, answered, body = ask(base, f"/v1/live{query}", bearer, **asked | headers)
    assert status != 101 or "sec-websocket-extensions" not in answered
    return connection, status, body


def watch(base: str, bearer: str | None, query: str = "", **headers: str) -> Watcher:
    """Open a WebSocket that must be let in."""
    connection, status, body = upgrade(base, bearer, query, **headers)
    assert status == 101, body
    return Watcher(connection)
