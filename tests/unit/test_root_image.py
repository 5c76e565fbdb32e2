"""A root file system as one image: the same bytes each time, and a tree where there can be none."""

import hashlib
from pathlib import Path

import pytest

from pipeline.execution import MIB
from runtime_host import root_image
from runtime_host.cgroups import CgroupTree
from runtime_host.profile import Profile
from runtime_host.root_image import ImageFailed
from runtime_host.rootfs import RuntimeRecord
from runtime_host.runsc import RunscDriver
from runtime_host.sandbox import SandboxFailed

DIGEST = "sha256:" + "5" * 64
RECORD = RuntimeRecord(
    name="python3", digest=DIGEST, interpreter="/usr/bin/python3", packages={}, launcher=""
)

needs_program = pytest.mark.skipif(
    root_image.program() is None, reason="there is no mkfs.erofs: apt-get install erofs-utils"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    found = tmp_path / "rootfs"
    (found / "usr/lib").mkdir(parents=True)
    (found / "usr/lib/module.py").write_text("x = 1\n")
    (found / "lib").symlink_to("usr/lib")
    return found


def driver(folder: Path) -> RunscDriver:
    (folder / "sandboxes").mkdir()
    return RunscDriver(
        binary=Path("/none"), sandboxes=folder / "sandboxes", cgroups=CgroupTree("awgp-unit")
    )


@needs_program
def test_the_same_tree_gives_the_same_image(tree: Path, tmp_path: Path) -> None:
    digests = []
    for name in ("one.erofs", "two.erofs"):
        root_image.make(tree, tmp_path / name)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
        (tree / "usr/lib/module.py").touch()
    assert digests[0] == digests[1]
    (tree / "usr/lib/module.py").write_text("x = 2\n")
    root_image.make(tree, tmp_path / "three.erofs")
    assert hashlib.sha256((tmp_path / "three.erofs").read_bytes()).hexdigest() != digests[0]


@needs_program
def test_a_host_makes_its_images_anew_and_takes_them_along(tree: Path, tmp_path: Path) -> None:
    ours = driver(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/somebody-elses.erofs").touch()
    ours.sweep()
    ours.add_runtime(RECORD, tree)
    assert [each.name for each in (tmp_path / "images").iterdir()] == [f"{'5' * 64}.erofs"]
    assert ours.images == {DIGEST: tmp_path / "images" / f"{'5' * 64}.erofs"}
    ours.close()
    assert not (tmp_path / "images").exists()


@needs_program
def test_an_image_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ImageFailed) as told:
        root_image.make(tmp_path / "nothing", tmp_path / "image.erofs")
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_without_the_program_a_sandbox_has_its_tree(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_image, "PLACES", str(tmp_path))
    with pytest.raises(ImageFailed, match=r"mkfs\.erofs"):
        root_image.make(tree, tmp_path / "image.erofs")
    ours = driver(tmp_path)
    ours.add_runtime(RECORD, tree)
    assert ours.images == {}

    tree.rename(tmp_path / "old")
    tree.mkdir()
    profile = Profile(
        runtime="python3",
        runtime_digest=DIGEST,
        rootfs=tree,
        interpreter="/usr/bin/python3",
        program=("/usr/bin/python3",),
        disk_bytes=MIB,
    )
    with pytest.raises(SandboxFailed, match="built anew"):
        ours.start(profile, memory_bytes=MIB, tasks=1)
