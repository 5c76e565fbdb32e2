"""Where on the network an agent may go: a host, a port, methods, and a path below which it may.

A rule is written as a URL, `https://api.example.com/v1/`: that path and everything below it. What
an agent asks for is matched only where it can mean one thing to everybody on the way. What one
server would read otherwise than another (`..`, `%2e%2e`, `%2f`, `//`, `..;`, control characters,
overlong UTF-8, `0x7f.1`) is refused, not repaired.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address
from typing import Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from pipeline.address_guard import DEFAULT_PORTS
from pipeline.errors import AwgpError

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_URL_CHARACTERS: Final = 4096
MAX_HOST_CHARACTERS: Final = 253

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
# What a URL parser takes for a number, and so the whole host for an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_RULE_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()+,=:@-]+")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOTS: Final = frozenset({".", ".."})


class ReachInvalid(AwgpError):
    """A rule or a URL is not one we can hold anybody to; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A URL an agent asks for, in the one form it is matched and sent in.

    Args:
        segments: Of its path, decoded; a slash at the end is none.
        url: With what was asked for of path and query, and the host as we write it.
    """

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A rule. `path` holds its segments; none is everything of the host."""

    scheme: str
    host: str
    port: int
    path: tuple[str, ...]
    methods: frozenset[str]

    @property
    def url(self) -> str:
        """As it is written, and the same for equal rules."""
        return f"{self.scheme}://{_authority(self.scheme, self.host, self.port)}/" + "".join(
            segment + "/" for segment in self.path
        )

    @property
    def sorted_methods(self) -> tuple[str, ...]:
        return tuple(sorted(self.methods))

    def allows(self, method: str, visit: Visit) -> bool:
        """Whether a request lies within it."""
        return (
            method in self.methods
            and (visit.scheme, visit.host, visit.port) == (self.scheme, self.host, self.port)
            and visit.segments[: len(self.path)] == self.path
        )

    def covers(self, other: "Reach") -> bool:
        """Whether everything the other allows lies within this."""
        return meet(self, other) == other


def meet(one: Reach, other: Reach) -> Reach | None:
    """What both allow; None where that is nothing."""
    if (one.scheme, one.host, one.port) != (other.scheme, other.host, other.port):
        return None
    methods = one.methods & other.methods
    shorter, longer = sorted((one.path, other.path), key=len)
    if not methods or longer[: len(shorter)] != shorter:
        return None
    return replace(one, path=longer, methods=methods)


def read_reach(url: str, methods: Iterable[str] = ("GET",)) -> Reach:
    """Read a rule.

    Raises:
        ReachInvalid: It is none.
    """
    parts, host, port = _read(url)
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ReachInvalid("a rule ends with its path: no ? and no #")
    segments = _segments(parts.path)
    for segment in segments:
        if not _RULE_SEGMENT.fullmatch(segment):
            raise ReachInvalid(
                f"the path part {segment!a} holds an escape, * or ;: write it plainly, and the"
                " path alone: what is below it is meant, too"
            )
    wanted = frozenset(methods)
    if not wanted or not wanted <= METHODS:
        raise ReachInvalid(f"methods are of {', '.join(sorted(METHODS))}, one at least")
    return Reach(scheme=parts.scheme, host=host, port=port, path=segments, methods=wanted)


def read_visit(unverified_url: str) -> Visit:
    """Read what an agent asks for.

    Raises:
        ReachInvalid: It has no one meaning.
    """
    parts, host, port = _read(unverified_url)
    if parts.fragment or unverified_url.endswith("#"):
        raise ReachInvalid("the URL has a fragment, which is never sent")
    segments = _segments(parts.path)
    query = f"?{parts.query}" if parts.query else ""
    return Visit(
        scheme=parts.scheme,
        host=host,
        port=port,
        segments=segments,
        url=f"{parts.scheme}://{_authority(parts.scheme, host, port)}{parts.path or '/'}{query}",
    )


def _read(url: str) -> tuple[SplitResult, str, int]:
    if len(url) > MAX_URL_CHARACTERS:
        raise ReachInvalid(f"the URL is longer than {MAX_URL_CHARACTERS} characters")
    # Before it is parsed: the parser drops some of these silently.
    if not url.isascii() or any(each <= " " or each in '\\\x7f"<>^`{|}' for each in url):
        raise ReachInvalid(
            "the URL is not plain ASCII: write a host's name as xn--, and the rest with escapes"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ReachInvalid("the URL cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise ReachInvalid("the URL begins with https:// or http://")
    if "@" in parts.netloc:
        raise ReachInvalid("the URL holds credentials")
    if port == 0:
        raise ReachInvalid("port 0 is none")
    return parts, _host(parts.hostname or ""), port or DEFAULT_PORTS[parts.scheme]


def _host(name: str) -> str:
    """In small letters, without the root's dot."""
    host = name.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(each) for each in labels):
        raise ReachInvalid(f"the host {name[:80]!a} is no name of letters, digits and hyphens")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            same = str(IPv4Address(host)) == host
        except AddressValueError:
            same = False
        if not same:
            raise ReachInvalid(f"the host {name[:80]!a} is a number, but no address as 192.0.2.1")
    return host


def _segments(path: str) -> tuple[str, ...]:
    """A path's parts, decoded once.

    Raises:
        ReachInvalid: Somebody may read it as another path.
    """
    if path in {"", "/"}:
        return ()
    if _ESCAPE.search(path):
        raise ReachInvalid("the path has a % that begins no escape")
    raw = path.removesuffix("/").split("/")[1:]
    return tuple(_segment(each) for each in raw)


def _segment(raw: str) -> str:
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReachInvalid("the path is not UTF-8") from error
    # What servers may make of it: compatibility forms of dots and slashes are dots and slashes.
    for form in (text, unicodedata.normalize("NFKC", text)):
        # Some servers take white space off, before or after what follows a semicolon.
        if form.strip().partition(";")[0].strip() in _DOTS or not form.strip():
            raise ReachInvalid("the path has an empty part, a . or a ..")
        if any(each in "/\\%" or each < " " or each == "\x7f" for each in form):
            raise ReachInvalid("the path has an escaped slash, backslash, % or control character")
    return text


def _authority(scheme: str, host: str, port: int) -> str:
    return host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
