"""Every way out that a socket may be: none must lead anywhere.

The request names what listens on the machine itself, which looks from outside whether anybody came.
"""

import contextlib
import socket

from probe import probe, succeeded

SECONDS = 0.5
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
OUTSIDE = ("192.0.2.1", "1.1.1.1", "10.0.0.1", "172.17.0.1", "2606:4700:4700::1111")
QUERY = bytes.fromhex("000101000001000000000000076578616d706c6503636f6d0000010001")


def connect(address, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, kind) as made:
        made.settimeout(SECONDS)
        made.connect(tuple(address))


def say(address, data=b"anybody there?"):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.settimeout(SECONDS)
        made.sendto(data, tuple(address))


def ask(address):
    """A name server's answer."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.settimeout(SECONDS)
        made.sendto(QUERY, tuple(address))
        made.recv(512)


@probe
def tcp_out(request):
    addresses = [*request["tcp"], *((each, 443) for each in OUTSIDE)]
    return succeeded({f"TCP to {each}": lambda each=each: connect(each) for each in addresses})


@probe
def udp_out(request):
    # Nothing says that a datagram to the loopback arrived: who listens there looks.
    for each in request["udp"]:
        with contextlib.suppress(OSError):
            say(each)
    return succeeded({f"UDP to {each}": lambda each=each: say((each, 53)) for each in OUTSIDE})


@probe
def metadata_address(_request):
    return succeeded(
        {each: lambda each=each: connect((each, port)) for each in METADATA for port in (80, 443)}
    )


@probe
def names(_request):
    servers = ["127.0.0.1", "127.0.0.53", "8.8.8.8"]
    with contextlib.suppress(OSError), open("/etc/resolv.conf") as file:
        servers += [line.split()[1] for line in file if line.startswith("nameserver")]
    hosts = ("localhost.example.test", "example.com", "metadata.google.internal")
    yield from succeeded(
        {f"the name {each}": lambda each=each: socket.getaddrinfo(each, 80) for each in hosts}
    )
    yield from succeeded(
        {f"the name server {each}": lambda each=each: ask((each, 53)) for each in servers}
    )


@probe
def raw_sockets(_request):
    kinds = {
        "icmp": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "ip": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "ip, version 6": (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
        "packet": (17, socket.SOCK_RAW, 0x0300),
        "packet, cooked": (17, socket.SOCK_DGRAM, 0x0300),
        "netlink": (16, socket.SOCK_RAW, 0),
        "vsock": (40, socket.SOCK_STREAM, 0),
        "alg": (38, 5, 0),
        "bluetooth": (31, socket.SOCK_RAW, 1),
        "key": (15, socket.SOCK_RAW, 2),
    }
    return succeeded({name: lambda each=each: socket.socket(*each) for name, each in kinds.items()})


@probe
def unix_sockets(request):
    """Abstract ones, and those with a path: the runtime host's own among them."""

    def join(name):
        with socket.socket(socket.AF_UNIX) as made:
            made.settimeout(SECONDS)
            made.connect(name)

    names = [
        *("\0" + each for each in request["abstract"]),
        *request["paths"],
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/dbus/system_bus_socket",
    ]
    yield from succeeded({repr(each): lambda each=each: join(each) for each in names})
    with contextlib.suppress(OSError), open("/proc/net/unix") as file:
        yield from (line.split()[-1] for line in file if "@" in line or "/" in line)


@probe
def interfaces(_request):
    """Only the loopback is there."""
    with open("/proc/net/dev") as file:
        found = [line.partition(":")[0].strip() for line in file if ":" in line]
    return [each for each in found if each != "lo"]
