"""A program we run, and how one is told from every other process on the machine."""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.embedded import launch
from ops.embedded.data_folder import DataFolder

_LAUNCHER = Path(launch.__file__).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One long-running process: a service, or a part of AWGP itself.

    Attributes:
        name: Also the name of its log file and its process group.
        command: An argument list; no secret is ever in it.
        environment: All it gets besides `PATH`, `HOME` and the locale; no secret is ever in it.
        user: The uid (and gid) to run as; None for the caller's own. Only root can switch. Such
            a program has no capabilities and cannot gain any.
        secrets: Copy -> source of the files that are made readable for `user` at every start.
        shown: Closed folder -> what in it `user` may enter; see `ops/embedded/users.py`.
        folder: Its working folder; None for the data folder.
        stop_signal: What asks it to finish in an orderly way.
        stop_seconds: How long it may take to, before SIGKILL to its whole group.
        autorestart: Whether the supervisor starts it again when it ends by itself.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    secrets: Mapping[Path, Path] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 10
    autorestart: bool = True


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the few variables every process may have; the rest of ours stays here."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
    return {name: environ[name] for name in kept if name in environ}


def program_environment(program: Program) -> dict[str, str]:
    """Return a program's own variables; as another user it has no part in our folders either."""
    if program.user is None:
        return dict(program.environment)
    return {"HOME": "/nonexistent", "TMPDIR": "/tmp", **program.environment}  # noqa: S108


def launch_command(
    data: DataFolder,
    program: Program,
    *,
    die_with_parent: bool = True,
    record: Path | None = None,
) -> tuple[str, ...]:
    """Return the argument list that starts a program through the launcher."""
    plan = {
        "record": str(record or record_file(data, program.name)),
        "signal": int(program.stop_signal) if die_with_parent else None,
        "user": program.user,
        "secrets": {str(copy): str(source) for copy, source in program.secrets.items()},
        "shown": dict(program.shown),
    }
    return (sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(plan), "--", *program.command)


def record_file(data: DataFolder, name: str) -> Path:
    """Return where a program's process record lies."""
    return data.folder("run") / f"{name}.process.json"


def end_recorded_processes(data: DataFolder, *, patience_seconds: float = 10) -> list[str]:
    """End what an earlier, crashed supervisor of this folder left running; return their names.

    Only a process whose pid, boot, start time and command line all match its record is touched.
    The caller holds the folder's lock, so nothing recorded there can be in rightful use.
    """
    ended = []
    for path in sorted(data.folder("run").glob("*.process.json")):
        if _end_recorded(path, patience_seconds):
            ended.append(path.name.removesuffix(".process.json"))
        path.unlink(missing_ok=True)
    return ended


def forget_handed_secrets(data: DataFolder) -> None:
    """Remove the copies made for single parts: a folder at rest holds each secret once."""
    folder = data.handed_secrets("any").parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)


def recorded_pid(path: Path) -> int | None:
    """Return the pid in a record if that very process is alive."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        pid = int(record["pid"])
        if record["boot"] != launch.boot_id() or record["start_ticks"] != launch.start_ticks(pid):
            return None
        running = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no such process, or no such record: nothing of ours is there
    wanted = [os.fsencode(part) for part in record["command"][1:]]
    # A script's command line gains its interpreter in front, so only the tail is compared.
    return pid if running and running[len(running) - len(wanted) :] == wanted else None


def _end_recorded(path: Path, patience_seconds: float) -> bool:
    pid = recorded_pid(path)
    if pid is None:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if recorded_pid(path) != pid:
            return False  # it ended, and the pid was reused, between the two looks
        signal.pidfd_send_signal(handle, signal.SIGINT)
        ended, _, _ = select.select([handle], [], [], patience_seconds)
        if not ended:
            _kill_group(pid, handle)
            select.select([handle], [], [], patience_seconds)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)
    return True


def _kill_group(pid: int, handle: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
