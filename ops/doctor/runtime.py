"""`awgp doctor runtime`: what this machine can enforce around an agent, what it cannot, what of it.

Beside the checks of the sandbox itself (`ops/doctor/sandbox.py`), each thing it rests on alone.
"""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ops.doctor import memory, sandbox
from ops.doctor.check import Check, fail, ok, warn
from ops.doctor.run import Probe
from ops.doctor.sandbox import DELEGATE, SUBJECT, find_runsc
from ops.doctor.system import System
from runtime_host import selftest
from runtime_host.cgroups import CgroupTree
from runtime_host.seccomp import profile

FLAGS_SECONDS: Final = 10.0
# Without them sandboxes are not started as they must be.
NEEDED_FLAGS: Final = ("oci-seccomp", "host-uds", "ignore-cgroups", "network", "overlay2")
SYSTRAP: Final = "systrap"
FILTER_ACTIONS: Final = frozenset({"errno", "trace", "allow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Where this machine's kernel says what it can; of another tree in tests."""

    root: Path = field(default=Path("/"))

    def read(self, name: str) -> str | None:
        """A file of /proc or /sys in one line; None where there is none."""
        try:
            return (self.root / name).read_text().strip()
        except OSError:
            return None

    def cgroup_version(self, controller: str) -> int | None:
        """Which hierarchy has a controller, whether it can be written or not."""
        lines = (self.read("proc/self/mounts") or "").splitlines()
        for _, point, kind, options, *_ in (line.split(" ") for line in lines):
            if kind == "cgroup" and controller in options.split(","):
                return 1
            if kind == "cgroup2" and controller in self._controllers(point):
                return 2
        return None

    def _controllers(self, point: str) -> list[str]:
        return (self.read(f"{point.lstrip('/')}/cgroup.controllers") or "").split()


KERNEL: Final = Kernel()
MEANS: Final = {
    "wall": "a run ends at its time, by the host's own clock",
    "output": "what an agent writes is counted by the host, line and byte",
    "processes": "an agent starts so many processes and threads, and no more",
    "disk": "its files live in memory, in a tmpfs of a fixed size",
    "open_files": "each of its processes opens so many",
    "network": "it has none; where a bundle may fetch, its own gateway does, and decides each time",
    "syscalls": "the machine's kernel never sees one; gVisor's sees those on our list",
    "root": "its root is read-only and not the machine's, and it is nobody there",
    "memory": "the whole sandbox, gVisor included, ends when it takes more",
    "cpu": "sandboxes get equal shares of the processors, and none more than it may",
}


def user(_system: System, kernel: Kernel = KERNEL) -> Iterator[Check]:
    name = "user"
    if os.geteuid() == 0:
        yield ok(name, "root: runsc starts sandboxes in namespaces of its own, and caps them")
        return
    most = kernel.read("proc/sys/user/max_user_namespaces")
    if most == "0" or kernel.read("proc/sys/kernel/unprivileged_userns_clone") == "0":
        mend = "sysctl user.max_user_namespaces=10000, or run the runtime host as root"
        yield fail(name, "an ordinary user, who may make no user namespaces: nothing starts", mend)
        return
    if kernel.read("proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        mend = "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for runsc"
        yield fail(name, "AppArmor keeps an ordinary user from namespaces: nothing starts", mend)
        return
    said = "an ordinary user: runsc runs rootless, and caps hold only where a cgroup is delegated"
    yield warn(name, said, DELEGATE)


def cgroups(_system: System, kernel: Kernel = KERNEL) -> Iterator[Check]:
    """Each controller: which version has it, and whether groups can be made in it."""
    tree = CgroupTree(f"awgp-doctor-{os.getpid()}")
    try:
        held = tree.controllers
    finally:
        tree.remove()
    means = {
        "memory": ("a sandbox's whole memory is capped", "several processes may take more"),
        "pids": ("threads are capped outside too", "processes are capped inside alone"),
        "cpu": ("sandboxes get equal shares", "who has more threads gets more"),
    }
    for controller, (holds, lacks) in means.items():
        version = kernel.cgroup_version(controller)
        where = "no cgroup has it" if version is None else f"cgroup v{version}"
        if controller in held:
            yield ok(f"cgroup {controller}", f"{where}, which can be written: {holds}")
        else:
            said = where if version is None else f"{where}, which cannot be written"
            yield warn(f"cgroup {controller}", f"{said}: {lacks}", DELEGATE)


def seccomp(_system: System, kernel: Kernel = KERNEL) -> Iterator[Check]:
    name = "seccomp"
    actions = kernel.read("proc/sys/kernel/seccomp/actions_avail")
    mend = "a kernel with CONFIG_SECCOMP_FILTER"
    if actions is None:
        yield fail(name, "the kernel has none: runsc cannot fence in its own kernel", mend)
    elif lacking := FILTER_ACTIONS - set(actions.split()):
        yield fail(name, f"the kernel lacks {', '.join(sorted(lacking))}", mend)
    else:
        yield ok(name, "the kernel has filters: gVisor fences itself in with them")


def architecture(_system: System, machine: str | None = None) -> Iterator[Check]:
    found = machine or platform.machine()
    try:
        profile(found)
    except KeyError:
        yield fail("architecture", f"{found} has no list of system calls", "use x86_64 or aarch64")
    else:
        yield ok("architecture", f"{found}: its system calls are known, and filtered by number")


def flags(system: System) -> Iterator[Check]:
    """What this runsc can be told; an older or newer one may have lost what we rely on."""
    found = find_runsc(system)
    if found is None:
        return
    done = subprocess.run(
        [str(found.path), "flags"],
        capture_output=True,
        text=True,
        timeout=FLAGS_SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    mend = "awgp runtime install"
    known = set(re.findall(r"^\s+-+([a-z0-9-]+)", said, re.MULTILINE))
    lacking = [name for name in NEEDED_FLAGS if name not in known]
    if lacking:
        yield fail("flags", f"this runsc does not know --{', --'.join(lacking)}", mend)
    else:
        yield ok("flags", "--oci-seccomp: our profile holds, and is not passed over in silence")
    yield _sockets(said, mend)
    yield _platform(said, mend)


def _sockets(said: str, mend: str) -> Check:
    values = re.search(r"-host-uds value\s+(.*)", said)
    if values is None or not {"none", "open"} <= set(re.split(r"[^a-z]+", values[1])):
        return fail("host sockets", "--host-uds cannot be told what to let through", mend)
    return ok("host sockets", "--host-uds can be none or open: no socket but the one that is given")


def _platform(said: str, mend: str) -> Check:
    if SYSTRAP not in said:
        return fail("platform", "this runsc has no systrap: sandboxes are not started", mend)
    return ok("platform", "systrap: it needs no rights and no virtual machine")


def kvm(_system: System, device: Path = Path("/dev/kvm")) -> Iterator[Check]:
    """Told, because people ask; nothing of ours opens it."""
    if not device.exists():
        yield ok("kvm", f"no {device}; it is not needed")
    elif not os.access(device, os.R_OK | os.W_OK):
        yield ok("kvm", f"{device} may not be opened by this user; it is not needed")
    else:
        said = "it is not used, for a sandbox hangs with it in a virtual machine within another"
        yield ok("kvm", f"{device} is there; {said}")


def enforced(_system: System) -> Iterator[Check]:
    """Every limit and fence by name, as the runtime host would say it of itself."""
    tree = CgroupTree(f"awgp-doctor-{os.getpid()}")
    try:
        holds, lacks = selftest.enforcement(tree.controllers)
    finally:
        tree.remove()
    for name in holds:
        yield ok(f"limit {name}", MEANS[name])
    for name, why in lacks.items():
        yield warn(f"limit {name}", why, DELEGATE)


PROBES: Final = (
    Probe(subject=SUBJECT, name="user", ask=user),
    Probe(subject=SUBJECT, name="architecture", ask=architecture),
    Probe(subject=SUBJECT, name="seccomp", ask=seccomp),
    Probe(subject=SUBJECT, name="cgroups", ask=cgroups),
    *(each for each in sandbox.PROBES if each.name == sandbox.RUNSC),
    Probe(
        subject=SUBJECT,
        name="flags",
        ask=flags,
        needs=(sandbox.RUNSC,),
        mend="awgp runtime install",
    ),
    Probe(subject=SUBJECT, name="kvm", ask=kvm),
    Probe(subject=SUBJECT, name="enforced", ask=enforced),
    *(each for each in sandbox.PROBES if each.name not in {sandbox.RUNSC, "limits"}),
    *memory.PROBES,
)
