"""Runtimes: which there are, the wheels that go into one, and how each starts a program."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ops.locked_wheels import WheelsUnavailable, unpack, versions
from ops.runtime_kinds import KINDS, LockMisplaced, kind_for
from pipeline.execution import ExecutionSpec, Limits
from runtime_host import oci
from runtime_host.bundle import BundleRefused, inspect, pack
from runtime_host.manifest import RUNTIMES, ManifestInvalid, kind_of
from runtime_host.profile import profile_of
from runtime_host.rootfs import FORMAT, RuntimeInvalid, RuntimeRecord, read_record, write_record

PYTHON = RuntimeRecord(
    name="python3", digest="sha256:0", interpreter="/usr/bin/python3.11", packages={}, launcher="x"
)
SPEC = ExecutionSpec(
    tenant_id=UUID(int=0),
    run_id=UUID(int=0),
    execution_id=UUID(int=0),
    fence=1,
    bundle=b"",
    bundle_digest="",
    payload=b"",
    payload_digest="",
    runtime="python3",
    runtime_digest="",
    entrypoint=("main.py", "--fast"),
    limits=Limits(),
)


def of_runtime(name: str, entrypoint: str = "main.py", program: bytes = b"") -> bytes:
    manifest = f'[bundle]\nname = "x"\nversion = "1"\nruntime = "{name}"\n'
    manifest += f'entrypoint = ["{entrypoint}"]\n'
    return pack({"awgp.toml": manifest.encode(), entrypoint: program})


def test_a_name_means_a_kind_or_is_refused(tmp_path: Path) -> None:
    assert tuple(KINDS) == RUNTIMES
    assert [kind_of(name) for name in ("node", "python3-data")] == ["node", "python3"]
    for name in ("python2", "node-20", "ruby"):
        with pytest.raises(ManifestInvalid, match=r"bundle.runtime must be one of python3, node"):
            inspect(of_runtime(name))
    lock = tmp_path / "requirements.lock"
    assert kind_for("python3-data", lock) is KINDS["python3"]
    for wrong, given in (("python3-data", None), ("python3", lock), ("node", lock)):
        with pytest.raises(LockMisplaced, match="lock"):
            kind_for(wrong, given)


def test_what_the_runtime_static_executes_is_a_program() -> None:
    assert inspect(of_runtime("static", "agent", b"\x7fELF...")).manifest.runtime == "static"
    with pytest.raises(BundleRefused, match="linked statically"):
        inspect(of_runtime("static", "agent", b"print(1)"))


@pytest.mark.parametrize(
    ("program", "entrypoint", "argv", "becomes"),
    [
        (None, "main.py", ["/usr/bin/python3.11", "main.py", "--fast"], True),
        (None, "app.pyz", ["/usr/bin/python3.11", "app.pyz", "--fast"], False),
        (("/usr/bin/node",), "main.mjs", ["/usr/bin/node", "main.mjs", "--fast"], False),
        ((), "bin/agent", ["/bundle/bin/agent", "--fast"], False),
        ((), "agent.py", ["/bundle/agent.py", "--fast"], False),
    ],
)
def test_each_runtime_starts_a_program_in_its_way(
    program: tuple[str, ...] | None, entrypoint: str, argv: list[str], becomes: bool
) -> None:
    profile = profile_of(replace(PYTHON, program=program), Path("/r"), SPEC)
    spec = replace(SPEC, entrypoint=(entrypoint, "--fast"))
    job = oci.job(spec, profile, address_space_bytes=None)
    assert (job["argv"], job["becomes"], job["entrypoint"]) == (argv, becomes, entrypoint)


def test_sandboxes_of_two_runtimes_never_stand_in_for_one_another() -> None:
    python = profile_of(PYTHON, Path("/r"), SPEC)
    for other in (
        replace(PYTHON, name="python3-data"),
        replace(PYTHON, digest="sha256:1"),
        replace(PYTHON, program=()),
    ):
        assert profile_of(other, Path("/r"), SPEC) != python


def test_a_record_is_read_as_it_was_written_also_an_older_one(tmp_path: Path) -> None:
    node = replace(PYTHON, program=("/usr/bin/node",), lock="ab")
    write_record(tmp_path, node)
    assert read_record(tmp_path) == node
    assert not node.runs_python
    older = {
        "format": FORMAT,
        **{
            name: getattr(PYTHON, name)
            for name in PYTHON.__slots__
            if name not in {"program", "lock"}
        },
    }
    (tmp_path / "runtime.json").write_text(json.dumps(older))
    assert read_record(tmp_path) == PYTHON
    assert read_record(tmp_path).runs_python
    (tmp_path / "runtime.json").write_text(json.dumps(older | {"more": 1}))
    with pytest.raises(RuntimeInvalid):
        read_record(tmp_path)


def wheel_of(folder: Path, **files: str) -> Path:
    wheel = folder / "some_thing-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return wheel


def test_of_a_wheel_only_modules_get_into_a_runtime(tmp_path: Path) -> None:
    data = "some_thing-1.2.data__"
    wheel = wheel_of(
        tmp_path,
        **{"some__a.py": "a", f"{data}platlib__b.so": "b", f"{data}scripts__run": "no"},
    )
    unpack(wheel, tmp_path / "tree")
    found = {str(each.relative_to(tmp_path / "tree")) for each in (tmp_path / "tree").rglob("*.*")}
    assert found == {"some/a.py", "b.so"}
    assert versions([wheel]) == {"some_thing": "1.2"}


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py"])
def test_no_name_in_a_wheel_leads_out_of_the_tree(tmp_path: Path, name: str) -> None:
    with pytest.raises(WheelsUnavailable, match="leads out"):
        unpack(wheel_of(tmp_path, **{name: ""}), tmp_path / "tree")


def test_two_wheels_do_not_write_over_one_another(tmp_path: Path) -> None:
    unpack(wheel_of(tmp_path, x="1"), tmp_path / "tree")
    unpack(wheel_of(tmp_path, x="1"), tmp_path / "tree")
    with pytest.raises(WheelsUnavailable, match="different x"):
        unpack(wheel_of(tmp_path, x="2"), tmp_path / "tree")
