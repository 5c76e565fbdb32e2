"""Become somebody else, or run as somebody else."""

import ctypes
import os
import shutil
import stat
import subprocess
import sys

from probe import probe, succeeded

AGENT, LAUNCHER = 65534, 65533
PR_SET_KEEPCAPS, PR_GET_NO_NEW_PRIVS, PR_SET_SECUREBITS, PR_CAPBSET_READ = 8, 39, 28, 23
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
libc = ctypes.CDLL(None, use_errno=True)


@probe
def other_users(_request):
    others = (0, 1, LAUNCHER, 1000)
    for other in others:
        yield from succeeded(
            {
                f"setuid {other}": lambda other=other: os.setuid(other),
                f"setgid {other}": lambda other=other: os.setgid(other),
                f"setreuid {other}": lambda other=other: os.setreuid(other, other),
                f"setresuid {other}": lambda other=other: os.setresuid(-1, other, -1),
                f"setresgid {other}": lambda other=other: os.setresgid(-1, other, -1),
                f"setgroups {other}": lambda other=other: os.setgroups([other]),
            }
        )


@probe
def capabilities(_request):
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        if int(status.get(name, "0"), 16):
            yield f"{name} {status[name]}"
    for number in range(41):
        if libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0:
            yield f"ambient capability {number}"
    if libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        yield "new privileges by executing a file"
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0:
        yield "the mark against new privileges taken back"


@probe
def setuid_files(_request):
    """None lie about, and one that the agent makes gives it nobody else's rights."""
    for folder, _, names in os.walk("/"):
        if folder.startswith(("/proc", "/sys")):
            continue
        for name in names:
            path = os.path.join(folder, name)
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                yield f"{path} {mode:o}"
    made = "/tmp/setuid"
    shutil.copy(sys.executable, made)
    os.chmod(made, 0o6755)
    told = subprocess.run(
        [made, "-I", "-S", "-c", "import os; print(*os.getresuid(), *os.getresgid())"],
        capture_output=True,
        text=True,
        check=False,
    )
    os.unlink(made)
    if told.stdout.split() != [str(AGENT)] * 6:
        yield f"a setuid copy of its own runs as {told.stdout or told.stderr}"


@probe
def gives_files_away(_request):
    path = "/tmp/mine"
    open(path, "w").close()
    yield from succeeded(
        {
            "to root": lambda: os.chown(path, 0, 0),
            "to the launcher": lambda: os.chown(path, LAUNCHER, -1),
        }
    )
    os.unlink(path)
