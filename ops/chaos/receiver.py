"""The outside receiver: checks our signature, writes every request down, deduplicates nothing.

    python -m ops.chaos.receiver CONFIG

CONFIG is a JSON file: `secrets` (path -> base64 of 32 bytes), `seed`, `busy` (share of requests
answered 503 without any effect), `silent` (share that has its effect but gets no answer), `log`.
Prints its port as a line on stdout. The log has a JSON line per request, written before the answer.
SIGTERM ends it.
"""

import hashlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PATIENCE_SECONDS: Final = 10.0


class Ledger:
    """What came, one line each; used by many threads."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._secrets = {path: Webhook(secret) for path, secret in config["secrets"].items()}
        self._chance = random.Random(config["seed"])  # noqa: S311  # repeatable
        self._shares = (float(config["busy"]), float(config["silent"]))
        self._lock = threading.Lock()
        self._file = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """Write a request down; says what to answer: `ok`, `busy`, `silent` or `forged`."""
        verdict = self._verdict(path, headers, body)
        line = {
            "at": time.time(),
            "path": path,
            "key": headers.get("webhook-id"),
            "same_key": headers.get("idempotency-key") == headers.get("webhook-id"),
            "body": hashlib.sha256(body).hexdigest(),
            "run": None if verdict == "forged" else json.loads(body)["run"],
            "verdict": verdict,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        return verdict

    def _verdict(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        try:
            self._secrets[path].verify(body, dict(headers))
        except (KeyError, WebhookVerificationError):
            return "forged"
        with self._lock:
            drawn = self._chance.random()
        busy, silent = self._shares
        if drawn < busy:
            return "busy"
        return "silent" if drawn < busy + silent else "ok"


def serve(ledger: Ledger) -> ThreadingHTTPServer:
    """Listen on a free loopback port; the caller runs it."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_SECONDS

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            verdict = ledger.take(self.path, headers, body)
            if verdict == "silent":
                return  # the effect took place; the connection just ends
            self.send_response({"ok": 200, "busy": 503, "forged": 401}[verdict])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *arguments: object) -> None:
            del arguments  # a sender that was killed

    return Server(("127.0.0.1", 0), Handler)


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    server = serve(Ledger(json.loads(Path(arguments[0]).read_text(encoding="utf-8"))))
    print(server.server_address[1], flush=True)
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main(sys.argv[1:])
