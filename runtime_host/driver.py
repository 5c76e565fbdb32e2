"""What every way of starting sandboxes has in common: parking one, and running a spec in one.

The bundle travels on the sandbox's stdin and is unpacked inside, so no archive of a tenant's
ever touches the machine's own files. Whatever ends the sandbox, everything of it is killed and
removed before the result is given.
"""

import marshal
import struct
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

import structlog

from pipeline.errors import AwgpError
from pipeline.execution import MIB, ExecutionResult, ExecutionSpec
from pipeline.gateway_call import GatewayCall
from runtime_host import oci
from runtime_host.gateway.beside import BYTES as GATEWAY_BYTES
from runtime_host.gateway.beside import GatewayFailed
from runtime_host.memory.beside import MemoryKeeper
from runtime_host.profile import Profile
from runtime_host.rootfs import RuntimeRecord
from runtime_host.sandbox import Sandbox, SandboxFailed, await_ready
from runtime_host.serving import Loop, Watcher

log = structlog.get_logger()

READY_SECONDS: Final = 30.0
# A form of marshal that every interpreter reads that a runtime may have.
MARSHAL: Final = 2
# Of a sandbox nobody runs in: less than any run's, so that a claim only ever raises it.
PARKED_BYTES: Final = 128 * MIB
PARKED_TASKS: Final = oci.KERNEL_TASKS


class DriverUnavailable(AwgpError):
    """Sandboxes cannot be started in this way here; one line says why and what to do."""


class SandboxDriver(ABC):
    """Starts sandboxes; a subclass says how."""

    name: ClassVar[str]
    """As the setting AWGP_DRIVER has it."""
    shares_groups: ClassVar[bool] = True
    """Whether a gateway is held by its sandbox's caps, which are wider for that."""

    @abstractmethod
    def start(self, profile: Profile, *, memory_bytes: int, tasks: int) -> Sandbox:
        """Start a sandbox, capped, whose launcher will wait for a job.

        Args:
            memory_bytes: Of the machine's, the sandbox's kernel included.
            tasks: Threads of the machine.

        Raises:
            SandboxFailed: It could not be started; nothing is left of it.
        """

    @abstractmethod
    def prepare(self) -> str:
        """See to it that sandboxes can be started; the version of what starts them.

        Raises:
            DriverUnavailable: They cannot.
        """

    def add_runtime(self, record: RuntimeRecord, root: Path) -> None:  # noqa: B027  # few need it
        """Make a runtime, which was verified, ready to be started from.

        Raises:
            DriverUnavailable: It cannot be.
        """

    @property
    @abstractmethod
    def platform(self) -> str:
        """How gVisor gets hold of system calls, as it names it."""

    @property
    @abstractmethod
    def controllers(self) -> frozenset[str]:
        """Which of `memory`, `pids` and `cpu` are capped for a sandbox as a whole."""

    @property
    def shut_in(self) -> str:
        """Why its sandboxes cannot have gateways, and what to do; empty where they can."""
        return ""

    @property
    def memory(self) -> MemoryKeeper | None:
        """What lends its sandboxes memories; None where none can have one."""
        return None

    @property
    def waiting(self) -> list[str]:
        """Names of places for sandboxes that are made ahead, with nothing in them yet."""
        return []

    @property
    @abstractmethod
    def parks(self) -> bool:
        """Whether sandboxes can be started ahead, before their caps are known."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove every sandbox of a dead host with our state folder; how many there were.

        Only for the holder of that folder's lock.
        """

    @abstractmethod
    def close(self) -> None:
        """Nothing is started any more."""

    def let_out(self, sandbox: Sandbox, spec: ExecutionSpec) -> None:
        """Give a sandbox's gateway what was granted, once it is ready.

        Raises:
            GatewayFailed: There is none, or it is gone.
        """
        if not spec.scope:
            return
        if sandbox.gateway is None:
            raise GatewayFailed(f"sandbox {sandbox.name} has no gateway")
        sandbox.gateway.await_ready(READY_SECONDS)
        ids = {"run_id": str(spec.run_id), "execution_id": str(spec.execution_id)}
        sandbox.gateway.attach(
            spec.scope,
            spec.credentials,
            tenant=spec.tenant_id,
            assistant=spec.assistant_id,
            **ids,
        )

    def calls(self, sandbox: Sandbox) -> tuple[GatewayCall, ...]:
        """What went out through a sandbox's gateway; complete once the sandbox was ended."""
        return () if sandbox.gateway is None else sandbox.gateway.calls()

    def park(self, profile: Profile) -> Sandbox:
        """Start a sandbox whose launcher waits for a job, and its gateway for a scope.

        Raises:
            SandboxFailed: It did not start.
        """
        sandbox = self.start(profile, memory_bytes=PARKED_BYTES, tasks=PARKED_TASKS)
        try:
            await_ready(sandbox, READY_SECONDS)
            if sandbox.gateway is not None:
                sandbox.gateway.await_ready(READY_SECONDS)
        except BaseException as exc:
            sandbox.end()
            if isinstance(exc, GatewayFailed):
                raise SandboxFailed(str(exc)) from exc
            raise
        return sandbox

    def run(self, spec: ExecutionSpec, profile: Profile, watcher: Watcher) -> ExecutionResult:
        """Run a spec to its end in a sandbox started for it.

        Raises:
            SandboxFailed: None could be started; nothing has run.
        """
        started = time.monotonic()
        memory_bytes, tasks = self._caps(spec)
        sandbox = self.start(profile, memory_bytes=memory_bytes, tasks=tasks)
        loop = None
        try:
            self.let_out(sandbox, spec)
            loop = Loop(sandbox, spec, started, watcher)
            loop.serve(_feed(spec, profile, sandbox))
            result = loop.ending()
            _tell_ahead(result, sandbox, loop, watcher)
        except GatewayFailed as exc:
            raise SandboxFailed(str(exc)) from exc
        finally:
            _remove(sandbox, may_have_run=loop is not None)
        return replace(result, calls=self.calls(sandbox))

    def run_in(
        self, sandbox: Sandbox, spec: ExecutionSpec, profile: Profile, watcher: Watcher
    ) -> ExecutionResult | None:
        """Run a spec to its end in a parked sandbox of its profile, which is gone afterwards.

        Returns:
            None when the sandbox ended before it began the agent; nothing has run then.

        Raises:
            SandboxFailed: What is left could not be removed; nothing has run.
        """
        started = time.monotonic()
        memory_bytes, tasks = self._caps(spec)
        loop = None
        try:
            try:
                sandbox.limit(memory_bytes=memory_bytes, tasks=tasks)
                self.let_out(sandbox, spec)
            except (OSError, GatewayFailed):
                return None
            loop = Loop(sandbox, spec, started, watcher)
            loop.serve(_feed(spec, profile, sandbox))
            if loop.died_unused():
                return None
            result = replace(loop.ending(), warm=True)
            _tell_ahead(result, sandbox, loop, watcher)
        finally:
            _remove(sandbox, may_have_run=loop is not None)
        return replace(result, calls=self.calls(sandbox))

    def _caps(self, spec: ExecutionSpec) -> tuple[int, int]:
        """Memory and threads that the whole sandbox of a spec may take of the machine."""
        memory_bytes = oci.machine_memory_bytes(spec.limits, len(spec.bundle))
        if spec.scope and self.shares_groups:
            memory_bytes += GATEWAY_BYTES
        return memory_bytes, oci.machine_tasks(spec.limits)


def _tell_ahead(result: ExecutionResult, sandbox: Sandbox, loop: Loop, watcher: Watcher) -> None:
    """Tell a result that nothing can change any more while its sandbox is still taken away.

    Not where somebody waits for it to be gone, or calls are counted until then.
    """
    if loop.ended_itself and sandbox.gateway is None and sandbox.kill():
        watcher.over(result)


def _remove(sandbox: Sandbox, *, may_have_run: bool) -> None:
    """End a sandbox. One that may have run is not failed by what is left of it.

    Who hears of a sandbox that failed launches the run again. What is left is swept at the next
    start.

    Raises:
        SandboxFailed: It could not be removed, and nothing has run in it.
    """
    try:
        sandbox.end()
    except SandboxFailed as exc:
        if not may_have_run:
            raise
        log.error("sandbox_left", sandbox=sandbox.name, why=str(exc))  # the message says it


def _feed(spec: ExecutionSpec, profile: Profile, sandbox: Sandbox) -> bytes:
    """What the launcher reads: the job, the bundle, the payload."""
    address_space = None if sandbox.caps_memory else spec.limits.memory_bytes
    header = marshal.dumps(oci.job(spec, profile, address_space_bytes=address_space), MARSHAL)
    return b"".join((struct.pack(">I", len(header)), header, spec.bundle, spec.payload))
