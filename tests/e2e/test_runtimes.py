"""Every runtime, built from nothing, twice: the same digest, and bundles of its kind run on it.

It fetches packages and takes minutes, so `make test` leaves it out.
"""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops import build_runtime, debian, install_runsc
from ops.commands.bundle import command
from ops.locked_wheels import WheelsUnavailable
from runtime_host.rootfs import RuntimeRecord
from tests.conftest import missing

pytestmark = [pytest.mark.runtimes, pytest.mark.runsc, pytest.mark.timeout(1200)]
LOCK = Path(__file__).parents[2] / "requirements.lock"


def locked(name: str) -> str:
    """One entry of our own lock file, with its hashes."""
    lines = LOCK.read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{name}=="))
    hashes = []
    for line in lines[at + 1 :]:
        if not line.startswith("    --hash"):
            break
        hashes.append(line)
    return "\n".join([lines[at], *hashes]) + "\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all runtimes, each built twice with the same outcome."""
    found = install_runsc.find()
    if found is None or not found.recent:
        missing("runsc of 2024 or later")
    if os.geteuid() != 0:
        missing("root, which starts sandboxes")
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    lock = one / "requirements.lock"
    lock.write_text(locked("idna") + locked("markupsafe"))
    try:
        for name in ("python3", "static", "node", "python3-own"):
            given = lock if name == "python3-own" else None
            assert digest(one, name, given) == digest(two, name, given), name
    except (debian.DebianUnavailable, WheelsUnavailable) as exc:
        missing(f"packages ({exc})")
    for folder in (one, *one.parents):
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return one


def digest(folder: Path, name: str, lock: Path | None) -> str:
    record: RuntimeRecord = build_runtime.build(folder, name, lock=lock)
    return record.digest


PROGRAMS = {
    "node": ("main.mjs", "import fs from 'fs'; fs.writeFileSync('/output/result.json', '[1]')"),
    "static": ("run", "#!/usr/bin/python3.11 -S\nopen('/output/result.json', 'w').write('[1]')\n"),
    "python3-own": (
        "main.py",
        "import idna, json, markupsafe._speedups\n"
        "open('/output/result.json', 'w').write(json.dumps([len(idna.encode('a'))]))\n",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_bundle_runs_on_the_runtime_it_names(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AWGP_RUNTIME_FOLDER", str(built))
    file, program = PROGRAMS[name]
    (tmp_path / file).write_text(program)
    manifest = tmp_path / "awgp.toml"
    plain = f'[bundle]\nname = "x"\nversion = "1"\nruntime = "{name}"\nentrypoint = ["{file}"]\n'
    added = '"threads"' if name == "node" else ""
    strict = f'{plain}[syscalls]\nprofile = "strict"\nadd = [{added}]\n'
    for each in (plain, strict):
        manifest.write_text(each)
        done = CliRunner().invoke(command, ["test", str(tmp_path), "--json"])
        assert json.loads(done.output)["result"] == [1], done.output


def test_node_that_breaks_its_profile_is_ended(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWGP_RUNTIME_FOLDER", str(built))
    (tmp_path / "main.mjs").write_text("import fs from 'fs'; fs.unlinkSync('/tmp/none')")
    (tmp_path / "awgp.toml").write_text(
        '[bundle]\nname = "x"\nversion = "1"\nruntime = "node"\nentrypoint = ["main.mjs"]\n'
        '[syscalls]\nprofile = "strict"\nadd = ["threads"]\n'
    )
    done = CliRunner().invoke(command, ["test", str(tmp_path), "--json"])
    assert json.loads(done.output)["reason"] == "policy_violation", done.output


def test_the_lean_trees_hold_no_more_of_python_than_starts_the_launcher(built: Path) -> None:
    for name in ("node", "static"):
        root = built / name / "rootfs"
        assert not list(root.glob("usr/lib/python3.11/json*"))
        extensions = {each.name.split(".")[0] for each in root.rglob("lib-dynload/*.so")}
        assert extensions == {"_ctypes", "resource"}
