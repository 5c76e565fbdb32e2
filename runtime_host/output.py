"""Turn what a sandbox writes into frames and lines, within bounds.

Every byte here comes from inside a sandbox, so nothing is taken at its word: a frame's length
is checked before its body is kept, a line is cut at a fixed length, and the whole is counted.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any, NoReturn

from pipeline import agent_event
from pipeline.errors import AwgpError
from pipeline.execution import OutputLine

HEADER = struct.Struct(">cI")
MAX_FRAME_BYTES = 1024 * 1024
FRAME_KINDS = frozenset({b"A", b"S", b"O", b"E", b"P", b"F", b"X", b"R"})

MAX_LINE_BYTES = 8 * 1024
MAX_LINES = 10_000
# Looked at for being events; to read one costs much more than to cut a line.
MAX_EVENTS = 1_000

MAX_RESULT_BYTES = 1024 * 1024
MAX_RESULT_DEPTH = 64


class FramesBroken(AwgpError):
    """The sandbox sent something that is not a frame."""


class OutputExceeded(AwgpError):
    """The agent wrote more than its limit."""


class ResultRefused(AwgpError):
    """result.json is not JSON that the rest of the product can carry."""


class FrameReader:
    """Cuts a byte stream into frames; at most one incomplete frame is held."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (kind, body) for each frame now complete.

        Raises:
            FramesBroken: A kind is unknown or a length is over the bound.
        """
        self._held += data
        while len(self._held) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._held)
            if kind not in FRAME_KINDS or length > MAX_FRAME_BYTES:
                raise FramesBroken("the sandbox broke its protocol")
            end = HEADER.size + length
            if len(self._held) < end:
                return
            body = bytes(self._held[HEADER.size : end])
            del self._held[:end]
            yield kind, body


class LineCutter:
    """Cuts two streams into lines with one sequence over both; events on stdout are of a third.

    Args:
        max_bytes: Bytes of both streams together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._sequence = 0
        self._marked = 0
        self._held = {"stdout": bytearray(), "stderr": bytearray()}

    def feed(self, stream: str, data: bytes, offset_ms: int) -> Iterator[OutputLine]:
        """Yield each line now complete.

        Raises:
            OutputExceeded: This byte or line is one too many; what was yielded still counts.
        """
        room = max(0, self._max_bytes - self._bytes)
        self._bytes += len(data)
        held = self._held[stream]
        held += data[:room]
        while (end := held.find(b"\n", 0, MAX_LINE_BYTES)) >= 0 or len(held) >= MAX_LINE_BYTES:
            length = end if end >= 0 else MAX_LINE_BYTES
            line = bytes(held[:length])
            del held[: length + (1 if end >= 0 else 0)]
            yield from self._lines(stream, line, offset_ms)
        if self._bytes > self._max_bytes:
            raise OutputExceeded(f"the agent wrote more than {self._max_bytes} bytes")

    def rest(self, offset_ms: int) -> Iterator[OutputLine]:
        """Yield last lines that had no newline."""
        for stream, held in self._held.items():
            if held and self._sequence < MAX_LINES:
                yield from self._lines(stream, bytes(held), offset_ms)
                held.clear()

    def _lines(self, stream: str, line: bytes, offset_ms: int) -> Iterator[OutputLine]:
        """A line; or an event, and before it what stood on its line without an end."""
        before, mark, marked = line.rpartition(agent_event.MARK)
        event = None
        if mark and stream == "stdout" and self._marked < MAX_EVENTS:
            self._marked += 1
            event = agent_event.read_event(marked)
        if event is None or before:
            text = (line if event is None else before).removesuffix(b"\r")
            yield self._line(stream, text.decode("utf-8", "replace"), offset_ms)
        if event is not None:
            yield self._line(agent_event.STREAM, event, offset_ms)

    def _line(self, stream: str, written: str, offset_ms: int) -> OutputLine:
        if self._sequence >= MAX_LINES:
            raise OutputExceeded(f"the agent wrote more than {MAX_LINES} lines")
        text = written.replace("\0", "\ufffd")
        self._sequence += 1
        return OutputLine(
            sequence=self._sequence - 1, stream=stream, offset_ms=offset_ms, text=text
        )


def checked_result(unverified: bytes) -> bytes:
    """The same bytes, once they are known to be JSON that everything downstream can hold.

    Refused: over 1 MiB, not UTF-8, not JSON, deeper than 64, a name twice in one object, NaN or
    infinite numbers, lone surrogates, NUL characters (PostgreSQL's jsonb has none).

    Raises:
        ResultRefused: With what is wrong.
    """
    if len(unverified) > MAX_RESULT_BYTES:
        raise ResultRefused(f"result.json is larger than {MAX_RESULT_BYTES} bytes")
    try:
        value = json.loads(
            unverified.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as exc:
        raise ResultRefused("result.json is not UTF-8") from exc
    except RecursionError as exc:
        raise ResultRefused(f"result.json is deeper than {MAX_RESULT_DEPTH}") from exc
    except ValueError as exc:
        raise ResultRefused(f"result.json is not JSON: {exc}") from exc
    _check_values(value)
    return unverified


def _check_values(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_RESULT_DEPTH + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return
        level = below
    raise ResultRefused(f"result.json is deeper than {MAX_RESULT_DEPTH}")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ResultRefused("result.json holds a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise ResultRefused("result.json holds half of a surrogate pair") from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ResultRefused("result.json has a name twice in one object")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ResultRefused(f"result.json holds {name}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ResultRefused("result.json holds a number too large to carry")
    return number
