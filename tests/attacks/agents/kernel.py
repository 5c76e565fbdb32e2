"""System calls that nobody needs to be an agent: each must be refused."""

import ctypes
import os
import signal

from probe import probe

EPERM, ENOSYS = 1, 38
# Numbers on x86_64 and on aarch64; None where the latter has none.
REFUSED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chown": (92, None),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "finit_module": (313, 273),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "seccomp": (317, 277),
    "semget": (64, 190),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "shmget": (29, 194),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vmsplice": (278, 75),
}
CLONE, CLONE3 = (56, 220), (435, 435)
NAMESPACES = {
    "mount": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "network": 0x40000000,
}
ARM = os.uname().machine == "aarch64"

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    """The error a system call gave, and what it returned."""
    ctypes.set_errno(0)
    returned = libc.syscall(number, *(ctypes.c_long(each) for each in arguments))
    return ctypes.get_errno(), returned


@probe
def forbidden_system_calls(_request):
    for name, numbers in REFUSED.items():
        number = numbers[ARM]
        if number is not None:
            error, _ = call(number, 0, 0, 0, 0, 0, 0)
            if error != EPERM:
                yield f"{name}: {os.strerror(error)}"


@probe
def namespaces(_request):
    for name, flag in NAMESPACES.items():
        error, child = call(CLONE[ARM], flag | signal.SIGCHLD, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if error != EPERM:
            yield f"clone into a new {name} namespace: {os.strerror(error)}"
    error, _ = call(CLONE3[ARM], 0, 0)
    if error != ENOSYS:
        yield f"clone3: {os.strerror(error)}"


@probe
def tracing_a_process_of_its_own(_request):
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        for name, request in {"attach": 16, "seize": 0x4206, "me": 0}.items():
            error, _ = call(REFUSED["ptrace"][ARM], request, child, 0, 0)
            if error != EPERM:
                yield f"ptrace {name}: {os.strerror(error)}"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
