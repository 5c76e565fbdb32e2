"""Load what is otherwise loaded at first use, while the files can still be read.

Whom a gateway becomes may not be able to read our own program, nor the interpreter's modules.
"""

import contextlib
import encodings.idna  # noqa: F401  # the resolver's, by name
import socket

from pipeline.gateway_scope import Injection
from runtime_host.gateway.masking import Mask


def rehearse() -> None:
    """Look up a name, for the system's own modules of the resolver; mask, for the codecs."""
    with contextlib.suppress(OSError):
        socket.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)
    Mask([Injection(header="x", value="Basic cmVoZWFyc2U6cmVoZWFyc2U=")]).over_text("rehearsal")
