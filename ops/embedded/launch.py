"""Become another program, after writing down who we are and tying our life to our parent's.

Run by path, with the standard library only: `python -I -S launch.py PLAN -- COMMAND`, where PLAN is
a JSON object (`ops/embedded/program.py` writes it):

    record   where our process record goes
    signal   the signal we get when our parent dies; null for none
    user     the uid and gid to become; null to stay who we are
    secrets  copy -> source: files only that user may read, made anew from what only we may read
    shown    closed folder -> what in it the user may enter all the same

The process id stays the same across the exec, so the record is true for the program itself, also
after its supervisor has restarted it. The kernel sends SIGNAL when the parent dies, so a supervisor
killed by `kill -9` takes its children with it; the record is for the case where even that failed.

The record names pid, boot, start time and command line: together they identify a process for good,
where a pid alone is reused.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20, 0x1000, 0x4000, 1 << 18
_MOST_CAPABILITIES = 64


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


def _hand_over(source: Path, copy: Path, group: int) -> None:
    # Root's own, readable by the group of one: a process can neither change what it was given nor
    # put a link in its place for the next start to follow.
    content = source.read_bytes()
    copy.parent.mkdir(exist_ok=True)
    os.chown(copy.parent, 0, group)
    copy.parent.chmod(0o710)
    temporary = copy.with_name(f".{copy.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        os.fchown(descriptor, 0, group)
        os.fchmod(descriptor, 0o440)
    temporary.replace(copy)


def _show_only(shown: Mapping[str, Sequence[str]]) -> None:
    """Put an empty folder over each closed one, with nothing but what is shown in it.

    In a mount namespace of our own: nobody else sees it, and it ends with us.
    """
    _call("unshare", _CLONE_NEWNS)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    for closed, paths in shown.items():
        opened = [(path, os.open(path, os.O_PATH | os.O_DIRECTORY)) for path in paths]
        _mount("tmpfs", closed, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
        before = os.umask(0o022)
        for path, descriptor in opened:
            Path(path).mkdir(parents=True)
            _mount(f"/proc/self/fd/{descriptor}", path, None, _MS_BIND | _MS_REC)
            os.close(descriptor)
        os.umask(before)
        _mount(None, closed, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    names = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    _call("mount", *names, ctypes.c_ulong(flags), data)


def _drop_to(user_id: int) -> None:
    for capability in range(_MOST_CAPABILITIES):
        # Those beyond the kernel's last are refused, and so are all where we may not: then nothing
        # is lost, since the next call shuts every way to gain one.
        _libc().prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _die_with_parent(number: int, parent: int) -> None:
    # After setuid, which clears it; kept across exec. A parent gone before this line leaves us with
    # a new one, which is the sign to stop here.
    _call("prctl", _PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc(), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def main(arguments: list[str]) -> None:
    """Replace this process by the command after `--`."""
    plan, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: launch.py PLAN -- COMMAND...")
    wanted = json.loads(plan)
    parent = os.getppid()
    os.umask(0o077)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
        # A shell ignores some for what it runs in the background, and exec keeps that.
        signal.signal(number, signal.SIG_DFL)
    try:
        _write_record(Path(wanted["record"]), command)
        if wanted["user"] is not None:
            for copy, source in wanted["secrets"].items():
                _hand_over(Path(source), Path(copy), wanted["user"])
            if wanted["shown"]:
                _show_only(wanted["shown"])
            _drop_to(wanted["user"])
        if wanted["signal"] is not None:
            _die_with_parent(wanted["signal"], parent)
    except OSError as exc:
        raise SystemExit(f"{command[0]} cannot be started: {exc}") from exc
    # What the supervisor says about itself is not for the program: it names the control socket.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - a fixed list, never a shell
    except OSError as exc:
        raise SystemExit(f"{command[0]}: {exc.strerror}") from exc


if __name__ == "__main__":
    main(sys.argv[1:])
