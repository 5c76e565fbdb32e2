"""Build a runtime's root file system from Debian packages; any user may.

The runtime `python3` is always Debian bookworm's Python 3.11, whatever the machine runs, so the
same package versions give the same digest everywhere. Nothing of the host's own tree gets in.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops import debian
from runtime_host.rootfs import (
    AGENT_LIBRARY,
    RuntimeInvalid,
    RuntimeRecord,
    agent_library,
    launcher_digest,
    launcher_sources,
    tree_digest,
    verify,
    write_record,
)

SUITE = "bookworm"
INTERPRETER = "/usr/bin/python3.11"
PACKAGES = (
    "libbz2-1.0",
    "libc6",
    "libcrypt1",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
    "python3.11-minimal",
    "zlib1g",
)

# Extension modules for terminals, NIS and Berkeley databases, whose libraries stay out.
DROPPED_MODULES = ("nis", "readline", "_curses", "_curses_panel", "_dbm", "_gdbm")
DROPPED_TREES = (
    "usr/share",
    "usr/lib/mime",
    "usr/lib/valgrind",
    "etc/python3.11",
    "usr/lib/python3.11/__phello__",
    "usr/lib/python3.11/ensurepip",
    "usr/lib/python3.11/idlelib",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/python3.11/test",
    "usr/lib/python3.11/tkinter",
    "usr/lib/python3.11/turtledemo",
    "usr/lib/python3.11/venv",
)
# runsc would make missing mount points in the tree on the host, so they are made here.
MOUNT_POINTS = ("bundle", "dev", "input", "output", "proc", "run/awgp", "sys", "tmp")
MODULES = "usr/lib/python3.11"
LAUNCHER_FOLDER = "usr/lib/awgp/runtime_host/inside"


def build(folder: Path, name: str = "python3", *, force: bool = False) -> RuntimeRecord:
    """Build a runtime into `<folder>/<name>/`, or find it there as it should be.

    Args:
        folder: Readable by uid 65534, since sandboxes run as that.
        force: Build even where a sound runtime of this version stands; for newer packages.

    Raises:
        debian.DebianUnavailable: Packages cannot be had.
        RuntimeInvalid: What was built does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not force:
            try:
                return verify(folder / name)
            except RuntimeInvalid:
                pass  # built below
        with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
            work = Path(scratch)
            record = _build_in(work, name)
            _replace(work / "runtime", folder / name)
    return record


def _build_in(work: Path, name: str) -> RuntimeRecord:
    apt = debian.PrivateApt(work / "apt", SUITE)
    apt.update()
    runtime = work / "runtime"
    root = runtime / "rootfs"
    root.mkdir(parents=True)
    for package in apt.download(PACKAGES):
        debian.unpack(package, root)
    _strip(root)
    _add_launcher(root)
    for point in MOUNT_POINTS:
        (root / point).mkdir(parents=True, exist_ok=True)
    _compile(root)
    _set_modes(runtime)
    record = RuntimeRecord(
        name=name,
        digest=tree_digest(root),
        interpreter=INTERPRETER,
        packages=apt.versions(PACKAGES),
        launcher=launcher_digest(),
    )
    write_record(runtime, record)
    (runtime / "runtime.json").chmod(0o644)
    return record


def _strip(root: Path) -> None:
    for tree in DROPPED_TREES:
        shutil.rmtree(root / tree, ignore_errors=True)
    for module in DROPPED_MODULES:
        for path in root.glob(f"usr/lib/python3.11/lib-dynload/{module}.*.so"):
            path.unlink()
    for path in [p for p in root.rglob("*") if p.is_symlink() and not p.exists()]:
        path.unlink()
    (root / "usr/bin/python3").symlink_to("python3.11")


def _add_launcher(root: Path) -> None:
    folder = root / LAUNCHER_FOLDER
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_bytes(b"")
    for name, source in launcher_sources().items():
        (folder / name).write_bytes(source)
    modules = root / MODULES
    (modules / AGENT_LIBRARY).mkdir()
    for name, source in agent_library().items():
        (modules / name).write_bytes(source)


def _compile(root: Path) -> None:
    """Compile every module with the tree's own interpreter.

    With unchecked hashes, which hold no time: the start is quicker and the bytes are the same
    at every build.
    """
    libraries = [path.parent for path in root.rglob("libc.so.6")]
    loader = next(root.glob("lib64/ld-linux-*")) if (root / "lib64").is_dir() else None
    if loader is None or not libraries:
        raise RuntimeInvalid("the packages hold no C library")
    usual = str(libraries[0]), str(root / "usr/lib" / libraries[0].name)
    for tree, shown in (
        ("usr/lib/python3.11", "/usr/lib/python3.11"),
        ("usr/lib/awgp", "/usr/lib/awgp"),
    ):
        done = subprocess.run(
            [
                str(loader),
                "--library-path",
                ":".join(usual),
                str(root) + INTERPRETER,
                "-I",
                "-S",
                "-B",
                "-m",
                "compileall",
                "-q",
                "-j",
                "1",
                "--invalidation-mode",
                "unchecked-hash",
                "-d",
                shown,
                str(root / tree),
            ],
            env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeInvalid(f"the runtime's interpreter does not start: {done.stderr[-200:]}")


def _set_modes(runtime: Path) -> None:
    """One mode for all folders, and for files no setuid, no setgid, nobody's write."""
    for path in [runtime, *runtime.rglob("*")]:
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        path.chmod(0o755 if stat.S_ISDIR(mode) or mode & 0o100 else 0o644)


def _replace(built: Path, place: Path) -> None:
    """Swap a tree in; a sandbox that runs keeps the old one's open files."""
    old = built.with_name("old")
    if place.exists():
        place.rename(old)
    built.rename(place)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One build at a time in a folder."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
