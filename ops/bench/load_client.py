"""A sender in a process of its own: signed requests made beforehand, over kept-alive connections.

`python -m ops.bench.load_client` reads a `Plan` as JSON on stdin, makes and signs its requests,
and writes a `Load` as JSON on stdout. One thread and one epoll: on a machine it shares with what
it measures, a request must cost it little (some 20 us), and every view the same.
"""

import base64
import hashlib
import hmac
import itertools
import json
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

STATUS: Final = slice(9, 12)  # of b"HTTP/1.1 202 Accepted"
DRAIN_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 0.005
"""Between two connections; opened all at once, one process of the server takes them all."""
SENT_AGAIN_AFTER: Final = 50
_LENGTH: Final = b"content-length: "


class LoadFailed(Exception):
    """A server closed a connection, said something unreadable, or did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send.

    Attributes:
        sources: Path and secret (base64) of every source, taken in turn.
        connections: Kept open; as many requests are in flight at most.
        seconds: Sending stops after this; what is in flight is waited for.
        rate: Requests a second whether answers come or not (open loop); 0 for a new request as
            soon as one is answered (closed loop).
        most: Requests made beforehand; the load ends when they are used up.
        label: Begins every event id, so that two loads never send the same one.
        again: Which share of the requests (0 to 0.5) is one that was sent a moment ago.
    """

    port: int
    sources: tuple[tuple[str, str], ...] = field(repr=False)
    connections: int
    seconds: float
    rate: float
    most: int
    label: str
    again: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of it. Latencies are milliseconds; in an open loop from the planned moment.

    Attributes:
        events: Different ones that were sent.
    """

    seconds: float
    statuses: dict[str, int]
    latencies_ms: list[float]
    runs: list[str]
    events: int = 0


def body_of(number: int) -> bytes:
    """An invoice of some 300 bytes."""
    return json.dumps(
        {
            "invoice": f"INV-{number:09d}",
            "amount_cents": 1000 + number % 9000,
            "currency": "EUR",
            "country": "DE",
            "supplier": {"name": "Nordwind Logistik GmbH", "vat": "DE811907980"},
            "lines": [
                {"text": "Freight Hamburg to Graz", "quantity": 1, "cents": 700 + number % 9000},
                {"text": "Customs", "quantity": 2, "cents": 150},
            ],
            "approved": False,
            "due": "2027-01-31",
        }
    ).encode()


def requests_of(plan: Plan) -> Iterator[bytes]:
    """Whole requests, headers and body, signed for now by Standard Webhooks."""
    stamp = str(int(time.time()))
    every = round(1 / plan.again) if plan.again else 0
    recent: deque[bytes] = deque(maxlen=SENT_AGAIN_AFTER)
    secrets = [(path, base64.b64decode(secret)) for path, secret in plan.sources]
    for number, (path, secret) in zip(range(plan.most), itertools.cycle(secrets), strict=False):
        if every and recent and number % every == every - 1:
            yield recent[0]
            continue
        body = body_of(number)
        event = f"{plan.label}_{number}"
        content = f"{event}.{stamp}.".encode() + body
        signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\nUser-Agent: awgp-bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"webhook-id: {event}\r\nwebhook-timestamp: {stamp}\r\n"
            f"webhook-signature: v1,{signature}\r\n\r\n"
        )
        recent.append(head.encode() + body)
        yield recent[-1]


class Sender:
    """Sends a plan's requests; each connection carries one at a time."""

    def __init__(self, plan: Plan, requests: Sequence[bytes]) -> None:
        self._plan = plan
        self._requests = requests
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._idle: deque[int] = deque()
        self._began: dict[int, float] = {}
        self._answers: list[bytes] = []
        self._latencies: list[float] = []
        self._next = 0

    def run(self) -> Load:
        """Raises: LoadFailed."""
        start = time.perf_counter()
        deadline = start + self._plan.seconds
        last_words = deadline + DRAIN_SECONDS
        while True:
            now = time.perf_counter()
            self._connect(now - start)
            wait = self._send_due(start, deadline, now)
            if not self._began and (now >= deadline or self._next >= len(self._requests)):
                break
            if now > last_words:
                raise LoadFailed(f"{len(self._began)} requests were not answered")
            for number, _event in self._poll.poll(wait):
                self._receive(number)
        seconds = time.perf_counter() - start
        for opened in self._sockets.values():
            opened.close()
        self._poll.close()
        return self._result(seconds)

    def _connect(self, elapsed: float) -> None:
        """Open the next connections under load: of a server's processes the idler one accepts."""
        wanted = min(self._plan.connections, 1 + int(elapsed / CONNECT_SECONDS))
        while len(self._sockets) < wanted:
            opened = socket.create_connection(("127.0.0.1", self._plan.port), timeout=DRAIN_SECONDS)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[opened.fileno()] = opened
            self._poll.register(opened.fileno(), select.EPOLLIN)
            self._idle.append(opened.fileno())

    def _send_due(self, start: float, deadline: float, now: float) -> float:
        """Send what is due on idle connections; return how long to wait for answers at most."""
        rate = self._plan.rate
        while self._idle and self._next < len(self._requests):
            planned = start + self._next / rate if rate else now
            if planned >= deadline:
                break
            if planned > now:
                return planned - now
            number = self._idle.popleft()
            # A request of half a kilobyte goes into a socket's buffer whole.
            self._sockets[number].sendall(self._requests[self._next])
            self._began[number] = planned
            self._next += 1
        return 1.0 if len(self._sockets) == self._plan.connections else CONNECT_SECONDS

    def _receive(self, number: int) -> None:
        opened = self._sockets[number]
        answer = opened.recv(65536)
        while not is_whole(answer):
            more = opened.recv(65536)
            if not more:
                raise LoadFailed(f"a connection was closed after {answer[:200]!r}")
            answer += more
        self._latencies.append((time.perf_counter() - self._began.pop(number)) * 1000)
        self._answers.append(answer)
        self._idle.append(number)

    def _result(self, seconds: float) -> Load:
        statuses: dict[str, int] = {}
        runs = []
        for answer in self._answers:
            status = answer[STATUS].decode()
            statuses[status] = statuses.get(status, 0) + 1
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            if status == "202" and "run" in body:
                runs.append(body["run"])
        return Load(
            seconds=seconds,
            statuses=statuses,
            latencies_ms=self._latencies,
            runs=runs,
            events=len(set(self._requests[: self._next])),
        )


def is_whole(answer: bytes) -> bool:
    """Whether head and body of one response are there.

    Raises:
        LoadFailed: The server hung up, or says no length.
    """
    if not answer:
        raise LoadFailed("a connection was closed")
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise LoadFailed(f"an answer without a length: {head[:200]!r}")
    return len(body) >= int(rest.partition(b"\r\n")[0])


def main() -> None:
    given = json.load(sys.stdin)
    plan = Plan(**{**given, "sources": tuple(tuple(each) for each in given["sources"])})
    json.dump(asdict(Sender(plan, list(requests_of(plan))).run()), sys.stdout)


if __name__ == "__main__":
    main()
