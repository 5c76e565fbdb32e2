"""`awgp runtime-host`: the process that owns this machine's sandboxes.

It keeps the settings below and forgets the rest of its environment, so that no credential another
process was started with is ever within its reach.
"""

import os
import re
import signal
import sys
from pathlib import Path

import click

from ops import install_runsc
from ops.memory_settings import memory_settings
from pipeline.event_log import configure_event_log
from runtime_host.drivers import DockerSettings, RunscSettings
from runtime_host.gateway.beside import GatewaySettings
from runtime_host.host import HostRefuses, HostSettings, RuntimeHost
from runtime_host.memory.beside import MemoryKeeper
from runtime_host.pool import PoolSettings

CPUS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")
LEAST_CPUS = 0.1
DOCKER_SOCKET = "/var/run/docker.sock"
KEPT = frozenset(
    {
        "AWGP_DOCKER_RUNTIME",
        "AWGP_DOCKER_SOCKET",
        "AWGP_DRIVER",
        "AWGP_ENV",
        "AWGP_GATEWAY_OWN_MACHINE",
        "AWGP_MEMORY_FOLDER",
        "AWGP_MEMORY_MIB",
        "AWGP_QDRANT_API_KEY_FILE",
        "AWGP_QDRANT_URL",
        "AWGP_RUNSC",
        "AWGP_RUNTIME_CLIENT_UIDS",
        "AWGP_RUNTIME_FOLDER",
        "AWGP_RUNTIME_GROUP",
        "AWGP_RUNTIME_SOCKET",
        "AWGP_RUNTIME_STATE",
        "AWGP_RUNTIME_STOP_SECONDS",
        "AWGP_SANDBOXES",
        "AWGP_SANDBOX_CPUS",
        "AWGP_WARM_MEMORY_MIB",
        "AWGP_WARM_SANDBOXES",
        "AWGP_WARM_SANDBOXES_MIN",
        "AWGP_WARM_SECONDS",
        "LANG",
        "PATH",
        "PYTHONPATH",
        "SSL_CERT_FILE",
    }
)


@click.command("runtime-host")
def command() -> None:
    """Run bundles in gVisor for this machine's workers.

    AWGP_RUNTIME_SOCKET: the Unix socket to serve.
    AWGP_RUNTIME_FOLDER: folder of runtimes (awgp runtime build).
    AWGP_RUNTIME_STATE: folder of our own, on a local disk.
    AWGP_SANDBOXES: how many may run at once; twice the cores by default.
    AWGP_SANDBOX_CPUS: processors each may take at most; half of them, two at the least; 0 for all.
    AWGP_RUNTIME_CLIENT_UIDS: who may connect beside root and us, with commas.
    AWGP_RUNTIME_GROUP: group that owns the socket, by name or number.
    AWGP_RUNTIME_STOP_SECONDS: how long running sandboxes may go on at SIGTERM; 30 by default.
    AWGP_DRIVER: runsc, the default, or docker.
    AWGP_RUNSC: the runsc binary; else /usr/local/bin/runsc, else PATH.
    AWGP_DOCKER_SOCKET: of the Docker engine; /var/run/docker.sock by default.
    AWGP_DOCKER_RUNTIME: the engine's name for gVisor; runsc by default.
    AWGP_WARM_SANDBOXES: how many are started ahead at most; as many as may run; 0 for none.
    AWGP_WARM_SANDBOXES_MIN: at the least, once something ran; 1 by default.
    AWGP_WARM_MEMORY_MIB: for all started ahead, at 32 each, 56 with a gateway; 256 by default.
    AWGP_WARM_SECONDS: how old one of them may be; 900 by default.
    AWGP_GATEWAY_OWN_MACHINE: 1 where agents may be let to this machine itself; 0 by default.
    AWGP_MEMORY_FOLDER: what agents remember; the folder memory in AWGP_RUNTIME_STATE by default.
    AWGP_MEMORY_MIB: for the process that owns it; 1024 by default.
    AWGP_QDRANT_URL: a Qdrant server for that in its place, AWGP_QDRANT_API_KEY_FILE its key.
    SSL_CERT_FILE: authorities whose certificates gateways believe; the system's by default.

    \b
    Example:
      AWGP_RUNTIME_SOCKET=/run/awgp/host.sock AWGP_RUNTIME_STATE=/var/lib/awgp/host \\
        AWGP_RUNTIME_FOLDER=/var/lib/awgp/runtimes awgp runtime-host
    """
    forget_the_environment()
    configure_event_log(os.environ.get("AWGP_ENV", "development"))
    settings = settings_from(dict(os.environ))
    host = RuntimeHost(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.stop())
    host.serve()


def forget_the_environment() -> None:
    """Start this very command anew with our settings alone.

    Deleting variables would not do: the kernel keeps what a process was started with readable
    in /proc for as long as it lives.
    """
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    # Python itself sets LC_CTYPE at its start where there is no locale (PEP 538).
    if set(os.environ) - KEPT - {"LC_CTYPE"}:
        os.execve(sys.executable, sys.orig_argv, kept)  # noqa: S606  # no shell, on purpose


def settings_from(environment: dict[str, str]) -> HostSettings:
    """Read the settings.

    Raises:
        HostRefuses: One is missing or not what it must be, or there is no runsc to drive.
    """
    group = environment.get("AWGP_RUNTIME_GROUP")
    sandboxes = _whole(environment, "AWGP_SANDBOXES", 2 * (os.cpu_count() or 1))
    return HostSettings(
        socket_path=_path(environment, "AWGP_RUNTIME_SOCKET"),
        runtimes=_path(environment, "AWGP_RUNTIME_FOLDER"),
        state=_path(environment, "AWGP_RUNTIME_STATE"),
        sandboxes=sandboxes,
        driver=_driver(environment),
        client_uids=_uids(environment.get("AWGP_RUNTIME_CLIENT_UIDS", "")),
        group=group or None,
        stop_seconds=float(_whole(environment, "AWGP_RUNTIME_STOP_SECONDS", 30)),
        warm=_warm(environment, sandboxes),
    )


def _driver(environment: dict[str, str]) -> RunscSettings | DockerSettings:
    named = environment.get("AWGP_DRIVER") or "runsc"
    memory = _path(environment, "AWGP_RUNTIME_STATE") / "memory"
    gateways = GatewaySettings(
        certificates=environment.get("SSL_CERT_FILE") or None,
        own_machine=bool(_whole(environment, "AWGP_GATEWAY_OWN_MACHINE", 0, least=0, most=1)),
        memory=MemoryKeeper(memory_settings(environment, memory)),
    )
    if named == "docker":
        return DockerSettings(
            socket=Path(environment.get("AWGP_DOCKER_SOCKET") or DOCKER_SOCKET),
            runtime=environment.get("AWGP_DOCKER_RUNTIME") or "runsc",
            gateways=gateways,
            cpus=_cpus(environment),
        )
    if named != "runsc":
        raise HostRefuses("AWGP_DRIVER must be runsc or docker")
    configured = environment.get("AWGP_RUNSC")
    runsc = install_runsc.find(Path(configured) if configured else None)
    if runsc is None:
        raise HostRefuses("there is no runsc; run: awgp runtime install")
    if not runsc.recent:
        raise HostRefuses(f"runsc {runsc.version} is older than 2024; run: awgp runtime install")
    return RunscSettings(binary=runsc.path, gateways=gateways, cpus=_cpus(environment))


def _cpus(environment: dict[str, str]) -> float | None:
    """Processors a sandbox may take; None where that is all of them."""
    there = os.cpu_count() or 1
    # gVisor starts on two at once: with one it would be slowed down while a run waits for it.
    value = environment.get("AWGP_SANDBOX_CPUS") or str(max(2, there // 2))
    if not CPUS.fullmatch(value) or not (float(value) == 0 or float(value) >= LEAST_CPUS):
        raise HostRefuses(
            f"AWGP_SANDBOX_CPUS must be a number of processors from {LEAST_CPUS}, or 0 for all"
        )
    return None if float(value) == 0 or float(value) >= there else float(value)


def _warm(environment: dict[str, str], sandboxes: int) -> PoolSettings:
    usual = PoolSettings()
    return PoolSettings(
        ceiling=_whole(environment, "AWGP_WARM_SANDBOXES", sandboxes, least=0),
        floor=_whole(environment, "AWGP_WARM_SANDBOXES_MIN", usual.floor, least=0),
        memory_mib=_whole(environment, "AWGP_WARM_MEMORY_MIB", usual.memory_mib, most=1 << 20),
        age_seconds=float(_whole(environment, "AWGP_WARM_SECONDS", 900, most=86_400)),
    )


def _path(environment: dict[str, str], name: str) -> Path:
    value = environment.get(name)
    if not value:
        raise HostRefuses(f"{name} is not set")
    return Path(value).absolute()


def _whole(
    environment: dict[str, str], name: str, default: int, *, least: int = 1, most: int = 10_000
) -> int:
    value = environment.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise HostRefuses(f"{name} must be a whole number from {least} to {most}")
    return int(value)


def _uids(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise HostRefuses("AWGP_RUNTIME_CLIENT_UIDS must be numbers with commas between")
    return frozenset(int(part) for part in parts)
