"""Sandboxes started ahead, so that a run need not wait for one.

Each is parked with its launcher waiting for a job, serves one run and is gone. Nobody waits for
one that is not there: such a run starts a sandbox of its own. Which are kept is `demand`'s to say;
they are made up for by threads of the pool, when nobody launches anything just then.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from pipeline.execution import ExecutionResult, ExecutionSpec
from runtime_host.demand import Demand
from runtime_host.profile import Profile
from runtime_host.sandbox import Sandbox, SandboxFailed
from runtime_host.serving import Watcher

log = structlog.get_logger()

# What one parked sandbox is taken to need; 27 MiB were measured.
PARKED_COST_MIB: Final = 32
# And its gateway, where it has one; 20 to 25 MiB were measured.
GATEWAY_COST_MIB: Final = 24
# How often the parked are looked at.
CHECK_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 60.0
# Sandboxes are made up for once nobody launched for so long, or after so long at the latest.
QUIET_SECONDS: Final = 0.25
UNQUIET_SECONDS: Final = 1.0
# After a sandbox that could not be started.
FAILED_SECONDS: Final = 5.0


class Driver(Protocol):
    """What starts sandboxes."""

    def park(self, profile: Profile) -> Sandbox: ...
    def run(self, spec: ExecutionSpec, profile: Profile, watcher: Watcher) -> ExecutionResult: ...
    def run_in(
        self, sandbox: Sandbox, spec: ExecutionSpec, profile: Profile, watcher: Watcher
    ) -> ExecutionResult | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How many sandboxes are kept.

    Args:
        floor: At the least, once there was a run.
        ceiling: At the most; 0 keeps none.
        memory_mib: For all of them together, at `PARKED_COST_MIB` each, and `GATEWAY_COST_MIB` more
            for one with a gateway.
        age_seconds: One that waited so long is replaced.
    """

    floor: int = 1
    ceiling: int = 4
    memory_mib: int = 256
    age_seconds: float = 900.0

    @property
    def most(self) -> int:
        """How many the ceiling and the memory allow."""
        return min(self.ceiling, self.memory_mib // PARKED_COST_MIB)


@dataclass(slots=True)
class _Parked:
    sandbox: Sandbox
    since: float


@dataclass(slots=True)
class _Counts:
    """What happened since the start."""

    claimed: int = 0
    cold: int = 0
    died: int = 0
    aged: int = 0
    failed: int = 0
    refills: int = 0
    refill_seconds: float = 0.0


@dataclass(slots=True)
class _State:
    """All that threads share, under one lock."""

    parked: dict[Profile, deque[_Parked]] = field(default_factory=dict)
    starting: Counter[Profile] = field(default_factory=Counter)
    last_launch: float = 0.0
    wanting_since: float | None = None
    not_before: float = 0.0
    closed: bool = False
    counts: _Counts = field(default_factory=_Counts)


class WarmPool:
    """The parked sandboxes of one host.

    Args:
        starters: Threads that start sandboxes.
        crowded: Whether runs wait for a place: then no processor is to spare.
    """

    def __init__(
        self,
        driver: Driver,
        settings: PoolSettings,
        *,
        starters: int = 1,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._driver = driver
        self._settings = settings
        self._crowded = crowded
        self._demand: Demand[Profile] = Demand(floor=settings.floor, ceiling=settings.most)
        self._state = _State()
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._keep, name=f"warm-{number}", daemon=True)
            for number in range(starters if settings.most else 0)
        ]

    def open(self) -> None:
        """Begin to keep sandboxes, once there is demand."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End what is parked and what is being started. Nothing is claimed afterwards."""
        with self._changed:
            self._state.closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        with self._changed:
            left = [each for queue in self._state.parked.values() for each in queue]
            self._state.parked.clear()
        for each in left:
            _end(each.sandbox)

    def run(self, spec: ExecutionSpec, profile: Profile, watcher: Watcher) -> ExecutionResult:
        """Run a spec to its end: in a parked sandbox where there is one, else in a new one.

        Raises:
            SandboxFailed: None could be started, or one not removed; nothing has run.
        """
        sandbox = self._claim(profile)
        if sandbox is not None:
            result = self._driver.run_in(sandbox, spec, profile, watcher)
            if result is not None:
                return result
            log.warning("warm_sandbox_died", sandbox=sandbox.name)
            with self._changed:
                self._state.counts.died += 1
        with self._changed:
            self._state.counts.cold += 1
        return self._driver.run(spec, profile, watcher)

    def describe(self) -> dict[str, int | float]:
        """How many are parked and wanted, and what happened since the start."""
        with self._changed:
            counts = self._state.counts
            wanted = self._wanted(time.monotonic())
            return {
                "parked": sum(len(queue) for queue in self._state.parked.values()),
                "wanted": sum(wanted.values()),
                "claimed": counts.claimed,
                "cold": counts.cold,
                "died": counts.died,
                "aged": counts.aged,
                "failed": counts.failed,
                "refills": counts.refills,
                "refill_seconds": round(counts.refill_seconds, 3),
            }

    def parked(self) -> list[str]:
        """Names of those that wait now."""
        with self._changed:
            queues = self._state.parked.values()
            return sorted(each.sandbox.name for queue in queues for each in queue)

    # A run's side.

    def _claim(self, profile: Profile) -> Sandbox | None:
        """Take a parked sandbox that lives, out of everybody's reach for good."""
        now = time.monotonic()
        dead: list[Sandbox] = []
        claimed = None
        with self._changed:
            self._demand.note(profile, now)
            self._state.last_launch = now
            queue = self._state.parked.get(profile, deque())
            while queue and claimed is None and not self._state.closed:
                sandbox = queue.popleft().sandbox
                if sandbox.lives():
                    claimed = sandbox
                else:
                    dead.append(sandbox)
            self._state.counts.died += len(dead)
            self._state.counts.claimed += claimed is not None
            self._changed.notify_all()
        for sandbox in dead:
            _end(sandbox)
        return claimed

    # The threads' side.

    def _keep(self) -> None:
        while True:
            with self._changed:
                if self._state.closed:
                    return
                now = time.monotonic()
                useless = self._take_useless(now)
                profile = None if useless else self._next_profile(now)
                if not useless and profile is None:
                    self._changed.wait(self._pause(now))
                    continue
                if profile is not None:
                    self._state.starting[profile] += 1
            for each in useless:
                _end(each.sandbox)
            if profile is not None:
                self._refill(profile)

    def _wanted(self, now: float) -> dict[Profile, int]:
        """As demand has it, the kind asked for last first, for as long as the memory reaches."""
        left, wanted = self._settings.memory_mib, {}
        for profile, count in self._demand.wanted(now).items():
            cost = PARKED_COST_MIB + (GATEWAY_COST_MIB if profile.gateway else 0)
            wanted[profile] = min(count, left // cost)
            left -= wanted[profile] * cost
        return wanted

    def _take_useless(self, now: float) -> list[_Parked]:
        """Those that died, are too old, or are no longer wanted; out of everybody's reach."""
        wanted = self._wanted(now)
        useless: list[_Parked] = []
        for profile, queue in list(self._state.parked.items()):
            for each in list(queue):
                died = not each.sandbox.lives()
                aged = now - each.since >= self._settings.age_seconds
                if died or aged or len(queue) > wanted.get(profile, 0):
                    queue.remove(each)
                    useless.append(each)
                self._state.counts.died += died
                self._state.counts.aged += aged and not died
            if not queue:
                del self._state.parked[profile]
        return useless

    def _next_profile(self, now: float) -> Profile | None:
        """What to start a sandbox of now, if anything and if now."""
        missing = self._missing(now)
        if missing is None:
            self._state.wanting_since = None
            return None
        if self._state.wanting_since is None:
            self._state.wanting_since = now
        if now < self._state.not_before:
            return None
        quiet = now - self._state.last_launch >= QUIET_SECONDS and not self._crowded()
        if not quiet and now - self._state.wanting_since < UNQUIET_SECONDS:
            return None
        self._state.wanting_since = now
        return missing

    def _missing(self, now: float) -> Profile | None:
        for profile, count in self._wanted(now).items():
            there = len(self._state.parked.get(profile, ())) + self._state.starting[profile]
            if there < count:
                return profile
        return None

    def _pause(self, now: float) -> float:
        if self._state.wanting_since is None:
            return CHECK_SECONDS if self._state.parked else IDLE_SECONDS
        quiet_at = self._state.last_launch + QUIET_SECONDS
        return max(0.01, max(quiet_at, self._state.not_before) - now)

    def _refill(self, profile: Profile) -> None:
        begun = time.monotonic()
        sandbox = None
        try:
            sandbox = self._driver.park(profile)
        except SandboxFailed as exc:
            log.error("warm_sandbox_failed", why=str(exc))  # the message says it
        with self._changed:
            now = time.monotonic()
            self._state.starting[profile] -= 1
            if not self._state.starting[profile]:
                del self._state.starting[profile]
            if sandbox is None:
                self._state.counts.failed += 1
                self._state.not_before = now + FAILED_SECONDS
                return
            self._state.counts.refills += 1
            self._state.counts.refill_seconds += now - begun
            if not self._state.closed:
                queue = self._state.parked.setdefault(profile, deque())
                queue.append(_Parked(sandbox, now))
                return
        _end(sandbox)


def _end(sandbox: Sandbox) -> None:
    try:
        sandbox.end()
    except SandboxFailed as exc:
        log.error("sandbox_failed", why=str(exc))  # what is left is swept at the next start
