"""A runtime's tree as an image of one layer, proved to be that tree wherever it is found.

The layer is a tar of the tree, the same bytes on every machine: paths in byte order, owner root, no
times. An engine names a layer by the SHA-256 of its tar, so an image that is there already is used
only when its one layer is the one that this very tree gives. The tag is the tree's own digest.
"""

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime_host.rootfs import RuntimeRecord

REPOSITORY: Final = "awgp-runtime"
LABEL: Final = "awgp.runtime"
CHUNK_BYTES: Final = 1024 * 1024


def tag_of(record: RuntimeRecord) -> tuple[str, str]:
    """Repository and tag of a runtime's image."""
    return f"{REPOSITORY}/{record.name}", record.digest.removeprefix("sha256:")


def layer(root: Path) -> Iterator[bytes]:
    """The tar of a tree that was verified to hold files, folders and links alone, in pieces."""
    made = _Pieces()
    with tarfile.open(
        fileobj=made, mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK_BYTES
    ) as tar:
        for path in sorted(root.rglob("*"), key=os.fsencode):
            entry = _entry(path, path.relative_to(root).as_posix())
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)
            yield from made.taken()
    yield from made.taken()


class Layer:
    """The same, to be gone through once; then it has a digest.

    Args:
        root: Of the tree.
    """

    def __init__(self, root: Path) -> None:
        self._pieces = layer(root)
        self._seen = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._seen.update(piece)
            yield piece

    @property
    def digest(self) -> str:
        """What an engine calls a layer of these bytes."""
        return "sha256:" + self._seen.hexdigest()


def layer_digest(root: Path) -> str:
    """What an engine calls the layer of this tree."""
    whole = Layer(root)
    for _ in whole:
        pass
    return whole.digest


class _Pieces(io.RawIOBase):
    """Where the tar is written to; what was written is taken in between."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # narrower, for one caller
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _entry(path: Path, name: str) -> tarfile.TarInfo:
    """By hand, since hard links, owners and times must make no difference."""
    entry, seen = tarfile.TarInfo(name), path.lstat()
    entry.mode = stat.S_IMODE(seen.st_mode)
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
        entry.mode = 0o777
    elif path.is_dir():
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = seen.st_size
    return entry
