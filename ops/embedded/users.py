"""Who each part runs as where root starts AWGP: a uid of its own, which owns no more than its part.

Only the runtime host, which makes sandboxes, and the supervisor stay root; PostgreSQL has a uid
that the system knows by name. An ordinary user's parts all run as that user.
"""

import os
import site
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
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

GUESTS = {"n8n": FIRST_ID + 100}
"""Programs of others that run beside AWGP; apart, so that neither table moves the other's ids."""

PACKAGES = ("actors", "audit_export", "ingest", "ops", "pipeline", "runtime_host", "web")
_PROBE = """
# The first is passed through, the others are read; the first step that cannot be taken is said.
import os, sys
for path in sys.argv[1:]:
    parts = ["/", *path.split("/")[1:]]
    for end in range(1, len(parts) + 1):
        step = os.path.join(*parts[:end])
        wanted = os.X_OK if end < len(parts) or step == sys.argv[1] else os.R_OK | os.X_OK
        if not os.access(step, wanted):
            sys.exit("closed: " + step)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who runs what.

    Attributes:
        separate: Whether each part has a uid of its own.
        why_root: Why not, where root runs everything although it need not.
        shown: Closed folder -> what the parts are shown of it, in a mount namespace of their own.
    """

    separate: bool = False
    why_root: str | None = None
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, part: str) -> int | None:
        """Return a part's uid and gid; None for the caller's own."""
        if not self.separate:
            return None
        if part in GUESTS:
            return GUESTS[part]
        return FIRST_ID + PARTS.index(part) if part in PARTS else None


AS_OURSELVES = Users()


def choose_users(data: DataFolder, *, program: Sequence[Path] | None = None) -> Users:
    """Return separate users where we are root and they can reach the program and the data.

    Args:
        program: Folders to be read beside the data folder; by default Python's and AWGP's own.
    """
    if os.getuid() != 0:
        return AS_OURSELVES
    needed = [data.root, *(program_folders() if program is None else program)]
    obstacle = _obstacle(data, needed, {})
    if obstacle is None:
        return Users(separate=True)
    shown = _below_closed_folders(needed)
    if shown:
        left = _obstacle(data, needed, shown)
        if left is None:
            return Users(separate=True, shown=shown)
        if isinstance(left, Path):
            obstacle = left
        # Otherwise mounts are not ours to make here, and the closed folder is what can be changed.
    named = f"they cannot enter or read {obstacle}" if isinstance(obstacle, Path) else obstacle
    return Users(why_root=named)


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


def program_folders() -> list[Path]:
    """Return what must be readable to run AWGP: Python, its packages and our own."""
    found = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent]
    found += [Path(each) for each in site.getsitepackages() if Path(each).is_dir()]
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            found += [Path(each) for each in spec.submodule_search_locations]
    return list(dict.fromkeys(each for path in found for each in (path, path.resolve())))


def _below_closed_folders(needed: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    shown: dict[str, list[str]] = {}
    for path in sorted(needed):
        closed = unreachable_parent(path, FIRST_ID)
        if closed is not None and closed != Path("/"):
            beside = shown.setdefault(str(closed), [])
            if not any(path.is_relative_to(each) for each in beside):
                beside.append(str(path))
    return {closed: tuple(paths) for closed, paths in shown.items()}


def _obstacle(
    data: DataFolder, needed: Sequence[Path], shown: Mapping[str, tuple[str, ...]]
) -> Path | str | None:
    """Ask the kernel, as such a user itself: modes, groups, access lists and mounts all count.

    Returns what cannot be entered or read, or what else went wrong; None where all is well.
    """
    with tempfile.TemporaryDirectory(prefix="awgp-probe-") as folder:
        probe = Program(
            name="probe",
            command=(sys.executable, "-I", "-S", "-c", _PROBE, *map(str, needed)),
            user=FIRST_ID,
            shown=shown,
        )
        record = Path(folder) / "record"
        result = subprocess.run(
            launch_command(data, probe, die_with_parent=False, record=record),
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode == 0:
        return None
    said = " ".join(result.stderr.split())
    if said.startswith("closed: "):
        return Path(said.removeprefix("closed: "))
    # Where Python itself is closed to them there was no probe to say so.
    closed = unreachable_parent(Path(sys.executable).resolve(), FIRST_ID)
    return closed if closed is not None and not shown else said
