"""Put gVisor's runsc on this machine, from Debian.

Looked for, in this order: the path in AWGP_RUNSC, `/usr/local/bin/runsc`, then PATH. What is
there is kept when it is from 2024 or later; older ones lack systrap and directfs.

Debian trixie's build is static and runs on older releases, so it is preferred; where it cannot
be had, the machine's own package is installed instead and its age is told.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ops import debian
from pipeline.errors import AwgpError

SUITE = "trixie"
OLDEST = 20240101
DESTINATION = Path("/usr/local/bin/runsc")


class RunscMissing(AwgpError):
    """There is no usable runsc and this user cannot install it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A runsc on this machine.

    Args:
        version: As it prints it, such as `0.0~20240729.0`.
        fresh: Whether this call put it there.
    """

    path: Path
    version: str
    fresh: bool

    @property
    def recent(self) -> bool:
        """From 2024 or later; an unrecognised version counts as recent."""
        found = re.search(r"(20\d{6})", self.version)
        return found is None or int(found[1]) >= OLDEST


def find(configured: Path | None = None) -> Installed | None:
    """The runsc that would be used, or None.

    Args:
        configured: From AWGP_RUNSC; when given, nothing else is looked at.
    """
    on_path = shutil.which("runsc")
    places = [configured] if configured else [DESTINATION, Path(on_path) if on_path else None]
    for place in places:
        if place is not None and os.access(place, os.X_OK):
            return Installed(path=place, version=_version(place), fresh=False)
    return None


def install(destination: Path = DESTINATION) -> Installed:
    """Make sure of a recent runsc; does nothing where there is one.

    Raises:
        RunscMissing: This user is not root, or Debian's archive cannot be reached.
    """
    present = find()
    if present is not None and present.recent:
        return present
    if os.geteuid() != 0:
        what = f"runsc {present.version} is older than 2024" if present else "runsc is missing"
        raise RunscMissing(f"{what}, and installing it takes root: sudo awgp runtime install")
    try:
        _from_trixie(destination)
    except debian.DebianUnavailable as exc:
        _from_own_release(exc)
    installed = find()
    if installed is None:
        raise RunscMissing("runsc was installed but is not on PATH")
    return Installed(path=installed.path, version=installed.version, fresh=True)


def _from_trixie(destination: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="awgp-runsc-") as scratch:
        apt = debian.PrivateApt(Path(scratch), SUITE)
        apt.update()
        (package,) = apt.download(["runsc"])
        tree = Path(scratch) / "tree"
        debian.unpack(package, tree)
        # Renamed into place, so that nobody ever runs half of it.
        partial = destination.with_name(f".{destination.name}.{os.getpid()}")
        shutil.copyfile(tree / "usr/bin/runsc", partial)
        partial.chmod(0o755)
        partial.replace(destination)


def _from_own_release(why: debian.DebianUnavailable) -> None:
    done = subprocess.run(
        ["apt-get", "install", "-y", "--no-install-recommends", "runsc"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode != 0:
        raise RunscMissing(f"runsc could not be installed: {why}") from why


def _version(path: Path) -> str:
    try:
        done = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = re.search(r"version (\S+)", done.stdout)
    return found[1] if found else "unknown"
