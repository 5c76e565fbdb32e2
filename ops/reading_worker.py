"""gunicorn's threads, given a request once all of it is there: who sends slowly holds none.

gthread hands a connection to a thread at its first byte, and the thread waits for the others for as
long as they take. Here the worker's own loop looks at what has come (MSG_PEEK) and has the system
say when the rest is there (SO_RCVLOWAT). After READ_SECONDS the sender is answered 408.

    a connection has bytes -> all of a request: a thread
                           |  a part of one: waits in the loop, for READ_SECONDS -> 408
                           |  nobody can see how long it is: a thread, if it may have one

The last are bodies in chunks, those with `Expect: 100-continue` and those longer than BUFFERED.
Half the threads read such at most, and stop reading after as long.
"""

import contextlib
import fcntl
import socket
import struct
import termios
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final, TypeVar

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

Kept = TypeVar("Kept")

READ_SECONDS: Final = 10.0
# What the system holds of a request before somebody reads it.
BUFFERED: Final = 1024 * 1024
# More than gunicorn takes for a head (ops/gunicorn_conf.py): it says so itself.
LONGEST_HEAD: Final = 64 * 1024
GLANCE: Final = 8 * 1024

_TIMED_OUT: Final = (
    b'{"type":"urn:awgp:problem:request-too-slow","title":"Request too slow","status":408,'
    b'"detail":"not all of the request came within %d seconds"}' % READ_SECONDS
)
TIMED_OUT: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_TIMED_OUT), _TIMED_OUT)
)


def length_of(data: bytes) -> int | None:
    """How long a request is of which this is the beginning; -1 where its head is not whole.

    None: that cannot be told, or whoever parses it refuses it.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return -1 if len(data) < LONGEST_HEAD else None
    head = data[: end + 2].lower()
    if b"\r\ntransfer-encoding:" in head or b"\r\nexpect:" in head:
        return None
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return end + 4
    said = head[at + 17 : head.find(b"\r\n", at + 17)].strip()
    if not said.isdigit() or len(said) > 10 or int(said) > BUFFERED:
        return None
    return end + 4 + int(said)


class ReadingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Everything here but `handle` runs in the worker's one loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the order their time is up: what waits for the rest (and what there was of it when it
        # was looked at last), and what a thread reads of unknown length.
        self._partial: dict[TConn, tuple[float, int]] = {}
        self._unseen: dict[TConn, float] = {}
        self._cut: set[TConn] = set()
        self._line: deque[TConn] = deque()

    def enqueue_req(self, conn: TConn) -> None:
        """Look at a connection that is new, has bytes, or had its last request answered."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        ahead = conn.parser.unreader.buf.getvalue() if conn.parser is not None else b""
        try:
            data = conn.sock.recv(GLANCE, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            if not ahead:
                self._wait(conn, seen=0, until=1)
                return
            data = b""
        except OSError:
            self._hand_over(conn)
            return
        if not data and not ahead:
            self._hand_over(conn)  # its end: gunicorn closes it
            return
        self._judge(conn, ahead, data)

    def _judge(self, conn: TConn, ahead: bytes, data: bytes) -> None:
        seen = len(data)
        if seen == GLANCE:
            seen = _queued(conn.sock)
        length = length_of(ahead + data)
        if length == -1 and seen > len(data):
            data = conn.sock.recv(LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            length = length_of(ahead + data)
        known = self._partial.get(conn)
        if known is not None and known[1] == seen:
            length = None  # nothing more has come, and nothing more is waited for: its end
        if length is None:
            self._let_in(conn)
        elif length >= 0 and length <= len(ahead) + seen:
            self._hand_over(conn)
        else:
            until = seen + 1 if length < 0 else length - len(ahead)
            self._wait(conn, seen=seen, until=until)

    def _wait(self, conn: TConn, *, seen: int, until: int) -> None:
        """Be told when there are so many bytes."""
        known = self._partial.get(conn)
        end = time.monotonic() + READ_SECONDS if known is None else known[0]
        self._partial[conn] = (end, seen)
        conn.sock.setblocking(False)
        if until > 1:
            _wake_at(conn.sock, until)
        self.poller.register(conn.sock, EVENT_READ, partial(self._has_more, conn))

    def _has_more(self, conn: TConn, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.enqueue_req(conn)

    def _let_in(self, conn: TConn) -> None:
        """To a thread that may have to wait for it, or into the line for one."""
        self._unpartial(conn)
        if len(self._unseen) + len(self._cut) >= max(1, self.cfg.threads // 2):
            self._partial[conn] = (time.monotonic() + READ_SECONDS, 1)
            self._line.append(conn)
            return
        self._unseen[conn] = time.monotonic() + READ_SECONDS
        self._hand_over(conn)

    def _hand_over(self, conn: TConn) -> None:
        self._unpartial(conn)
        conn.data_ready = True
        super().enqueue_req(conn)

    def _unpartial(self, conn: TConn) -> None:
        known = self._partial.pop(conn, None)
        if known is not None and known[1]:
            # A thread that reads is not to wait for so many.
            with contextlib.suppress(OSError):
                _wake_at(conn.sock, 1)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        if self._unseen.pop(conn, None) is not None or conn in self._cut:
            self._cut.discard(conn)
            if self._line:
                self._let_in(self._line.popleft())
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Close what took too long, too: called at every turn of the loop."""
        super().murder_pending()
        now = time.monotonic()
        for conn, (end, _) in _first(self._partial):
            if end > now:
                break
            self._give_up(conn)
        if not self.alive:
            for conn in [each for each, (_, seen) in self._partial.items() if not seen]:
                self._give_up(conn)
        for conn, end in _first(self._unseen):
            if end > now:
                break
            # Its thread reads the end of it, and answers that.
            del self._unseen[conn]
            self._cut.add(conn)
            with contextlib.suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RD)

    def _give_up(self, conn: TConn) -> None:
        _, seen = self._partial.pop(conn)
        with contextlib.suppress(ValueError):
            self._line.remove(conn)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        with contextlib.suppress(OSError):
            if seen:
                conn.sock.setblocking(False)
                conn.sock.send(TIMED_OUT)
                # What is left unread would take the answer with it.
                conn.sock.recv(BUFFERED)
        self.nr_conns -= 1
        conn.close()


def _first(kept: dict[TConn, Kept]) -> Iterator[tuple[TConn, Kept]]:
    """The first there is, and what is the first then."""
    while kept:
        yield next(iter(kept.items()))


def _queued(sock: socket.socket) -> int:
    """How many bytes have come and are not read."""
    return int(struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, b"\0\0\0\0"))[0])


def _wake_at(sock: socket.socket, count: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
