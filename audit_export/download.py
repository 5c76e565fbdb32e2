"""An exported trail as one zip file, made while it is sent: a chunk in memory at a time.

It holds what `awgp audit download` writes, in one folder per tenant, so that unpacked it is what
the offline verifier reads. Only what counts is in it: segments that were read back and recorded,
the checkpoints they reach, and the signers. Where the store fails on the way the file has no end,
which every reader of zip files notices.
"""

import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from audit_export.object_store import ObjectReader
from audit_export.segment import parse_segment_name

_CHECKPOINT: Final = re.compile(r"checkpoints/([0-9]{20})-[0-9a-f]{16}\.note")
_SIGNER: Final = re.compile(r"signers/[0-9a-f]{64}\.pub")
# The format's own beginning of time: nothing of ours depends on when a file was packed.
_PACKED_AT: Final = (1980, 1, 1, 0, 0, 0)


def trail_files(
    store: ObjectReader, tenant_id: UUID, ranges: Collection[tuple[int, int]]
) -> list[str]:
    """Names, below the tenant's folder, of all that belongs to the segments that count.

    Args:
        ranges: First and last entry of each.

    Raises:
        StoreUnavailable: The store cannot be asked.
    """
    counted, upto = set(ranges), max((last for _, last in ranges), default=0)
    names = (key.removeprefix(f"{tenant_id}/") for key in store.keys(f"{tenant_id}/"))
    return [name for name in names if _belongs(name, counted, upto)]


def zip_stream(store: ObjectReader, tenant_id: UUID, names: Sequence[str]) -> Iterator[bytes]:
    """Yield a zip file of these, under the tenant's folder.

    Raises:
        StoreUnavailable, ObjectMissing: Of the store, at any time.
    """
    sink = _Sink()
    # Stored as they are: the records are packed already, and hashes do not pack.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # it only writes
        for name in names:
            info = zipfile.ZipInfo(f"{tenant_id}/{name}", date_time=_PACKED_AT)
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                for chunk in store.read_back(f"{tenant_id}/{name}"):
                    file.write(chunk)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def begin(stream: Iterator[bytes]) -> Callable[[], Iterator[bytes]]:
    """Read the first chunk now, so that a store that is away is an answer and not half a file.

    Raises:
        StoreUnavailable, ObjectMissing: Of the store.
    """
    first = next(stream, b"")

    def whole() -> Iterator[bytes]:
        yield first
        yield from stream

    return whole


def _belongs(name: str, counted: Collection[tuple[int, int]], upto: int) -> bool:
    segment, checkpoint = parse_segment_name(name), _CHECKPOINT.fullmatch(name)
    if segment is not None:
        return segment[:2] in counted
    if checkpoint is not None:
        return int(checkpoint[1]) <= upto
    return _SIGNER.fullmatch(name) is not None


@dataclass(slots=True)
class _Sink:
    """What the packer writes to, emptied after every chunk. It cannot be sought in."""

    _parts: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Everything is taken as it comes."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
