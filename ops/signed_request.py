"""A signed webhook as its sender makes it: to send, or to print as a command to paste."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from pipeline.schemes import Request, Scheme
from pipeline.schemes.standard_webhooks import StandardWebhooks

TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """One event with what proves whose it is."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def send(self) -> httpx.Response:
        """Raises: httpx.TransportError when nobody answers."""
        return httpx.post(
            self.url, content=self.body, headers=self.headers, timeout=TIMEOUT_SECONDS
        )

    def as_curl(self) -> str:
        """Return a command for a shell: a part a line, no secret in it."""
        options = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        options.append(f"--data-binary {shlex.quote(self.body.decode())}")
        return " \\\n  ".join((f"curl -sS {shlex.quote(self.url)}", *options))


def signed_request(
    url: str,
    secret: bytes,
    body: bytes,
    *,
    event_id: str,
    timestamp: int,
    scheme: Scheme | None = None,
) -> SignedRequest:
    """Sign an event as a scheme has it, Standard Webhooks unless another is given.

    Args:
        timestamp: Whole seconds since 1970; most count for 5 minutes.

    Raises:
        CannotSign: Nobody but its sender can.
    """
    at = datetime.fromtimestamp(timestamp, UTC)
    asked = Request(url=url, body=body, event_id=event_id, now=at)
    signed = (scheme or StandardWebhooks()).sign(asked, secret)
    headers = {"content-type": "application/json", **signed.headers}
    return SignedRequest(url=signed.url, headers=headers, body=body)


def compact(body: Mapping[str, Any] | str) -> str:
    """Return JSON without spaces, as it travels."""
    value = json.loads(body) if isinstance(body, str) else body
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
