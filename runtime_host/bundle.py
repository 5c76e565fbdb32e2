"""Make, check and name a bundle: an agent's code as a tar.gz with its manifest.

Building the same files twice gives the same bytes, so the digest names the code itself.
Checking reads the archive as a stream, within the bounds of `runtime_host.inside.ustar`, and
writes nothing to disk.
"""

import hashlib
import io
import os
import re
import struct
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import AwgpError
from runtime_host.inside import ustar
from runtime_host.manifest import FILE_NAME, MAX_MANIFEST_BYTES, Manifest, parse_manifest

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# What people have in a working folder and never mean to ship.
LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", ".DS_Store", ".idea"})
LEFT_OUT_ENDINGS = (".pyc", ".pyo", ".swp", "~")
# How programs begin: machine code (ELF), and scripts that name their interpreter.
PROGRAMS = (b"\x7fELF", b"#!")
# RFC 1952: deflate, no flags, no time, compressed as far as it goes, from Unix.
_GZIP_HEADER = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\x03"


class BundleRefused(AwgpError):
    """The bundle is not one we run; the message names the entry or field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """What a sound bundle holds.

    Args:
        digest: `sha256:` over the packed bytes.
        files: Path and size of each file, in the archive's order.
        packed_bytes: Size of the archive.
        unpacked_bytes: Sum of the files' sizes.
    """

    digest: str
    manifest: Manifest
    files: tuple[tuple[str, int], ...]
    packed_bytes: int
    unpacked_bytes: int


def digest_of(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def inspect(unverified: bytes) -> BundleInfo:
    """Check a packed bundle and say what it holds.

    Raises:
        BundleRefused: For anything a sandbox would refuse too, a manifest that is missing or
            wrong, or an entrypoint that is not among the files.
        ManifestInvalid: Naming the manifest's field at fault.
    """
    manifest: Manifest | None = None
    files: list[tuple[str, int]] = []
    programs: set[str] = set()
    try:
        for entry in ustar.entries(unverified):
            if entry.name == FILE_NAME and not entry.folder:
                manifest = parse_manifest(entry.data)
            if not entry.folder:
                files.append((entry.name, len(entry.data)))
            if entry.executable:
                programs.add(entry.name)
    except ustar.ArchiveRefused as exc:
        raise BundleRefused(str(exc)) from exc
    if manifest is None:
        raise BundleRefused(f"the bundle has no {FILE_NAME} at its top")
    if manifest.entrypoint[0] not in {name for name, _ in files}:
        raise BundleRefused(f"the entrypoint {manifest.entrypoint[0]!a} is not in the bundle")
    if manifest.runtime == "static" and manifest.entrypoint[0] not in programs:
        raise BundleRefused(
            f"the entrypoint {manifest.entrypoint[0]!a} is no program that the runtime static"
            " could execute; build it for Linux, linked statically"
        )
    return BundleInfo(
        digest=digest_of(unverified),
        manifest=manifest,
        files=tuple(files),
        packed_bytes=len(unverified),
        unpacked_bytes=sum(size for _, size in files),
    )


def build(folder: Path) -> bytes:
    """Pack a folder. The same files give the same bytes, whoever packs them and when.

    Version control, caches and virtual environments stay out.

    Raises:
        BundleRefused: The folder holds a link or special file, or the result would be refused.
        ManifestInvalid: The manifest is wrong.
    """
    if not (folder / FILE_NAME).is_file():
        raise BundleRefused(f"{folder} has no {FILE_NAME}")
    if (folder / FILE_NAME).stat().st_size > MAX_MANIFEST_BYTES:
        raise BundleRefused(f"{FILE_NAME} is larger than {MAX_MANIFEST_BYTES} bytes")
    packed = pack_folder(folder)
    inspect(packed)
    return packed


def pack_folder(folder: Path) -> bytes:
    """Pack a folder that need not be a sound bundle.

    Raises:
        BundleRefused: It holds a link or special file, or more than a bundle may.
    """
    return pack({name: (folder / name).read_bytes() for name in _files_of(folder)})


def pack(files: dict[str, bytes]) -> bytes:
    """Pack files by name, without checking them; names may need up to 255 bytes.

    What is executable is told by how a file begins, not by modes, which get lost on the way.

    Raises:
        BundleRefused: A name does not fit a ustar header.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = 0o755 if files[name].startswith(PROGRAMS) else 0o644
            try:
                archive.addfile(entry, io.BytesIO(files[name]))
            except ValueError as exc:
                raise BundleRefused(f"the name {name!a} is too long") from exc
    return _gzipped(plain.getvalue())


def _gzipped(plain: bytes) -> bytes:
    """As gzip, with a header of our own: what Python writes there depends on its version."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(plain) + deflate.flush()
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(plain), len(plain))


def _files_of(folder: Path) -> list[str]:
    """Relative names of the files to pack; sizes are bounded before anything is read."""
    found: list[str] = []
    total = 0
    for path, folders, files in os.walk(folder):
        here = Path(path)
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in (*folders, *files):
            _refuse_special(here / name)
        for name in sorted(files):
            if name in LEFT_OUT or name.endswith(LEFT_OUT_ENDINGS):
                continue
            total += (here / name).stat().st_size
            found.append((here / name).relative_to(folder).as_posix())
            if total > ustar.MAX_UNPACKED_BYTES or len(found) > ustar.MAX_ENTRIES:
                bounds = f"{ustar.MAX_UNPACKED_BYTES} bytes or {ustar.MAX_ENTRIES} files"
                raise BundleRefused(f"{folder} is over {bounds}")
    return found


def _refuse_special(path: Path) -> None:
    if path.is_symlink():
        raise BundleRefused(f"{path} is a symbolic link; a bundle holds files and folders only")
    if not path.is_file() and not path.is_dir():
        raise BundleRefused(f"{path} is neither a file nor a folder")
