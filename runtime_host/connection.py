"""A client's connection while its sandbox runs: hears leases, tells lines, notices its end."""

import contextlib
import math
import selectors
import socket
import time
from collections.abc import Callable

from pipeline.execution import ExecutionResult, OutputLine
from runtime_host.launch_frame import encode_call, encode_line, encode_result, lease
from runtime_host.wire import Decoder, WireBroken

READ_BYTES = 64 * 1024
# A client takes its result within this.
RESULT_SECONDS = 30.0


class ClientWatcher:
    """Follows one sandbox for one client; used by one thread only.

    Args:
        decoder: Holds what the client sent beyond its launch.
        lease_until: `time.monotonic()` at which the sandbox dies without a renewal.
        stop_at: When the host itself must be done, if it is stopping.
    """

    def __init__(
        self,
        connection: socket.socket,
        decoder: Decoder,
        lease_until: float,
        stop_at: Callable[[], float | None],
    ) -> None:
        self._connection = connection
        self._decoder = decoder
        self._lease_until = lease_until
        self._stop_at = stop_at
        self._unsent = bytearray()
        self._over = False
        connection.setblocking(False)
        # From here on the client only renews and kills, which takes no blob.
        decoder.max_blob_bytes = 0

    def descriptor(self) -> int:
        """The socket."""
        return self._connection.fileno()

    def events(self) -> int:
        """Reading always; writing while something waits to be told."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def ready(self, events: int) -> str | None:
        """Hear and tell; an answer is why the sandbox must die."""
        try:
            if events & selectors.EVENT_WRITE:
                self._send()
            if events & selectors.EVENT_READ:
                return self._hear()
        except BlockingIOError:
            return None
        except OSError:
            return "the client's connection ended"
        except (WireBroken, ValueError) as exc:
            return f"the client broke the protocol: {exc}"
        return None

    def deadline(self) -> tuple[float, str]:
        """The earlier of the lease's end and the host's own."""
        stop_at = self._stop_at() or math.inf
        if stop_at < self._lease_until:
            return stop_at, "the host is stopping"
        return self._lease_until, "lease lost"

    def line(self, line: OutputLine) -> None:
        """Tell a line as soon as the client takes it."""
        self.tell(encode_line(line))

    def over(self, result: ExecutionResult) -> None:
        """Tell how it ended, once, to a client that still listens."""
        if self._over:
            return
        self._over = True
        with contextlib.suppress(OSError):
            self._connection.settimeout(RESULT_SECONDS)
            for call in result.calls:
                self.tell(encode_call(call))
            self.tell(encode_result(result))
            self.flush()

    def tell(self, frame: bytes) -> None:
        """Queue a frame; its size is bounded by the sandbox's output limit."""
        self._unsent += frame

    def flush(self) -> None:
        """Send what waits; blocks within the socket's own timeout."""
        self._connection.sendall(self._unsent)
        self._unsent.clear()

    def _send(self) -> None:
        del self._unsent[: self._connection.send(self._unsent[:READ_BYTES])]

    def _hear(self) -> str | None:
        data = self._connection.recv(READ_BYTES)
        if not data:
            return "the client's connection ended"
        self._decoder.feed(data)
        while (frame := self._decoder.next()) is not None:
            if frame.type == "kill":
                return "killed by its client"
            if frame.type != "renew":
                raise WireBroken(f"the message {frame.type!a} is unknown here")
            if time.monotonic() >= self._lease_until:
                return "lease lost"
            self._lease_until = time.monotonic() + lease(frame.body.get("seconds"))
        return None
