"""Places for sandboxes that are made ahead: one waits, knows nothing, and is used once."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.execution import MIB
from runtime_host.cgroups import Cgroup, CgroupTree
from runtime_host.entrance import Entered, Entrance, enter
from runtime_host.profile import Profile
from runtime_host.runsc import RunscDriver
from runtime_host.sandbox import SandboxFailed

COMMAND = ("/usr/bin/env", "WORD", "/bin/sh", "-c", 'echo "$WORD"; cat')


@pytest.fixture
def make(tmp_path: Path) -> Callable[[], Entered]:
    numbers = itertools.count()

    def one() -> Entered:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return enter(folder, Cgroup({}, {}), COMMAND)

    return one


def waits(entrance: Entrance) -> list[str]:
    deadline = time.monotonic() + 30
    while not (waiting := entrance.waiting()):
        assert time.monotonic() < deadline, "none was made"
        time.sleep(0.01)
    return waiting


def test_the_word_is_all_that_is_read_before_a_job(make: Callable[[], Entered]) -> None:
    entered = make()
    pipes = (entered.process.stdin, entered.process.stdout)
    into, out = (pipe for pipe in pipes if pipe is not None)
    entered.become("none")
    into.write(b"\0job\n\n")
    into.close()
    assert out.read() == b"none\n\0job\n\n"
    entered.remove()
    assert not entered.folder.exists()


def test_it_ends_with_whoever_could_say_the_word(make: Callable[[], Entered]) -> None:
    entered = make()
    assert entered.lives()
    assert entered.process.stdin is not None
    entered.process.stdin.close()
    assert entered.process.wait(30) == 96
    assert not entered.lives()
    entered.remove()


def test_one_waits_for_the_next_start_and_is_taken_once(make: Callable[[], Entered]) -> None:
    entrance = Entrance(make, ahead=True)
    assert entrance.waiting() == []  # none before one was needed
    first = entrance.take()
    (name,) = waits(entrance)
    second = entrance.take()
    assert second.folder.name == name != first.folder.name
    (third,) = waits(entrance)
    assert third not in {first.folder.name, name}
    entrance.close()
    assert not (first.folder.parent / third).exists()
    for each in (first, second):
        assert each.lives()
        each.remove()


def test_one_that_died_is_not_taken(make: Callable[[], Entered]) -> None:
    made: list[Entered] = []

    def kept() -> Entered:
        made.append(make())
        return made[-1]

    entrance = Entrance(kept, ahead=True)
    entrance.take().remove()
    waits(entrance)
    os.kill(made[-1].process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, made[-1].process.pid, os.WEXITED | os.WNOWAIT)
    taken = entrance.take()
    assert taken.lives()
    assert not made[1].folder.exists()
    taken.remove()
    entrance.close()


def test_where_none_can_be_made_who_needs_one_hears_of_it(make: Callable[[], Entered]) -> None:
    fails = [False, True, True]

    def sometimes() -> Entered:
        if fails and fails.pop(0):
            raise SandboxFailed("no groups")
        return make()

    entrance = Entrance(sometimes, ahead=True)
    entrance.take().remove()
    deadline = time.monotonic() + 30
    while len(fails) > 1:  # the second was tried ahead
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(SandboxFailed, match="no groups"):
        entrance.take()
    entrance.close()


def test_a_place_that_cannot_be_made_is_a_sandbox_that_failed(tmp_path: Path) -> None:
    driver = RunscDriver(
        binary=Path("/none"), sandboxes=tmp_path / "gone", cgroups=CgroupTree("awgp-unit")
    )
    profile = Profile(
        runtime="python3",
        runtime_digest="sha256:" + "5" * 64,
        rootfs=tmp_path,
        interpreter="/usr/bin/python3",
        program=("/usr/bin/python3",),
        disk_bytes=MIB,
    )
    with pytest.raises(SandboxFailed, match="gone"):
        driver.start(profile, memory_bytes=MIB, tasks=1)
    assert list(tmp_path.iterdir()) == []


def test_none_waits_where_none_is_to(make: Callable[[], Entered]) -> None:
    entrance = Entrance(make, ahead=False)
    entrance.take().remove()
    assert entrance.waiting() == []
    entrance.close()
