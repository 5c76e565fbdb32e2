"""Where a sender may be called back when its run is over: its source's allowlist.

An entry is an address and a target of the tenant's at the same origin. What lies under the address
may be called; the target lends its secret, its headers and its rules for private addresses.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from pipeline.address_guard import DEFAULT_PORTS
from pipeline.refusal import Refusal

HEADER: Final = "AWGP-Callback"
LONGEST: Final = 2048
# What one server reads as a step in a path, and another does not.
_STEPS: Final = re.compile(r"(^|/)\.\.?(/|$)|//|%2e|%2f|%5c", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[!-~]+")


class CallbackNotAllowed(Refusal):
    """The sender asked to be called back where its source's senders may not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """An entry of an allowlist."""

    url: str
    target_id: UUID


def read_allowlist(kept: Iterable[Mapping[str, Any]]) -> tuple[Allowed, ...]:
    """An allowlist as it is kept."""
    return tuple(Allowed(url=each["url"], target_id=UUID(each["target"])) for each in kept)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port.

    Raises:
        ValueError: It is no address that could be called, in words for who gave it.
    """
    parts = _split(url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def check_prefix(url: str) -> None:
    """Raises: ValueError: Nothing could lie under it."""
    if _split(url).query:
        raise ValueError("must not have a query")


def choose(asked: str, allowed: Sequence[Allowed]) -> Allowed:
    """The first entry an address lies under: the same origin, and its path or one below.

    Raises:
        CallbackNotAllowed: There is none.
    """
    try:
        origin, path = origin_of(asked), _split(asked).path or "/"
    except ValueError as error:
        raise CallbackNotAllowed(f"{HEADER} {error}", field=HEADER) from error
    for each in allowed:
        under = _split(each.url).path or "/"
        below = under if under.endswith("/") else f"{under}/"
        if origin_of(each.url) == origin and (path == under or path.startswith(below)):
            return each
    raise CallbackNotAllowed("this source's senders are not called back there", field=HEADER)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST or not _PLAIN.fullmatch(url) or "\\" in url:
        raise ValueError(f"must be an address of at most {LONGEST} plain characters")
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("must be an https or http address")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("must have neither a user nor a fragment")
    if _STEPS.search(parts.path):
        raise ValueError("must have no steps such as .. in its path")
    _ = parts.port  # raises where it is none
    return parts
