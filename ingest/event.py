"""A request to a source as it came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID


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
