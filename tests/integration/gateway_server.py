"""A server that agents are let out to, or led away by."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final
from urllib.parse import unquote

MOVED: Final = "/v1/moved?to="
BROKEN: Final = {
    "/v1/broken": b"SSH-2.0-OpenSSH\r\n",
    "/v1/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
}


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; `/v1/moved?to=` leads to where the rest says."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:  # noqa: PLR0911  # one a path
        self.asked.append((self.path, {n.lower(): v for n, v in self.headers.items()}))
        if self.path.startswith(MOVED):
            return self._say(302, b"", Location=unquote(self.path.removeprefix(MOVED)))
        if self.path.startswith("/v1/chat"):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            usage = {} if asked["model"] == "silent" else {"usage": {"total_tokens": 60}}
            return self._say(200, json.dumps({"asked": asked, **usage}).encode())
        if self.path.startswith("/v1/embeddings"):
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).get(
                "input", []
            )
            # In another order than they were asked for, as the protocol allows.
            data = [{"index": n, "embedding": [1, len(t)]} for n, t in enumerate(texts)][::-1]
            told = {"data": data if texts != ["none"] else [], "usage": {"total_tokens": 5}}
            return self._say(200, json.dumps(told).encode())
        if self.path == "/v1/echoed":
            return self._say(200, self.headers["Authorization"].encode())
        if self.path == "/v1/packed":
            return self._say(200, b"", **{"Content-Encoding": "gzip"})
        if self.path == "/v1/large":
            return self._say(200, b"x" * 20_000)
        if self.path in BROKEN:
            self.wfile.write(BROKEN[self.path])
            self.close_connection = True
            return None
        length = int(self.headers.get("Content-Length") or 0)
        return self._say(200, self.rfile.read(length) or b'{"rate": 7}')

    do_POST = do_HEAD = do_GET  # noqa: N815  # as the server looks for them

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not to stderr."""


@contextmanager
def answering(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Its port on loopback, while it answers; over TLS where it is told how."""
    Server.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as serving:
        if tls is not None:
            # Each connection's own thread shakes hands, and a client that goes away ends that one.
            serving.socket = tls.wrap_socket(
                serving.socket, server_side=True, do_handshake_on_connect=False
            )
            serving.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused, as it should
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield serving.server_address[1]
        serving.shutdown()
        thread.join()
