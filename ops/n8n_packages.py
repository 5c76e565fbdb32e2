"""N8N, and our node for it: installed and built once, then put where N8N looks."""

import contextlib
import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ops.node_packages import (
    Care,
    NodeUnavailable,
    Progress,
    cache_folder,
    install_packages,
    make_cache_folder,
    npm,
    open_to_all,
    run_node,
)

HOME: Final = Path(__file__).resolve().parent / "n8n"
SERVER: Final = HOME / "server"
NODE: Final = HOME / "n8n-nodes-awgp"
NODE_NAME: Final = "n8n-nodes-awgp"
ROOM_BYTES: Final = 4_000_000_000
"""The packages are 2.7 GB; npm keeps what it fetched beside them."""


def install_n8n(progress: Progress | None = None) -> Path:
    """Install N8N where it is missing, and return its `node_modules` folder.

    Raises:
        NodeUnavailable: Node or room is missing, or npm failed.
    """
    care = Care(command="install", room_bytes=ROOM_BYTES, progress=progress)
    return install_packages("n8n", SERVER, care)


def build_n8n_node(progress: Progress | None = None) -> Path:
    """Build our node where need be, and return its folder, as npm packs it.

    The package itself, `n8n-nodes-awgp-VERSION.tgz`, is kept beside it, for an N8N elsewhere. An
    installed AWGP brings the node built, and only packs it.

    Raises:
        NodeUnavailable: Node is missing, or the build failed.
    """
    target = cache_folder() / f"{NODE_NAME}-{fingerprint()}"
    if not target.is_dir():
        make_cache_folder()
        half_made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{NODE_NAME}-"))
        try:
            packed = _packed(half_made, progress)
            with tarfile.open(packed) as archive:
                archive.extractall(half_made / "unpacked", filter="data")
            packed.rename(half_made / "unpacked" / packed.name)
            open_to_all(half_made / "unpacked")
            with contextlib.suppress(OSError):  # another was first; its copy is as good
                (half_made / "unpacked").rename(target)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    return target / "package"


def dev_packages(progress: Progress | None = None) -> Path:
    """What the node is built and linted with."""
    return install_packages("n8n-node", NODE, Care(progress=progress))


def _packed(folder: Path, progress: Progress | None) -> Path:
    copy = folder / NODE_NAME
    shutil.copytree(NODE, copy, ignore=shutil.ignore_patterns("node_modules"))
    if (NODE / "tsconfig.json").is_file():
        _build(copy, progress)
    run_node((str(npm()), "pack", "--ignore-scripts", "--pack-destination", str(folder)), copy)
    (packed,) = folder.glob("*.tgz")
    return packed


def _build(copy: Path, progress: Progress | None) -> None:
    shutil.rmtree(copy / "dist", ignore_errors=True)
    link = copy / "node_modules"
    link.symlink_to(dev_packages(progress))
    try:
        run_node(("node_modules/typescript/bin/tsc",), copy)
    except NodeUnavailable as exc:
        raise NodeUnavailable(f"{NODE_NAME} could not be built: {exc}") from exc
    shutil.copytree(copy / "icons", copy / "dist" / "icons")
    link.unlink()


def fingerprint() -> str:
    """Of all the node is made from, or of the built one where there is nothing else."""
    total = hashlib.sha256()
    for path in sorted(_inputs(NODE)):
        content = path.read_bytes()
        total.update(f"{path.relative_to(NODE)} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()[:16]


def _inputs(folder: Path) -> Iterator[Path]:
    skipped = {"node_modules", "dist"} if (NODE / "tsconfig.json").is_file() else {"node_modules"}
    for path in folder.iterdir():
        if path.name in skipped:
            continue
        if path.is_dir():
            yield from _inputs(path)
        else:
            yield path
