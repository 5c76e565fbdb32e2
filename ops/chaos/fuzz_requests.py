"""Requests that no client should send, and some that are right, by a seed."""

import base64
import hashlib
import hmac
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

BODY: Final = b'{"invoice": "INV-1", "amount_cents": 1234}'
# By this server's settings (ops/gunicorn_conf.py) each is too much.
HUGE_HEADER: Final = 64_000
HUGE_LINE: Final = 16_000
MANY_HEADERS: Final = 500
LARGE_BODY: Final = 3_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzed:
    """What is sent, in these pieces, and how many of its requests are right and must be taken."""

    kind: str
    pieces: tuple[bytes, ...]
    right: int = 0
    pause_seconds: float = 0.0


@dataclass(slots=True)
class Fuzzer:
    """Makes them one after another."""

    path: str
    secret: bytes = field(repr=False)
    chance: random.Random
    _number: int = 0

    def next(self) -> Fuzzed:
        kind = self.chance.choice(sorted(KINDS))
        made = KINDS[kind](self)
        return Fuzzed(
            kind=kind, pieces=made.pieces, right=made.right, pause_seconds=made.pause_seconds
        )

    def right(self, **replaced: str | None) -> bytes:
        """A request that is accepted, but for the headers that are replaced or left out."""
        return self.head(**replaced) + BODY

    def head(self, **replaced: str | None) -> bytes:
        self._number += 1
        event, stamp = f"fuzz_{self._number}", str(int(time.time()))
        mac = hmac.new(self.secret, f"{event}.{stamp}.".encode() + BODY, hashlib.sha256).digest()
        headers: dict[str, str | None] = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(BODY)),
            "webhook-id": event,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode(),
            **{name.replace("_", "-"): text for name, text in replaced.items()},
        }
        lines = [f"{name}: {text}" for name, text in headers.items() if text is not None]
        first = f"POST {self.path} HTTP/1.1"
        return "\r\n".join([first, *lines, "", ""]).encode("latin-1")

    def noise(self, most: int) -> bytes:
        return self.chance.randbytes(self.chance.randrange(1, most))


def _one(data: bytes, right: int = 0) -> Fuzzed:
    return Fuzzed(kind="", pieces=(data,), right=right)


def _mutated(fuzzer: Fuzzer) -> Fuzzed:
    data = bytearray(fuzzer.right())
    for _ in range(fuzzer.chance.randrange(1, 12)):
        data[fuzzer.chance.randrange(len(data))] = fuzzer.chance.randrange(256)
    return _one(bytes(data))


def _truncated(fuzzer: Fuzzer) -> Fuzzed:
    data = fuzzer.right()
    return _one(data[: fuzzer.chance.randrange(1, len(data))])


def _bad_length(fuzzer: Fuzzer) -> Fuzzed:
    said = fuzzer.chance.choice(
        ["-1", "+5", "0x20", "1e3", "9" * 30, "", " ", "12, 13", "1", str(len(BODY) + 50)]
    )
    return _one(fuzzer.right(Content_Length=said))


def _two_lengths(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right().replace(b"\r\nHost", b"\r\nContent-Length: 3\r\nHost", 1))


def _chunked(fuzzer: Fuzzer) -> Fuzzed:
    cut = fuzzer.chance.randrange(1, len(BODY))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (BODY[:cut], BODY[cut:]))
    head = fuzzer.head(Content_Length=None, Transfer_Encoding="chunked")
    return Fuzzed(kind="", pieces=(head, chunks, b"0\r\n\r\n"), right=1)


def _broken_chunks(fuzzer: Fuzzer) -> Fuzzed:
    head = fuzzer.head(Content_Length=None, Transfer_Encoding="chunked")
    said = [b"zz\r\nab\r\n", b"-1\r\n", b"ffffffffffffffff\r\nx", b"5;" + b"a" * 9000, b"5\r\nab"]
    return _one(head + fuzzer.chance.choice(said))


def _both_lengths(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right(Transfer_Encoding="chunked"))


def _odd_encoding(fuzzer: Fuzzer) -> Fuzzed:
    said = fuzzer.chance.choice(["gzip", "chunked, chunked", "xchunked", "identity", "chunked\x00"])
    return _one(fuzzer.right(Content_Length=None, Transfer_Encoding=said))


def _huge_header(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right(X_Large="a" * HUGE_HEADER))


def _many_headers(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right(**{f"X_{number}": "a" for number in range(MANY_HEADERS)}))


def _odd_header(fuzzer: Fuzzer) -> Fuzzed:
    said = [b"no colon", b" : a", b"X-\x00: a", b"X: a\rb", b"\xff\xfe: \xff", b"X :a", b" folded"]
    odd = b"\r\n" + fuzzer.chance.choice(said) + b"\r\nHost"
    return _one(fuzzer.right().replace(b"\r\nHost", odd, 1))


def _odd_line(fuzzer: Fuzzer) -> Fuzzed:
    lines = [
        *(b"GET", b"POST / HTTP/9.9", b"POST / HTTP/1.1 more", b"p\xc3\xb6st / HTTP/1.1", b""),
        *(b"PRI * HTTP/2.0", b"GET http://[::1 HTTP/1.1", b"POST //../..%2f%00 HTTP/1.1"),
        *(b"CONNECT a:1 HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET /" + b"a" * HUGE_LINE),
    ]
    return _one(fuzzer.chance.choice(lines) + fuzzer.right().partition(b"HTTP/1.1")[2])


def _large_body(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.head(Content_Length=str(LARGE_BODY)) + b"a" * LARGE_BODY)


def _pipelined(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right() + fuzzer.right() + fuzzer.right(), right=3)


def _pipelined_noise(fuzzer: Fuzzer) -> Fuzzed:
    return _one(fuzzer.right() + fuzzer.noise(400), right=1)


def _slow(fuzzer: Fuzzer) -> Fuzzed:
    data = fuzzer.right()
    cuts = sorted(fuzzer.chance.sample(range(1, len(data)), 4))
    pieces = tuple(
        data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
    )
    return Fuzzed(kind="", pieces=pieces, right=1, pause_seconds=0.05)


KINDS: Final[Mapping[str, Callable[[Fuzzer], Fuzzed]]] = {
    "right": lambda fuzzer: _one(fuzzer.right(), right=1),
    "noise": lambda fuzzer: _one(fuzzer.noise(2000)),
    "mutated": _mutated,
    "truncated": _truncated,
    "bad_length": _bad_length,
    "two_lengths": _two_lengths,
    "both_lengths": _both_lengths,
    "chunked": _chunked,
    "broken_chunks": _broken_chunks,
    "odd_encoding": _odd_encoding,
    "huge_header": _huge_header,
    "many_headers": _many_headers,
    "odd_header": _odd_header,
    "odd_line": _odd_line,
    "large_body": _large_body,
    "pipelined": _pipelined,
    "pipelined_noise": _pipelined_noise,
    "slow": _slow,
}
