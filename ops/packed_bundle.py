"""The bundle at a path, packed: a folder is packed, a file is read within its bound."""

from pathlib import Path

from runtime_host.bundle import build, pack_folder
from runtime_host.inside.ustar import MAX_PACKED_BYTES


def packed_at(path: Path) -> bytes:
    """The packed bundle.

    Raises:
        BundleRefused: The folder holds what a bundle must not hold.
        ManifestInvalid: Its manifest is wrong.
    """
    return build(path) if path.is_dir() else _read(path)


def unchecked_at(path: Path) -> bytes:
    """As `packed_at`, but sound or not: for who looks for what is wrong with it.

    Raises:
        BundleRefused: The folder cannot be packed at all.
    """
    return pack_folder(path) if path.is_dir() else _read(path)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PACKED_BYTES + 1)
