"""Which addresses we may connect to on a tenant's behalf, decided on the address itself.

A name is resolved once and the connection goes to what was resolved and judged: a second answer
of a name server (DNS rebinding) is never asked for. One bad address among a name's answers
refuses them all.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from pipeline.errors import AwgpError

DEFAULT_PORTS: Final = {"https": 443, "http": 80}

# IANA IPv4 Special-Purpose Address Registry, plus multicast. What a company runs inside:
_INSIDE_4: Final = tuple(
    ip_network(block)
    for block in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
# And what is nobody's service, whatever a target's settings say.
_NEVER_4: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # a cloud's metadata service, within CGNAT space
        "168.63.129.16/32",  # another's, within public space
        "169.254.0.0/16",  # link-local, and most clouds' metadata services
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_INSIDE_6: Final = tuple(ip_network(block) for block in ("::1/128", "fc00::/7"))
_GLOBAL_6: Final = ip_network("2000::/3")
_NEVER_6: Final = tuple(
    ip_network(block)
    for block in (
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
        "fd00:ec2::254/128",  # metadata services within unique local space
        "fd20:ce::254/128",
    )
)


class AddressRefused(AwgpError):
    """This destination is not one we connect to."""


class NameNotResolved(AwgpError):
    """The name has no address now; it may have one later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a URL leads, judged. `addresses` are tried in order and no others are."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def check_address(address: str, *, allow_private: bool = False) -> None:
    """Let an address pass that may be connected to.

    Args:
        allow_private: Lets loopback, private, unique local and CGNAT addresses pass too.
            Link-local, metadata, multicast, reserved and v4-in-v6 addresses never pass.

    Raises:
        AddressRefused: It is none of these, or no address.
    """
    try:
        parsed = ip_address(address)
    except ValueError as error:
        raise AddressRefused(f"{address!r} is no address") from error
    if not _may_pass(parsed, allow_private):
        raise AddressRefused(f"{address} is not an address we deliver to")


def _may_pass(address: IPv4Address | IPv6Address, allow_private: bool) -> bool:
    if isinstance(address, IPv4Address):
        if any(address in block for block in _NEVER_4):
            return False
        return allow_private or not any(address in block for block in _INSIDE_4)
    if address.scope_id is not None or any(address in block for block in _NEVER_6):
        return False
    inside = any(address in block for block in _INSIDE_6)
    return allow_private if inside else address in _GLOBAL_6


def _ask_the_resolver(host: str, port: int) -> Iterable[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def resolve_destination(
    url: str,
    *,
    allow_private: bool = False,
    resolve: Callable[[str, int], Iterable[str]] = _ask_the_resolver,
) -> Destination:
    """Read a URL, resolve its name once and judge every answer.

    Args:
        allow_private: As in `check_address`; also lets `http` pass.

    Raises:
        AddressRefused: The URL or an address it leads to is refused.
        NameNotResolved: The name has no address.
    """
    host, port = check_url(url, allow_private=allow_private)
    try:
        addresses = tuple(dict.fromkeys(resolve(host, port)))
    except (OSError, UnicodeError) as error:
        raise NameNotResolved(f"{host} cannot be resolved") from error
    if not addresses:
        raise NameNotResolved(f"{host} has no address")
    for address in addresses:
        check_address(address, allow_private=allow_private)
    return Destination(url=url, host=host, port=port, addresses=addresses)


def check_url(url: str, *, allow_private: bool = False) -> tuple[str, int]:
    """Return host and port of a URL we could deliver to; asks no name server.

    Raises:
        AddressRefused: Not https, no host, or credentials within; an address is judged too.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("the target's URL cannot be read") from error
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise AddressRefused("a target's URL starts with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise AddressRefused("a target's URL has a host and no credentials")
    if not url.isascii() or any(each <= " " or each in "\\\x7f" for each in url):
        raise AddressRefused("a target's URL is ASCII without spaces, controls or backslashes")
    if "%" in parts.hostname:
        raise AddressRefused("a target's host has no zone and no escapes")
    if _is_address(parts.hostname):
        check_address(parts.hostname, allow_private=allow_private)
    return parts.hostname, DEFAULT_PORTS[parts.scheme] if port is None else port


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
