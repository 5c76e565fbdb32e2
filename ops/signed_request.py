"""A signed webhook as its sender makes it: to send, or to print as a command to paste."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from pipeline.schemes.standard_webhooks import sign

TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """One signed event. `timestamp` is in whole seconds since 1970; it counts for 5 minutes."""

    url: str
    event_id: str
    timestamp: int
    signature: str
    body: bytes = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "webhook-id": self.event_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": self.signature,
        }

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
    url: str, secret: bytes, body: bytes, *, event_id: str, timestamp: int
) -> SignedRequest:
    """Sign an event as Standard Webhooks has it."""
    signature = sign(secret, event_id, str(timestamp), body)
    return SignedRequest(
        url=url, event_id=event_id, timestamp=timestamp, signature=signature, body=body
    )


def compact(body: Mapping[str, Any] | str) -> str:
    """Return JSON without spaces, as it travels."""
    value = json.loads(body) if isinstance(body, str) else body
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
