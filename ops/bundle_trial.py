"""Try a bundle as production would run it: a runtime host of its own, and one execution on it.

The host is the very one of `awgp runtime-host`, with its self-test, or the one this machine runs
already where its socket is named. Nothing of the trial is kept.
"""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from ops import install_runsc
from ops.runtime_folder import runtime_folder
from pipeline.errors import AwgpError
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, Limits, OutputLine
from pipeline.sandbox_policy import Granted
from runtime_host.bundle import BundleInfo
from runtime_host.client import HostClient, HostDescription, HostUnavailable, LaunchRefused
from runtime_host.drivers import RunscSettings
from runtime_host.gateway.beside import GatewaySettings
from runtime_host.host import HostRefuses, HostSettings, RuntimeHost
from runtime_host.lone_spec import lone_spec
from runtime_host.memory.beside import MemoryKeeper, MemorySettings
from runtime_host.pool import PoolSettings

START_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02
# Of one that is longer than any run may be.
LEASE_SECONDS: Final = 3600.0

OK: Final = 0
AGENT_FAILED: Final = 1
LIMIT_PASSED: Final = 3
UNKNOWN: Final = 4
STATUS: Final = {
    ExitReason.OK: OK,
    ExitReason.ERROR: AGENT_FAILED,
    ExitReason.KILLED: UNKNOWN,
    ExitReason.INTERRUPTED: UNKNOWN,
    ExitReason.HOST_LOST: UNKNOWN,
}


class RuntimeNotBuilt(AwgpError):
    """This machine lacks the runtime a bundle names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried. `limits` and `granted` are the effective ones."""

    info: BundleInfo
    packed: bytes
    payload: bytes
    limits: Limits
    granted: Granted

    def run(self, client: HostClient, on_line: Callable[[OutputLine], None]) -> ExecutionResult:
        """Run it to its end, telling lines as they come.

        Raises:
            RuntimeNotBuilt: As it says.
            LaunchRefused: The host does not run it.
            HostUnavailable: It went away.
        """
        spec = self._spec(client.describe())
        try:
            with client.launch(spec, LEASE_SECONDS) as launched:
                return launched.wait(on_line)
        finally:
            if spec.scope.memory is not None:
                # Another user's host keeps it, under ids that nobody has.
                with contextlib.suppress(LaunchRefused):
                    client.forget(spec.tenant_id)

    def _spec(self, host: HostDescription) -> ExecutionSpec:
        manifest = self.info.manifest
        digest = host.runtimes.get(manifest.runtime)
        if digest is None:
            raise RuntimeNotBuilt(
                f"the bundle runs on {manifest.runtime!r}, which this machine has not built:"
                f" `awgp runtime build --name {manifest.runtime}`"
            )
        alone = lone_spec(
            self.packed,
            payload=self.payload,
            runtime=manifest.runtime,
            runtime_digest=digest,
            entrypoint=manifest.entrypoint,
            limits=self.limits,
        )
        return replace(
            alone,
            environment=self.granted.variables,
            scope=self.granted.scope,
            syscalls=self.granted.syscalls,
        )


def status_of(reason: ExitReason) -> int:
    """The exit status that tells how it ended: a limit it passed where nothing else is said."""
    return STATUS.get(reason, LIMIT_PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What is written down of a trial.

    Args:
        folder: For gVisor's traces, a file a sandbox.
        visits: Told of the method and URL of each request to the gateway.
        open: Whether what was not granted is let out, to public addresses.
    """

    folder: Path
    visits: Callable[[str, str], None]
    open: bool = False


@contextmanager
def runtime_host(socket_path: Path | None, tracing: Tracing | None = None) -> Iterator[HostClient]:
    """The host behind a socket, or one of our own until the block is left.

    Args:
        tracing: Of one of our own.

    Raises:
        HostRefuses: There is no runsc or runtime, or a sandbox does not hold what it must.
    """
    if socket_path is not None:
        yield HostClient(socket_path)
        return
    with _quiet(), tempfile.TemporaryDirectory(prefix="awgp-trial-") as folder:
        host = RuntimeHost(_settings(Path(folder), tracing))
        thread = _Serving(host)
        thread.start()
        try:
            yield _answering(thread, HostClient(Path(folder) / "socket"))
        finally:
            host.stop()
            thread.join()


@contextmanager
def _quiet() -> Iterator[None]:
    """What a host logs is for operators."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        yield
    finally:
        structlog.configure(**before)


class _Serving(threading.Thread):
    """A host at work; keeps why it refused to be."""

    def __init__(self, host: RuntimeHost) -> None:
        super().__init__(name="runtime-host", daemon=True)
        self.refusal: AwgpError | None = None
        self._host = host

    def run(self) -> None:
        try:
            self._host.serve()
        except AwgpError as error:
            self.refusal = error


def _answering(thread: _Serving, client: HostClient) -> HostClient:
    until = time.monotonic() + START_SECONDS
    while thread.is_alive() and time.monotonic() < until:
        with contextlib.suppress(HostUnavailable):
            client.describe()
            return client
        thread.join(LOOK_SECONDS)
    raise thread.refusal or HostRefuses(f"no runtime host within {START_SECONDS:g} s")


def _settings(folder: Path, tracing: Tracing | None) -> HostSettings:
    named = os.environ.get("AWGP_RUNSC")
    runsc = install_runsc.find(Path(named) if named else None)
    if runsc is None or not runsc.recent:
        raise HostRefuses("there is no runsc of 2024 or later; run: awgp runtime install")
    memory = MemoryKeeper(MemorySettings(folder=folder / "memory"))
    return HostSettings(
        socket_path=folder / "socket",
        runtimes=runtime_folder(os.environ),
        state=folder / "state",
        sandboxes=1,
        driver=_driver(runsc.path, memory, tracing),
        stop_seconds=0.0,
        warm=PoolSettings(ceiling=0),
    )


def _driver(runsc: Path, memory: MemoryKeeper, tracing: Tracing | None) -> RunscSettings:
    gateways = GatewaySettings(memory=memory)
    if tracing is None:
        return RunscSettings(binary=runsc, gateways=gateways)
    gateways = replace(gateways, visits=tracing.visits, open=tracing.open)
    return RunscSettings(binary=runsc, gateways=gateways, trace=tracing.folder)
