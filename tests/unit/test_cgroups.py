"""Where groups can be made, on machines of another kind than the one the tests run on."""

import errno
import os
from pathlib import Path

import pytest

from runtime_host import cgroups
from runtime_host.cgroups import CgroupTree


@pytest.fixture
def version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with version 2 alone, which hands memory and pids on and nothing else."""

    def enable(_folder: Path, controller: str) -> None:
        if controller not in {"memory", "pids"}:
            raise OSError(errno.EINVAL, "no such controller here")

    monkeypatch.setattr(cgroups, "_mounts", lambda _controller: [(2, tmp_path, "/")])
    monkeypatch.setattr(cgroups, "_enable", enable)
    monkeypatch.setattr(cgroups, "_limit_file", lambda _controller, _version: ".")
    monkeypatch.setattr(os, "access", lambda _path, _mode: True)
    return tmp_path


def test_a_controller_that_is_not_to_be_had_takes_nothing_from_the_others(version_2: Path) -> None:
    tree = CgroupTree("awgp-unit")
    assert tree.controllers == {"memory", "pids"}
    assert tree.sweep() == set()
    assert (version_2 / "awgp-unit").is_dir()


def test_where_nothing_is_to_be_had_nothing_is_left(
    version_2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enable(_folder: Path, _controller: str) -> None:
        raise OSError(errno.EACCES, "not delegated")

    monkeypatch.setattr(cgroups, "_enable", enable)
    assert CgroupTree("awgp-unit").controllers == frozenset()
    assert list(version_2.iterdir()) == []
