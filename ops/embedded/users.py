"""Who each part runs as where root starts AWGP: a uid of its own, which owns no more than its part.

Only the runtime host, which makes sandboxes, and the supervisor stay root; PostgreSQL has a uid
that the system knows by name. An ordinary user's parts all run as that user.
"""

import os
import site
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from ops.embedded.data_folder import DataFolder
from ops.embedded.program import Program, launch_command

FIRST_ID = 61_000
"""Uids from here on need no passwd entry. systemd assigns none between 60578 and 61183
(systemd.io/UIDS-GIDS), and a container's usual map of 65536 ids has them."""

PARTS = (
    *("valkey", "s3", "oidc"),
    *("ingest", "web", "policy", "hold", "execute", "post_action", "audit", "export", "relay"),
)
"""A part's place is its uid, which owns files: new ones go to the end."""

PACKAGES = ("actors", "audit_export", "ingest", "ops", "pipeline", "runtime_host", "web")
_PROBE = """
import os, sys
for path in sys.argv[1:]:
    parts = [os.path.sep, *path.split(os.path.sep)[1:]]
    for end in range(1, len(parts) + 1):
        step = os.path.join(*parts[:end])
        wanted = os.X_OK if end < len(parts) or step == sys.argv[1] else os.R_OK | os.X_OK
        if not os.access(step, wanted):
            sys.exit(step)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who runs what.

    Attributes:
        separate: Whether each part has a uid of its own.
        blocked: What those uids cannot enter or read, where that is why they are not used.
        shown: Closed folder -> what the parts are shown of it, in a mount namespace of their own.
    """

    separate: bool = False
    blocked: Path | None = None
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, part: str) -> int | None:
        """Return a part's uid and gid; None for the caller's own."""
        if not self.separate or part not in PARTS:
            return None
        return FIRST_ID + PARTS.index(part)


AS_OURSELVES = Users()


def choose_users(data: DataFolder) -> Users:
    """Return separate users where we are root and they can reach the program and the data."""
    if os.getuid() != 0:
        return AS_OURSELVES
    blocked = _blocked(data, {})
    if blocked is None:
        return Users(separate=True)
    shown = _below_closed_folders(_needed(data))
    if shown and _blocked(data, shown) is None:
        return Users(separate=True, shown=shown)
    return Users(blocked=blocked)


def unreachable_parent(path: Path, user: int) -> Path | None:
    """Return the first folder above `path` that the uid may not pass through, if any."""
    for parent in reversed(path.absolute().parents):
        status = parent.stat()
        if status.st_uid == user:
            allowed = status.st_mode & 0o100
        elif status.st_gid == user:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return parent
    return None


def _needed(data: DataFolder) -> list[Path]:
    """The data folder first, of which only the way through is needed; the others are read."""
    found = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent]
    found += [Path(each) for each in site.getsitepackages()]
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            found += [Path(each) for each in spec.submodule_search_locations]
    unique = dict.fromkeys(each for path in found for each in (path, path.resolve()))
    return [data.root, *(path for path in unique if path != data.root)]


def _below_closed_folders(needed: list[Path]) -> dict[str, tuple[str, ...]]:
    shown: dict[str, list[str]] = {}
    for path in sorted(needed):
        closed = unreachable_parent(path, FIRST_ID)
        if closed is not None and closed != Path("/"):
            beside = shown.setdefault(str(closed), [])
            if not any(path.is_relative_to(each) for each in beside):
                beside.append(str(path))
    return {closed: tuple(paths) for closed, paths in shown.items()}


def _blocked(data: DataFolder, shown: Mapping[str, tuple[str, ...]]) -> Path | None:
    """Ask the kernel, as the user itself: modes, groups, access lists and mounts all count."""
    needed = [str(path) for path in _needed(data)]
    with tempfile.TemporaryDirectory(prefix="awgp-probe-") as folder:
        probe = Program(
            name="probe",
            command=(sys.executable, "-I", "-S", "-c", _PROBE, *needed),
            user=FIRST_ID,
            shown=shown,
        )
        record = Path(folder) / "record"
        command = launch_command(data, probe, die_with_parent=False, record=record)
        result = subprocess.run(
            command,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode == 0:
        return None
    said = result.stderr.strip()
    if said in {str(step) for path in needed for step in (Path(path), *Path(path).parents)}:
        return Path(said)
    interpreter = Path(sys.executable).resolve()
    return unreachable_parent(interpreter, FIRST_ID) or interpreter
