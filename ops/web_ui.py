"""Build the web UI: from `web/ui` into `web/ui/dist`, which the web process serves.

A build is known by a hash of all it is made from, kept beside it: an unchanged tree is left alone.
An installed package brings the finished build and no sources; nothing is built there.
"""

import gzip
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import web
from ops.node_packages import NodeUnavailable, install_packages, run_node

FOLDER: Final = Path(web.__file__).resolve().parent / "ui"
BUILT: Final = FOLDER / "dist"
_STAMP: Final = ".made-from"
_INPUTS: Final = ("index.html", "package-lock.json", "package.json", "tsconfig.json")
_PACKED: Final = frozenset({".css", ".html", ".js", ".svg"})
_WORTH_PACKING_BYTES: Final = 1024
_INPUT_FOLDERS: Final = ("public", "src")


def ensure_web_ui() -> Path:
    """Build where need be; return the folder to serve.

    Raises:
        NodeUnavailable: Node is missing, or the build failed.
    """
    if not (FOLDER / "package.json").is_file():
        return BUILT  # of the package
    wanted = fingerprint()
    if _stamp() != wanted:
        link_packages()
        half_made = FOLDER / f".dist-{wanted[:16]}"
        shutil.rmtree(half_made, ignore_errors=True)
        try:
            _vite_build(half_made)
            _pack(half_made)
            (half_made / _STAMP).write_text(wanted, encoding="utf-8")
            shutil.rmtree(BUILT, ignore_errors=True)
            half_made.rename(BUILT)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    return BUILT


def missing() -> str | None:
    """What there is to say of a build that is not there, or not of these sources."""
    if not (BUILT / "index.html").is_file():
        return "not built: the control plane serves its API alone"
    if (FOLDER / "package.json").is_file() and _stamp() != fingerprint():
        return "built from other sources than those here"
    return None


def link_packages() -> Path:
    """Install the packages and link them where the sources look for them."""
    packages = install_packages("ui", FOLDER)
    link = FOLDER / "node_modules"
    if link.is_symlink() and link.readlink() != packages:
        link.unlink()
    if not link.exists():
        link.symlink_to(packages)
    return packages


def fingerprint() -> str:
    """Of everything a build is made from."""
    total = hashlib.sha256()
    for path in _inputs():
        content = path.read_bytes()
        total.update(f"{path.relative_to(FOLDER)} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _inputs() -> Iterator[Path]:
    yield from (FOLDER / name for name in _INPUTS)
    yield from sorted(FOLDER.glob("vite.config.*"))
    for name in _INPUT_FOLDERS:
        paths = sorted((FOLDER / name).rglob("*"))
        yield from (path for path in paths if path.is_file() and ".test." not in path.name)


def _stamp() -> str | None:
    try:
        return (BUILT / _STAMP).read_text(encoding="utf-8")
    except OSError:
        return None


def _vite_build(target: Path) -> None:
    vite = str(FOLDER / "node_modules" / "vite" / "bin" / "vite.js")
    try:
        run_node((vite, "build", "--outDir", str(target), "--emptyOutDir"), FOLDER)
    except NodeUnavailable as exc:
        raise NodeUnavailable(f"the web UI could not be built: {exc}") from exc


def _pack(folder: Path) -> None:
    """Put a packed twin beside every text a browser loads: the web process packs nothing itself."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _PACKED and path.stat().st_size > _WORTH_PACKING_BYTES:
            twin = path.with_name(f"{path.name}.gz")
            twin.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
