"""Senders that begin a request and do not end it, more than a server has threads.

Some send half a head, some half a body, some nothing; of some nobody can see how much is to come.
Who sends a whole request among them must be answered as ever, and each of them in the end.
"""

import contextlib
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ops.chaos.fuzz_requests import BODY, Fuzzer
from ops.reading_worker import READ_SECONDS
from pipeline.errors import AwgpError

# Of the loop that closes them, of the line some of them waited in, and of a busy machine.
GRACE_SECONDS: Final = 5.0


class NotAccepted(AwgpError):
    """A right request was answered something else than 202."""


def beginnings(fuzzer: Fuzzer) -> Sequence[bytes]:
    """What each kind sends."""
    whole = fuzzer.right()
    chunked = fuzzer.head(Content_Length=None, Transfer_Encoding="chunked")
    return (
        b"",
        whole[:40],
        whole[: -len(BODY) // 2],
        chunked + b"%x\r\n" % len(BODY) + BODY[:5],
        fuzzer.head(Expect="100-continue") + BODY[:5],
    )


@contextlib.contextmanager
def slow_senders(port: int, fuzzer: Fuzzer, count: int) -> Iterator[list[socket.socket]]:
    """So many of each kind, until the block is left."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            for said in beginnings(fuzzer):
                sender = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                sender.sendall(said)
                opened.append(sender)
        yield opened


def honest(port: int, fuzzer: Fuzzer, patience_seconds: float) -> float:
    """Send a whole request; returns for how many seconds it waited for its 202.

    Raises:
        TimeoutError: It waited for longer.
        NotAccepted: It was answered something else.
    """
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), patience_seconds) as sender:
        sender.sendall(fuzzer.right(Connection="close"))
        answer = sender.recv(65536)
    if not answer.startswith(b"HTTP/1.1 202 "):
        raise NotAccepted(f"a whole request among slow ones was answered {answer[:80]!r}")
    return time.monotonic() - began


def ends(senders: Sequence[socket.socket]) -> Counter[str]:
    """What slow senders were told in the end: a status, or that the connection ended.

    Raises:
        TimeoutError: One was told nothing in twice the time there is to send.
    """
    until = time.monotonic() + 2 * READ_SECONDS + GRACE_SECONDS
    told: Counter[str] = Counter()
    for sender in senders:
        heard = b""
        with contextlib.suppress(ConnectionError):
            while True:
                sender.settimeout(max(until - time.monotonic(), 0.01))
                piece = sender.recv(65536)
                if not piece:
                    break
                heard += piece
        said = heard.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        told[said[9:12].decode() or "closed"] += 1
    return told
