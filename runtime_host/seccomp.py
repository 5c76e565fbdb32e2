"""The system calls a sandbox may make; every other one gets EPERM.

gVisor answers system calls itself, so this list is the second fence, not the first: it keeps
code away from the larger and rarer parts of gVisor's own kernel. runsc reads it only with
`--oci-seccomp`; the self-test proves at each start that it denies.
"""

from typing import Any

# Linux numbers of what the clone and socket rules look at.
NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10

_ALLOWED = """
    accept accept4 access alarm arch_prctl bind brk capget chdir chmod clock_getres clock_gettime
    clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
    epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 execve execveat exit
    exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fcntl fdatasync
    flock fork fstat fstatfs fsync ftruncate futex get_robust_list getcpu getcwd getdents
    getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid
    getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname
    getsockopt gettid gettimeofday getuid inotify_add_watch inotify_init inotify_init1
    inotify_rm_watch ioctl kill lgetxattr link linkat listen listxattr lseek lstat madvise
    membarrier memfd_create mincore mkdir mkdirat mlock mmap mprotect mremap msync munlock munmap
    nanosleep newfstatat open openat pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll
    prctl pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead
    readlink readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler sched_yield
    select sendfile sendmmsg sendmsg sendto set_robust_list set_tid_address setgid setgroups
    setitimer setpgid setresgid setresuid setrlimit setsid setsockopt setuid
    shutdown sigaltstack socketpair splice stat statfs statx symlink symlinkat sync_file_range
    sysinfo syslog tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
    timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname
    unlink unlinkat utime utimensat utimes vfork wait4 waitid write writev
"""
ALLOWED = tuple(_ALLOWED.split())


def profile(architecture: str) -> dict[str, Any]:
    """The `linux.seccomp` part of an OCI configuration.

    Args:
        architecture: As `platform.machine()` names it.
    """
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": [
            {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}[architecture]
        ],
        "syscalls": [
            # Its flags are out of a filter's sight, and the C library falls back to clone on
            # ENOSYS only. runsc ignores errnoRet, but TRACE without a tracer is ENOSYS too.
            {"names": ["clone3"], "action": "SCMP_ACT_TRACE"},
            {
                "names": ["clone"],
                "action": "SCMP_ACT_ALLOW",
                "args": [
                    {
                        "index": 0,
                        "value": NAMESPACE_FLAGS,
                        "valueTwo": 0,
                        "op": "SCMP_CMP_MASKED_EQ",
                    }
                ],
            },
            *(_socket_rule(family) for family in (AF_UNIX, AF_INET, AF_INET6)),
            {"names": list(ALLOWED), "action": "SCMP_ACT_ALLOW"},
        ],
    }


def _socket_rule(family: int) -> dict[str, Any]:
    return {
        "names": ["socket"],
        "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 0, "value": family, "op": "SCMP_CMP_EQ"}],
    }
