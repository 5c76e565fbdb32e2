"""A request whose connection outlives it: taken from the server that accepted it, in either app.

The thread that judged the request is free at once; whoever holds the connection writes the answer.
"""

import contextlib
import os
import socket
from collections.abc import Iterable
from typing import Any, Final

from flask import Response

# What the system holds for a client that does not read.
SEND_BUFFER_BYTES: Final = 32 * 1024


class Taken(Response):
    """The answer to a request whose connection is not the server's any more."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ:
            raise StopIteration  # it then closes what it still holds, and writes nothing
        return super().__call__(environ, start_response)


def connection_of(environ: dict[str, Any]) -> socket.socket | None:
    """The request's connection, where the server that accepted it shows it."""
    return environ.get("gunicorn.socket") or environ.get("werkzeug.socket")


def take_over(connection: socket.socket) -> socket.socket:
    """Take a request's connection from the server that accepted it, which goes on without.

    The server shuts down and closes what it holds when the request is over. So its socket object is
    given another descriptor under the same number, of a connection whose other end is closed.
    """
    taken = socket.socket(fileno=os.dup(connection.fileno()))
    instead, other = socket.socketpair()
    other.close()
    os.dup2(instead.fileno(), connection.fileno(), inheritable=False)
    instead.close()
    taken.setblocking(False)
    with contextlib.suppress(OSError):
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return taken
