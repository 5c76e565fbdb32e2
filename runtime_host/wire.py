"""The frames on the runtime host's Unix socket.

A frame is the length of its header and of its blob (4 bytes each, big endian), a header that is
one JSON object with a `type`, and the blob. Every length is checked before memory is taken.

Client: `describe` · `launch`, or `launch_confined` with a profile of system calls or a memory
        (blob: bundle, then payload) · `renew {seconds}` · `kill` · `forget {tenant, assistant}`.
Host:   `description` · `refused {error, message}` · `launched` · `line` · `call` · `result`
        (blob: result.json) · `forgotten {collections}`.
A connection carries one request; its end kills what it launched.
"""

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

from pipeline.errors import AwgpError
from runtime_host.inside.ustar import MAX_PACKED_BYTES

HEADER = struct.Struct(">II")
MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
MAX_BLOB_BYTES = MAX_PACKED_BYTES + MAX_PAYLOAD_BYTES


class WireBroken(AwgpError):
    """The other side sent what is not a frame, or went away within one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message: `body["type"]` names it."""

    body: dict[str, Any]
    blob: bytes = b""

    @property
    def type(self) -> str:
        """The message's name."""
        return str(self.body.get("type"))


def encode(body: dict[str, Any], blob: bytes = b"") -> bytes:
    """Bytes of one frame.

    Raises:
        WireBroken: It would be over the bounds.
    """
    header = json.dumps(body, ensure_ascii=False).encode()
    if len(header) > MAX_HEADER_BYTES or len(blob) > MAX_BLOB_BYTES:
        raise WireBroken("the message is too large")
    return HEADER.pack(len(header), len(blob)) + header + blob


class Decoder:
    """Cuts received bytes into frames, holding at most one incomplete frame."""

    def __init__(self, max_blob_bytes: int = MAX_BLOB_BYTES) -> None:
        self.max_blob_bytes = max_blob_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        self._held += data

    def next(self) -> Frame | None:
        """The next complete frame, or None until more comes.

        Raises:
            WireBroken: A length is over its bound or the header is no JSON object.
        """
        if len(self._held) < HEADER.size:
            return None
        header_bytes, blob_bytes = HEADER.unpack_from(self._held)
        if header_bytes > MAX_HEADER_BYTES or blob_bytes > self.max_blob_bytes:
            raise WireBroken("the message is too large")
        end = HEADER.size + header_bytes + blob_bytes
        if len(self._held) < end:
            return None
        header = bytes(self._held[HEADER.size : HEADER.size + header_bytes])
        blob = bytes(self._held[HEADER.size + header_bytes : end])
        del self._held[:end]
        return Frame(body=_object(header), blob=blob)


def receive(connection: socket.socket, decoder: Decoder) -> Frame:
    """Wait for a frame.

    Raises:
        WireBroken: The connection ended first.
        TimeoutError: The socket's own timeout passed.
    """
    while (frame := decoder.next()) is None:
        data = connection.recv(256 * 1024)
        if not data:
            raise WireBroken("the connection ended")
        decoder.feed(data)
    return frame


def _object(header: bytes) -> dict[str, Any]:
    try:
        body = json.loads(header)
    except (ValueError, RecursionError) as exc:
        raise WireBroken("a message is not JSON") from exc
    if not isinstance(body, dict):
        raise WireBroken("a message is not a JSON object")
    return body
