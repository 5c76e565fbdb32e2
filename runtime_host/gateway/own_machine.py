"""Whether an address is this machine's own: what listens here was not made for agents to ask."""

import socket
from ipaddress import ip_address
from typing import Final

FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
# Any will do: nothing is sent.
PORT: Final = 9


def is_own(address: str) -> bool:
    """Whether a connection to it would end at the machine it begins at.

    The kernel says by which of our addresses it would go: to one of them, by that same one.
    """
    to = ip_address(address)
    if to.is_loopback:
        return True
    with socket.socket(FAMILIES[to.version], socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, PORT))
        except OSError:
            return False  # no way leads there, and so no connection
        return ip_address(probe.getsockname()[0]) == to
