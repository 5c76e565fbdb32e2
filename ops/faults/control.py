"""Telling a proxy of another process what to do: one line a command, one line of JSON back.

slow SECONDS [JITTER] [up|down]     half-open [up|down]       reset      status
throttle BYTES_A_SECOND [up|down]   refuse                    heal
cut-after BYTES up|down [close|reset|silence]
cut-once-seen TEXT up|down [close|reset|silence]
"""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ops.faults.plan import Direction, Ending, FaultUnknown
from ops.faults.proxy import FaultProxy

LONGEST_LINE: Final = 4096
ANSWER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.05
"""How often a stop is looked for."""


def obey(proxy: FaultProxy, line: str) -> dict[str, Any]:
    """Carry out one command; returns what is to be answered."""
    command, *given = line.split() or [""]
    try:
        _carry_out(proxy, command, given)
    except (FaultUnknown, ValueError, IndexError) as error:
        return {"ok": False, "error": f"{line.strip()!r} is no command: {error}"}
    return {
        "ok": True,
        "port": proxy.port,
        "accepted": proxy.accepted,
        "open": proxy.open_connections,
    }


def _carry_out(proxy: FaultProxy, command: str, given: list[str]) -> None:
    if command == "slow":
        numbers = [float(each) for each in given if each not in set(Direction)]
        jitter = numbers[1] if len(numbers) > 1 else 0.0
        proxy.slow(numbers[0], jitter=jitter, direction=_direction(given))
    elif command == "throttle":
        proxy.throttle(int(given[0]), direction=_direction(given))
    elif command == "half-open":
        proxy.half_open(_direction(given))
    elif command in ("cut-after", "cut-once-seen"):
        _cut(proxy, command, given)
    elif command in ("reset", "refuse", "heal"):
        getattr(proxy, command)()
    elif command != "status":
        raise FaultUnknown("see `python -m ops.faults tell --help`")


def _cut(proxy: FaultProxy, command: str, given: list[str]) -> None:
    direction = Direction(given[1])
    if command == "cut-after":
        ending = Ending(given[2]) if len(given) > 2 else Ending.CLOSE
        proxy.cut_after(int(given[0]), direction, ending=ending)
    else:
        ending = Ending(given[2]) if len(given) > 2 else Ending.RESET
        proxy.cut_once_seen(given[0].encode(), direction, ending=ending)


def _direction(given: list[str]) -> Direction | None:
    return Direction(given[-1]) if given and given[-1] in set(Direction) else None


@contextmanager
def controlled(proxy: FaultProxy, path: Path) -> Iterator[None]:
    """Serve a proxy's commands on a Unix socket, 0600, until left."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline(LONGEST_LINE):
                answer = obey(proxy, line.decode(errors="replace"))
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        path.chmod(0o600)
        server.daemon_threads = True
        thread = threading.Thread(
            target=server.serve_forever, args=(LOOK_SECONDS,), name="faults-control", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            path.unlink(missing_ok=True)


def tell(path: Path, line: str) -> dict[str, Any]:
    """Tell the proxy behind a socket; returns its answer.

    Raises:
        OSError: Nobody listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(path))
        connection.sendall(line.encode() + b"\n")
        with connection.makefile("rb") as answers:
            found: dict[str, Any] = json.loads(answers.readline())
    return found
