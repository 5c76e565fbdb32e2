"""Wheels of a lock file: fetched by their hashes, and unpacked without running anything of them.

A lock file is what `pip-compile --generate-hashes` or `uv pip compile --generate-hashes` makes. The
wheels are those for a runtime, whatever Python and machine fetch them.
"""

import hashlib
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from pipeline.errors import AwgpError

FETCH_SECONDS: Final = 900
# Of Debian bookworm's glibc (2.36), from the newest down.
_GLIBC: Final = (36, 35, 34, 31, 28, 27, 26, 24, 17, 12, 5)
_OLD_NAMES: Final = ("manylinux2014", "manylinux2010", "manylinux1")
# What a wheel may bring besides modules, and we leave: programs, manuals, headers.
_MODULES: Final = ("purelib", "platlib")


class WheelsUnavailable(AwgpError):
    """The wheels of a lock file cannot be had, or one is not what a wheel is."""


def lock_digest(lock: Path) -> str:
    """SHA-256 of a lock file, as a runtime's record keeps it."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def fetch(lock: Path, into: Path) -> list[Path]:
    """Fetch every wheel of a lock file with pip, each checked against its hashes.

    Raises:
        WheelsUnavailable: pip refused, or does not run; the message is what it said last.
    """
    into.mkdir(parents=True)
    options = [
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"),
        *("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"),
        *("--abi", "abi3", "--abi", "none", "--dest", str(into), "--requirement", str(lock)),
    ]
    options += [part for each in _platforms() for part in ("--platform", each)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", *options],
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WheelsUnavailable(f"pip did not fetch the wheels of {lock}: {error}") from error
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = said[-1].removeprefix("ERROR: ") if said else done.stderr.strip()[-200:]
        raise WheelsUnavailable(f"pip does not give the wheels of {lock}: {why}")
    return sorted(into.glob("*.whl"))


def unpack(wheel: Path, into: Path) -> None:
    """Write a wheel's modules into a folder; its programs and other data are left out.

    Raises:
        WheelsUnavailable: It is no wheel, or a name in it leads elsewhere.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                place = None if entry.is_dir() else _place(entry.filename)
                if place is not None:
                    _write(into / place, archive.read(entry))
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise WheelsUnavailable(f"{wheel.name} cannot be unpacked: {error}") from error


def versions(wheels: list[Path]) -> dict[str, str]:
    """Version of each distribution, by name."""
    return dict(wheel.name.split("-")[:2] for wheel in wheels)


def _platforms() -> list[str]:
    machine = platform.machine()
    old = _OLD_NAMES if machine == "x86_64" else _OLD_NAMES[:1]
    return [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC] + [f"{n}_{machine}" for n in old]


def _place(name: str) -> PurePosixPath | None:
    """Where a file of a wheel goes, below the folder for modules; None for what stays out."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise WheelsUnavailable(f"a wheel holds the name {name!a}, which leads out of it")
    if re.fullmatch(r".+\.data", path.parts[0]):
        inside = len(path.parts) > 2 and path.parts[1] in _MODULES
        return PurePosixPath(*path.parts[2:]) if inside else None
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() != content:
        raise WheelsUnavailable(f"two wheels bring a different {path.name}")
    path.write_bytes(content)
