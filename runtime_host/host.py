"""The one process of a machine that owns its sandboxes, behind a Unix socket.

It holds no credentials of ours and knows neither database nor broker. It refuses to serve until
it has proved that its sandboxes hold (`selftest`), runs only bytes whose digests match what it
was told, and kills a sandbox when its client goes away, its lease lapses or it must stop itself.
"""

import fcntl
import grp
import os
import platform
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from pipeline.errors import AwgpError
from pipeline.execution import ExecutionSpec
from runtime_host import rootfs, selftest
from runtime_host.connection import RESULT_SECONDS, ClientWatcher
from runtime_host.driver import DriverUnavailable
from runtime_host.drivers import DockerSettings, RunscSettings
from runtime_host.launch_frame import SpecRefused, decode_launch
from runtime_host.memory.beside import MemoryUnavailable
from runtime_host.memory.orders import decode_forget
from runtime_host.places import Places
from runtime_host.pool import PoolSettings, WarmPool
from runtime_host.profile import profile_of
from runtime_host.sandbox import SandboxFailed
from runtime_host.wire import Decoder, Frame, WireBroken, encode, receive

log = structlog.get_logger()

REQUEST_SECONDS = 10.0
BUSY_SECONDS = 10.0
# How much of a lease may pass in waiting for a place; its client renews after a third.
BUSY_SHARE = 0.25
ACCEPT_SECONDS = 0.2
# Clients served at once beside four for each place: those who wait for one.
WAITING_CLIENTS = 64
SOCKET_MODE = 0o660
PEER = struct.Struct("3i")


def _group_id(group: str) -> int:
    # A number need not have an entry of its own.
    return int(group) if group.isascii() and group.isdigit() else grp.getgrnam(group).gr_gid


def _is_served(path: Path) -> bool:
    """Whether somebody takes connections there; a killed host's socket refuses them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _uid_of(connection: socket.socket) -> int:
    """Whose process is at the other end, as the kernel says."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    _, uid, _ = PEER.unpack(packed)
    return int(uid)


class HostRefuses(AwgpError):
    """The host does not start; the message is one line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """How this machine's host runs.

    Args:
        socket_path: Where clients connect; its folder must exist.
        runtimes: Folder of runtimes, one folder each.
        state: Folder of our own, locked while we run.
        sandboxes: How many may run at once.
        driver: What starts sandboxes.
        client_uids: Who may connect beside root and our own user.
        group: Group that owns the socket, by name or number; None keeps our own.
        stop_seconds: How long running sandboxes may go on once we are told to stop.
        warm: How many sandboxes are started ahead.
    """

    socket_path: Path
    runtimes: Path
    state: Path
    sandboxes: int
    driver: RunscSettings | DockerSettings
    client_uids: frozenset[int] = frozenset()
    group: str | None = None
    stop_seconds: float = 30.0
    warm: PoolSettings = field(default_factory=PoolSettings)


@dataclass(slots=True)
class _Running:
    """What runs now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    executions: set[str] = field(default_factory=set)
    threads: set[threading.Thread] = field(default_factory=set)


class RuntimeHost:
    """Owns the sandboxes of a machine from `serve()` until `stop()`."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._running = _Running()
        self._places = Places(settings.sandboxes)
        self._stopping = threading.Event()
        self._stop_at: float | None = None
        self._driver = settings.driver.open(settings.state)
        self._pool = WarmPool(
            self._driver,
            settings.warm if self._driver.parks else replace(settings.warm, ceiling=0),
            starters=max(1, (os.cpu_count() or 1) // 2),
            crowded=lambda: self._places.waiting() > 0,
        )
        self._runtimes: dict[str, rootfs.RuntimeRecord] = {}
        self._version = "unknown"

    def serve(self) -> None:
        """Take the lock, sweep, prove the sandboxes, then answer clients until stopped.

        Raises:
            HostRefuses: Another host runs here, a runtime is not sound, or a sandbox does not
                hold what it must.
        """
        with self._lock():
            try:
                self._serve_locked()
            finally:
                self._finish()
                self._pool.close()
                if self._driver.memory is not None:
                    self._driver.memory.close()
                self._driver.close()

    def _serve_locked(self) -> None:
        self._prepare()
        self._load_runtimes()
        self._prove()
        self._pool.open()
        with self._listener() as listener:
            log.info("serving", socket=str(self._settings.socket_path), **self.describe())
            self._accept(listener)

    def stop(self) -> None:
        """Accept nothing more; what runs may finish within `stop_seconds`. Signal-safe."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + self._settings.stop_seconds
        self._stopping.set()

    def describe(self) -> dict[str, object]:
        """What clients may know of this host."""
        holds, lacks = selftest.enforcement(self._driver.controllers)
        return {
            "driver": self._driver.name,
            "version": self._version,
            "platform": self._driver.platform,
            "runtimes": {name: record.digest for name, record in self._runtimes.items()},
            "enforced": holds,
            "not_enforced": lacks,
            "sandboxes": self._settings.sandboxes,
            "warm": self._pool.describe(),
            "parked": self._pool.parked(),
            "waiting": self._driver.waiting,
        }

    @contextmanager
    def _lock(self) -> Iterator[None]:
        state = self._settings.state
        (state / "sandboxes").mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(descriptor)
            raise HostRefuses(f"another runtime host holds {state}") from exc
        try:
            yield
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        try:
            self._version = self._driver.prepare()
            swept = self._driver.sweep()
        except (DriverUnavailable, SandboxFailed) as exc:
            raise HostRefuses(str(exc)) from exc
        if swept:
            log.warning("orphans_swept", sandboxes=swept)

    def _load_runtimes(self) -> None:
        try:
            for name in rootfs.runtimes(self._settings.runtimes):
                root = self._rootfs(name)
                before = rootfs.same_tree(root)
                self._runtimes[name] = rootfs.verify(self._settings.runtimes / name)
                self._driver.add_runtime(self._runtimes[name], root)
                if rootfs.same_tree(root) != before:
                    raise HostRefuses(f"runtime {name} was built anew meanwhile; start again")
        except OSError as exc:
            raise HostRefuses(f"a runtime went away meanwhile: {exc}; start again") from exc
        except (rootfs.RuntimeInvalid, DriverUnavailable) as exc:
            raise HostRefuses(str(exc)) from exc
        if not self._runtimes:
            raise HostRefuses(
                f"there is no runtime in {self._settings.runtimes}; run: awgp runtime build"
            )

    def _prove(self) -> None:
        # What is proved of one is the sandbox's, whatever tree it has.
        python = [each for each in self._runtimes.items() if each[1].runs_python]
        if not python:
            raise HostRefuses("the self-test needs a Python; run: awgp runtime build")
        name, record = python[0]
        try:
            selftest.prove(self._driver, record, self._rootfs(name), platform.machine())
        except (selftest.SelfTestFailed, SandboxFailed) as exc:
            lacking = "" if os.geteuid() == 0 else f"; {selftest.ORDINARY_USER_NEEDS}"
            raise HostRefuses(f"the sandbox does not hold: {exc}{lacking}") from exc

    def _rootfs(self, name: str) -> Path:
        return self._settings.runtimes / name / "rootfs"

    @contextmanager
    def _listener(self) -> Iterator[socket.socket]:
        path = self._settings.socket_path
        if _is_served(path):
            raise HostRefuses(f"another runtime host serves {path}")
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            before = os.umask(0o177)
            try:
                listener.bind(str(path))
            except OSError as exc:
                raise HostRefuses(f"the socket {path} cannot be made: {exc.strerror}") from exc
            finally:
                os.umask(before)
            self._give_to_group(path)
            listener.listen(64)
            listener.settimeout(ACCEPT_SECONDS)
            try:
                yield listener
            finally:
                path.unlink(missing_ok=True)

    def _give_to_group(self, path: Path) -> None:
        if self._settings.group is not None:
            try:
                os.chown(path, -1, _group_id(self._settings.group))
            except (KeyError, OSError) as exc:
                raise HostRefuses(
                    f"the socket cannot be given to group {self._settings.group}"
                ) from exc
        path.chmod(SOCKET_MODE)

    def _accept(self, listener: socket.socket) -> None:
        most = 4 * self._settings.sandboxes + WAITING_CLIENTS
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with self._running.lock:
                crowded = len(self._running.threads) >= most
            if crowded or not self._is_welcome(connection):
                connection.close()
                continue
            thread = threading.Thread(target=self._serve_client, args=(connection,), daemon=True)
            with self._running.lock:
                self._running.threads.add(thread)
            thread.start()

    def _is_welcome(self, connection: socket.socket) -> bool:
        uid = _uid_of(connection)
        welcome = uid in {0, os.geteuid(), *self._settings.client_uids}
        if not welcome:
            log.warning("client_refused", uid=uid)
        return welcome

    def _serve_client(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(REQUEST_SECONDS)
                decoder = Decoder()
                self._answer(connection, decoder, receive(connection, decoder))
        except (WireBroken, OSError) as exc:
            log.info("client_lost", why=str(exc))
        except Exception:
            log.exception("client_failed")
            raise
        finally:
            with self._running.lock:
                self._running.threads.discard(threading.current_thread())

    def _answer(self, connection: socket.socket, decoder: Decoder, frame: Frame) -> None:
        if frame.type == "describe":
            connection.sendall(encode({"type": "description", **self.describe()}))
            return
        if frame.type == "forget":
            connection.sendall(encode(self._forget(frame, _uid_of(connection))))
            return
        if frame.type not in {"launch", "launch_confined"}:
            raise WireBroken(f"the message {frame.type!a} is unknown")
        try:
            spec, lease_seconds = decode_launch(frame)
            # A lease runs from when it was asked for, not from when there is a place.
            lease_until = time.monotonic() + lease_seconds
            record = self._runtime_of(spec)
            with self._slot(spec, lease_seconds * BUSY_SHARE):
                self._launch(connection, decoder, spec, record, lease_until)
        except SpecRefused as exc:
            log.warning("launch_refused", error=exc.error)
            connection.sendall(encode({"type": "refused", "error": exc.error, "message": str(exc)}))

    def _forget(self, frame: Frame, uid: int) -> dict[str, object]:
        tenant, assistant = decode_forget(frame)
        if uid not in {0, os.geteuid()}:
            why = "only root, and whose host this is, may have something forgotten"
            return {"type": "refused", "error": "not_allowed", "message": why}
        keeper = self._driver.memory
        if keeper is None:
            return {"type": "forgotten", "collections": 0}
        try:
            count = keeper.forget(tenant, assistant)
        except MemoryUnavailable as exc:
            return {"type": "refused", "error": "memory_unavailable", "message": str(exc)}
        log.info("memory_forgotten", tenant_id=str(tenant), assistant_id=str(assistant or "all"))
        return {"type": "forgotten", "collections": count}

    def _runtime_of(self, spec: ExecutionSpec) -> rootfs.RuntimeRecord:
        record = self._runtimes.get(spec.runtime)
        if record is None:
            raise SpecRefused(
                "runtime_unknown",
                f"there is no runtime {spec.runtime} here; run: awgp runtime build --name"
                f" {spec.runtime}, and start the host again",
            )
        if record.digest != spec.runtime_digest:
            raise SpecRefused(
                "runtime_digest_mismatch", f"runtime {spec.runtime} is not the one approved"
            )
        if spec.scope and self._driver.shut_in:
            raise SpecRefused("gateway_unavailable", self._driver.shut_in)
        return record

    @contextmanager
    def _slot(self, spec: ExecutionSpec, patience: float) -> Iterator[None]:
        """One of the machine's places, for one execution at most once at a time."""
        name = str(spec.execution_id)
        if not self._places.take(spec.tenant_id, min(BUSY_SECONDS, patience)):
            raise SpecRefused("busy", "all sandboxes of this machine are taken")
        try:
            with self._running.lock:
                if name in self._running.executions:
                    raise SpecRefused("already_running", "this execution runs here already")
                if self._stopping.is_set():
                    raise SpecRefused("stopping", "this host is stopping")
                self._running.executions.add(name)
            try:
                yield
            finally:
                with self._running.lock:
                    self._running.executions.discard(name)
        finally:
            self._places.give_back(spec.tenant_id)

    def _launch(
        self,
        connection: socket.socket,
        decoder: Decoder,
        spec: ExecutionSpec,
        record: rootfs.RuntimeRecord,
        lease_until: float,
    ) -> None:
        watcher = ClientWatcher(connection, decoder, lease_until, lambda: self._stop_at)
        watcher.tell(encode({"type": "launched"}))
        try:
            # It leaves before anything starts: a client that never saw it may launch again.
            watcher.flush()
        except OSError:
            log.info("client_lost", why="before its launch was acknowledged")
            return
        ids = {"run_id": str(spec.run_id), "execution_id": str(spec.execution_id)}
        log.info("launched", tenant_id=str(spec.tenant_id), fence=spec.fence, **ids)
        try:
            profile = profile_of(record, self._rootfs(spec.runtime), spec)
            result = self._pool.run(spec, profile, watcher)
        except SandboxFailed as exc:
            log.error("sandbox_failed", why=str(exc), **ids)  # the message says it
            connection.settimeout(RESULT_SECONDS)
            raise SpecRefused("sandbox_failed", str(exc)) from exc
        told = {"duration_ms": result.duration_ms, "warm": result.warm, "sandbox": result.sandbox}
        log.info("ended", reason=result.reason.value, **told, **ids)
        watcher.over(result)

    def _finish(self) -> None:
        """Wait for clients still served; their sandboxes end by our deadline."""
        until = (self._stop_at or time.monotonic()) + RESULT_SECONDS
        with self._running.lock:
            threads = list(self._running.threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
