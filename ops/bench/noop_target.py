"""A target that says 200 to everything, in a process of its own.

python -m ops.bench.noop_target
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Agreeable(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        del arguments


@contextmanager
def noop_target() -> Iterator[str]:
    """Run it; yields its URL."""
    started = subprocess.Popen(
        [sys.executable, "-m", "ops.bench.noop_target"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = started.stdout.readline() if started.stdout else ""
        yield f"http://127.0.0.1:{int(said)}/"
    finally:
        started.terminate()
        started.wait()


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Agreeable)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve()
