"""Load what is otherwise loaded at first use, while the files can still be read.

Whom a gateway becomes may not be able to read our own program, nor the interpreter's modules.
"""

import contextlib
import encodings.idna  # noqa: F401  # the resolver's, by name
import socket


def rehearse() -> None:
    """Look up a name, for the system's own modules of the resolver."""
    with contextlib.suppress(OSError):
        socket.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)
