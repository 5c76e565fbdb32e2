"""Many open WebSockets in a process of their own: `python -m ops.bench.live_watchers`.

It reads a `Plan` as a line of JSON on stdin, opens its sockets and says `{"ready": n}`. Then, by a
line each: `{"echo": n}` sends n messages, one after another, and answers how long each took to come
back; `{"arrived": n}` waits until each of so many events came to every socket of its tenant, and
answers when. Times are those of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import base64
import json
import os
import re
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pipeline.errors import AwgpError

CONNECT_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 60.0
APPROVAL: Final = re.compile(
    rb'"id":"([0-9]+)-[0-9]+","kind":"approval.changed"[^{}]*"approval_id":"([0-9a-f-]{36})"'
)
PING: Final = b"\x89\x00"
# A client's frames are masked (RFC 6455, section 5.3); a key of zeros changes nothing.
PONG: Final = b"\x8a\x80\0\0\0\0"
MESSAGE: Final = b"\x81\x85\0\0\0\0hello"


class WatchingFailed(AwgpError):
    """A socket was refused, or closed, or was told nothing for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to open.

    Args:
        tokens: One for each socket; empty for none.
    """

    port: int
    path: str
    tokens: tuple[str, ...] = field(repr=False)


class Watchers:
    """The sockets, and what came."""

    def __init__(self, plan: Plan) -> None:
        self._sockets = [_open(plan, token) for token in plan.tokens]
        self._epoll = select.epoll()
        self._by_descriptor = {each.fileno(): each for each in self._sockets}
        for descriptor in self._by_descriptor:
            self._epoll.register(descriptor, select.EPOLLIN)
        self.arrivals: dict[str, list[float]] = {}
        self.told_ms: list[float] = []

    def close(self) -> None:
        self._epoll.close()
        for each in self._sockets:
            each.close()

    def idle(self, seconds: float) -> None:
        """Read what comes for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def arrived(self, events: int, sockets: int) -> dict[str, Any]:
        """Wait until so many events came to so many sockets each; give their times.

        `told_ms` is from when each stood in the stream, to the millisecond.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        while sum(len(times) >= sockets for times in self.arrivals.values()) < events:
            if time.monotonic() > deadline:
                counts = sorted({len(times) for times in self.arrivals.values()})
                raise WatchingFailed(f"{len(self.arrivals)} of {events} events came {counts} times")
            self._read(0.5)
        arrivals, self.arrivals = self.arrivals, {}
        told_ms, self.told_ms = self.told_ms, []
        return {"arrivals": arrivals, "told_ms": told_ms}

    def echoes(self, count: int) -> list[float]:
        """Send from one socket after another; milliseconds until each had its own back."""
        took = []
        for number in range(count):
            chosen = self._sockets[number * 7 % len(self._sockets)]
            began = time.monotonic()
            chosen.sendall(MESSAGE)
            chosen.settimeout(ANSWER_SECONDS)
            # One small frame, compressed as was agreed: it comes whole.
            if not chosen.recv(4096):
                raise WatchingFailed("a socket was closed")
            took.append((time.monotonic() - began) * 1000)
        return took

    def _read(self, seconds: float) -> None:
        for descriptor, _ in self._epoll.poll(min(seconds, 0.5)):
            connection = self._by_descriptor[descriptor]
            data = connection.recv(65536)
            if not data:
                raise WatchingFailed("a socket was closed")
            now, wall_ms = time.monotonic(), time.time() * 1000
            for published_ms, approval in APPROVAL.findall(data):
                self.arrivals.setdefault(approval.decode(), []).append(now)
                self.told_ms.append(wall_ms - int(published_ms))
            if PING in data:  # text of ours holds no such bytes
                connection.sendall(PONG)


def _open(plan: Plan, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", plan.port), CONNECT_SECONDS)
    key = base64.b64encode(os.urandom(16)).decode()
    head = [
        f"GET {plan.path} HTTP/1.1",
        f"Host: 127.0.0.1:{plan.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        # What browsers offer.
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(4096)
        if not more:
            break
        got += more
    if not got.startswith(b"HTTP/1.1 101 "):
        raise WatchingFailed(f"a socket was refused: {got[:200]!r}")
    return connection


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    watchers = Watchers(plan)
    _say({"ready": len(plan.tokens)})
    while True:
        while not select.select([sys.stdin], [], [], 0)[0]:
            watchers.idle(0.02)
        line = sys.stdin.readline()
        if not line:
            return
        asked = json.loads(line)
        if "echo" in asked:
            _say({"took_ms": watchers.echoes(asked["echo"])})
        else:
            _say(watchers.arrived(asked["arrived"], asked["sockets"]))


def plan_line(plan: Plan) -> str:
    return json.dumps(asdict(plan)) + "\n"


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
