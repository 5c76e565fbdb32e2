"""What a run of AWGP must not leave behind: in the database, in gVisor's state, on the machine."""

import hashlib
import os
import time
from pathlib import Path
from typing import Final, LiteralString

from ops.chaos.processes import touching
from ops.chaos.records import Records
from ops.embedded.data_folder import DataFolder
from ops.processes import runtime_socket
from runtime_host.client import HostClient

IN_THE_DATABASE: Final[tuple[tuple[str, LiteralString], ...]] = (
    ("handoffs", "SELECT handoff_id::text FROM handoffs"),
    ("leases", "SELECT handoff_id::text FROM handoffs WHERE lease_owner IS NOT NULL"),
    ("audit records to be sealed", "SELECT pending_id::text FROM audit_pending"),
    (
        "executions without an end",
        "SELECT execution_id::text FROM executions WHERE finished_at IS NULL",
    ),
    (
        "approvals that are still open",
        "SELECT approval_id::text FROM approvals WHERE status = 'open'",
    ),
    (
        "transactions that nobody ends",
        """
        SELECT pid::text FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'
        AND state_change < clock_timestamp() - interval '30 seconds'
        """,
    ),
)
GRPC_OFFSET: Final = 10_000
PARKED_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.2


def left_in_the_database(records: Records) -> list[str]:
    """Call it once everything has settled; empty is right."""
    found = []
    for what, statement in IN_THE_DATABASE:
        rows = records.rows(statement)
        if rows:
            found.append(f"{len(rows)} {what}: {', '.join(str(row[0]) for row in rows[:3])}")
    return found


def left_in_the_sandboxes(data: DataFolder) -> list[str]:
    """Sandboxes while the host still serves and nothing should run, but for those of runs to come.

    Raises:
        HostUnavailable: It does not serve.
    """
    folder = data.folder("runtime-state") / "sandboxes"
    deadline = time.monotonic() + PARKED_SECONDS
    while True:
        found = [*_entries(folder), *_cgroup_folders(data, below=True)]
        ahead = HostClient(runtime_socket(data)).describe().ahead
        left = [each for each in found if each.name not in ahead]
        # One that is being made has a folder before it is told of.
        if not left or time.monotonic() > deadline:
            return [_say(each, folder) for each in left]
        time.sleep(POLL_SECONDS)


def _say(path: Path, sandboxes: Path) -> str:
    return f"sandbox {path.name}" if path.parent == sandboxes else f"cgroup {path}"


def left_on_the_machine(data: DataFolder) -> list[str]:
    """Call it after `awgp down`; empty is right."""
    return [
        *(f"process {pid}: {said}" for pid, said in touching(data.root).items()),
        *(f"sandbox {path.name}" for path in _entries(data.folder("runtime-state") / "sandboxes")),
        *(f"cgroup {path}" for path in _cgroup_folders(data, below=False)),
        *_files_of_a_running_system(data),
        *_mounts(data.root),
    ]


def _files_of_a_running_system(data: DataFolder) -> list[str]:
    run = data.folder("run")
    found = [*run.rglob("*.sock"), *run.glob("*.process.json"), *_entries(run / "secrets")]
    if data.sockets != run:
        found += _entries(data.sockets)
    numbers = {str(port + GRPC_OFFSET) for port in data.ports.values()}
    found += [
        path
        for path in Path("/tmp").glob("seaweedfs-*-grpc-*.sock")  # noqa: S108  # its own choice
        if path.stem.rpartition("-")[2] in numbers
    ]
    return [f"file {path}" for path in found]


def _cgroup_folders(data: DataFolder, *, below: bool) -> list[Path]:
    state = data.folder("runtime-state").resolve()
    name = "awgp-" + hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    found: list[Path] = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        if name in names:
            path = Path(folder, name)
            found += [each for each in path.iterdir() if each.is_dir()] if below else [path]
    return found


def _mounts(root: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [f"mount {line.split()[1]}" for line in lines if str(root) in line.split()[1]]


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
