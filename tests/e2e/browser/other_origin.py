"""Somebody else's web site: on another port of this machine, which browsers call same-site."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class OtherOrigin:
    """Serves what a test puts into `pages`, by path."""

    pages: dict[str, str] = field(default_factory=dict)
    origin: str = ""


@contextmanager
def other_origin() -> Iterator[OtherOrigin]:
    other = OtherOrigin()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = other.pages.get(self.path, "<!doctype html><title>other</title>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    other.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield other
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
