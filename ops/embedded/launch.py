"""Become another program, after writing down who we are and tying our life to our parent's.

Run by path, with the standard library only: `python -I -S launch.py RECORD UID SIGNAL -- COMMAND`.
The process id stays the same across the exec, so the record is true for the program itself, also
after its supervisor has restarted it. The kernel sends SIGNAL when the parent dies, so a supervisor
killed by `kill -9` takes its children with it; the record is for the case where even that failed.

The record names pid, boot, start time and command line: together they identify a process for good,
where a pid alone is reused.
"""

import ctypes
import json
import os
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NOBODY = "-"


def start_ticks(pid: int | str) -> int:
    """Return a process's start in clock ticks since boot: field 22 of proc(5)'s stat.

    Raises:
        OSError: There is no such process.
    """
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[19])


def boot_id() -> str:
    """Return the kernel's name for this boot; start times are comparable only within one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _write_record(path: Path, command: list[str]) -> None:
    record = {
        "pid": os.getpid(),
        "boot": boot_id(),
        "start_ticks": start_ticks("self"),
        "command": command,
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(path)


def _drop_to(user_id: int) -> None:
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)


def _die_with_parent(number: int, parent: int) -> None:
    # After setuid, which clears it; kept across exec. A parent gone before this line leaves us with
    # a new one, which is the sign to stop here.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0 or os.getppid() != parent:
        raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """Replace this process by the command after `--`."""
    record, user, death_signal, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: launch.py RECORD UID|- SIGNAL|- -- COMMAND...")
    parent = os.getppid()
    os.umask(0o077)
    _write_record(Path(record), command)
    if user != _NOBODY:
        _drop_to(int(user))
    if death_signal != _NOBODY:
        _die_with_parent(int(death_signal), parent)
    # What the supervisor says about itself is not for the program: it names the control socket.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - a fixed list, never a shell
    except OSError as exc:
        raise SystemExit(f"{command[0]}: {exc.strerror}") from exc


if __name__ == "__main__":
    main(sys.argv[1:])
