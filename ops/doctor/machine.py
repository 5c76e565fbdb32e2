"""This machine: disk, shared memory, open files, ports, its clock, and the built web UI."""

import ctypes
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ops import web_ui
from ops.doctor.check import Check, fail, listed, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.system import REPLACED_BY, System
from ops.embedded.ports import is_free

SUBJECT: Final = "machine"
MIB: Final = 1 << 20
LEAST_FREE: Final = 512 * MIB
LITTLE_FREE: Final = 5 * 1024 * MIB
LITTLE_SHARE: Final = 0.1
LEAST_INODES: Final = 0.01
LITTLE_INODES: Final = 0.1
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # gunicorn's worker-tmp-dir, on purpose
LEAST_SHARED: Final = 8 * MIB
LEAST_FILES: Final = 256
FEW_FILES: Final = 1024
# struct timex of adjtimex(2): ten longs at most before `status`; the rest is not read.
_TIMEX_BYTES: Final = 512
_TIMEX_STATUS: Final = slice(40, 44)
_STA_UNSYNC: Final = 0x40


def disk(system: System) -> Iterator[Check]:
    if system.data is None:
        yield skipped("disk", "no data folder on this machine")
        return
    folders = [system.data.root]
    if system.is_embedded("postgres"):
        folders.append(system.data.folder("postgres"))
    devices: set[int] = set()
    for folder in folders:
        if not folder.exists() or folder.stat().st_dev in devices:
            continue
        devices.add(folder.stat().st_dev)
        yield _space(folder)
        yield _inodes(folder)


def _space(folder: Path) -> Check:
    usage = shutil.disk_usage(folder)
    said = f"{usage.free / 1024 / MIB:.1f} GiB free at {folder}"
    mend = "make room: old logs, exports already in S3, a larger disk"
    if usage.free < LEAST_FREE:
        return fail("disk", said, mend)
    if usage.free < LITTLE_FREE and usage.free < LITTLE_SHARE * usage.total:
        return warn("disk", said, mend)
    return ok("disk", said)


def _inodes(folder: Path) -> Check:
    status = os.statvfs(folder)
    if status.f_files == 0:
        return ok("inodes", f"not counted at {folder}")
    share = status.f_favail / status.f_files
    said = f"{share:.0%} free at {folder}"
    mend = "remove small files, or make the file system with more inodes"
    if share < LEAST_INODES:
        return fail("inodes", said, mend)
    return warn("inodes", said, mend) if share < LITTLE_INODES else ok("inodes", said)


def shared_memory(_system: System) -> Iterator[Check]:
    name = "shared memory"
    mend = f"mount a tmpfs at {SHARED_MEMORY} (Docker: --shm-size), mode 1777"
    if not os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        yield fail(name, f"{SHARED_MEMORY} cannot be written: ingest and web will not start", mend)
        return
    free = shutil.disk_usage(SHARED_MEMORY).free
    said = f"{free // MIB} MiB free at {SHARED_MEMORY}"
    yield ok(name, said) if free >= LEAST_SHARED else fail(name, said, mend)


def open_files(_system: System) -> Iterator[Check]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = f"{soft} a process, up to {hard}"
    mend = f"ulimit -n {FEW_FILES * 4}; with systemd LimitNOFILE={FEW_FILES * 4}"
    if soft == resource.RLIM_INFINITY or soft >= FEW_FILES:
        yield ok("open files", said)
    else:
        yield (fail if soft < LEAST_FILES else warn)("open files", said, mend)


def ports(system: System) -> Iterator[Check]:
    """While nothing of ours runs, whoever listens on our ports is somebody else."""
    if system.data is None:
        yield skipped("ports", "no data folder on this machine")
        return
    if system.is_running:
        yield skipped("ports", "AWGP runs and holds them")
        return
    ours = {
        name: port
        for name, port in system.data.ports.items()
        if REPLACED_BY.get(name.partition("-")[0]) not in system.environ
    }
    taken = [f"{name} {port}" for name, port in ours.items() if not is_free(port)]
    if taken:
        said = f"{listed(taken)} taken, though no supervisor answers"
        mend = "`ss -ltnp` names who listens: end it, or let AWGP finish"
        yield fail("ports", said, mend)
    else:
        yield ok("ports", f"{len(ours)} free")


def kept_time(_system: System) -> Iterator[Check]:
    """What the kernel says: whether anything disciplines its clock (adjtimex, nothing set)."""
    state = ctypes.create_string_buffer(_TIMEX_BYTES)
    answer = ctypes.CDLL(None, use_errno=True).adjtimex(state)
    if answer < 0:
        yield skipped("time keeping", "the kernel does not say")
        return
    status = int.from_bytes(state.raw[_TIMEX_STATUS], "little")
    if status & _STA_UNSYNC:
        mend = "run an NTP client (systemd-timesyncd, chrony) here or on the host"
        yield warn("time keeping", "nothing keeps this clock: it may drift", mend)
    else:
        yield ok("time keeping", "the clock is kept by NTP")


def built_ui(_system: System) -> Iterator[Check]:
    said = web_ui.missing()
    if said is None:
        yield ok("web UI", "built")
    else:
        yield warn("web UI", said, "`make setup` builds it; then start the control plane again")


PROBES: Final = tuple(
    Probe(subject=SUBJECT, name=name, ask=ask)
    for name, ask in (
        ("disk", disk),
        ("shared memory", shared_memory),
        ("open files", open_files),
        ("ports", ports),
        ("time keeping", kept_time),
        ("web UI", built_ui),
    )
)
