"""Headers of what a gateway sends that neither an agent nor a credential sets."""

import re
from typing import Final

# The connection's own, and what says how long a message is.
_CONNECTION: Final = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "http2-settings",
        "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
# Who a proxy says that a caller is. A server may believe a proxy where the gateway is: those
# `ingest/named_proxies.py` believes, and certificates by whatever name.
_OF_PROXIES: Final = re.compile(
    r"proxy-.*|(?:x-)?forwarded(?:-.*)?|x-real-.*|x-client-.*|x-original-.*|(?:x-)?ssl-client.*"
    r"|.*client-?cert.*"
)


def is_reserved(name: str) -> bool:
    """Whether a header is the gateway's own, also where a server takes `_` for `-`."""
    read = name.lower().replace("_", "-")
    return read in _CONNECTION or _OF_PROXIES.fullmatch(read) is not None
