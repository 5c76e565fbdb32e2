"""Where the demo's results go: a ledger and a chat that check the signature of what they get."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass(slots=True)
class Received:
    """What arrived, once per idempotency key; `refused` counts bad signatures."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0


class Receiver:
    """An HTTP server on loopback. `secrets` maps a path (`/ledger`) to its 32-byte secret."""

    def __init__(self) -> None:
        self.received = Received()
        self.secrets: dict[str, bytes] = {}
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.send_response(
                    200 if owner.accept(self.path, dict(self.headers), body) else 401
                )
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                del arguments

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def accept(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Verify as Standard Webhooks says, and keep it under its id."""
        self.received.requests += 1
        secret = self.secrets.get(path)
        try:
            if secret is None:
                raise WebhookVerificationError(f"nobody is at {path}")
            signed = {name.lower(): value for name, value in headers.items()}
            Webhook(base64.b64encode(secret).decode()).verify(body, signed)
        except WebhookVerificationError:
            self.received.refused += 1
            return False
        self.received.messages[signed["webhook-id"]] = json.loads(body)
        return True


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()
