"""What is fixed when a sandbox starts, before it is known what will run in it."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.execution import ExecutionSpec
from runtime_host.rootfs import RuntimeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of sandbox. Those of equal profiles can stand in for one another.

    Everything else that bounds a run is set when it comes: groups by the host, limits of
    processes by the launcher, while nothing of the run has been read yet.

    Args:
        rootfs: The runtime's tree on this machine.
        interpreter: Path inside, of the launcher's Python.
        program: Put before a bundle's entrypoint; empty where that is executed itself.
        disk_bytes: Size of /tmp, which cannot change once it is mounted.
        gateway: Whether it has a way out at all, which cannot be added later.
    """

    runtime: str
    runtime_digest: str
    rootfs: Path
    interpreter: str
    program: tuple[str, ...]
    disk_bytes: int
    gateway: bool = False


def profile_of(record: RuntimeRecord, rootfs: Path, spec: ExecutionSpec) -> Profile:
    """The profile of the sandbox that a run needs."""
    return Profile(
        runtime=record.name,
        runtime_digest=record.digest,
        rootfs=rootfs,
        interpreter=record.interpreter,
        program=(record.interpreter,) if record.program is None else record.program,
        disk_bytes=spec.limits.disk_bytes,
        gateway=bool(spec.scope),
    )
