"""Attack the launcher, the first process of the sandbox, which tells the host how it ended."""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket

from probe import probe, succeeded

LAUNCHER = 1
SIGNALS = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT, 0)
F_SETSIG = 10
ARM = os.uname().machine == "aarch64"
RT_SIGQUEUEINFO, TGKILL, TKILL = (129, 138), (234, 131), (200, 130)
libc = ctypes.CDLL(None, use_errno=True)


def call(numbers, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(numbers[ARM], *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


@probe
def signals_to_the_launcher(_request):
    information = ctypes.create_string_buffer(128)
    ctypes.cast(information, ctypes.POINTER(ctypes.c_int))[2] = -1  # si_code: SI_QUEUE
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(LAUNCHER)
    for number in SIGNALS:
        yield from succeeded(
            {
                f"kill {number}": lambda number=number: os.kill(LAUNCHER, number),
                f"killpg {number}": lambda number=number: os.killpg(LAUNCHER, number),
                f"tgkill {number}": lambda number=number: call(TGKILL, 1, 1, int(number)),
                f"tkill {number}": lambda number=number: call(TKILL, 1, int(number)),
                f"queue {number}": lambda number=number: call(
                    RT_SIGQUEUEINFO, 1, int(number), information
                ),
            }
        )
        if descriptor is not None:
            send = signal.pidfd_send_signal
            yield from succeeded({f"by descriptor {number}": lambda n=number: send(descriptor, n)})


@probe
def signals_by_way_of_a_file(_request):
    """The owner of a socket is sent a signal of the asker's choice when data comes."""
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP):
        one, other = socket.socketpair()
        with one, other, contextlib.suppress(OSError):
            fcntl.fcntl(one, fcntl.F_SETOWN, LAUNCHER)
            fcntl.fcntl(one, F_SETSIG, number)
            fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            other.send(b"now")
    # Whether one came is seen by there being a result at all.
    return []


@probe
def limits_of_the_launcher(_request):
    kinds = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    yield from succeeded(
        {
            name: lambda kind=kind: resource.prlimit(LAUNCHER, kind, (0, 0))
            for name, kind in kinds.items()
        }
    )
    yield from succeeded(
        {
            "priority": lambda: os.setpriority(os.PRIO_PROCESS, LAUNCHER, 19),
            "group": lambda: os.setpgid(LAUNCHER, LAUNCHER),
        }
    )


@probe
def limits_of_its_own_raised(_request):
    for name in ("RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY:
            yield f"{name} is not limited"
            continue
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (hard + 1, hard + 1))
            yield f"{name} raised"


@probe
def memory_and_descriptors_of_the_launcher(_request):
    descriptors = [f"fd/{name}" for name in os.listdir(f"/proc/{LAUNCHER}/fd")]
    names = ("mem", "stack", "syscall", "io", *descriptors)
    yield from succeeded(
        {
            f"read {name}": lambda name=name: open(f"/proc/{LAUNCHER}/{name}", "rb").read(1)
            for name in names
        }
    )
    names = ("mem", "comm", "oom_score_adj", "uid_map", "gid_map", *descriptors)
    yield from succeeded(
        {
            f"write {name}": lambda name=name: os.write(
                os.open(f"/proc/{LAUNCHER}/{name}", os.O_WRONLY), b"0"
            )
            for name in names
        }
    )
    yield from succeeded(
        {
            "root": lambda: os.listdir(f"/proc/{LAUNCHER}/root/"),
            "folder": lambda: os.listdir(f"/proc/{LAUNCHER}/cwd/"),
        }
    )


@probe
def environment_of_the_launcher(_request):
    """gVisor shows it to everybody, so it holds what an agent is given anyway, and nothing else."""
    with open(f"/proc/{LAUNCHER}/environ") as file:
        found = set(file.read().split("\0"))
    return found - {"", *(f"{name}={value}" for name, value in os.environ.items())}


@probe
def descriptors_it_inherited(_request):
    """Its three standard ones, of which stdin is at its end."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if int(name) > 2 and not target.endswith("/fd"):
                yield f"{name}: {target}"
    if os.read(0, 1):
        yield "something on stdin"
