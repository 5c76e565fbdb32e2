"""Read and write what is not the agent's."""

import contextlib
import os
import stat

from probe import probe, succeeded

WRITE = (
    "/bundle/main.py",
    "/bundle/new",
    "/input/request.json",
    "/input/new",
    "/new",
    "/usr/new",
    "/usr/bin/python3",
    "/usr/lib/awgp/runtime_host/inside/launch.py",
    "/etc/passwd",
    "/etc/ld.so.preload",
    "/dev/new",
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/drop_caches",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/cgroup.procs",
)
READ = (
    "/etc/shadow",
    "/etc/passwd",
    "/etc/hostname",
    "/root",
    "/home",
    "/var/lib/awgp",
    "/var/run/secrets",
    "/run/secrets",
    "/boot",
    "/lost+found",
    "/.dockerenv",
    "/proc/kcore",
    "/proc/kallsyms",
    "/proc/kmsg",
    "/proc/config.gz",
    "/proc/iomem",
    "/proc/keys",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/sys/kernel/debug",
    "/sys/kernel/security",
    "/sys/firmware",
    "/sys/class/net",
    "/sys/block",
    "/sys/devices/virtual/dmi/id/product_uuid",
)
MOST = 256 * 1024


def opened(path):
    """Raises OSError unless there is something to be seen."""
    if os.path.isdir(path):
        if not os.listdir(path):
            raise FileNotFoundError(path)
    else:
        with open(path, "rb") as file:
            file.read(1)


@probe
def writes_outside_its_folders(_request):
    return succeeded({path: lambda path=path: open(path, "a").close() for path in WRITE})


@probe
def moves_and_removes(_request):
    return succeeded(
        {
            "remove its bundle": lambda: os.unlink("/bundle/main.py"),
            "remove its request": lambda: os.unlink("/input/request.json"),
            "move its output": lambda: os.rename("/output", "/tmp/output"),
            "make its request its own": lambda: os.chmod("/input/request.json", 0o666),
            "make its bundle its own": lambda: os.chmod("/bundle", 0o777),
        }
    )


@probe
def reads_of_the_machine(_request):
    return succeeded({path: lambda path=path: opened(path) for path in READ})


@probe
def ways_up(request):
    """Folders above the root, by every name the root has."""
    up = "/.." * 40
    roots = ("/proc/self/root", "/proc/self/cwd", "/proc/thread-self/root", "/output", "/tmp", "")
    for root in roots:
        for path in (*request["files"], *request["folders"]):
            if os.path.exists(root + up + path):
                yield root + up + path
    descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    for path in request["files"]:
        with contextlib.suppress(OSError):
            os.close(os.open("../" * 40 + path.lstrip("/"), os.O_RDONLY, dir_fd=descriptor))
            yield f"{path} above the root's descriptor"


@probe
def links(request):
    """Symbolic links show what the agent sees anyhow; hard links reach nothing it does not own."""
    for number, path in enumerate(request["files"]):
        link = f"/output/link{number}"
        os.symlink(path, link)
        with contextlib.suppress(OSError), open(link, "rb"):
            yield f"{path} by a symbolic link"
        os.unlink(link)
    yield from succeeded(
        {
            path: lambda path=path: os.link(path, "/output/hard")
            for path in (*request["files"], "/input/request.json", "/bundle/main.py", "/proc/1/mem")
        }
    )


def readable(top):
    for folder, folders, names in os.walk(top):
        folders[:] = [each for each in folders if each not in {"task", "fd", "fdinfo"}]
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                if stat.S_ISREG(os.lstat(path).st_mode):
                    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                    try:
                        yield path, os.read(descriptor, MOST)
                    finally:
                        os.close(descriptor)


@probe
def words_of_the_machine(request):
    """No file that says something of the machine says what the machine keeps to itself."""
    needles = [each.encode() for each in request["needles"]]
    for top in ("/proc", "/sys", "/etc", "/dev", "/run", "/var"):
        for path, content in readable(top):
            yield from (f"{path} says {each.decode()}" for each in needles if each in content)
    for name, value in os.environ.items():
        yield from (f"{name} says {each}" for each in request["needles"] if each in value)
    yield from (each for each in request["needles"] if each in os.uname())


@probe
def what_another_run_left(request):
    for folder in ("/tmp", "/dev/shm", "/output"):
        yield from (
            os.path.join(folder, name) for name in os.listdir(folder) if name in request["left"]
        )
