"""Which sandboxes are kept, who gets one, and whose turn it is where there are too few places."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.execution import MIB, ExecutionResult, ExitReason, Limits
from runtime_host import oci, pool
from runtime_host.demand import BURST_SECONDS, MAX_KINDS, RECENT_SECONDS, Demand
from runtime_host.driver import PARKED_BYTES, PARKED_TASKS
from runtime_host.places import Places
from runtime_host.pool import GATEWAY_COST_MIB, PARKED_COST_MIB, PoolSettings, WarmPool
from runtime_host.profile import Profile
from runtime_host.sandbox import SandboxFailed

LEAST = Limits(
    wall_seconds=1, memory_bytes=16 * MIB, processes=1, disk_bytes=64 * 1024, open_files=16
)
RESULT = ExecutionResult(
    reason=ExitReason.OK,
    exit_code=0,
    result=None,
    lines=(),
    truncated=False,
    duration_ms=1,
    peak_memory_bytes=None,
    detail="",
)


def test_a_claim_only_ever_raises_what_a_parked_sandbox_may_take() -> None:
    assert oci.machine_memory_bytes(LEAST, 0) >= PARKED_BYTES
    assert oci.machine_tasks(LEAST) >= PARKED_TASKS


# Demand.


def test_nothing_is_wanted_before_the_first_claim() -> None:
    assert Demand[str](floor=3, ceiling=8).wanted(0.0) == {}


def test_as_many_are_wanted_as_came_at_once_lately() -> None:
    demand = Demand[str](floor=0, ceiling=8)
    for _ in range(3):
        demand.note("a", 100.0)
    demand.note("a", 100.0 + 3 * BURST_SECONDS)
    assert demand.wanted(110.0) == {"a": 3}
    assert demand.wanted(100.0 + RECENT_SECONDS + 1) == {"a": 1}
    assert demand.wanted(101.0 + RECENT_SECONDS + 3 * BURST_SECONDS) == {}


def test_the_floor_is_kept_of_the_kind_that_was_asked_for_last() -> None:
    demand = Demand[str](floor=2, ceiling=8)
    demand.note("a", 0.0)
    demand.note("b", 1.0)
    assert demand.wanted(2.0) == {"a": 1, "b": 1}
    assert demand.wanted(1e6) == {"b": 2}


@given(
    floor=st.integers(0, 5),
    ceiling=st.integers(0, 9),
    claims=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), max_size=60),
)
def test_never_more_are_wanted_than_the_ceiling_and_never_fewer_than_the_floor(
    floor: int, ceiling: int, claims: list[tuple[int, int]]
) -> None:
    demand = Demand[int](floor=floor, ceiling=ceiling)
    now = 0.0
    for kind, later in claims:
        now += later / 10
        demand.note(kind, now)
    wanted = demand.wanted(now)
    assert sum(wanted.values()) <= ceiling
    assert not claims or sum(wanted.values()) >= min(floor, ceiling)
    if claims and ceiling:
        assert wanted.get(claims[-1][0], 0) >= 1  # the latest is never pushed out by a flood


def test_kinds_are_forgotten_rather_than_piled_up() -> None:
    demand = Demand[int](floor=1, ceiling=1000)
    for kind in range(MAX_KINDS + 5):
        demand.note(kind, 0.0)
    assert set(demand.wanted(0.0)) == set(range(5, MAX_KINDS + 5))


# Places.


def in_turn(places: Places, tenants: list[str]) -> list[str]:
    """The order in which those who wait get one place, given back at once."""
    order: list[str] = []
    threads = []
    for tenant in tenants:

        def wait(tenant: str = tenant) -> None:
            assert places.take(tenant, 60)
            order.append(tenant)
            places.give_back(tenant)

        thread = threading.Thread(target=wait)
        waiting = places.waiting()
        thread.start()
        while places.waiting() == waiting:
            time.sleep(0.001)
        threads.append(thread)
    places.give_back("first")
    for thread in threads:
        thread.join()
    return order


def test_who_waits_longest_goes_first_within_a_tenant() -> None:
    places = Places(1)
    assert places.take("first", 0)
    assert in_turn(places, ["a", "a", "b"]) == ["a", "a", "b"]


def test_a_tenant_that_holds_places_lets_others_go_first() -> None:
    places = Places(2)
    assert places.take("first", 0)
    assert places.take("a", 0)
    assert in_turn(places, ["a", "a", "b"]) == ["b", "a", "a"]


def test_who_gives_up_takes_no_place() -> None:
    places = Places(1)
    assert places.take("a", 0)
    assert not places.take("b", 0.01)
    places.give_back("a")
    assert places.take("a", 0)
    assert places.waiting() == 0


# The pool.


class FakeSandbox:
    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.ended = False

    def lives(self) -> bool:
        return self.alive

    def end(self) -> None:
        assert not self.ended
        self.ended = True


class FakeDriver:
    """Parks at once; says in which sandbox each run went."""

    def __init__(self) -> None:
        self.parked: list[FakeSandbox] = []
        self.ran: list[str] = []
        self.dies_unused = False
        self.fails = False

    def park(self, _profile: Profile) -> FakeSandbox:
        if self.fails:
            raise SandboxFailed("it did not start")
        self.parked.append(FakeSandbox(f"parked-{len(self.parked)}"))
        return self.parked[-1]

    def run(self, *_given: object) -> ExecutionResult:
        self.ran.append("cold")
        return RESULT

    def run_in(self, sandbox: FakeSandbox, *_given: object) -> ExecutionResult | None:
        assert sandbox.alive
        sandbox.end()
        if self.dies_unused:
            return None
        self.ran.append(sandbox.name)
        return replace(RESULT, warm=True)


def profile(disk_bytes: int = MIB) -> Profile:
    return Profile(
        runtime="python3",
        runtime_digest="sha256:0",
        rootfs=Path("/none"),
        interpreter="/usr/bin/python3",
        program=("/usr/bin/python3",),
        disk_bytes=disk_bytes,
    )


def wait_for(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver()


@pytest.fixture
def opened(driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmPool]:
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(pool, "CHECK_SECONDS", 0.01)
    settings = PoolSettings(floor=1, ceiling=4, age_seconds=3600)
    made = WarmPool(driver, settings)  # type: ignore[arg-type]  # a fake
    made.open()
    yield made
    made.close()
    assert all(each.ended for each in driver.parked)


def run(warm: WarmPool, kind: Profile | None = None) -> ExecutionResult:
    anything: Any = None
    return warm.run(anything, kind or profile(), anything)


def test_the_first_run_is_cold_and_the_next_finds_a_parked_sandbox(
    opened: WarmPool, driver: FakeDriver
) -> None:
    assert not run(opened).warm
    wait_for(opened.parked)
    assert run(opened).warm
    assert driver.ran == ["cold", "parked-0"]


def test_a_sandbox_of_another_profile_is_not_taken(opened: WarmPool, driver: FakeDriver) -> None:
    run(opened, profile(MIB))
    wait_for(opened.parked)
    run(opened, profile(2 * MIB))
    assert driver.ran == ["cold", "cold"]


def test_one_that_died_while_parked_is_removed_and_never_taken(
    opened: WarmPool, driver: FakeDriver
) -> None:
    run(opened)
    wait_for(opened.parked)
    driver.parked[0].alive = False
    wait_for(lambda: opened.parked() == ["parked-1"])
    assert driver.parked[0].ended
    assert run(opened).warm
    assert driver.ran == ["cold", "parked-1"]
    assert opened.describe()["died"] == 1


def test_a_run_whose_sandbox_died_before_it_began_gets_one_of_its_own(
    opened: WarmPool, driver: FakeDriver
) -> None:
    run(opened)
    wait_for(opened.parked)
    driver.dies_unused = True
    assert not run(opened).warm
    assert driver.ran == ["cold", "cold"]
    assert opened.describe()["died"] == 1


def test_a_sandbox_that_waited_too_long_is_replaced(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(pool, "CHECK_SECONDS", 0.01)
    warm = WarmPool(driver, PoolSettings(age_seconds=0.05))  # type: ignore[arg-type]  # a fake
    warm.open()
    run(warm)
    wait_for(lambda: len(driver.parked) >= 3)
    warm.close()
    assert all(each.ended for each in driver.parked)
    assert warm.describe()["aged"] >= 2


def test_one_that_cannot_be_started_is_tried_again_later(
    opened: WarmPool, driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "FAILED_SECONDS", 0.05)
    driver.fails = True
    run(opened)
    wait_for(lambda: opened.describe()["failed"] >= 1)
    driver.fails = False
    wait_for(opened.parked)


def test_the_memory_for_parked_sandboxes_bounds_their_number() -> None:
    assert PoolSettings(ceiling=100, memory_mib=5 * PARKED_COST_MIB + 1).most == 5
    assert PoolSettings(ceiling=0).most == 0


def test_a_gateway_waits_beside_its_sandbox_and_is_counted(driver: FakeDriver) -> None:
    room = 3 * (PARKED_COST_MIB + GATEWAY_COST_MIB) + PARKED_COST_MIB
    warm = WarmPool(driver, PoolSettings(ceiling=100, memory_mib=room))  # type: ignore[arg-type]  # a fake
    for _ in range(9):
        run(warm, replace(profile(), gateway=True))
    assert warm.describe()["wanted"] == 3
    run(warm)  # of the kind asked for last there is always one
    assert warm.describe()["wanted"] == 4


def test_many_at_once_never_share_a_sandbox(opened: WarmPool, driver: FakeDriver) -> None:
    for _ in range(4):
        run(opened)
    wait_for(lambda: len(opened.parked()) == 4)
    threads = [threading.Thread(target=run, args=(opened,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = [name for name in driver.ran if name != "cold"]
    assert len(used) == len(set(used)) >= 4
