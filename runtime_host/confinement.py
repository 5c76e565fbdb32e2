"""The filter of an agent that has the strict profile, and what is said of one it ended.

It lies on top of the sandbox's own (`seccomp`) and is set in the agent's process by itself, once it
knows its job and before it reads the first line of its program: a sandbox that waits need not know
what it will be. What it does not let through is not done, and raises SIGSYS, which ends the
program; a handler of ours says on stderr which call it was, where a Python runs the program.
"""

import platform
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pipeline.execution import OutputLine
from pipeline.syscalls import Syscalls
from runtime_host.seccomp import AF_INET, AF_INET6, AF_UNIX, NAMESPACE_FLAGS
from runtime_host.syscall_numbers import NUMBERS

# linux/audit.h
_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# linux/filter.h, linux/seccomp.h
_LOAD, _EQUALS, _HAS, _FROM, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_KILL, _TRAP, _ERRNO, _ALLOW = 0x0, 0x30000, 0x50000, 0x7FFF0000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
# Of x86_64, the same calls by other numbers begin here; nothing else has such numbers.
_OTHER_NUMBERS: Final = 0x40000000
_ENOSYS: Final = 38
_CLONE_THREAD: Final = 0x10000
_SIGABRT, _SIGSYS = 6, 31

SAID: Final = re.compile(r"awgp: system call ([0-9]{1,4}) is not in the profile of this sandbox$")
# How far back among the last lines it is looked for: other threads may still have written.
_LAST_LINES: Final = 20

_STRICT: Final = """
    access arch_prctl brk capget chdir clock_getres clock_gettime clock_nanosleep close close_range
    connect copy_file_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
    epoll_wait eventfd eventfd2 exit exit_group faccessat faccessat2 fadvise64 fchdir fcntl
    fdatasync flock fstat fstatfs fsync ftruncate futex get_robust_list getcpu getcwd getdents
    getdents64 getegid geteuid getgid getgroups getpeername getpgid getpgrp getpid getppid
    getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt
    gettid gettimeofday getuid lseek lstat madvise membarrier mmap mprotect mremap msync munmap
    nanosleep newfstatat open openat pipe pipe2 poll ppoll pread64 preadv preadv2 pselect6 pwrite64
    pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmsg restart_syscall rseq
    rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_getparam sched_getscheduler
    sched_yield select sendfile sendmsg sendto set_robust_list set_tid_address setsockopt shutdown
    sigaltstack stat statfs statx sysinfo time times umask uname write writev
"""
_ADDED: Final[Mapping[str, str]] = {
    "files": """
        chmod creat fallocate fchmod fchmodat inotify_add_watch inotify_init inotify_init1
        inotify_rm_watch lgetxattr link linkat listxattr memfd_create mkdir mkdirat rename renameat
        renameat2 rmdir splice symlink symlinkat sync_file_range tee truncate unlink unlinkat utime
        utimensat utimes
    """,
    "processes": """
        execve execveat fork kill pidfd_open pidfd_send_signal rt_sigtimedwait setpgid setsid tgkill
        tkill vfork wait4 waitid
    """,
    "signals": """
        alarm getitimer kill pause pidfd_open pidfd_send_signal rt_sigpending rt_sigqueueinfo
        rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo setitimer tgkill timer_create timer_delete
        timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
        tkill
    """,
    "sockets": "accept accept4 bind listen recvmmsg sendmmsg",
    "threads": "",
}
# Answered as by a kernel that has none. The C library falls back to clone, whose flags a filter
# sees; Node looks for the other at its start.
DONE_WITHOUT: Final = ("clone3", "io_uring_setup")
# Asked of terminals, and of descriptors: whether one blocks, how much waits, whether it is kept.
_IOCTLS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_VMA
_PRCTLS: Final = (3, 15, 16, 23, 0x53564D41)


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    """Some calls pass by one argument: one of these values, in its lower half where it is a number.

    Args:
        wide: It is an address: its upper half is 0, too.
    """

    argument: int
    values: tuple[int, ...]
    wide: bool = False


def names(syscalls: Syscalls) -> frozenset[str]:
    """System calls a strict profile lets through whatever their arguments are."""
    return frozenset(
        (_STRICT + " ".join(_ADDED[each] for each in sorted(syscalls.additions))).split()
    )


def filter_of(syscalls: Syscalls, machine: str, *, executes: bool) -> bytes:
    """The profile as Linux takes filters; empty of `default`, which adds nothing.

    Args:
        machine: As `platform.machine()` names it.
        executes: Whether the agent's process has yet to execute its program.
    """
    if not syscalls.strict:
        return b""
    number = NUMBERS[machine]
    allowed = names(syscalls) | ({"execve"} if executes else set())
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUALS, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_FROM, 0, 1, _OTHER_NUMBERS),
        (_RETURN, 0, 0, _TRAP),
    ]
    for name in sorted(allowed & number.keys()):
        code += [(_EQUALS, 0, 1, number[name]), (_RETURN, 0, 0, _ALLOW)]
    for name, when in _conditions(syscalls).items():
        if name in number and name not in allowed:
            code += list(_judged(number[name], when))
    code += list(_clone(number["clone"], syscalls))
    for name in DONE_WITHOUT:
        code += [(_EQUALS, 0, 1, number[name]), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    code.append((_RETURN, 0, 0, _TRAP))
    return b"".join(struct.pack("=HBBI", *each) for each in code)


def violation(lines: Iterable[OutputLine], syscalls: Syscalls) -> str:
    """What was against the profile of an agent that SIGSYS ended, as far as it is known."""
    if not syscalls.strict:
        return "a system call that a filter forbids"
    against = f"is not in its profile {syscalls.name}"
    found = (SAID.search(each.text) for each in lines if each.stream == "stderr")
    said = next((each for each in islice(found, _LAST_LINES) if each), None)
    by_number = {number: name for name, number in NUMBERS[platform.machine()].items()}
    name = None if said is None else by_number.get(int(said[1]))
    if name is None:
        return f"a system call that {against}"
    having = [each for each in _having(name) if each not in syscalls.additions]
    hint = f"; {' and '.join(having)} would add it" if len(having) == 1 else ""
    hint = f"; {' or '.join(having)} would add it" if len(having) > 1 else hint
    return f"the system call {name} {against}{hint}"


def additions_for(name: str, arguments: Sequence[str]) -> frozenset[str] | None:
    """Additions of which any lets a call through; empty where `strict` itself does.

    Args:
        arguments: As gVisor's trace shows them; none where they are not known.

    Returns:
        None where no strict profile does.
    """
    if name in _STRICT.split() or name in DONE_WITHOUT:
        return frozenset()
    if name == "clone" and arguments:
        if "CLONE_NEW" in arguments[0]:
            return None
        return frozenset({"threads" if "CLONE_THREAD" in arguments[0] else "processes"})
    if name == "socket" and arguments:
        families = {"AF_UNIX": frozenset[str](), "AF_INET": frozenset({"sockets"})}
        return families.get(arguments[0].replace("INET6", "INET"))
    when = _conditions(Syscalls(strict=True)).get(name)
    known = when is not None and len(arguments) > when.argument
    if when and known and _traced_value(arguments[when.argument]) in when.values:
        return frozenset()
    return frozenset(_having(name)) or None


def _traced_value(argument: str) -> int | None:
    first = argument.partition(" ")[0]
    known = {"SIGABRT": _SIGABRT, "SIGSYS": _SIGSYS, "AF_UNIX": AF_UNIX}
    try:
        return known[first] if first in known else int(first, 0)
    except ValueError:
        return None


def _having(name: str) -> list[str]:
    """Additions that let a call through, or let more of it through."""
    more = {"socket": ["sockets"], "clone": ["processes", "threads"]}
    return more.get(name, [each for each in sorted(_ADDED) if name in _ADDED[each].split()])


def _conditions(syscalls: Syscalls) -> dict[str, _When]:
    families = (AF_UNIX, AF_INET, AF_INET6) if "sockets" in syscalls.additions else (AF_UNIX,)
    # Of signals a program may end itself by one, as `abort` does, and as our handler does.
    ending = (_SIGABRT, _SIGSYS)
    return {
        "ioctl": _When(argument=1, values=_IOCTLS),
        "kill": _When(argument=1, values=ending),
        "prctl": _When(argument=0, values=_PRCTLS),
        # Asked, not set.
        "prlimit64": _When(argument=2, values=(0,), wide=True),
        "socket": _When(argument=0, values=families),
        "socketpair": _When(argument=0, values=(AF_UNIX,)),
        "tgkill": _When(argument=2, values=ending),
        "tkill": _When(argument=1, values=ending),
    }


def _judged(number: int, when: _When) -> Iterator[tuple[int, int, int, int]]:
    at = _ARGUMENTS_AT + 8 * when.argument
    yield _EQUALS, 0, 2 * len(when.values) + (5 if when.wide else 2), number
    if when.wide:
        yield _LOAD, 0, 0, at + 4
        yield _EQUALS, 1, 0, 0
        yield _RETURN, 0, 0, _TRAP
    yield _LOAD, 0, 0, at
    for value in when.values:
        yield _EQUALS, 0, 1, value
        yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _TRAP


def _clone(number: int, syscalls: Syscalls) -> Iterator[tuple[int, int, int, int]]:
    thread = _ALLOW if "threads" in syscalls.additions else _TRAP
    process = _ALLOW if "processes" in syscalls.additions else _TRAP
    yield _EQUALS, 0, 6, number
    yield _LOAD, 0, 0, _ARGUMENTS_AT
    yield _HAS, 0, 1, NAMESPACE_FLAGS
    yield _RETURN, 0, 0, _TRAP
    yield _HAS, 0, 1, _CLONE_THREAD
    yield _RETURN, 0, 0, thread
    yield _RETURN, 0, 0, process
