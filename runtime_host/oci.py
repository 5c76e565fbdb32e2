"""The OCI configuration of a sandbox: what it sees, who it is, what it may call."""

import platform
from pathlib import Path
from typing import Any

from pipeline.execution import MIB, ExecutionSpec, Limits
from runtime_host import root_image, seccomp
from runtime_host.confinement import filter_of
from runtime_host.gateway.beside import INSIDE
from runtime_host.inside.agent_process import ENVIRONMENT
from runtime_host.inside.ustar import MAX_RATIO, MAX_UNPACKED_BYTES, RATIO_FREE_BYTES
from runtime_host.profile import Profile

# The launcher enters as root of the sandbox only to fork off the agent as another user.
LAUNCHER_CAPABILITIES = ("CAP_SETGID", "CAP_SETUID")
LAUNCHER_UID, AGENT_GID = 65533, 65534
# Modules are read from where they are known to be: `import` looks through every folder above them,
# at each sandbox's start. What the launcher alone needs, it reads while its copy starts.
LAUNCH = """
import marshal, sys
def module(name):
    compiled = f"{name}.{sys.implementation.cache_tag}.pyc"
    with open("/usr/lib/awgp/runtime_host/inside/__pycache__/" + compiled, "rb") as file:
        code = marshal.loads(file.read()[16:])
    made = type(sys)("runtime_host.inside." + name)
    made.__file__ = code.co_filename
    sys.modules[made.__name__] = made
    exec(code, made.__dict__)
    return made
waiting = module("agent").main
process = module("agent_process").AgentProcess(waiting)
module("ustar")
module("launch").main(process)
"""

OUTPUT_BYTES = 2 * MIB
SHM_BYTES = 16 * MIB
# gVisor's own kernel and file server, measured at 25 to 40 MiB with one idle agent.
KERNEL_BYTES = 96 * MIB
# Threads on the machine: gVisor's own, and several for each process of the agent.
KERNEL_TASKS = 256
TASKS_A_PROCESS = 6


def machine_memory_bytes(limits: Limits, bundle_bytes: int) -> int:
    """What the whole sandbox may take of the machine's memory, its files included."""
    unpacked = min(MAX_UNPACKED_BYTES, max(RATIO_FREE_BYTES, MAX_RATIO * bundle_bytes))
    files = limits.disk_bytes + OUTPUT_BYTES + SHM_BYTES + 2 * unpacked
    return limits.memory_bytes + files + KERNEL_BYTES


def machine_tasks(limits: Limits) -> int:
    """How many threads of the machine the whole sandbox may take."""
    return KERNEL_TASKS + TASKS_A_PROCESS * limits.processes


def configuration(
    profile: Profile, gateway: Path | None = None, *, image: Path | None = None
) -> dict[str, Any]:
    """The `config.json` of a sandbox.

    Args:
        gateway: The folder of its gateway's socket.
        image: Of the runtime's tree, where there is one.
    """
    return {
        "ociVersion": "1.0.2",
        "annotations": {} if image is None else root_image.annotations(image),
        "hostname": "sandbox",
        "root": {"path": str(profile.rootfs), "readonly": True},
        "process": {
            "terminal": False,
            "cwd": "/",
            "args": [profile.interpreter, "-c", LAUNCH],
            "env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
            "user": {"uid": 0, "gid": 0},
            "noNewPrivileges": True,
            "capabilities": {
                kind: list(LAUNCHER_CAPABILITIES) for kind in ("bounding", "effective", "permitted")
            },
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            _tmpfs("/bundle", MAX_UNPACKED_BYTES + MIB, "0755", LAUNCHER_UID),
            _tmpfs("/input", MAX_UNPACKED_BYTES, "0755", LAUNCHER_UID),
            _tmpfs("/output", OUTPUT_BYTES, "1777"),
            _tmpfs("/tmp", profile.disk_bytes, "1777"),  # noqa: S108  # a path inside
            _tmpfs("/dev/shm", min(SHM_BYTES, profile.disk_bytes), "1777"),  # noqa: S108
            *([] if gateway is None else [_way_out(gateway)]),
        ],
        "linux": {
            "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount")],
            "seccomp": seccomp.profile(platform.machine()),
        },
    }


def job(
    spec: ExecutionSpec, profile: Profile, *, address_space_bytes: int | None
) -> dict[str, Any]:
    """The header the launcher reads before the bundle and the payload.

    Args:
        address_space_bytes: Bounds each process where no cgroup bounds the sandbox.

    `becomes` says that the interpreter that waits runs the entrypoint itself; else `argv` is
    executed in its place. `filter` is empty where the sandbox's own is all there is.
    """
    rlimits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": spec.limits.disk_bytes,
        "RLIMIT_NOFILE": spec.limits.open_files,
        "RLIMIT_NPROC": spec.limits.processes,
    }
    if address_space_bytes is not None:
        rlimits["RLIMIT_AS"] = address_space_bytes
    first, *rest = spec.entrypoint
    becomes = profile.program == (profile.interpreter,) and first.endswith(".py")
    return {
        "argv": [*profile.program, first if profile.program else f"/bundle/{first}", *rest],
        "entrypoint": first,
        "becomes": becomes,
        "bundle_bytes": len(spec.bundle),
        "payload_bytes": len(spec.payload),
        "environment": environment(spec),
        "filter": filter_of(spec.syscalls, platform.machine(), executes=not becomes),
        "rlimits": rlimits,
        "max_processes": spec.limits.processes,
    }


def environment(spec: ExecutionSpec) -> dict[str, str]:
    """All the agent finds in its environment; the host's own names win."""
    return {
        **spec.environment,
        **ENVIRONMENT,
        "AWGP_EXECUTION_ID": str(spec.execution_id),
        "AWGP_RUN_ID": str(spec.run_id),
    }


def _way_out(folder: Path) -> dict[str, Any]:
    options = ["bind", "ro", "nosuid", "nodev", "noexec"]
    return {"destination": INSIDE, "type": "bind", "source": str(folder), "options": options}


def _tmpfs(destination: str, size: int, mode: str, uid: int = 0) -> dict[str, Any]:
    options = ["nosuid", "nodev", f"size={size}", f"mode={mode}", f"uid={uid}", f"gid={AGENT_GID}"]
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": options}
