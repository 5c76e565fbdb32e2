"""Carries one request to one judged destination and brings back a bounded answer.

No redirects, no proxies from the environment, no cookies, no decompression; TLS names are checked
against the URL's host while the connection goes to the address that was judged. One deadline
covers everything from the connection to the last byte kept.
"""

import ssl
import time
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore

from pipeline.address_guard import AddressRefused, Destination, NameNotResolved, resolve_destination

MAX_RESPONSE_BYTES = 64 * 1024
USER_AGENT = "AWGP/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Args:
        status: None when no answer came; `error` then says why, in plain words.
        body: The first MAX_RESPONSE_BYTES as sent.
        refused: We did not connect, and would not the next time.
    """

    status: int | None
    body: bytes = b""
    retry_after: str | None = None
    error: str | None = None
    refused: bool = False
    duration_ms: int = 0


class Courier:
    """Posts to where it may.

    Args:
        timeout_seconds: For a whole request and its answer; resolving the name comes before.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        tls: ssl.SSLContext | None = None,
        resolve: Callable[[str, int], Iterable[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()
        self._resolve = {} if resolve is None else {"resolve": resolve}
        self._clock = clock

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        allow_private: bool = False,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Post once. Whatever goes wrong on the way is in the answer.

        Args:
            timeout_seconds: In place of the courier's own.
        """
        started = self._clock()

        def took() -> int:
            return round((self._clock() - started) * 1000)

        try:
            to = resolve_destination(url, allow_private=allow_private, **self._resolve)
            deadline = Deadline(self._clock, timeout_seconds or self.timeout_seconds)
            status, content, retry_after = self._exchange(to, body, headers, deadline)
        except AddressRefused as error:
            return Answer(status=None, error=str(error), refused=True, duration_ms=took())
        except NameNotResolved as error:
            return Answer(status=None, error=str(error), duration_ms=took())
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            # The class says it; the text of a protocol error may quote what the other side sent.
            return Answer(status=None, error=type(error).__name__, duration_ms=took())
        return Answer(status=status, body=content, retry_after=retry_after, duration_ms=took())

    def _exchange(
        self, to: Destination, body: bytes, headers: Mapping[str, str], deadline: "Deadline"
    ) -> tuple[int, bytes, str | None]:
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=PinnedBackend(to.addresses, deadline),
            ) as pool,
            pool.stream(
                "POST", as_it_stands(to.url), headers=list(sent.items()), content=body
            ) as response,
        ):
            kept = bytearray()
            for chunk in response.iter_stream():
                kept += chunk[: MAX_RESPONSE_BYTES - len(kept)]
                if len(kept) >= MAX_RESPONSE_BYTES:
                    break
            found = {name.lower(): value for name, value in response.headers}
            retry_after = found.get(b"retry-after")
            said = None if retry_after is None else retry_after.decode("ascii", "replace")
            return response.status, bytes(kept), said


def as_it_stands(url: str) -> httpcore.URL:
    """A URL that was judged, for sending: httpcore itself would leave out `;x` of its path."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    target = (parts.path or "/") + query
    return httpcore.URL(
        scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target
    )


class Deadline:
    """One moment for every step of an exchange, so that a slow drip cannot stretch it."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def remaining(self, error: type[Exception]) -> float:
        """Seconds left. Raises `error` when there are none."""
        seconds = self._ends_at - self._clock()
        if seconds <= 0:
            raise error
        return seconds


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, whatever the name would say now."""

    def __init__(self, addresses: tuple[str, ...], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the addresses are its
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[typing.Any] | None = None,
    ) -> httpcore.NetworkStream:
        for address in self._addresses[:-1]:
            try:
                return self._connect(address, port, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._connect(self._addresses[-1], port, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[typing.Any] | None,
    ) -> httpcore.NetworkStream:
        seconds = self._deadline.remaining(httpcore.ConnectTimeout)
        stream = self._sockets.connect_tcp(
            address,
            port,
            timeout=seconds,
            local_address=local_address,
            socket_options=socket_options,
        )
        return DeadlineStream(stream, self._deadline)


class DeadlineStream(httpcore.NetworkStream):
    """A stream whose every operation ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.remaining(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.remaining(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        seconds = self._deadline.remaining(httpcore.ConnectTimeout)
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, seconds), self._deadline
        )

    def get_extra_info(self, info: str) -> typing.Any:
        return self._stream.get_extra_info(info)
