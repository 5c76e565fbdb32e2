"""gVisor on this machine: there, recent, and really holding what it must."""

import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ops import install_erofs, install_runsc
from ops.doctor.check import Check, fail, ok, skipped, warn
from ops.doctor.run import Probe
from ops.doctor.system import System
from ops.gvisor_advisories import REVIEWED, WHERE_TO_LOOK, known_against, released_on
from ops.processes import runtime_socket
from ops.runtime_folder import runtime_folder
from runtime_host import root_image, rootfs, selftest
from runtime_host.cgroups import CgroupTree
from runtime_host.client import HostClient, HostUnavailable
from runtime_host.runsc import RunscDriver

SUBJECT: Final = "sandbox"
RUNSC: Final = "runsc"
RUNTIME: Final = "runtime"
DELEGATE: Final = "run the runtime host as root, or delegate it a cgroup (systemd: Delegate=yes)"
SELF_TEST_SECONDS: Final = 90.0
DIGEST_SECONDS: Final = 60.0


def runsc(system: System) -> Iterator[Check]:
    found = find_runsc(system)
    if found is None:
        yield fail(RUNSC, "there is none", "awgp runtime install")
    elif not found.recent:
        said = f"{found.path} {found.version} is older than 2024"
        yield fail(RUNSC, said, "awgp runtime install")
    else:
        yield _known(f"{found.path} {found.version}", found.version)


def _known(said: str, version: str) -> Check:
    """What is publicly known against it."""
    known = known_against(version)
    if known:
        what = "; ".join(f"{each.name}: {each.means}" for each in known)
        return warn(RUNSC, f"{said}: {what}", "awgp runtime install, or a newer runsc of yours")
    if released_on(version) is None:
        return ok(RUNSC, f"{said}, which names no day: look at {WHERE_TO_LOOK} for it")
    return ok(RUNSC, f"{said}: no advisory, as of {REVIEWED}; later ones: {WHERE_TO_LOOK}")


def runtime(system: System) -> Iterator[Check]:
    """The root file systems, each compared with its digest."""
    folder = runtime_folder(system.environ)
    names = list(rootfs.runtimes(folder))
    if not names:
        yield fail(RUNTIME, f"there is none in {folder}", "awgp runtime build")
    for name in names:
        record = rootfs.verify(folder / name)
        yield ok(RUNTIME, f"{name} {record.digest[:19]}... is what was built")


def images(_system: System) -> Iterator[Check]:
    """Whether sandboxes have an image for a root, or a tree and a process to open its files."""
    found = root_image.program()
    if found is None:
        said = "there is no mkfs.erofs: sandboxes start with one process more, and later"
        yield warn("root image", said, install_erofs.BY_HAND)
    else:
        yield ok("root image", f"made by {found}: no file server beside a sandbox")


def limits(_system: System) -> Iterator[Check]:
    tree = CgroupTree(f"awgp-doctor-{os.getpid()}")
    try:
        holds, lacks = selftest.enforcement(tree.controllers)
    finally:
        tree.remove()
    if lacks:
        said = "; ".join(f"{name} does not hold: {why}" for name, why in lacks.items())
        yield warn("limits", said, DELEGATE)
    else:
        yield ok("limits", f"{len(holds)} of them hold")


def self_test(system: System) -> Iterator[Check]:
    """Two sandboxes of our own, gone afterwards: one reports on itself, one takes all memory."""
    found = find_runsc(system)
    folder = runtime_folder(system.environ)
    name, record = next(iter(rootfs.runtimes(folder).items()))
    if found is None:
        return
    with tempfile.TemporaryDirectory(prefix="awgp-doctor-") as place:
        sandboxes, root = Path(place, "sandboxes"), folder / name / "rootfs"
        sandboxes.mkdir()
        driver = RunscDriver(
            binary=found.path,
            sandboxes=sandboxes,
            cgroups=CgroupTree(f"awgp-doctor-{os.getpid()}"),
            rootless=os.geteuid() != 0,
        )
        try:
            driver.add_runtime(record, root)
            selftest.prove(driver, record, root, platform.machine())
        finally:
            driver.close()
    yield ok("self-test", "system calls, network and memory are held as they must be")


def host(system: System) -> Iterator[Check]:
    """The machine's runtime host, where it runs, speaks for itself."""
    if system.data is None or not system.is_running:
        yield skipped("runtime host", "not running; `awgp up` starts it")
        return
    if "runtime-host" not in {state.name for state in system.states}:
        yield skipped("runtime host", "not run here; AWGP's own processes were not asked for")
        return
    try:
        said = HostClient(runtime_socket(system.data)).describe()
    except HostUnavailable as unavailable:
        yield fail("runtime host", str(unavailable), f"see {system.data.logs}/runtime-host.log")
        return
    yield ok("runtime host", f"serves {', '.join(said.runtimes)}, {said.sandboxes} at once")
    yield _parked(said.warm, f"see {system.data.logs}/runtime-host.log")


def _parked(warm: Mapping[str, float], mend: str) -> Check:
    """Whether sandboxes are started ahead, and whether those that are stay alive."""
    said = f"{warm['parked']:.0f} of {warm['wanted']:.0f}; {warm['claimed']:.0f} runs found one"
    spoilt = [f"{warm[why]:.0f} {why}" for why in ("died", "failed") if warm[why]]
    if spoilt:
        return warn("started ahead", f"{said}; {', '.join(spoilt)}", mend)
    return ok("started ahead", said)


def find_runsc(system: System) -> install_runsc.Installed | None:
    configured = system.environ.get("AWGP_RUNSC")
    return install_runsc.find(Path(configured) if configured else None)


PROBES: Final = (
    Probe(subject=SUBJECT, name=RUNSC, ask=runsc, mend="awgp runtime install"),
    Probe(
        subject=SUBJECT, name=RUNTIME, ask=runtime, mend="awgp runtime build", limit=DIGEST_SECONDS
    ),
    Probe(subject=SUBJECT, name="root image", ask=images),
    Probe(subject=SUBJECT, name="limits", ask=limits),
    Probe(
        subject=SUBJECT,
        name="self-test",
        ask=self_test,
        needs=(RUNSC, RUNTIME),
        mend=f"run as root, or install a newer runsc; {selftest.ORDINARY_USER_NEEDS}",
        limit=SELF_TEST_SECONDS,
    ),
    Probe(subject=SUBJECT, name="runtime host", ask=host),
)
