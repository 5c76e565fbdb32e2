"""What the doctor says of machines unlike this one, and of versions of runsc."""

from pathlib import Path

import pytest

from ops.doctor import runtime
from ops.doctor.check import State
from ops.doctor.runtime import Kernel
from ops.doctor.system import System
from ops.gvisor_advisories import ADVISORIES, REVIEWED, known_against, released_on
from pipeline.settings import read_settings
from runtime_host import selftest

NOTHING = System(environ={}, data=None, settings=read_settings({}))
VERSION_1 = "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
VERSION_2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0\n"


def kernel(folder: Path, **files: str) -> Kernel:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Kernel(root=folder)


@pytest.mark.parametrize(
    ("mounts", "controllers", "version"),
    [
        (VERSION_1 + VERSION_2, "", 1),
        (VERSION_2, "cpu memory pids", 2),
        (VERSION_2, "cpu", None),
        ("", "", None),
    ],
)
def test_a_controller_is_found_in_the_hierarchy_that_has_it(
    tmp_path: Path, mounts: str, controllers: str, version: int | None
) -> None:
    files = {"proc__self__mounts": mounts, "sys__fs__cgroup__cgroup.controllers": controllers}
    assert kernel(tmp_path, **files).cgroup_version("memory") == version


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        ("kill_process trap errno trace log allow", State.OK),
        ("errno allow", State.FAIL),
        (None, State.FAIL),
    ],
)
def test_a_kernel_without_filters_is_no_fence(
    tmp_path: Path, actions: str | None, state: State
) -> None:
    files = {} if actions is None else {"proc__sys__kernel__seccomp__actions_avail": actions}
    (check,) = runtime.seccomp(NOTHING, kernel(tmp_path, **files))
    assert check.state is state


def test_a_machine_whose_system_calls_we_do_not_know_is_refused() -> None:
    assert [each.state for each in runtime.architecture(NOTHING, "riscv64")] == [State.FAIL]
    for known in ("x86_64", "aarch64"):
        assert [each.state for each in runtime.architecture(NOTHING, known)] == [State.OK]


def test_every_limit_there_can_be_is_told_in_words() -> None:
    holds, _ = selftest.enforcement(frozenset({"memory", "pids", "cpu"}))
    assert runtime.MEANS.keys() == set(holds)


def test_what_is_known_against_a_version_is_what_was_mended_after_it() -> None:
    assert known_against("0.0~20240729.0") == ()
    assert {each.name for each in known_against("release-20221219.0")} == {
        "CVE-2024-10603",
        "CVE-2024-10026",
        "CVE-2023-7258",
        "CVE-2025-2713",
    }
    assert [each.name for each in known_against("0.0~20240318.0")] == ["CVE-2025-2713"]
    assert (released_on("unknown"), known_against("unknown")) == (None, ())
    assert all(each.fixed <= REVIEWED for each in ADVISORIES)
