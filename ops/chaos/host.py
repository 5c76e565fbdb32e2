"""A runtime host's socket in front of the real one: gVisor for most, a no-op for load.

    python -m ops.chaos.host CONFIG

CONFIG is a JSON file: `socket` (where to listen), `owner` (uid and gid it is for, or null), `real`
(the runtime host's socket), `ledger` (file to write), `seed`.

A launch whose runtime is `chaos-no-op` runs nothing and ends well after some milliseconds; every
other goes to the real host, byte for byte, and dies with its client as it would without us. What
was launched stands in the ledger, apart from anything the product says of itself: a JSON line per
launch and per end. No setting of the product selects this but the address of its runtime host.
"""

import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from ops.chaos.world import NO_OP_RUNTIME
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason
from runtime_host.launch_frame import decode_launch, encode_result
from runtime_host.wire import Decoder, Frame, WireBroken, encode, receive

REQUEST_SECONDS: Final = 30.0
SHORTEST_SECONDS: Final = 0.005
LONGEST_SECONDS: Final = 0.060


class UnsafeNoOpHost:
    """Answers some launches without a sandbox, so it is never part of what is shipped."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._real = str(config["real"])
        self._chance = random.Random(config["seed"])  # noqa: S311  # repeatable
        self._ledger = os.open(config["ledger"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def serve(self, listener: socket.socket) -> None:
        """Answer clients for ever, a thread each."""
        while True:
            client, _ = listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError, WireBroken):
            client.settimeout(REQUEST_SECONDS)
            decoder = Decoder()
            frame = receive(client, decoder)
            client.settimeout(None)
            if frame.type == "launch" and frame.body["runtime"] == NO_OP_RUNTIME:
                spec, _ = decode_launch(frame)
                self._run_nothing(client, spec)
            else:
                self._pass_on(client, frame)

    def _run_nothing(self, client: socket.socket, spec: ExecutionSpec) -> None:
        client.sendall(encode({"type": "launched"}))
        self._note("launched", str(spec.run_id), str(spec.execution_id), real=False)
        ends_at = time.monotonic() + self._chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
        alive = True
        while alive and (left := ends_at - time.monotonic()) > 0:
            if select.select([client], [], [], left)[0]:
                alive = bool(client.recv(65_536))  # a renewal, or the end of its client
        if alive:
            with suppress(OSError):
                client.sendall(encode_result(_done(spec)))
        self._note("ended", str(spec.run_id), str(spec.execution_id), real=False)

    def _pass_on(self, client: socket.socket, request: Frame) -> None:
        """Be a wire between the client and the real host until either goes away."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as host:
            host.connect(self._real)
            host.sendall(encode(request.body, request.blob))
            decoder, launched = Decoder(), False
            try:
                while True:
                    ready = select.select([client, host], [], [])[0]
                    if client in ready and not _copy(client, host):
                        return
                    if host not in ready:
                        continue
                    if not (data := host.recv(65_536)):
                        return
                    decoder.feed(data)
                    while (frame := decoder.next()) is not None:
                        if frame.type == "launched":
                            launched = True
                            self._note_real("launched", request)
                    client.sendall(data)
            finally:
                if launched:
                    self._note_real("ended", request)

    def _note_real(self, what: str, request: Frame) -> None:
        self._note(what, request.body["run_id"], request.body["execution_id"], real=True)

    def _note(self, what: str, run: str, execution: str, *, real: bool) -> None:
        line = {"what": what, "at": time.time(), "run": run, "execution": execution, "real": real}
        os.write(self._ledger, json.dumps(line).encode() + b"\n")


def _copy(source: socket.socket, target: socket.socket) -> bool:
    data = source.recv(65_536)
    if data:
        target.sendall(data)
    return bool(data)


def _done(spec: ExecutionSpec) -> ExecutionResult:
    return ExecutionResult(
        reason=ExitReason.OK,
        exit_code=0,
        result=json.dumps({"run": str(spec.run_id)}).encode(),
        lines=(),
        truncated=False,
        duration_ms=1,
        peak_memory_bytes=None,
        detail="nothing was run",
    )


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    config = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    path = Path(config["socket"])
    path.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        if config["owner"] is not None:
            os.chown(path, config["owner"], config["owner"])
        path.chmod(0o600)
        listener.listen(256)
        try:
            UnsafeNoOpHost(config).serve(listener)
        finally:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
