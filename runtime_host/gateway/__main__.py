"""The gateway's process: `python -I -m runtime_host.gateway SANDBOX USER LISTENER MEMORY`.

SANDBOX is whose it is, for who looks at the machine, USER whom to become (0 stays). LISTENER and
MEMORY are the numbers of two sockets it inherits: the one it listens at, and its way to its
assistant's memory, if it is lent one. It says `ready` on stdout, reads one line from stdin,
the scope of the execution its sandbox was claimed for, and from then on serves. On stdout it tells
of each call as a line of JSON, and of an error of its own. When stdin ends, the host is gone or
done with it, and it goes at once.
"""

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import Final

from pipeline.gateway_call import VISIT, GatewayCall, Refused
from pipeline.gateway_scope import Injection, Scope
from runtime_host.gateway.door import Handle, Knock, answer_one, guarded
from runtime_host.gateway.fetching import IN_PRODUCTION, Desk, Fetcher
from runtime_host.gateway.least_rights import give_up_rights
from runtime_host.gateway.ledger import Ledger
from runtime_host.gateway.lookups import Lookups
from runtime_host.gateway.rehearsal import rehearse
from runtime_host.gateway.requests import FETCH, handler

THREADS: Final = 4
MAX_SCOPE_BYTES: Final = 1024 * 1024
PAUSE_SECONDS: Final = 0.05
# So that a line stays one write.
MAX_VISIT: Final = 2048


def main(user: int, listener: socket.socket, memory: socket.socket) -> None:
    """Serve until stdin ends."""
    # Whose certificates to believe: the system's, or those of SSL_CERT_FILE.
    tls = ssl.create_default_context()
    rehearse()
    lookups = Lookups(THREADS)
    handle: list[Handle] = []
    claimed = threading.Event()
    for _ in range(THREADS):
        threading.Thread(target=_serve, args=(listener, handle, claimed), daemon=True).start()
    # After all that needs files and threads, and before anybody can say anything.
    give_up_rights(user)
    os.write(1, b"ready\n")
    line = sys.stdin.buffer.readline(MAX_SCOPE_BYTES)
    if line:
        told = json.loads(line)
        scope = Scope.from_json(told["scope"])
        ledger = Ledger(scope.budget, _tell)
        credentials = {
            name: Injection(header=header, value=value)
            for name, (header, value) in told["credentials"].items()
        }
        fetcher = Fetcher(
            scope,
            ledger,
            credentials=credentials,
            tls=tls,
            own_machine=told["own_machine"],
            desk=Desk(visited=_tell_visit, open=told["open"]) if told["visits"] else IN_PRODUCTION,
            resolve=lookups.resolve,
        )
        serve = handler(scope, ledger, fetcher, memory)
        handle.append(guarded(_seen(serve) if told["visits"] else serve, _tell_failure))
        claimed.set()
        sys.stdin.buffer.read(1)
    os._exit(0)


def _serve(listener: socket.socket, handle: list[Handle], claimed: threading.Event) -> None:
    claimed.wait()
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            time.sleep(PAUSE_SECONDS)  # for want of a descriptor, until another is closed
            continue
        try:
            answer_one(connection, handle[0])
        except Exception as error:  # noqa: BLE001  # one call comes to nothing, and no other
            _tell_failure(error)


def _seen(handle: Handle) -> Handle:
    """With what is asked for told of, beside fetches, which tell where they go."""

    def seen(knock: Knock) -> object:
        if knock.path != FETCH:
            _tell_visit(knock.method, knock.path)
        return handle(knock)

    return seen


def _tell_visit(method: str, url: str) -> None:
    _write({VISIT: [method, url[:MAX_VISIT]]})


def _tell_failure(error: Exception) -> None:
    """By its kind: what it says may quote whoever attacks us."""
    _write({Refused.FAILED.value: type(error).__name__})


def _tell(call: GatewayCall) -> None:
    _write(call.as_json())


def _write(told: Mapping[str, object]) -> None:
    """One write, so that lines of several threads stay whole; short enough for a pipe."""
    os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    user, listener, memory = map(int, sys.argv[2:])
    main(user, socket.socket(fileno=listener), socket.socket(fileno=memory))
