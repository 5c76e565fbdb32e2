"""Devices: those that do no harm are there, of gVisor's own making, and none can be made."""

import fcntl
import os
import stat

from probe import probe, succeeded

THERE = {
    "console", "fd", "full", "fuse", "net", "null", "ptmx", "pts", "random", "shm", "stderr",
    "stdin", "stdout", "tty", "urandom", "zero",
}  # fmt: skip
TUNSETIFF = 0x400454CA
NODES = {
    "memory": (stat.S_IFCHR, 1, 1),
    "kernel log": (stat.S_IFCHR, 1, 11),
    "kvm": (stat.S_IFCHR, 10, 232),
    "tun": (stat.S_IFCHR, 10, 200),
    "disk": (stat.S_IFBLK, 8, 0),
    "virtual disk": (stat.S_IFBLK, 254, 0),
    "loop": (stat.S_IFBLK, 7, 0),
}
OPEN = ("mem", "kmem", "port", "kmsg", "kvm", "loop0", "sda", "vda", "vsock", "nvidiactl", "dri")


@probe
def devices_that_are_there(_request):
    yield from (name for name in os.listdir("/dev") if name not in THERE)
    yield from succeeded(
        {name: lambda name=name: os.close(os.open(f"/dev/{name}", os.O_RDONLY)) for name in OPEN}
    )


@probe
def devices_of_its_own(_request):
    for folder in ("/tmp", "/output", "/dev/shm"):
        for name, (kind, major, minor) in NODES.items():
            yield from succeeded(
                {
                    f"{name} in {folder}": lambda: os.mknod(
                        f"{folder}/node", kind | 0o666, os.makedev(major, minor)
                    )
                }
            )


@probe
def devices_that_do_something(_request):
    """gVisor shows these to everybody; a link and a file system of one's own they are not."""

    def link():
        fcntl.ioctl(
            os.open("/dev/net/tun", os.O_RDWR), TUNSETIFF, b"tun0".ljust(16, b"\0") + b"\1\0"
        )

    def file_system():
        os.read(os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK), 8192)

    return succeeded({"a network link": link, "a file system": file_system})
