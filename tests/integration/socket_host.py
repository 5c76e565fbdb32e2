"""A runtime host's socket with nothing behind it: a launch goes on until the test lets it end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.execution import ExecutionResult, ExitReason
from runtime_host.launch_frame import encode_result
from runtime_host.wire import Decoder, WireBroken, encode, receive

DESCRIPTION = {
    "type": "description",
    "driver": "none",
    "version": "0",
    "platform": "none",
    "runtimes": {},
    "enforced": [],
    "not_enforced": {},
    "sandboxes": 64,
    "warm": {},
    "parked": [],
}


class SocketHost:
    """Counts what is launched, ended and killed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.launched = 0
        self.killed = 0
        self.may_end = threading.Event()
        self._lock = threading.Lock()

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        decoder = Decoder()
        with connection, suppress(WireBroken, OSError):
            if receive(connection, decoder).type == "describe":
                connection.sendall(encode(DESCRIPTION))
                return
            connection.sendall(encode({"type": "launched"}))
            with self._lock:
                self.launched += 1
            connection.sendall(encode_result(self._outcome(connection, decoder)))

    def _outcome(self, connection: socket.socket, decoder: Decoder) -> ExecutionResult:
        connection.settimeout(0.05)
        while not self.may_end.is_set():
            with suppress(TimeoutError):
                if receive(connection, decoder).type == "kill":
                    with self._lock:
                        self.killed += 1
                    return _result(ExitReason.KILLED, None)
        return _result(ExitReason.OK, b'{"booked": 1}')


def _result(reason: ExitReason, output: bytes | None) -> ExecutionResult:
    return ExecutionResult(
        reason=reason,
        exit_code=0 if output else None,
        result=output,
        lines=(),
        truncated=False,
        duration_ms=1,
        peak_memory_bytes=None,
        detail="",
    )


@contextmanager
def socket_host(folder: Path) -> Iterator[SocketHost]:
    host = SocketHost(folder / "host.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(host.path))
        listener.listen(64)
        threading.Thread(target=host.serve, args=(listener,), daemon=True).start()
        yield host
        listener.shutdown(socket.SHUT_RDWR)
