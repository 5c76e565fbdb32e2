"""A request to a source as it came."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from werkzeug.datastructures import EnvironHeaders
from werkzeug.wsgi import get_host

from ingest.named_proxies import came_through_proxy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class HeadersByName(Mapping[str, str]):
    """A request's headers by name in lower case; each is looked up when it is asked for."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._headers = EnvironHeaders(environ)

    def __getitem__(self, name: str) -> str:
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name, _ in self._headers)

    def __len__(self) -> int:
        return len(self._headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook as it came, nothing of it verified: a `Message` of pipeline/schemes.

    Attributes:
        headers: By name in lower case.
        ask_url: Gives the address it was sent to; few schemes ask.
        through_proxy: Whether a named proxy handed it on.
    """

    tenant_id: UUID
    source_id: UUID
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    traceparent: str
    ask_url: Callable[[], str] = lambda: ""
    through_proxy: bool = False

    @property
    def url(self) -> str:
        return self.ask_url()


def event_of(
    environ: "WSGIEnvironment", tenant_id: UUID, source_id: UUID, body: bytes, traceparent: str
) -> Event:
    """The event that a WSGI request to its source is."""
    return Event(
        tenant_id=tenant_id,
        source_id=source_id,
        headers=HeadersByName(environ),
        body=body,
        traceparent=traceparent,
        ask_url=lambda: _asked_url(environ),
        through_proxy=came_through_proxy(environ),
    )


def _asked_url(environ: "WSGIEnvironment") -> str:
    """The address as its sender asked for it: a path that is not decoded and encoded again."""
    asked = environ.get("RAW_URI") or environ.get("REQUEST_URI", "")
    return f"{environ['wsgi.url_scheme']}://{get_host(environ)}{asked}"
