"""Which ports an embedded AWGP listens on: free ones, chosen once, kept for good."""

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import AwgpError

PORTS = (
    "ingest",
    "web",
    "postgres",
    "valkey",
    "oidc",
    "s3",
    "s3-master",
    "s3-volume",
    "s3-filer",
    "s3-admin",
    "n8n",
    "n8n-broker",
)

SEAWEEDFS_GRPC_OFFSET = 10_000
"""SeaweedFS listens on each of its ports plus this one for gRPC."""

_FIRST = 15_000
_LAST = 22_700
"""With the gRPC offset added, still below 32768: Linux gives outgoing connections ports from there
on, so a port of ours cannot be taken by someone's connection while we are down."""

_ATTEMPTS = 2_000

_CLAIMED_SECONDS = 120
"""For so long after it was chosen a port is nobody else's: its server may not listen on it yet."""


class NoFreePort(AwgpError):
    """The range is full."""


def choose_ports(*, keep: Mapping[str, int]) -> dict[str, int]:
    """Return a port for every name, the kept ones unchanged and the others free right now.

    Raises:
        NoFreePort: Nothing free was found.
    """
    ports = {name: keep[name] for name in PORTS if name in keep}
    for name in PORTS:
        if name not in ports:
            ports[name] = _free_port(taken=set(ports.values()), with_grpc=name.startswith("s3"))
    return {name: ports[name] for name in PORTS}


def choose_port(*, taken: set[int]) -> int:
    """Return a port that is free right now and none of those taken.

    Raises:
        NoFreePort: Nothing free was found.
    """
    return _free_port(taken=taken, with_grpc=False)


def is_free(port: int) -> bool:
    """Tell whether a server could bind this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port(*, taken: set[int], with_grpc: bool) -> int:
    for _ in range(_ATTEMPTS):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port in taken or not is_free(port):
            continue
        if with_grpc and not is_free(port + SEAWEEDFS_GRPC_OFFSET):
            continue
        if _claim(port):
            return port
    raise NoFreePort(f"no free port between {_FIRST} and {_LAST}")


def _claim(port: int) -> bool:
    """Whether nobody of this user chose this port a moment ago; where that cannot be noted, yes."""
    try:
        folder = Path(tempfile.gettempdir(), f"awgp-ports-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        note = folder / str(port)
        try:
            note.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            if time.time() - note.lstat().st_mtime < _CLAIMED_SECONDS:
                return False
            os.utime(note, follow_symlinks=False)
    except OSError:
        return True
    return True
